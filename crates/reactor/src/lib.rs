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
//! - [`file_call`]: a system call on a file, as data; [`file_ring`] and [`worker_pool`] carry it out.
//! - [`buffer_pool`]: the I/O buffers of one thread. [`mapping`]: memory from the kernel.
//! - [`event_descriptor`]: how results are announced to the event loop.
//!
//! # What it does not implement
//! No tasks, no futures, no work stealing: a reactor runs one state machine that its owner wrote.

pub mod affinity;
pub mod buffer_pool;
pub mod clock;
pub mod event_descriptor;
pub mod event_loop;
pub mod file_call;
pub mod file_ring;
pub mod mapping;
pub mod vectored;
pub mod worker_pool;

pub use event_loop::{EventLoop, IdlePolicy, RemoteWaker};
