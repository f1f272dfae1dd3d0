//! The logs of workers as files: `NAME.HOST`, as fio's front end writes them.
//!
//! Differs from fio in this: each sample's own flags say what it has, so that no sample is lost with `log_offset`; what the worker kept
//! to itself at the end is told; workers of one run that have the same host are told apart by `NAME.HOST,PORT`; and where the file goes is
//! for the run to say ([`super::jobs`]).
//!
//! fio's worker sends wrong histograms: it subtracts from each what is left of the one before it in its direction, which has had its own
//! predecessor subtracted already. What it sends is `s(n) = c(n) - s(n-1)` for counts `c` since the begin of the job, so that
//! `c(n) = s(n) + s(n-1)`, and the interval is `c(n) - c(n-1)`. [`Histograms`] says which of the two a worker sends.
//!
//! Cost: a line for each sample into a buffer of 64 KiB; compressed logs are inflated a window at a time.

use std::fs::File;
use std::io::{self, BufWriter, Write};

use bench_wire::log::{Log, LogCompression, LogEntry, LogKind};
use bench_wire::message::Histogram;
use bench_wire::{Fault, ProtocolVersion};

/// Bytes that are written at a time.
const BUFFER_BYTES: usize = 64 << 10;
/// The priority class real time, for the column "high or not".
const CLASS_REAL_TIME: u16 = 1;
/// Where a priority has its class.
const CLASS_SHIFT: u32 = 13;
/// The largest power of two by which buckets are added up, as in fio's option: 64 of the 1856 buckets in one.
const COARSENESS_MAX: u32 = 6;

/// What a worker sends in a log of histograms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Histograms {
    /// The counts of each interval.
    Intervals,
    /// What fio makes of them.
    Subtracted,
}

impl Histograms {
    /// What a worker sends that tells this version of itself.
    #[must_use]
    pub fn of(version: &str) -> Self {
        if version.contains("tidegate") { Self::Intervals } else { Self::Subtracted }
    }
}

/// What went wrong with a log.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The file.
    #[error(transparent)]
    File(#[from] io::Error),
    /// The worker.
    #[error(transparent)]
    Worker(#[from] Fault),
}

/// Writes a log into a file; returns how many samples are missing at its end.
///
/// # Errors
/// [`LogError`]; what could be written is in the file.
pub fn save(log: &Log, version: ProtocolVersion, histograms: Histograms, path: &str) -> Result<u64, LogError> {
    let mut output = BufWriter::with_capacity(BUFFER_BYTES, File::create(path)?);
    let missing = write(log, version, histograms, &mut output)?;
    output.flush()?;
    Ok(missing)
}

/// Writes the lines of a log, or the chunks that the job has kept; returns how many samples are missing.
///
/// # Errors
/// [`LogError`].
pub fn write(
    log: &Log,
    version: ProtocolVersion,
    histograms: Histograms,
    output: &mut dyn Write,
) -> Result<u64, LogError> {
    if log.header.compression == LogCompression::AS_STORED {
        output.write_all(&log.data)?;
        return Ok(0);
    }
    let mut entries = log.entries(version);
    let mut restored = Restored::default();
    for entry in &mut entries {
        let entry = entry?;
        if log.header.kind != LogKind::HISTOGRAM {
            write_sample(&entry, output)?;
            continue;
        }
        let mut counts = vec![0; Histogram::BUCKETS];
        let sent = entry.histogram.as_ref().map(Histogram::buckets).unwrap_or_default();
        counts.iter_mut().zip(sent).for_each(|(count, sent)| *count = *sent);
        if histograms == Histograms::Subtracted {
            restored.restore(entry.direction, &mut counts);
        }
        write_histogram(&entry, &counts, log.header.histogram_coarseness.min(COARSENESS_MAX), output)?;
    }
    Ok(entries.missing())
}

/// What has to be known of the histograms before, by direction: the counts that were sent, and those since the begin.
#[derive(Default)]
struct Restored([Option<(Vec<u64>, Vec<u64>)>; 3]);

impl Restored {
    /// Makes the counts of an interval out of those that fio has sent. What wrapped there wraps back here.
    fn restore(&mut self, direction: u32, counts: &mut [u64]) {
        let zeros = || (vec![0; Histogram::BUCKETS], vec![0; Histogram::BUCKETS]);
        let Some(known) = usize::try_from(direction).ok().and_then(|direction| self.0.get_mut(direction)) else {
            return;
        };
        let (sent, total) = known.get_or_insert_with(zeros);
        for ((count, sent), total) in counts.iter_mut().zip(sent).zip(total) {
            let now = count.wrapping_add(*sent);
            (*sent, *count, *total) = (*count, now.wrapping_sub(*total), now);
        }
    }
}

/// `time, value[, maximum], direction, block size[, offset], priority[, time of issue]`
fn write_sample(entry: &LogEntry, output: &mut dyn Write) -> io::Result<()> {
    write!(output, "{}, {}", entry.time_ms, entry.value.cast_signed())?;
    if entry.has_maximum {
        write!(output, ", {}", entry.maximum.cast_signed())?;
    }
    write!(output, ", {}, {}", entry.direction, entry.block_bytes)?;
    if let Some(offset) = entry.offset {
        write!(output, ", {offset}")?;
    }
    if entry.has_priority {
        write!(output, ", 0x{:04x}", entry.priority)?;
    } else {
        write!(output, ", {}", u8::from(entry.priority >> CLASS_SHIFT == CLASS_REAL_TIME))?;
    }
    if let Some(time) = entry.issue_time {
        write!(output, ", {time}")?;
    }
    writeln!(output)
}

/// `time, direction, block size, counts…`
fn write_histogram(entry: &LogEntry, counts: &[u64], coarseness: u32, output: &mut dyn Write) -> io::Result<()> {
    write!(output, "{}, {}, {}", entry.time_ms, entry.direction, entry.block_bytes)?;
    for counts in counts.chunks(1 << coarseness) {
        write!(output, ", {}", counts.iter().fold(0, |sum: u64, count| sum.saturating_add(*count)))?;
    }
    writeln!(output)
}

#[cfg(test)]
mod tests {
    use bench_wire::log::LogHeader;

    use super::*;

    fn lines(header: LogHeader, entries: &[LogEntry], version: ProtocolVersion) -> String {
        let mut output = Vec::new();
        assert_eq!(write(&Log::new(header, entries, version), version, Histograms::Intervals, &mut output).unwrap(), 0);
        String::from_utf8(output).unwrap()
    }

    #[test]
    fn samples_have_the_columns_that_they_say() {
        let plain = LogEntry { time_ms: 1, value: 2, direction: 1, block_bytes: 4096, ..LogEntry::default() };
        let high = LogEntry { priority: 1 << 13 | 4, ..plain.clone() };
        let all = LogEntry {
            has_priority: true,
            has_maximum: true,
            maximum: 9,
            offset: Some(8192),
            issue_time: Some(77),
            ..high.clone()
        };
        for compression in [LogCompression::NONE, LogCompression::TRANSMISSION] {
            let header = LogHeader { compression, ..LogHeader::default() };
            let text = lines(header, &[plain.clone(), high.clone(), all.clone()], ProtocolVersion::NEWEST);
            assert_eq!(text, "1, 2, 1, 4096, 0\n1, 2, 1, 4096, 1\n1, 2, 9, 1, 4096, 8192, 0x2004, 77\n");
        }
    }

    #[test]
    fn histograms_are_as_coarse_as_they_say() {
        let histogram = Some(Histogram::from_buckets([1, 2, 3, 4].into_iter()));
        let entry = LogEntry { time_ms: 5, direction: 0, block_bytes: 512, histogram, ..LogEntry::default() };
        let header = LogHeader {
            kind: LogKind::HISTOGRAM,
            compression: LogCompression::TRANSMISSION,
            histogram_coarseness: 1,
            ..LogHeader::default()
        };
        let text = lines(header.clone(), std::slice::from_ref(&entry), ProtocolVersion::OLDEST);
        assert!(text.starts_with("5, 0, 512, 3, 7, 0, "), "{text}");
        assert_eq!(text.trim_end().split(", ").count(), 3 + Histogram::BUCKETS / 2);
        let coarsest = LogHeader { histogram_coarseness: u32::MAX, ..header };
        let text = lines(coarsest, &[entry], ProtocolVersion::OLDEST);
        assert!(text.starts_with("5, 0, 512, 10, 0, ") && text.trim_end().split(", ").count() == 3 + 29, "{text}");
    }

    /// Three intervals of 5, 7 and 11 in one bucket of writes, with reads in between, as fio's worker makes them.
    #[test]
    fn what_fio_has_subtracted_is_put_right() {
        let entry = |direction, count| LogEntry {
            direction,
            histogram: Some(Histogram::from_buckets(std::iter::once(count))),
            ..LogEntry::default()
        };
        let kind = LogKind::HISTOGRAM;
        let header = LogHeader {
            kind,
            compression: LogCompression::TRANSMISSION,
            histogram_coarseness: 6,
            ..LogHeader::default()
        };
        let sent = [entry(1, 5), entry(0, 3), entry(1, 12 - 5), entry(1, 23 - 7), entry(0, 4 - 3)];
        let log = Log::new(header, &sent, ProtocolVersion::OLDEST);
        let counts = |histograms| -> Vec<u64> {
            let mut output = Vec::new();
            write(&log, ProtocolVersion::OLDEST, histograms, &mut output).unwrap();
            let text = String::from_utf8(output).unwrap();
            text.lines().map(|line| line.split(", ").nth(3).unwrap().parse().unwrap()).collect()
        };
        assert_eq!(counts(Histograms::of("fio-3.33")), [5, 3, 7, 11, 1]);
        assert_eq!(counts(Histograms::of("tidegate-0.1.0")), [5, 3, 7, 16, 1]);
    }

    #[test]
    fn stored_chunks_are_kept_as_they_are() {
        let header = LogHeader { compression: LogCompression::AS_STORED, ..LogHeader::default() };
        let mut output = Vec::new();
        write(&Log { header, data: vec![1, 2, 3] }, ProtocolVersion::OLDEST, Histograms::Subtracted, &mut output)
            .unwrap();
        assert_eq!(output, [1, 2, 3]);
    }
}
