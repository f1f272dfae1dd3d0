//! The results of a job, or of the jobs of a group that are reported as one.

use super::blocks::BlockLifetimes;
use super::measurement::{DirectionResult, Measurement};
use super::percentile::PercentileList;
use super::recorder::LatencyChoice;

/// Whether directions are reported by themselves (`unified_rw_reporting`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum UnifiedReporting {
    /// Each by itself.
    #[default]
    Split,
    /// All as one, called `mixed`.
    Mixed,
    /// Each by itself, and all as one behind them.
    Both,
}

/// What bandwidth is counted in (`unit_base`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum BandwidthUnit {
    /// Bytes a second.
    #[default]
    Bytes,
    /// Bits a second.
    Bits,
}

/// How results are shown.
#[derive(Debug, Clone, PartialEq)]
pub struct Reporting {
    /// The group's jobs are reported as one.
    pub group_reporting: bool,
    /// Whether directions are reported by themselves.
    pub unified: UnifiedReporting,
    /// The latencies that percentiles are shown of.
    pub percentiles: LatencyChoice,
    /// Which percentiles.
    pub percentile_list: PercentileList,
    /// Their decimals in the normal output.
    pub percentile_precision: usize,
    /// Whether `k` is 1024 or 1000 (`kb_base`): it decides which of two units comes first.
    pub kilobyte: u32,
    /// What bandwidth is counted in.
    pub unit: BandwidthUnit,
    /// Digits of sizes and rates in the normal output, 1 to 10.
    pub significant_figures: usize,
}

impl Default for Reporting {
    fn default() -> Self {
        Self {
            group_reporting: false,
            unified: UnifiedReporting::Split,
            percentiles: LatencyChoice { slat: false, clat: true, lat: false },
            percentile_list: PercentileList::default(),
            percentile_precision: 2,
            kilobyte: 1024,
            unit: BandwidthUnit::Bytes,
            significant_figures: 4,
        }
    }
}

/// Why a job failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobError {
    /// The system's number.
    pub number: i32,
    /// Where and what.
    pub message: String,
}

/// What a job used of the system.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ResourceUsage {
    /// Milliseconds of processor time in the program.
    pub user_ms: u64,
    /// Milliseconds of processor time in the kernel.
    pub system_ms: u64,
    /// Context switches of both kinds.
    pub context_switches: u64,
    /// Page faults that needed I/O.
    pub major_faults: u64,
    /// Those that did not.
    pub minor_faults: u64,
}

impl ResourceUsage {
    /// What was used since an earlier look.
    #[must_use]
    pub const fn since(&self, earlier: &Self) -> Self {
        Self {
            user_ms: self.user_ms.saturating_sub(earlier.user_ms),
            system_ms: self.system_ms.saturating_sub(earlier.system_ms),
            context_switches: self.context_switches.saturating_sub(earlier.context_switches),
            major_faults: self.major_faults.saturating_sub(earlier.major_faults),
            minor_faults: self.minor_faults.saturating_sub(earlier.minor_faults),
        }
    }
}

/// Errors that a job with `continue_on_error` met: those that it went on after, and the one of such a kind that ended it all the same.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ContinuedErrors {
    /// How many.
    pub total: u64,
    /// The system's number of the first; 0 without any.
    pub first: i32,
}

/// The depth that kept a latency (`latency_target`). Without a target: zeros, 100 % and the job's own depth. Parity: fio
/// shows them then too.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct LatencyTargetResult {
    /// The latency to keep, in nanoseconds.
    pub target_ns: u64,
    /// How long it was watched, in microseconds.
    pub window_us: u64,
    /// The share of I/Os that had to keep it, in percent.
    pub percentile: f64,
    /// The depth that was reached.
    pub depth: u32,
}

/// What a job, or a group's jobs, did.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct JobResult {
    /// Its name.
    pub name: String,
    /// Its description; empty without one.
    pub description: String,
    /// The group it belongs to, from 0.
    pub group: u32,
    /// Its process or thread.
    pub process: u32,
    /// How many jobs this is the result of.
    pub members: u32,
    /// Why it failed.
    pub error: Option<JobError>,
    /// How it is shown.
    pub reporting: Reporting,
    /// What it measured.
    pub measurement: Measurement,
    /// The I/O priority (`ioprio`) of I/Os that have none of their own.
    pub priority: u16,
    /// What it used of the system.
    pub usage: ResourceUsage,
    /// When it began to do I/O, in milliseconds of the clock `job_start_clock_id`; `None` without that option.
    pub started_ms: Option<u64>,
    /// Milliseconds that it ran. Of several jobs the sum: processor times are a share of it.
    pub runtime_ms: u64,
    /// The errors it went on after; with `continue_on_error` only.
    pub continued_errors: Option<ContinuedErrors>,
    /// What `latency_target` found; nothing is shown of a depth of 0.
    pub latency_target: LatencyTargetResult,
    /// What the blocks of its file went through; empty unless `block_error_percentiles` asks for it.
    pub blocks: BlockLifetimes,
    /// Its engine did something else than I/O, which counts though there are no numbers.
    pub did_other_work: bool,
    /// Zones that were reset.
    pub zone_resets: u64,
    /// Cache hits that the engine reports.
    pub cache_hits: u64,
    /// Cache misses that the engine reports.
    pub cache_misses: u64,
    /// Its options as they were given, for the json output.
    pub options: Vec<(String, String)>,
}

impl JobResult {
    /// Processor time in the program and in the kernel, in percent of the time that the job ran.
    #[must_use]
    pub fn processor_shares(&self) -> (f64, f64) {
        if self.runtime_ms == 0 {
            return (0.0, 0.0);
        }
        let share = |milliseconds: u64| milliseconds as f64 * 100.0 / self.runtime_ms as f64;
        (share(self.usage.user_ms), share(self.usage.system_ms))
    }

    /// Adds the next job of the same group.
    fn merge(&mut self, next: Self) {
        self.members = self.members.saturating_add(next.members);
        self.measurement.merge(&next.measurement);
        self.usage.user_ms = self.usage.user_ms.saturating_add(next.usage.user_ms);
        self.usage.system_ms = self.usage.system_ms.saturating_add(next.usage.system_ms);
        self.usage.context_switches = self.usage.context_switches.saturating_add(next.usage.context_switches);
        self.usage.major_faults = self.usage.major_faults.saturating_add(next.usage.major_faults);
        self.usage.minor_faults = self.usage.minor_faults.saturating_add(next.usage.minor_faults);
        self.runtime_ms = self.runtime_ms.saturating_add(next.runtime_ms);
        self.zone_resets = self.zone_resets.saturating_add(next.zone_resets);
        self.cache_hits = self.cache_hits.saturating_add(next.cache_hits);
        self.cache_misses = self.cache_misses.saturating_add(next.cache_misses);
        self.error = self.error.take().or(next.error);
        // The rest is the last one's. Parity: fio, which shows what it saw last.
        let before = self.continued_errors.unwrap_or_default().total;
        self.continued_errors = next
            .continued_errors
            .map(|errors| ContinuedErrors { total: errors.total.saturating_add(before), ..errors });
        self.latency_target = next.latency_target;
        self.blocks = next.blocks;
        self.options = next.options;
        self.reporting.percentiles = next.reporting.percentiles;
        self.reporting.percentile_list = next.reporting.percentile_list;
        self.reporting.percentile_precision = next.reporting.percentile_precision;
    }
}

/// The results to show: one a job, or one a group where its jobs ask for that.
#[must_use]
pub fn results_to_show(jobs: Vec<JobResult>) -> Vec<JobResult> {
    let mut batches: Vec<Vec<JobResult>> = Vec::new();
    for job in jobs {
        match batches.last_mut() {
            Some(batch) if job.reporting.group_reporting && batch[0].group == job.group => batch.push(job),
            _ => batches.push(vec![job]),
        }
    }
    batches.into_iter().map(merge_batch).collect()
}

fn merge_batch(batch: Vec<JobResult>) -> JobResult {
    let priorities = priorities(&batch);
    let mut batch = batch.into_iter();
    let mut result = batch.next().unwrap_or_default();
    batch.for_each(|job| result.merge(job));
    for (direction, priorities) in result.measurement.directions.iter_mut().zip(priorities) {
        direction.priorities = priorities;
    }
    if result.reporting.unified == UnifiedReporting::Mixed {
        result.measurement = result.measurement.mixed();
    }
    result
}

/// The latencies by priority, of each direction. Jobs with one priority count as a whole under it, as soon as another job
/// has another or any job has several.
fn priorities(batch: &[JobResult]) -> [Vec<super::PriorityResult>; 3] {
    let several = |job: &JobResult| job.measurement.directions.iter().any(|direction| !direction.priorities.is_empty());
    let wanted = batch.iter().any(|job| several(job) || job.priority != batch[0].priority);
    std::array::from_fn(|direction| {
        let mut sum = DirectionResult::default();
        for job in batch.iter().filter(|_| wanted) {
            let theirs = &job.measurement.directions[direction];
            if theirs.priorities.is_empty() {
                let latency = if job.reporting.percentiles.lat { &theirs.lat } else { &theirs.clat };
                sum.merge_priority(job.priority, latency);
            } else {
                theirs.priorities.iter().for_each(|known| sum.merge_priority(known.priority, &known.latency));
            }
        }
        sum.priorities
    })
}

#[cfg(test)]
mod tests {
    use super::super::{LatencyResult, Moments};
    use super::*;

    fn job(name: &str, group: u32, group_reporting: bool) -> JobResult {
        let mut moments = Moments::default();
        moments.record(100 + u64::from(group));
        let mut job = JobResult { name: name.to_owned(), group, members: 1, runtime_ms: 10, ..JobResult::default() };
        job.reporting.group_reporting = group_reporting;
        job.measurement.directions[0].ios = 1;
        job.measurement.directions[0].clat = LatencyResult { statistics: moments.statistics(), histogram: None };
        job
    }

    fn names(results: &[JobResult]) -> Vec<(&str, u32)> {
        results.iter().map(|job| (job.name.as_str(), job.members)).collect()
    }

    #[test]
    fn jobs_of_a_group_are_one_where_they_ask_for_it() {
        let jobs =
            || vec![job("a", 0, true), job("b", 0, true), job("c", 1, true), job("d", 1, false), job("e", 2, true)];
        assert_eq!(names(&results_to_show(jobs())), [("a", 2), ("c", 1), ("d", 1), ("e", 1)]);
    }

    #[test]
    fn merged_jobs_add_up_and_the_first_error_is_kept() {
        let failed = |name: &str, number| JobResult {
            error: Some(JobError { number, message: String::new() }),
            continued_errors: Some(ContinuedErrors { total: 3, first: number }),
            usage: ResourceUsage { user_ms: 5, ..ResourceUsage::default() },
            options: vec![("name".to_owned(), name.to_owned())],
            ..job(name, 0, true)
        };
        let results = results_to_show(vec![job("a", 0, true), failed("b", 5), failed("c", 28)]);
        assert_eq!(names(&results), [("a", 3)]);
        let sum = &results[0];
        assert_eq!(sum.error.as_ref().map(|error| error.number), Some(5));
        assert_eq!(sum.continued_errors, Some(ContinuedErrors { total: 6, first: 28 }));
        assert_eq!((sum.measurement.directions[0].ios, sum.runtime_ms), (3, 30));
        assert_eq!(sum.options[0].1, "c");
        assert_eq!(sum.processor_shares().0, 100.0 / 3.0);
    }

    #[test]
    fn jobs_with_different_priorities_are_told_apart() {
        let low = job("a", 0, true);
        let high = JobResult { priority: 1 << 13, ..job("b", 0, true) };
        let results = results_to_show(vec![low.clone(), high]);
        assert_eq!(results[0].measurement.directions[0].priorities_in_use().len(), 2);
        let same = results_to_show(vec![low.clone(), low]);
        assert!(same[0].measurement.directions[0].priorities.is_empty());
    }

    #[test]
    fn mixed_reporting_puts_all_in_one_place() {
        let mut mixed = job("a", 0, false);
        mixed.reporting.unified = UnifiedReporting::Mixed;
        mixed.measurement.directions[1].ios = 2;
        let results = results_to_show(vec![mixed]);
        assert_eq!(results[0].measurement.directions.each_ref().map(|direction| direction.ios), [3, 0, 0]);
    }
}
