//! Submission and completion queue entries, the SGL descriptor inside a command, and the Admin opcodes.
//!
//! Spec: NVMe Base 2.0 §3.3.3 (queue entries), §4.1.2 (SGL), Figure 138 (Admin opcodes).

use zerocopy::little_endian::{U16, U32, U64};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use super::status::Status;
use crate::fabrics::FabricsCommandType;

/// The namespace identifier that addresses all namespaces of a controller.
///
/// Spec: NVMe Base 2.0 §3.2.1.2.
pub const BROADCAST_NAMESPACE: u32 = 0xffff_ffff;

/// A command, 64 bytes, as a host puts it into a submission queue or a command capsule.
///
/// Spec: NVMe Base 2.0 §3.3.3.1, Figure 87.
#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned, Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct SubmissionQueueEntry {
    /// Opcode (OPC), in the code set of the queue: [`AdminOpcode`] or [`crate::nvm::NvmOpcode`].
    pub opcode: u8,
    /// Fused operation in bits 1:0, PRP or SGL (PSDT) in bits 7:6, the rest reserved.
    pub flags: u8,
    /// Command identifier (CID): unique among the commands outstanding on the queue.
    pub command_id: U16,
    /// Namespace identifier (NSID). In a Fabrics command the first byte is the command type.
    pub namespace_id: U32,
    /// Command dword 2, meaning depends on the command.
    pub dword2: U32,
    /// Command dword 3, meaning depends on the command.
    pub dword3: U32,
    /// Metadata pointer (MPTR).
    pub metadata_pointer: U64,
    /// Data pointer (DPTR); over Fabrics always SGL descriptor 1.
    pub data_pointer: SglDescriptor,
    /// Command dword 10, meaning depends on the command.
    pub dword10: U32,
    /// Command dword 11, meaning depends on the command.
    pub dword11: U32,
    /// Command dword 12, meaning depends on the command.
    pub dword12: U32,
    /// Command dword 13, meaning depends on the command.
    pub dword13: U32,
    /// Command dword 14, meaning depends on the command.
    pub dword14: U32,
    /// Command dword 15, meaning depends on the command.
    pub dword15: U32,
}

assert_layout!(
    SubmissionQueueEntry, 64,
    opcode @ 0, flags @ 1, command_id @ 2, namespace_id @ 4, dword2 @ 8, dword3 @ 12, metadata_pointer @ 16,
    data_pointer @ 24, dword10 @ 40, dword11 @ 44, dword12 @ 48, dword13 @ 52, dword14 @ 56, dword15 @ 60,
);

impl SubmissionQueueEntry {
    /// Value of [`Self::data_transfer_kind`]: the data pointer is a pair of PRP entries. Not allowed over Fabrics.
    pub const PHYSICAL_REGION_PAGES: u8 = 0b00;
    /// Value of [`Self::data_transfer_kind`]: SGL, and the metadata pointer is the address of one buffer.
    /// What a Fabrics host sets.
    pub const SGL_CONTIGUOUS_METADATA: u8 = 0b01;
    /// Value of [`Self::data_transfer_kind`]: SGL, and the metadata pointer is the address of an SGL segment.
    pub const SGL_SEGMENT_METADATA: u8 = 0b10;

    /// A command with this opcode for this namespace, SGL addressing as Fabrics demand it, everything else zero.
    #[inline]
    #[must_use]
    pub const fn new(opcode: u8, namespace_id: u32) -> Self {
        Self {
            opcode,
            flags: Self::SGL_CONTIGUOUS_METADATA << 6,
            command_id: U16::ZERO,
            namespace_id: U32::new(namespace_id),
            dword2: U32::ZERO,
            dword3: U32::ZERO,
            metadata_pointer: U64::ZERO,
            data_pointer: SglDescriptor::none(),
            dword10: U32::ZERO,
            dword11: U32::ZERO,
            dword12: U32::ZERO,
            dword13: U32::ZERO,
            dword14: U32::ZERO,
            dword15: U32::ZERO,
        }
    }

    /// Fused operation (FUSE): 0 normal, 1 first, 2 second command of a pair, 3 reserved.
    #[inline]
    #[must_use]
    pub const fn fused(&self) -> u8 {
        self.flags & 0b11
    }

    /// PRP or SGL for data transfer (PSDT), `0..=3`.
    #[inline]
    #[must_use]
    pub const fn data_transfer_kind(&self) -> u8 {
        self.flags >> 6
    }

    /// Type of a Fabrics command; meaningful only when the opcode is [`AdminOpcode::FABRICS`].
    #[inline]
    #[must_use]
    pub const fn fabrics_command_type(&self) -> FabricsCommandType {
        FabricsCommandType(self.namespace_id.to_bytes()[0])
    }

    /// Which way this command's data move: bits 1:0 of the opcode, of a Fabrics command those of its type.
    ///
    /// Spec: NVMe Base 2.0 Figure 138 (bits 1:0), §6; NVM Command Set 1.0 §3.
    #[inline]
    #[must_use]
    pub const fn data_direction(&self) -> DataDirection {
        let code = if self.opcode == AdminOpcode::FABRICS.0 { self.fabrics_command_type().0 } else { self.opcode };
        match code & 0b11 {
            0b00 => DataDirection::None,
            0b01 => DataDirection::HostToController,
            0b10 => DataDirection::ControllerToHost,
            _ => DataDirection::Bidirectional,
        }
    }
}

/// Which way the data of a command move.
///
/// Spec: NVMe Base 2.0 Figure 138.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DataDirection {
    /// The command has no data.
    None,
    /// As in Write: the controller fetches them.
    HostToController,
    /// As in Read.
    ControllerToHost,
    /// Both; no command of the NVM command set or of Fabrics does this.
    Bidirectional,
}

/// The outcome of a command, 16 bytes, as a controller posts it or sends it in a response capsule.
///
/// Spec: NVMe Base 2.0 §3.3.3.2 and §3.3.3.2.2 (Fabrics).
#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned, Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct CompletionQueueEntry {
    /// Command specific result, dword 0 (low half) and dword 1.
    pub result: U64,
    /// Submission queue head pointer (SQHD); reserved where the host disabled flow control.
    pub sq_head: U16,
    /// Submission queue identifier (SQID); reserved over Fabrics.
    pub sq_identifier: U16,
    /// Identifier of the command that this completes.
    pub command_id: U16,
    /// [`Status`] in bits 15:1; bit 0 is the phase tag, reserved over Fabrics.
    pub status: U16,
}

assert_layout!(
    CompletionQueueEntry, 16,
    result @ 0, sq_head @ 8, sq_identifier @ 10, command_id @ 12, status @ 14,
);

impl CompletionQueueEntry {
    /// The completion of `command_id`, for a transport without submission queue identifier and phase tag.
    #[inline]
    #[must_use]
    pub const fn new(command_id: u16, status: Status, result: u64, sq_head: u16) -> Self {
        Self {
            result: U64::new(result),
            sq_head: U16::new(sq_head),
            sq_identifier: U16::ZERO,
            command_id: U16::new(command_id),
            status: U16::new(status.to_completion_field()),
        }
    }

    /// The status without the phase tag.
    #[inline]
    #[must_use]
    pub const fn status(&self) -> Status {
        Status::from_completion_field(self.status.get())
    }

    /// Dword 0 of the result: all there is for most commands.
    #[inline]
    #[must_use]
    pub const fn result_dword0(&self) -> u32 {
        let [a, b, c, d, ..] = self.result.to_bytes();
        u32::from_le_bytes([a, b, c, d])
    }
}

/// Where the data of a command are, 16 bytes.
///
/// NVMe/TCP has two kinds: data in the capsule, and data that the transport moves in PDUs of their own.
///
/// Spec: NVMe Base 2.0 §4.1.2; NVMe/TCP 1.0 §3.3.2.
#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned, Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct SglDescriptor {
    /// Address, or with the offset subtype the offset into the capsule's data.
    pub address: U64,
    /// Length in bytes.
    pub length: U32,
    /// Reserved.
    pub reserved: [u8; 3],
    /// Descriptor type in bits 7:4, subtype in bits 3:0.
    pub identifier: u8,
}

assert_layout!(SglDescriptor, 16, address @ 0, length @ 8, reserved @ 12, identifier @ 15);

impl SglDescriptor {
    /// Identifier of an SGL Data Block descriptor with the offset subtype.
    pub const IN_CAPSULE: u8 = 0x01;
    /// Identifier of a Transport SGL Data Block descriptor with the transport specific subtype Ah.
    pub const TRANSPORT: u8 = 0x5a;

    /// Data inside the capsule, `offset` bytes from the start of its data area.
    #[inline]
    #[must_use]
    pub const fn in_capsule(offset: u64, length: u32) -> Self {
        Self { address: U64::new(offset), length: U32::new(length), reserved: [0; 3], identifier: Self::IN_CAPSULE }
    }

    /// Data that the transport moves in PDUs of their own.
    #[inline]
    #[must_use]
    pub const fn transport(length: u32) -> Self {
        Self { address: U64::ZERO, length: U32::new(length), reserved: [0; 3], identifier: Self::TRANSPORT }
    }

    /// No data: all zero.
    #[inline]
    #[must_use]
    pub const fn none() -> Self {
        Self { address: U64::ZERO, length: U32::ZERO, reserved: [0; 3], identifier: 0 }
    }

    /// What the descriptor says, as far as NVMe/TCP knows it.
    #[inline]
    #[must_use]
    pub const fn kind(&self) -> SglKind {
        match self.identifier {
            Self::IN_CAPSULE => SglKind::InCapsule { offset: self.address.get(), length: self.length.get() },
            Self::TRANSPORT => SglKind::Transport { length: self.length.get() },
            other => SglKind::Other(other),
        }
    }
}

/// A decoded [`SglDescriptor`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SglKind {
    /// Data inside the capsule.
    InCapsule {
        /// Bytes from the start of the capsule's data area.
        offset: u64,
        /// Bytes.
        length: u32,
    },
    /// Data that the transport moves in PDUs of their own.
    Transport {
        /// Bytes.
        length: u32,
    },
    /// Any other descriptor, by its identifier byte. 00h is also what a command without data carries.
    Other(u8),
}

open_enum! {
    /// Opcode of a command on the Admin queue.
    ///
    /// Spec: NVMe Base 2.0 §5, Figure 138.
    pub struct AdminOpcode(u8) {
        DELETE_IO_SUBMISSION_QUEUE = 0x00, "Delete I/O Submission Queue";
        CREATE_IO_SUBMISSION_QUEUE = 0x01, "Create I/O Submission Queue";
        GET_LOG_PAGE = 0x02, "Get Log Page";
        DELETE_IO_COMPLETION_QUEUE = 0x04, "Delete I/O Completion Queue";
        CREATE_IO_COMPLETION_QUEUE = 0x05, "Create I/O Completion Queue";
        IDENTIFY = 0x06, "Identify";
        ABORT = 0x08, "Abort";
        SET_FEATURES = 0x09, "Set Features";
        GET_FEATURES = 0x0a, "Get Features";
        ASYNC_EVENT_REQUEST = 0x0c, "Asynchronous Event Request";
        NAMESPACE_MANAGEMENT = 0x0d, "Namespace Management";
        FIRMWARE_COMMIT = 0x10, "Firmware Commit";
        FIRMWARE_IMAGE_DOWNLOAD = 0x11, "Firmware Image Download";
        DEVICE_SELF_TEST = 0x14, "Device Self-test";
        NAMESPACE_ATTACHMENT = 0x15, "Namespace Attachment";
        KEEP_ALIVE = 0x18, "Keep Alive";
        DIRECTIVE_SEND = 0x19, "Directive Send";
        DIRECTIVE_RECEIVE = 0x1a, "Directive Receive";
        VIRTUALIZATION_MANAGEMENT = 0x1c, "Virtualization Management";
        NVME_MI_SEND = 0x1d, "NVMe-MI Send";
        NVME_MI_RECEIVE = 0x1e, "NVMe-MI Receive";
        CAPACITY_MANAGEMENT = 0x20, "Capacity Management";
        LOCKDOWN = 0x24, "Lockdown";
        DOORBELL_BUFFER_CONFIG = 0x7c, "Doorbell Buffer Config";
        FABRICS = 0x7f, "Fabrics Commands";
        FORMAT_NVM = 0x80, "Format NVM";
        SECURITY_SEND = 0x81, "Security Send";
        SECURITY_RECEIVE = 0x82, "Security Receive";
        SANITIZE = 0x84, "Sanitize";
        GET_LBA_STATUS = 0x86, "Get LBA Status";
    }
}

open_enum! {
    /// I/O command set identifier (CSI): which command set a namespace, an Identify structure or a log page belongs to.
    ///
    /// Spec: NVMe Base 2.0 §5.17.1.
    #[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
    pub struct CommandSetIdentifier(u8) {
        NVM = 0x00, "NVM Command Set";
        KEY_VALUE = 0x01, "Key Value Command Set";
        ZONED_NAMESPACE = 0x02, "Zoned Namespace Command Set";
    }
}
