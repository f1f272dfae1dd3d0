//! `tidegate radio mood`: looks at moods without a library.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use clap::{Arg, ArgMatches, Command, value_parser};
use daemon::Position;
use radio_library::mood::{MOOD_BYTES_MAX, Mood, MoodError};

use crate::commands::CommandEntry;
use crate::{Outcome, message};

pub(super) const SUBCOMMAND: CommandEntry = CommandEntry { name: "mood", arguments, run };

fn arguments() -> Command {
    let file = Arg::new("file").value_name("FILE").required(true).value_parser(value_parser!(PathBuf));
    Command::new("mood")
        .about("Check moods, and translate those of paraslash 0.6")
        .after_help("Exit status: 0, or 1 when a mood is wrong or cannot be read. The languages: docs/reference/radio-moods.md.")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(
            Command::new("check")
                .about("Say whether files are moods, and else where they are wrong")
                .after_help("Names of attributes are not looked up; `check` of a library does that.")
                .arg(file.clone().num_args(1..).help("Moods, in either language")),
        )
        .subcommand(
            Command::new("translate")
                .about("Print a mood of lines (paraslash 0.6) as an expression (0.7)")
                .after_help("Scores have no counterpart; each that is lost is named on standard error.")
                .arg(file.help("A mood")),
        )
}

/// Why a file is no mood.
#[derive(Debug, thiserror::Error)]
enum Problem {
    #[error("it cannot be read")]
    Read(#[from] std::io::Error),
    #[error("not in UTF-8 from byte {0} on")]
    NotText(usize),
    #[error(transparent)]
    Wrong(#[from] MoodError),
}

fn run(matches: &ArgMatches, _: Position) -> Outcome {
    match matches.subcommand() {
        Some(("check", matches)) => check(matches),
        Some(("translate", matches)) => translate(matches),
        _ => Outcome::Usage,
    }
}

fn check(matches: &ArgMatches) -> Outcome {
    let mut outcome = Outcome::Success;
    for path in matches.get_many::<PathBuf>("file").into_iter().flatten() {
        if let Err(problem) = read(path) {
            outcome = failure(path, &problem);
        }
    }
    outcome
}

fn translate(matches: &ArgMatches) -> Outcome {
    let Some(path) = matches.get_one::<PathBuf>("file") else { return Outcome::Usage };
    match read(path) {
        Ok(mood) => {
            let translation = mood.translate();
            for lost in &translation.lost {
                message::error(format_args!("{}: {lost}", path.display()));
            }
            message::line(&translation.mood);
            Outcome::Success
        }
        Err(problem) => failure(path, &problem),
    }
}

fn failure(path: &Path, problem: &Problem) -> Outcome {
    message::failure(format_args!("{}: {}", path.display(), message::chain(problem)))
}

fn read(path: &Path) -> Result<Mood, Problem> {
    let mut bytes = Vec::new();
    // One byte more than a mood may have, so that it is told to be too long.
    let limit = u64::try_from(MOOD_BYTES_MAX).unwrap_or(u64::MAX).saturating_add(1);
    File::open(path)?.take(limit).read_to_end(&mut bytes)?;
    let text = String::from_utf8(bytes).map_err(|error| Problem::NotText(error.utf8_error().valid_up_to()))?;
    Ok(Mood::parse(&text)?)
}
