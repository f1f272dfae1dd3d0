//! `vlog/message TEXT`: writes a line into the log, for scripts that want to mark a moment.

use crate::command::Command;
use crate::log::{Level, Logging};
use crate::wire::Answer;

pub(super) fn command(logging: Logging) -> Command {
    let run = move |call: &crate::command::Call<'_>| {
        logging.say(Level::Information, call.argument(0).unwrap_or_default());
        Ok(Answer::empty())
    };
    Command::new("vlog/message", "TEXT", 1..=1, run).hidden()
}
