//! What a job's thread tells the coordinator while it runs, and what the coordinator tells it: numbers in shared memory.
//!
//! The thread stores with plain (relaxed) writes about a thousand times a second and before it waits; nobody else writes
//! to its numbers, so its cache line stays its own.

use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::output::status_line::run_states::{RunState, Workload, WorkloadKind};
use crate::statistics::Measurement;

use super::slots::{NAMES, Slot};

/// Where a job is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Phase {
    /// It waits for its turn.
    Waiting,
    /// It opens files and takes memory.
    SettingUp,
    /// It reads its files into the cache.
    PreReading,
    /// It runs, and nothing counts yet.
    Ramping,
    /// It runs.
    Running,
    /// It reads back what it wrote.
    Verifying,
    /// It makes its data durable.
    Syncing,
    /// It has ended.
    Ended,
}

const PHASES: [Phase; 8] = [
    Phase::Waiting,
    Phase::SettingUp,
    Phase::PreReading,
    Phase::Ramping,
    Phase::Running,
    Phase::Verifying,
    Phase::Syncing,
    Phase::Ended,
];

/// The I/O that a job waits for longest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Oldest {
    /// Nanoseconds of the run's clock when it was issued.
    pub(super) since_ns: u64,
    /// What it is, for messages.
    pub(super) operation: &'static str,
    /// The number of its file.
    pub(super) file: usize,
    pub(super) offset: u64,
    pub(super) length_bytes: u32,
}

/// The numbers of one job.
#[derive(Debug)]
#[repr(align(128))]
pub(super) struct Shared {
    bytes: [AtomicU64; 3],
    ios: [AtomicU64; 3],
    /// Of the I/O that is waited for longest; 0 nanoseconds: of none.
    oldest_ns: AtomicU64,
    oldest_offset: AtomicU64,
    oldest_file: AtomicU32,
    oldest_length: AtomicU32,
    oldest_kind: AtomicU8,
    files_open: AtomicU32,
    /// Since the clock began, when the job began, or its ramp was over.
    began_ns: AtomicU64,
    phase: AtomicU8,
    stop: AtomicBool,
    depth: AtomicU32,
    failed: AtomicBool,
    /// The job saves the state of its verification as soon as it is stopped, and has done so.
    saves_at_once: AtomicBool,
    has_saved: AtomicBool,
    /// Somebody wants to know what was measured so far.
    wanted: AtomicBool,
    measured: Mutex<Option<Box<Measurement>>>,
}

impl Default for Shared {
    fn default() -> Self {
        Self {
            bytes: Default::default(),
            ios: Default::default(),
            oldest_ns: AtomicU64::new(0),
            oldest_offset: AtomicU64::new(0),
            oldest_file: AtomicU32::new(0),
            oldest_length: AtomicU32::new(0),
            oldest_kind: AtomicU8::new(0),
            files_open: AtomicU32::new(0),
            began_ns: AtomicU64::new(0),
            phase: AtomicU8::new(Phase::Waiting as u8),
            stop: AtomicBool::new(false),
            depth: AtomicU32::new(0),
            failed: AtomicBool::new(false),
            saves_at_once: AtomicBool::new(false),
            has_saved: AtomicBool::new(false),
            wanted: AtomicBool::new(false),
            measured: Mutex::new(None),
        }
    }
}

impl Shared {
    /// Tells how much was done so far.
    pub(super) fn publish(&self, bytes: [u64; 3], ios: [u64; 3]) {
        for (place, value) in self.bytes.iter().zip(bytes).chain(self.ios.iter().zip(ios)) {
            place.store(value, Ordering::Relaxed);
        }
    }

    /// Bytes and I/Os so far, by direction.
    #[must_use]
    pub(super) fn done(&self) -> ([u64; 3], [u64; 3]) {
        let read = |places: &[AtomicU64; 3]| places.each_ref().map(|place| place.load(Ordering::Relaxed));
        (read(&self.bytes), read(&self.ios))
    }

    /// Tells which I/O is waited for longest. Plain stores: whoever reads them while they change sees a mixture, but only for I/Os
    /// that do not hang.
    #[inline]
    pub(super) fn set_oldest(&self, slot: &Slot) {
        self.oldest_offset.store(slot.offset, Ordering::Relaxed);
        self.oldest_file.store(slot.file, Ordering::Relaxed);
        self.oldest_length.store(slot.length_bytes, Ordering::Relaxed);
        self.oldest_kind.store(slot.kind(), Ordering::Relaxed);
        self.oldest_ns.store(slot.issued_ns.max(1), Ordering::Relaxed);
    }

    /// Tells that no I/O is waited for.
    pub(super) fn clear_oldest(&self) {
        self.oldest_ns.store(0, Ordering::Relaxed);
    }

    /// The I/O that was waited for longest at the last word.
    #[must_use]
    pub(super) fn oldest(&self) -> Option<Oldest> {
        let since_ns = self.oldest_ns.load(Ordering::Relaxed);
        (since_ns > 0).then(|| Oldest {
            since_ns,
            operation: NAMES[usize::from(self.oldest_kind.load(Ordering::Relaxed)).min(NAMES.len() - 1)],
            file: self.oldest_file.load(Ordering::Relaxed) as usize,
            offset: self.oldest_offset.load(Ordering::Relaxed),
            length_bytes: self.oldest_length.load(Ordering::Relaxed),
        })
    }

    pub(super) fn set_files_open(&self, count: u32) {
        self.files_open.store(count, Ordering::Relaxed);
    }

    /// Files that are open.
    #[must_use]
    pub(super) fn files_open(&self) -> u32 {
        self.files_open.load(Ordering::Relaxed)
    }

    pub(super) fn enter(&self, phase: Phase) {
        self.phase.store(phase as u8, Ordering::Release);
    }

    /// Where the job is.
    #[must_use]
    pub(super) fn phase(&self) -> Phase {
        PHASES[usize::from(self.phase.load(Ordering::Acquire)).min(PHASES.len() - 1)]
    }

    pub(super) fn set_began(&self, now_ns: u64) {
        self.began_ns.store(now_ns, Ordering::Relaxed);
    }

    /// Nanoseconds of the run's clock when the job began to run, or its ramp was over.
    #[must_use]
    pub(super) fn began_ns(&self) -> u64 {
        self.began_ns.load(Ordering::Relaxed)
    }

    /// Tells the job to end.
    pub(super) fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    /// Whether the job is to end.
    #[inline]
    #[must_use]
    pub(super) fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// Tells the job to save the state of its verification when it is stopped, before it waits for anything.
    pub(super) fn save_at_once(&self) {
        self.saves_at_once.store(true, Ordering::Relaxed);
    }

    #[must_use]
    pub(super) fn saves_at_once(&self) -> bool {
        self.saves_at_once.load(Ordering::Relaxed)
    }

    /// Tells that the state is saved.
    pub(super) fn set_saved(&self) {
        self.has_saved.store(true, Ordering::Release);
    }

    #[must_use]
    pub(super) fn has_saved(&self) -> bool {
        self.has_saved.load(Ordering::Acquire)
    }

    /// Asks the job for what it has measured so far. It answers when it looks up the next time.
    pub(super) fn ask(&self) {
        self.wanted.store(true, Ordering::Relaxed);
    }

    /// Whether the job was asked since the last time.
    pub(super) fn is_asked(&self) -> bool {
        self.wanted.load(Ordering::Relaxed) && self.wanted.swap(false, Ordering::Relaxed)
    }

    /// The job's answer, and how deep it may be now.
    pub(super) fn answer(&self, measured: Measurement, depth: u32) {
        self.depth.store(depth, Ordering::Relaxed);
        *self.measured.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(measured));
    }

    /// The latest answer.
    pub(super) fn answered(&self) -> Option<Measurement> {
        self.measured.lock().unwrap_or_else(PoisonError::into_inner).as_deref().cloned()
    }

    /// How deep the job might be when it answered last; 0: it has not.
    pub(super) fn depth(&self) -> u32 {
        self.depth.load(Ordering::Relaxed)
    }

    pub(super) fn fail(&self) {
        self.failed.store(true, Ordering::Relaxed);
    }

    /// Whether the job has failed.
    #[must_use]
    pub(super) fn has_failed(&self) -> bool {
        self.failed.load(Ordering::Relaxed)
    }

    /// The letter of the job in the status line.
    #[must_use]
    pub(super) fn run_state(&self, kind: WorkloadKind, random: bool) -> RunState {
        match self.phase() {
            Phase::Waiting => RunState::NotCreated,
            Phase::SettingUp => RunState::SettingUp,
            Phase::PreReading => RunState::PreReading,
            Phase::Ramping => RunState::Ramping,
            Phase::Running => RunState::Running(Workload { kind, random }),
            Phase::Verifying => RunState::Verifying,
            Phase::Syncing => RunState::Syncing,
            Phase::Ended if self.has_failed() => RunState::Failed,
            Phase::Ended => RunState::Reaped,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phases_are_their_numbers_and_what_is_published_is_read() {
        for (number, phase) in PHASES.into_iter().enumerate() {
            assert_eq!(phase as usize, number);
        }
        let shared = Shared::default();
        assert_eq!(shared.phase(), Phase::Waiting);
        shared.enter(Phase::Running);
        shared.publish([1, 2, 3], [4, 5, 6]);
        assert_eq!((shared.phase(), shared.done()), (Phase::Running, ([1, 2, 3], [4, 5, 6])));
        assert_eq!(shared.oldest(), None);
        let slot = Slot { offset: 4096, length_bytes: 512, file: 3, issued_ns: 9, ..Slot::FREE };
        shared.set_oldest(&slot);
        let io = Oldest { since_ns: 9, operation: "read", file: 3, offset: 4096, length_bytes: 512 };
        assert_eq!(shared.oldest(), Some(io));
        shared.clear_oldest();
        assert_eq!(shared.oldest(), None);
        assert!(!shared.saves_at_once() && !shared.has_saved());
        shared.save_at_once();
        shared.set_saved();
        assert!(shared.saves_at_once() && shared.has_saved());
        assert!(!shared.is_stopped());
        shared.stop();
        assert!(shared.is_stopped());
        assert!(!shared.is_asked() && shared.answered().is_none());
        shared.ask();
        assert!(shared.is_asked() && !shared.is_asked());
        shared.answer(Measurement::default(), 3);
        assert_eq!((shared.answered(), shared.depth()), (Some(Measurement::default()), 3));
    }
}
