//! Disconnect: a host deletes one of its I/O queues.
//!
//! Spec: NVMe Base 2.0 §6.4. The queue takes no command after it, and its connection is closed once the response is out.

use nvme::base::command::SubmissionQueueEntry;
use nvme::base::status::Status;
use nvme::fabrics::DisconnectCommand;

use crate::failure::{Failure, Location};

/// The only layout of the command that there is (RECFMT).
const RECORD_FORMAT: u16 = 0;

/// Whether an I/O queue may go.
pub(crate) fn on_io_queue(entry: &SubmissionQueueEntry) -> Result<(), Failure> {
    if DisconnectCommand::from_entry(entry).record_format.get() == RECORD_FORMAT {
        Ok(())
    } else {
        Err(Failure::at(Status::CONNECT_INCOMPATIBLE_FORMAT, Location::DWORD10))
    }
}

/// The Admin queue goes with its controller only.
pub(crate) const fn on_admin_queue() -> Failure {
    Failure::at(Status::INVALID_QUEUE_TYPE, Location::COMMAND_TYPE)
}
