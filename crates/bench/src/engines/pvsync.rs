//! `preadv` and `pwritev` with a vector of one.

use std::io::{IoSlice, IoSliceMut};

use rustix::io::{preadv, pwritev, retry_on_intr};

use super::{Description, Engine, EngineError, Io, Operation, Queued, Setup, Traits, file_call};

/// The engine. It has no state.
#[derive(Debug)]
pub(super) struct PvsyncEngine;

impl Engine for PvsyncEngine {
    const DESCRIPTION: Description =
        Description { name: "pvsync", summary: "preadv(2) and pwritev(2)", traits: Traits::SYNCHRONOUS };

    fn new(_setup: &Setup<'_>) -> Result<Self, EngineError> {
        Ok(Self)
    }

    #[inline]
    fn queue(&mut self, _slot: u32, io: &mut Io) -> Queued {
        let offset = io.offset();
        Queued::Done(match io.operation() {
            Operation::Read => retry_on_intr(|| {
                let (file, bytes) = io.read_parts();
                preadv(file, &mut [IoSliceMut::new(bytes)], offset)
            })
            .into(),
            Operation::Write => retry_on_intr(|| pwritev(io.borrowed(), &[IoSlice::new(io.bytes())], offset)).into(),
            _ => file_call::without_data(io),
        })
    }
}
