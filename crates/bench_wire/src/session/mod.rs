//! The order of commands, at either end.
//!
//! ```text
//!  front end                                        worker
//!  PROBE ─────────────────────────────────────────►
//!  JOBLINE, JOB or LOAD_FILE, any number ─────────►
//!                    ◄───────────────────────────── PROBE; for each job ADD_JOB, TEXT; START for each that was understood
//!  RUN ───────────────────────────────────────────►
//!                    ◄───────────────────────────── SERVER_START for each job
//!  SEND_ETA, again and again ─────────────────────►
//!                    ◄───────────────────────────── ETA for each
//!                    ◄───────────────────────────── IOLOG, JOB_OPT, TS for each job; GS for each group; DISK_UTIL; STOP; QUIT
//! ```
//!
//! What may be left out: of a front end everything but a job and RUN; of a worker all but QUIT, and an answer to each SEND_ETA, without
//! which fio's front end gives up after seven. A job that is not understood is answered with TEXT and QUIT.
//!
//! A session holds the peer to this order, remembers which requests are unanswered, and holds its own user to it as well: what its user
//! does wrong is a panic. Timeouts are the user's.
//!
//! The version of a connection: a front end has to choose one. A worker of another version answers with a TEXT in its own, from which
//! the front end learns it ([`Fault::version_to_retry_with`](crate::Fault::version_to_retry_with)) and connects again. A
//! [`WorkerSession`] takes the front end's version when it is one of 97 to 121.

mod front_end;
mod worker;

#[cfg(test)]
mod tests;

pub use front_end::FrontEndSession;
pub use worker::WorkerSession;
