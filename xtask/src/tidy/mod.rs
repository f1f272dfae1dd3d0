//! `cargo xtask tidy`: the house rules that no compiler knows. A rule is one file here and one line in [`RULES`].

mod dependencies;
mod headers;
mod licence;
mod limits;
mod sizes;
mod targets;
mod words;

use std::fmt;

use clap::{Arg, ArgAction, ArgMatches, Command};

use crate::task::{Task, TaskError, say};
use crate::workspace;

pub(crate) const TASK: Task = Task { arguments, run };

fn arguments() -> Command {
    Command::new("tidy").about("Check the house rules: file sizes, words, licences, lists in docs/").arg(
        Arg::new("write")
            .long("write")
            .action(ArgAction::SetTrue)
            .help("First make the files anew that are made of others"),
    )
}

fn run(matches: &ArgMatches) -> Result<(), TaskError> {
    if matches.get_flag("write") {
        let list = limits::list(&Checkout::read()?);
        std::fs::write(workspace::root().join(limits::LIST), list)?;
    }
    check()
}

/// A rule: looks at the checkout and says what breaks it.
struct Rule {
    /// What it demands.
    demand: &'static str,
    /// Finds what does not meet it.
    check: fn(&Checkout) -> Result<Vec<Problem>, TaskError>,
}

/// Every rule.
const RULES: &[Rule] =
    &[sizes::RULE, headers::RULE, words::RULE, licence::RULE, dependencies::RULE, limits::RULE, targets::RULE];

/// The project's own text files.
struct Checkout {
    files: Vec<TextFile>,
}

/// A file that git knows.
struct TextFile {
    /// From the workspace's folder on.
    path: String,
    text: String,
}

/// What breaks a rule, and where.
#[derive(Debug, PartialEq, Eq)]
struct Problem {
    path: String,
    /// Counted from 1; 0 for the file as a whole.
    line: usize,
    message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(formatter, "{}: {}", self.path, self.message),
            line => write!(formatter, "{}:{line}: {}", self.path, self.message),
        }
    }
}

impl Checkout {
    fn read() -> Result<Self, TaskError> {
        let mut files = Vec::new();
        for path in workspace::tracked_files()? {
            // What is no text has no lines to look at.
            if let Ok(text) = std::fs::read_to_string(workspace::root().join(&path)) {
                files.push(TextFile { path, text });
            }
        }
        Ok(Self { files })
    }

    fn file(&self, path: &str) -> Option<&TextFile> {
        self.files.iter().find(|file| file.path == path)
    }

    fn rust(&self) -> impl Iterator<Item = &TextFile> {
        self.files.iter().filter(|file| file.path.ends_with(".rs"))
    }
}

impl TextFile {
    fn problem(&self, line: usize, message: impl fmt::Display) -> Problem {
        Problem { path: self.path.clone(), line, message: message.to_string() }
    }

    /// Its lines, counted from 1.
    fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        (1..).zip(self.text.lines())
    }
}

/// Checks every rule and prints what breaks it.
///
/// # Errors
/// When a rule is broken.
pub(crate) fn check() -> Result<(), TaskError> {
    let checkout = Checkout::read()?;
    let mut broken = 0;
    for rule in RULES {
        let problems = (rule.check)(&checkout)?;
        if !problems.is_empty() {
            broken += 1;
            say(format_args!("{}:", rule.demand));
        }
        for problem in problems {
            say(format_args!("  {problem}"));
        }
    }
    match broken {
        0 => Ok(()),
        count => Err(TaskError::new(format_args!("{count} of {} house rules broken", RULES.len()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A checkout of these files, for the tests of the rules.
    pub(super) fn checkout(files: &[(&str, &str)]) -> Checkout {
        let files = files.iter().map(|&(path, text)| TextFile { path: path.to_owned(), text: text.to_owned() });
        Checkout { files: files.collect() }
    }

    /// What a rule finds in them, a line each.
    pub(super) fn findings(rule: &Rule, files: &[(&str, &str)]) -> Vec<String> {
        (rule.check)(&checkout(files)).unwrap().iter().map(ToString::to_string).collect()
    }
}
