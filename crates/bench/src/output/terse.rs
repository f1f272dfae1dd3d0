//! Terse: a line a job, fields between semicolons. Versions 2 to 5, as fio 3.33 writes them.
//!
//! Version 2 has no fio version and no disks; 4 adds trims; 5 adds the number of bandwidth samples and the IOPS samples.
//! Latencies are in microseconds. Differs from fio in this: where a job did no I/O, fio prints `-nan%` for latencies below
//! 2 µs; here it is `0.00%`.

use std::fmt::Write;

use super::Report;
use super::share::{depth_shares, latency_shares};
use crate::direction::Direction;
use crate::statistics::{
    DirectionResult, GroupDirection, JobResult, LatencyResult, PERCENTILES_MAX, SampleStatistics, UnifiedReporting,
};

/// Which fields there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct TerseVersion(u8);

impl Default for TerseVersion {
    fn default() -> Self {
        Self(3)
    }
}

impl TerseVersion {
    /// 2, 3, 4 or 5; there are no others.
    #[must_use]
    pub fn new(version: u64) -> Option<Self> {
        u8::try_from(version).ok().filter(|version| (2..=5).contains(version)).map(Self)
    }
}

/// The lines of a report.
#[must_use]
pub fn lines(report: &Report, version: TerseVersion) -> String {
    report.jobs.iter().map(|job| line(report, job, version)).collect()
}

fn line(report: &Report, job: &JobResult, version: TerseVersion) -> String {
    let error = job.error.as_ref().map_or(0, |error| error.number);
    let mut line = match version.0 {
        2 => format!("2;{};{};{error}", job.name, job.group),
        other => format!("{other};{};{};{};{error}", report.version, job.name, job.group),
    };
    directions(&mut line, report, job, version);
    let (user, system) = job.processor_shares();
    let usage = &job.usage;
    let (switches, major, minor) = (usage.context_switches, usage.major_faults, usage.minor_faults);
    field(&mut line, format_args!("{user:.6}%;{system:.6}%;{switches};{major};{minor}"));
    distributions(&mut line, job);
    if version.0 >= 3 {
        disks(&mut line, report);
    }
    if let Some(errors) = &job.continued_errors {
        field(&mut line, format_args!("{};{}", errors.total, errors.first));
    }
    if !job.description.is_empty() {
        if version.0 == 2 {
            line.push('\n');
        }
        field(&mut line, format_args!("{}", job.description));
    }
    line.push('\n');
    line
}

fn field(line: &mut String, text: std::fmt::Arguments<'_>) {
    // A String takes everything.
    let _ = write!(line, ";{text}");
}

fn directions(line: &mut String, report: &Report, job: &JobResult, version: TerseVersion) {
    let shown: &[Direction] = match (job.reporting.unified, version.0) {
        (UnifiedReporting::Mixed, _) => &[Direction::Read],
        (_, 3) => &[Direction::Read, Direction::Write],
        _ => &Direction::ALL,
    };
    let group =
        |direction: usize| report.group(job.group).map_or_else(Default::default, |found| found.directions[direction]);
    for shown in shown {
        let index = shown.index();
        direction(line, job, &job.measurement.directions[index], &group(index), version);
    }
    if job.reporting.unified == UnifiedReporting::Both {
        direction(line, job, &job.measurement.mixed().directions[0], &group(0), version);
    }
}

fn direction(
    line: &mut String,
    job: &JobResult,
    result: &DirectionResult,
    group: &GroupDirection,
    version: TerseVersion,
) {
    let (kibibytes, rate) = (result.bytes >> 10, result.bytes_per_second() / 1024);
    field(line, format_args!("{kibibytes};{rate};{};{}", result.ios_per_second(), result.runtime_ms));
    microseconds(line, &result.slat.statistics);
    microseconds(line, &result.clat.statistics);
    percentiles(line, job, result);
    microseconds(line, &result.lat.statistics);
    let bandwidth = &result.bandwidth;
    let share = if bandwidth.is_empty() { 0.0 } else { share_of_group(bandwidth.mean, group.aggregate) };
    let (minimum, maximum) = extremes(bandwidth);
    let deviation = bandwidth.standard_deviation();
    field(line, format_args!("{minimum};{maximum};{share:.6}%;{:.6};{deviation:.6}", bandwidth.mean));
    if version.0 == 5 {
        let iops = &result.iops;
        let (minimum, maximum) = extremes(iops);
        let deviation = iops.standard_deviation();
        field(line, format_args!("{}", bandwidth.samples));
        field(line, format_args!("{minimum};{maximum};{:.6};{deviation:.6};{}", iops.mean, iops.samples));
    }
}

fn extremes(statistics: &SampleStatistics) -> (u64, u64) {
    if statistics.is_empty() { (0, 0) } else { (statistics.minimum, statistics.maximum) }
}

fn microseconds(line: &mut String, statistics: &SampleStatistics) {
    let (minimum, maximum) = extremes(statistics);
    let (mean, deviation) = (statistics.mean / 1000.0, statistics.standard_deviation() / 1000.0);
    field(line, format_args!("{};{};{mean:.6};{deviation:.6}", minimum / 1000, maximum / 1000));
}

fn percentiles(line: &mut String, job: &JobResult, result: &DirectionResult) {
    let wanted = job.reporting.percentiles;
    let latency: Option<&LatencyResult> = match (wanted.lat, wanted.clat) {
        (true, _) => Some(&result.lat),
        (false, true) => Some(&result.clat),
        (false, false) => None,
    };
    let list = &job.reporting.percentile_list;
    let values = latency.map(|latency| list.values(latency.histogram.as_ref(), latency.statistics.samples));
    let values = values.unwrap_or_default();
    for (percentile, value) in list.as_slice().iter().zip(&values) {
        field(line, format_args!("{percentile:.6}%={}", value / 1000));
    }
    for _ in values.len()..PERCENTILES_MAX {
        line.push_str(";0%=0");
    }
}

/// Parity: unlike the other formats, against the group's whole KiB/s.
fn share_of_group(mean: f64, aggregate: u64) -> f64 {
    match aggregate / 1024 {
        0 => 100.0,
        kibibytes => (mean * 100.0 / kibibytes as f64).min(100.0),
    }
}

fn distributions(line: &mut String, job: &JobResult) {
    let measurement = &job.measurement;
    let ios = measurement.ios();
    for share in depth_shares(&measurement.depth.0, ios) {
        field(line, format_args!("{share:.1}%"));
    }
    let ranges = &measurement.ranges;
    let mut microseconds = latency_shares(&ranges.microseconds, ios);
    // What took less than a microsecond has no field of its own.
    if ios != 0 {
        microseconds[0] += 100.0 * ranges.nanoseconds.iter().map(|count| *count as f64).sum::<f64>() / ios as f64;
    }
    for share in microseconds.into_iter().chain(latency_shares(&ranges.milliseconds, ios)) {
        field(line, format_args!("{share:.2}%"));
    }
}

fn disks(line: &mut String, report: &Report) {
    for disk in &report.disks {
        let counters = &disk.counters;
        disk_fields(line, &disk.name, counters, disk.utilization());
        if let Some((members, busiest)) = disk.member_averages() {
            disk_fields(line, "slaves", &members, busiest);
        }
    }
}

fn disk_fields(line: &mut String, name: &str, counters: &crate::statistics::DiskCounters, utilization: f64) {
    let [reads, writes] = counters.ios;
    let [read_merges, write_merges] = counters.merges;
    let [read_ticks, write_ticks] = counters.ticks;
    field(line, format_args!("{name};{reads};{writes};{read_merges};{write_merges};{read_ticks};{write_ticks}"));
    field(line, format_args!("{};{utilization:.2}%", counters.time_in_queue));
}
