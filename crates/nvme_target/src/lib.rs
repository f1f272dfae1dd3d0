//! An NVMe/TCP target: subsystems, controllers, queues, and the thread-per-core data path.
//!
//! ```text
//!  service ─► poll_group ─► connection ─► queue ─┬► admin/    identify, log pages, features, events
//!  (threads)  (one a core)  (socket, protocol,   ├► nvm/      read, write, flush, …
//!                            buffers, devices)   └► fabrics/  connect, disconnect, properties
//!                                                     │
//!                                        subsystem ◄──┴──► controller
//! ```
//! Left of [`queue`] is the I/O shell. [`queue`] and everything right of it is the core: it does no I/O, reads no clock and
//! draws no random numbers, and is driven as well by tests as by the shell.
//!
//! What it does not do: no authentication, no TLS, no asymmetric namespace access, no reservations, no namespace
//! management by hosts, no command set but the NVM command set.

mod admin;
mod connection;
mod controller;
mod exchange;
mod fabrics;
mod failure;
mod gauges;
mod heartbeat;
mod inspect;
pub mod limits;
mod namespace;
mod nvm;
mod poll_group;
pub mod queue;
mod service;
mod socket;
pub mod statistics;
pub mod subsystem;
#[cfg(test)]
mod tests;

pub use controller::{ControllerKind, ControllerSummary};
pub use gauges::QueueSummary;
pub use heartbeat::Heartbeat;
pub use inspect::ServiceState;
pub use limits::Limits;
pub use namespace::{Namespace, NamespaceIndex, NamespaceSettings};
pub use service::{Placement, Service, ServiceOptions, StartError};
pub use socket::{BoundListener, SocketOptions, bind};
pub use subsystem::{Listener, ListenerKind, SettingsError, Target, TargetSettings};
