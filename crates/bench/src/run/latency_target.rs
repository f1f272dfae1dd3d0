//! The depth at which latencies stay below a target (`latency_target`, `latency_window`, `latency_percentile`,
//! `latency_run`).
//!
//! A depth is tried for a window. When too many I/Os of it were late, the depth was too high, else it may be higher: the
//! search halves what lies between. It is over when nothing lies between; then the job ends, or with `latency_run` goes on
//! and searches again when latencies change.

use reactor::clock::Duration;

use super::clock::nanoseconds;
use crate::statistics::LatencyTargetResult;

/// What is sought.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct LatencyTargetSettings {
    /// The latency; zero: no search.
    pub target: Duration,
    /// How long a depth is tried.
    pub window: Duration,
    /// The percentage of I/Os that have to be in time.
    pub percentile: f64,
    /// The search goes on.
    pub runs_on: bool,
}

impl LatencyTargetSettings {
    /// What reports have of it: the depth that was reached.
    pub(super) fn result(&self, depth: u32) -> LatencyTargetResult {
        LatencyTargetResult {
            target_ns: nanoseconds(self.target),
            window_us: nanoseconds(self.window) / 1000,
            percentile: if self.target.is_zero() { 100.0 } else { self.percentile },
            depth,
        }
    }
}

/// What follows from a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The window goes on.
    GoOn,
    /// Another depth is tried.
    Changed,
    /// The depth is found; the job is over.
    Found,
    /// Even a depth of 1 is too slow.
    Impossible,
}

/// The search.
#[derive(Debug)]
pub(super) struct LatencyTarget {
    settings: LatencyTargetSettings,
    target_ns: u64,
    depth: u32,
    /// Depths that were in time, and that were not.
    good: u32,
    bad: u32,
    depth_max: u32,
    window_began_ns: u64,
    ios: u64,
    late: u64,
}

impl LatencyTarget {
    pub(super) fn new(settings: LatencyTargetSettings, depth_max: u32, now_ns: u64) -> Self {
        let searches = !settings.target.is_zero();
        Self {
            target_ns: nanoseconds(settings.target),
            settings,
            depth: if searches { 1 } else { depth_max },
            good: 0,
            bad: depth_max + 1,
            depth_max,
            window_began_ns: now_ns,
            ios: 0,
            late: 0,
        }
    }

    /// The job begins now.
    pub(super) fn begin(&mut self, now_ns: u64) {
        self.window_began_ns = now_ns;
    }

    /// The settings, and the depth that was reached.
    pub(super) fn found(&self) -> (LatencyTargetSettings, u32) {
        (self.settings, self.depth)
    }

    /// Whether there is a target.
    #[inline]
    pub(super) fn is_on(&self) -> bool {
        self.target_ns > 0
    }

    /// How deep the job may be now.
    #[inline]
    pub(super) fn depth(&self) -> u32 {
        self.depth
    }

    /// An I/O took so long.
    #[inline]
    pub(super) fn record(&mut self, latency_ns: u64) {
        self.ios += 1;
        self.late += u64::from(latency_ns > self.target_ns);
    }

    /// Looks whether the window is over.
    pub(super) fn look(&mut self, now_ns: u64) -> Verdict {
        let is_over = now_ns.saturating_sub(self.window_began_ns) >= nanoseconds(self.settings.window);
        // A late I/O too many decides at once, without the rest of the window.
        if !self.is_on() || self.ios == 0 || !(is_over || self.settings.percentile >= 100.0 && self.late > 0) {
            return Verdict::GoOn;
        }
        let in_time = self.is_in_time();
        (self.ios, self.late, self.window_began_ns) = (0, 0, now_ns);
        if in_time {
            self.good = self.depth
        } else {
            self.bad = self.depth
        }
        if self.bad <= 1 {
            return Verdict::Impossible;
        }
        if self.good + 1 >= self.bad {
            if !self.settings.runs_on {
                self.depth = self.good.max(1);
                return Verdict::Found;
            }
            // Latencies change: leave room on both sides.
            self.bad = (self.good + 2).min(self.depth_max + 1);
            self.good = self.good.saturating_sub(1);
        }
        let next = if self.bad > self.depth_max { self.depth.saturating_mul(2) } else { (self.good + self.bad) / 2 };
        self.depth = next.clamp(1, self.bad - 1).max(self.good.min(self.bad - 1));
        Verdict::Changed
    }

    fn is_in_time(&self) -> bool {
        #[expect(clippy::cast_precision_loss, reason = "a share")]
        let share = (self.ios - self.late) as f64 / self.ios as f64;
        share * 100.0 >= self.settings.percentile
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Searches on a device whose I/Os take a microsecond for each one that is under way.
    fn search(target_us: u64, depth_max: u32) -> (Verdict, u32) {
        let settings = LatencyTargetSettings {
            target: Duration::from_micros(target_us),
            window: Duration::from_millis(1),
            percentile: 100.0,
            runs_on: false,
        };
        let mut search = LatencyTarget::new(settings, depth_max, 0);
        for round in 1..100 {
            search.record(u64::from(search.depth()) * 1000);
            match search.look(round * 1_000_000) {
                Verdict::GoOn | Verdict::Changed => {}
                verdict => return (verdict, search.depth()),
            }
        }
        panic!("no end");
    }

    #[test]
    fn the_deepest_that_is_in_time_is_found() {
        for (target_us, depth_max, expected) in [(10, 64, 10), (100, 64, 64), (1, 64, 1), (33, 64, 33), (7, 7, 7)] {
            assert_eq!(search(target_us, depth_max), (Verdict::Found, expected), "{target_us} us");
        }
        let none = LatencyTarget::new(LatencyTargetSettings::default(), 4, 0);
        assert_eq!((none.is_on(), none.depth()), (false, 4), "without a target: as deep as the job");
    }

    #[test]
    fn a_target_that_one_io_misses_is_impossible() {
        let settings = LatencyTargetSettings {
            target: Duration::from_nanos(500),
            window: Duration::from_millis(1),
            percentile: 90.0,
            runs_on: false,
        };
        let mut search = LatencyTarget::new(settings, 8, 0);
        search.record(1000);
        assert_eq!(search.look(999_999), Verdict::GoOn);
        assert_eq!(search.look(1_000_000), Verdict::Impossible);
    }

    #[test]
    fn some_may_be_late() {
        let settings = LatencyTargetSettings {
            target: Duration::from_micros(1),
            window: Duration::from_millis(1),
            percentile: 90.0,
            runs_on: false,
        };
        let mut search = LatencyTarget::new(settings, 8, 0);
        for latency in [1, 2, 3, 4, 5, 6, 7, 8, 9, 5000] {
            search.record(latency);
        }
        assert_eq!(search.look(1_000_000), Verdict::Changed);
        assert_eq!(search.depth(), 2);
    }
}
