//! What is counted while I/O runs, and what becomes of it.
//!
//! ```text
//! job's thread: Recorder ── measurement() ─┐
//!               RateSampler ── statistics()┴─> JobResult ─> results_to_show() ─┬─> output
//!                                                            group_results() ──┘
//! ```
//!
//! - [`Recorder`] is on the data path: integers only, no allocation, no lock; start reading there.
//! - [`Histogram`], [`Moments`], [`DepthLevels`], [`BatchSizes`] are what it counts in.
//! - [`Measurement`] and [`JobResult`] are the cold form: merged by group, sent to a front end, printed. A result that was
//!   made elsewhere (another program's output, a worker's message) has the same form.
//! - [`PercentileList`] finds percentiles.
//! - [`log`]: samples over time, for files.
//! - [`BlockLifetimes`]: how often blocks were trimmed before they failed.
//! - [`DiskUtilization`] adds up the kernel's counters of a disk.
//!
//! Figures agree with fio 3.33's for the same samples; where they can differ, the module that computes them says how.
//! Nothing here reads a clock: times come in.

mod blocks;
mod counts;
mod disk;
mod distribution;
mod group;
mod histogram;
mod job;
pub mod log;
mod measurement;
mod moments;
mod percentile;
mod rates;
mod recorder;

pub use blocks::{BLOCKS_MAX, BlockLifetimes};
pub use disk::{DiskCounters, DiskUtilization, MemberSummary};
pub use distribution::{
    BatchSizes, DEPTH_LEVELS, DepthLevels, LatencyRanges, MICROSECOND_RANGES, MILLISECOND_RANGES, NANOSECOND_RANGES,
};
pub use group::{GroupDirection, GroupResult, group_results};
pub use histogram::{BUCKETS, Histogram, bucket_of, lowest_of, value_of};
pub use job::{
    BandwidthUnit, ContinuedErrors, JobError, JobResult, LatencyTargetResult, Reporting, ResourceUsage,
    UnifiedReporting, results_to_show,
};
pub use measurement::{DirectionResult, LatencyResult, Measurement, PriorityResult};
pub use moments::{Moments, SampleStatistics};
pub use percentile::{PERCENTILES_MAX, PercentileList};
pub use rates::{Rate, RateSampler};
pub use recorder::{Completion, LatencyChoice, Recorder, RecorderSettings};
