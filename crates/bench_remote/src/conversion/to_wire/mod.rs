//! Results as messages: what a worker says of a run.
//!
//! - [`job`]: a job's or group's statistics, [`group`] the sums of a group.
//! - [`outline`]: what a job is to do, before it runs. [`progress`]: how far jobs are.
//! - [`log`]: samples over time.
//! - [`verify_state`]: how far a job got that a trigger ends.
//! - [`option`], [`disk`]: the rest.
//!
//! Values are neutral; what a version lacks is left out where they are written (`bench_wire`).

pub mod disk;
pub mod group;
pub mod job;
pub mod log;
pub mod option;
pub mod outline;
pub mod progress;
pub mod verify_state;

use bench::output::Report;
use bench::statistics::{BandwidthUnit, JobResult, UnifiedReporting};
use bench_wire::message::{JobReport, WorkerMessage};

/// What a worker says of a run that is over, in the order in which fio's does: options of all jobs; of each job its options
/// and its statistics; groups; disks. Jobs are numbered as they are reported.
///
/// Made one by one, since a job's statistics take 180 KiB.
pub fn results(report: &Report, began_ms: u64) -> impl Iterator<Item = WorkerMessage> {
    let globals = report.global_options.iter().map(|(name, value)| option::message(None, name, value));
    let jobs = (0..).zip(&report.jobs).flat_map(move |(index, result): (u32, &JobResult)| {
        let options = result.options.iter().map(move |(name, value)| option::message(Some(index), name, value));
        options.chain(std::iter::once_with(move || {
            let group = report.group(result.group).map(group::statistics).unwrap_or_default();
            let job = job::statistics(result, index + 1, began_ms);
            WorkerMessage::JobReport(Box::new(JobReport { job, group }))
        }))
    });
    let groups = report.groups.iter().map(|result| WorkerMessage::GroupStatistics(group::statistics(result)));
    let disks = report.disks.iter().map(|result| WorkerMessage::DiskUtilisation(disk::utilisation(result)));
    globals.chain(jobs).chain(groups).chain(disks)
}

/// Bits in a unit of the report.
fn unit_base(unit: BandwidthUnit) -> u32 {
    match unit {
        BandwidthUnit::Bytes => 4,
        BandwidthUnit::Bits => 5,
    }
}

fn unified(unified: UnifiedReporting) -> u32 {
    match unified {
        UnifiedReporting::Split => 0,
        UnifiedReporting::Mixed => 1,
        UnifiedReporting::Both => 2,
    }
}

fn digits(significant_figures: usize) -> u32 {
    u32::try_from(significant_figures).unwrap_or(4).max(1)
}
