//! `rm`: takes songs out of the library.

use clap::{Arg, ArgAction, Command};
use radio_library::LibraryError;

use super::{Call, CommandEntry, CommandError, no_words};
use crate::rights::Rights;

/// `rm`.
pub(super) const ENTRY: CommandEntry = CommandEntry {
    name: "rm",
    rights: Rights::LIBRARY_READ.and(Rights::LIBRARY_WRITE),
    arguments,
    reads_input: false,
    run,
    words: no_words,
};

fn arguments() -> Command {
    Command::new("rm")
        .about("Take songs out of the library; files stay")
        .after_help(
            "What is known about the songs is kept for the case that they come back; init forgets it. A song whose file is still in a \
             directory that is watched comes back when that file changes or the service starts again.",
        )
        .arg(Arg::new("verbose").short('v').long("verbose").action(ArgAction::SetTrue).help("Name each song"))
        .arg(Arg::new("force").short('f').long("force").action(ArgAction::SetTrue).help("It is no error if there are none"))
        .arg(Arg::new("patterns").value_name("PATTERN").num_args(1..).required(true).help("Paths, as shells write patterns"))
}

fn run(call: &mut Call<'_>) -> Result<(), CommandError> {
    let removed = match call.context.library.remove(&call.patterns("patterns")?) {
        Err(LibraryError::NothingMatches(_)) if call.flag("force") => Vec::new(),
        other => other.map_err(CommandError::caused)?,
    };
    if call.flag("verbose") {
        removed.iter().try_for_each(|song| call.line(format_args!("removed {}", song.path.display())))?;
    }
    Ok(())
}
