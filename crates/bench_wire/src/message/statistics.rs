//! What a job did: counts, latencies, histograms.

use zerocopy::little_endian::U64;

use super::group::GroupStatistics;
use crate::fixed_text::FixedText;
use crate::layout::field::{Field, Float64};

/// Minimum, maximum, mean and spread of a series.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SampleStatistics {
    /// Largest sample.
    pub maximum: u64,
    /// Smallest sample; [`u64::MAX`] when there is none.
    pub minimum: u64,
    /// Number of samples.
    pub samples: u64,
    /// Mean of the samples.
    pub mean: f64,
    /// Sum of the squared deviations from the mean, as Welford's method keeps it: the variance is this by the number of samples less one.
    pub squared_deviations: f64,
}

/// No sample.
impl Default for SampleStatistics {
    fn default() -> Self {
        Self { maximum: 0, minimum: u64::MAX, samples: 0, mean: 0.0, squared_deviations: 0.0 }
    }
}

wire_structure! {
    /// `struct io_stat`.
    pub(crate) struct SampleStatisticsWire for SampleStatistics, 56 bytes {
        0 maximum: U64 = maximum;
        8 minimum: U64 = minimum;
        16 samples: U64 = samples;
        24 mean: Float64 = mean;
        40 squared_deviations: Float64 = squared_deviations;
    }
}

impl Field<SampleStatistics> for SampleStatisticsWire {
    fn load(&self) -> SampleStatistics {
        let mut value = SampleStatistics::default();
        Self::load(self, &mut value);
        value
    }

    fn store(&mut self, value: &SampleStatistics) {
        Self::store(self, value);
    }
}

/// How often a latency fell into each bucket of fio's scheme: below 128 ns a bucket for each nanosecond, then 64 for each octave,
/// and the last ones open-ended. Without a sample it takes no memory.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Histogram(Vec<u64>);

impl Histogram {
    /// Buckets: 29 groups of 64.
    pub const BUCKETS: usize = 1856;

    /// A histogram with these counts, from the first bucket; missing ones are zero and what is beyond the last bucket is ignored.
    #[must_use]
    pub fn from_buckets(counts: impl Iterator<Item = u64> + Clone) -> Self {
        let counts = counts.take(Self::BUCKETS);
        if counts.clone().all(|count| count == 0) {
            return Self::default();
        }
        let mut buckets = Vec::with_capacity(Self::BUCKETS);
        buckets.extend(counts);
        buckets.resize(Self::BUCKETS, 0);
        Self(buckets)
    }

    /// The counts: none, or [`Self::BUCKETS`].
    #[must_use]
    pub fn buckets(&self) -> &[u64] {
        &self.0
    }

    /// Whether every bucket is zero.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Latency of the I/O with one priority.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PriorityStatistics {
    /// Completion latency.
    pub histogram: Histogram,
    /// Completion latency in nanoseconds.
    pub completion_latency: SampleStatistics,
    /// The priority as Linux has it: class, hint and level.
    pub io_priority: u32,
}

/// Steady state detection.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SteadyState {
    /// Seconds that have to be steady, and number of samples that are kept.
    pub duration: u64,
    /// fio's flags. Bit 3: attained; bit 5: the samples are there.
    pub state: u32,
    /// Index of the oldest sample.
    pub head: u32,
    /// Largest deviation or slope that counts as steady.
    pub limit: f64,
    /// Slope of the samples.
    pub slope: f64,
    /// Mean deviation of the samples.
    pub deviation: f64,
    /// What was held against the limit.
    pub criterion: f64,
    /// Samples of IOPS; [`Self::duration`] of them, or none.
    pub iops: Vec<u64>,
    /// Samples of bandwidth in bytes per second.
    pub bandwidth: Vec<u64>,
    /// Samples of latency in nanoseconds. Since version 115; empty before.
    pub latency: Vec<u64>,
}

/// The statistics of one job, or of the jobs of a group that are reported as one. Arrays of three are read, write, trim; latencies
/// are in nanoseconds.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct JobStatistics {
    /// Its name.
    pub name: FixedText<128>,
    /// The first error in words.
    pub error_text: FixedText<128>,
    /// The first error as errno; 0 when there was none.
    pub error: u32,
    /// Number of the job, from 1. A receiver that indexes by it has to check it.
    pub thread_number: u32,
    /// Number of its group, from 0. A receiver that indexes by it has to check it.
    pub group_id: u32,
    /// Begin of the job in milliseconds since 1970. Since version 101; `None` before.
    pub job_start_ms: Option<u64>,
    /// Its process or thread.
    pub process_id: u32,
    /// The operator's words about it.
    pub description: FixedText<256>,
    /// Jobs that are in this report: at least 1.
    pub members: u32,
    /// Whether directions are reported as one: 0 no, 1 only mixed, 2 both.
    pub unified_reporting: u32,
    /// Latencies of priorities are not kept.
    pub priorities_disabled: bool,
    /// Latency of syncs.
    pub sync_latency: SampleStatistics,
    /// From submission to completion.
    pub completion_latency: [SampleStatistics; 3],
    /// Until submission.
    pub submission_latency: [SampleStatistics; 3],
    /// Both.
    pub total_latency: [SampleStatistics; 3],
    /// In KiB/s.
    pub bandwidth: [SampleStatistics; 3],
    /// I/O per second.
    pub iops: [SampleStatistics; 3],
    /// Processor time in user mode.
    pub user_time_ms: u64,
    /// Processor time in the kernel.
    pub system_time_ms: u64,
    /// Context switches.
    pub context_switches: u64,
    /// Page faults without I/O.
    pub minor_faults: u64,
    /// Page faults with I/O.
    pub major_faults: u64,
    /// Percentiles of the completion latency are reported.
    pub completion_percentiles: bool,
    /// Percentiles of the total latency are reported.
    pub total_percentiles: bool,
    /// Percentiles of the submission latency are reported.
    pub submission_percentiles: bool,
    /// Digits after the point of percentiles.
    pub percentile_precision: u64,
    /// Which percentiles are reported; ends with the first zero.
    pub percentiles: [f64; 20],
    /// I/O by queue depth: 1, 2, 4, 8, 16, 32, from 64.
    pub depths: [u64; 7],
    /// Submissions by number of I/O: 0, up to 4, 8, 16, 32, 64, more.
    pub submit_batches: [u64; 7],
    /// Completions by number of I/O, the same way.
    pub complete_batches: [u64; 7],
    /// I/O by latency below 2, 4, 10, 20, 50, 100, 250, 500, 750, 1000 ns.
    pub latency_below_ns: [u64; 10],
    /// The same in microseconds.
    pub latency_below_us: [u64; 10],
    /// The same in milliseconds, then below 2000 ms and from there.
    pub latency_below_ms: [u64; 12],
    /// Submission, completion and total latency, each by direction.
    pub histograms: [[Histogram; 3]; 3],
    /// Latency of syncs.
    pub sync_histogram: Histogram,
    /// I/O by direction, then syncs.
    pub ios: [u64; 4],
    /// I/O that moved less than it should.
    pub short_ios: [u64; 3],
    /// I/O that was given up.
    pub dropped_ios: [u64; 3],
    /// Calls of submission.
    pub submits: u64,
    /// Calls that waited for completions.
    pub completes: u64,
    /// Bytes moved.
    pub bytes: [u64; 3],
    /// Time in which there was I/O of that direction.
    pub runtime_ms: [u64; 3],
    /// Time of the whole job.
    pub total_run_time_ms: u64,
    /// Which kinds of error do not end the job: fio's bits.
    pub continue_on_error: u16,
    /// The first error of those.
    pub first_error: u32,
    /// How many of those there were.
    pub errors: u64,
    /// Resets of zones.
    pub zone_resets: u64,
    /// Whether they are reported. Since version 114; `None` before.
    pub count_zone_resets: Option<u16>,
    /// What became of each block, for trim workloads: at most 8192.
    pub block_states: Vec<u32>,
    /// Bytes in a kilobyte of the report: 1000 or 1024.
    pub kb_base: u32,
    /// Bits in a unit of the report: 4 in bytes, 5 in bits. fio's own front end ends itself on others.
    pub unit_base: u32,
    /// Queue depth that was allowed in the end.
    pub latency_depth: u32,
    /// Latency that was to be kept; 0 for none.
    pub latency_target_ns: u64,
    /// Percentage of the I/O that has to keep it.
    pub latency_percentile: f64,
    /// Time over which it has to.
    pub latency_window_us: u64,
    /// Digits of numbers in the report: at least 1.
    pub significant_figures: u32,
    /// Steady state detection.
    pub steady_state: SteadyState,
    /// Priority of all the job's I/O.
    pub io_priority: u32,
    /// Latencies of priorities, when there were several.
    pub priorities: [Vec<PriorityStatistics>; 3],
    /// Reads from the page cache, where the engine can tell.
    pub cache_hits: u64,
    /// Reads that were not.
    pub cache_misses: u64,
}

impl JobStatistics {
    /// Samples in each array of steady state detection.
    pub(crate) fn steady_samples(&self) -> usize {
        usize::try_from(self.steady_state.duration).expect("a duration in seconds of samples that are in memory")
    }
}

/// A job's statistics and those of its group so far.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct JobReport {
    /// The job.
    pub job: JobStatistics,
    /// Its group.
    pub group: GroupStatistics,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_histogram_without_samples_takes_no_memory() {
        assert_eq!(Histogram::from_buckets(std::iter::repeat_n(0, 1856)), Histogram::default());
        let some = Histogram::from_buckets([0, 7].into_iter());
        assert_eq!((some.buckets().len(), some.buckets()[1], some.is_empty()), (Histogram::BUCKETS, 7, false));
        let long = Histogram::from_buckets(std::iter::repeat_n(1, 3000));
        assert_eq!(long.buckets().len(), Histogram::BUCKETS);
    }
}
