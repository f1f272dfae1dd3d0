//! `vlog/list-pattern`: how the lines of each destination look.

use crate::command::Command;
use crate::log::Logging;
use crate::wire::Answer;

pub(super) fn command(logging: Logging) -> Command {
    Command::new("vlog/list-pattern", "", 0..=0, move |_| Ok(Answer::Text(logging.pattern_table())))
}
