//! What came over the wire, as results.
//!
//! Control characters in texts become U+FFFD: they are shown on the operator's terminal. Numbers that mean nothing to the report (a unit of the display that does not exist, no digits) become what is shown without them:
//! a worker cannot make a report fail. Left out is what the report has no place for: steady state detection and the begin of a job.
//!
//! Cost: once a report; a histogram of 15 KiB is copied for each kind of latency that has samples.

use bench::output::number::Prefix;
use bench::output::status_line::{Remaining, Status};
use bench::statistics::{
    BandwidthUnit, BatchSizes, BlockLifetimes, ContinuedErrors, DepthLevels, DirectionResult, DiskCounters,
    DiskUtilization, GroupDirection, GroupResult, Histogram, JobError, JobResult, LatencyChoice, LatencyRanges,
    LatencyResult, LatencyTargetResult, Measurement, MemberSummary, PercentileList, PriorityResult, Reporting,
    ResourceUsage, SampleStatistics, UnifiedReporting,
};
use bench_wire::message;

/// fio's number for bandwidth in bits; everything else is in bytes.
const UNIT_BITS: u32 = 5;
/// fio's number for a kilobyte of 1000 bytes; everything else has 1024.
const KILOBYTE_DECIMAL: u32 = 1000;
/// Digits of numbers in a report.
const SIGNIFICANT_FIGURES: std::ops::RangeInclusive<u32> = 1..=10;
/// Most decimals of percentiles.
const PERCENTILE_PRECISION_MAX: u64 = 9;
/// No sample is larger, and no mean of samples. Squared deviations are sums of at most that many squares.
const SAMPLE_MAX: f64 = u64::MAX as f64;
/// fio's number of seconds for "nobody knows yet"; what is more is "nobody will".
const NOBODY_KNOWS_YET_S: u64 = 0x7fff_ffff;

/// What a job, or the jobs of a group, did. The options are in messages of their own.
#[must_use]
pub fn job_result(job: &message::JobStatistics, group: &message::GroupStatistics) -> JobResult {
    JobResult {
        name: text(&job.name.to_text()),
        description: text(&job.description.to_text()),
        group: job.group_id,
        process: job.process_id,
        members: job.members,
        error: job_error(job),
        reporting: reporting(job, group),
        measurement: measurement(job),
        priority: priority(job.io_priority),
        usage: ResourceUsage {
            user_ms: job.user_time_ms,
            system_ms: job.system_time_ms,
            context_switches: job.context_switches,
            major_faults: job.major_faults,
            minor_faults: job.minor_faults,
        },
        // Workers tell it always; whether the job asked for it, its options say.
        started_ms: None,
        runtime_ms: job.total_run_time_ms,
        continued_errors: (job.continue_on_error != 0)
            .then(|| ContinuedErrors { total: job.errors, first: number_of_error(job.first_error) }),
        latency_target: LatencyTargetResult {
            target_ns: job.latency_target_ns,
            window_us: job.latency_window_us,
            percentile: real(job.latency_percentile, 100.0),
            depth: job.latency_depth,
        },
        blocks: BlockLifetimes::from_packed(&job.block_states),
        // Not on the wire: the engine of a worker is known from the options of its jobs only.
        did_other_work: false,
        zone_resets: job.zone_resets,
        cache_hits: job.cache_hits,
        cache_misses: job.cache_misses,
        options: Vec::new(),
    }
}

/// A text without what a terminal would obey and what would begin a line of its own.
pub(crate) fn text(text: &str) -> String {
    text.replace(char::is_control, "\u{fffd}")
}

fn job_error(job: &message::JobStatistics) -> Option<JobError> {
    let number = number_of_error(job.error);
    (number != 0).then(|| JobError { number, message: text(&job.error_text.to_text()) })
}

/// fio's errors are signed; the protocol's numbers are not.
const fn number_of_error(number: u32) -> i32 {
    number.cast_signed()
}

/// The lower half of the number: class and level, and since fio 3.36 hints between them.
fn priority(number: u32) -> u16 {
    u16::try_from(number & u32::from(u16::MAX)).unwrap_or_default()
}

fn reporting(job: &message::JobStatistics, group: &message::GroupStatistics) -> Reporting {
    Reporting {
        group_reporting: job.members > 1,
        unified: unified(job.unified_reporting),
        percentiles: LatencyChoice {
            slat: job.submission_percentiles,
            clat: job.completion_percentiles,
            lat: job.total_percentiles,
        },
        percentile_list: PercentileList::new(&job.percentiles),
        percentile_precision: usize::try_from(job.percentile_precision.min(PERCENTILE_PRECISION_MAX)).unwrap_or(2),
        // fio's group has them before its job's report has.
        kilobyte: kilobyte(if job.kb_base == 0 { group.kb_base } else { job.kb_base }),
        unit: unit(if job.unit_base == 0 { group.unit_base } else { job.unit_base }),
        significant_figures: significant_figures(job.significant_figures),
    }
}

const fn unified(number: u32) -> UnifiedReporting {
    match number {
        1 => UnifiedReporting::Mixed,
        2 => UnifiedReporting::Both,
        _ => UnifiedReporting::Split,
    }
}

const fn kilobyte(number: u32) -> u32 {
    if number == KILOBYTE_DECIMAL { KILOBYTE_DECIMAL } else { 1024 }
}

const fn unit(number: u32) -> BandwidthUnit {
    if number == UNIT_BITS { BandwidthUnit::Bits } else { BandwidthUnit::Bytes }
}

fn significant_figures(number: u32) -> usize {
    let digits = if SIGNIFICANT_FIGURES.contains(&number) { Some(number) } else { None };
    digits.map_or_else(|| Reporting::default().significant_figures, |digits| digits as usize)
}

fn measurement(job: &message::JobStatistics) -> Measurement {
    let batches = |levels: &[u64; 7], total: u64| BatchSizes { levels: *levels, total };
    Measurement {
        directions: std::array::from_fn(|index| direction(job, index)),
        syncs: job.ios[3],
        sync: latency(&job.sync_latency, &job.sync_histogram),
        depth: DepthLevels(job.depths),
        submissions: batches(&job.submit_batches, job.submits),
        completions: batches(&job.complete_batches, job.completes),
        ranges: LatencyRanges {
            nanoseconds: job.latency_below_ns,
            microseconds: job.latency_below_us,
            milliseconds: job.latency_below_ms,
        },
    }
}

fn direction(job: &message::JobStatistics, index: usize) -> DirectionResult {
    let [submission, completion, total] = &job.histograms;
    DirectionResult {
        ios: job.ios[index],
        short: job.short_ios[index],
        dropped: job.dropped_ios[index],
        bytes: job.bytes[index],
        runtime_ms: job.runtime_ms[index],
        slat: latency(&job.submission_latency[index], &submission[index]),
        clat: latency(&job.completion_latency[index], &completion[index]),
        lat: latency(&job.total_latency[index], &total[index]),
        bandwidth: statistics(&job.bandwidth[index]),
        iops: statistics(&job.iops[index]),
        priorities: job.priorities[index].iter().map(priority_result).collect(),
    }
}

fn priority_result(known: &message::PriorityStatistics) -> PriorityResult {
    PriorityResult {
        priority: priority(known.io_priority),
        latency: latency(&known.completion_latency, &known.histogram),
    }
}

fn latency(samples: &message::SampleStatistics, buckets: &message::Histogram) -> LatencyResult {
    LatencyResult { statistics: statistics(samples), histogram: histogram(buckets) }
}

fn statistics(samples: &message::SampleStatistics) -> SampleStatistics {
    SampleStatistics {
        samples: samples.samples,
        minimum: samples.minimum,
        maximum: samples.maximum,
        mean: real(samples.mean, SAMPLE_MAX),
        squared_deviations: real(samples.squared_deviations, SAMPLE_MAX * SAMPLE_MAX * SAMPLE_MAX),
    }
}

/// A number that is not negative and at most `limit`; 0 for what is none.
const fn real(number: f64, limit: f64) -> f64 {
    if number.is_nan() { 0.0 } else { number.clamp(0.0, limit) }
}

/// A histogram; none without a count.
fn histogram(buckets: &message::Histogram) -> Option<Histogram> {
    if buckets.is_empty() {
        return None;
    }
    let mut histogram = Histogram::new();
    for (bucket, count) in buckets.buckets().iter().enumerate().filter(|(_, count)| **count != 0) {
        histogram.add(bucket, *count);
    }
    Some(histogram)
}

/// What a group did.
#[must_use]
pub fn group_result(group: &message::GroupStatistics) -> GroupResult {
    // fio starts a smallest value at the largest number.
    let smallest = |value: u64| if value == u64::MAX { 0 } else { value };
    GroupResult {
        number: group.group_id,
        directions: std::array::from_fn(|index| GroupDirection {
            shortest_ms: smallest(group.shortest_run_ms[index]),
            longest_ms: group.longest_run_ms[index],
            slowest: smallest(group.smallest_bandwidth[index]),
            fastest: group.largest_bandwidth[index],
            bytes: group.bytes[index],
            aggregate: group.total_bandwidth[index],
        }),
        kilobyte: kilobyte(group.kb_base),
        unit: unit(group.unit_base),
        significant_figures: significant_figures(group.significant_figures),
        unified: unified(group.unified_reporting),
    }
}

/// What a disk did.
#[must_use]
pub fn disk(disk: &message::DiskUtilisation) -> DiskUtilization {
    let summary = MemberSummary {
        count: disk.component_count,
        sums: counters(&disk.components),
        busiest: real(disk.busiest_component, SAMPLE_MAX),
    };
    DiskUtilization {
        name: text(&disk.name.to_text()),
        counters: counters(&disk.counters),
        elapsed_ms: disk.interval_ms,
        summary: (disk.component_count != 0).then_some(summary),
        ..DiskUtilization::default()
    }
}

const fn counters(counters: &message::DiskCounters) -> DiskCounters {
    DiskCounters {
        ios: counters.ios,
        merges: counters.merges,
        sectors: counters.sectors,
        ticks: counters.ticks_ms,
        io_ticks: counters.io_ticks_ms,
        time_in_queue: counters.time_in_queue_ms,
    }
}

/// An option, with its value; empty when it has none.
#[must_use]
pub fn option(option: &message::JobOption) -> (String, String) {
    (text(&option.name.to_text()), text(&option.value.to_text()))
}

/// How far a worker is.
#[must_use]
pub fn status(eta: &message::Eta) -> Status {
    Status {
        running: eta.running,
        ramping: eta.ramping,
        setting_up: eta.setting_up,
        files_open: eta.open_files,
        minimum_rate: sum(eta.minimum_rate),
        target_rate: sum(eta.target_rate),
        minimum_iops: eta.minimum_iops.iter().fold(0, |sum, more| sum.saturating_add(*more)),
        target_iops: eta.target_iops.iter().fold(0, |sum, more| sum.saturating_add(*more)),
        rate: eta.rate,
        iops: eta.iops.map(u64::from),
        elapsed_seconds: eta.elapsed_s,
        hangs_seconds: None,
        remaining: match eta.remaining_s {
            NOBODY_KNOWS_YET_S => Remaining::Unknown,
            seconds if seconds > NOBODY_KNOWS_YET_S => Remaining::Unmeasurable,
            seconds => Remaining::Seconds(seconds),
        },
        run_states: text(&String::from_utf8_lossy(&eta.states)),
        prefix: Prefix::of_kilobyte(if eta.is_binary { 1024 } else { KILOBYTE_DECIMAL }),
        unit: unit(eta.unit_base),
        significant_figures: significant_figures(eta.significant_figures),
    }
}

fn sum(values: [u64; 3]) -> u64 {
    values.into_iter().fold(0, u64::saturating_add)
}
