//! `hup`: reads the users and reopens the log, as SIGHUP does where no terminal is kept.

use clap::Command;
use radio_stream::link::Request;

use super::{Call, CommandEntry, CommandError, no_words};
use crate::rights::Rights;

/// `hup`.
pub(super) const ENTRY: CommandEntry =
    CommandEntry { name: "hup", rights: Rights::STREAM_WRITE, arguments, reads_input: false, run, words: no_words };

fn arguments() -> Command {
    Command::new("hup").about("Read the users again, and open the log again").after_help(
        "The configuration is not the radio's to read: `tidegate ctl -t up reload`, or SIGHUP to `tidegate up`, reads it again and tells \
         the radio what has changed.",
    )
}

fn run(call: &mut Call<'_>) -> Result<(), CommandError> {
    call.ask(Request::Service { words: vec!["reload".to_owned()] }).map(drop)
}
