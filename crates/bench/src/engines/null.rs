//! No I/O at all: everything succeeds at once. Measures what the load generator itself costs.
//!
//! At depth 1 an I/O is over when it was queued; deeper, it goes through commit and reap like any other.

use rustix::io::Errno;

use super::{Completion, Description, Engine, EngineError, Io, Outcome, Queued, Setup, Traits, Wanted};

/// The engine: which slots are committed, and which are not yet.
#[derive(Debug)]
pub(super) struct NullEngine {
    at_once: bool,
    /// Accepted I/Os in order; the first `committed` of them are over.
    accepted: Vec<Completion>,
    committed: usize,
}

impl Engine for NullEngine {
    const DESCRIPTION: Description = Description {
        name: "null",
        summary: "pretends: no data, no files, no time",
        traits: Traits { uses_files: false, keeps_data: false, ..Traits::ASYNCHRONOUS },
    };

    fn new(setup: &Setup<'_>) -> Result<Self, EngineError> {
        Ok(Self { at_once: setup.depth == 1, accepted: Vec::with_capacity(setup.depth as usize), committed: 0 })
    }

    fn completes_at_once(depth: u32) -> bool {
        depth == 1
    }

    #[inline]
    fn queue(&mut self, slot: u32, io: &mut Io) -> Queued {
        let outcome = Outcome::complete(io);
        if self.at_once {
            return Queued::Done(outcome);
        }
        self.accepted.push(Completion { slot, outcome });
        Queued::Accepted
    }

    #[inline]
    fn commit(&mut self) -> Result<(), Errno> {
        self.committed = self.accepted.len();
        Ok(())
    }

    #[inline]
    fn reap(&mut self, wanted: Wanted, completions: &mut Vec<Completion>) -> Result<(), Errno> {
        let count = self.committed.min(wanted.at_most as usize);
        completions.extend_from_slice(&self.accepted[..count]);
        if count == self.accepted.len() {
            self.accepted.clear();
        } else {
            self.accepted.drain(..count);
        }
        self.committed -= count;
        Ok(())
    }
}
