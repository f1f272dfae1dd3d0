//! What the binary says to people: one line for an error, always on standard error.

use std::fmt::Display;
use std::io::Write;
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
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
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
        _ => usage(one_line(&error.render().to_string())),
    }
}

/// Joins the paragraphs of clap's message: `error: a\n\n  tip: b\n\nUsage: …` becomes `a; tip: b`.
fn one_line(rendered: &str) -> String {
    let mut parts = Vec::new();
    for paragraph in rendered.split("\n\n") {
        if paragraph.starts_with("Usage:") || paragraph.starts_with("For more information") {
            continue;
        }
        let words = paragraph.split_whitespace().collect::<Vec<_>>().join(" ");
        if !words.is_empty() {
            parts.push(words);
        }
    }
    let text = parts.join("; ");
    text.strip_prefix("error: ").unwrap_or(&text).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistake_on_the_command_line_becomes_one_line() {
        let error = crate::command_line().try_get_matches_from(["tidegate", "target", "--lisen", "x"]).unwrap_err();
        let text = one_line(&error.render().to_string());
        assert!(text.starts_with("unexpected argument '--lisen' found"), "{text}");
        assert!(text.contains("--listen"), "names the nearest one: {text}");
        assert!(!text.contains('\n') && !text.contains("Usage"), "{text}");
    }

    #[test]
    fn an_error_is_told_with_its_causes() {
        let error = std::io::Error::other(std::io::Error::other("inner"));
        assert_eq!(chain(&error), "inner");
    }
}
