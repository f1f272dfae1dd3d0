//! The trait, and one file a device.

use std::fmt::Debug;

use crate::{
    Access, BlockError, BlockRange, ByteRange, DeviceQueue, Geometry, Identity, Operation, Request, Submission, Window,
};

pub mod file;
pub mod memory;
pub mod null;

/// A device. The contract is in the crate's documentation.
///
/// Callers use [`window`](Self::window) and [`submit`](Self::submit), which check first. Devices implement
/// [`lend`](Self::lend) and [`start`](Self::start), which may rely on that, and leave those two alone.
pub trait BlockDevice: Send + Sync + Debug {
    /// What it is and how large, for people: `memory, 512 MiB`.
    fn description(&self) -> String;

    /// Its size. Does not change.
    fn geometry(&self) -> Geometry;

    /// What hosts recognise it by.
    fn identity(&self) -> Identity;

    /// Whether it refuses writes.
    fn read_only(&self) -> bool;

    /// Whether completed writes may be lost with the power until they are flushed.
    fn volatile_write_cache(&self) -> bool;

    /// Lends the memory of a range. Called by [`window`](Self::window).
    fn lend(&self, access: Access, range: ByteRange) -> Option<Window> {
        let _ = (access, range);
        None
    }

    /// Carries out a request. Called by [`submit`](Self::submit). The range is within the device and not empty, a read or
    /// write has a buffer of its length, and a change is asked only of a device that takes it.
    fn start(&self, queue: &mut DeviceQueue, request: Request<ByteRange>) -> Submission;

    /// The memory of a range, to read from or write to without a request. `None`: use a buffer and a request, which also
    /// finds out what is wrong, if something is.
    fn window(&self, access: Access, range: BlockRange) -> Option<Window> {
        if access == Access::Write && self.read_only() {
            return None;
        }
        self.lend(access, self.geometry().byte_range(range).ok()?)
    }

    /// Carries out a request.
    ///
    /// # Panics
    /// When a read or write has no buffer of exactly its length: that is a bug of the caller.
    fn submit(&self, queue: &mut DeviceQueue, request: Request) -> Submission {
        let geometry = self.geometry();
        let operation = match request.operation.with_range(|range| geometry.byte_range(range)) {
            Ok(operation) if operation.is_change() && self.read_only() => {
                return request.complete(Err(BlockError::ReadOnly));
            }
            Ok(operation) => operation,
            Err(error) => return request.complete(Err(error)),
        };
        if let Operation::Read(range) | Operation::Write { range, .. } = operation {
            let length = request.buffer.as_ref().map(|buffer| buffer.len() as u64);
            assert_eq!(length, Some(range.len()), "the buffer of a read or write is as long as its range");
        }
        if operation.range().is_some_and(ByteRange::is_empty) {
            return request.complete(Ok(()));
        }
        self.start(queue, Request { slot: request.slot, operation, buffer: request.buffer })
    }
}
