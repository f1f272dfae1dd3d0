//! Doing nothing for a while, without missing the word to stop.
//!
//! A thread that sleeps wakes some time after it asked to, tens of microseconds on many machines. A job's pauses and the distances of
//! its I/Os would be longer by that. So it asks for less by as much as it was late before, and keeps the processor busy for the
//! rest. fio does so by a fixed time. Where waking takes so long that others must be using the processor, it is left to them.

use rustix::thread::{Timespec, nanosleep};

use super::clock::Clock;
use super::shared::Shared;

/// Longest sleep before the next look whether the job is to end.
const SLICE_NS: u64 = 20_000_000;

/// So late a thread wakes that has its processor to itself; what is more is not made good.
const LATE_MAX_NS: u64 = 100_000;

/// How late the job's thread wakes.
#[derive(Debug, Default)]
pub(super) struct Waking {
    late_ns: u64,
}

impl Waking {
    /// Rests until the clock says so, or the job is to end.
    pub(super) fn rest_until(&mut self, clock: &Clock, until_ns: u64, shared: &Shared) {
        loop {
            let now = clock.now();
            let left_ns = until_ns.saturating_sub(now);
            if left_ns == 0 || shared.is_stopped() {
                return;
            }
            let asked_ns = self.in_good_time(left_ns).min(SLICE_NS);
            if asked_ns == 0 {
                return spin_until(clock, until_ns, shared);
            }
            // A signal may end it early: the clock decides.
            pause(asked_ns);
            self.woke(clock.now().saturating_sub(now + asked_ns));
        }
    }

    /// How long to ask for so that the thread wakes in time; 0: it had better not sleep.
    pub(super) fn in_good_time(&self, left_ns: u64) -> u64 {
        left_ns.saturating_sub(self.late_ns)
    }

    /// The thread woke so much later than it had asked to.
    pub(super) fn woke(&mut self, late_ns: u64) {
        let seen_ns = if late_ns > LATE_MAX_NS { 0 } else { late_ns };
        self.late_ns = (self.late_ns * 7 + seen_ns) / 8;
    }
}

/// Sleeps until the clock says so, or the job is to end.
pub(super) fn sleep_until(clock: &Clock, until_ns: u64, shared: &Shared) {
    loop {
        let left = until_ns.saturating_sub(clock.now());
        if left == 0 || shared.is_stopped() {
            return;
        }
        // A signal may end it early: the clock decides.
        pause(left);
    }
}

/// Sleeps for a moment.
pub(super) fn pause(nanoseconds: u64) {
    let _ = nanosleep(&Timespec { tv_sec: 0, tv_nsec: nanoseconds.min(SLICE_NS).cast_signed() });
}

/// Keeps the processor busy until the clock says so, or the job is to end.
pub(super) fn spin_until(clock: &Clock, until_ns: u64, shared: &Shared) {
    while clock.now() < until_ns && !shared.is_stopped() {
        std::hint::spin_loop();
    }
}

#[cfg(test)]
mod tests {
    use super::super::clock::ClockSource;
    use super::*;

    #[test]
    fn it_asks_for_less_by_as_much_as_it_was_late() {
        let mut waking = Waking::default();
        assert_eq!(waking.in_good_time(1_000_000), 1_000_000);
        for _ in 0..100 {
            waking.woke(40_000);
        }
        let asked_ns = waking.in_good_time(1_000_000);
        assert!((960_000..961_000).contains(&asked_ns), "{asked_ns}");
        assert_eq!(waking.in_good_time(30_000), 0, "it had better not sleep");
        for _ in 0..100 {
            waking.woke(LATE_MAX_NS + 1);
        }
        assert_eq!(waking.in_good_time(30_000), 30_000, "the processor is for others");
    }

    #[test]
    fn it_takes_as_long_as_it_should_unless_it_is_stopped() {
        let (clock, shared) = (Clock::new(ClockSource::Kernel), Shared::default());
        for rest in [sleep_until, spin_until] {
            let until = clock.now() + 2_000_000;
            rest(&clock, until, &shared);
            assert!(clock.now() >= until);
        }
        let mut waking = Waking::default();
        for _ in 0..20 {
            let until = clock.now() + 200_000;
            waking.rest_until(&clock, until, &shared);
            assert!(clock.now() >= until);
        }
        shared.stop();
        waking.rest_until(&clock, u64::MAX, &shared);
        sleep_until(&clock, u64::MAX, &shared);
        spin_until(&clock, u64::MAX, &shared);
    }
}
