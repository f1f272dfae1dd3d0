//! `set-options`: how this connection wants its results.

use super::{Call, Command, Outcome};
use crate::wire::{Answer, Format, UnknownFormat};

pub(super) fn command() -> Command {
    Command::new("set-options", "[--format text|json]", 1..=2, run)
}

fn run(call: &Call<'_>) -> Outcome {
    let word = match call.arguments() {
        ["--format", word] => word,
        ["--format"] => return Err("option --format needs a value: text or json".to_owned()),
        [option] if option.starts_with("--format=") => &option["--format=".len()..],
        [option, ..] => return Err(format!("unknown option {option} (expected --format text|json)")),
        [] => return Ok(Answer::empty()),
    };
    let format: Format = word.parse().map_err(|error: UnknownFormat| error.to_string())?;
    call.format.set(format);
    Ok(Answer::empty())
}
