//! `play`: plays, from where it was paused or from the next song.

use clap::Command;
use radio_stream::link::Request;

use super::{Call, CommandEntry, CommandError, no_words};
use crate::rights::Rights;

/// `play`.
pub(super) const ENTRY: CommandEntry = CommandEntry {
    name: "play",
    rights: Rights::STREAM_READ.and(Rights::STREAM_WRITE),
    arguments,
    reads_input: false,
    run,
    words: no_words,
};

fn arguments() -> Command {
    Command::new("play")
        .about("Start or resume the stream")
        .after_help("Without a song to play it begins as soon as there is one. Forgets nomore.")
}

fn run(call: &mut Call<'_>) -> Result<(), CommandError> {
    call.ask(Request::Play).map(drop)
}
