//! Normal: text for people, laid out as fio 3.33 lays it out, since scripts read it too.
//!
//! Differs from fio in this: with `unified_rw_reporting=both` the line of all directions has their IOPS and bandwidth; fio
//! prints zeros there.

mod direction;
mod latency;

use std::fmt::Write;

use self::direction::direction;
use self::latency::{latency_ranges, sync};
use super::number::{Prefix, Unit, format_number};
use super::share::{BATCH_NAMES, DEPTH_NAMES, depth_shares};
use super::{CpuIdleness, Report};
use crate::direction::Direction;
use crate::statistics::{
    BandwidthUnit, BatchSizes, DiskUtilization, GroupDirection, GroupResult, JobResult, Measurement, UnifiedReporting,
};

/// A report. It begins with an empty line, which ends whatever line is on the screen.
#[must_use]
pub fn text(report: &Report) -> String {
    let mut text = "\n".to_owned();
    for result in &report.jobs {
        job(&mut text, report, result);
    }
    for result in &report.groups {
        group(&mut text, result);
    }
    if !report.disks.is_empty() {
        text.push_str("\nDisk stats (read/write):\n");
        report.disks.iter().for_each(|result| disk(&mut text, result));
    }
    if let Some(idle) = &report.idleness {
        idleness(&mut text, idle);
    }
    text
}

/// Adds to a text, which takes everything.
macro_rules! add {
    ($text:expr, $($arguments:tt)*) => {
        let _ = write!($text, $($arguments)*);
    };
}
use add;

fn job(text: &mut String, report: &Report, job: &JobResult) {
    let measurement = &job.measurement;
    if measurement.bytes() == 0 && measurement.ios() == 0 && !job.did_other_work {
        return;
    }
    heading(text, report, job);
    let group = report.group(job.group);
    let mixed = job.reporting.unified == UnifiedReporting::Mixed;
    for shown in Direction::ALL {
        let result = &measurement.directions[shown.index()];
        if result.bytes != 0 {
            let name = if mixed { "mixed" } else { shown.name() };
            direction(text, job, (name, shown), result, group);
        }
    }
    if job.reporting.unified == UnifiedReporting::Both {
        direction(text, job, ("mixed", Direction::Read), &measurement.mixed().directions[0], group);
    }
    latency_ranges(text, measurement);
    if !measurement.sync.statistics.is_empty() {
        sync(text, job);
    }
    let (user, system) = job.processor_shares();
    let usage = &job.usage;
    let (switches, major, minor) = (usage.context_switches, usage.major_faults, usage.minor_faults);
    add!(text, "  cpu          : usr={user:.2}%, sys={system:.2}%, ctx={switches}, majf={major}, minf={minor}\n");
    depths(text, measurement);
    issued(text, measurement);
    if let Some(errors) = &job.continued_errors {
        let name = error_name(errors.first);
        add!(text, "     errors    : total={}, first_error={}/<{name}>\n", errors.total, errors.first);
    }
    let target = &job.latency_target;
    if target.depth != 0 {
        let (nanoseconds, window, share, depth) = (target.target_ns, target.window_us, target.percentile, target.depth);
        add!(text, "     latency   : target={nanoseconds}, window={window}, percentile={share:.2}%, depth={depth}\n");
    }
    if !job.blocks.is_empty() {
        blocks(text, job);
    }
}

/// What the blocks of the job's file went through, in lines of at most 75 characters behind the margin.
fn blocks(text: &mut String, job: &JobResult) {
    const LINE_WIDTH: usize = 75;
    text.push_str("  block lifetime percentiles :\n   |");
    let list = &job.reporting.percentile_list;
    let values = job.blocks.percentiles(list);
    let mut column = 0;
    for (index, (percentile, value)) in list.as_slice().iter().zip(&values).enumerate() {
        let end = if index + 1 == values.len() { '\n' } else { ',' };
        let entry = format!(" {percentile:.2}th={value}{end}");
        if column + entry.len() > LINE_WIDTH {
            column = 0;
            text.push_str("\n   |");
        }
        column += entry.len();
        text.push_str(&entry);
    }
    let states = job.blocks.states().map(|(name, count)| format!(" {name}={count}"));
    add!(text, "        states               :{}\n", states.join(","));
}

fn heading(text: &mut String, report: &Report, job: &JobResult) {
    add!(text, "{}: (groupid={}, jobs={}): ", job.name, job.group, job.members);
    match &job.error {
        None => text.push_str("err= 0"),
        Some(error) => {
            add!(text, "err={:2} ({})", error.number, error.message);
        }
    }
    add!(text, ": pid={}: {}\n", job.process, report.time);
    if !job.description.is_empty() {
        add!(text, "  Description  : [{}]\n", job.description);
    }
}

fn depths(text: &mut String, measurement: &Measurement) {
    let shares = depth_shares(&measurement.depth.0, measurement.ios());
    table(text, "  IO depths    : ", DEPTH_NAMES, shares);
    let batches = |batches: &BatchSizes| depth_shares(&batches.levels, batches.total);
    table(text, "     submit    : ", BATCH_NAMES, batches(&measurement.submissions));
    table(text, "     complete  : ", BATCH_NAMES, batches(&measurement.completions));
}

fn table(text: &mut String, heading: &str, names: [&str; 7], shares: [f64; 7]) {
    let shares = names.iter().zip(shares).map(|(name, share)| format!("{name}={share:.1}%"));
    add!(text, "{heading}{}\n", shares.collect::<Vec<_>>().join(", "));
}

fn issued(text: &mut String, measurement: &Measurement) {
    let [read, write, trim] = &measurement.directions;
    let syncs = measurement.syncs;
    add!(text, "     issued rwts: total={},{},{},{syncs}", read.ios, write.ios, trim.ios);
    add!(text, " short={},{},{},0", read.short, write.short, trim.short);
    add!(text, " dropped={},{},{},0\n", read.dropped, write.dropped, trim.dropped);
}

/// What the system calls an error.
fn error_name(number: i32) -> String {
    let text = std::io::Error::from_raw_os_error(number).to_string();
    text.split(" (os error").next().unwrap_or_default().to_owned()
}

/// The unit of bandwidths.
pub(super) fn rate_unit(unit: BandwidthUnit) -> Unit {
    match unit {
        BandwidthUnit::Bytes => Unit::BytesPerSecond,
        BandwidthUnit::Bits => Unit::BitsPerSecond,
    }
}

fn group(text: &mut String, group: &GroupResult) {
    add!(text, "\nRun status group {} (all jobs):\n", group.number);
    let mixed = group.unified == UnifiedReporting::Mixed;
    for (name, direction) in ["   READ", "  WRITE", "   TRIM"].into_iter().zip(&group.directions) {
        if direction.longest_ms != 0 {
            group_direction(text, group, if mixed { "  MIXED" } else { name }, direction);
        }
    }
    if group.unified == UnifiedReporting::Both {
        group_direction(text, group, "  MIXED", &group.mixed());
    }
}

fn group_direction(text: &mut String, group: &GroupResult, name: &str, direction: &GroupDirection) {
    let prefix = Prefix::of_kilobyte(group.kilobyte);
    let digits = group.significant_figures;
    let rate = |rate: u64, prefix: Prefix| format_number(rate, digits, 1, prefix, rate_unit(group.unit));
    let size = |prefix: Prefix| format_number(direction.bytes, digits, 1, prefix, Unit::Bytes);
    let range = |prefix: Prefix| format!("{}-{}", rate(direction.slowest, prefix), rate(direction.fastest, prefix));
    let other = prefix.other();
    let all = (rate(direction.aggregate, prefix), rate(direction.aggregate, other));
    add!(text, "{name}: bw={} ({}), {} ({}), ", all.0, all.1, range(prefix), range(other));
    let (shortest, longest) = (direction.shortest_ms, direction.longest_ms);
    add!(text, "io={} ({}), run={shortest}-{longest}msec\n", size(prefix), size(other));
}

fn disk(text: &mut String, disk: &DiskUtilization) {
    let members = disk.member_averages();
    if members.is_some() {
        text.push_str("  ");
    }
    let counters = &disk.counters;
    let ([reads, writes], [read_merges, write_merges]) = (counters.ios, counters.merges);
    let ([read_ticks, write_ticks], queue) = (counters.ticks, counters.time_in_queue);
    add!(text, "  {}: ios={reads}/{writes}, merge={read_merges}/{write_merges}, ", disk.name);
    add!(text, "ticks={read_ticks}/{write_ticks}, in_queue={queue}, util={:.2}%", disk.utilization());
    if let Some((counters, busiest)) = members {
        let ([reads, writes], [read_merges, write_merges]) = (counters.ios, counters.merges);
        let ([read_ticks, write_ticks], queue) = (counters.ticks, counters.time_in_queue);
        add!(text, ", aggrios={reads}/{writes}, aggrmerge={read_merges}/{write_merges}, ");
        add!(text, "aggrticks={read_ticks}/{write_ticks}, aggrin_queue={queue}, aggrutil={busiest:.2}%");
    }
    text.push('\n');
}

fn idleness(text: &mut String, idle: &CpuIdleness) {
    add!(text, "\nCPU idleness:\n  system: {:.2}%\n", idle.system);
    if !idle.processors.is_empty() {
        let processors = idle.processors.iter().map(|share| format!("{share:.2}%"));
        add!(text, "  percpu: {}\n", processors.collect::<Vec<_>>().join(", "));
    }
    add!(text, "  unit work: mean={:.2}us, stddev={:.2}\n", idle.unit_mean_us, idle.unit_deviation_us);
}
