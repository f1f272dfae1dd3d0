//! A log of histograms: a row a window and direction, with how many latencies each bucket got in it.
//!
//! `time (ms), direction, block size, bucket, bucket, …`. Only buckets that got any are kept until the file is written; fio
//! keeps 14.5 KiB a row.
//!
//! Stored compressed it is these lines as a zlib stream. fio 3.33 has no such form: what it stores are the addresses that its
//! histograms had in memory.

use std::io::{self, Write};

use flate2::Compression;
use flate2::write::ZlibEncoder;

use super::super::histogram::{BUCKETS, Histogram};
use crate::direction::Direction;

/// The coarsest log: 64 buckets as one.
pub const COARSENESS_MAX: u32 = 6;

/// How a log is kept.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct HistogramLogSettings {
    /// Milliseconds of a window; 0 for no rows at all (`log_hist_msec`).
    pub window_ms: u64,
    /// How often the number of buckets is halved, up to [`COARSENESS_MAX`] (`log_hist_coarseness`).
    pub coarseness: u32,
    /// Added to each time, in milliseconds.
    pub epoch_ms: u64,
    /// The file has the lines as a zlib stream (`log_store_compressed`).
    pub store_compressed: bool,
}

/// What a window had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistogramRow {
    /// When it ended, in milliseconds.
    pub time_ms: u64,
    /// Of which I/Os.
    pub direction: Direction,
    /// The size of the I/O that ended it.
    pub block_bytes: u64,
    /// Coarse buckets that got any, ascending, each with its count. The first bucket of the histogram that a coarse one begins
    /// with is its number times two to the power of the coarseness.
    pub counts: Vec<(usize, u64)>,
}

/// A log.
#[derive(Debug)]
pub struct HistogramLog {
    settings: HistogramLogSettings,
    rows: Vec<HistogramRow>,
    begun_ms: [Option<u64>; 3],
    /// The counts at the last row.
    before: [Vec<u64>; 3],
}

impl HistogramLog {
    /// A log without rows.
    #[must_use]
    pub fn new(settings: HistogramLogSettings) -> Self {
        let settings = HistogramLogSettings { coarseness: settings.coarseness.min(COARSENESS_MAX), ..settings };
        Self { settings, rows: Vec::new(), begun_ms: [None; 3], before: Default::default() }
    }

    /// Whether an I/O that completes now ends a window. It is cheap: to be asked with each I/O.
    #[inline]
    pub fn is_due(&mut self, now_ms: u64, direction: Direction) -> bool {
        if self.settings.window_ms == 0 {
            return false;
        }
        // The first window begins with the first I/O.
        let begun = self.begun_ms[direction.index()].get_or_insert(now_ms);
        now_ms.saturating_sub(*begun) >= self.settings.window_ms
    }

    /// Ends a window: `histogram` has all completion latencies of the direction since the job's start. For after
    /// [`HistogramLog::is_due`]; `block_bytes` is the size of the I/O that ends it.
    pub fn record(&mut self, now_ms: u64, direction: Direction, block_bytes: u64, histogram: &Histogram) {
        let index = direction.index();
        let stride = 1 << self.settings.coarseness;
        let coarse: Vec<u64> = histogram.counts().chunks(stride).map(|counts| counts.iter().sum()).collect();
        let before = &mut self.before[index];
        before.resize(coarse.len(), 0);
        let changes = coarse.iter().zip(before.iter()).map(|(now, before)| now.saturating_sub(*before)).enumerate();
        let counts = changes.filter(|(_, count)| *count != 0).collect();
        self.rows.push(HistogramRow { time_ms: now_ms + self.settings.epoch_ms, direction, block_bytes, counts });
        *before = coarse;
        // Windows keep their pace.
        if let Some(begun) = &mut self.begun_ms[index] {
            *begun += self.settings.window_ms;
        }
    }

    /// How it is kept.
    #[must_use]
    pub fn settings(&self) -> &HistogramLogSettings {
        &self.settings
    }

    /// The rows so far, in their order.
    #[must_use]
    pub fn rows(&self) -> &[HistogramRow] {
        &self.rows
    }

    /// Writes the file's bytes.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn write(&self, output: &mut dyn Write) -> io::Result<()> {
        if !self.settings.store_compressed {
            return self.write_lines(output);
        }
        let mut encoder = ZlibEncoder::new(output, Compression::default());
        self.write_lines(&mut encoder)?;
        encoder.finish().map(drop)
    }

    fn write_lines(&self, output: &mut dyn Write) -> io::Result<()> {
        let buckets = BUCKETS >> self.settings.coarseness;
        for row in &self.rows {
            write!(output, "{}, {}, {}", row.time_ms, row.direction.index(), row.block_bytes)?;
            let mut counts = row.counts.iter().peekable();
            for bucket in 0..buckets {
                let count = counts.next_if(|(counted, _)| *counted == bucket).map_or(0, |(_, count)| *count);
                write!(output, ", {count}")?;
            }
            writeln!(output)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_has_what_came_since_the_last_one() {
        let settings =
            HistogramLogSettings { window_ms: 10, coarseness: 6, epoch_ms: 1000, ..HistogramLogSettings::default() };
        let mut log = HistogramLog::new(settings);
        let mut histogram = Histogram::new();
        histogram.record(5);
        assert!(!log.is_due(3, Direction::Write) && !log.is_due(12, Direction::Write));
        histogram.record(70);
        assert!(log.is_due(15, Direction::Write));
        log.record(15, Direction::Write, 4096, &histogram);
        assert!(!log.is_due(22, Direction::Write) && log.is_due(23, Direction::Write), "windows keep their pace");
        histogram.record(71);
        log.record(23, Direction::Write, 512, &histogram);
        let mut output = Vec::new();
        log.write(&mut output).unwrap();
        let zeros = ", 0".repeat(27);
        let expected = format!("1015, 1, 4096, 1, 1{zeros}\n1023, 1, 512, 0, 1{zeros}\n");
        assert_eq!(String::from_utf8(output).unwrap(), expected);
    }

    #[test]
    fn finest_and_off() {
        let mut log = HistogramLog::new(HistogramLogSettings { window_ms: 1, ..HistogramLogSettings::default() });
        let mut histogram = Histogram::new();
        histogram.record(u64::MAX);
        log.record(1, Direction::Read, 1, &histogram);
        let mut output = Vec::new();
        log.write(&mut output).unwrap();
        let line = String::from_utf8(output).unwrap();
        assert_eq!(line.trim_end().split(", ").count(), 3 + BUCKETS);
        assert!(line.ends_with(", 0, 1\n"));
        assert!(!HistogramLog::new(HistogramLogSettings::default()).is_due(1 << 40, Direction::Read));
    }
}
