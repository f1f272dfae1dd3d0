//! `ftruncate` in place of data: a write cuts or extends the file to end where it would have begun.

use rustix::fs::ftruncate;
use rustix::io::Errno;

use super::{Description, Engine, EngineError, Io, Operation, Outcome, Queued, Setup, Traits, file_call};

/// The engine. It has no state.
#[derive(Debug)]
pub(super) struct FtruncateEngine;

impl Engine for FtruncateEngine {
    const DESCRIPTION: Description = Description {
        name: "ftruncate",
        summary: "ftruncate(2) to the offset of each write",
        traits: Traits { keeps_data: false, trims: false, ..Traits::SYNCHRONOUS },
    };

    fn new(_setup: &Setup<'_>) -> Result<Self, EngineError> {
        Ok(Self)
    }

    #[inline]
    fn queue(&mut self, _slot: u32, io: &mut Io) -> Queued {
        Queued::Done(match io.operation() {
            Operation::Write => match ftruncate(io.borrowed(), io.offset()) {
                Ok(()) => Outcome::complete(io),
                Err(error) => Outcome::failed(error),
            },
            Operation::Read | Operation::Trim => Outcome::failed(Errno::INVAL),
            _ => file_call::without_data(io),
        })
    }
}
