//! `addimg`, `addlyr`, `addmood`, `addpl`: adds a blob, from standard input.

use clap::{Arg, Command};
use radio_library::change::BlobKind;
use radio_library::limits::BLOB_BYTES_MAX;

use super::{Call, CommandEntry, CommandError, Kind, names};
use crate::rights::Rights;

/// The entry for one kind.
pub(super) const fn entry<K: Kind>() -> CommandEntry {
    CommandEntry {
        name: K::NAMES[0],
        rights: Rights::LIBRARY_READ.and(Rights::LIBRARY_WRITE),
        arguments: arguments::<K>,
        reads_input: true,
        run: run::<K>,
        words: names::<K>,
    }
}

fn arguments<K: Kind>() -> Command {
    let what = match K::KIND {
        BlobKind::Mood => "A mood that cannot be understood is refused, with line and column.",
        BlobKind::Playlist => {
            "A playlist is a path a line; those that are no song of the library yet are kept, and passed over."
        }
        BlobKind::Image | BlobKind::Lyrics => "touch gives it to songs, by its number (see the ls command).",
    };
    Command::new(K::NAMES[0])
        .about(format!("Add or replace {} {} from standard input", article(K::ONE), K::ONE))
        .after_help(what)
        .arg(
            Arg::new("content")
                .short('c')
                .long("content")
                .value_name("TEXT")
                .help("The content, in the place of standard input (on the control socket, which has none)"),
        )
        .arg(Arg::new("name").value_name("NAME").required(true).help("Its name"))
}

/// The article before a noun.
pub(super) fn article(noun: &str) -> &'static str {
    match noun {
        "image" => "an",
        "lyrics" => "the",
        _ => "a",
    }
}

fn run<K: Kind>(call: &mut Call<'_>) -> Result<(), CommandError> {
    let content = match call.value("content") {
        Some(text) => text.as_bytes().to_vec(),
        None if !call.follows => {
            return Err(CommandError::usage(format_args!(
                "{}: the control socket has no standard input; use --content, or ssh",
                K::NAMES[0]
            )));
        }
        None => call.read_input(BLOB_BYTES_MAX as u64)?,
    };
    let name = call.value("name").unwrap_or_default();
    if K::KIND == BlobKind::Mood {
        call.context.check_mood(&content).map_err(CommandError::caused)?;
    }
    call.context.library.put_blob(K::KIND, name, &content).map(drop).map_err(CommandError::caused)
}
