//! `coverage/show`: how often each counted event has happened.

use std::sync::Arc;

use super::Command;
use crate::state::{Inspect, State};
use crate::wire::Answer;

pub(super) fn command(state: Arc<dyn Inspect>) -> Command {
    Command::new("coverage/show", "", 0..=0, move |_| {
        let mut counters = State::numbers(&*state, "counters");
        counters.sort();
        let lines = counters.iter().map(|(name, count)| format!("{name:<24} total: {count}\n"));
        Ok(Answer::Text(lines.collect()))
    })
}
