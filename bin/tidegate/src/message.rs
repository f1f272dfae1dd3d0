//! What the binary says to people: one line for an error, always on standard error.

use std::error::Error;
use std::fmt::Display;
use std::io::Write;
use std::num::{IntErrorKind, ParseIntError};
use std::process::ExitCode;

use clap::error::ErrorKind;
use daemon::Failure;

use crate::Outcome;

/// Prints a line on standard output. A reader that has gone away (`| head`) is not an error worth a word.
pub(crate) fn line(text: impl Display) {
    let mut output = std::io::stdout().lock();
    let _ = writeln!(output, "{text}").and_then(|()| output.flush());
}

/// Prints text as it is on standard output.
pub(crate) fn text(text: &str) {
    let mut output = std::io::stdout().lock();
    let _ = output.write_all(text.as_bytes()).and_then(|()| output.flush());
}

/// Prints `tidegate: text` on standard error.
pub(crate) fn error(text: impl Display) {
    let _ = writeln!(std::io::stderr().lock(), "tidegate: {text}");
}

/// Prints what another program says of an error, as it is, on lines of its own.
pub(crate) fn verbatim_error(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{}", text.strip_suffix('\n').unwrap_or(text));
}

/// Says why something failed while running.
pub(crate) fn failure(text: impl Display) -> Outcome {
    error(text);
    Outcome::Failure
}

/// Says what is wrong with an argument or with the configuration.
pub(crate) fn usage(text: impl Display) -> Outcome {
    error(text);
    Outcome::Usage
}

/// Says why a service did not start or go on.
pub(crate) fn failed(failure: &Failure) -> Outcome {
    error(failure);
    Outcome::Ended(ExitCode::from(failure.status()))
}

/// An error with its causes in one line: `what: why: why`.
pub(crate) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    text
}

/// What clap found: help and version go to standard output as they are, a mistake becomes one line.
pub(crate) fn usage_error(error: &clap::Error) -> Outcome {
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            let _ = error.print();
            Outcome::Success
        }
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            let _ = error.print();
            Outcome::Usage
        }
        _ => usage(one_line(error)),
    }
}

/// Joins the paragraphs of clap's message: `error: a\n\n  tip: b\n\nUsage: …` becomes `a; tip: b`. Where it does not say what would
/// be accepted, the words that would, or where to look, are added.
fn one_line(error: &clap::Error) -> String {
    let rendered = error.render().to_string();
    let mut parts = Vec::new();
    let mut usage = "";
    for paragraph in rendered.split("\n\n") {
        if let Some(line) = paragraph.strip_prefix("Usage: ") {
            usage = line;
        } else if !paragraph.starts_with("For more information") {
            parts.push(paragraph.split_whitespace().collect::<Vec<_>>().join(" "));
        }
    }
    // That a wrong option could be a value is no help.
    parts.retain(|part| !part.is_empty() && !part.starts_with("tip: to pass"));
    if parts.len() < 2 && error.kind() != ErrorKind::ValueValidation && error.kind() != ErrorKind::InvalidValue {
        parts.push(accepted(error.kind(), usage));
    }
    let text = parts.join("; ");
    let text = text.strip_prefix("error: ").unwrap_or(&text);
    match error.source().and_then(|source| source.downcast_ref::<ParseIntError>()) {
        Some(problem) => text.replace(&problem.to_string(), whole_number(problem)),
        None => text.to_owned(),
    }
}

/// What a command would accept whose usage is this.
fn accepted(kind: ErrorKind, usage: &str) -> String {
    let path: Vec<&str> = usage.split(' ').take_while(|word| !word.starts_with(['[', '<', '-'])).collect();
    if kind == ErrorKind::InvalidSubcommand {
        let mut command = crate::command_line();
        for word in path.iter().skip(1) {
            command = command.find_subcommand(word).cloned().unwrap_or(command);
        }
        let known = command.get_subcommands().filter(|known| !known.is_hide_set()).map(clap::Command::get_name);
        return format!("known: {}", known.collect::<Vec<_>>().join(", "));
    }
    format!("see {} --help", path.join(" "))
}

/// What is wrong with the text of a number, for people.
fn whole_number(problem: &ParseIntError) -> &'static str {
    match problem.kind() {
        IntErrorKind::PosOverflow => "the number is too large",
        _ => "expected a whole number",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistake_on_the_command_line_becomes_one_line() {
        for (arguments, expected) in [
            ("target --lisen x", "unexpected argument '--lisen' found; tip: a similar argument exists: '--listen'"),
            ("target --frob x", "unexpected argument '--frob' found; see tidegate target --help"),
            (
                "radio import",
                "the following required arguments were not provided: <PATH>...; see tidegate radio import --help",
            ),
            ("frob", "unrecognized subcommand 'frob'; known: up, check, target, nvme, bench, radio, ctl, completion"),
            (
                "radio frob",
                "unrecognized subcommand 'frob'; known: serve, info, import, check, export, import-json, mood",
            ),
            ("radio mood frob", "unrecognized subcommand 'frob'; known: check, translate"),
            (
                "target --spin-us x memory:1M",
                "invalid value 'x' for '--spin-us <MICROSECONDS>': expected a whole number",
            ),
            (
                "ctl -T 99999999999999999999 version",
                "invalid value '99999999999999999999' for '--timeout <SECONDS>': the number is too large",
            ),
            (
                "target --spin-us 2000000 memory:1M",
                "invalid value '2000000' for '--spin-us <MICROSECONDS>': 2000000 is not in 0..=1000000",
            ),
            (
                "target --watchdog -1 memory:1M",
                "invalid value '-1' for '--watchdog <SECONDS>': expected seconds, 0 or more",
            ),
            (
                "completion tcsh",
                "invalid value 'tcsh' for '[SHELL]' [possible values: bash, elvish, fish, powershell, zsh]; tip: a similar value exists: 'zsh'",
            ),
        ] {
            let words = ["tidegate"].into_iter().chain(arguments.split(' '));
            assert_eq!(one_line(&crate::command_line().try_get_matches_from(words).unwrap_err()), expected);
        }
    }

    #[test]
    fn an_error_is_told_with_its_causes() {
        let error = std::io::Error::other(std::io::Error::other("inner"));
        assert_eq!(chain(&error), "inner");
    }
}
