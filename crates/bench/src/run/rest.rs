//! Doing nothing for a while, without missing the word to stop.

use rustix::thread::{Timespec, nanosleep};

use super::clock::Clock;
use super::shared::Shared;

/// Longest sleep before the next look whether the job is to end.
const SLICE_NS: u64 = 20_000_000;

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
    fn it_takes_as_long_as_it_should_unless_it_is_stopped() {
        let (clock, shared) = (Clock::new(ClockSource::Kernel), Shared::default());
        for rest in [sleep_until, spin_until] {
            let until = clock.now() + 2_000_000;
            rest(&clock, until, &shared);
            assert!(clock.now() >= until);
        }
        shared.stop();
        sleep_until(&clock, u64::MAX, &shared);
        spin_until(&clock, u64::MAX, &shared);
    }
}
