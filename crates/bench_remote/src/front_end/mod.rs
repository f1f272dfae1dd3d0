//! The front end: has the jobs and shows the results of many workers.
//!
//! ```text
//!  jobs            what each worker is to do, as messages; which files here it may name
//!  conversation    what is said with one worker; no connection, no clock        ← begin here
//!  fleet           all workers: the common start, silence, progress             (no connection, no clock)
//!  results         what a worker reports, put together
//!  link, ssh       a connection
//!  drive           the loop: connections, clock, and whoever decides and tells ([`drive::Director`])
//!  log_file        a worker's log as a file
//!  verify_states   how far jobs were when a trigger ended them, as files
//!  introduction, progress, failure
//! ```
//!
//! Invariants: nothing that a worker sends sizes anything here before it has met a limit; it names no file here but by
//! [`jobs::PermittedFiles`]; what happens to one worker does not hold another up. Reports are made by [`bench::output::workers`].

pub mod conversation;
pub mod drive;
mod failure;
pub mod fleet;
pub mod introduction;
pub mod jobs;
pub mod link;
pub mod log_file;
pub mod progress;
pub mod results;
pub mod ssh;
pub mod verify_states;

#[cfg(test)]
pub(crate) mod tests;

pub use failure::{Failure, Stage};
