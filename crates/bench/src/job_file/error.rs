//! What is wrong with a job, and where.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::options::ValueError;
use crate::options::kind::did_you_mean;
use crate::options::limits::{FILE_BYTES_MAX, INCLUDE_DEPTH_MAX, JOBS_MAX, LINE_BYTES_MAX, WORKERS_MAX};
use crate::options::resolve::{Contradiction, Warning};

/// Where an option stands. Prints as `file:line: job NAME`, as far as it is known.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Place {
    /// The job file; nothing is the command line.
    pub file: Option<PathBuf>,
    /// The line, from 1.
    pub line: Option<u32>,
    /// The section, or the job's name on the command line.
    pub job: Option<String>,
}

impl Place {
    pub(crate) fn of_file(path: &Path) -> Self {
        Self { file: Some(path.to_owned()), line: None, job: None }
    }

    pub(crate) fn line(mut self, line: u32) -> Self {
        self.line = Some(line);
        self
    }

    pub(crate) fn job(mut self, name: &str) -> Self {
        self.job = Some(name.to_owned());
        self
    }
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.file {
            None => formatter.write_str("command line")?,
            Some(path) => write!(formatter, "{}", path.display())?,
        }
        if let Some(line) = self.line {
            write!(formatter, ":{line}")?;
        }
        match &self.job {
            None => Ok(()),
            Some(job) => write!(formatter, ": [{job}]"),
        }
    }
}

/// Something that keeps a job from being run, with its place.
#[derive(Debug, Error)]
#[error("{place}: {problem}")]
pub struct JobError {
    /// Where.
    pub place: Place,
    /// What.
    pub problem: Box<Problem>,
}

impl JobError {
    pub(crate) fn new(place: Place, problem: Problem) -> Self {
        Self { place, problem: Box::new(problem) }
    }
}

/// What is wrong.
#[derive(Debug, Error)]
pub enum Problem {
    /// A file cannot be read.
    #[error("cannot read {}: {reason}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: io::Error,
    },
    /// A file that is not text.
    #[error("{} is not UTF-8 text", path.display())]
    NotText {
        /// The file.
        path: PathBuf,
    },
    /// A file that is too long.
    #[error("with what it includes, the job file has more than {FILE_BYTES_MAX} bytes")]
    TooLarge,
    /// A line that is too long.
    #[error("the line has more than {LINE_BYTES_MAX} bytes")]
    LineTooLong,
    /// A section without the end of its name.
    #[error("\"{0}\" is not a section: it ends without ]")]
    OpenBracket(String),
    /// An option before the first section.
    #[error("\"{0}\" stands before the first section; put [global] or [NAME OF A JOB] above it")]
    OutsideOfSection(String),
    /// A section in an included file.
    #[error("\"{0}\" starts a section; an included file has only options of the section that includes it")]
    SectionInInclude(String),
    /// Files that include each other.
    #[error("files are included more than {INCLUDE_DEPTH_MAX} deep")]
    IncludedTooDeep,
    /// A name that no option has.
    #[error("there is no option {name}{}", did_you_mean(*nearest))]
    UnknownOption {
        /// The name.
        name: String,
        /// The option that looks most like it.
        nearest: Option<&'static str>,
    },
    /// An option of another engine.
    #[error("{name} is an option of {}; the engine here is {engine}", engines.join(", "))]
    OptionOfEngine {
        /// The name.
        name: String,
        /// The engines that have it.
        engines: Vec<&'static str>,
        /// The engine that the job has.
        engine: String,
    },
    /// Lists of workers with nobody in them.
    #[error("there is no worker in the lists of --client")]
    NoWorkers,
    /// More workers than anybody has.
    #[error("there are more than {WORKERS_MAX} workers")]
    TooManyWorkers,
    /// A worker without jobs.
    #[error("there are no jobs for the worker {0}: name a job file, or --name and options")]
    NoJobsFor(String),
    /// The beginning of several options.
    #[error("--{name} is short for more than one option: {}", candidates.join(", "))]
    Ambiguous {
        /// What was given.
        name: String,
        /// What it may be.
        candidates: Vec<&'static str>,
    },
    /// A value that its option does not take.
    #[error("{text}: {reason}")]
    Value {
        /// The option as it was given.
        text: String,
        /// What is wrong.
        reason: ValueError,
    },
    /// An option of the program that is not one.
    #[error("--{option}: {reason}")]
    GeneralValue {
        /// The option.
        option: &'static str,
        /// What is wrong.
        reason: ValueError,
    },
    /// Options that cannot all be had.
    #[error("{0}")]
    Contradiction(Contradiction),
    /// An option that names what this machine does not have.
    #[error("{option}: {reason}")]
    Absent {
        /// The option as it was given.
        option: String,
        /// What is not there.
        reason: String,
    },
    /// A warning where there are to be none.
    #[error("{0}; --warnings-fatal makes that an error")]
    FatalWarning(Warning),
    /// More jobs than there may be.
    #[error("there are more than {JOBS_MAX} jobs")]
    TooManyJobs,
    /// An argument that is not text.
    #[error("the argument {0} is not UTF-8 text")]
    NotTextArgument(String),
    /// Nothing to do.
    #[error("no job is defined: name a job file, or give a job with --name")]
    NoJobs,
}
