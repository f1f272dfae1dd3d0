//! `tidegate check`: says what is wrong with a configuration without running it.

use std::path::PathBuf;

use clap::{ArgMatches, Command};
use daemon::Position;

use super::{CommandEntry, up};
use crate::configuration::Loaded;
use crate::{Outcome, message};

pub(crate) const ENTRY: CommandEntry = CommandEntry { name: "check", arguments, run };

fn arguments() -> Command {
    Command::new("check")
        .about("Say what is wrong with a configuration, with file, line and key")
        .arg(up::configuration_argument().default_value("tidegate.toml"))
}

fn run(matches: &ArgMatches, _: Position) -> Outcome {
    let Some(path) = matches.get_one::<PathBuf>("configuration") else {
        return Outcome::Usage;
    };
    match Loaded::read(path).and_then(|loaded| loaded.services()) {
        Ok(_) => {
            message::line(format_args!("{}: fine", path.display()));
            Outcome::Success
        }
        Err(error) => message::usage(error),
    }
}
