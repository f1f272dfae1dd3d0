//! What was measured, and how it is shown.

use hdrhistogram::Histogram;
use nvme_host::Digests;
use reactor::clock::Duration;
use serde_json::Value;

use super::super::progress::{bytes_per_second, rate_text};
use super::workload::{Pattern, Workload};
use crate::document::Document;

/// Longest latency that is told apart, in ns: an hour. Longer ones count as that.
const LATENCY_MAXIMUM_NS: u64 = 3_600_000_000_000;
/// Latencies are kept to three digits.
const SIGNIFICANT_DIGITS: u8 = 3;

/// The percentiles of the report, with their names.
const PERCENTILES: [(&str, f64); 6] =
    [("p50_ns", 50.0), ("p90_ns", 90.0), ("p99_ns", 99.0), ("p99.9_ns", 99.9), ("p99.99_ns", 99.99), ("max_ns", 100.0)];

/// What one thread, or all of them, counted.
#[derive(Debug, Clone)]
pub(super) struct Tally {
    pub(super) elapsed: Duration,
    reads: Kind,
    writes: Kind,
}

#[derive(Debug, Clone)]
struct Kind {
    bytes: u64,
    latency_ns: Histogram<u64>,
}

impl Kind {
    fn new() -> Self {
        match Histogram::new_with_bounds(1, LATENCY_MAXIMUM_NS, SIGNIFICANT_DIGITS) {
            Ok(latency_ns) => Self { bytes: 0, latency_ns },
            Err(error) => unreachable!("the bounds are constants: {error}"),
        }
    }

    fn add(&mut self, other: &Self) {
        self.bytes += other.bytes;
        if let Err(error) = self.latency_ns.add(&other.latency_ns) {
            unreachable!("histograms of the same bounds: {error}");
        }
    }
}

impl Tally {
    pub(super) fn new() -> Self {
        Self { elapsed: Duration::ZERO, reads: Kind::new(), writes: Kind::new() }
    }

    /// Counts a command.
    #[inline]
    pub(super) fn count(&mut self, is_read: bool, latency: Duration, bytes: u32) {
        let kind = if is_read { &mut self.reads } else { &mut self.writes };
        kind.bytes += u64::from(bytes);
        kind.latency_ns.saturating_record(u64::try_from(latency.as_nanos()).unwrap_or(u64::MAX));
    }

    /// Adds what another thread counted at the same time.
    pub(super) fn add(&mut self, other: &Self) {
        self.elapsed = self.elapsed.max(other.elapsed);
        self.reads.add(&other.reads);
        self.writes.add(&other.writes);
    }
}

/// The report.
pub(super) fn document(workload: &Workload, threads: usize, digests: Digests, tally: &Tally) -> Document {
    let mut total = tally.reads.clone();
    total.add(&tally.writes);
    let mut rows = Vec::new();
    for (name, kind) in [("read", &tally.reads), ("write", &tally.writes)] {
        if !kind.latency_ns.is_empty() {
            rows.push(row(name, kind, tally.elapsed));
        }
    }
    rows.push(row("total", &total, tally.elapsed));
    let pattern = match workload.pattern {
        Pattern::Random => "random",
        Pattern::Sequential => "sequential",
    };
    let seconds = tally.elapsed.as_secs_f64();
    Document::new()
        .with("namespace", workload.namespace.id)
        .with("size_bytes", workload.size_bytes)
        .with("read_percent", workload.read_percent)
        .with("pattern", pattern)
        .with("queue_depth", workload.queue_depth)
        .with("queues", workload.queues)
        .with("threads", threads)
        .with("header_digest", digests.header)
        .with("data_digest", digests.data)
        .with_text("seconds", seconds, format_args!("{seconds:.3}"))
        .with_table("results", rows)
}

fn row(name: &'static str, kind: &Kind, elapsed: Duration) -> Document {
    let commands = kind.latency_ns.len();
    // The same arithmetic as for bytes.
    let iops = bytes_per_second(commands, elapsed);
    let rate = bytes_per_second(kind.bytes, elapsed);
    let mut row = Document::new().with("operation", name).with("commands", commands).with("iops", iops).with_text(
        "bytes_per_second",
        rate,
        rate_text(rate),
    );
    let latency = |value: u64| if commands == 0 { Value::Null } else { value.into() };
    row = row.with_text("mean_ns", latency(mean_ns(kind)), microseconds(mean_ns(kind)));
    for (name, percentile) in PERCENTILES {
        let value = kind.latency_ns.value_at_percentile(percentile);
        row = row.with_text(name, latency(value), microseconds(value));
    }
    row
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a mean of u64 values, not negative")]
fn mean_ns(kind: &Kind) -> u64 {
    kind.latency_ns.mean() as u64
}

/// Nanoseconds as microseconds, for people.
fn microseconds(value_ns: u64) -> String {
    format!("{}.{} µs", value_ns / 1000, value_ns % 1000 / 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally() -> Tally {
        let mut tally = Tally::new();
        tally.elapsed = Duration::from_secs(2);
        for microseconds in 1..=100 {
            tally.count(true, Duration::from_micros(microseconds), 4096);
        }
        tally.count(false, Duration::from_micros(500), 4096);
        tally
    }

    #[test]
    fn a_row_has_rates_and_percentiles() {
        let json = row("read", &tally().reads, Duration::from_secs(2)).json();
        assert_eq!(json["commands"], 100);
        assert_eq!(json["iops"], 50);
        assert_eq!(json["bytes_per_second"], 204_800);
        let near = |name: &str, expected: u64| {
            let value = json[name].as_u64().unwrap();
            assert!(value.abs_diff(expected) <= expected / 500, "{name} is {value}, expected {expected}");
        };
        near("p50_ns", 50_000);
        near("p99_ns", 99_000);
        near("max_ns", 100_000);
        near("mean_ns", 50_500);
    }

    #[test]
    fn threads_add_up() {
        let mut total = tally();
        total.add(&tally());
        assert_eq!((total.reads.latency_ns.len(), total.writes.latency_ns.len()), (200, 2));
        assert_eq!(total.elapsed, Duration::from_secs(2));
    }

    #[test]
    fn nothing_measured_has_no_latency() {
        let json = row("total", &Tally::new().reads, Duration::ZERO).json();
        assert_eq!(json["iops"], 0);
        assert_eq!(json["p50_ns"], Value::Null);
    }
}
