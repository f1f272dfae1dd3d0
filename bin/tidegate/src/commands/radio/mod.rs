//! `tidegate radio`: the audio server and what belongs to it.
//!
//! A subcommand is one file here and one line in [`TABLE`].

mod check;
mod export;
mod import;
mod import_json;
mod info;
mod library;
mod mood;
pub(crate) mod serve;
pub(crate) mod state;

use clap::{ArgMatches, Command};
use daemon::Position;

use super::CommandEntry;
use crate::Outcome;

pub(crate) const ENTRY: CommandEntry = CommandEntry { name: "radio", arguments, run };

/// Every subcommand, in the order of the help text.
const TABLE: &[CommandEntry] = &[
    serve::SUBCOMMAND,
    info::SUBCOMMAND,
    import::SUBCOMMAND,
    check::SUBCOMMAND,
    export::SUBCOMMAND,
    import_json::SUBCOMMAND,
    library::SUBCOMMAND,
    mood::SUBCOMMAND,
];

fn arguments() -> Command {
    Command::new("radio")
        .about("Stream audio files that a library chooses, without decoding them")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommands(TABLE.iter().map(|subcommand| (subcommand.arguments)().name(subcommand.name)))
}

fn run(matches: &ArgMatches, position: Position) -> Outcome {
    let Some((name, arguments)) = matches.subcommand() else {
        return Outcome::Usage;
    };
    match TABLE.iter().find(|subcommand| subcommand.name == name) {
        Some(subcommand) => (subcommand.run)(arguments, position),
        None => Outcome::Usage,
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
