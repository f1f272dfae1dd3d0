//! `cpsi`: copies what is known about one song to others.

use std::path::Path;

use clap::{Arg, ArgAction, Command};
use radio_library::statistics::CopySelection;

use super::{Call, CommandEntry, CommandError, no_words};
use crate::rights::Rights;

/// `cpsi`.
pub(super) const ENTRY: CommandEntry = CommandEntry {
    name: "cpsi",
    rights: Rights::LIBRARY_READ.and(Rights::LIBRARY_WRITE),
    arguments,
    reads_input: false,
    run,
    words: no_words,
};

fn arguments() -> Command {
    let flag = |name: &'static str, short, help: &'static str| {
        Arg::new(name).short(short).long(name).action(ArgAction::SetTrue).help(help)
    };
    Command::new("cpsi")
        .about("Copy selected information from one song to others")
        .after_help("Without a selection, everything is copied.")
        .arg(flag("attribute-bitmap", 'a', "Attributes: exactly those of the source"))
        .arg(flag("image-id", 'i', "The image"))
        .arg(flag("lyrics-id", 'y', "The lyrics"))
        .arg(flag("lastplayed", 'l', "When it was last played"))
        .arg(flag("numplayed", 'n', "How often it was played"))
        .arg(flag("verbose", 'v', "Name each song"))
        .arg(Arg::new("source").value_name("SOURCE").required(true).help("Path of the song to copy from"))
        .arg(Arg::new("patterns").value_name("PATTERN").num_args(1..).required(true).help("Paths of those to copy to"))
}

fn run(call: &mut Call<'_>) -> Result<(), CommandError> {
    let selected = CopySelection {
        attributes: call.flag("attribute-bitmap"),
        image: call.flag("image-id"),
        lyrics: call.flag("lyrics-id"),
        last_played: call.flag("lastplayed"),
        play_count: call.flag("numplayed"),
    };
    let nothing =
        CopySelection { attributes: false, image: false, lyrics: false, last_played: false, play_count: false };
    let selection = if selected == nothing { CopySelection::ALL } else { selected };
    let source = call.value("source").unwrap_or_default();
    let patterns = call.patterns("patterns")?;
    let copied =
        call.context.library.copy_information(Path::new(source), &patterns, selection).map_err(CommandError::caused)?;
    if call.flag("verbose") {
        copied.iter().try_for_each(|song| call.line(format_args!("copied to {}", song.path.display())))?;
    }
    Ok(())
}
