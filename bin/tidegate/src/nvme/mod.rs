//! `tidegate nvme`: a user-space NVMe/TCP host for people and scripts.
//!
//! A subcommand is one file here and one line in [`TABLE`]. Each prints text, or with `--json` one JSON document, on
//! standard output; errors and progress go to standard error.

mod connection;
mod discover;
mod flush;
mod identify;
mod list;
mod log;
mod perf;
mod progress;
mod read;
mod write;

use clap::{ArgMatches, Command};
use control::log::LogOptions;
use daemon::Position;

use crate::commands::CommandEntry;
use crate::{Outcome, log_options, message};

pub(crate) const ENTRY: CommandEntry = CommandEntry { name: "nvme", arguments, run };

/// One subcommand.
struct Subcommand {
    name: &'static str,
    /// Its description and arguments.
    arguments: fn() -> Command,
    /// Runs it to its end.
    run: fn(&ArgMatches) -> Result<(), Failure>,
}

/// Every subcommand, in the order of the help text.
const TABLE: &[Subcommand] = &[
    discover::SUBCOMMAND,
    list::SUBCOMMAND,
    identify::SUBCOMMAND,
    log::SUBCOMMAND,
    read::SUBCOMMAND,
    write::SUBCOMMAND,
    flush::SUBCOMMAND,
    perf::SUBCOMMAND,
];

/// Why a subcommand failed: the line to print, and the exit status.
#[derive(Debug)]
struct Failure {
    outcome: Outcome,
    text: String,
}

impl Failure {
    /// An argument that cannot be used: exit status 2.
    fn usage(text: impl Into<String>) -> Self {
        Self { outcome: Outcome::Usage, text: text.into() }
    }

    /// Something that failed while running: exit status 1.
    fn running(text: impl Into<String>) -> Self {
        Self { outcome: Outcome::Failure, text: text.into() }
    }
}

/// Errors happen while running; what is wrong with an argument is told with [`Failure::usage`].
impl<E: std::error::Error + 'static> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::running(message::chain(&error))
    }
}

fn arguments() -> Command {
    Command::new("nvme")
        .about("Talk to NVMe/TCP controllers: discover, identify, read, write, measure")
        .after_help("ADDR is an address or a host name, with or without :PORT, such as 127.0.0.1:4420 or [::1]:4420.")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .arg(log_options::levels_argument().global(true))
        .subcommands(TABLE.iter().map(|subcommand| (subcommand.arguments)().name(subcommand.name)))
}

fn run(matches: &ArgMatches, _: Position) -> Outcome {
    let Some((name, arguments)) = matches.subcommand() else {
        return Outcome::Usage;
    };
    let levels = arguments.get_many::<String>("verbose").into_iter().flatten().cloned().collect();
    if let Err(failure) = log_options::start(&LogOptions { levels, ..LogOptions::default() }, "tidegate") {
        return message::failed(&failure);
    }
    let Some(subcommand) = TABLE.iter().find(|subcommand| subcommand.name == name) else {
        return Outcome::Usage;
    };
    match (subcommand.run)(arguments) {
        Ok(()) => Outcome::Success,
        Err(Failure { outcome, text }) => {
            message::error(text);
            outcome
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_subcommand_is_listed_once_and_says_what_it_does() {
        for (index, subcommand) in TABLE.iter().enumerate() {
            assert!(TABLE[..index].iter().all(|other| other.name != subcommand.name), "{}", subcommand.name);
            assert!((subcommand.arguments)().get_about().is_some(), "{}", subcommand.name);
        }
    }
}
