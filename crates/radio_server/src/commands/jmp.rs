//! `jmp`: goes to a part of the current song.

use clap::{Arg, Command};
use radio_stream::link::Request;

use super::{Call, CommandEntry, CommandError, no_words};
use crate::rights::Rights;

/// `jmp`.
pub(super) const ENTRY: CommandEntry = CommandEntry {
    name: "jmp",
    rights: Rights::STREAM_READ.and(Rights::STREAM_WRITE),
    arguments,
    reads_input: false,
    run,
    words: no_words,
};

fn arguments() -> Command {
    Command::new("jmp")
        .about("Go to a part of the current song")
        .after_help("Example: jmp 50 goes to the middle. At 100 the song ends.")
        .arg(Arg::new("percent").value_name("PERCENT").required(true).help("0 to 100"))
}

fn run(call: &mut Call<'_>) -> Result<(), CommandError> {
    let text = call.value("percent").unwrap_or_default();
    let percent = text.trim_end_matches('%').parse().ok().filter(|percent| *percent <= 100);
    let percent = percent.ok_or_else(|| CommandError::usage(format_args!("jmp: {text:?}: expected 0 to 100")))?;
    call.ask(Request::Jump { percent }).map(drop)
}
