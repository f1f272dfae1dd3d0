//! A log of values.

use std::io::{self, Write};

use super::compressed::compress;
use super::entry::{Columns, Entry};
use super::{ENTRIES_DEFAULT, ENTRIES_MAX, LogKind};
use crate::direction::Direction;
use crate::statistics::moments::Moments;

/// A window that is over in this many milliseconds is over for samples that come with the time.
const SLACK_MS: u64 = 1;

/// What is logged of a window (`log_window_value`, `log_max_value`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum WindowValue {
    /// The mean, rounded.
    #[default]
    Average,
    /// The largest.
    Maximum,
    /// Both, in two columns.
    Both,
}

/// How a log is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogSettings {
    /// What is logged.
    pub kind: LogKind,
    /// Milliseconds of a window; 0 for an entry a sample (`log_avg_msec`, and `bwavgtime` or `iopsavgtime` for those).
    pub window_ms: u64,
    /// What is logged of a window.
    pub window_value: WindowValue,
    /// With the I/Os' offsets (`log_offset`).
    pub offsets: bool,
    /// With the I/Os' priorities; else only whether they are real time (`log_prio`).
    pub priorities: bool,
    /// With the times at which I/Os were issued (`log_issue_time`).
    pub issue_times: bool,
    /// Added to each time, in milliseconds: where times count from (`log_unix_epoch`, `log_alternate_epoch`).
    pub epoch_ms: u64,
    /// Entries of the first chunk (`log_entries`).
    pub entries: usize,
    /// Bytes of a chunk that are compressed at once; 0 for no compression (`log_compression`).
    pub compressed_chunk_bytes: usize,
    /// The file has the compressed chunks (`log_store_compressed`).
    pub store_compressed: bool,
}

impl LogSettings {
    /// An entry a sample, as text.
    #[must_use]
    pub fn new(kind: LogKind) -> Self {
        Self {
            kind,
            window_ms: 0,
            window_value: WindowValue::Average,
            offsets: false,
            priorities: false,
            issue_times: false,
            epoch_ms: 0,
            entries: ENTRIES_DEFAULT,
            compressed_chunk_bytes: 0,
            store_compressed: false,
        }
    }

    /// Whether each I/O is a sample of bandwidth or IOPS, instead of what was done in a while. Parity: fio's, whose
    /// compressed logs are such too.
    #[must_use]
    pub fn samples_each_io(&self) -> bool {
        self.window_ms == 0 || self.compressed_chunk_bytes != 0 || self.store_compressed
    }

    fn columns(&self) -> Columns {
        Columns {
            offset: self.offsets,
            priority: self.priorities,
            maximum: self.window_ms != 0 && self.window_value == WindowValue::Both,
            issue_time: self.issue_times,
        }
    }
}

/// A sample, and the I/O that it is of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LogSample {
    /// The value, in its kind's unit.
    pub value: u64,
    /// Bytes of the I/O; 0 when the sample is of several of different sizes.
    pub block_bytes: u64,
    /// Where the I/O was.
    pub offset: u64,
    /// The priority of the I/O (`ioprio`).
    pub priority: u16,
    /// When the I/O was issued, in nanoseconds.
    pub issue_time_ns: u64,
}

/// A sample as the log has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LoggedSample {
    /// Milliseconds since the job's start, or since what `epoch_ms` says.
    pub time_ms: u64,
    /// The value, or that of the window.
    pub value: u64,
    /// The largest of the window, with [`WindowValue::Both`].
    pub maximum: Option<u64>,
    /// Of which I/Os.
    pub direction: Direction,
    /// The priority of the I/O.
    pub priority: u16,
    /// Bytes of the I/O.
    pub block_bytes: u64,
    /// Where it was, with offsets.
    pub offset: Option<u64>,
    /// When it was issued, in nanoseconds, with issue times.
    pub issue_time_ns: Option<u64>,
}

/// A log.
#[derive(Debug)]
pub struct SampleLog {
    settings: LogSettings,
    columns: Columns,
    /// Full ones, in order.
    chunks: Vec<Vec<u8>>,
    /// The one that is being filled.
    current: Vec<u8>,
    room: usize,
    windows: [Moments; 3],
    window_begun_ms: [u64; 3],
}

impl SampleLog {
    /// A log without entries. It allocates with the first one.
    #[must_use]
    pub fn new(settings: LogSettings) -> Self {
        Self {
            settings,
            columns: settings.columns(),
            chunks: Vec::new(),
            current: Vec::new(),
            room: 0,
            windows: [Moments::default(); 3],
            window_begun_ms: [0; 3],
        }
    }

    /// How it is kept.
    #[must_use]
    pub fn settings(&self) -> &LogSettings {
        &self.settings
    }

    /// Takes a sample, so many milliseconds after the job's start. Returns in how many milliseconds the window is over: for
    /// samples that come with the time.
    pub fn record(&mut self, now_ms: u64, direction: Direction, sample: LogSample) -> u64 {
        let window_ms = self.settings.window_ms;
        if window_ms == 0 {
            self.push(now_ms, direction, sample.value, 0, sample);
            return 0;
        }
        let index = direction.index();
        self.windows[index].record(sample.value);
        let Some(passed) = now_ms.checked_sub(self.window_begun_ms[index]) else {
            return self.window_begun_ms[index] - now_ms;
        };
        if let Some(left) = window_ms.checked_sub(passed)
            && left > if self.settings.kind.comes_with_ios() { 0 } else { SLACK_MS }
        {
            return left;
        }
        self.end_window(now_ms, direction);
        // Windows keep their pace, however late their last sample was.
        self.window_begun_ms[index] = now_ms - now_ms % window_ms;
        window_ms
    }

    /// Ends the windows that are open: the job has ended.
    pub fn finish(&mut self, now_ms: u64) {
        for direction in Direction::ALL {
            self.end_window(now_ms, direction);
        }
    }

    fn end_window(&mut self, now_ms: u64, direction: Direction) {
        let window = std::mem::take(&mut self.windows[direction.index()]);
        if window.samples() == 0 {
            return;
        }
        let value = match self.settings.window_value {
            WindowValue::Average | WindowValue::Both => window.rounded_mean(),
            WindowValue::Maximum => window.maximum(),
        };
        self.push(now_ms, direction, value, window.maximum(), LogSample::default());
    }

    fn push(&mut self, now_ms: u64, direction: Direction, value: u64, maximum: u64, sample: LogSample) {
        if self.current.len() + self.columns.entry_bytes() > self.room {
            self.grow();
        }
        let entry = Entry {
            time_ms: now_ms + self.settings.epoch_ms,
            value,
            direction: [0, 1, 2][direction.index()],
            priority: sample.priority,
            block_bytes: sample.block_bytes,
            offset: sample.offset,
            maximum,
            issue_time_ns: sample.issue_time_ns,
        };
        self.columns.encode(&entry, &mut self.current);
    }

    /// Begins another chunk: nothing is copied.
    fn grow(&mut self) {
        let entry = self.columns.entry_bytes();
        self.room = match (self.settings.compressed_chunk_bytes, self.room) {
            (0, 0) => self.settings.entries.clamp(1, ENTRIES_MAX) * entry,
            (0, room) => (2 * room).min(ENTRIES_MAX * entry),
            (bytes, _) => (bytes / entry).clamp(1, ENTRIES_MAX) * entry,
        };
        let full = std::mem::replace(&mut self.current, Vec::with_capacity(self.room));
        if !full.is_empty() {
            self.chunks.push(full);
        }
    }

    /// How many entries there are.
    #[must_use]
    pub fn entries(&self) -> usize {
        self.all_chunks().map(<[u8]>::len).sum::<usize>() / self.columns.entry_bytes()
    }

    /// Writes the file's bytes: a line an entry, or a zlib stream a chunk when it is stored compressed.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn write(&self, output: &mut dyn Write) -> io::Result<()> {
        self.all_chunks().try_for_each(|chunk| self.write_entries(chunk, output))
    }

    /// Calls `visit` with each sample, in order.
    pub fn for_each(&self, mut visit: impl FnMut(LoggedSample)) {
        self.all_chunks().for_each(|chunk| self.visit_entries(chunk, &mut visit));
    }

    fn all_chunks(&self) -> impl Iterator<Item = &[u8]> {
        self.chunks.iter().chain([&self.current]).map(Vec::as_slice)
    }

    fn visit_entries(&self, bytes: &[u8], visit: &mut impl FnMut(LoggedSample)) {
        let columns = self.columns;
        let entries = bytes.chunks(columns.entry_bytes()).filter_map(|bytes| columns.decode(bytes));
        entries.for_each(|entry| {
            visit(LoggedSample {
                time_ms: entry.time_ms,
                value: entry.value,
                maximum: columns.maximum.then_some(entry.maximum),
                direction: Direction::ALL[entry.direction as usize],
                priority: entry.priority,
                block_bytes: entry.block_bytes,
                offset: columns.offset.then_some(entry.offset),
                issue_time_ns: columns.issue_time.then_some(entry.issue_time_ns),
            });
        });
    }

    fn write_entries(&self, bytes: &[u8], output: &mut dyn Write) -> io::Result<()> {
        if bytes.is_empty() {
            return Ok(());
        }
        if self.settings.store_compressed {
            return output.write_all(&compress(bytes));
        }
        let written = self.columns.write_lines(bytes, output)?;
        debug_assert!(written.is_some(), "our own entries");
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::inflate;
    use super::*;

    fn text(log: &SampleLog) -> String {
        let mut output = Vec::new();
        log.write(&mut output).unwrap();
        String::from_utf8(output).unwrap()
    }

    fn sample(value: u64) -> LogSample {
        LogSample { value, block_bytes: 4096, ..LogSample::default() }
    }

    #[test]
    fn without_windows_each_sample_is_a_line() {
        let mut log = SampleLog::new(LogSettings { epoch_ms: 1000, ..LogSettings::new(LogKind::Latency) });
        assert_eq!(log.record(3, Direction::Read, sample(500)), 0);
        log.record(4, Direction::Trim, LogSample { block_bytes: 512, ..sample(7) });
        log.finish(9);
        assert_eq!(text(&log), "1003, 500, 0, 4096, 0\n1004, 7, 2, 512, 0\n");
    }

    #[test]
    fn samples_are_given_as_they_were_taken() {
        let settings =
            LogSettings { offsets: true, compressed_chunk_bytes: 80, ..LogSettings::new(LogKind::CompletionLatency) };
        let mut log = SampleLog::new(settings);
        for time in 0..5 {
            log.record(time, Direction::Write, LogSample { offset: 4096 * time, priority: 3, ..sample(time + 7) });
        }
        assert_eq!(log.chunks.len(), 2, "of two entries each, and one in the current one");
        let mut samples = Vec::new();
        log.for_each(|sample| samples.push(sample));
        let expected = |time: u64| LoggedSample {
            time_ms: time,
            value: time + 7,
            maximum: None,
            direction: Direction::Write,
            priority: 3,
            block_bytes: 4096,
            offset: Some(4096 * time),
            issue_time_ns: None,
        };
        assert_eq!(samples, (0..5).map(expected).collect::<Vec<_>>());
    }

    #[test]
    fn windows_have_a_line_for_each_direction() {
        let settings = LogSettings { window_ms: 100, ..LogSettings::new(LogKind::Latency) };
        for (window_value, values) in [
            (WindowValue::Average, ["152, 7", "152, 12", "205, 5"]),
            (WindowValue::Maximum, ["152, 10", "152, 12", "205, 5"]),
            (WindowValue::Both, ["152, 7, 10", "152, 12, 12", "205, 5, 5"]),
        ] {
            let mut log = SampleLog::new(LogSettings { window_value, ..settings });
            assert_eq!(log.record(10, Direction::Read, sample(3)), 90);
            assert_eq!(log.record(99, Direction::Read, sample(9)), 1, "no slack for I/Os");
            assert_eq!(log.record(152, Direction::Read, sample(10)), 100);
            assert_eq!(log.record(152, Direction::Write, sample(12)), 100);
            assert_eq!(log.record(180, Direction::Read, sample(5)), 20, "from 100 on");
            log.finish(205);
            let lines: Vec<_> =
                values.iter().zip([0, 1, 0]).map(|(value, way)| format!("{value}, {way}, 0, 0\n")).collect();
            assert_eq!(text(&log), lines.concat());
        }
    }

    #[test]
    fn samples_that_come_with_the_time_have_slack() {
        let settings = LogSettings { window_ms: 100, ..LogSettings::new(LogKind::Bandwidth) };
        let mut log = SampleLog::new(settings);
        assert_eq!(log.record(98, Direction::Read, sample(1)), 2);
        assert_eq!(log.record(99, Direction::Read, sample(3)), 100);
        assert_eq!(text(&log), "99, 2, 0, 0, 0\n");
        assert!(!settings.samples_each_io() && LogSettings::new(LogKind::Bandwidth).samples_each_io());
    }

    #[test]
    fn chunks_grow_and_keep_their_order() {
        let mut log = SampleLog::new(LogSettings { entries: 2, ..LogSettings::new(LogKind::Iops) });
        for value in 0..100 {
            log.record(value, Direction::Write, sample(value));
        }
        assert_eq!(log.entries(), 100);
        assert_eq!(log.chunks.len(), 5, "2, 4, 8, 16, 32 are full");
        let lines: String = (0..100).map(|value| format!("{value}, {value}, 1, 4096, 0\n")).collect();
        assert_eq!(text(&log), lines);
    }

    #[test]
    fn compressed_chunks_are_the_same_lines() {
        let plain = LogSettings { offsets: true, ..LogSettings::new(LogKind::Latency) };
        let compressing = LogSettings { compressed_chunk_bytes: 400, ..plain };
        let storing = LogSettings { store_compressed: true, ..compressing };
        let [mut one, mut two, mut three] = [plain, compressing, storing].map(SampleLog::new);
        for log in [&mut one, &mut two, &mut three] {
            for value in 0..64 {
                log.record(value, Direction::Read, LogSample { offset: value << 20, ..sample(value * value) });
            }
        }
        assert_eq!(three.chunks.iter().map(Vec::len).collect::<Vec<_>>(), [400; 6], "and four entries more");
        assert_eq!(text(&two), text(&one));
        let mut stored = Vec::new();
        three.write(&mut stored).unwrap();
        let mut inflated = Vec::new();
        inflate(&stored, &mut inflated).unwrap();
        assert_eq!(String::from_utf8(inflated).unwrap(), text(&one));
    }
}
