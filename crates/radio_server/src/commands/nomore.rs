//! `nomore`: stops after this song.

use clap::Command;
use radio_stream::link::Request;

use super::{Call, CommandEntry, CommandError, no_words};
use crate::rights::Rights;

/// `nomore`.
pub(super) const ENTRY: CommandEntry = CommandEntry {
    name: "nomore",
    rights: Rights::STREAM_READ.and(Rights::STREAM_WRITE),
    arguments,
    reads_input: false,
    run,
    words: no_words,
};

fn arguments() -> Command {
    Command::new("nomore").about("Stop the stream at the end of the current song").after_help("play takes it back.")
}

fn run(call: &mut Call<'_>) -> Result<(), CommandError> {
    call.ask(Request::NoMore).map(drop)
}
