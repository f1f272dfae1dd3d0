//! Why a command fails, as the host is told: a status, and where in the command the fault is.
//!
//! Handlers return a [`Failure`]; the queue turns it into a response and an entry of the error log. Errors of devices
//! pass the one map here.

use block::{BlockError, Operation};
use nvme::base::command::SubmissionQueueEntry;
use nvme::base::log_page::ParameterErrorLocation;
use nvme::base::status::Status;

/// Where in a command the parameter at fault begins.
///
/// Spec: NVMe Base 2.0 §5.16.1.2 (Parameter Error Location).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Location {
    byte: u8,
    bit: u8,
}

impl Location {
    pub(crate) const OPCODE: Self = Self::byte(0);
    pub(crate) const FUSED: Self = Self::byte(1);
    pub(crate) const COMMAND_TYPE: Self = Self::byte(4);
    pub(crate) const NAMESPACE_ID: Self = Self::byte(4);
    pub(crate) const DATA_POINTER: Self = Self::byte(24);
    pub(crate) const DATA_LENGTH: Self = Self::byte(32);
    pub(crate) const DWORD10: Self = Self::byte(40);
    pub(crate) const DWORD11: Self = Self::byte(44);
    pub(crate) const DWORD12: Self = Self::byte(48);

    /// The byte of the command at this offset, `0..=63`.
    pub(crate) const fn byte(byte: u8) -> Self {
        Self { byte, bit: 0 }
    }

    /// As the error log has it.
    pub(crate) const fn to_wire(self) -> ParameterErrorLocation {
        ParameterErrorLocation(0).with_byte(self.byte as u16).with_bit(self.bit as u16)
    }

    /// The same with the bit where the parameter begins, `0..=7`.
    pub(crate) const fn bit(self, bit: u8) -> Self {
        Self { byte: self.byte, bit }
    }
}

/// Why a command fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) status: Status,
    /// `None`: not the fault of one parameter.
    pub(crate) location: Option<Location>,
}

impl Failure {
    /// The same command would fail again (Do Not Retry), because of what is at `location`.
    pub(crate) const fn at(status: Status, location: Location) -> Self {
        Self { status: status.with_do_not_retry(), location: Some(location) }
    }

    /// The same command would fail again (Do Not Retry), but no one parameter is wrong.
    pub(crate) const fn lasting(status: Status) -> Self {
        Self { status: status.with_do_not_retry(), location: None }
    }

    /// The same command may succeed later.
    pub(crate) const fn passing(status: Status) -> Self {
        Self { status, location: None }
    }

    /// A field that holds what this controller does not accept.
    pub(crate) const fn invalid_field(location: Location) -> Self {
        Self::at(Status::INVALID_FIELD, location)
    }

    /// The opcode, or the type of the Fabrics command, is not one that this queue takes.
    pub(crate) const fn invalid_opcode(location: Location) -> Self {
        Self::at(Status::INVALID_OPCODE, location)
    }

    /// The controller is not in a state to take this command.
    pub(crate) const fn sequence() -> Self {
        Self::lasting(Status::COMMAND_SEQUENCE_ERROR)
    }
}

/// Checks that the data pointer describes exactly the data that the command moves. A longer one is not accepted either:
/// the host would take what it finds in the rest of its buffer for data.
pub(crate) fn check_data_length(entry: &SubmissionQueueEntry, length_bytes: u32) -> Result<(), Failure> {
    if entry.data_pointer.length.get() == length_bytes {
        Ok(())
    } else {
        Err(Failure::at(Status::DATA_SGL_LENGTH_INVALID, Location::DATA_LENGTH))
    }
}

/// The one map from what a device reports to what a host is told. Errors that may be over when the host tries again are
/// without Do Not Retry.
pub(crate) fn device_status(error: &BlockError, operation: Operation) -> Status {
    let media = match operation {
        Operation::Read(_) => Status::UNRECOVERED_READ_ERROR,
        Operation::Write { .. } | Operation::Flush | Operation::Deallocate(_) | Operation::WriteZeroes { .. } => {
            Status::WRITE_FAULT
        }
    };
    match error {
        BlockError::OutOfRange => Status::LBA_OUT_OF_RANGE.with_do_not_retry(),
        BlockError::ReadOnly => Status::NAMESPACE_WRITE_PROTECTED.with_do_not_retry(),
        BlockError::NoSpace(_) => Status::CAPACITY_EXCEEDED.with_do_not_retry(),
        BlockError::Unsupported => Status::INVALID_OPCODE.with_do_not_retry(),
        BlockError::Truncated | BlockError::WritesLost(_) => media.with_do_not_retry(),
        BlockError::Io(_) => media,
    }
}
