//! The per-core event loop that every data path runs on, and the one seam to epoll, io_uring and the clock.
//!
//! A data path is one thread that repeats a *pass*: [`EventLoop::turn`] gathers readiness (it spins for a moment, then
//! blocks), the thread reads, parses, submits, reaps and writes, and asks for the next turn. Nothing here knows a
//! protocol. What a reactor owns is never shared: sockets, pools and rings belong to one thread from their first
//! moment, so the data path takes no lock.
//!
//! - [`clock`]: the only reader of the monotonic clock.
//! - [`event_loop`]: readiness, the spin before sleeping, the waker for other threads.
//! - [`vectored`]: scatter and gather system calls over memory that is not all Rust's.
//! - [`affinity`]: which core a thread may run on.
//!
//! # What it does not implement
//! No tasks, no futures, no work stealing: a reactor runs one state machine that its owner wrote.

pub mod affinity;
pub mod clock;
pub mod event_loop;
pub mod vectored;

pub use event_loop::{EventLoop, IdlePolicy, RemoteWaker};
