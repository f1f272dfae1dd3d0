//! `fallocate` in place of data: a read reserves space within the file, a write extends it, a trim punches a hole.

use rustix::fs::{FallocateFlags, fallocate};

use super::{Description, Engine, EngineError, Io, Operation, Outcome, Queued, Setup, Traits, file_call};

/// The engine. It has no state.
#[derive(Debug)]
pub(super) struct FallocEngine;

impl Engine for FallocEngine {
    const DESCRIPTION: Description = Description {
        name: "falloc",
        summary: "fallocate(2): read reserves, write extends, trim punches a hole",
        traits: Traits { keeps_data: false, opens_for_writing: true, ..Traits::SYNCHRONOUS },
    };

    fn new(_setup: &Setup<'_>) -> Result<Self, EngineError> {
        Ok(Self)
    }

    #[inline]
    fn queue(&mut self, _slot: u32, io: &mut Io) -> Queued {
        let flags = match io.operation() {
            Operation::Read => FallocateFlags::KEEP_SIZE,
            Operation::Write => FallocateFlags::empty(),
            Operation::Trim => FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE,
            _ => return Queued::Done(file_call::without_data(io)),
        };
        let result = fallocate(io.borrowed(), flags, io.offset(), u64::from(io.length_bytes()));
        Queued::Done(result.map_or_else(Outcome::failed, |()| Outcome::complete(io)))
    }
}
