//! `vlog/disable-rate-limit [MODULE]…`: logs every message, however many there are.

use crate::command::Command;
use crate::log::Logging;
use crate::wire::Answer;

pub(super) fn command(logging: Logging) -> Command {
    Command::new("vlog/disable-rate-limit", "[module]...", 0..=usize::MAX, move |call| {
        logging.set_rate_limited(call.arguments(), false).map_err(|error| error.to_string())?;
        Ok(Answer::empty())
    })
}
