//! Runs a line of options in this process, as `tidegate bench` does.

use std::ffi::OsString;
use std::sync::atomic::AtomicBool;

use bench::command_line::{self, Outcome};
use bench::job_file::Host;
use bench::run::{Journal, Observer, RunSettings, run};

/// Nothing is to be complained of.
#[derive(Debug)]
struct Silent;

impl Journal for Silent {
    fn note(&self, _line: &str) {}

    fn complain(&self, line: &str) {
        panic!("{line}");
    }
}

/// Runs the jobs of a line until they or the observer end them.
///
/// # Panics
/// When the line is not one of jobs, or one of them fails or complains.
pub(crate) fn run_line(line: &str, observer: &mut impl Observer) {
    let words = line.split_whitespace().map(OsString::from).collect();
    let Outcome::Run(invocation) = command_line::parse(words, &mut Host).expect("a line") else { panic!("a run") };
    let plan = invocation.plan().expect("a plan");
    let outcome = run(&plan.jobs, &RunSettings::default(), &Silent, observer, &AtomicBool::new(false));
    assert!(!outcome.has_failed, "{line}");
}
