//! What a peer can do wrong on a connection, and what it is told for it.
//!
//! Each rule of the specification whose breach ends a connection is one variant of [`Fault`], which knows its Fatal Error Status and
//! Fatal Error Information. Where a PDU breaks several rules, the one with the lowest offset is reported.
//!
//! Spec: NVMe/TCP 1.0 §3.5, §3.6.2.4, §3.6.2.5.

use core::mem::offset_of;

use super::pdu::{
    CommonHeader, ControllerToHostData, HostToControllerData, InitializeRequest, InitializeResponse, PduType,
    ReadyToTransfer, ResponseCapsule,
};
use crate::base::command::CompletionQueueEntry;

open_enum! {
    /// Fatal Error Status (FES) of a termination request.
    ///
    /// Spec: NVMe/TCP 1.0 §3.6.2.4, §3.6.2.5.
    pub struct FatalErrorStatus(u16) {
        INVALID_PDU_HEADER_FIELD = 0x01, "Invalid PDU Header Field";
        PDU_SEQUENCE_ERROR = 0x02, "PDU Sequence Error";
        HEADER_DIGEST_ERROR = 0x03, "Header Digest Error";
        DATA_TRANSFER_OUT_OF_RANGE = 0x04, "Data Transfer Out of Range";
        LIMIT_EXCEEDED = 0x05, "Data Transfer Limit or R2T Limit Exceeded";
        UNSUPPORTED_PARAMETER = 0x06, "Unsupported Parameter";
    }
}

/// A breach of the protocol by the peer, after which the connection cannot go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// No PDU has this type.
    #[error("PDU of unknown type {:02X}h", .0.0)]
    UnknownType(PduType),
    /// A PDU that only the other role sends.
    #[error("{0} PDU in the wrong direction")]
    WrongDirection(PduType),
    /// HDGSTF is not as it was negotiated.
    #[error("FLAGS {flags:02X}h of a {pdu_type} PDU: HDGSTF is not as negotiated")]
    HeaderDigestFlag {
        /// What was received.
        pdu_type: PduType,
        /// Its FLAGS.
        flags: u8,
    },
    /// DDGSTF of a PDU with data is not as it was negotiated.
    #[error("FLAGS {flags:02X}h of a {pdu_type} PDU: DDGSTF is not as negotiated")]
    DataDigestFlag {
        /// What was received.
        pdu_type: PduType,
        /// Its FLAGS.
        flags: u8,
    },
    /// A C2HData PDU with SUCCESS but without LAST_PDU.
    #[error("C2HData PDU with SUCCESS but without LAST_PDU")]
    SuccessBeforeLast,
    /// HLEN is not what the type has.
    #[error("HLEN {found} in a {pdu_type} PDU, which has {expected}")]
    HeaderLength {
        /// What was received.
        pdu_type: PduType,
        /// Its HLEN.
        found: u8,
        /// The only HLEN of that type.
        expected: u8,
    },
    /// PDO lies inside the header, beyond the PDU or off the negotiated alignment.
    #[error(
        "PDO {found} in a {pdu_type} PDU of {pdu_length} bytes; accepted: multiples of {alignment} from {least} on"
    )]
    DataOffset {
        /// What was received.
        pdu_type: PduType,
        /// Its PDO.
        found: u8,
        /// Its PLEN.
        pdu_length: u32,
        /// The negotiated alignment in bytes.
        alignment: u8,
        /// End of header and header digest.
        least: u8,
    },
    /// PLEN does not fit the type, its digests and its data.
    #[error("PLEN {found} of a {pdu_type} PDU does not fit its header and data")]
    PduLength {
        /// What was received.
        pdu_type: PduType,
        /// Its PLEN.
        found: u32,
    },
    /// A termination request whose PLEN is not in `24..=152`; it is ignored and not answered.
    #[error("PLEN {found} of a {pdu_type} PDU; accepted: 24 to 152")]
    TerminationLength {
        /// What was received.
        pdu_type: PduType,
        /// Its PLEN.
        found: u32,
    },
    /// The header does not match its digest.
    #[error("header digest {received:08X}h over a header with digest {computed:08X}h")]
    HeaderDigest {
        /// HDGST as received.
        received: u32,
        /// What it should have been.
        computed: u32,
    },
    /// HPDA or CPDA above 31.
    #[error("PDU data alignment {found}; accepted: 0 to 31")]
    DataAlignment {
        /// HPDA or CPDA as received.
        found: u8,
    },
    /// A PDU format version other than 0.
    #[error("PDU format version {found}; accepted: 0")]
    FormatVersion {
        /// PFV as received.
        found: u16,
    },
    /// An ICResp that turns on a digest which the ICReq did not ask for.
    #[error("ICResp with digests {found:02X}h that were not asked for")]
    DigestNotRequested {
        /// DGST as received.
        found: u8,
    },
    /// An ICResp whose MAXH2CDATA is below [`MAX_HOST_DATA_BYTES_LEAST`](super::limits::MAX_HOST_DATA_BYTES_LEAST) or no multiple of 4.
    #[error("MAXH2CDATA {found}; accepted: multiples of 4 from 4096 on")]
    HostDataLimit {
        /// MAXH2CDATA as received.
        found: u32,
    },
    /// A PDU that may not come at this point of the connection's life.
    #[error("unexpected {0} PDU")]
    Unexpected(PduType),
    /// More commands outstanding than the queue has entries.
    #[error("more commands outstanding than the queue's {entries} entries")]
    TooManyCommands {
        /// Size of the queue.
        entries: u16,
    },
    /// More in-capsule data than the controller takes.
    #[error("{found} bytes of in-capsule data; accepted: up to {limit}")]
    InCapsuleLimit {
        /// Bytes of data in the capsule.
        found: u32,
        /// IOCCSZ less the command, or what Fabrics and Admin commands may have.
        limit: u32,
    },
    /// CCCID names no command that has something to do with this PDU.
    #[error("{pdu_type} PDU for command identifier {command_id:04X}h, which does not await it")]
    UnknownCommand {
        /// What was received.
        pdu_type: PduType,
        /// Its CCCID.
        command_id: u16,
    },
    /// TTAG names no transfer under way.
    #[error("H2CData PDU with unknown transfer tag {transfer_tag:04X}h")]
    UnknownTransferTag {
        /// Its TTAG.
        transfer_tag: u16,
    },
    /// DATAL is not the length of the PDU's data.
    #[error("DATAL {found} in a {pdu_type} PDU that has {present} bytes of data")]
    DataLength {
        /// What was received.
        pdu_type: PduType,
        /// Its DATAL.
        found: u32,
        /// Bytes of data in the PDU.
        present: u32,
    },
    /// DATAL or R2TL is no multiple of a dword.
    #[error("data length {found} of a {pdu_type} PDU; accepted: multiples of 4")]
    LengthNotDwords {
        /// What was received.
        pdu_type: PduType,
        /// Its DATAL or R2TL.
        found: u32,
    },
    /// DATAO or R2TO does not go on where the data before it ended.
    #[error("{pdu_type} PDU at data offset {found}, expected {expected}")]
    NotContiguous {
        /// What was received.
        pdu_type: PduType,
        /// Its DATAO or R2TO.
        found: u32,
        /// Where the data before it ended.
        expected: u32,
    },
    /// The data reach beyond what was asked for, or beyond the command's buffer.
    #[error("{pdu_type} PDU reaches to offset {end}, beyond {limit}")]
    OutOfRange {
        /// What was received.
        pdu_type: PduType,
        /// End of its data, an offset in the command's data.
        end: u64,
        /// Where the range ends.
        limit: u32,
    },
    /// LAST_PDU is set before the end of the data, or not set at the end.
    #[error("{pdu_type} PDU with LAST_PDU {last} that ends at offset {end} of {limit}")]
    LastPdu {
        /// What was received.
        pdu_type: PduType,
        /// Its LAST_PDU.
        last: bool,
        /// End of its data, an offset in the command's data.
        end: u32,
        /// Where the last PDU ends.
        limit: u32,
    },
    /// An H2CData PDU with more data than MAXH2CDATA.
    #[error("H2CData PDU with {found} bytes of data; accepted: up to {limit}")]
    HostDataLimitExceeded {
        /// Its DATAL.
        found: u32,
        /// MAXH2CDATA.
        limit: u32,
    },
    /// More R2T PDUs outstanding for one command than MAXR2T.
    #[error("more than {limit} R2T PDUs outstanding for command identifier {command_id:04X}h")]
    ReadyToTransferLimit {
        /// Its CCCID.
        command_id: u16,
        /// MAXR2T, counted from one.
        limit: u32,
    },
}

impl Fault {
    /// Whether the peer is told with a termination request. A faulty termination request is not answered by another.
    ///
    /// Spec: NVMe/TCP 1.0 §3.5.
    #[must_use]
    pub const fn is_answered(&self) -> bool {
        !matches!(self, Self::TerminationLength { .. })
    }

    /// Whether it was found in the common header, before the rest of the header had to be there.
    pub(crate) const fn is_in_common_header(&self) -> bool {
        matches!(
            self,
            Self::UnknownType(_) | Self::WrongDirection(_) | Self::HeaderDigestFlag { .. } | Self::HeaderLength { .. }
        )
    }

    /// Fatal Error Status (FES) for the termination request.
    #[must_use]
    pub const fn status(&self) -> FatalErrorStatus {
        match self {
            Self::UnknownType(_)
            | Self::WrongDirection(_)
            | Self::HeaderDigestFlag { .. }
            | Self::DataDigestFlag { .. }
            | Self::SuccessBeforeLast
            | Self::HeaderLength { .. }
            | Self::DataOffset { .. }
            | Self::PduLength { .. }
            | Self::TerminationLength { .. }
            | Self::DataAlignment { .. }
            | Self::DigestNotRequested { .. }
            | Self::HostDataLimit { .. }
            | Self::UnknownCommand { .. }
            | Self::UnknownTransferTag { .. }
            | Self::DataLength { .. }
            | Self::LengthNotDwords { .. } => FatalErrorStatus::INVALID_PDU_HEADER_FIELD,
            Self::Unexpected(_) | Self::TooManyCommands { .. } | Self::NotContiguous { .. } | Self::LastPdu { .. } => {
                FatalErrorStatus::PDU_SEQUENCE_ERROR
            }
            Self::HeaderDigest { .. } => FatalErrorStatus::HEADER_DIGEST_ERROR,
            Self::OutOfRange { .. } => FatalErrorStatus::DATA_TRANSFER_OUT_OF_RANGE,
            Self::InCapsuleLimit { .. } | Self::HostDataLimitExceeded { .. } | Self::ReadyToTransferLimit { .. } => {
                FatalErrorStatus::LIMIT_EXCEEDED
            }
            Self::FormatVersion { .. } => FatalErrorStatus::UNSUPPORTED_PARAMETER,
        }
    }

    /// Fatal Error Information (FEI) for the termination request: the offset of the wrong field in the header, or the header digest
    /// that was received; 0 where the status defines none.
    #[must_use]
    pub const fn information(&self) -> u32 {
        let offset = match self {
            Self::HeaderDigest { received, .. } => return *received,
            Self::UnknownType(_) | Self::WrongDirection(_) => offset_of!(CommonHeader, pdu_type),
            Self::HeaderDigestFlag { .. } | Self::DataDigestFlag { .. } | Self::SuccessBeforeLast => {
                offset_of!(CommonHeader, flags)
            }
            Self::HeaderLength { .. } => offset_of!(CommonHeader, header_length),
            Self::DataOffset { .. } => offset_of!(CommonHeader, data_offset),
            Self::PduLength { .. } | Self::TerminationLength { .. } => offset_of!(CommonHeader, pdu_length),
            Self::FormatVersion { .. } => offset_of!(InitializeRequest, format_version),
            Self::DataAlignment { .. } => offset_of!(InitializeRequest, data_alignment_0based),
            Self::DigestNotRequested { .. } => offset_of!(InitializeResponse, digests),
            Self::HostDataLimit { .. } => offset_of!(InitializeResponse, max_host_data_bytes),
            Self::UnknownCommand { pdu_type: PduType::RESPONSE_CAPSULE, .. } => {
                offset_of!(ResponseCapsule, entry) + offset_of!(CompletionQueueEntry, command_id)
            }
            // The field has the same place in all other PDUs that have it.
            Self::UnknownCommand { .. } => offset_of!(HostToControllerData, command_id),
            Self::UnknownTransferTag { .. } => offset_of!(HostToControllerData, transfer_tag),
            Self::DataLength { .. } | Self::LengthNotDwords { .. } => offset_of!(HostToControllerData, data_length),
            Self::Unexpected(_)
            | Self::TooManyCommands { .. }
            | Self::NotContiguous { .. }
            | Self::LastPdu { .. }
            | Self::OutOfRange { .. }
            | Self::InCapsuleLimit { .. }
            | Self::HostDataLimitExceeded { .. }
            | Self::ReadyToTransferLimit { .. } => return 0,
        };
        #[expect(clippy::cast_possible_truncation, reason = "an offset within a header of at most 128 bytes")]
        let offset = offset as u32;
        offset
    }
}

const _: () = {
    // What `information` relies on where one offset stands for the same field of several PDUs.
    assert!(offset_of!(HostToControllerData, command_id) == offset_of!(ControllerToHostData, command_id));
    assert!(offset_of!(HostToControllerData, command_id) == offset_of!(ReadyToTransfer, command_id));
    assert!(offset_of!(HostToControllerData, data_length) == offset_of!(ControllerToHostData, data_length));
    assert!(offset_of!(HostToControllerData, data_length) == offset_of!(ReadyToTransfer, requested_length));
    assert!(offset_of!(InitializeRequest, format_version) == offset_of!(InitializeResponse, format_version));
    assert!(
        offset_of!(InitializeRequest, data_alignment_0based) == offset_of!(InitializeResponse, data_alignment_0based)
    );
};
