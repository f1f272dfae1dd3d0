//! `term`: ends the service.

use clap::Command;
use radio_stream::link::Request;

use super::{Call, CommandEntry, CommandError, no_words};
use crate::rights::Rights;

/// `term`.
pub(super) const ENTRY: CommandEntry = CommandEntry {
    name: "term",
    rights: Rights::STREAM_READ.and(Rights::STREAM_WRITE),
    arguments,
    reads_input: false,
    run,
    words: no_words,
};

fn arguments() -> Command {
    Command::new("term").about("End the radio")
}

fn run(call: &mut Call<'_>) -> Result<(), CommandError> {
    call.ask(Request::Service { words: vec!["end".to_owned()] }).map(drop)
}
