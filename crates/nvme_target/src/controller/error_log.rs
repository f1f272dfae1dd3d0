//! The last errors of a controller, newest first.
//!
//! Spec: NVMe Base 2.0 §5.16.1.2.

use std::collections::VecDeque;

use nvme::base::log_page::ErrorInformationEntry;
use nvme::base::status::Status;
use zerocopy::little_endian::{U16, U32, U64};

use crate::failure::Location;
use crate::limits::ERROR_LOG_ENTRIES;

/// What there is to say about an error.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ErrorReport {
    pub(crate) queue_id: u16,
    pub(crate) command_id: u16,
    pub(crate) opcode: u8,
    pub(crate) status: Status,
    /// `None`: not the fault of one parameter.
    pub(crate) location: Option<Location>,
    /// First block of the command, 0 for a command without blocks.
    pub(crate) first_block: u64,
    pub(crate) namespace_id: u32,
}

/// The log: bounded, and it allocates when the first error comes.
#[derive(Debug, Default)]
pub(crate) struct ErrorLog {
    entries: VecDeque<ErrorInformationEntry>,
    count: u64,
}

impl ErrorLog {
    pub(crate) fn record(&mut self, report: ErrorReport) {
        self.count += 1;
        let ErrorReport { queue_id, command_id, opcode, status, location, first_block, namespace_id } = report;
        let mut entry = ErrorInformationEntry::new(self.count, queue_id, command_id, opcode, status);
        if let Some(location) = location {
            entry.parameter_error_location = U16::new(location.to_wire().0);
        }
        entry.first_block = U64::new(first_block);
        entry.namespace_id = U32::new(namespace_id);
        self.entries.truncate(usize::from(ERROR_LOG_ENTRIES) - 1);
        self.entries.push_front(entry);
    }

    /// Errors since the controller was created, also those that the log no longer holds.
    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    /// The errors that the log holds, newest first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &ErrorInformationEntry> {
        self.entries.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_is_bounded_and_the_count_is_not() {
        let report = ErrorReport {
            queue_id: 0,
            command_id: 0,
            opcode: 0,
            status: Status::INVALID_OPCODE,
            location: None,
            first_block: 0,
            namespace_id: 0,
        };
        let mut log = ErrorLog::default();
        for _ in 0..1000 {
            log.record(report);
        }
        assert_eq!((log.iter().count(), log.count()), (usize::from(ERROR_LOG_ENTRIES), 1000));
    }
}
