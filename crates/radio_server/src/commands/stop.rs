//! `stop`: stops and gives the song up.

use clap::Command;
use radio_stream::link::Request;

use super::{Call, CommandEntry, CommandError, no_words};
use crate::rights::Rights;

/// `stop`.
pub(super) const ENTRY: CommandEntry = CommandEntry {
    name: "stop",
    rights: Rights::STREAM_READ.and(Rights::STREAM_WRITE),
    arguments,
    reads_input: false,
    run,
    words: no_words,
};

fn arguments() -> Command {
    Command::new("stop").about("Stop the stream").after_help("play begins with the next song.")
}

fn run(call: &mut Call<'_>) -> Result<(), CommandError> {
    call.ask(Request::Stop).map(drop)
}
