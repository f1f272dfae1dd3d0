//! The fault matrix: every fault that Open vSwitch's daemons were measured with, done to a target under `up` and under
//! `--monitor`. Prints a line for each and fails if one does not end as docs/daemon.md says.

mod bench;
mod end;
mod environment;
mod start;

use std::io::Write;

use e2e::context::Context;
use e2e::failure::{Failure, Verdict};
use e2e::needs::Need;
use e2e::scenario::Scenario;

use bench::Mode;

pub(super) const SCENARIO: Scenario = Scenario {
    name: "supervisor/matrix",
    needs: &[
        Need::Root,
        Need::Program("mount"),
        Need::Program("prlimit"),
        Need::Program("setpriv"),
        Need::Program("unshare"),
    ],
    run,
};

/// One fault.
struct Row {
    fault: &'static str,
    /// What Open vSwitch's daemons make of it.
    theirs: &'static str,
    /// What ours must make of it.
    expected: &'static str,
    /// Does it, and tells what came of it.
    run: fn(&Context, Mode) -> Result<String, Failure>,
}

fn run(context: &Context) -> Verdict {
    let mut wrong = Vec::new();
    tell(format_args!("{:36} | {:8} | {:44} | ours", "fault", "under", "Open vSwitch"));
    for row in [end::ROWS, start::ROWS, environment::ROWS].into_iter().flatten() {
        for mode in [Mode::Up, Mode::Monitor] {
            let outcome = (row.run)(context, mode).unwrap_or_else(|failure| format!("FAILED: {failure}"));
            let under = if mode == Mode::Up { "up" } else { "monitor" };
            tell(format_args!("{:36} | {under:8} | {:44} | {outcome}", row.fault, row.theirs));
            if outcome != row.expected {
                wrong.push(format!("{} under {under}: {outcome}, expected {}", row.fault, row.expected));
            }
            // What a row that failed has left is not the next one's fault.
            e2e::service::end_orphans();
            let _ = std::fs::remove_dir_all(context.run_directory());
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(Failure::new(wrong.join("; "))) }
}

/// A line of the table. Its first columns are empty: the lines of verdicts begin there.
fn tell(line: std::fmt::Arguments<'_>) {
    // Nobody may be reading.
    let _ = writeln!(std::io::stdout(), "      {line}");
}
