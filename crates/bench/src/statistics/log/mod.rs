//! Logs of samples over time (`write_bw_log`, `write_lat_log`, `write_iops_log`, `write_hist_log`).
//!
//! ```text
//! an I/O or a window ──> SampleLog::record ──> chunks of entries ──┬──> write(): lines of text
//!                                                                  └──> write(): zlib streams (log_store_compressed)
//! ```
//!
//! - [`SampleLog`]: a log of values. Each I/O is an entry, or with `log_avg_msec` each window.
//! - [`HistogramLog`]: histograms of completion latency, a row a window.
//! - [`inflate`]: what `--inflate-log` does.
//!
//! Files have the names and lines of fio 3.33. What later versions added to the lines (`log_window_value=both`,
//! `log_issue_time`) stands where they have it.
//!
//! Cost of an entry: 32 bytes are stored (8 more for each of offset, maximum, issue time); a chunk is allocated when the last
//! one is full, twice as large up to [`ENTRIES_MAX`]. That takes 18 ns, 50 ns where the memory comes new from the kernel; with
//! averaging an I/O takes 7 ns (measured with a loop on one core at 2.6 GHz). Nothing is compressed or written before the job ends.

mod compressed;
mod entry;
mod histogram;
mod series;

pub use self::compressed::{InflateError, compress, inflate};
pub use self::histogram::{COARSENESS_MAX, HistogramLog, HistogramLogSettings, HistogramRow};
pub use self::series::{LogSample, LogSettings, LoggedSample, SampleLog, WindowValue};
use crate::direction::Direction;

/// Entries that the first chunk of a log has room for, unless `log_entries` says otherwise.
pub const ENTRIES_DEFAULT: usize = 1024;
/// Most entries of a chunk: 32 MiB, so that growing does not double a log that is large already.
pub const ENTRIES_MAX: usize = 1024 * ENTRIES_DEFAULT;

/// What is logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogKind {
    /// Total latency, nanoseconds.
    Latency,
    /// Completion latency, nanoseconds.
    CompletionLatency,
    /// Submission latency, nanoseconds.
    SubmissionLatency,
    /// Bandwidth, KiB a second.
    Bandwidth,
    /// I/Os a second.
    Iops,
    /// Histograms of completion latency.
    Histogram,
}

impl LogKind {
    /// As file names have it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Latency => "lat",
            Self::CompletionLatency => "clat",
            Self::SubmissionLatency => "slat",
            Self::Bandwidth => "bw",
            Self::Iops => "iops",
            Self::Histogram => "clat_hist",
        }
    }

    /// Whether its samples come with I/Os; the others come with the time.
    fn comes_with_ios(self) -> bool {
        matches!(self, Self::Latency | Self::CompletionLatency | Self::SubmissionLatency)
    }
}

/// The name of a log's file: `prefix_bw.1.log`, without the number when jobs share it (`per_job_logs=0`), with `.fz` at its
/// end when it is stored compressed.
#[must_use]
pub fn file_name(prefix: &str, kind: LogKind, job: Option<u32>, stored_compressed: bool) -> String {
    let number = job.map_or_else(String::new, |job| format!("{job}."));
    let end = if stored_compressed { "log.fz" } else { "log" };
    format!("{prefix}_{}.{number}{end}", kind.name())
}

/// The name of the file with the bandwidth of all jobs in one direction (`--bandwidth-log`).
#[must_use]
pub fn aggregate_file_name(direction: Direction) -> String {
    format!("agg-{}_bw.log", direction.name())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_names_are_fios() {
        assert_eq!(file_name("x", LogKind::Bandwidth, Some(1), false), "x_bw.1.log");
        assert_eq!(file_name("x", LogKind::Latency, None, false), "x_lat.log");
        assert_eq!(file_name("a/x", LogKind::Histogram, Some(12), true), "a/x_clat_hist.12.log.fz");
        assert_eq!(aggregate_file_name(Direction::Trim), "agg-trim_bw.log");
    }
}
