//! Logs.
//!
//! The header does not say which columns samples have: fio's front ends go by the flags of each sample.

use bench::run::{JobLog, LogContent};
use bench::statistics::log::{HistogramLog, LogKind as Kind, SampleLog, WindowValue};
use bench_wire::log::{Log, LogCompression, LogEntry, LogHeader, LogKind};
use bench_wire::message::Histogram;
use bench_wire::{FixedText, ProtocolVersion};

/// How the logs of a connection are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogTransfer {
    /// The version that the front end speaks.
    pub version: ProtocolVersion,
    /// The front end takes compressed logs.
    pub compresses: bool,
}

/// A log as a message. `None` for histograms when nothing may be compressed: the protocol has no other form for their buckets.
/// What the job has stored compressed is sent as it is, whoever asks.
#[must_use]
pub fn message(log: &JobLog<'_>, transfer: LogTransfer) -> Option<Log> {
    let header = LogHeader {
        thread_number: log.job.unwrap_or(1),
        compression: if transfer.compresses { LogCompression::TRANSMISSION } else { LogCompression::NONE },
        per_job_logs: log.job.is_some(),
        name: FixedText::new(&log.file_name),
        ..LogHeader::default()
    };
    match log.content {
        LogContent::Samples(samples) => Some(sample_log(samples, header, transfer.version)),
        LogContent::Histograms(histograms) if histograms.settings().store_compressed => {
            let header = LogHeader { kind: LogKind::HISTOGRAM, ..header };
            Some(stored_log(header, |data| histograms.write(data)))
        }
        LogContent::Histograms(_) if !transfer.compresses => None,
        LogContent::Histograms(histograms) => Some(histogram_log(histograms, header, transfer.version)),
    }
}

fn sample_log(log: &SampleLog, header: LogHeader, version: ProtocolVersion) -> Log {
    let settings = log.settings();
    let header = LogHeader {
        kind: match settings.kind {
            Kind::Latency | Kind::CompletionLatency | Kind::SubmissionLatency => LogKind::TOTAL_LATENCY,
            Kind::Bandwidth => LogKind::BANDWIDTH,
            Kind::Iops => LogKind::IOPS,
            Kind::Histogram => LogKind::HISTOGRAM,
        },
        ..header
    };
    if settings.store_compressed {
        return stored_log(header, |data| log.write(data));
    }
    let has_maximum = settings.window_ms != 0 && settings.window_value == WindowValue::Both;
    let mut entries = Vec::with_capacity(log.entries());
    log.for_each(|sample| {
        entries.push(LogEntry {
            time_ms: sample.time_ms,
            value: sample.value,
            maximum: sample.maximum.unwrap_or(sample.value),
            has_maximum,
            direction: u32::try_from(sample.direction.index()).unwrap_or(0),
            priority: sample.priority,
            has_priority: settings.priorities,
            block_bytes: sample.block_bytes,
            offset: sample.offset,
            issue_time: sample.issue_time_ns,
            histogram: None,
        });
    });
    Log::new(header, &entries, version)
}

fn stored_log(header: LogHeader, write: impl FnOnce(&mut Vec<u8>) -> std::io::Result<()>) -> Log {
    let mut data = Vec::new();
    let written = write(&mut data);
    debug_assert!(written.is_ok(), "memory takes all bytes");
    Log { header: LogHeader { compression: LogCompression::AS_STORED, ..header }, data }
}

fn histogram_log(log: &HistogramLog, header: LogHeader, version: ProtocolVersion) -> Log {
    let coarseness = log.settings().coarseness;
    let header = LogHeader { kind: LogKind::HISTOGRAM, histogram_coarseness: coarseness, ..header };
    let entry = |row: &bench::statistics::log::HistogramRow| {
        // A front end adds up the buckets of each coarse one, so that the first of them may stand for all.
        let mut buckets = vec![0; Histogram::BUCKETS];
        for (coarse, count) in &row.counts {
            buckets[coarse << coarseness] = *count;
        }
        LogEntry {
            time_ms: row.time_ms,
            direction: u32::try_from(row.direction.index()).unwrap_or(0),
            block_bytes: row.block_bytes,
            histogram: Some(Histogram::from_buckets(buckets.into_iter())),
            ..LogEntry::default()
        }
    };
    let entries: Vec<LogEntry> = log.rows().iter().map(entry).collect();
    Log::new(header, &entries, version)
}

#[cfg(test)]
mod tests {
    use bench::direction::Direction;
    use bench::statistics::log::{HistogramLogSettings, LogSample, LogSettings};

    use super::*;

    fn transfer(compresses: bool) -> LogTransfer {
        LogTransfer { version: ProtocolVersion::OLDEST, compresses }
    }

    #[test]
    fn samples_arrive_as_they_were_taken() {
        let mut samples = SampleLog::new(LogSettings { offsets: true, ..LogSettings::new(Kind::CompletionLatency) });
        for time in 0..100 {
            let sample = LogSample { value: time * 3, block_bytes: 512, offset: time * 512, ..LogSample::default() };
            samples.record(time, Direction::Write, sample);
        }
        let job = JobLog { file_name: "x_clat.1.log".into(), job: Some(1), content: LogContent::Samples(&samples) };
        for compresses in [false, true] {
            let log = message(&job, transfer(compresses)).unwrap();
            assert_eq!((log.header.samples, log.header.kind), (125, LogKind::TOTAL_LATENCY));
            let entries: Vec<LogEntry> = log.entries(ProtocolVersion::OLDEST).map(Result::unwrap).collect();
            let last = entries.last().unwrap();
            assert_eq!((entries.len(), last.time_ms, last.value, last.offset), (100, 99, 297, Some(99 * 512)));
            assert_eq!((last.direction, last.block_bytes), (1, 512));
        }
    }

    #[test]
    fn histograms_need_compression_and_stand_in_the_first_of_their_buckets() {
        let settings = HistogramLogSettings { window_ms: 10, coarseness: 2, ..HistogramLogSettings::default() };
        let mut histograms = HistogramLog::new(settings);
        let mut measured = bench::statistics::Histogram::new();
        measured.record(6);
        histograms.record(10, Direction::Read, 4096, &measured);
        let job = JobLog { file_name: "x".into(), job: None, content: LogContent::Histograms(&histograms) };
        assert_eq!(message(&job, transfer(false)), None);
        let log = message(&job, transfer(true)).unwrap();
        assert!(!log.header.per_job_logs && log.header.histogram_coarseness == 2);
        let entry = log.entries(ProtocolVersion::OLDEST).next().unwrap().unwrap();
        assert_eq!(entry.histogram.unwrap().buckets()[..8], [0, 0, 0, 0, 1, 0, 0, 0], "bucket 6 is in that of 4 to 7");
    }

    #[test]
    fn histograms_that_are_stored_compressed_are_sent_so() {
        let settings =
            HistogramLogSettings { window_ms: 10, store_compressed: true, ..HistogramLogSettings::default() };
        let mut histograms = HistogramLog::new(settings);
        histograms.record(10, Direction::Read, 4096, &bench::statistics::Histogram::new());
        let mut file = Vec::new();
        histograms.write(&mut file).unwrap();
        let job = JobLog { file_name: "x".into(), job: None, content: LogContent::Histograms(&histograms) };
        for compresses in [false, true] {
            let log = message(&job, transfer(compresses)).unwrap();
            assert_eq!((log.header.kind, log.header.compression), (LogKind::HISTOGRAM, LogCompression::AS_STORED));
            assert_eq!(log.data, file);
        }
    }
}
