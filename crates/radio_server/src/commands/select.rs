//! `select`: what songs are chosen from.

use clap::{Arg, ArgAction, Command};
use radio_library::change::BlobKind;

use super::{Call, CommandEntry, CommandError};
use crate::context::Context;
use crate::program::SelectError;
use crate::rights::Rights;

/// `select`.
pub(super) const ENTRY: CommandEntry = CommandEntry {
    name: "select",
    rights: Rights::LIBRARY_READ.and(Rights::LIBRARY_WRITE),
    arguments,
    reads_input: false,
    run,
    words,
};

fn arguments() -> Command {
    Command::new("select")
        .about("Choose from a mood or a playlist from now on")
        .after_help(
            "m/NAME is a mood, p/NAME a playlist, dummy everything. The song that is played is played to its end; what was chosen to follow it \
             is chosen anew. It is remembered.",
        )
        .arg(Arg::new("verbose").short('v').long("verbose").action(ArgAction::SetTrue).help("Say how many songs are admissible"))
        .arg(Arg::new("selection").value_name("m/NAME|p/NAME|dummy").required(true).help("What to choose from"))
}

fn words(context: &Context) -> Vec<String> {
    let of_kind = |kind, letter: &'static str| {
        let blobs = context.library.blobs(kind, &[]).unwrap_or_default();
        blobs.into_iter().map(move |blob| format!("{letter}/{}", blob.name))
    };
    of_kind(BlobKind::Mood, "m").chain(of_kind(BlobKind::Playlist, "p")).chain(["dummy".to_owned()]).collect()
}

fn run(call: &mut Call<'_>) -> Result<(), CommandError> {
    let name = call.value("selection").unwrap_or_default();
    call.context.program.select(name).map_err(|error| match error {
        SelectError::Name(_) => CommandError::usage(format_args!("select: {error}")),
        _ => CommandError::failed(error),
    })?;
    let admissible = call.context.program.with_choice(radio_library::choice::Choice::admissible_count);
    if admissible == 0 {
        call.note("no song is admissible; the stream falls silent after what it has")?;
    } else if call.flag("verbose") {
        call.line(format_args!("{admissible} songs are admissible"))?;
    }
    Ok(())
}
