//! Bandwidth and IOPS over windows of time (`bwavgtime`, `iopsavgtime`): how much was done since the last look.

use super::moments::{Moments, SampleStatistics};
use crate::direction::Direction;

/// A look that comes this many milliseconds early is taken: timers are not exact.
const SLACK_MS: u64 = 1;

/// What is sampled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rate {
    /// Bytes; the samples are KiB a second.
    Bandwidth,
    /// I/Os; the samples are I/Os a second.
    Iops,
}

/// Samples of a rate. It is looked at by whoever keeps the time, a few times a second; it is not on the data path.
#[derive(Debug, Clone)]
pub struct RateSampler {
    rate: Rate,
    window_ms: u64,
    last_ms: u64,
    last: [u64; 3],
    samples: [Moments; 3],
}

impl RateSampler {
    /// Starts at a time in milliseconds.
    #[must_use]
    pub fn new(rate: Rate, window_ms: u64, now_ms: u64) -> Self {
        Self { rate, window_ms, last_ms: now_ms, last: [0; 3], samples: [Moments::default(); 3] }
    }

    /// Looks at how much was done since the start, by direction. When the window is over, `sampled` gets each direction's
    /// rate, for its log; directions that did nothing have no sample. Returns in how many milliseconds to look again.
    ///
    /// Counts that went back (a loop began anew) start from 0.
    pub fn look(&mut self, now_ms: u64, counts: [u64; 3], mut sampled: impl FnMut(Direction, u64)) -> u64 {
        let spent = now_ms.saturating_sub(self.last_ms);
        if spent + SLACK_MS < self.window_ms {
            return self.window_ms - spent;
        }
        for direction in Direction::ALL {
            let index = direction.index();
            let done = counts[index].checked_sub(self.last[index]).unwrap_or(counts[index]);
            if done == 0 {
                continue;
            }
            let per_second = (u128::from(done) * 1000).checked_div(u128::from(spent)).unwrap_or(0);
            let rate = match self.rate {
                Rate::Bandwidth => per_second / 1024,
                Rate::Iops => per_second,
            };
            let rate = u64::try_from(rate).unwrap_or(u64::MAX);
            self.samples[index].record(rate);
            sampled(direction, rate);
        }
        self.last = counts;
        self.last_ms = now_ms;
        // A late look makes the next one early, so that samples keep their pace.
        let late = spent.saturating_sub(self.window_ms);
        if late == 0 { self.window_ms } else { self.window_ms.saturating_sub(late + 1) }
    }

    /// Adds a sample that was taken otherwise: with a log without averaging, each I/O is one.
    pub fn record(&mut self, direction: Direction, rate: u64) {
        self.samples[direction.index()].record(rate);
    }

    /// The samples of a direction.
    #[must_use]
    pub fn statistics(&self, direction: Direction) -> SampleStatistics {
        self.samples[direction.index()].statistics()
    }

    /// Forgets the samples and starts at a time in milliseconds, with these counts: the ramp is over.
    pub fn reset(&mut self, now_ms: u64, counts: [u64; 3]) {
        *self = Self { last: counts, ..Self::new(self.rate, self.window_ms, now_ms) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_gives_a_sample_for_each_direction_that_did_something() {
        let mut sampler = RateSampler::new(Rate::Bandwidth, 500, 1000);
        let mut seen = Vec::new();
        assert_eq!(sampler.look(1100, [1 << 20, 0, 0], |_, _| panic!("too early")), 400);
        assert_eq!(sampler.look(1499, [1 << 20, 0, 0], |direction, rate| seen.push((direction, rate))), 500);
        assert_eq!(seen, [(Direction::Read, 1024 * 1000 / 499)]);
        seen.clear();
        assert_eq!(sampler.look(2019, [1 << 20, 1 << 19, 0], |direction, rate| seen.push((direction, rate))), 479);
        assert_eq!(seen, [(Direction::Write, 512 * 1000 / 520)]);
        assert_eq!(sampler.statistics(Direction::Read).samples, 1);
        assert_eq!(sampler.statistics(Direction::Trim), SampleStatistics::default());
    }

    #[test]
    fn iops_are_counts_and_a_reset_starts_anew() {
        let mut sampler = RateSampler::new(Rate::Iops, 100, 0);
        sampler.look(100, [0, 0, 50], |_, _| {});
        assert_eq!(sampler.statistics(Direction::Trim).mean, 500.0);
        sampler.reset(100, [0, 0, 50]);
        assert!(sampler.statistics(Direction::Trim).is_empty());
        sampler.look(200, [0, 0, 60], |_, rate| assert_eq!(rate, 100));
        sampler.look(300, [0, 0, 4], |_, rate| assert_eq!(rate, 40));
        assert_eq!(sampler.statistics(Direction::Trim).samples, 2);
    }
}
