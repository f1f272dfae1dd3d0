//! The worker: runs the jobs of front ends.
//!
//! ```text
//!  listener: accepts, knows who waits ── starts ──► a process a session: this binary, `bench --server=stdio`
//!     │  link: place in the queue, what runs, stop        │
//!     └───────────────────────────────────────────────────┤
//!  front end ◄── bench_wire::WorkerSession ◄── Session (sans-IO) ◄── shell: descriptors ◄── runner: bench::run
//! ```
//!
//! - [`session`]: what is answered to what, without a descriptor; start reading there.
//! - [`jobs`]: the jobs as they were sent, read; [`permissions`]: what of them is allowed.
//! - `runner`: the thread that runs them, and what it says.
//! - [`shell`]: the process of a session. [`listener`]: the process that starts them, and [`link`] what the two say.
//! - [`limits`]: every limit.
//!
//! Cost: a request for progress is answered from what was seen last, without waiting for jobs. Nothing here is on the path of an
//! I/O.

mod bell;
pub mod jobs;
pub mod limits;
pub mod link;
pub mod listener;
pub mod permissions;
mod runner;
pub mod session;
pub mod shell;
