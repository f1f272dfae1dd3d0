//! Latencies: figures, percentiles, ranges.

use std::fmt::Write;

use super::super::number::{Prefix, Unit, format_number};
use super::super::share::{LATENCY_NAMES, latency_shares};
use super::add;
use crate::statistics::{JobResult, LatencyResult, Measurement, Reporting, SampleStatistics};

/// Columns that percentiles have behind their margin.
const LINE_WIDTH: usize = 73;
/// Ranges in a line.
const RANGES_PER_LINE: usize = 5;

/// What latencies are shown in.
#[derive(Clone, Copy)]
struct Scale {
    name: &'static str,
    nanoseconds: u64,
    /// How often percentiles are divided by 1000, each time rounded up.
    steps: u32,
}

const NANOSECONDS: Scale = Scale { name: "nsec", nanoseconds: 1, steps: 0 };
const MICROSECONDS: Scale = Scale { name: "usec", nanoseconds: 1000, steps: 1 };
const MILLISECONDS: Scale = Scale { name: "msec", nanoseconds: 1_000_000, steps: 2 };

impl Scale {
    /// The largest one in which neither end is too small to tell. Figures also want a deviation of one at least.
    fn of(minimum: u64, maximum: u64, deviation: f64) -> Self {
        [MILLISECONDS, MICROSECONDS]
            .into_iter()
            .find(|scale| {
                let unit = scale.nanoseconds;
                minimum > 2 * unit && maximum > 100 * unit - 1 && deviation > unit as f64
            })
            .unwrap_or(NANOSECONDS)
    }
}

/// Adds the line of a latency's figures; nothing without samples.
pub(super) fn figures(text: &mut String, name: &str, statistics: &SampleStatistics) {
    if statistics.is_empty() {
        return;
    }
    let deviation = statistics.standard_deviation();
    let scale = Scale::of(statistics.minimum, statistics.maximum, deviation);
    let number = |nanoseconds: u64| format_number(nanoseconds / scale.nanoseconds, 6, 1, Prefix::Decimal, Unit::None);
    let (minimum, maximum) = (number(statistics.minimum), number(statistics.maximum));
    let unit = scale.nanoseconds as f64;
    let (mean, deviation) = (statistics.mean / unit, deviation / unit);
    add!(text, "    {name} ({}): min={minimum}, max={maximum}, avg={mean:>5.2}, stdev={deviation:>5.2}\n", scale.name);
}

/// Adds the lines of a latency's percentiles.
pub(super) fn percentiles(text: &mut String, reporting: &Reporting, name: &str, latency: &LatencyResult) {
    let list = reporting.percentile_list.as_slice();
    let values = reporting.percentile_list.values(latency.histogram.as_ref(), latency.statistics.samples);
    let (Some(&minimum), Some(&maximum)) = (values.iter().min(), values.iter().max()) else {
        return;
    };
    // Percentiles are chosen for their ends alone.
    let scale = Scale::of(minimum, maximum, f64::INFINITY);
    add!(text, "    {name} percentiles ({}):\n     |", scale.name);
    let precision = reporting.percentile_precision;
    let width = (maximum / scale.nanoseconds).to_string().len().max(5);
    let per_line = (LINE_WIDTH / (precision + 10 + width)).max(1);
    for (index, (percentile, value)) in list.iter().zip(&values).enumerate() {
        if index != 0 && index % per_line == 0 {
            text.push_str("\n     |");
        }
        let value = (0..scale.steps).fold(*value, |value, _| value.div_ceil(1000));
        add!(text, " {percentile:>0$.1$}th=[{value:>width$}]", precision + 3, precision);
        if index + 1 < list.len() {
            text.push(',');
        }
    }
    text.push('\n');
}

/// Adds the lines of a job's syncs.
pub(super) fn sync(text: &mut String, job: &JobResult) {
    text.push_str("  fsync/fdatasync/sync_file_range:\n");
    figures(text, "sync", &job.measurement.sync.statistics);
    percentiles(text, &job.reporting, "sync", &job.measurement.sync);
}

/// Adds the tables of coarse ranges.
pub(super) fn latency_ranges(text: &mut String, measurement: &Measurement) {
    let (ios, ranges) = (measurement.ios(), &measurement.ranges);
    table(text, "nsec", &latency_shares(&ranges.nanoseconds, ios));
    table(text, "usec", &latency_shares(&ranges.microseconds, ios));
    table(text, "msec", &latency_shares(&ranges.milliseconds, ios));
}

fn table(text: &mut String, unit: &str, shares: &[f64]) {
    let shares: Vec<_> = LATENCY_NAMES.iter().zip(shares).filter(|(_, share)| **share > 0.0).collect();
    for line in shares.chunks(RANGES_PER_LINE) {
        let line = line.iter().map(|(name, share)| format!("{name}={share:.2}%"));
        add!(text, "  lat ({unit})   : {}\n", line.collect::<Vec<_>>().join(", "));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_change_where_fios_do() {
        let name = |minimum, maximum, deviation| Scale::of(minimum, maximum, deviation).name;
        assert_eq!(name(2001, 100_000, 1001.0), "usec");
        assert_eq!(name(2000, 100_000, 1001.0), "nsec");
        assert_eq!(name(2001, 99_999, 1001.0), "nsec");
        assert_eq!(name(2001, 100_000, 1000.0), "nsec");
        assert_eq!(name(2_000_001, 100_000_000, 1_000_001.0), "msec");
        assert_eq!(name(2_000_001, 99_999_999, 1_000_001.0), "usec");
        assert_eq!(name(2_000_001, 100_000_000, 1_000_000.0), "usec");
    }

    #[test]
    fn ranges_go_on_in_a_second_line() {
        let mut text = String::new();
        table(&mut text, "usec", &[1.0, 2.0, 0.0, 3.0, 4.0, 5.0, 6.0]);
        assert_eq!(
            text,
            "  lat (usec)   : 2=1.00%, 4=2.00%, 20=3.00%, 50=4.00%, 100=5.00%\n  lat (usec)   : 250=6.00%\n"
        );
    }
}
