//! `memory/show`: how many of each thing that takes memory there are, in one line.

use std::sync::Arc;

use super::Command;
use crate::state::{Inspect, State};
use crate::wire::Answer;

pub(super) fn command(state: Arc<dyn Inspect>) -> Command {
    Command::new("memory/show", "", 0..=0, move |_| {
        let mut counts: Vec<_> =
            State::numbers(&*state, "memory").iter().map(|(name, count)| format!("{name}:{count}")).collect();
        counts.sort();
        Ok(Answer::Text(counts.join(" ")))
    })
}
