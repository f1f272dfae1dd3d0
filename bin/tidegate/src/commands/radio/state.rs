//! Where the library of a radio is, for the commands that work on it while no service does.

use std::path::PathBuf;

use clap::{Arg, ArgMatches, value_parser};
use radio_library::Library;

use crate::{Outcome, message};

/// `--state DIR`.
pub(super) fn argument() -> Arg {
    Arg::new("state")
        .long("state")
        .value_name("DIR")
        .required(true)
        .value_parser(value_parser!(PathBuf))
        .help("The radio's state directory, in which its library is; it is made if it is not there")
}

/// Opens the library there.
pub(super) fn open(matches: &ArgMatches) -> Result<Library, Outcome> {
    let Some(directory) = matches.get_one::<PathBuf>("state") else {
        return Err(Outcome::Usage);
    };
    Library::open(directory).map_err(|error| message::failure(message::chain(&error)))
}
