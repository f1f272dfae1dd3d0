//! What people and scripts read: a run's results as fio 3.33 writes them.
//!
//! One file a format and one line in [`FORMATS`]. A [`Report`] comes in, bytes go out; nothing here reads a clock or knows a
//! file. A format that fio has keeps its layout to the byte; where one differs on purpose, its module says so first.
//!
//! ```
//! use bench::direction::Direction;
//! use bench::output::{FormatChoice, Report, ReportWriter, terse::TerseVersion};
//! use bench::statistics::{Completion, JobResult, LatencyChoice, Recorder, RecorderSettings, Reporting};
//!
//! let reporting = Reporting::default();
//! let mut recorder = Recorder::new(&RecorderSettings {
//!     directions: [true, false, false],
//!     measured: LatencyChoice::ALL,
//!     percentiles: reporting.percentiles,
//!     priorities: Vec::new(),
//! });
//! recorder.record_issue(Direction::Read);
//! let completion = Completion { bytes: 4096, slat_ns: 900, clat_ns: 80_000, lat_ns: 80_900 };
//! recorder.record_completion(Direction::Read, completion);
//!
//! let mut job = JobResult { name: "job".to_owned(), members: 1, reporting, ..JobResult::default() };
//! job.measurement = recorder.measurement();
//! job.measurement.directions[Direction::Read.index()].runtime_ms = 1;
//! let report = Report { version: "fio-3.33".to_owned(), ..Report::of_jobs(vec![job]) };
//!
//! let mut formats = FormatChoice::default();
//! formats.add("normal")?;
//! let mut output = Vec::new();
//! ReportWriter::new(formats, TerseVersion::default()).write(&report, true, &mut output)?;
//! assert!(String::from_utf8(output)?.contains("  read: IOPS=1000, BW=4000KiB/s (4096kB/s)(4096B/1msec)"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! - [`normal`], [`terse`], [`json`]: the formats.
//! - [`announcement`], [`status_line`]: what the normal output says before the jobs run, and while they do.
//! - [`workers`]: the report of a front end.
//! - [`number`]: numbers with few digits and a unit.

pub mod announcement;
pub mod json;
pub mod normal;
pub mod number;
mod share;
pub mod status_line;
pub mod terse;
pub mod workers;

use std::io::{self, Write};

use self::json::JsonDocuments;
use self::terse::TerseVersion;
use crate::statistics::{DiskUtilization, GroupResult, JobResult, group_results, results_to_show};

/// How long a run has taken and will take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Seconds since the run began, rounded up.
    pub elapsed_seconds: u64,
    /// Seconds that it will still take; `i32::MAX` when nobody knows.
    pub remaining_seconds: u64,
}

/// How idle processors were (`--idle-prof`), in percent.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CpuIdleness {
    /// All processors together.
    pub system: f64,
    /// Each by itself; empty when that was not asked for.
    pub processors: Vec<f64>,
    /// Microseconds that a unit of idle work takes on average.
    pub unit_mean_us: f64,
    /// Their deviation.
    pub unit_deviation_us: f64,
}

/// All that is known about a run.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Report {
    /// What programs that read the output look for: `fio-` and the version that it is compatible with.
    pub version: String,
    /// Milliseconds since 1970.
    pub timestamp_ms: u64,
    /// The same in the local time as `ctime` writes it, without its newline.
    pub time: String,
    /// How far the run is.
    pub progress: Option<Progress>,
    /// The options of the global sections as they were given.
    pub global_options: Vec<(String, String)>,
    /// What is shown: [`crate::statistics::results_to_show`].
    pub jobs: Vec<JobResult>,
    /// What belongs to it: [`crate::statistics::group_results`].
    pub groups: Vec<GroupResult>,
    /// The disks that jobs were busy on.
    pub disks: Vec<DiskUtilization>,
    /// How idle processors were, when that was asked for.
    pub idleness: Option<CpuIdleness>,
}

impl Report {
    /// A report of the jobs of a run. Sums of groups are made of what is shown, as fio does: jobs that are reported together count as one.
    #[must_use]
    pub fn of_jobs(results: Vec<JobResult>) -> Self {
        let groups = results.iter().map(|result| result.group + 1).max().unwrap_or(0);
        let jobs = results_to_show(results);
        Self { groups: group_results(&jobs, groups), jobs, ..Self::default() }
    }

    /// The group with a number.
    #[must_use]
    pub fn group(&self, number: u32) -> Option<&GroupResult> {
        self.groups.iter().find(|group| group.number == number)
    }
}

/// A format's name, and what it adds to the choice.
pub struct Format {
    /// As `--output-format` takes it.
    pub name: &'static str,
    choose: fn(&mut FormatChoice),
}

/// The formats, in the order of fio's help.
pub const FORMATS: &[Format] = &[
    Format { name: "minimal", choose: |choice| choice.terse = true },
    Format { name: "csv", choose: |choice| choice.terse = true },
    Format { name: "normal", choose: |choice| choice.normal = true },
    Format { name: "terse", choose: |choice| choice.terse = true },
    Format { name: "json", choose: |choice| choice.json = true },
    Format {
        name: "json+",
        choose: |choice| {
            choice.json = true;
            choice.bins = true;
        },
    },
];

/// A format that does not exist.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{name}` is not an output format; there are normal, terse (also minimal, csv), json and json+")]
pub struct UnknownFormat {
    /// What was given.
    pub name: String,
}

/// The formats that were chosen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FormatChoice {
    /// Text for people.
    pub normal: bool,
    /// A line a job. `--append-terse` chooses it too.
    pub terse: bool,
    /// JSON.
    pub json: bool,
    /// JSON with histograms.
    pub bins: bool,
}

impl FormatChoice {
    /// Adds formats by name, with commas between them.
    ///
    /// # Errors
    /// [`UnknownFormat`] for the first name that is none.
    pub fn add(&mut self, names: &str) -> Result<(), UnknownFormat> {
        for name in names.split(',') {
            let unknown = || UnknownFormat { name: name.to_owned() };
            let format = FORMATS.iter().find(|format| format.name == name).ok_or_else(unknown)?;
            (format.choose)(self);
        }
        Ok(())
    }
}

/// Writes the reports of a run.
#[derive(Debug)]
pub struct ReportWriter {
    formats: FormatChoice,
    terse_version: TerseVersion,
    documents: JsonDocuments,
}

impl ReportWriter {
    /// A writer of these formats.
    #[must_use]
    pub fn new(formats: FormatChoice, terse_version: TerseVersion) -> Self {
        Self { formats, terse_version, documents: JsonDocuments::default() }
    }

    /// Writes a report in each format: terse first, then JSON, then normal. `last` is the run's final one.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn write(&mut self, report: &Report, last: bool, output: &mut dyn Write) -> io::Result<()> {
        if self.formats.terse {
            output.write_all(terse::lines(report, self.terse_version).as_bytes())?;
        }
        if self.formats.json {
            self.documents.write(report, self.formats.bins, last, output)?;
        }
        if self.formats.normal {
            output.write_all(normal::text(report).as_bytes())?;
        }
        Ok(())
    }

    /// Ends what was begun, for a run that ends without a last report; after one there is nothing to do.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn finish(&mut self, output: &mut dyn Write) -> io::Result<()> {
        self.documents.finish(output)
    }
}

#[cfg(test)]
mod tests;
