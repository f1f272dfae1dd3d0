//! The commands, one file each.

pub(crate) mod bench;
mod candidates;
mod check;
mod completion;
mod ctl;
pub(crate) mod radio;
pub(crate) mod target;
mod up;

use clap::{ArgMatches, Command};
use daemon::Position;

use crate::Outcome;

/// One word of the command line.
pub(crate) struct CommandEntry {
    /// The word.
    pub(crate) name: &'static str,
    /// Its description and arguments.
    pub(crate) arguments: fn() -> Command,
    /// Runs it to its end.
    pub(crate) run: fn(&ArgMatches, Position) -> Outcome,
}

/// The supervisor's name, which no service may have.
pub(crate) const UP_NAME: &str = "up";

/// Every command, in the order of the help text.
pub(crate) const TABLE: &[CommandEntry] = &[
    up::ENTRY,
    check::ENTRY,
    target::ENTRY,
    crate::nvme::ENTRY,
    bench::ENTRY,
    radio::ENTRY,
    ctl::ENTRY,
    completion::ENTRY,
];
