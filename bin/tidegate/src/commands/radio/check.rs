//! `tidegate radio check`: says what is wrong with a library, and how it is mended.

use clap::{Arg, ArgAction, ArgMatches, Command};
use daemon::Position;
use radio_library::LibraryError;
use radio_library::check::{Check, Weight};

use super::state;
use crate::commands::CommandEntry;
use crate::{Outcome, message};

pub(super) const SUBCOMMAND: CommandEntry = CommandEntry { name: "check", arguments, run };

/// What can be looked at by itself.
const CHECKS: &[(&str, char, Check, &str)] = &[
    ("database", 'd', Check::Database, "The library's file"),
    ("files", 'a', Check::Files, "Songs and their files"),
    ("attributes", 'A', Check::Attributes, "Attributes, images, lyrics"),
    ("moods", 'm', Check::Moods, "Moods"),
    ("playlists", 'p', Check::Playlists, "Playlists"),
];

fn arguments() -> Command {
    let flag = |(name, short, _, help): &(&'static str, char, Check, &'static str)| {
        Arg::new(*name).short(*short).long(*name).action(ArgAction::SetTrue).help(*help)
    };
    Command::new("check")
        .about("Say what is wrong with a radio's library, and how it is mended; without options, all of it")
        .after_help("Exit status: 0, 1 when there is a problem, or 2 when there is no library.")
        .arg(state::argument())
        .args(CHECKS.iter().map(flag))
        .arg(
            Arg::new("forget")
                .long("forget")
                .action(ArgAction::SetTrue)
                .help("Forget what is known about songs that are gone, before the look"),
        )
}

fn run(matches: &ArgMatches, _: Position) -> Outcome {
    match look(matches) {
        Ok(outcome) | Err(Stop::Said(outcome)) => outcome,
        Err(Stop::Library(error)) => message::failure(message::chain(&error)),
    }
}

/// Why it did not come to its end.
enum Stop {
    Said(Outcome),
    Library(LibraryError),
}

impl From<LibraryError> for Stop {
    fn from(error: LibraryError) -> Self {
        Self::Library(error)
    }
}

fn look(matches: &ArgMatches) -> Result<Outcome, Stop> {
    let library = state::open_existing(matches).map_err(Stop::Said)?;
    if matches.get_flag("forget") {
        message::line(format_args!("{} recordings forgotten", library.forget()?));
    }
    let named: Vec<Check> =
        CHECKS.iter().filter(|(name, ..)| matches.get_flag(name)).map(|(_, _, check, _)| *check).collect();
    let checks = if named.is_empty() { Check::ALL } else { &named };
    let findings = library.check(checks)?;
    for finding in &findings {
        message::line(finding);
    }
    if findings.is_empty() {
        message::line("nothing is wrong");
    }
    let problem = findings.iter().any(|finding| finding.weight == Weight::Problem);
    Ok(if problem { Outcome::Failure } else { Outcome::Success })
}
