//! `vlog/list`: the level of each module at each destination.

use crate::command::Command;
use crate::log::Logging;
use crate::wire::Answer;

pub(super) fn command(logging: Logging) -> Command {
    Command::new("vlog/list", "", 0..=0, move |_| Ok(Answer::Text(logging.level_table())))
}
