//! Logs: samples of latency, bandwidth or IOPS over time, and the zlib streams that they are sent in.
//!
//! A log is a header and samples. With compression "for transmission" the samples are one zlib stream which fio never finishes: it has
//! no end mark and no checksum, so that reading stops where the data do. With compression "as stored" they are the job's own chunks,
//! which a front end appends to its file as they are.
//!
//! What fio's compressor has not flushed is lost: up to some hundred bytes at a log's end. Where they are buckets of a histogram, they
//! read as zeros; where they are samples, those are missing, and [`LogEntries::missing`] says how many. (fio's own front end shows what
//! was in its memory there.)
//!
//! The header's flags for offsets, priorities and times of issue are always zero in fio (its server never sets them), and its own front
//! end loses samples by that. The flags in each sample are right, and those are read here.
//!
//! Cost: [`LogEntries`] inflates into a window of 64 KiB and takes samples from there, so that memory does not grow with the log.

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};
use zerocopy::little_endian::{U32, U64};

use crate::fault::{Fault, Problem};
use crate::fixed_text::FixedText;
use crate::frame::MessageWriter;
use crate::layout::field::Field;
use crate::layout::log as layout;
use crate::limits::LOG_INFLATED_BYTES_MAX;
use crate::message::Histogram;
use crate::opcode::Opcode;
use crate::version::ProtocolVersion;

/// Bytes that are inflated at a time.
const WINDOW_BYTES: usize = 64 << 10;

/// What a log's samples are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct LogKind(pub u32);

impl LogKind {
    /// Latency in nanoseconds. fio sends this for all three kinds of latency; the name tells which.
    pub const TOTAL_LATENCY: Self = Self(1);
    /// Completion latency in nanoseconds.
    pub const COMPLETION_LATENCY: Self = Self(2);
    /// Submission latency in nanoseconds.
    pub const SUBMISSION_LATENCY: Self = Self(3);
    /// KiB/s.
    pub const BANDWIDTH: Self = Self(4);
    /// I/O per second.
    pub const IOPS: Self = Self(5);
    /// A histogram of completion latencies.
    pub const HISTOGRAM: Self = Self(6);
}

/// How a log's samples are packed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct LogCompression(pub u32);

impl LogCompression {
    /// Not at all.
    pub const NONE: Self = Self(0);
    /// One zlib stream, made for the transmission.
    pub const TRANSMISSION: Self = Self(1);
    /// The chunks that the job has kept compressed.
    pub const AS_STORED: Self = Self(2);
}

macro_rules! carried_codes {
    ($($code:ident),*) => { $(
        impl Field<$code> for U32 {
            fn load(&self) -> $code {
                $code(self.get())
            }

            fn store(&mut self, value: &$code) {
                self.set(value.0);
            }
        }
    )* };
}

carried_codes!(LogKind, LogCompression);

/// What is said of a log before its samples.
///
/// fio's front end takes that many times the fixed part of a sample for the length of a log, and so loses a fifth of the samples of a
/// log with offsets. [`Log::new`] therefore counts what the samples have beside their fixed part as further samples; a reader ends
/// where the data do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogHeader {
    /// Samples that follow, or the fixed parts that their bytes would be; 0 with [`LogCompression::AS_STORED`].
    pub samples: u64,
    /// Number of the job, from 1.
    pub thread_number: u32,
    /// What the samples are.
    pub kind: LogKind,
    /// How they are packed.
    pub compression: LogCompression,
    /// Samples have offsets. fio never sets it.
    pub has_offsets: bool,
    /// Samples have priorities. fio never sets it.
    pub has_priorities: bool,
    /// Samples have times of issue. fio never sets it. Since version 107; false before.
    pub has_issue_times: bool,
    /// Buckets of histograms that are reported as one: two to the power of this.
    pub histogram_coarseness: u32,
    /// Each job has a log file of its own. Since version 102; true before.
    pub per_job_logs: bool,
    /// The file's name, to which a front end adds the worker's.
    pub name: FixedText<256>,
}

impl Default for LogHeader {
    fn default() -> Self {
        Self {
            samples: 0,
            thread_number: 0,
            kind: LogKind::default(),
            compression: LogCompression::default(),
            has_offsets: false,
            has_priorities: false,
            has_issue_times: false,
            histogram_coarseness: 0,
            per_job_logs: true,
            name: FixedText::EMPTY,
        }
    }
}

/// A log as it is sent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Log {
    /// What is said of it.
    pub header: LogHeader,
    /// The samples, packed as the header says, in the layout of the version.
    pub data: Vec<u8>,
}

/// A sample.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogEntry {
    /// Since the job began.
    pub time_ms: u64,
    /// The value, or the average over a window; nothing for histograms.
    pub value: u64,
    /// The largest value of the window. Since version 102; 0 before.
    pub maximum: u64,
    /// Whether [`Self::maximum`] is to be written into the log file.
    pub has_maximum: bool,
    /// 0 read, 1 write, 2 trim, 3 sync.
    pub direction: u32,
    /// The priority as Linux has it.
    pub priority: u16,
    /// Whether [`Self::priority`] is to be written into the log file as it is, and not as "high or not".
    pub has_priority: bool,
    /// Size of the I/O.
    pub block_bytes: u64,
    /// Where the I/O was, in bytes.
    pub offset: Option<u64>,
    /// When the I/O was issued, in nanoseconds. Since version 107.
    pub issue_time: Option<u64>,
    /// The latencies of the interval; only in histogram logs that are compressed for transmission, since fio sends no buckets otherwise.
    pub histogram: Option<Histogram>,
}

/// The bits beside a sample's direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SampleFlags {
    /// Without the flags.
    pub(crate) direction: u32,
    has_offset: bool,
    has_priority: bool,
    has_maximum: bool,
    has_issue_time: bool,
}

impl SampleFlags {
    const OFFSET: u32 = 1 << 31;
    const PRIORITY: u32 = 1 << 30;
    const MAXIMUM: u32 = 1 << 29;
    const ISSUE_TIME: u32 = 1 << 28;
    const ALL: u32 = Self::OFFSET | Self::PRIORITY | Self::MAXIMUM | Self::ISSUE_TIME;

    pub(crate) const fn of(bits: u32) -> Self {
        Self {
            direction: bits & !Self::ALL,
            has_offset: bits & Self::OFFSET != 0,
            has_priority: bits & Self::PRIORITY != 0,
            has_maximum: bits & Self::MAXIMUM != 0,
            has_issue_time: bits & Self::ISSUE_TIME != 0,
        }
    }

    pub(crate) const fn to_bits(self) -> u32 {
        (self.direction & !Self::ALL)
            | if self.has_offset { Self::OFFSET } else { 0 }
            | if self.has_priority { Self::PRIORITY } else { 0 }
            | if self.has_maximum { Self::MAXIMUM } else { 0 }
            | if self.has_issue_time { Self::ISSUE_TIME } else { 0 }
    }

    const fn of_entry(entry: &LogEntry) -> Self {
        Self {
            direction: entry.direction,
            has_offset: entry.offset.is_some(),
            has_priority: entry.has_priority,
            has_maximum: entry.has_maximum,
            has_issue_time: entry.issue_time.is_some(),
        }
    }

    /// Bytes after the fixed part of a sample.
    const fn auxiliary_bytes(self) -> usize {
        (self.has_offset as usize + self.has_issue_time as usize) * size_of::<U64>()
    }
}

/// Bytes of the list pointers of the sender's memory before a histogram's buckets (`struct io_u_plat_entry`).
const HISTOGRAM_POINTER_BYTES: usize = 16;
/// Bytes of a histogram after its sample.
const HISTOGRAM_BYTES: usize = HISTOGRAM_POINTER_BYTES + Histogram::BUCKETS * size_of::<U64>();
/// Most bytes of a sample without its histogram.
const FIXED_BYTES_MAX: usize = 40 + 2 * size_of::<U64>();
/// Most bytes that one sample takes.
const ENTRY_BYTES_MAX: usize = FIXED_BYTES_MAX + HISTOGRAM_BYTES;

impl Log {
    /// A log with these samples. The header's number of samples is set accordingly.
    ///
    /// # Panics
    /// When the header's compression is [`LogCompression::AS_STORED`]: those chunks are the job's, and [`Log`] takes them as they are.
    #[must_use]
    pub fn new(mut header: LogHeader, entries: &[LogEntry], version: ProtocolVersion) -> Self {
        assert_ne!(header.compression, LogCompression::AS_STORED, "stored chunks are sent as they are");
        let with_buckets = has_buckets(&header);
        let fixed_bytes = layout::fixed_bytes(version) as u64;
        let auxiliary = entries.iter().map(|entry| SampleFlags::of_entry(entry).auxiliary_bytes() as u64);
        header.samples = entries.len() as u64 + auxiliary.sum::<u64>().div_ceil(fixed_bytes);
        let mut plain = Vec::new();
        for entry in entries {
            encode_entry(entry, with_buckets, version, &mut plain);
        }
        let data = if header.compression == LogCompression::TRANSMISSION { deflate(&plain) } else { plain };
        Self { header, data }
    }

    /// The samples, in the layout of `version`: that of the connection that the log came from.
    #[must_use]
    pub fn entries(&self, version: ProtocolVersion) -> LogEntries<'_> {
        let compressed = self.header.compression == LogCompression::TRANSMISSION;
        LogEntries {
            input: &self.data,
            inflater: compressed.then(|| Decompress::new(true)),
            inflated_bytes: 0,
            window: Vec::new(),
            start: 0,
            remaining: if self.header.compression == LogCompression::AS_STORED { 0 } else { self.header.samples },
            with_buckets: has_buckets(&self.header),
            version,
            is_finished: false,
            has_auxiliary: false,
            missing: 0,
        }
    }

    pub(crate) fn decode(payload: &[u8], version: ProtocolVersion) -> Result<Self, Fault> {
        let (header, data) = layout::decode_header(payload, version)?;
        Ok(Self { header, data: data.to_vec() })
    }

    /// Appends it to the output, with a frame of its own for the header, as fio does.
    pub(crate) fn encode(&self, output: &mut MessageWriter) {
        let mut header = Vec::new();
        layout::encode_header(&self.header, output.version(), &mut header);
        output.write_pieces(Opcode::Log, 0, &[&header, &self.data]);
    }
}

fn has_buckets(header: &LogHeader) -> bool {
    header.kind == LogKind::HISTOGRAM && header.compression == LogCompression::TRANSMISSION
}

fn encode_entry(entry: &LogEntry, with_buckets: bool, version: ProtocolVersion, output: &mut Vec<u8>) {
    layout::encode_sample(entry, SampleFlags::of_entry(entry), version, output);
    for auxiliary in [entry.offset, entry.issue_time].into_iter().flatten() {
        output.extend_from_slice(&auxiliary.to_le_bytes());
    }
    if with_buckets {
        let end = output.len() + HISTOGRAM_BYTES;
        output.extend_from_slice(&[0; HISTOGRAM_POINTER_BYTES]);
        for count in entry.histogram.iter().flat_map(Histogram::buckets) {
            output.extend_from_slice(&count.to_le_bytes());
        }
        output.resize(end, 0);
    }
}

/// One zlib stream of all the bytes.
fn deflate(plain: &[u8]) -> Vec<u8> {
    let mut compressor = Compress::new(Compression::default(), true);
    let mut output = Vec::with_capacity(plain.len() / 4 + 64);
    let mut status = Status::Ok;
    while status != Status::StreamEnd {
        output.reserve(WINDOW_BYTES);
        let consumed = usize::try_from(compressor.total_in()).expect("no more than is in memory");
        status = compressor
            .compress_vec(&plain[consumed..], &mut output, FlushCompress::Finish)
            .expect("a stream that is used in order does not fail");
    }
    output
}

/// The samples of a log, one after another. Ends after the first fault.
#[derive(Debug)]
pub struct LogEntries<'a> {
    input: &'a [u8],
    inflater: Option<Decompress>,
    inflated_bytes: usize,
    window: Vec<u8>,
    /// Where the next sample begins in the window.
    start: usize,
    remaining: u64,
    with_buckets: bool,
    version: ProtocolVersion,
    /// The stream's end mark has come.
    is_finished: bool,
    /// Samples have more than their fixed part, so that the header may count more than there are.
    has_auxiliary: bool,
    missing: u64,
}

impl LogEntries<'_> {
    fn next_entry(&mut self) -> Result<LogEntry, Problem> {
        self.fill()?;
        self.complete_histogram();
        let bytes = &self.window[self.start..];
        let (mut entry, flags, rest) = layout::decode_sample(bytes, self.version)?;
        let needed = flags.auxiliary_bytes() + if self.with_buckets { HISTOGRAM_BYTES } else { 0 };
        if rest.len() < needed {
            return Err(Problem::Short { needed: bytes.len() - rest.len() + needed, found: bytes.len() });
        }
        self.has_auxiliary |= flags.auxiliary_bytes() > 0;
        (entry.has_priority, entry.has_maximum) = (flags.has_priority, flags.has_maximum);
        let mut words = rest.as_chunks::<8>().0.iter().map(|word| u64::from_le_bytes(*word));
        entry.offset = flags.has_offset.then(|| words.next().unwrap_or_default());
        entry.issue_time = flags.has_issue_time.then(|| words.next().unwrap_or_default());
        if self.with_buckets {
            let buckets = words.skip(HISTOGRAM_POINTER_BYTES / size_of::<U64>());
            entry.histogram = Some(Histogram::from_buckets(buckets.take(Histogram::BUCKETS)));
        }
        self.start += bytes.len() - rest.len() + needed;
        Ok(entry)
    }

    /// Samples that the stream was cut off before. Known when the iteration is over.
    #[must_use]
    pub const fn missing(&self) -> u64 {
        self.missing
    }

    /// Whether all data are in the window, of a stream without an end.
    const fn is_cut_off(&self) -> bool {
        self.inflater.is_some() && !self.is_finished && self.window.len() - self.start < ENTRY_BYTES_MAX
    }

    /// Whether the last sample was also the end of the data.
    fn has_ended(&self) -> bool {
        let is_whole = self.inflater.is_none() || self.is_finished;
        is_whole && self.input.is_empty() && self.start == self.window.len()
    }

    /// Adds buckets that fio has kept to itself.
    fn complete_histogram(&mut self) {
        let available = self.window.len() - self.start;
        if self.with_buckets && self.is_cut_off() && available >= FIXED_BYTES_MAX {
            self.window.resize(self.start + ENTRY_BYTES_MAX, 0);
        }
    }

    /// Makes sure that a sample is in the window, unless the data end before.
    fn fill(&mut self) -> Result<(), Problem> {
        if self.window.len() - self.start >= ENTRY_BYTES_MAX {
            return Ok(());
        }
        self.window.drain(..self.start);
        self.start = 0;
        // The inflater may have more to give when its input is used up.
        while self.window.len() < ENTRY_BYTES_MAX && self.fill_once()? {}
        Ok(())
    }

    /// Takes more data into the window; false when there are none.
    fn fill_once(&mut self) -> Result<bool, Problem> {
        let Some(inflater) = &mut self.inflater else {
            let (taken, rest) = self.input.split_at(self.input.len().min(WINDOW_BYTES));
            self.window.extend_from_slice(taken);
            self.input = rest;
            return Ok(!taken.is_empty());
        };
        let (consumed_before, length_before) = (inflater.total_in(), self.window.len());
        self.window.reserve(WINDOW_BYTES);
        let status = inflater
            .decompress_vec(self.input, &mut self.window, FlushDecompress::None)
            .map_err(|_| Problem::Compression)?;
        let consumed = usize::try_from(inflater.total_in() - consumed_before).expect("no more than is in memory");
        self.is_finished |= status == Status::StreamEnd;
        self.input = if self.is_finished { &[] } else { &self.input[consumed..] };
        let inflated = self.window.len() - length_before;
        self.inflated_bytes += inflated;
        if self.inflated_bytes > LOG_INFLATED_BYTES_MAX {
            return Err(Problem::Inflated { limit: LOG_INFLATED_BYTES_MAX });
        }
        Ok(inflated > 0 || consumed > 0)
    }
}

impl Iterator for LogEntries<'_> {
    type Item = Result<LogEntry, Fault>;

    fn next(&mut self) -> Option<Self::Item> {
        let after = self.remaining.checked_sub(1)?;
        match self.next_entry() {
            Ok(entry) => {
                self.remaining = after;
                Some(Ok(entry))
            }
            Err(Problem::Short { .. }) if self.has_auxiliary && self.has_ended() => {
                self.remaining = 0;
                None
            }
            Err(Problem::Short { .. }) if self.is_cut_off() => {
                self.missing = std::mem::take(&mut self.remaining);
                None
            }
            Err(problem) => {
                self.remaining = 0;
                Some(Err(problem.of(Opcode::Log)))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A sample of 40 bytes with all flags, put together by hand from fio's `iolog.h`.
    #[test]
    fn the_flags_of_a_sample_are_the_upper_bits_of_its_direction() {
        let words = [1, 2, 3, 0x0000_4002_f000_0001, 4096, 5, 6].map(u64::to_le_bytes);
        let header = LogHeader { samples: 1, ..LogHeader::default() };
        let log = Log { header: header.clone(), data: words.concat() };
        let expected = LogEntry {
            time_ms: 1,
            value: 2,
            maximum: 3,
            has_maximum: true,
            direction: 1,
            priority: 0x4002,
            has_priority: true,
            block_bytes: 4096,
            offset: Some(5),
            issue_time: Some(6),
            histogram: None,
        };
        let read: Result<Vec<_>, _> = log.entries(ProtocolVersion::NEWEST).collect();
        assert_eq!(read, Ok(vec![expected.clone()]));
        // The 16 bytes of offset and time count as one more, and nothing is taken for missing.
        let sent = Log::new(header, std::slice::from_ref(&expected), ProtocolVersion::NEWEST);
        assert_eq!((sent.header.samples, &sent.data), (2, &log.data));
        for compression in [LogCompression::NONE, LogCompression::TRANSMISSION] {
            let header = LogHeader { compression, ..LogHeader::default() };
            let log = Log::new(header, &vec![expected.clone(); 100], ProtocolVersion::NEWEST);
            let mut entries = log.entries(ProtocolVersion::NEWEST);
            assert_eq!((log.header.samples, entries.by_ref().filter(Result::is_ok).count()), (140, 100));
            assert_eq!(entries.missing(), 0);
        }
        for (bit, has) in [(31, [true, false, false, false]), (30, [false, true, false, false])]
            .into_iter()
            .chain([(29, [false, false, true, false]), (28, [false, false, false, true])])
        {
            let flags = SampleFlags::of(1 << bit);
            assert_eq!([flags.has_offset, flags.has_priority, flags.has_maximum, flags.has_issue_time], has);
            assert_eq!(flags.to_bits(), 1 << bit);
        }
    }
}
