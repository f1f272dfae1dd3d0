//! `show [PATH]`: the live state of the service, or a part of it.

use std::sync::Arc;

use super::Command;
use crate::state::{Inspect, State};
use crate::wire::{Answer, Format};

pub(super) fn command(state: Arc<dyn Inspect>) -> Command {
    Command::new("show", "[PATH]", 0..=1, move |call| {
        let path = call.argument(0).unwrap_or_default();
        let state = State::of(&*state, path).map_err(|error| error.to_string())?;
        match call.format() {
            Format::Text => Ok(Answer::Text(state.to_string())),
            Format::Json => serde_json::to_value(&state).map(Answer::Json).map_err(|error| error.to_string()),
        }
    })
}
