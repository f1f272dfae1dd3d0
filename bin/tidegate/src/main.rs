//! The `tidegate` binary: picks the command by the first word and runs it. No logic lives here.
//!
//! Where to start reading: [`commands::TABLE`]. A command is one file in `commands/` and one line in that table; help
//! and shell completion come from it.

mod commands;
mod configuration;
mod document;
mod log_options;
mod message;
mod nvme;
mod service_options;

use std::process::ExitCode;

use clap::{ArgMatches, Command};
use daemon::Position;

/// How a command ended, as the exit status tells it.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// 0.
    Success,
    /// 1: something failed while running.
    Failure,
    /// 2: wrong usage or configuration.
    Usage,
    /// What a service that ran and ended has for a status.
    Ended(ExitCode),
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Success => Self::SUCCESS,
            Outcome::Failure => Self::FAILURE,
            Outcome::Usage => Self::from(2),
            Outcome::Ended(code) => code,
        }
    }
}

fn main() -> ExitCode {
    // Before anything is opened: what is open now was left open by the caller, or given by a supervisor.
    let position = match Position::of_this_process() {
        Ok(position) => position,
        Err(failure) => return message::failed(&failure).into(),
    };
    if let Some((name, arguments)) = commands::bench::own_arguments(std::env::args_os()) {
        return commands::bench::generate(name, arguments, position).into();
    }
    let matches = match command_line().try_get_matches_from(log_options::attach_levels(std::env::args_os())) {
        Ok(matches) => matches,
        Err(error) => return message::usage_error(&error).into(),
    };
    run(&matches, position).into()
}

/// The whole command line, built from the table.
pub(crate) fn command_line() -> Command {
    Command::new("tidegate")
        .about("Runs the I/O services of a Linux box and keeps them running")
        .version(env!("CARGO_PKG_VERSION"))
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommands(commands::TABLE.iter().map(|command| (command.arguments)().name(command.name)))
}

fn run(matches: &ArgMatches, position: Position) -> Outcome {
    let Some((name, arguments)) = matches.subcommand() else {
        return Outcome::Usage;
    };
    match commands::TABLE.iter().find(|command| command.name == name) {
        Some(command) => (command.run)(arguments, position),
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
