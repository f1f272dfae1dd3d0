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

#[cfg(test)]
mod tests {
    use zerocopy::{FromBytes, IntoBytes};

    use super::{
        AdminOpcode, CompletionQueueEntry, DataDirection, SglDescriptor, SglKind, Status, SubmissionQueueEntry,
    };
    use crate::nvm::NvmOpcode;

    #[test]
    fn submission_queue_entry_bytes() {
        let mut entry = SubmissionQueueEntry::new(AdminOpcode::IDENTIFY.0, 0x0605_0403);
        entry.command_id = 0x0201.into();
        entry.metadata_pointer = 0x1817_1615_1413_1211.into();
        entry.data_pointer = SglDescriptor::transport(0x2423_2221);
        for (dword, value) in [
            (&mut entry.dword2, 2_u32),
            (&mut entry.dword3, 3),
            (&mut entry.dword10, 10),
            (&mut entry.dword11, 11),
            (&mut entry.dword12, 12),
            (&mut entry.dword13, 13),
            (&mut entry.dword14, 14),
            (&mut entry.dword15, 0xff00_000f),
        ] {
            *dword = value.into();
        }
        let expected = [
            [0x06, 0x40, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06],
            [2, 0, 0, 0, 3, 0, 0, 0],
            [0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18],
            [0, 0, 0, 0, 0, 0, 0, 0],
            [0x21, 0x22, 0x23, 0x24, 0, 0, 0, 0x5a],
            [10, 0, 0, 0, 11, 0, 0, 0],
            [12, 0, 0, 0, 13, 0, 0, 0],
            [14, 0, 0, 0, 15, 0, 0, 0xff],
        ];
        assert_eq!(entry.as_bytes(), expected.as_flattened());
        assert_eq!(SubmissionQueueEntry::read_from_bytes(expected.as_flattened()).unwrap(), entry);
    }

    #[test]
    fn flags_of_an_entry() {
        for flags in 0..=u8::MAX {
            let entry = SubmissionQueueEntry { flags, ..SubmissionQueueEntry::new(0, 0) };
            assert_eq!(entry.fused(), flags & 3);
            assert_eq!(entry.data_transfer_kind(), flags / 64);
        }
        let entry = SubmissionQueueEntry::new(0, 0);
        assert_eq!(entry.data_transfer_kind(), SubmissionQueueEntry::SGL_CONTIGUOUS_METADATA);
    }

    #[test]
    fn completion_queue_entry_bytes() {
        let entry =
            CompletionQueueEntry::new(0x0e0d, Status::INVALID_FIELD.with_do_not_retry(), 0x0807_0605_0403_0201, 0x0a09);
        assert_eq!(entry.as_bytes(), [1, 2, 3, 4, 5, 6, 7, 8, 9, 0xa, 0, 0, 0xd, 0xe, 0x04, 0x80]);
        assert_eq!(entry.status(), Status::INVALID_FIELD.with_do_not_retry());
        assert_eq!(entry.result_dword0(), 0x0403_0201);
        let with_phase = CompletionQueueEntry { status: 0x8005.into(), ..entry };
        assert_eq!(with_phase.status(), entry.status());
    }

    #[test]
    fn sgl_descriptor_bytes() {
        let in_capsule = SglDescriptor::in_capsule(0x0807_0605_0403_0201, 0x0c0b_0a09);
        assert_eq!(in_capsule.as_bytes(), [1, 2, 3, 4, 5, 6, 7, 8, 9, 0xa, 0xb, 0xc, 0, 0, 0, 0x01]);
        assert_eq!(in_capsule.kind(), SglKind::InCapsule { offset: 0x0807_0605_0403_0201, length: 0x0c0b_0a09 });
        assert_eq!(SglDescriptor::transport(7).kind(), SglKind::Transport { length: 7 });
        for identifier in (0..=u8::MAX).filter(|identifier| ![0x01, 0x5a].contains(identifier)) {
            let other = SglDescriptor { identifier, ..in_capsule };
            assert_eq!(other.kind(), SglKind::Other(identifier));
        }
        assert_eq!(SglDescriptor::none().as_bytes(), [0; 16]);
    }

    #[test]
    fn data_move_as_the_opcode_says() {
        for (opcode, direction) in [
            (NvmOpcode::FLUSH.0, DataDirection::None),
            (NvmOpcode::WRITE.0, DataDirection::HostToController),
            (NvmOpcode::READ.0, DataDirection::ControllerToHost),
            (AdminOpcode::KEEP_ALIVE.0, DataDirection::None),
            (AdminOpcode::SET_FEATURES.0, DataDirection::HostToController),
            (AdminOpcode::IDENTIFY.0, DataDirection::ControllerToHost),
            (0x03, DataDirection::Bidirectional),
        ] {
            assert_eq!(SubmissionQueueEntry::new(opcode, 1).data_direction(), direction, "{opcode:02x}");
        }
        for (command_type, direction) in [
            (0x00, DataDirection::None),
            (0x01, DataDirection::HostToController),
            (0x04, DataDirection::None),
            (0x05, DataDirection::HostToController),
            (0x06, DataDirection::ControllerToHost),
            (0x08, DataDirection::None),
        ] {
            let entry = SubmissionQueueEntry::new(AdminOpcode::FABRICS.0, 0xffff_ff00 | command_type);
            assert_eq!(entry.data_direction(), direction, "{command_type:02x}");
            assert_eq!(u32::from(entry.fabrics_command_type().0), command_type);
        }
    }

    #[test]
    fn every_opcode_has_one_name() {
        let mut codes = AdminOpcode::NAMED.to_vec();
        codes.dedup();
        assert!(codes.is_sorted() && codes.len() == AdminOpcode::NAMED.len());
    }
}
