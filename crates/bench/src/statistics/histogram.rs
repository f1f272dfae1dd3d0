//! Counts of latencies in buckets of fio's scheme: exact below 128 ns, within one part in 128 above.
//!
//! A value is sorted by its highest set bit (the group) and the six bits below it (the bucket of the group). Groups reach up
//! to 2^34 ns (17 s); everything above counts in the last bucket. Parity: fio 3.33 (`FIO_IO_U_PLAT_BITS` 6, 29 groups), so
//! that its json+ bins and the histograms of its client/server protocol are ours, index by index.
//!
//! Cost: three shifts and an increment, no branch; 14.5 KiB, of which only the pages that are counted in take memory.

use super::counts::Counts;

/// Bits below the highest one that choose the bucket.
const BUCKET_BITS: u32 = 6;
/// Buckets of a group.
const GROUP_BUCKETS: usize = 1 << BUCKET_BITS;
/// Groups: one for each highest bit.
const GROUPS: usize = 29;
/// Buckets of a histogram.
pub const BUCKETS: usize = GROUPS * GROUP_BUCKETS;

/// The bucket that a latency in nanoseconds counts in.
#[must_use]
#[inline]
pub const fn bucket_of(nanoseconds: u64) -> usize {
    // The bit makes the first two groups, which lose no bits, the same case as the others.
    let highest = u64::BITS - 1 - (nanoseconds | GROUP_BUCKETS as u64).leading_zeros();
    let lost = highest - BUCKET_BITS;
    let bucket = ((lost as usize) << BUCKET_BITS) + kept_bits(nanoseconds >> lost);
    if bucket < BUCKETS { bucket } else { BUCKETS - 1 }
}

/// A value below 128.
#[expect(clippy::cast_possible_truncation, reason = "the shift left seven bits")]
const fn kept_bits(value: u64) -> usize {
    value as usize
}

/// The latency in nanoseconds that stands for a bucket: the middle of its range.
///
/// # Panics
/// When `bucket` is not below [`BUCKETS`].
#[must_use]
pub const fn value_of(bucket: usize) -> u64 {
    let lowest = lowest_of(bucket);
    if bucket < 2 * GROUP_BUCKETS {
        return lowest;
    }
    lowest + (width_of(bucket) >> 1)
}

/// The smallest latency in nanoseconds that counts in a bucket.
///
/// # Panics
/// When `bucket` is not below [`BUCKETS`].
#[must_use]
pub const fn lowest_of(bucket: usize) -> u64 {
    assert!(bucket < BUCKETS, "no such bucket");
    if bucket < 2 * GROUP_BUCKETS {
        return bucket as u64;
    }
    let lost = (bucket >> BUCKET_BITS) - 1;
    ((GROUP_BUCKETS + bucket % GROUP_BUCKETS) as u64) << lost
}

/// How many nanoseconds apart the values of a bucket can be, plus one. The last bucket has no end; this is where it would be.
const fn width_of(bucket: usize) -> u64 {
    if bucket < 2 * GROUP_BUCKETS { 1 } else { 1 << ((bucket >> BUCKET_BITS) - 1) }
}

/// Counts in the buckets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Histogram {
    counts: Counts,
}

impl Default for Histogram {
    fn default() -> Self {
        Self::new()
    }
}

impl Histogram {
    /// One without a count.
    #[must_use]
    pub fn new() -> Self {
        Self { counts: Counts::new() }
    }

    /// Counts a latency.
    #[inline]
    pub fn record(&mut self, nanoseconds: u64) {
        self.record_bucket(bucket_of(nanoseconds));
    }

    /// Counts a latency whose bucket is known.
    #[inline]
    pub(super) fn record_bucket(&mut self, bucket: usize) {
        self.counts.as_array_mut()[bucket] += 1;
    }

    /// Adds to a bucket: results that were made elsewhere.
    ///
    /// # Panics
    /// When `bucket` is not below [`BUCKETS`].
    pub fn add(&mut self, bucket: usize, count: u64) {
        let place = &mut self.counts.as_array_mut()[bucket];
        *place = place.saturating_add(count);
    }

    /// Adds the counts of another.
    pub fn merge(&mut self, other: &Self) {
        let counts = self.counts.as_array_mut().iter_mut().zip(other.counts());
        for (count, more) in counts.filter(|(_, more)| **more != 0) {
            *count = count.saturating_add(*more);
        }
    }

    /// Forgets all.
    pub fn reset(&mut self) {
        self.counts.as_array_mut().iter_mut().filter(|count| **count != 0).for_each(|count| *count = 0);
    }

    /// All counts, by bucket.
    #[must_use]
    pub fn counts(&self) -> &[u64; BUCKETS] {
        self.counts.as_array()
    }

    /// The buckets that were counted in: the latency in nanoseconds that stands for each, and its count.
    pub fn bins(&self) -> impl Iterator<Item = (u64, u64)> {
        let counted = self.counts().iter().enumerate().filter(|(_, count)| **count != 0);
        counted.map(|(bucket, count)| (value_of(bucket), *count))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bucket_is_found_by_its_value_and_by_its_ends() {
        for bucket in 0..BUCKETS {
            assert_eq!(bucket_of(value_of(bucket)), bucket);
            assert_eq!(bucket_of(lowest_of(bucket)), bucket);
            if bucket + 1 < BUCKETS {
                let next = lowest_of(bucket) + width_of(bucket);
                assert_eq!(next, lowest_of(bucket + 1), "no gap behind bucket {bucket}");
                assert_eq!(bucket_of(next - 1), bucket);
            }
        }
        assert_eq!(bucket_of(u64::MAX), BUCKETS - 1);
        assert_eq!(bucket_of(1 << 35), BUCKETS - 1);
    }

    /// Keys of the bins of one `fio --ioengine=null --output-format=json+` run (3.33).
    #[test]
    fn values_are_those_that_fio_prints() {
        let printed = [
            111, 151, 161, 171, 181, 191, 201, 211, 221, 231, 241, 251, 262, 270, 282, 290, 302, 310, 322, 330, 342,
            350, 362, 410, 442, 510, 524, 532, 628, 652, 828, 2288, 3120, 4192, 4_046_848,
        ];
        for value in printed {
            let bucket = bucket_of(value);
            // Fio truncates the middle of odd ranges as we do: what it prints stands for its own bucket.
            assert_eq!(value_of(bucket), value);
        }
    }

    #[test]
    fn merging_adds_and_reset_forgets() {
        let mut one = Histogram::new();
        one.record(5);
        let mut two = one.clone();
        two.record(1_000_000);
        one.merge(&two);
        assert_eq!(one.bins().collect::<Vec<_>>(), [(5, 2), (value_of(bucket_of(1_000_000)), 1)]);
        one.reset();
        assert_eq!(one, Histogram::new());
    }
}
