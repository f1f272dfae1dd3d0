//! `init`: makes the database ready. Paraslash's creates its tables; ours is made when the service starts, so what is left of it is to
//! forget what belongs to nothing any more.

use clap::Command;

use super::{Call, CommandEntry, CommandError, no_words};
use crate::rights::Rights;

/// `init`.
pub(super) const ENTRY: CommandEntry = CommandEntry {
    name: "init",
    rights: Rights::LIBRARY_READ.and(Rights::LIBRARY_WRITE),
    arguments,
    reads_input: false,
    run,
    words: no_words,
};

fn arguments() -> Command {
    Command::new("init").about("Make the database ready; forget what is known about files that are gone").after_help(
        "The database is made by itself when the radio starts. Songs, attributes, moods and playlists stay as they are; statistics of \
         recordings that have no file any more are forgotten.",
    )
}

fn run(call: &mut Call<'_>) -> Result<(), CommandError> {
    let forgotten = call.context.library.forget().map_err(CommandError::caused)?;
    call.line(format_args!("the database is ready; {forgotten} recordings without a file are forgotten"))
}
