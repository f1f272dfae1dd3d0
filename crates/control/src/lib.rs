//! What every service is controlled with while it runs: a socket that takes commands, a log whose levels can be changed,
//! and a tree of its state.
//!
//! ```text
//! tidegate ctl, ovs-appctl ── unix socket ── server (a thread and an epoll of its own) ── CommandTable
//!                                                 │                                          │
//!                                            wire: JSON-RPC 1.0, no I/O          vlog/…: Logging   show: State
//! ```
//!
//! - [`wire`]: the protocol without sockets.
//! - [`command`]: the table of commands; one command is one file and one line.
//! - [`server`]: the socket file, connections, limits.
//! - [`client`]: finding a service and asking it.
//! - [`log`]: levels, patterns, destinations, rate limits over `tracing`.
//! - [`state`]: the tree that `show` prints.
//! - [`limits`]: every limit with its reason.
//!
//! Commands run on the control thread, never on a data path: a service shares its state with atomics and short locks.
//! One that takes its time answers later and holds up its own connection only.
//!
//! # What it does not implement
//! No authentication beyond the socket's mode and the peer's user id; no remote access; no notifications. It starts no
//! process and handles no signal: that is the daemon's part.

mod address;
pub mod client;
pub mod command;
pub mod limits;
pub mod log;
pub mod server;
pub mod state;
#[cfg(test)]
mod testing;
pub mod wire;

pub use command::{Call, Command, CommandTable, Outcome, PendingAnswer, Service};
pub use state::{Inspect, Node, State, UnknownPath};
pub use wire::{Answer, Format};
