//! `cargo xtask compare radio`: every comparison of the radio, one after the other, each with its own report.

use clap::{ArgMatches, Command};

use super::{Comparison, radio_library, radio_stream, with_times};
use crate::task::{TaskError, say};

pub(super) const COMPARISON: Comparison = Comparison { arguments, run };

/// What it runs.
const PARTS: &[Comparison] = &[radio_library::COMPARISON, radio_stream::COMPARISON];

fn arguments() -> Command {
    with_times(Command::new("radio").about("The radio: each of its comparisons, with its own defaults and report"))
}

fn run(matches: &ArgMatches) -> Result<(), TaskError> {
    let rounds = matches.get_one::<u32>("rounds").copied().unwrap_or(5).to_string();
    let seconds = matches.get_one::<u64>("seconds").copied().unwrap_or(2).to_string();
    let mut failures = Vec::new();
    // One that fails is no reason to be without the other's figures.
    for part in PARTS {
        let command = (part.arguments)();
        let name = command.get_name().to_owned();
        say(format_args!("{name}:"));
        let given = command.try_get_matches_from([&name, "--rounds", &rounds, "--seconds", &seconds])?;
        if let Err(TaskError(problem)) = (part.run)(&given) {
            failures.push(format!("{name}: {problem}"));
        }
    }
    if failures.is_empty() { Ok(()) } else { Err(TaskError::new(failures.join("; "))) }
}
