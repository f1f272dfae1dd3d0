//! `check`: what is wrong in the library, and how it is mended.

use clap::{Arg, ArgAction, Command};
use radio_library::check::{Check, Weight};

use super::{Call, CommandEntry, CommandError, no_words};
use crate::rights::Rights;

/// `check`.
pub(super) const ENTRY: CommandEntry =
    CommandEntry { name: "check", rights: Rights::LIBRARY_READ, arguments, reads_input: false, run, words: no_words };

/// An option and what it looks at.
const CHECKS: [(&str, char, &str, &[Check]); 4] = [
    ("aft", 'a', "Songs and their files, and the database itself", &[Check::Database, Check::Files]),
    ("attribute", 'A', "Attributes, images and lyrics", &[Check::Attributes]),
    ("mood", 'm', "Moods", &[Check::Moods]),
    ("playlist", 'p', "Playlists", &[Check::Playlists]),
];

fn arguments() -> Command {
    let options = CHECKS
        .map(|(name, short, help, _)| Arg::new(name).short(short).long(name).action(ArgAction::SetTrue).help(help));
    Command::new("check")
        .about("Look for what is wrong in the library, and say how it is mended")
        .after_help(
            "Without options everything is looked at. Ends with status 1 if there are problems; notes are none.",
        )
        .args(options)
}

fn run(call: &mut Call<'_>) -> Result<(), CommandError> {
    let wanted = CHECKS.iter().filter(|(name, ..)| call.flag(name));
    let mut checks: Vec<Check> = wanted.flat_map(|(.., checks)| checks.iter().copied()).collect();
    if checks.is_empty() {
        checks.extend(Check::ALL);
    }
    let findings = call.context.library.check(&checks).map_err(CommandError::caused)?;
    let mut problems = 0;
    for finding in findings {
        let weight = match finding.weight {
            Weight::Problem => {
                problems += 1;
                "problem"
            }
            Weight::Note => "note",
        };
        call.line(format_args!("{weight}: {}: {}; {}", finding.subject, finding.problem, finding.remedy))?;
    }
    match problems {
        0 => Ok(()),
        1 => Err(CommandError::failed("there is a problem")),
        count => Err(CommandError::failed(format_args!("there are {count} problems"))),
    }
}
