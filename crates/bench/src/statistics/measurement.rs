//! What a job measured, in the form that is merged, sent and printed. Doubles are fine here: it is made once a report.

use super::distribution::{BatchSizes, DepthLevels, LatencyRanges};
use super::histogram::Histogram;
use super::moments::SampleStatistics;

/// A kind of latency: its figures in nanoseconds, and its histogram when percentiles are wanted.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LatencyResult {
    /// Samples, minimum, maximum, mean, deviation.
    pub statistics: SampleStatistics,
    /// How the samples spread.
    pub histogram: Option<Histogram>,
}

impl LatencyResult {
    /// Adds the samples of another.
    pub fn merge(&mut self, other: &Self) {
        self.statistics.merge(&other.statistics);
        match (&mut self.histogram, &other.histogram) {
            (Some(mine), Some(theirs)) => mine.merge(theirs),
            (mine @ None, Some(theirs)) => *mine = Some(theirs.clone()),
            (_, None) => {}
        }
    }
}

/// The latencies of one I/O priority.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PriorityResult {
    /// Class in the upper three bits, level in the lower three (`ioprio`).
    pub priority: u16,
    /// Total latencies when their percentiles are wanted, else completion latencies.
    pub latency: LatencyResult,
}

impl PriorityResult {
    /// The class: 1 real time, 2 best effort, 3 idle.
    #[must_use]
    pub fn class(&self) -> u16 {
        self.priority >> 13
    }

    /// The level in the class: 0 (highest) to 7.
    #[must_use]
    pub fn level(&self) -> u16 {
        self.priority & 7
    }
}

/// What a job did in one direction.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct DirectionResult {
    /// I/Os given to the engine.
    pub ios: u64,
    /// Those that moved fewer bytes than they should have.
    pub short: u64,
    /// Those that were not done because they came too late.
    pub dropped: u64,
    /// Bytes moved.
    pub bytes: u64,
    /// Milliseconds from the first to the last I/O; 0 when there was none. Of several jobs the longest.
    pub runtime_ms: u64,
    /// From the start of an I/O to its submission.
    pub slat: LatencyResult,
    /// From the submission to the completion.
    pub clat: LatencyResult,
    /// From the start to the completion.
    pub lat: LatencyResult,
    /// Samples of the bandwidth, in KiB/s.
    pub bandwidth: SampleStatistics,
    /// Samples of the I/Os per second.
    pub iops: SampleStatistics,
    /// The latencies by priority, when several priorities were used.
    pub priorities: Vec<PriorityResult>,
}

impl DirectionResult {
    /// Adds what another job did in its direction. Parity: fio's sums; bandwidth and IOPS add up member by member.
    pub fn merge(&mut self, other: &Self) {
        self.ios = self.ios.saturating_add(other.ios);
        self.short = self.short.saturating_add(other.short);
        self.dropped = self.dropped.saturating_add(other.dropped);
        self.bytes = self.bytes.saturating_add(other.bytes);
        self.runtime_ms = self.runtime_ms.max(other.runtime_ms);
        self.slat.merge(&other.slat);
        self.clat.merge(&other.clat);
        self.lat.merge(&other.lat);
        self.bandwidth.add(&other.bandwidth);
        self.iops.add(&other.iops);
    }

    /// Adds latencies of a priority.
    pub fn merge_priority(&mut self, priority: u16, latency: &LatencyResult) {
        if latency.statistics.is_empty() {
            return;
        }
        match self.priorities.iter_mut().find(|known| known.priority == priority) {
            Some(known) => known.latency.merge(latency),
            None => self.priorities.push(PriorityResult { priority, latency: latency.clone() }),
        }
    }

    /// The priorities that have samples, when there are at least two: fewer are not worth a table.
    #[must_use]
    pub fn priorities_in_use(&self) -> Vec<&PriorityResult> {
        let used: Vec<_> = self.priorities.iter().filter(|known| !known.latency.statistics.is_empty()).collect();
        if used.len() < 2 { Vec::new() } else { used }
    }

    /// Bytes a second, rounded down; 0 without a time.
    #[must_use]
    pub fn bytes_per_second(&self) -> u64 {
        per_second(self.bytes, self.runtime_ms)
    }

    /// I/Os a second, rounded down; 0 without a time.
    #[must_use]
    pub fn ios_per_second(&self) -> u64 {
        per_second(self.ios, self.runtime_ms)
    }
}

fn per_second(count: u64, milliseconds: u64) -> u64 {
    let rate = (u128::from(count) * 1000).checked_div(u128::from(milliseconds)).unwrap_or(0);
    u64::try_from(rate).unwrap_or(u64::MAX)
}

/// All that a job measured.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Measurement {
    /// By [`crate::direction::Direction`].
    pub directions: [DirectionResult; 3],
    /// Syncs given to the engine.
    pub syncs: u64,
    /// How long they took.
    pub sync: LatencyResult,
    /// Depths that I/Os were begun at.
    pub depth: DepthLevels,
    /// I/Os for each call that submitted.
    pub submissions: BatchSizes,
    /// I/Os for each call that reaped.
    pub completions: BatchSizes,
    /// How completion latencies spread over coarse ranges.
    pub ranges: LatencyRanges,
}

impl Measurement {
    /// I/Os of all directions.
    #[must_use]
    pub fn ios(&self) -> u64 {
        self.directions.iter().fold(0, |sum, direction| sum.saturating_add(direction.ios))
    }

    /// Bytes of all directions.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.directions.iter().fold(0, |sum, direction| sum.saturating_add(direction.bytes))
    }

    /// All directions as one, in the place of the reads (`unified_rw_reporting`).
    #[must_use]
    pub fn mixed(&self) -> Self {
        let mut mixed = Self { directions: Default::default(), ..self.clone() };
        for direction in &self.directions {
            mixed.directions[0].merge(direction);
            for known in &direction.priorities {
                mixed.directions[0].merge_priority(known.priority, &known.latency);
            }
        }
        mixed
    }

    /// Adds what another job measured. Priorities are for the caller: they depend on the jobs' own.
    pub fn merge(&mut self, other: &Self) {
        for (mine, theirs) in self.directions.iter_mut().zip(&other.directions) {
            mine.merge(theirs);
        }
        self.syncs = self.syncs.saturating_add(other.syncs);
        self.sync.merge(&other.sync);
        self.depth.merge(&other.depth);
        self.submissions.merge(&other.submissions);
        self.completions.merge(&other.completions);
        self.ranges.merge(&other.ranges);
    }
}

#[cfg(test)]
mod tests {
    use super::super::moments::Moments;
    use super::*;

    fn latency(nanoseconds: u64) -> LatencyResult {
        let mut moments = Moments::default();
        moments.record(nanoseconds);
        let mut histogram = Histogram::new();
        histogram.record(nanoseconds);
        LatencyResult { statistics: moments.statistics(), histogram: Some(histogram) }
    }

    #[test]
    fn the_longest_time_counts_and_the_rest_adds_up() {
        let mut one = DirectionResult { ios: 3, bytes: 12288, runtime_ms: 10, clat: latency(5), ..Default::default() };
        let mut two = DirectionResult { ios: 1, bytes: 4096, runtime_ms: 30, clat: latency(9), ..Default::default() };
        (one.bandwidth, one.iops) = (latency(100).statistics, latency(25).statistics);
        (two.bandwidth, two.iops) = (latency(300).statistics, latency(75).statistics);
        one.merge(&two);
        assert_eq!((one.bandwidth.mean, one.iops.mean), (400.0, 100.0), "what was done at the same time");
        assert_eq!((one.ios, one.bytes, one.runtime_ms), (4, 16384, 30));
        assert_eq!((one.clat.statistics.minimum, one.clat.statistics.maximum), (5, 9));
        assert_eq!(one.clat.histogram.as_ref().unwrap().bins().count(), 2);
        assert_eq!((one.bytes_per_second(), one.ios_per_second()), (546_133, 133));
        assert_eq!(DirectionResult::default().bytes_per_second(), 0);
    }

    #[test]
    fn mixed_holds_everything_in_the_place_of_the_reads() {
        let mut measurement = Measurement { syncs: 2, ..Measurement::default() };
        for (direction, ios) in measurement.directions.iter_mut().zip([1, 2, 4]) {
            direction.ios = ios;
            direction.merge_priority(0, &latency(100));
        }
        let mixed = measurement.mixed();
        assert_eq!((mixed.directions[0].ios, mixed.directions[1].ios, mixed.syncs), (7, 0, 2));
        assert_eq!(mixed.directions[0].priorities[0].latency.statistics.samples, 3);
        assert_eq!(mixed.ios(), measurement.ios());
    }

    #[test]
    fn priorities_show_when_two_have_samples() {
        let mut direction = DirectionResult::default();
        direction.merge_priority(0, &latency(100));
        direction.merge_priority(1 << 13 | 4, &LatencyResult::default());
        assert!(direction.priorities_in_use().is_empty());
        direction.merge_priority(1 << 13 | 4, &latency(50));
        let used = direction.priorities_in_use();
        assert_eq!((used.len(), used[1].class(), used[1].level()), (2, 1, 4));
    }
}
