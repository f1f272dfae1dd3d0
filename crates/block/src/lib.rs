//! Block devices behind one trait with one range, flush, FUA and error contract.
//!
//! ```text
//!   caller ── window ──────────► memory of the device, lent for a command
//!      │
//!      └── submit(Request) ────► memory, null: done at once ──► Submission::Complete
//!            + IoBuffer     └──► file: DeviceQueue ─► io_uring or worker threads
//!                                     └─ poll ─► Completion (slot, result, buffer)
//! ```
//!
//! # The contract
//! - **Range.** [`BlockDevice::submit`] and [`BlockDevice::window`] check each range against the geometry, with checked
//!   arithmetic, before the device sees it. A device gets [`ByteRange`]s, which only that check makes.
//! - **Completion.** Every request is completed exactly once: by [`Submission::Complete`] or by one [`Completion`] out of
//!   [`DeviceQueue::poll`], in any order. The buffer comes back with it, with what was read if it was a read that
//!   succeeded.
//! - **Atomicity and order.** None between requests that are under way together. A read that is submitted after a write
//!   was completed sees that write, through any queue.
//! - **Flush.** When a flush succeeds, every write that was completed before the flush was submitted, through any queue,
//!   survives a loss of power. Data that the system lost before it could write them are never covered up: once a flush has
//!   failed, every later one fails with [`BlockError::WritesLost`] until the device is opened anew, because the kernel
//!   reports such a loss once and then forgets it.
//! - **FUA** (force unit access): the same for the one write. It says nothing about others.
//! - **Deallocate** is a hint. Afterwards the range reads as zeros or as before.
//! - **Write Zeroes** makes the range read as zeros; with `deallocate` the device may give its space back.
//! - **Alignment.** Buffers of the pool are aligned for direct I/O. Callers need not care.
//! - **Errors.** [`BlockError`] is exhaustive, and one map turns it into a host's status. After an error the content of a
//!   written range is undefined, and the device goes on. Devices log an error once with their path, and again only after
//!   the same kind of operation has succeeded.
//! - **Windows** are raw memory that others may read and write at the same moment; see [`Window`].
//!
//! # Where to start
//! [`device`] has one file a device, `device/null.rs` is the smallest; [`open`](open()) finds them in one table; `conformance.rs`
//! is the suite that each runs.
//!
//! # What it does not implement
//! No partitions, no cache of its own, no atomic writes larger than the medium's, no reservations.

pub mod device;
mod engine;
mod error;
mod identity;
mod open;
mod queue;
mod range;
mod request;
mod specification;
mod window;
mod zeros;

#[cfg(test)]
mod conformance;

pub use device::BlockDevice;
pub use engine::Backend;
pub use error::BlockError;
pub use identity::Identity;
pub use open::{DeviceKind, KINDS, OpenError, OpenProblem, open};
pub use queue::{DeviceQueue, DeviceQueueOptions};
pub use range::{BlockRange, ByteRange, Geometry};
pub use request::{Access, Completion, Operation, Request, Slot, Submission};
pub use specification::{Specification, describe_size, parse_size};
pub use window::Window;
