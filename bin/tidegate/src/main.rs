//! The `tidegate` binary: picks the command by the first word and runs it. No logic lives here.
//!
//! Where to start reading: [`commands::TABLE`]. A command is one file in `commands/` and one line in that table; help
//! and shell completion come from it.

mod commands;
mod configuration;
mod logging;
mod message;
mod nvme;
mod signals;

use std::process::ExitCode;

use clap::{ArgAction, ArgMatches, Command};

/// How a command ended, as the exit status tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// 0.
    Success,
    /// 1: something failed while running.
    Failure,
    /// 2: wrong usage or configuration.
    Usage,
    /// 128: a signal ended it early; only where another tool's status has to be kept.
    Interrupted,
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Success => Self::SUCCESS,
            Outcome::Failure => Self::FAILURE,
            Outcome::Usage => Self::from(2),
            Outcome::Interrupted => Self::from(128),
        }
    }
}

fn main() -> ExitCode {
    if let Some(arguments) = commands::bench::own_arguments(std::env::args_os()) {
        logging::start(0);
        return commands::bench::generate(arguments).into();
    }
    let matches = match command_line().try_get_matches() {
        Ok(matches) => matches,
        Err(error) => return message::usage_error(&error).into(),
    };
    logging::start(verbosity(&matches));
    run(&matches).into()
}

/// The whole command line, built from the table.
pub(crate) fn command_line() -> Command {
    Command::new("tidegate")
        .about("Runs the I/O services of a Linux box and keeps them running")
        .version(env!("CARGO_PKG_VERSION"))
        .subcommand_required(true)
        .arg_required_else_help(true)
        .arg(
            clap::Arg::new("verbose")
                .short('v')
                .long("verbose")
                .action(ArgAction::Count)
                .global(true)
                .help("Say more on standard error; twice for debugging, three times for every command"),
        )
        .subcommands(commands::TABLE.iter().map(|command| (command.arguments)().name(command.name)))
}

fn verbosity(matches: &ArgMatches) -> u8 {
    matches.get_count("verbose")
}

fn run(matches: &ArgMatches) -> Outcome {
    let Some((name, arguments)) = matches.subcommand() else {
        return Outcome::Usage;
    };
    match commands::TABLE.iter().find(|command| command.name == name) {
        Some(command) => (command.run)(arguments),
        None => Outcome::Usage,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        command_line().debug_assert();
    }

    #[test]
    fn every_command_is_listed_once_and_says_what_it_does() {
        for (index, command) in commands::TABLE.iter().enumerate() {
            assert!(commands::TABLE[..index].iter().all(|other| other.name != command.name), "{}", command.name);
            assert!((command.arguments)().get_about().is_some(), "{}", command.name);
        }
    }
}
