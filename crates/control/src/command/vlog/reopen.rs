//! `vlog/reopen`: follows a log file that was rotated away.

use crate::command::Command;
use crate::log::Logging;
use crate::wire::Answer;

pub(super) fn command(logging: Logging) -> Command {
    Command::new("vlog/reopen", "", 0..=0, move |_| {
        logging.reopen().map_err(|error| error.to_string())?;
        Ok(Answer::empty())
    })
}
