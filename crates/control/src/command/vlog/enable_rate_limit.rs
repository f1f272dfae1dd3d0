//! `vlog/enable-rate-limit [MODULE]…`: keeps messages that come too often from filling the log.

use crate::command::Command;
use crate::log::Logging;
use crate::wire::Answer;

pub(super) fn command(logging: Logging) -> Command {
    Command::new("vlog/enable-rate-limit", "[module]...", 0..=usize::MAX, move |call| {
        logging.set_rate_limited(call.arguments(), true).map_err(|error| error.to_string())?;
        Ok(Answer::empty())
    })
}
