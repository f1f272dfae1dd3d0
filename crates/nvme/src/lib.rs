//! NVMe wire structures and protocol: the base specification, the NVM command set, NVMe over Fabrics and NVMe/TCP.
//!
//! What it is: every structure that a host and a controller exchange, as typed values with the size and the offset of each field
//! asserted at compile time, and the sans-IO protocol of both ends of an NVMe/TCP connection.
//!
//! What it does not do: no I/O, no clock, no random numbers, no policy. Whether a command is *supported* is the controller's business
//! (`nvme_target`); here is only what its bytes mean.
//!
//! ```text
//!  base/       what all command sets share: commands, status, properties, Identify, log pages, features
//!  nvm         the NVM command set: Read, Write, Dataset Management
//!  fabrics     Connect, Disconnect, Property Get and Set, NVMe qualified names
//!  discovery   the discovery log page
//!  tcp/        PDUs, digests and the state machines of host and controller
//! ```
//!
//! Invariants: multi-byte fields are little endian whatever the machine; structures have alignment 1 and no implicit padding, so any
//! byte slice of the right length is a valid value; a code from a peer is a newtype that also holds values nobody has defined yet.
//! Fields that count from zero on the wire end in `_0based`.
//!
//! Start reading at [`base::command`]. Specifications: NVM Express Base 2.0, NVM Command Set 1.0, NVMe/TCP Transport 1.0.
#![no_std]

extern crate alloc;
#[cfg(test)]
extern crate std;

#[macro_use]
mod macros;

pub mod base;
pub mod discovery;
pub mod fabrics;
pub mod nvm;
pub mod tcp;
