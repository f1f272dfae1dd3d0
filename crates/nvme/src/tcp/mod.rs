//! NVMe/TCP: PDUs, digests and the sans-IO state machines of host and controller.

mod controller;
pub mod digest;
mod fault;
pub mod limits;
pub mod pdu;
mod reader;
mod transmit;

pub use controller::{CommandData, ControllerConnection, ControllerInput, ControllerOptions, Response};
pub use fault::{FatalErrorStatus, Fault};
pub use transmit::{OutputSegment, PayloadRange};

/// Names a command within its connection: a slot of the caller's table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CommandTag(pub u16);
