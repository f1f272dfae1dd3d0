//! The PDUs as they are on the wire: headers, and how digests and padding surround them.
//!
//! ```text
//!  common header | rest of the header | HDGST | PAD | DATA | DDGST
//!  `----------- HLEN ----------------'              |
//!  `------------------- PDO ------------------------'
//! ```
//!
//! Spec: NVMe/TCP 1.0 §2, §3.6.2.

use zerocopy::little_endian::{U16, U32};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use super::fault::Fault;
use super::limits::PDU_DATA_BYTES_MAX;
use crate::base::command::{CompletionQueueEntry, SubmissionQueueEntry};

open_enum! {
    /// Type of a PDU; bit 0 tells the direction.
    ///
    /// Spec: NVMe/TCP 1.0 §3.3, Figure 10.
    #[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
    pub struct PduType(u8) {
        INITIALIZE_REQUEST = 0x00, "ICReq";
        INITIALIZE_RESPONSE = 0x01, "ICResp";
        HOST_TERMINATION = 0x02, "H2CTermReq";
        CONTROLLER_TERMINATION = 0x03, "C2HTermReq";
        COMMAND_CAPSULE = 0x04, "CapsuleCmd";
        RESPONSE_CAPSULE = 0x05, "CapsuleResp";
        HOST_DATA = 0x06, "H2CData";
        CONTROLLER_DATA = 0x07, "C2HData";
        READY_TO_TRANSFER = 0x09, "R2T";
    }
}

/// Who sends a PDU.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sender {
    Host,
    Controller,
}

/// What may follow the header of a PDU.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DataRule {
    /// Nothing.
    Never,
    /// Data or nothing.
    Optional,
    /// Data.
    Always,
    /// The header of the PDU that was wrong, without digest and padding.
    Termination,
}

/// What all PDUs of a type have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PduLayout {
    /// HLEN.
    pub(crate) header_bytes: u8,
    /// Whether a header digest follows where the connection has them.
    pub(crate) header_digest: bool,
    pub(crate) data: DataRule,
    pub(crate) sender: Sender,
}

impl PduType {
    /// `None` for a type that does not exist.
    #[inline]
    pub(crate) const fn layout(self) -> Option<PduLayout> {
        let (header_bytes, header_digest, data) = match self {
            Self::INITIALIZE_REQUEST | Self::INITIALIZE_RESPONSE => (128, false, DataRule::Never),
            Self::HOST_TERMINATION | Self::CONTROLLER_TERMINATION => (24, false, DataRule::Termination),
            Self::COMMAND_CAPSULE => (72, true, DataRule::Optional),
            Self::RESPONSE_CAPSULE | Self::READY_TO_TRANSFER => (24, true, DataRule::Never),
            Self::HOST_DATA | Self::CONTROLLER_DATA => (24, true, DataRule::Always),
            _ => return None,
        };
        let sender = if self.0 & 1 == 0 { Sender::Host } else { Sender::Controller };
        Some(PduLayout { header_bytes, header_digest, data, sender })
    }
}

/// Bits of FLAGS.
///
/// Spec: NVMe/TCP 1.0 §3.6.2.6 to §3.6.2.10.
pub mod flags {
    /// HDGSTF: a header digest follows the header.
    pub const HEADER_DIGEST: u8 = 1 << 0;
    /// DDGSTF: a data digest follows the data.
    pub const DATA_DIGEST: u8 = 1 << 1;
    /// LAST_PDU of H2CData and C2HData: the last one for its R2T, or for its command.
    pub const LAST: u8 = 1 << 2;
    /// SUCCESS of C2HData: the command succeeded, no response capsule follows.
    pub const SUCCESS: u8 = 1 << 3;
}

/// Bits of DGST in ICReq and ICResp.
///
/// Spec: NVMe/TCP 1.0 §3.6.2.2, §3.6.2.3.
pub mod digests {
    /// HDGST_ENABLE: header digests.
    pub const HEADER: u8 = 1 << 0;
    /// DDGST_ENABLE: data digests.
    pub const DATA: u8 = 1 << 1;
}

/// The first 8 bytes of every PDU (CH).
///
/// Spec: NVMe/TCP 1.0 §3.6.2.1.
#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned, Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct CommonHeader {
    /// PDU-Type.
    pub pdu_type: PduType,
    /// FLAGS, bits of [`flags`]; their meaning depends on the type.
    pub flags: u8,
    /// HLEN: bytes of the header without its digest.
    pub header_length: u8,
    /// PDO: where the data start, in bytes from the start of the PDU.
    pub data_offset: u8,
    /// PLEN: bytes of the PDU with everything.
    pub pdu_length: U32,
}

assert_layout!(CommonHeader, 8, pdu_type @ 0, flags @ 1, header_length @ 2, data_offset @ 3, pdu_length @ 4);

/// ICReq, 128 bytes: the host's half of the negotiation.
///
/// Spec: NVMe/TCP 1.0 §3.6.2.2.
#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned, Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct InitializeRequest {
    /// Common header.
    pub common: CommonHeader,
    /// PDU format version (PFV): 0.
    pub format_version: U16,
    /// HPDA: how the data of PDUs to the host are aligned, dwords less one, `0..=31`.
    pub data_alignment_0based: u8,
    /// DGST: bits of [`digests`] that the host asks for.
    pub digests: u8,
    /// MAXR2T: R2T PDUs that may be outstanding for a command, less one.
    pub max_ready_to_transfer_0based: U32,
    /// Reserved.
    pub reserved16: [u8; 112],
}

assert_layout!(
    InitializeRequest, 128,
    common @ 0, format_version @ 8, data_alignment_0based @ 10, digests @ 11, max_ready_to_transfer_0based @ 12,
    reserved16 @ 16,
);

impl InitializeRequest {
    /// A request with PDU format version 0.
    #[must_use]
    pub const fn new(data_alignment_0based: u8, digests: u8, max_ready_to_transfer_0based: u32) -> Self {
        Self {
            common: Framing::PLAIN.header(PduType::INITIALIZE_REQUEST, 0),
            format_version: U16::ZERO,
            data_alignment_0based,
            digests,
            max_ready_to_transfer_0based: U32::new(max_ready_to_transfer_0based),
            reserved16: [0; 112],
        }
    }
}

/// ICResp, 128 bytes: the controller's half of the negotiation.
///
/// Spec: NVMe/TCP 1.0 §3.6.2.3.
#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned, Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct InitializeResponse {
    /// Common header.
    pub common: CommonHeader,
    /// PDU format version (PFV): 0.
    pub format_version: U16,
    /// CPDA: how the data of PDUs to the controller are aligned, dwords less one, `0..=31`.
    pub data_alignment_0based: u8,
    /// DGST: bits of [`digests`] that are in force.
    pub digests: u8,
    /// MAXH2CDATA: most bytes of data in an H2CData PDU, a multiple of 4, 4096 or more.
    pub max_host_data_bytes: U32,
    /// Reserved.
    pub reserved16: [u8; 112],
}

assert_layout!(
    InitializeResponse, 128,
    common @ 0, format_version @ 8, data_alignment_0based @ 10, digests @ 11, max_host_data_bytes @ 12, reserved16 @ 16,
);

impl InitializeResponse {
    /// A response with PDU format version 0.
    #[must_use]
    pub const fn new(data_alignment_0based: u8, digests: u8, max_host_data_bytes: u32) -> Self {
        Self {
            common: Framing::PLAIN.header(PduType::INITIALIZE_RESPONSE, 0),
            format_version: U16::ZERO,
            data_alignment_0based,
            digests,
            max_host_data_bytes: U32::new(max_host_data_bytes),
            reserved16: [0; 112],
        }
    }
}

/// H2CTermReq or C2HTermReq, 24 bytes, followed by the header of the PDU that was wrong.
///
/// Spec: NVMe/TCP 1.0 §3.6.2.4, §3.6.2.5.
#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned, Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct TerminationRequest {
    /// Common header.
    pub common: CommonHeader,
    /// Fatal Error Status (FES), a [`super::FatalErrorStatus`].
    pub fatal_error_status: U16,
    /// Fatal Error Information (FEI).
    pub fatal_error_information: U32,
    /// Reserved.
    pub reserved14: [u8; 10],
}

assert_layout!(
    TerminationRequest, 24,
    common @ 0, fatal_error_status @ 8, fatal_error_information @ 10, reserved14 @ 14,
);

impl TerminationRequest {
    /// What the sender of a `fault` is told, with `offender_bytes` of its header following. `pdu_type` tells who says so.
    pub(crate) const fn new(pdu_type: PduType, fault: &Fault, offender_bytes: u32) -> Self {
        Self {
            common: Framing::PLAIN.header(pdu_type, offender_bytes),
            fatal_error_status: U16::new(fault.status().0),
            fatal_error_information: U32::new(fault.information()),
            reserved14: [0; 10],
        }
    }
}

/// CapsuleCmd, 72 bytes, possibly followed by in-capsule data.
///
/// Spec: NVMe/TCP 1.0 §3.6.2.6.
#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned, Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct CommandCapsule {
    /// Common header.
    pub common: CommonHeader,
    /// The command (CCSQE).
    pub entry: SubmissionQueueEntry,
}

assert_layout!(CommandCapsule, 72, common @ 0, entry @ 8);

/// CapsuleResp, 24 bytes.
///
/// Spec: NVMe/TCP 1.0 §3.6.2.7.
#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned, Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct ResponseCapsule {
    /// Common header.
    pub common: CommonHeader,
    /// The completion (RCCQE).
    pub entry: CompletionQueueEntry,
}

assert_layout!(ResponseCapsule, 24, common @ 0, entry @ 8);

/// H2CData, 24 bytes, followed by data.
///
/// Spec: NVMe/TCP 1.0 §3.6.2.8.
#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned, Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct HostToControllerData {
    /// Common header.
    pub common: CommonHeader,
    /// CCCID: identifier of the command.
    pub command_id: U16,
    /// TTAG: the transfer tag of the R2T that asked for this.
    pub transfer_tag: U16,
    /// DATAO: where these data belong in the command's data, in bytes.
    pub data_offset: U32,
    /// DATAL: bytes of data in this PDU, a multiple of 4.
    pub data_length: U32,
    /// Reserved.
    pub reserved20: [u8; 4],
}

assert_layout!(
    HostToControllerData, 24,
    common @ 0, command_id @ 8, transfer_tag @ 10, data_offset @ 12, data_length @ 16, reserved20 @ 20,
);

/// C2HData, 24 bytes, followed by data.
///
/// Spec: NVMe/TCP 1.0 §3.6.2.9.
#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned, Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct ControllerToHostData {
    /// Common header.
    pub common: CommonHeader,
    /// CCCID: identifier of the command.
    pub command_id: U16,
    /// Reserved.
    pub reserved10: [u8; 2],
    /// DATAO: where these data belong in the command's data, in bytes.
    pub data_offset: U32,
    /// DATAL: bytes of data in this PDU.
    pub data_length: U32,
    /// Reserved.
    pub reserved20: [u8; 4],
}

assert_layout!(
    ControllerToHostData, 24,
    common @ 0, command_id @ 8, reserved10 @ 10, data_offset @ 12, data_length @ 16, reserved20 @ 20,
);

/// R2T, 24 bytes: the controller asks for data.
///
/// Spec: NVMe/TCP 1.0 §3.6.2.10.
#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned, Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct ReadyToTransfer {
    /// Common header.
    pub common: CommonHeader,
    /// CCCID: identifier of the command.
    pub command_id: U16,
    /// TTAG: comes back in the H2CData PDUs.
    pub transfer_tag: U16,
    /// R2TO: from where in the command's data, in bytes.
    pub requested_offset: U32,
    /// R2TL: how many bytes.
    pub requested_length: U32,
    /// Reserved.
    pub reserved20: [u8; 4],
}

assert_layout!(
    ReadyToTransfer, 24,
    common @ 0, command_id @ 8, transfer_tag @ 10, requested_offset @ 12, requested_length @ 16, reserved20 @ 20,
);

/// What was negotiated about the PDUs of one direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Framing {
    pub(crate) header_digest: bool,
    pub(crate) data_digest: bool,
    /// Data start at a multiple of this, in bytes: `4..=128`.
    pub(crate) alignment: u8,
}

impl Framing {
    /// Before the negotiation.
    pub(crate) const PLAIN: Self = Self { header_digest: false, data_digest: false, alignment: 4 };

    /// An alignment as it is on the wire (`0..=31`), in bytes.
    pub(crate) const fn alignment_bytes(data_alignment_0based: u8) -> u8 {
        (data_alignment_0based + 1) * 4
    }

    /// The common header of a PDU with so many bytes of data.
    ///
    /// # Panics
    /// When the type does not exist, or for more than [`PDU_DATA_BYTES_MAX`] bytes.
    #[inline]
    pub(crate) const fn header(self, pdu_type: PduType, data_bytes: u32) -> CommonHeader {
        assert!(data_bytes <= PDU_DATA_BYTES_MAX);
        let Some(layout) = pdu_type.layout() else { panic!("unknown PDU type") };
        let header_digest = self.header_digest && layout.header_digest;
        let mut flags = if header_digest { flags::HEADER_DIGEST } else { 0 };
        let header_end = layout.header_bytes + if header_digest { 4 } else { 0 };
        let (data_offset, pdu_length) = if data_bytes == 0 {
            (0, header_end as u32)
        } else if matches!(layout.data, DataRule::Termination) {
            (0, header_end as u32 + data_bytes)
        } else {
            let data_offset = header_end.next_multiple_of(self.alignment);
            let mut pdu_length = data_offset as u32 + data_bytes;
            if self.data_digest {
                flags |= flags::DATA_DIGEST;
                pdu_length += 4;
            }
            (data_offset, pdu_length)
        };
        CommonHeader {
            pdu_type,
            flags,
            header_length: layout.header_bytes,
            data_offset,
            pdu_length: U32::new(pdu_length),
        }
    }
}
