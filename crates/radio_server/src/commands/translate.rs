//! `translate`: a mood of the old language in the new one.

use clap::{Arg, ArgAction, Command};
use radio_library::change::BlobKind;
use radio_library::limits::BLOB_BYTES_MAX;

use super::{Call, CommandEntry, CommandError};
use crate::context::Context;
use crate::rights::Rights;

/// `translate`.
pub(super) const ENTRY: CommandEntry = CommandEntry {
    name: "translate",
    rights: Rights::LIBRARY_READ.and(Rights::LIBRARY_WRITE),
    arguments,
    reads_input: true,
    run,
    words,
};

fn arguments() -> Command {
    Command::new("translate")
        .about("Translate a mood of lines (paraslash 0.6) to an expression (0.7)")
        .after_help(
            "Prints it. Scores have no counterpart in the new language; each that is lost is named on standard error.",
        )
        .arg(
            Arg::new("replace")
                .short('r')
                .long("replace")
                .action(ArgAction::SetTrue)
                .requires("mood")
                .help("Put the translation in the place of the mood, instead of printing it"),
        )
        .arg(Arg::new("mood").value_name("MOOD").help("The name of a mood; without: a mood from standard input"))
}

fn words(context: &Context) -> Vec<String> {
    let blobs = context.library.blobs(BlobKind::Mood, &[]).unwrap_or_default();
    blobs.into_iter().map(|blob| blob.name).collect()
}

fn run(call: &mut Call<'_>) -> Result<(), CommandError> {
    let name = call.value("mood").map(str::to_owned);
    let content = match &name {
        Some(name) => call.context.library.blob(BlobKind::Mood, name).map_err(CommandError::caused)?,
        None => call.read_input(BLOB_BYTES_MAX as u64)?,
    };
    let translation = call.context.check_mood(&content).map_err(CommandError::caused)?.translate();
    translation.lost.iter().try_for_each(|lost| call.note(lost))?;
    match name {
        Some(name) if call.flag("replace") => {
            let text = format!("{}\n", translation.mood);
            call.context
                .library
                .put_blob(BlobKind::Mood, &name, text.as_bytes())
                .map(drop)
                .map_err(CommandError::caused)
        }
        _ => call.line(translation.mood),
    }
}
