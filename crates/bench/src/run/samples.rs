//! What is sampled over time: bandwidth and IOPS of windows, and the logs that the job asks for.
//!
//! Without logs an I/O costs one comparison here; windows are looked at once a millisecond.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

use super::journal::{JobLog, Journal, LogContent};
use crate::direction::Direction;
use crate::statistics::log::{
    HistogramLog, HistogramLogSettings, LogKind, LogSample, LogSettings, SampleLog, file_name,
};
use crate::statistics::{Completion, LatencyChoice, Measurement, Rate, RateSampler, Recorder};

/// A log, and where it goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LogFile {
    /// How it is kept.
    pub settings: LogSettings,
    /// The name without what tells kinds and jobs apart.
    pub prefix: String,
    /// The number of the job in the name; `None`: jobs share the file.
    pub job: Option<u32>,
}

/// What is sampled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SampleSettings {
    /// Milliseconds of a window of bandwidth; `None`: no samples.
    pub bandwidth_ms: Option<u64>,
    /// Milliseconds of a window of IOPS; `None`: no samples.
    pub iops_ms: Option<u64>,
    /// The logs.
    pub logs: Vec<LogFile>,
    /// The latencies that are measured; logs of others stay empty.
    pub measured: LatencyChoice,
    /// Whether the bandwidth of each I/O is measured.
    pub measures_bandwidth: bool,
    /// Whether each I/O is a sample of the IOPS.
    pub measures_iops: bool,
    /// The log of histograms, and the name and number of its file.
    pub histograms: Option<(HistogramLogSettings, String, Option<u32>)>,
}

impl SampleSettings {
    /// Whether each I/O is a sample of the log.
    fn logs_each_io(&self, log: &SampleLog) -> bool {
        let settings = log.settings();
        match settings.kind {
            LogKind::Latency => self.measured.lat,
            LogKind::CompletionLatency => self.measured.clat,
            LogKind::SubmissionLatency => self.measured.slat,
            LogKind::Bandwidth => self.measures_bandwidth && settings.samples_each_io(),
            LogKind::Iops => self.measures_iops && settings.samples_each_io(),
            LogKind::Histogram => false,
        }
    }
}

/// What logs have of an I/O beside its latencies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct LoggedIo {
    pub(super) offset: u64,
    /// As `ioprio_set` takes it.
    pub(super) priority: u16,
}

/// The samples of a job.
#[derive(Debug)]
pub(super) struct Samples {
    settings: SampleSettings,
    bandwidth: Option<RateSampler>,
    iops: Option<RateSampler>,
    logs: Vec<SampleLog>,
    histograms: Option<HistogramLog>,
    logs_ios: bool,
    began_ns: u64,
}

impl Samples {
    pub(super) fn new(settings: SampleSettings, began_ns: u64) -> Self {
        let sampler = |rate, window: Option<u64>| window.map(|window| RateSampler::new(rate, window.max(1), 0));
        let logs: Vec<_> = settings.logs.iter().map(|log| SampleLog::new(log.settings)).collect();
        Self {
            bandwidth: sampler(Rate::Bandwidth, settings.bandwidth_ms),
            iops: sampler(Rate::Iops, settings.iops_ms),
            histograms: settings.histograms.as_ref().map(|(settings, ..)| HistogramLog::new(*settings)),
            logs_ios: logs.iter().any(|log| settings.logs_each_io(log)) || settings.histograms.is_some(),
            logs,
            began_ns,
            settings,
        }
    }

    /// Whether each I/O has to be recorded.
    #[inline]
    pub(super) fn logs_ios(&self) -> bool {
        self.logs_ios
    }

    fn milliseconds(&self, now_ns: u64) -> u64 {
        now_ns.saturating_sub(self.began_ns) / 1_000_000
    }

    /// An I/O is over; `recorder` has it already.
    pub(super) fn record(
        &mut self,
        direction: Direction,
        io: &Completion,
        LoggedIo { offset, priority }: LoggedIo,
        now_ns: u64,
        recorder: &Recorder,
    ) {
        let now_ms = self.milliseconds(now_ns);
        if let Some(log) = &mut self.histograms
            && log.is_due(now_ms, direction)
            && let Some(histogram) = recorder.completion_histogram(direction)
        {
            log.record(now_ms, direction, io.bytes, histogram);
        }
        let issue_time_ns = now_ns.saturating_sub(self.began_ns).saturating_sub(io.clat_ns);
        let settings = &self.settings;
        for log in self.logs.iter_mut().filter(|log| settings.logs_each_io(log)) {
            let value = match log.settings().kind {
                LogKind::Latency => io.lat_ns,
                LogKind::CompletionLatency => io.clat_ns,
                LogKind::SubmissionLatency => io.slat_ns,
                LogKind::Bandwidth => {
                    let kibibytes = u128::from(io.bytes) * 1_000_000_000 / 1024;
                    let rate = kibibytes.checked_div(u128::from(io.lat_ns)).unwrap_or(0);
                    u64::try_from(rate).unwrap_or(u64::MAX)
                }
                LogKind::Iops => 1,
                LogKind::Histogram => continue,
            };
            // Parity: only the latencies of a part of an I/O say when it was issued.
            let issue_time_ns = match log.settings().kind {
                LogKind::CompletionLatency | LogKind::SubmissionLatency => issue_time_ns,
                _ => 0,
            };
            let sample = LogSample { value, block_bytes: io.bytes, offset, priority, issue_time_ns };
            log.record(now_ms, direction, sample);
        }
    }

    /// Looks at how much was done.
    pub(super) fn look(&mut self, now_ns: u64, bytes: [u64; 3], ios: [u64; 3]) {
        let now_ms = self.milliseconds(now_ns);
        let rates = [(self.bandwidth.as_mut(), bytes, LogKind::Bandwidth), (self.iops.as_mut(), ios, LogKind::Iops)];
        for (sampler, counts, kind) in rates {
            let Some(sampler) = sampler else {
                continue;
            };
            let logs = &mut self.logs;
            sampler.look(now_ms, counts, |direction, value| {
                let taking =
                    logs.iter_mut().filter(|log| log.settings().kind == kind && !log.settings().samples_each_io());
                for log in taking {
                    log.record(now_ms, direction, LogSample { value, ..LogSample::default() });
                }
            });
        }
    }

    /// The ramp is over: everything counts from now on.
    pub(super) fn begin(&mut self, now_ns: u64) {
        *self = Self::new(self.settings.clone(), now_ns);
    }

    /// Puts the samples into the results.
    pub(super) fn add_to(&self, measurement: &mut Measurement) {
        for direction in Direction::ALL {
            let result = &mut measurement.directions[direction.index()];
            if let Some(bandwidth) = &self.bandwidth {
                result.bandwidth = bandwidth.statistics(direction);
            }
            if let Some(iops) = &self.iops {
                result.iops = iops.statistics(direction);
            }
        }
    }

    /// Gives the logs to the journal, or writes them. The name of a file that cannot be written comes with the error.
    pub(super) fn write(&mut self, now_ns: u64, journal: &dyn Journal) -> Result<(), (PathBuf, io::Error)> {
        let now_ms = self.milliseconds(now_ns);
        for (log, file) in self.logs.iter_mut().zip(&self.settings.logs) {
            log.finish(now_ms);
            let settings = &file.settings;
            let name = file_name(&file.prefix, settings.kind, file.job, settings.store_compressed);
            deliver(name, file.job, LogContent::Samples(log), journal)?;
        }
        if let (Some(log), Some((_, prefix, job))) = (&self.histograms, &self.settings.histograms) {
            let name = file_name(prefix, LogKind::Histogram, *job, log.settings().store_compressed);
            deliver(name, *job, LogContent::Histograms(log), journal)?;
        }
        Ok(())
    }
}

fn deliver(
    file_name: String,
    job: Option<u32>,
    content: LogContent<'_>,
    journal: &dyn Journal,
) -> Result<(), (PathBuf, io::Error)> {
    let log = JobLog { file_name, job, content };
    if journal.take_log(&log) {
        return Ok(());
    }
    write_file(log.file_name, job.is_none(), |output| match content {
        LogContent::Samples(log) => log.write(output),
        LogContent::Histograms(log) => log.write(output),
    })
}

/// Jobs that share a file add to it.
fn write_file(
    name: String,
    is_shared: bool,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), (PathBuf, io::Error)> {
    let path = PathBuf::from(name);
    let opened = File::options().create(true).write(true).append(is_shared).truncate(!is_shared).open(&path);
    let written = opened.and_then(|output| {
        let mut output = BufWriter::new(output);
        write(&mut output)?;
        output.flush()
    });
    written.map_err(|error| (path, error))
}
