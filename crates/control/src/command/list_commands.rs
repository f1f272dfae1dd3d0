//! `list-commands`: what this service can be told.

use std::fmt::Write as _;

use serde_json::Value;

use super::{Call, Command, Outcome};
use crate::wire::{Answer, Format};

pub(super) fn command() -> Command {
    Command::new("list-commands", "", 0..=0, run)
}

fn run(call: &Call<'_>) -> Outcome {
    if call.format() == Format::Json {
        let usages = call.table.listed().map(|(name, usage)| (name.to_owned(), Value::from(usage)));
        return Ok(Answer::Json(Value::Object(usages.collect())));
    }
    let mut text = String::from("The available commands are:\n");
    for (name, usage) in call.table.listed() {
        let written = writeln!(text, "  {name:<23} {usage}");
        debug_assert!(written.is_ok(), "a string takes everything");
    }
    Ok(Answer::Text(text))
}
