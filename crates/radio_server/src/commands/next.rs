//! `next`: ends the song.

use clap::Command;
use radio_stream::link::Request;

use super::{Call, CommandEntry, CommandError, no_words};
use crate::rights::Rights;

/// `next`.
pub(super) const ENTRY: CommandEntry = CommandEntry {
    name: "next",
    rights: Rights::STREAM_READ.and(Rights::STREAM_WRITE),
    arguments,
    reads_input: false,
    run,
    words: no_words,
};

fn arguments() -> Command {
    Command::new("next")
        .about("End the current song and go on with the next")
        .after_help("If the stream is paused or stopped, play begins with the next song.")
}

fn run(call: &mut Call<'_>) -> Result<(), CommandError> {
    call.ask(Request::Next).map(drop)
}
