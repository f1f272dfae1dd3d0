//! The last errors of a controller, newest first.
//!
//! Spec: NVMe Base 2.0 §5.16.1.2.

use std::collections::VecDeque;

use nvme::base::status::Status;

use crate::failure::Location;
use crate::limits::ERROR_LOG_ENTRIES;

/// One error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LoggedError {
    /// Number of this error, counted from 1 over the controller's life.
    pub(crate) number: u64,
    pub(crate) queue_id: u16,
    pub(crate) command_id: u16,
    pub(crate) status: Status,
    pub(crate) location: Option<Location>,
    /// First block of the command, 0 for a command without blocks.
    pub(crate) first_block: u64,
    pub(crate) namespace_id: u32,
}

/// What there is to say about an error, apart from its number.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ErrorReport {
    pub(crate) queue_id: u16,
    pub(crate) command_id: u16,
    pub(crate) status: Status,
    pub(crate) location: Option<Location>,
    pub(crate) first_block: u64,
    pub(crate) namespace_id: u32,
}

/// The log: bounded, and it allocates when the first error comes.
#[derive(Debug, Default)]
pub(crate) struct ErrorLog {
    entries: VecDeque<LoggedError>,
    count: u64,
}

impl ErrorLog {
    pub(crate) fn record(&mut self, report: ErrorReport) {
        let ErrorReport { queue_id, command_id, status, location, first_block, namespace_id } = report;
        self.count += 1;
        self.entries.truncate(usize::from(ERROR_LOG_ENTRIES) - 1);
        self.entries.push_front(LoggedError {
            number: self.count,
            queue_id,
            command_id,
            status,
            location,
            first_block,
            namespace_id,
        });
    }

    /// Errors since the controller was created, also those that the log no longer holds.
    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    /// The errors that the log holds, newest first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &LoggedError> {
        self.entries.iter()
    }
}
