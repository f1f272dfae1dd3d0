//! Connect, its data and its two results, and Disconnect.
//!
//! Spec: NVMe Base 2.0 §6.3 (Connect), §6.4 (Disconnect).

use core::mem::offset_of;

use zerocopy::little_endian::{U16, U32};
use zerocopy::{FromBytes, FromZeros, Immutable, IntoBytes, KnownLayout, Unaligned};

use super::{FabricsCommandType, entry_view};
use crate::base::command::{AdminOpcode, SglDescriptor, SubmissionQueueEntry};
use crate::base::status::Status;

/// Connect, 64 bytes: turns a connection into a queue of a controller.
///
/// Spec: NVMe Base 2.0 §6.3.
#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned, Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct ConnectCommand {
    /// 7Fh.
    pub opcode: u8,
    /// Flags as in [`SubmissionQueueEntry::flags`].
    pub flags: u8,
    /// Command identifier.
    pub command_id: U16,
    /// [`FabricsCommandType::CONNECT`].
    pub command_type: u8,
    /// Reserved.
    pub reserved5: [u8; 19],
    /// Where the [`ConnectData`] are.
    pub data_pointer: SglDescriptor,
    /// Connect record format (RECFMT): 0, as laid out here.
    pub record_format: U16,
    /// Queue identifier (QID): 0 the Admin queue, which creates the association; otherwise an I/O queue of it.
    pub queue_id: U16,
    /// Submission queue entries less one (SQSIZE): at least 1, and for an Admin queue at least 31.
    pub queue_size_0based: U16,
    /// Connect attributes (CATTR): priority class in bits 1:0, [`Self::DISABLE_FLOW_CONTROL`], [`Self::INDIVIDUAL_QUEUE_DELETION`].
    pub attributes: u8,
    /// Reserved.
    pub reserved47: u8,
    /// Keep Alive Timeout (KATO) in milliseconds, of an Admin queue; 0 disables it.
    pub keep_alive_timeout_ms: U32,
    /// Reserved.
    pub reserved52: [u8; 12],
}

assert_layout!(
    ConnectCommand, 64,
    opcode @ 0, flags @ 1, command_id @ 2, command_type @ 4, reserved5 @ 5, data_pointer @ 24, record_format @ 40,
    queue_id @ 42, queue_size_0based @ 44, attributes @ 46, reserved47 @ 47, keep_alive_timeout_ms @ 48, reserved52 @ 52,
);
entry_view!(ConnectCommand);

impl ConnectCommand {
    /// Bit of [`Self::attributes`]: the host does not want submission queue flow control, so SQHD is reserved.
    pub const DISABLE_FLOW_CONTROL: u8 = 1 << 2;
    /// Bit of [`Self::attributes`]: the host can delete this I/O queue alone, with Disconnect.
    pub const INDIVIDUAL_QUEUE_DELETION: u8 = 1 << 3;
    /// The bits of [`Self::attributes`] that Base 2.0 reserves.
    pub const ATTRIBUTES_RESERVED: u8 = 0xf0;

    /// A Connect for this queue, without attributes and keep alive timeout. The transport fills in the data pointer.
    #[must_use]
    pub const fn new(queue_id: u16, queue_size_0based: u16) -> Self {
        let entry = SubmissionQueueEntry::new(AdminOpcode::FABRICS.0, FabricsCommandType::CONNECT.0 as u32);
        let mut command = *Self::from_entry(&entry);
        command.queue_id = U16::new(queue_id);
        command.queue_size_0based = U16::new(queue_size_0based);
        command
    }

    /// Priority class of an I/O queue under weighted arbitration: 0 urgent, 1 high, 2 medium, 3 low.
    #[must_use]
    pub const fn priority_class(&self) -> u8 {
        self.attributes & 0b11
    }

    /// Whether the host disabled submission queue flow control.
    #[must_use]
    pub const fn flow_control_disabled(&self) -> bool {
        self.attributes & Self::DISABLE_FLOW_CONTROL != 0
    }
}

/// Size of a field that holds an NVMe qualified name, in bytes.
pub const NQN_FIELD_BYTES: usize = 256;

/// The data of Connect, 1024 bytes: who connects, to what.
///
/// Spec: NVMe Base 2.0 §6.3, Connect Command – Data.
#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned, Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct ConnectData {
    /// Host identifier (HOSTID), 128 bits: the same on all queues of a host.
    pub host_id: [u8; 16],
    /// Controller identifier (CNTLID): with the Admin queue [`Self::DYNAMIC_CONTROLLER`] or a static controller's, with an I/O
    /// queue the one that the Admin queue's Connect returned.
    pub controller_id: U16,
    /// Reserved.
    pub reserved18: [u8; 238],
    /// Name of the subsystem (SUBNQN), NUL terminated.
    pub subsystem_nqn: [u8; NQN_FIELD_BYTES],
    /// Name of the host (HOSTNQN), NUL terminated.
    pub host_nqn: [u8; NQN_FIELD_BYTES],
    /// Reserved.
    pub reserved768: [u8; 256],
}

assert_layout!(
    ConnectData, 1024,
    host_id @ 0, controller_id @ 16, reserved18 @ 18, subsystem_nqn @ 256, host_nqn @ 512, reserved768 @ 768,
);

impl ConnectData {
    /// Controller identifier that asks for any controller, in the dynamic controller model.
    pub const DYNAMIC_CONTROLLER: u16 = 0xffff;
    /// Controller identifier that asks for any controller that is free, in the static controller model.
    pub const ANY_STATIC_CONTROLLER: u16 = 0xfffe;

    /// The data of a host that connects to `subsystem_nqn`.
    #[must_use]
    pub fn new(host_id: [u8; 16], controller_id: u16, subsystem_nqn: &super::Nqn, host_nqn: &super::Nqn) -> Self {
        Self {
            host_id,
            controller_id: U16::new(controller_id),
            subsystem_nqn: subsystem_nqn.to_field(),
            host_nqn: host_nqn.to_field(),
            ..Self::new_zeroed()
        }
    }
}

/// Which parameter of Connect is invalid: byte 0 of the offending field, and in which of the two structures.
///
/// Spec: NVMe Base 2.0 §6.3, Connect Response (IPO, IATTR).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvalidParameter {
    /// Byte offset in the [`ConnectCommand`].
    Command(u16),
    /// Byte offset in the [`ConnectData`].
    Data(u16),
}

/// Offsets of the fields, as a result names them; `offset_of!` keeps them true.
#[expect(
    clippy::cast_possible_truncation,
    reason = "offsets in structures of 64 and 1024 bytes, evaluated at compile time"
)]
impl InvalidParameter {
    /// [`ConnectCommand::record_format`].
    pub const RECORD_FORMAT: Self = Self::Command(offset_of!(ConnectCommand, record_format) as u16);
    /// [`ConnectCommand::queue_id`].
    pub const QUEUE_ID: Self = Self::Command(offset_of!(ConnectCommand, queue_id) as u16);
    /// [`ConnectCommand::queue_size_0based`].
    pub const QUEUE_SIZE: Self = Self::Command(offset_of!(ConnectCommand, queue_size_0based) as u16);
    /// [`ConnectCommand::attributes`].
    pub const ATTRIBUTES: Self = Self::Command(offset_of!(ConnectCommand, attributes) as u16);
    /// [`ConnectCommand::keep_alive_timeout_ms`].
    pub const KEEP_ALIVE_TIMEOUT: Self = Self::Command(offset_of!(ConnectCommand, keep_alive_timeout_ms) as u16);
    /// [`ConnectData::host_id`].
    pub const HOST_ID: Self = Self::Data(offset_of!(ConnectData, host_id) as u16);
    /// [`ConnectData::controller_id`].
    pub const CONTROLLER_ID: Self = Self::Data(offset_of!(ConnectData, controller_id) as u16);
    /// [`ConnectData::subsystem_nqn`].
    pub const SUBSYSTEM_NQN: Self = Self::Data(offset_of!(ConnectData, subsystem_nqn) as u16);
    /// [`ConnectData::host_nqn`].
    pub const HOST_NQN: Self = Self::Data(offset_of!(ConnectData, host_nqn) as u16);

    /// Dword 0 of the completion: offset (IPO) in bits 15:0, attribute (IATTR) in bits 23:16, its bit 0 set for the data.
    #[must_use]
    pub const fn to_dword0(self) -> u32 {
        match self {
            Self::Command(offset) => offset as u32,
            Self::Data(offset) => offset as u32 | 1 << 16,
        }
    }

    /// The reverse of [`Self::to_dword0`]; reserved bits are ignored.
    #[must_use]
    pub const fn from_dword0(dword0: u32) -> Self {
        let [low, high, attribute, _] = dword0.to_le_bytes();
        let offset = u16::from_le_bytes([low, high]);
        if attribute & 1 == 0 { Self::Command(offset) } else { Self::Data(offset) }
    }
}

impl core::fmt::Display for InvalidParameter {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let name = match *self {
            Self::RECORD_FORMAT => "record format",
            Self::QUEUE_ID => "queue identifier",
            Self::QUEUE_SIZE => "submission queue size",
            Self::ATTRIBUTES => "attributes",
            Self::KEEP_ALIVE_TIMEOUT => "keep alive timeout",
            Self::HOST_ID => "host identifier",
            Self::CONTROLLER_ID => "controller identifier",
            Self::SUBSYSTEM_NQN => "subsystem NQN",
            Self::HOST_NQN => "host NQN",
            Self::Command(_) | Self::Data(_) => "parameter",
        };
        match self {
            Self::Command(offset) => write!(formatter, "{name} (byte {offset} of the command)"),
            Self::Data(offset) => write!(formatter, "{name} (byte {offset} of the data)"),
        }
    }
}

/// What authentication the controller wants before any other command (AUTHREQ).
///
/// Spec: NVMe Base 2.0 §6.3, Connect Response.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AuthenticationRequirements(pub u16);

impl AuthenticationRequirements {
    /// The host shall authenticate with the transaction of NVMe in-band authentication (ATR).
    pub const TRANSACTION: Self = Self(1 << 1);
    /// The host shall authenticate and concatenate a secure channel (ASCR).
    pub const SECURE_CHANNEL: Self = Self(1 << 2);

    /// Whether any authentication is required.
    #[must_use]
    pub const fn is_required(self) -> bool {
        self.0 & (Self::TRANSACTION.0 | Self::SECURE_CHANNEL.0) != 0
    }
}

/// What dword 0 of Connect's completion says.
///
/// Spec: NVMe Base 2.0 §6.3, Connect Response – Dword 0 Value Based on Status Code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConnectResult {
    /// With [`Status::SUCCESS`].
    Connected {
        /// Controller identifier (CNTLID) of the association.
        controller_id: u16,
        /// Authentication that is required next.
        authentication: AuthenticationRequirements,
    },
    /// With [`Status::CONNECT_INVALID_PARAMETERS`].
    InvalidParameter(InvalidParameter),
    /// With any other status; dword 0 is reserved.
    Failed(Status),
}

impl ConnectResult {
    /// The result without authentication.
    #[must_use]
    pub const fn connected(controller_id: u16) -> Self {
        Self::Connected { controller_id, authentication: AuthenticationRequirements(0) }
    }

    /// Status of the completion. A rejected parameter would be rejected again: Do Not Retry is set.
    #[must_use]
    pub const fn status(self) -> Status {
        match self {
            Self::Connected { .. } => Status::SUCCESS,
            Self::InvalidParameter(_) => Status::CONNECT_INVALID_PARAMETERS.with_do_not_retry(),
            Self::Failed(status) => status,
        }
    }

    /// Result of the completion: dword 0, and dword 1 as zero.
    #[must_use]
    pub const fn to_result(self) -> u64 {
        match self {
            Self::Connected { controller_id, authentication } => controller_id as u64 | (authentication.0 as u64) << 16,
            Self::InvalidParameter(parameter) => parameter.to_dword0() as u64,
            Self::Failed(_) => 0,
        }
    }

    /// Reads the completion of a Connect.
    #[must_use]
    pub const fn parse(status: Status, dword0: u32) -> Self {
        let [b0, b1, b2, b3] = dword0.to_le_bytes();
        if status.is_success() {
            Self::Connected {
                controller_id: u16::from_le_bytes([b0, b1]),
                authentication: AuthenticationRequirements(u16::from_le_bytes([b2, b3])),
            }
        } else if status.same_code(Status::CONNECT_INVALID_PARAMETERS) {
            Self::InvalidParameter(InvalidParameter::from_dword0(dword0))
        } else {
            Self::Failed(status)
        }
    }
}

/// Disconnect, 64 bytes: deletes the I/O queue that it is sent on.
///
/// Spec: NVMe Base 2.0 §6.4.
#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned, Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct DisconnectCommand {
    /// 7Fh.
    pub opcode: u8,
    /// Flags as in [`SubmissionQueueEntry::flags`].
    pub flags: u8,
    /// Command identifier.
    pub command_id: U16,
    /// [`FabricsCommandType::DISCONNECT`].
    pub command_type: u8,
    /// Reserved.
    pub reserved5: [u8; 19],
    /// Unused: the command has no data.
    pub data_pointer: SglDescriptor,
    /// Record format (RECFMT): 0.
    pub record_format: U16,
    /// Reserved.
    pub reserved42: [u8; 22],
}

assert_layout!(
    DisconnectCommand, 64,
    opcode @ 0, flags @ 1, command_id @ 2, command_type @ 4, reserved5 @ 5, data_pointer @ 24, record_format @ 40, reserved42 @ 42,
);
entry_view!(DisconnectCommand);

impl DisconnectCommand {
    /// A Disconnect for the queue that it is sent on.
    #[must_use]
    pub const fn new() -> Self {
        let entry = SubmissionQueueEntry::new(AdminOpcode::FABRICS.0, FabricsCommandType::DISCONNECT.0 as u32);
        *Self::from_entry(&entry)
    }
}

impl Default for DisconnectCommand {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use zerocopy::IntoBytes;

    use super::{
        AuthenticationRequirements, ConnectCommand, ConnectData, ConnectResult, DisconnectCommand, InvalidParameter,
        Status,
    };
    use crate::fabrics::Nqn;

    #[test]
    fn connect_bytes() {
        let mut connect = ConnectCommand::new(0x0201, 0x0403);
        connect.command_id = 0x0605.into();
        connect.attributes = ConnectCommand::DISABLE_FLOW_CONTROL | 2;
        connect.keep_alive_timeout_ms = 0x0a09_0807.into();
        let mut expected = [0; 64];
        expected[..8].copy_from_slice(&[0x7f, 0x40, 5, 6, 0x01, 0, 0, 0]);
        expected[40..52].copy_from_slice(&[0, 0, 1, 2, 3, 4, 0x06, 0, 7, 8, 9, 0xa]);
        assert_eq!(connect.as_bytes(), expected);
        assert_eq!(connect.priority_class(), 2);
        assert!(connect.flow_control_disabled());
        assert_eq!(ConnectCommand::from_entry(connect.as_entry()), &connect);
    }

    #[test]
    fn connect_data_bytes() {
        let subsystem = Nqn::parse("nqn.2024-11.com.example:disk").unwrap();
        let data = ConnectData::new([0xa5; 16], 0x0201, &Nqn::discovery(), &subsystem);
        let mut expected = [0; 1024];
        expected[..18].copy_from_slice(b"\xa5\xa5\xa5\xa5\xa5\xa5\xa5\xa5\xa5\xa5\xa5\xa5\xa5\xa5\xa5\xa5\x01\x02");
        expected[256..292].copy_from_slice(b"nqn.2014-08.org.nvmexpress.discovery");
        expected[512..540].copy_from_slice(b"nqn.2024-11.com.example:disk");
        assert_eq!(data.as_bytes(), expected);
    }

    #[test]
    fn disconnect_bytes() {
        let mut expected = [0; 64];
        expected[..5].copy_from_slice(&[0x7f, 0x40, 0, 0, 0x08]);
        assert_eq!(DisconnectCommand::new().as_bytes(), expected);
        assert_eq!(DisconnectCommand::default(), DisconnectCommand::new());
    }

    #[test]
    fn the_offset_of_each_parameter() {
        for (parameter, dword0, text) in [
            (InvalidParameter::RECORD_FORMAT, 40, "record format (byte 40 of the command)"),
            (InvalidParameter::QUEUE_ID, 42, "queue identifier (byte 42 of the command)"),
            (InvalidParameter::QUEUE_SIZE, 44, "submission queue size (byte 44 of the command)"),
            (InvalidParameter::ATTRIBUTES, 46, "attributes (byte 46 of the command)"),
            (InvalidParameter::KEEP_ALIVE_TIMEOUT, 48, "keep alive timeout (byte 48 of the command)"),
            (InvalidParameter::HOST_ID, 0x1_0000, "host identifier (byte 0 of the data)"),
            (InvalidParameter::CONTROLLER_ID, 0x1_0010, "controller identifier (byte 16 of the data)"),
            (InvalidParameter::SUBSYSTEM_NQN, 0x1_0100, "subsystem NQN (byte 256 of the data)"),
            (InvalidParameter::HOST_NQN, 0x1_0200, "host NQN (byte 512 of the data)"),
            (InvalidParameter::Data(5), 0x1_0005, "parameter (byte 5 of the data)"),
        ] {
            assert_eq!(parameter.to_dword0(), dword0);
            assert_eq!(InvalidParameter::from_dword0(dword0 | 0xfffe_0000), parameter, "reserved bits do not matter");
            assert_eq!(parameter.to_string(), text);
        }
    }

    #[test]
    fn results_come_back() {
        for (result, status, value) in [
            (ConnectResult::connected(0x0102), Status::SUCCESS, 0x0102),
            (
                ConnectResult::Connected { controller_id: 1, authentication: AuthenticationRequirements::TRANSACTION },
                Status::SUCCESS,
                0x0002_0001,
            ),
            (
                ConnectResult::InvalidParameter(InvalidParameter::HOST_NQN),
                Status::CONNECT_INVALID_PARAMETERS.with_do_not_retry(),
                0x0001_0200,
            ),
            (ConnectResult::Failed(Status::CONNECT_CONTROLLER_BUSY), Status::CONNECT_CONTROLLER_BUSY, 0),
        ] {
            assert_eq!(result.status(), status);
            assert_eq!(result.to_result(), u64::from(value));
            assert_eq!(ConnectResult::parse(status, value), result);
        }
    }

    #[test]
    fn which_bits_ask_for_authentication() {
        for bit in 0..16 {
            let required = AuthenticationRequirements(1 << bit).is_required();
            assert_eq!(required, bit == 1 || bit == 2, "bit {bit}");
        }
    }
}
