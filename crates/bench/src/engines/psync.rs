//! `pread` and `pwrite`: one system call an I/O, which says where.

use rustix::io::{Errno, pread, pwrite, retry_on_intr};

use super::{Description, Engine, EngineError, Io, Operation, Queued, Setup, Traits, file_call};

/// The engine. It has no state.
#[derive(Debug)]
pub(super) struct PsyncEngine;

impl Engine for PsyncEngine {
    const DESCRIPTION: Description =
        Description { name: "psync", summary: "pread(2) and pwrite(2)", traits: Traits::SYNCHRONOUS };

    fn new(_setup: &Setup<'_>) -> Result<Self, EngineError> {
        Ok(Self)
    }

    #[inline(always)]
    fn queue(&mut self, _slot: u32, io: &mut Io) -> Queued {
        Queued::Done(match io.operation() {
            Operation::Read => retry_on_intr(|| read(io)).into(),
            Operation::Write => retry_on_intr(|| pwrite(io.borrowed(), io.bytes(), io.offset())).into(),
            _ => file_call::without_data(io),
        })
    }
}

#[inline]
fn read(io: &mut Io) -> Result<usize, Errno> {
    let offset = io.offset();
    let (file, bytes) = io.read_parts();
    pread(file, bytes, offset)
}
