//! Error Information: what went wrong with which command, newest first.
//!
//! Spec: NVMe Base 2.0 §5.16.1.2.

use zerocopy::little_endian::{U16, U32, U64};
use zerocopy::{FromBytes, FromZeros, Immutable, IntoBytes, KnownLayout, Unaligned};

use crate::base::command::CommandSetIdentifier;
use crate::base::status::Status;

/// One error, 64 bytes. An entry whose error count is 0 holds none.
///
/// Spec: NVMe Base 2.0 §5.16.1.2.
#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned, Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct ErrorInformationEntry {
    /// Errors since the controller exists, this one included.
    pub error_count: U64,
    /// Queue of the command (SQID); FFFFh for an error of no command.
    pub queue_id: U16,
    /// Identifier of the command (CID); FFFFh for an error of no command.
    pub command_id: U16,
    /// [`Status`] in bits 15:1 as in the completion; bit 0 may be the phase tag.
    pub status: U16,
    /// [`ParameterErrorLocation`]; FFFFh is none.
    pub parameter_error_location: U16,
    /// First logical block that met the error.
    pub first_block: U64,
    /// Namespace; FFFFFFFFh is none.
    pub namespace_id: U32,
    /// Identifier of a vendor specific page that tells more; 0 is none.
    pub vendor_log_page: u8,
    /// Transport (TRTYPE), as in the discovery log page.
    pub transport_type: u8,
    /// Command set of the command, where [`Self::FORMAT_VERSION`] says so.
    pub command_set: CommandSetIdentifier,
    /// Opcode of the command, likewise.
    pub opcode: u8,
    /// Command specific.
    pub command_specific: U64,
    /// Transport specific.
    pub transport_specific: U16,
    /// Reserved.
    pub reserved42: [u8; 21],
    /// Version of the format: 1 when command set and opcode are filled.
    pub format_version: u8,
}

assert_layout!(
    ErrorInformationEntry, 64,
    error_count @ 0, queue_id @ 8, command_id @ 10, status @ 12, parameter_error_location @ 14, first_block @ 16,
    namespace_id @ 24, vendor_log_page @ 28, transport_type @ 29, command_set @ 30, opcode @ 31, command_specific @ 32,
    transport_specific @ 40, reserved42 @ 42, format_version @ 63,
);

impl ErrorInformationEntry {
    /// Version of the format that fills command set and opcode.
    pub const FORMAT_VERSION: u8 = 1;
    /// Transport type NVMe/TCP.
    pub const TRANSPORT_TCP: u8 = 3;

    /// The `error_count`-th error of a controller, on this queue, with no block, namespace or parameter named.
    #[must_use]
    pub fn new(error_count: u64, queue_id: u16, command_id: u16, opcode: u8, status: Status) -> Self {
        Self {
            error_count: U64::new(error_count),
            queue_id: U16::new(queue_id),
            command_id: U16::new(command_id),
            status: U16::new(status.to_completion_field()),
            parameter_error_location: U16::new(ParameterErrorLocation::NONE.0),
            namespace_id: U32::new(u32::MAX),
            transport_type: Self::TRANSPORT_TCP,
            opcode,
            format_version: Self::FORMAT_VERSION,
            ..Self::new_zeroed()
        }
    }

    /// The status without the phase tag.
    #[must_use]
    pub const fn status(&self) -> Status {
        Status::from_completion_field(self.status.get())
    }

    /// Where in the command the error is.
    #[must_use]
    pub const fn parameter_error_location(&self) -> ParameterErrorLocation {
        ParameterErrorLocation(self.parameter_error_location.get())
    }
}

/// Which bit of a command is in error.
///
/// Spec: NVMe Base 2.0 §5.16.1.2 (Parameter Error Location).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParameterErrorLocation(pub u16);

impl ParameterErrorLocation {
    /// The error is not one of a parameter.
    pub const NONE: Self = Self(0xffff);

    bit_fields! { u16;
        /// Byte of the command, `0..=63`.
        byte, with_byte: 0, 8;
        /// Bit of that byte, `0..=7`.
        bit, with_bit: 8, 3;
    }
}

#[cfg(test)]
mod tests {
    use zerocopy::IntoBytes;

    use super::{ErrorInformationEntry, ParameterErrorLocation, Status};

    #[test]
    fn bytes() {
        let mut entry = ErrorInformationEntry::new(0x0807_0605_0403_0201, 0x0a09, 0x0c0b, 0x0d, Status::INVALID_FIELD);
        entry.parameter_error_location = ParameterErrorLocation(0).with_byte(40).with_bit(3).0.into();
        let mut expected = [0; 64];
        expected[..12].copy_from_slice(&[1, 2, 3, 4, 5, 6, 7, 8, 9, 0xa, 0xb, 0xc]);
        expected[12..16].copy_from_slice(&[0x04, 0x00, 40, 3]);
        expected[24..28].copy_from_slice(&[0xff; 4]);
        expected[29] = 3;
        expected[31] = 0x0d;
        expected[63] = 1;
        assert_eq!(entry.as_bytes(), expected);
        assert_eq!(entry.status(), Status::INVALID_FIELD);
        assert_eq!((entry.parameter_error_location().byte(), entry.parameter_error_location().bit()), (40, 3));
    }
}
