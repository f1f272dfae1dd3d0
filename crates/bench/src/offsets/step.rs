//! What an [`super::Offsets`] asks the caller to do.

use super::directions::SyncKind;
use crate::direction::Direction;

/// An I/O.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Io {
    /// Place of the file in [`super::layout::Layout::files`].
    pub file: usize,
    /// What it does.
    pub direction: Direction,
    /// Where it starts, bytes from the start of the file.
    pub offset: u64,
    /// How many bytes, at least 1.
    pub length: u64,
}

/// What comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// An I/O.
    Io(Io),
    /// Bring the data of a file to the device.
    Sync {
        /// Place of the file.
        file: usize,
        /// How.
        kind: SyncKind,
    },
    /// A pass over the files is complete: wait for what is in flight, verify, close the files, then go on.
    PassEnded,
    /// The job is complete.
    End,
}
