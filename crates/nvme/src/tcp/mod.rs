//! NVMe/TCP: PDUs, digests and the sans-IO state machines of host and controller.
//!
//! ```text
//!  bytes received ──► next_input ──► reader ──► controller | host ──► input for the caller
//!                                                     ▲
//!  bytes and payload to send ◄── pending_output ◄── transmit ◄── commands of the caller
//! ```
//!
//! How a connection is called, in this order and on one thread:
//! 1. **Receive.** If `direct_payload` names a range, its bytes may be received straight to their place and are counted with
//!    `received_direct`; the bytes behind them, or all bytes, go to `next_input`, which takes from the front of them until it returns
//!    `None`. Each input is acted on before the next is taken.
//! 2. **Act.** Inputs name a command by its [`CommandTag`], a slot that the caller has a table for. Payload is named by
//!    [`PayloadRange`]: the connection does not keep it and knows no addresses. The controller answers with `complete`, `send_data`,
//!    `request_data` or `discard_data`, now or later.
//! 3. **Send.** `pending_output` lists bytes and ranges in order; the caller sends as much of them as the socket takes and reports it
//!    with `transmitted`, which says whose payload is out.
//! 4. **End.** A [`Fault`] goes to `terminate`; what is pending then is the connection's last word. An input says when the peer has
//!    ended it.
//!
//! A call that does not fit the state (a command completed twice, more bytes sent than were pending) is a bug of the caller and
//! panics. Nothing that a peer sends does.
//!
//! Cost of a command at the controller, batches of 32, no system call and no allocation in steady state (`examples/tcp_cost.rs` on one
//! core of an AMD EPYC virtual machine): read of 4 KiB 40 ns, write in the capsule 60 ns, write on request 61 ns, for parsing,
//! answering and listing the output; a header digest adds 3 to 14 ns. Payload costs nothing here unless data digests are on.
//!
//! Invariants: at most one partial header (132 bytes) of input is kept. Events and output depend on the bytes, never on how they were
//! cut. No length from a peer sizes anything: the limits are in [`limits`].
//!
//! Spec: NVMe/TCP Transport 1.0.

mod controller;
pub mod digest;
mod fault;
mod host;
pub mod limits;
pub mod pdu;
mod reader;
mod transmit;

pub use controller::{CommandData, ControllerConnection, ControllerInput, ControllerOptions, Response};
pub use fault::{FatalErrorStatus, Fault};
pub use host::{HostCompletion, HostConnection, HostData, HostInput, HostOptions};
pub use transmit::{OutputSegment, PayloadRange};

/// Names a command within its connection: a slot of the caller's table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CommandTag(pub u16);
