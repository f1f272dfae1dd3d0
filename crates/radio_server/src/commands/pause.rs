//! `pause`: stops in the middle of the song.

use clap::Command;
use radio_stream::link::Request;

use super::{Call, CommandEntry, CommandError, no_words};
use crate::rights::Rights;

/// `pause`.
pub(super) const ENTRY: CommandEntry = CommandEntry {
    name: "pause",
    rights: Rights::STREAM_READ.and(Rights::STREAM_WRITE),
    arguments,
    reads_input: false,
    run,
    words: no_words,
};

fn arguments() -> Command {
    Command::new("pause")
        .about("Pause the stream")
        .after_help("play goes on from there. Senders stay connected; they hear nothing.")
}

fn run(call: &mut Call<'_>) -> Result<(), CommandError> {
    call.ask(Request::Pause).map(drop)
}
