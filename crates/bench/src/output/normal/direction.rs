//! What a job did in one direction.

use std::fmt::Write;

use super::super::number::{Prefix, Unit, format_number};
use super::super::share::bandwidth_share;
use super::latency::{figures, percentiles};
use super::{add, rate_unit};
use crate::direction::Direction;
use crate::statistics::{DirectionResult, GroupResult, JobResult};

/// Adds the lines of a direction that is called `name`. Nothing without a time.
pub(super) fn direction(
    text: &mut String,
    job: &JobResult,
    (name, direction): (&str, Direction),
    result: &DirectionResult,
    group: Option<&GroupResult>,
) {
    if result.runtime_ms == 0 {
        return;
    }
    rate_line(text, job, name, result);
    figures(text, "slat", &result.slat.statistics);
    figures(text, "clat", &result.clat.statistics);
    figures(text, " lat", &result.lat.statistics);
    let kind = if job.reporting.percentiles.lat { "lat" } else { "clat" };
    for known in result.priorities_in_use() {
        let name = format!("{kind} prio {}/{}", known.class(), known.level());
        figures(text, &name, &known.latency.statistics);
    }
    let wanted = job.reporting.percentiles;
    for (wanted, name, latency) in
        [(wanted.slat, "slat", &result.slat), (wanted.clat, "clat", &result.clat), (wanted.lat, "lat", &result.lat)]
    {
        if wanted && !latency.statistics.is_empty() {
            percentiles(text, &job.reporting, name, latency);
        }
    }
    if wanted.clat || wanted.lat {
        let all = if wanted.lat { &result.lat } else { &result.clat };
        for known in result.priorities_in_use() {
            let share = 100.0 * known.latency.statistics.samples as f64 / all.statistics.samples as f64;
            let name = format!("{kind} prio {}/{} ({share:.2}% of IOs)", known.class(), known.level());
            percentiles(text, &job.reporting, &name, &known.latency);
        }
    }
    let aggregate = group.map_or(0, |group| group.directions[direction.index()].aggregate);
    samples(text, job, result, aggregate);
}

fn rate_line(text: &mut String, job: &JobResult, name: &str, result: &DirectionResult) {
    let reporting = &job.reporting;
    let digits = reporting.significant_figures;
    let prefix = Prefix::of_kilobyte(reporting.kilobyte);
    let iops = format_number(result.ios_per_second(), digits, 1, Prefix::Decimal, Unit::None);
    let rate = |prefix| format_number(result.bytes_per_second(), digits, 1, prefix, rate_unit(reporting.unit));
    let size = format_number(result.bytes, digits, 1, prefix, Unit::Bytes);
    let (first, second) = (rate(prefix), rate(prefix.other()));
    add!(text, "  {name}: IOPS={iops}, BW={first} ({second})({size}/{}msec)", result.runtime_ms);
    let (hits, misses) = (job.cache_hits, job.cache_misses);
    if name == Direction::Write.name() {
        add!(text, "; {} zone resets", job.zone_resets);
    } else if name != Direction::Trim.name() && hits != 0 && misses != 0 {
        add!(text, "; Cachehit={:.2}%", hits as f64 / (hits as f64 + misses as f64) * 100.0);
    }
    text.push('\n');
}

/// The lines of bandwidth and IOPS samples. Parity: in bytes even where rates are shown in bits, and divided by 1024 for
/// `MiB` only when the job's kilobyte is that.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "samples divided: not negative, no larger")]
fn samples(text: &mut String, job: &JobResult, result: &DirectionResult, aggregate: u64) {
    let bandwidth = &result.bandwidth;
    if !bandwidth.is_empty() {
        let share = bandwidth_share(bandwidth.mean, aggregate);
        let kilobyte = f64::from(job.reporting.kilobyte);
        let (mut minimum, mut maximum) = (bandwidth.minimum, bandwidth.maximum);
        let (mut mean, mut deviation) = (bandwidth.mean, bandwidth.standard_deviation());
        let mut unit = if job.reporting.kilobyte.is_power_of_two() { "KiB" } else { "kB" };
        if mean > kilobyte * kilobyte {
            minimum = (minimum as f64 / kilobyte) as u64;
            maximum = (maximum as f64 / kilobyte) as u64;
            mean /= kilobyte;
            deviation /= kilobyte;
            unit = "MiB";
        }
        add!(text, "   bw ({unit:>5}/s): min={minimum:>5}, max={maximum:>5}, per={share:.2}%, ");
        add!(text, "avg={mean:>5.2}, stdev={deviation:>5.2}, samples={}\n", bandwidth.samples);
    }
    let iops = &result.iops;
    if !iops.is_empty() {
        let (mean, deviation) = (iops.mean, iops.standard_deviation());
        add!(text, "   iops        : min={:>5}, max={:>5}, avg={mean:>5.2}, ", iops.minimum, iops.maximum);
        add!(text, "stdev={deviation:>5.2}, samples={}\n", iops.samples);
    }
}
