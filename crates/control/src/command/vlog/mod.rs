//! The commands about the log.

mod close;
mod disable_rate_limit;
mod enable_rate_limit;
mod list;
mod list_pattern;
mod message;
mod reopen;
mod set;

use super::Command;
use crate::log::Logging;

/// Every one of them.
pub(super) fn commands(logging: &Logging) -> [Command; 8] {
    [
        close::command(logging.clone()),
        disable_rate_limit::command(logging.clone()),
        enable_rate_limit::command(logging.clone()),
        list::command(logging.clone()),
        list_pattern::command(logging.clone()),
        message::command(logging.clone()),
        reopen::command(logging.clone()),
        set::command(logging.clone()),
    ]
}
