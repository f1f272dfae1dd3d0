//! `cargo xtask test`: every test there is, with what each needs installed first.
//!
//! First the workspace's own tests (`cargo test`, documentation examples included), then the end-to-end scenarios with the
//! release build. It ends with one line: `N passed, N failed, N skipped`.

mod harness;
mod packages;
pub(crate) mod report;
pub(crate) mod scenarios;

use clap::{Arg, ArgAction, ArgMatches, Command};

use self::report::Report;
use crate::task::{Task, TaskError, say};

pub(crate) const TASK: Task = Task { arguments, run };

fn arguments() -> Command {
    Command::new("test")
        .about("Run every test; installs the Debian packages that the foreign peers come in")
        .arg(flag("no-install").help("Install nothing; what lacks a program is skipped and named"))
        .arg(flag("no-skip").help("Count a skipped test as a failure"))
        .arg(
            Arg::new("filter")
                .value_name("FILTER")
                .num_args(0..)
                .help("Only tests and scenarios whose name contains one of these"),
        )
}

fn flag(name: &'static str) -> Arg {
    Arg::new(name).long(name).action(ArgAction::SetTrue)
}

fn run(matches: &ArgMatches) -> Result<(), TaskError> {
    let filters: Vec<String> = matches.get_many("filter").into_iter().flatten().cloned().collect();
    test(&Options { install: !matches.get_flag("no-install"), allow_skip: !matches.get_flag("no-skip"), filters })
}

/// What to test, and how strictly.
pub(crate) struct Options {
    /// Install missing packages, where that is possible.
    pub(crate) install: bool,
    /// A skipped test is no failure.
    pub(crate) allow_skip: bool,
    /// Parts of names; empty for everything.
    pub(crate) filters: Vec<String>,
}

/// Runs the tests and prints the totals.
///
/// # Errors
/// When a test failed, or was skipped and that is not allowed.
pub(crate) fn test(options: &Options) -> Result<(), TaskError> {
    if options.install {
        packages::install_missing()?;
    }
    let mut report = Report::default();
    harness::run(&options.filters, &mut report)?;
    scenarios::run(&options.filters, &mut report)?;

    for name in &report.failed {
        say(format_args!("failed: {name}"));
    }
    for name in &report.skipped {
        say(format_args!("skipped: {name}"));
    }
    let verdict = report.verdict(options.allow_skip);
    say(&report);
    verdict
}

/// Runs the end-to-end scenarios alone, once.
///
/// # Errors
/// When one failed.
pub(crate) fn scenarios_once(filters: &[String]) -> Result<(), TaskError> {
    let mut report = Report::default();
    scenarios::run(filters, &mut report)?;
    say(&report);
    report.verdict(true)
}
