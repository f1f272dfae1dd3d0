//! The command line: what people type, and what they are told when it is wrong.

mod check;
mod completion;
mod demo;
mod help;
mod port_in_use;
mod usage;
mod version;

use e2e::context::Finished;
use e2e::ensure;
use e2e::failure::Failure;
use e2e::scenario::Scenario;

/// Every scenario of the group.
pub(crate) const TABLE: &[Scenario] = &[
    help::SCENARIO,
    version::SCENARIO,
    completion::SCENARIO,
    usage::SCENARIO,
    check::SCENARIO,
    port_in_use::SCENARIO,
    demo::SCENARIO,
];

/// Demands this exit status, nothing on standard output, and exactly one line on standard error with these words.
fn refused(finished: &Finished, status: i32, words: &[&str]) -> Result<(), Failure> {
    ensure!(
        finished.status == Some(status),
        "exit status {:?}, expected {status}; it said: {}{}",
        finished.status,
        finished.output,
        finished.error
    );
    ensure!(finished.output.is_empty(), "an error goes to standard error, not here: {}", finished.output);
    ensure!(finished.error.lines().count() == 1, "expected one line, got: {}", finished.error);
    ensure!(finished.error.starts_with("tidegate: "), "the line does not begin with the program: {}", finished.error);
    for word in words {
        ensure!(finished.error.contains(word), "expected {word:?} in: {}", finished.error);
    }
    Ok(())
}
