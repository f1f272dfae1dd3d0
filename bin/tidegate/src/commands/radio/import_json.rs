//! `tidegate radio import-json`: reads what `export` wrote into a library.

use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;

use clap::{Arg, ArgMatches, Command, value_parser};
use daemon::Position;
use radio_library::exchange::Loaded;

use super::state;
use crate::commands::CommandEntry;
use crate::{Outcome, message};

pub(super) const SUBCOMMAND: CommandEntry = CommandEntry { name: "import-json", arguments, run };

fn arguments() -> Command {
    Command::new("import-json")
        .about("Read a document of `radio export` into a radio's library: all of it, or nothing")
        .after_help(
            "What the document and the library both know, the document has; what it does not mention stays. A path that is a song already \
             stays what it is.",
        )
        .arg(state::argument())
        .arg(
            Arg::new("file")
                .value_name("FILE")
                .value_parser(value_parser!(PathBuf))
                .help("The document; default: standard input"),
        )
}

fn run(matches: &ArgMatches, _: Position) -> Outcome {
    let library = match state::open(matches) {
        Ok(library) => library,
        Err(outcome) => return outcome,
    };
    let mut input: Box<dyn Read> = match matches.get_one::<PathBuf>("file") {
        None => Box::new(io::stdin().lock()),
        Some(path) => match File::open(path) {
            Ok(file) => Box::new(file),
            Err(error) => return message::failure(format_args!("{}: {error}", path.display())),
        },
    };
    match library.load(&mut input) {
        Ok(Loaded { recordings, songs_added, songs_known, blobs }) => {
            message::line(format_args!(
                "{recordings} recordings, {songs_added} songs added, {songs_known} known already, {blobs} images, lyrics, moods and playlists"
            ));
            Outcome::Success
        }
        Err(error) => message::failure(message::chain(&error)),
    }
}
