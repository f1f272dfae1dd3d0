//! What a task is, how it fails, and how it talks.

use std::fmt;
use std::io::Write;
use std::process::Command;

use clap::ArgMatches;

/// One word of `cargo xtask`.
pub(crate) struct Task {
    /// Its name, description and arguments.
    pub(crate) arguments: fn() -> clap::Command,
    /// Does it.
    pub(crate) run: fn(&ArgMatches) -> Result<(), TaskError>,
}

/// Why a task failed: one line for the person who called it.
#[derive(Debug)]
pub(crate) struct TaskError(pub(crate) String);

impl TaskError {
    pub(crate) fn new(problem: impl fmt::Display) -> Self {
        Self(problem.to_string())
    }
}

impl<E: std::error::Error> From<E> for TaskError {
    fn from(error: E) -> Self {
        Self(error.to_string())
    }
}

/// Prints a line of progress or of a result. A reader that has gone away is no reason to stop.
pub(crate) fn say(text: impl fmt::Display) {
    let mut output = std::io::stdout().lock();
    let _ = writeln!(output, "{text}").and_then(|()| output.flush());
}

/// Runs a command with the terminal as its own.
///
/// # Errors
/// When it cannot be run or does not succeed.
pub(crate) fn run(command: &mut Command) -> Result<(), TaskError> {
    let status = command.status().map_err(|error| TaskError::new(format_args!("{}: {error}", describe(command))))?;
    if status.success() { Ok(()) } else { Err(TaskError::new(format_args!("{} failed ({status})", describe(command)))) }
}

/// A command as one would type it.
pub(crate) fn describe(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}
