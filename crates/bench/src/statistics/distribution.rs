//! How I/Os spread over depths and over coarse ranges of latency: the tables at the end of a job's results.

use super::histogram::{BUCKETS, Histogram, bucket_of, lowest_of};

/// Levels of a depth or batch table.
pub const DEPTH_LEVELS: usize = 7;
/// Ranges below a microsecond.
pub const NANOSECOND_RANGES: usize = 10;
/// Ranges below a millisecond.
pub const MICROSECOND_RANGES: usize = 10;
/// Ranges from a millisecond on.
pub const MILLISECOND_RANGES: usize = 12;
const RANGES: usize = NANOSECOND_RANGES + MICROSECOND_RANGES + MILLISECOND_RANGES;

/// Where each range of latency but the last ends, in nanoseconds.
const RANGE_ENDS: [u64; RANGES - 1] = {
    let steps = [2, 4, 10, 20, 50, 100, 250, 500, 750, 1000, 2000];
    let mut ends = [0; RANGES - 1];
    let mut range = 0;
    while range < ends.len() {
        let (step, unit) = match range {
            0..10 => (range, 1),
            10..20 => (range - 10, 1000),
            _ => (range - 20, 1_000_000),
        };
        ends[range] = steps[step] * unit;
        range += 1;
    }
    ends
};

/// For each bucket of a histogram: 0, or the number (from 1) of the range whose end lies inside of it.
const SPLIT_BY: [u8; BUCKETS] = {
    let mut split = [0; BUCKETS];
    let mut range = 0;
    while range < RANGE_ENDS.len() {
        let bucket = bucket_of(RANGE_ENDS[range]);
        if lowest_of(bucket) < RANGE_ENDS[range] {
            split[bucket] = range_number(range + 1);
        }
        range += 1;
    }
    split
};

#[expect(clippy::cast_possible_truncation, reason = "there are 32 ranges")]
const fn range_number(range: usize) -> u8 {
    range as u8
}

/// How many I/Os were begun at each depth: 1, 2–3, 4–7, 8–15, 16–31, 32–63, 64 and more.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DepthLevels(pub [u64; DEPTH_LEVELS]);

impl DepthLevels {
    /// Counts I/Os that were begun while `depth` were under way.
    #[inline]
    pub fn record(&mut self, depth: u32, count: u64) {
        let level = if depth == 0 { DEPTH_LEVELS - 1 } else { depth.ilog2() as usize };
        self.0[level.min(DEPTH_LEVELS - 1)] += count;
    }

    /// Adds the counts of another.
    pub fn merge(&mut self, other: &Self) {
        add_all(&mut self.0, &other.0);
    }
}

/// How large batches were: 0, 1–4, 5–8, 9–16, 17–32, 33–64, 65 and more at once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct BatchSizes {
    /// Batches of each size.
    pub levels: [u64; DEPTH_LEVELS],
    /// All batches.
    pub total: u64,
}

impl BatchSizes {
    /// Counts a batch of `size` I/Os.
    #[inline]
    pub fn record(&mut self, size: u32) {
        let level = match size {
            0 => 0,
            1..=4 => 1,
            _ => ((size - 1).ilog2() as usize).min(DEPTH_LEVELS - 1),
        };
        self.levels[level] += 1;
        self.total += 1;
    }

    /// Adds the counts of another.
    pub fn merge(&mut self, other: &Self) {
        add_all(&mut self.levels, &other.levels);
        self.total = self.total.saturating_add(other.total);
    }
}

/// How many I/Os took how long, in ranges: below 2, 4, 10, 20, 50, 100, 250, 500, 750, 1000 (and 2000, and from 2000 ms on).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LatencyRanges {
    /// Below a microsecond.
    pub nanoseconds: [u64; NANOSECOND_RANGES],
    /// From a microsecond to a millisecond.
    pub microseconds: [u64; MICROSECOND_RANGES],
    /// From a millisecond on.
    pub milliseconds: [u64; MILLISECOND_RANGES],
}

impl LatencyRanges {
    /// Adds the counts of another.
    pub fn merge(&mut self, other: &Self) {
        add_all(&mut self.nanoseconds, &other.nanoseconds);
        add_all(&mut self.microseconds, &other.microseconds);
        add_all(&mut self.milliseconds, &other.milliseconds);
    }

    fn range_mut(&mut self, range: usize) -> &mut u64 {
        match range {
            0..10 => &mut self.nanoseconds[range],
            10..20 => &mut self.microseconds[range - 10],
            _ => &mut self.milliseconds[range - 20],
        }
    }
}

/// What a histogram does not know about the ranges.
///
/// Ranges end inside of few buckets; for all others the bucket says the range. So an I/O does not look its range up: only
/// one in a bucket that a range's end splits is counted here too, when it lies behind that end.
#[derive(Debug, Clone, Default)]
pub(super) struct RangeRemainders {
    /// By range: the I/Os in the bucket with its end that took at least that long.
    behind: [u64; RANGES],
}

impl RangeRemainders {
    #[inline]
    pub(super) fn record(&mut self, bucket: usize, nanoseconds: u64, count: u64) {
        let split = SPLIT_BY[bucket];
        if split != 0 {
            self.record_split(usize::from(split) - 1, nanoseconds, count);
        }
    }

    #[inline]
    fn record_split(&mut self, range: usize, nanoseconds: u64, count: u64) {
        if nanoseconds >= RANGE_ENDS[range] {
            self.behind[range] += count;
        }
    }

    /// The ranges of all that was counted in these histograms and here.
    pub(super) fn ranges<'a>(&self, histograms: impl Iterator<Item = &'a Histogram>) -> LatencyRanges {
        let mut ranges = LatencyRanges::default();
        for histogram in histograms {
            let mut range = 0;
            for (bucket, count) in histogram.counts().iter().enumerate() {
                while range < RANGE_ENDS.len() && RANGE_ENDS[range] <= lowest_of(bucket) {
                    range += 1;
                }
                *ranges.range_mut(range) += count;
            }
        }
        for (range, behind) in self.behind.iter().enumerate().filter(|(_, behind)| **behind != 0) {
            *ranges.range_mut(range) -= behind;
            *ranges.range_mut(range + 1) += behind;
        }
        ranges
    }
}

fn add_all<const N: usize>(counts: &mut [u64; N], more: &[u64; N]) {
    for (count, more) in counts.iter_mut().zip(more) {
        *count = count.saturating_add(*more);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depths_by_their_level() {
        let mut levels = DepthLevels::default();
        for depth in [1, 2, 3, 4, 7, 8, 15, 16, 31, 32, 63, 64, 1_000_000] {
            levels.record(depth, 1);
        }
        assert_eq!(levels.0, [1, 2, 2, 2, 2, 2, 2]);
    }

    #[test]
    fn batches_by_their_size() {
        let mut sizes = BatchSizes::default();
        for size in [0, 1, 4, 5, 8, 9, 16, 17, 32, 33, 64, 65, 1_000_000] {
            sizes.record(size);
        }
        assert_eq!(sizes.levels, [1, 2, 2, 2, 2, 2, 2]);
        assert_eq!(sizes.total, 13);
    }

    /// Every end, one less and one more, against the range found by looking.
    #[test]
    fn ranges_from_buckets_are_those_from_values() {
        let mut histogram = Histogram::new();
        let mut remainders = RangeRemainders::default();
        let mut expected = LatencyRanges::default();
        let ends = RANGE_ENDS.iter().flat_map(|end| [end - 1, *end, *end + 1]);
        for value in ends.chain([0, 1, 777, 123_456, 7_000_000_000, u64::MAX]) {
            let bucket = bucket_of(value);
            histogram.record_bucket(bucket);
            remainders.record(bucket, value, 1);
            let range = RANGE_ENDS.iter().filter(|end| **end <= value).count();
            *expected.range_mut(range) += 1;
        }
        assert_eq!(remainders.ranges([&histogram].into_iter()), expected);
        assert!(remainders.behind.iter().any(|behind| *behind != 0), "some range ends inside of a bucket");
        let table = SPLIT_BY.iter().filter(|split| **split != 0).count();
        assert!(table <= RANGE_ENDS.len(), "no bucket holds two ends");
    }
}
