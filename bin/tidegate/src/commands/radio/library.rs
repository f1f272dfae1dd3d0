//! `tidegate radio library`: the library side of a radio. `tidegate radio serve` starts it; it is not for people.

use std::os::fd::AsFd;

use clap::{ArgMatches, Command};
use daemon::{Failure, Position};
use radio_server::library_side::{LibrarySide, LibrarySideError};

use super::super::CommandEntry;
use crate::{Outcome, log_options, message};

pub(super) const SUBCOMMAND: CommandEntry = CommandEntry { name: "library", arguments, run };

fn arguments() -> Command {
    Command::new("library")
        .about("The library side of a radio, for serve to start")
        .hide(true)
        .args(log_options::arguments())
}

fn run(matches: &ArgMatches, _: Position) -> Outcome {
    let ended = log_options::from_matches(matches).map_err(Failure::running).and_then(|log| {
        let side = std::io::stdin()
            .as_fd()
            .try_clone_to_owned()
            .map_err(Failure::running)
            .and_then(|channel| LibrarySide::receive(channel).map_err(failed))?;
        let logging = log_options::start(&log, &side.settings().name)?;
        logging.set_subprogram("library");
        side.confine().map_err(failed)?;
        side.run(logging).map_err(failed)
    });
    match ended {
        Ok(()) => Outcome::Success,
        Err(failure) => message::failed(&failure),
    }
}

fn failed(error: LibrarySideError) -> Failure {
    let text = message::chain(&error);
    match error {
        LibrarySideError::NoStreamSide => Failure::usage(text),
        _ => Failure::running(text),
    }
}
