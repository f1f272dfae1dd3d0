//! `vlog/close`: lets go of the log file.

use crate::command::Command;
use crate::log::Logging;
use crate::wire::Answer;

pub(super) fn command(logging: Logging) -> Command {
    Command::new("vlog/close", "", 0..=0, move |_| {
        logging.close();
        Ok(Answer::empty())
    })
}
