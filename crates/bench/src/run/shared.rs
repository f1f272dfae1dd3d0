//! What a job's thread tells the coordinator while it runs, and what the coordinator tells it: numbers in shared memory.
//!
//! The thread stores with plain (relaxed) writes about a thousand times a second and before it waits; nobody else writes
//! to its numbers, so its cache line stays its own.

use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::output::status_line::run_states::{RunState, Workload, WorkloadKind};
use crate::statistics::Measurement;

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

/// The numbers of one job.
#[derive(Debug)]
#[repr(align(128))]
pub(super) struct Shared {
    bytes: [AtomicU64; 3],
    ios: [AtomicU64; 3],
    under_way: AtomicU32,
    files_open: AtomicU32,
    /// Since the clock began, when the phase of running began.
    began_ns: AtomicU64,
    phase: AtomicU8,
    stop: AtomicBool,
    failed: AtomicBool,
    /// Somebody wants to know what was measured so far.
    wanted: AtomicBool,
    measured: Mutex<Option<Box<Measurement>>>,
}

impl Default for Shared {
    fn default() -> Self {
        Self {
            bytes: Default::default(),
            ios: Default::default(),
            under_way: AtomicU32::new(0),
            files_open: AtomicU32::new(0),
            began_ns: AtomicU64::new(0),
            phase: AtomicU8::new(Phase::Waiting as u8),
            stop: AtomicBool::new(false),
            failed: AtomicBool::new(false),
            wanted: AtomicBool::new(false),
            measured: Mutex::new(None),
        }
    }
}

impl Shared {
    /// Tells how much was done so far.
    pub(super) fn publish(&self, bytes: [u64; 3], ios: [u64; 3], under_way: u32) {
        for (place, value) in self.bytes.iter().zip(bytes).chain(self.ios.iter().zip(ios)) {
            place.store(value, Ordering::Relaxed);
        }
        self.under_way.store(under_way, Ordering::Relaxed);
    }

    /// Bytes and I/Os so far, by direction.
    #[must_use]
    pub(super) fn done(&self) -> ([u64; 3], [u64; 3]) {
        let read = |places: &[AtomicU64; 3]| places.each_ref().map(|place| place.load(Ordering::Relaxed));
        (read(&self.bytes), read(&self.ios))
    }

    /// Tells how many I/Os are under way.
    #[inline]
    pub(super) fn set_under_way(&self, count: u32) {
        self.under_way.store(count, Ordering::Relaxed);
    }

    /// I/Os under way at the last word.
    #[must_use]
    pub(super) fn under_way(&self) -> u32 {
        self.under_way.load(Ordering::Relaxed)
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

    /// Nanoseconds of the run's clock when the job began to run.
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

    /// Asks the job for what it has measured so far. It answers when it looks up the next time.
    pub(super) fn ask(&self) {
        self.wanted.store(true, Ordering::Relaxed);
    }

    /// Whether the job was asked since the last time.
    pub(super) fn is_asked(&self) -> bool {
        self.wanted.load(Ordering::Relaxed) && self.wanted.swap(false, Ordering::Relaxed)
    }

    /// The job's answer.
    pub(super) fn answer(&self, measured: Measurement) {
        *self.measured.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(measured));
    }

    /// The latest answer.
    pub(super) fn answered(&self) -> Option<Measurement> {
        self.measured.lock().unwrap_or_else(PoisonError::into_inner).as_deref().cloned()
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
        shared.publish([1, 2, 3], [4, 5, 6], 7);
        assert_eq!((shared.phase(), shared.done(), shared.under_way()), (Phase::Running, ([1, 2, 3], [4, 5, 6]), 7));
        assert!(!shared.is_stopped());
        shared.stop();
        assert!(shared.is_stopped());
        assert!(!shared.is_asked() && shared.answered().is_none());
        shared.ask();
        assert!(shared.is_asked() && !shared.is_asked());
        shared.answer(Measurement::default());
        assert_eq!(shared.answered(), Some(Measurement::default()));
    }
}
