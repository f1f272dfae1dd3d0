//! What can go wrong with a request.

use rustix::io::Errno;

/// Why a request failed. Exhaustive on purpose: whoever speaks to a host maps each to a status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BlockError {
    /// The range does not end within the device.
    #[error("the range is past the end of the device")]
    OutOfRange,
    /// The device does not take writes.
    #[error("the device is read-only")]
    ReadOnly,
    /// There is no space for the data: the file system or its quota is full, or the file may not grow further.
    #[error("no space is left for the data: {0}")]
    NoSpace(Errno),
    /// The device cannot do this at all.
    #[error("the device does not support the operation")]
    Unsupported,
    /// The file behind the device has become shorter than it was, and the range is not there any more.
    #[error("the file has become shorter since it was opened")]
    Truncated,
    /// Data that hosts had written were lost before they reached the medium. The error of the sync that found out.
    #[error("written data were lost before a flush: {0}")]
    WritesLost(Errno),
    /// Any other error of the system.
    #[error("input/output error: {0}")]
    Io(Errno),
}

impl BlockError {
    /// The error that a failed system call on a file stands for.
    pub(crate) fn from_errno(error: Errno) -> Self {
        match error {
            Errno::NOSPC | Errno::DQUOT | Errno::FBIG => Self::NoSpace(error),
            Errno::ROFS => Self::ReadOnly,
            Errno::OPNOTSUPP => Self::Unsupported,
            other => Self::Io(other),
        }
    }
}
