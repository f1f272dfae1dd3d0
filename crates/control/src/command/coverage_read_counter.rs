//! `coverage/read-counter COUNTER`: how often one counted event has happened.

use std::sync::Arc;

use super::Command;
use crate::state::{Inspect, State};
use crate::wire::Answer;

pub(super) fn command(state: Arc<dyn Inspect>) -> Command {
    Command::new("coverage/read-counter", "COUNTER", 1..=1, move |call| {
        let counters = State::numbers(&*state, "counters");
        let counter = counters.iter().find(|(name, _)| Some(name.as_str()) == call.argument(0));
        counter.map(|(_, count)| Answer::Text(count.to_string())).ok_or_else(|| "No such counter".to_owned())
    })
}
