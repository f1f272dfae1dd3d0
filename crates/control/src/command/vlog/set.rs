//! `vlog/set [SPEC]…`: changes levels, patterns and the facility.

use crate::command::Command;
use crate::log::Logging;
use crate::wire::Answer;

pub(super) fn command(logging: Logging) -> Command {
    Command::new("vlog/set", "{spec | PATTERN:destination:pattern}", 0..=usize::MAX, move |call| {
        let specifications = if call.arguments().is_empty() { &["any"][..] } else { call.arguments() };
        logging.apply_all(specifications).map_err(|error| error.to_string())?;
        Ok(Answer::empty())
    })
}
