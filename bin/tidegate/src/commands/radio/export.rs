//! `tidegate radio export`: everything that a library knows, as JSON.

use std::fs::File;
use std::io::{self, BufWriter};
use std::path::PathBuf;

use clap::{Arg, ArgMatches, Command, value_parser};
use daemon::Position;

use super::state;
use crate::commands::CommandEntry;
use crate::{Outcome, message};

pub(super) const SUBCOMMAND: CommandEntry = CommandEntry { name: "export", arguments, run };

fn arguments() -> Command {
    Command::new("export")
        .about("Write everything that a radio's library knows as one JSON document, a record a line")
        .arg(state::argument())
        .arg(
            Arg::new("file")
                .value_name("FILE")
                .value_parser(value_parser!(PathBuf))
                .help("Where to; it is not there before. Default: standard output"),
        )
}

fn run(matches: &ArgMatches, _: Position) -> Outcome {
    let library = match state::open_existing(matches) {
        Ok(library) => library,
        Err(outcome) => return outcome,
    };
    let result = match matches.get_one::<PathBuf>("file") {
        None => library.export(&mut BufWriter::new(io::stdout().lock())),
        Some(path) => match File::create_new(path) {
            Ok(file) => library.export(&mut BufWriter::new(file)),
            Err(error) => return message::failure(format_args!("{}: {error}", path.display())),
        },
    };
    match result {
        Ok(()) => Outcome::Success,
        Err(error) => message::failure(message::chain(&error)),
    }
}
