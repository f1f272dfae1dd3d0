//! What a job does next: an I/O of its offsets, or what else they or a verification ask for.

use super::super::pace::Pace;
use super::super::proof::Prover;
use super::index;
use crate::offsets::{Io as Chosen, Offsets, Step, SyncKind};
use crate::verify::LoggedWrite;

/// What a source of steps gives. An I/O stands apart from the rest, so that it is handed on in registers.
pub(super) enum Next {
    Io(Chosen),
    Other(Other),
}

/// What is no I/O that the offsets chose.
pub(super) enum Other {
    /// Bring the data of a file to the device.
    Sync {
        file: usize,
        kind: SyncKind,
    },
    /// Read back what was written.
    Proof(LoggedWrite),
    /// Trim what was written.
    Trim(LoggedWrite),
    PassEnded,
    End,
}

impl From<Step> for Next {
    #[inline(always)]
    fn from(step: Step) -> Self {
        Self::Other(match step {
            Step::Io(io) => return Self::Io(io),
            Step::Sync { file, kind } => Other::Sync { file, kind },
            Step::PassEnded => Other::PassEnded,
            Step::End => Other::End,
        })
    }
}

/// The next step of the job.
#[inline(always)]
pub(super) fn next_step(offsets: &mut Offsets, prover: &mut Option<Prover>, pace: &Pace) -> Next {
    if let Some(prover) = prover {
        return next_proven_step(offsets, prover, pace);
    }
    if pace.is_limited() {
        return offsets.next_step_with(|direction| Some(pace.redirect(direction))).into();
    }
    offsets.next_step().into()
}

/// The next step of a job that verifies: of a backlog, else of the offsets.
#[inline(never)]
fn next_proven_step(offsets: &mut Offsets, prover: &mut Prover, pace: &Pace) -> Next {
    // No limit of the job sees trims. Parity: none, fio 3.33 aborts at the first one.
    if let Some(write) = prover.next_trim() {
        return Next::Other(Other::Trim(write));
    }
    if let Some(write) = prover.next_of_backlog() {
        offsets.count_verification(u64::from(write.length));
        return proof(Some(prover), write);
    }
    let step = if pace.is_limited() {
        offsets.next_step_with(|direction| Some(pace.redirect(direction)))
    } else {
        offsets.next_step()
    };
    match step {
        Step::Io(io) if prover.ends_before_own(io.direction, index(io.file), io.offset) => Next::Other(Other::End),
        step => step.into(),
    }
}

/// Reads back a write, unless verification ends before it.
pub(super) fn proof(prover: Option<&mut Prover>, write: LoggedWrite) -> Next {
    let ends = prover.is_some_and(|prover| prover.ends_before(write.file, write.offset));
    Next::Other(if ends { Other::End } else { Other::Proof(write) })
}
