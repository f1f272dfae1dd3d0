//! How a job ends before its work is done.

use rustix::io::Errno;

use crate::engines::EngineError;
use crate::engines::memory::MemoryError;
use crate::files::FileError;
use crate::job_file::Place;
use crate::offsets::layout::LayoutError;
use crate::statistics::JobError;

use super::convert::proving::VerifyError;
use super::pace::TooSlow;

/// Why a job does not go on.
#[derive(Debug)]
pub(super) enum Ended {
    /// It was told to, or its time is over.
    Stopped,
    /// It cannot.
    Failed(JobFailure),
}

/// What went wrong with a job.
#[derive(Debug, thiserror::Error)]
pub(super) enum JobFailure {
    /// An I/O failed.
    #[error(
        "io_u error on file {file}: {error}: {operation} offset={offset}, buflen={length_bytes}{explanation}",
        error = plain(*number)
    )]
    Io {
        /// The file.
        file: String,
        /// The error number.
        number: Errno,
        /// What was done.
        operation: &'static str,
        /// Where.
        offset: u64,
        /// How much.
        length_bytes: u32,
        /// What the engine knows beyond the number; empty, or it begins with a separator.
        explanation: String,
    },
    /// An I/O moved nothing.
    #[error(
        "full resid: {operation} of {length_bytes} bytes at offset {offset} of {file} moved nothing: the end of the file?"
    )]
    NothingMoved {
        /// The file.
        file: String,
        /// What was done.
        operation: &'static str,
        /// Where.
        offset: u64,
        /// How much was asked for.
        length_bytes: u32,
    },
    /// The engine as a whole failed.
    #[error("{engine}: {what}: {error}", error = plain(*number))]
    Engine {
        /// Its name.
        engine: &'static str,
        /// What it was asked for.
        what: &'static str,
        /// The error number.
        number: Errno,
    },
    /// An I/O took too long.
    #[error(
        "max_latency exceeded: the {operation} at offset {offset} of {file} took {took_us} us, {allowed_us} are allowed"
    )]
    TooLate {
        /// The file.
        file: String,
        /// What was done.
        operation: &'static str,
        /// Where.
        offset: u64,
        /// How long it took, in microseconds.
        took_us: u64,
        /// How long it might take.
        allowed_us: u64,
    },
    /// The job is slower than it may be.
    #[error(transparent)]
    TooSlow(#[from] TooSlow),
    /// Even one I/O at a time misses the latency target.
    #[error("latency_target: not even a depth of 1 keeps it")]
    TargetMissed,
    /// Data is wrong.
    #[error("verify: data is wrong (see above)")]
    Verify,
    /// The files cannot be used.
    #[error(transparent)]
    File(#[from] FileError),
    /// The engine cannot be used.
    #[error(transparent)]
    Start(#[from] EngineError),
    /// There is no memory for buffers.
    #[error(transparent)]
    Memory(#[from] MemoryError),
    /// Options and files do not go together.
    #[error(transparent)]
    Layout(#[from] LayoutError),
    /// A device has less than the job says.
    #[error(
        "{option}: {name} has {has} bytes, and the job would go to {asked}: choose a smaller {option}, or size=100% in its place"
    )]
    SmallDevice {
        /// The option that asks for so much.
        option: &'static str,
        /// The device.
        name: String,
        /// Its bytes.
        has: u64,
        /// Where the job would end, in bytes.
        asked: u64,
    },
    /// Options of offsets do not go together.
    #[error(transparent)]
    Offsets(#[from] crate::offsets::SettingsError),
    /// Options of verification do not go together.
    #[error(transparent)]
    Proof(#[from] VerifyError),
    /// The kernel refuses something that the job needs.
    #[error("{what}: {source}")]
    System {
        /// What was asked for.
        what: String,
        /// What the kernel says.
        #[source]
        source: std::io::Error,
    },
    /// An option that cannot be used so.
    #[error("{0}")]
    Option(String),
}

impl JobFailure {
    /// The error number for results.
    #[must_use]
    pub(super) fn number(&self) -> i32 {
        match self {
            Self::Io { number, .. } | Self::Engine { number, .. } => number.raw_os_error(),
            // Parity: fio's numbers, also of what was too slow and too late.
            Self::NothingMoved { .. } | Self::TooSlow(_) => libc::EIO,
            Self::TooLate { .. } | Self::TargetMissed => libc::ETIMEDOUT,
            Self::Verify => crate::verify::VERIFY_ERROR,
            Self::File(error) => error.error_number(),
            Self::System { source, .. } => source.raw_os_error().unwrap_or(libc::EIO),
            Self::Memory(_) => libc::ENOMEM,
            Self::Start(error) => error.error_number(),
            Self::Layout(_) | Self::Offsets(_) | Self::Proof(_) | Self::Option(_) => libc::EINVAL,
            Self::SmallDevice { .. } => libc::EINVAL,
        }
    }

    /// The line that tells it on standard error. Parity: fio, whose line for an I/O scripts look for.
    pub(super) fn line(&self, job: &str) -> String {
        match self {
            Self::Io { .. } => format!("fio: {}", chain(self)),
            _ => format!("{job}: {}", chain(self)),
        }
    }

    /// The same, with the job's place where the job file is to be changed. A job of the command line has no place but its name.
    pub(super) fn line_at(&self, job: &str, place: &Place) -> String {
        if self.is_of_options() && place.file.is_some() { self.line(&place.to_string()) } else { self.line(job) }
    }

    /// Whether the job file is to be changed.
    fn is_of_options(&self) -> bool {
        matches!(self, Self::Layout(_) | Self::Offsets(_) | Self::Proof(_) | Self::Option(_) | Self::SmallDevice { .. })
    }

    /// For results: the number, and everything that is known.
    #[must_use]
    pub(super) fn result(&self) -> JobError {
        JobError { number: self.number(), message: chain(self) }
    }
}

/// What the system calls an error number, without the number.
fn plain(number: Errno) -> String {
    let text = std::io::Error::from(number).to_string();
    text.split_once(" (os error").map_or(text.clone(), |(plain, _)| plain.to_owned())
}

/// An error and its causes in one line.
#[must_use]
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(deeper) = cause {
        let next = deeper.to_string();
        // Transparent layers say the same once more.
        if !text.ends_with(&next) {
            text = format!("{text}: {next}");
        }
        cause = deeper.source();
    }
    text
}

impl<E: Into<JobFailure>> From<E> for Ended {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}
