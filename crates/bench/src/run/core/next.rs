//! What a job does next: an I/O of its offsets, or what else they or a verification ask for.

use super::super::pace::Pace;
use super::super::proof::Prover;
use super::{index, length};
use crate::direction::Direction;
use crate::offsets::{Io as Chosen, Offsets, Step, SyncKind};
use crate::verify::LoggedWrite;

/// What a source of steps gives.
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
    fn from(step: Step) -> Self {
        Self::Other(match step {
            Step::Io(io) => return Self::Io(io),
            Step::Sync { file, kind } => Other::Sync { file, kind },
            Step::PassEnded => Other::PassEnded,
            Step::End => Other::End,
        })
    }
}

/// Where a phase of a job takes its steps from.
pub(super) trait Source {
    /// The next step.
    fn step(&mut self, prover: &mut Option<Prover>, pace: &Pace) -> Next;

    /// The file that the step given last has started over, if it did.
    fn take_started_over(&mut self) -> Option<usize> {
        None
    }

    /// The next I/O, where that takes no look at anything but the offsets: of a job that [is plain](super::Core::is_plain).
    /// `None`: [`Source::step`] knows.
    fn plain_io(&mut self) -> Option<Chosen> {
        None
    }
}

/// The job's I/Os.
impl Source for Offsets {
    #[inline(always)]
    fn step(&mut self, prover: &mut Option<Prover>, pace: &Pace) -> Next {
        match prover {
            Some(prover) => next_proven_step(self, prover, pace),
            None if pace.is_limited() => next_limited_step(self, pace),
            None => self.next_step().into(),
        }
    }

    #[inline(always)]
    fn take_started_over(&mut self) -> Option<usize> {
        self.take_started_over()
    }

    #[inline(always)]
    fn plain_io(&mut self) -> Option<Chosen> {
        self.next_plain()
    }
}

/// What a copy of the offsets says was written, to be read back; it counts for the offsets themselves.
pub(super) struct Replay<'o> {
    pub(super) copy: &'o mut Offsets,
    pub(super) offsets: &'o mut Offsets,
    /// Of the next write.
    pub(super) number: u16,
}

impl Source for Replay<'_> {
    fn step(&mut self, prover: &mut Option<Prover>, _: &Pace) -> Next {
        loop {
            match self.copy.next_step() {
                Step::Io(io) if io.direction == Direction::Write => {
                    let write = LoggedWrite {
                        file: index(io.file),
                        offset: io.offset,
                        length: length(io.length),
                        number: self.number,
                        trimmed: false,
                    };
                    self.number = self.number.wrapping_add(1);
                    self.offsets.count_verification(u64::from(write.length));
                    return proof(prover.as_mut(), write);
                }
                Step::Io(_) | Step::Sync { .. } => {}
                end @ (Step::PassEnded | Step::End) => return end.into(),
            }
        }
    }
}

/// What the history holds, to be read back; it counts for the offsets.
pub(super) struct History<'o>(pub(super) &'o mut Offsets);

impl Source for History<'_> {
    fn step(&mut self, prover: &mut Option<Prover>, _: &Pace) -> Next {
        let Some(write) = prover.as_mut().and_then(Prover::next_write) else {
            return Next::Other(Other::End);
        };
        self.0.count_verification(u64::from(write.length));
        proof(prover.as_mut(), write)
    }
}

/// The next step of a job that keeps a rate.
#[inline(never)]
fn next_limited_step(offsets: &mut Offsets, pace: &Pace) -> Next {
    offsets.next_step_with(|direction| Some(pace.redirect(direction))).into()
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
fn proof(prover: Option<&mut Prover>, write: LoggedWrite) -> Next {
    let ends = prover.is_some_and(|prover| prover.ends_before(write.file, write.offset));
    Next::Other(if ends { Other::End } else { Other::Proof(write) })
}
