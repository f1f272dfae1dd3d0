//! What is wrong with the files of a job.

use std::io;
use std::path::{Path, PathBuf};

use crate::engines::EngineError;

/// Why a job's files cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// A system call failed on a file.
    #[error("{call}({})", path.display())]
    System {
        /// The system call.
        call: &'static str,
        /// The file.
        path: PathBuf,
        /// What the kernel says.
        #[source]
        source: io::Error,
    },
    /// The file system takes no direct I/O.
    #[error("open({}): your file system does not support direct=1/buffered=0", path.display())]
    Direct {
        /// The file.
        path: PathBuf,
        /// What the kernel says.
        #[source]
        source: io::Error,
    },
    /// Too many open files.
    #[error("open({}): too many open files; reduce openfiles=, or raise `ulimit -n`", path.display())]
    TooManyOpen {
        /// The file.
        path: PathBuf,
        /// What the kernel says.
        #[source]
        source: io::Error,
    },
    /// The file is not there and must not be made.
    #[error("file creation disallowed by allow_file_create=0: {}", path.display())]
    CreationDisallowed {
        /// The file.
        path: PathBuf,
    },
    /// A folder cannot be made.
    #[error("failed to create dir ({})", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the kernel says.
        #[source]
        source: io::Error,
    },
    /// A device is in use.
    #[error("{} appears mounted, and 'allow_mounted_write' isn't set. Aborting. ({used_by})", path.display())]
    Mounted {
        /// The device.
        path: PathBuf,
        /// By what.
        used_by: String,
    },
    /// A device has no size.
    #[error("{}: zero sized block device?", path.display())]
    NoSize {
        /// The device.
        path: PathBuf,
    },
    /// `-` is for one direction.
    #[error("can't read/write to stdin/out")]
    StandardStreams,
    /// A folder in `directory=` is none.
    #[error("{} is not a directory", path.display())]
    NoFolder {
        /// What was given.
        path: PathBuf,
    },
    /// A target of an engine that knows sizes itself.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

impl FileError {
    pub(super) fn system(call: &'static str, path: &Path, source: io::Error) -> Self {
        Self::System { call, path: path.to_owned(), source }
    }

    /// The error number behind it, for results; `EINVAL` for what is the operator's to change.
    #[must_use]
    pub fn error_number(&self) -> i32 {
        match self {
            Self::System { source, .. }
            | Self::Direct { source, .. }
            | Self::TooManyOpen { source, .. }
            | Self::Folder { source, .. } => source.raw_os_error().unwrap_or(libc::EIO),
            Self::CreationDisallowed { .. } => libc::ENOENT,
            Self::Mounted { .. } => libc::EBUSY,
            Self::NoFolder { .. } => libc::ENOTDIR,
            Self::NoSize { .. } | Self::StandardStreams | Self::Engine(_) => libc::EINVAL,
        }
    }
}
