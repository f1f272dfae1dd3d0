//! Takes PDUs out of a byte stream, for both roles.
//!
//! [`PduReader::next`] takes from the front of what was received and returns a header, a piece of data, or the end of a PDU's data.
//! It checks what can be checked without knowing the commands: type and direction, digests, HLEN, PDO, PLEN, padding.
//!
//! Cost of a header that arrives whole: a few comparisons, no copy, one CRC where header digests are on. One that arrives in parts is
//! collected here; nothing else is ever kept.
//!
//! Invariants: `collected` bytes of `partial` belong to the header, or to the data digest, that is under way. Digests and padding are
//! never handed out.
//!
//! Spec: NVMe/TCP 1.0 §2, §3.3.1.1, §3.6.2.

use zerocopy::FromBytes;

use super::digest::{Crc32c, crc32c};
use super::fault::Fault;
use super::limits::{COMMON_HEADER_BYTES, DIGEST_BYTES, HEADER_AND_DIGEST_BYTES_MAX, TERMINATION_DATA_BYTES_MAX};
use super::pdu::{
    CommandCapsule, CommonHeader, ControllerToHostData, DataRule, Framing, HostToControllerData, InitializeRequest,
    InitializeResponse, PduLayout, PduType, ReadyToTransfer, ResponseCapsule, Sender, TerminationRequest, flags,
};

/// A header that has been checked as far as the stream goes.
#[derive(Debug)]
pub(crate) enum Header<'h> {
    InitializeRequest(&'h InitializeRequest),
    InitializeResponse(&'h InitializeResponse),
    HostTermination(&'h TerminationRequest),
    ControllerTermination(&'h TerminationRequest),
    CommandCapsule(&'h CommandCapsule),
    ResponseCapsule(&'h ResponseCapsule),
    HostData(&'h HostToControllerData),
    ControllerData(&'h ControllerToHostData),
    ReadyToTransfer(&'h ReadyToTransfer),
}

/// What comes out of the stream.
#[derive(Debug)]
pub(crate) enum Received<'h, 'b> {
    /// A PDU begins. Its data follow as [`Data`](Self::Data) and then [`DataEnd`](Self::DataEnd), unless `data_bytes` is 0.
    Header { header: Header<'h>, data_bytes: u32 },
    /// The next bytes of the PDU's data; never empty.
    Data(&'b [u8]),
    /// All data of the PDU have been handed out. `intact`: they match their digest, or there is none.
    DataEnd { intact: bool },
}

/// A PDU's data, as its header describes them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct DataArea {
    padding: u32,
    bytes: u32,
    digest: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// A header has been handed out, or nothing at all, and what follows is a new one. The last one may still be in `partial`.
    Between,
    Header,
    Data,
    DataDigest,
    /// The data are complete, which has not been told yet.
    DataEnd {
        intact: bool,
    },
}

/// The receiving half of a connection, between bytes and PDUs.
#[derive(Debug)]
pub(crate) struct PduReader {
    /// Whose PDUs these are.
    sender: Sender,
    framing: Framing,
    stage: Stage,
    area: DataArea,
    checksum: Crc32c,
    collected: u8,
    partial: [u8; HEADER_AND_DIGEST_BYTES_MAX],
}

impl PduReader {
    /// A reader of what `sender` sends, before the negotiation.
    pub(crate) const fn new(sender: Sender) -> Self {
        Self {
            sender,
            framing: Framing::PLAIN,
            stage: Stage::Between,
            area: DataArea { padding: 0, bytes: 0, digest: false },
            checksum: Crc32c::new(),
            collected: 0,
            partial: [0; HEADER_AND_DIGEST_BYTES_MAX],
        }
    }

    /// Sets what was negotiated, from the next PDU on.
    pub(crate) const fn set_framing(&mut self, framing: Framing) {
        self.framing = framing;
    }

    /// Whether the peer has begun a PDU that has not all arrived.
    pub(crate) const fn in_pdu(&self) -> bool {
        !matches!(self.stage, Stage::Between)
    }

    /// Bytes of data to come in this PDU that need not be looked at: 0 before the padding is through, or with a data digest.
    pub(crate) const fn direct_bytes(&self) -> u32 {
        if matches!(self.stage, Stage::Data) && self.area.padding == 0 && !self.area.digest {
            self.area.bytes
        } else {
            0
        }
    }

    /// Counts data that were received past this reader. Returns whether they are complete, in which case there will be no
    /// [`Received::DataEnd`] for them.
    ///
    /// # Panics
    /// For more than [`direct_bytes`](Self::direct_bytes).
    pub(crate) fn received_direct(&mut self, count: u32) -> bool {
        assert!(count <= self.direct_bytes(), "received {count} bytes past the data of the PDU");
        self.area.bytes -= count;
        if self.area.bytes == 0 {
            self.stage = Stage::Between;
        }
        self.area.bytes == 0
    }

    /// Takes the next thing from the front of `bytes`. `None`: all bytes are taken.
    ///
    /// # Errors
    /// A [`Fault`] of the peer; call [`keep_offender`](Self::keep_offender) and do not go on.
    #[inline]
    pub(crate) fn next<'h, 'b: 'h>(&'h mut self, bytes: &mut &'b [u8]) -> Result<Option<Received<'h, 'b>>, Fault> {
        match self.stage {
            Stage::Between => {
                self.collected = 0;
                self.next_header(bytes)
            }
            Stage::Header => self.next_header(bytes),
            Stage::Data => Ok(self.next_data(bytes)),
            Stage::DataDigest => Ok(self.next_data_digest(bytes)),
            Stage::DataEnd { intact } => {
                self.stage = Stage::Between;
                Ok(Some(Received::DataEnd { intact }))
            }
        }
    }

    #[inline]
    fn next_header<'h, 'b: 'h>(&'h mut self, bytes: &mut &'b [u8]) -> Result<Option<Received<'h, 'b>>, Fault> {
        let input = *bytes;
        if self.collected == 0
            && let Some((common, _)) = input.split_first_chunk()
        {
            let layout = self.check_common(common)?;
            let wanted = self.header_and_digest_bytes(layout);
            if let Some((header, rest)) = input.split_at_checked(wanted) {
                let area = self.check(header, layout)?;
                *bytes = rest;
                self.start(area);
                return Ok(Some(Received::Header { header: view(header), data_bytes: area.bytes }));
            }
        }
        self.collect_header(bytes)
    }

    /// The same for a header that comes in parts.
    #[cold]
    fn collect_header<'h, 'b: 'h>(&'h mut self, bytes: &mut &'b [u8]) -> Result<Option<Received<'h, 'b>>, Fault> {
        if bytes.is_empty() {
            return Ok(None);
        }
        self.stage = Stage::Header;
        if !self.collect(bytes, COMMON_HEADER_BYTES) {
            return Ok(None);
        }
        let Some((common, _)) = self.partial.split_first_chunk() else { unreachable!("room for a common header") };
        let layout = self.check_common(common)?;
        let wanted = self.header_and_digest_bytes(layout);
        if !self.collect(bytes, wanted) {
            return Ok(None);
        }
        let area = self.check(&self.partial[..wanted], layout)?;
        self.start(area);
        let header = view(&self.partial[..wanted]);
        Ok(Some(Received::Header { header, data_bytes: area.bytes }))
    }

    /// Collects into `partial` until it has `wanted` bytes. Returns whether it has.
    fn collect(&mut self, bytes: &mut &[u8], wanted: usize) -> bool {
        let have = usize::from(self.collected);
        let count = wanted.saturating_sub(have).min(bytes.len());
        let (taken, rest) = bytes.split_at(count);
        self.partial[have..have + count].copy_from_slice(taken);
        *bytes = rest;
        #[expect(clippy::cast_possible_truncation, reason = "at most HEADER_AND_DIGEST_BYTES_MAX")]
        let collected = (have + count) as u8;
        self.collected = collected;
        have + count >= wanted
    }

    #[inline]
    fn start(&mut self, area: DataArea) {
        self.area = area;
        self.stage = if area.bytes == 0 { Stage::Between } else { Stage::Data };
        self.checksum = Crc32c::new();
    }

    #[inline]
    fn next_data<'h, 'b>(&mut self, bytes: &mut &'b [u8]) -> Option<Received<'h, 'b>> {
        self.collected = 0;
        let padding = take(bytes, self.area.padding);
        self.area.padding -= length(padding);
        let data = take(bytes, self.area.bytes);
        if data.is_empty() {
            return None;
        }
        self.area.bytes -= length(data);
        if self.area.digest {
            self.checksum.update(data);
        }
        if self.area.bytes == 0 {
            self.stage = if self.area.digest { Stage::DataDigest } else { Stage::DataEnd { intact: true } };
        }
        Some(Received::Data(data))
    }

    fn next_data_digest<'h, 'b>(&mut self, bytes: &mut &'b [u8]) -> Option<Received<'h, 'b>> {
        if !self.collect(bytes, DIGEST_BYTES) {
            return None;
        }
        let received = trailing_digest(&self.partial[..DIGEST_BYTES]);
        self.stage = Stage::Between;
        Some(Received::DataEnd { intact: received == self.checksum.finish() })
    }

    // ------------------------------------------------------------------ rules

    /// Checks what has to be right before the length of the header is known.
    #[inline]
    fn check_common(&self, common: &[u8; COMMON_HEADER_BYTES]) -> Result<PduLayout, Fault> {
        let common: &CommonHeader = zerocopy::transmute_ref!(common);
        let pdu_type = common.pdu_type;
        let Some(layout) = pdu_type.layout() else { return Err(Fault::UnknownType(pdu_type)) };
        if layout.sender != self.sender {
            return Err(Fault::WrongDirection(pdu_type));
        }
        // Bits that a type does not define are reserved and not looked at.
        if layout.header_digest && (common.flags & flags::HEADER_DIGEST != 0) != self.framing.header_digest {
            return Err(Fault::HeaderDigestFlag { pdu_type, flags: common.flags });
        }
        if common.header_length != layout.header_bytes {
            return Err(Fault::HeaderLength { pdu_type, found: common.header_length, expected: layout.header_bytes });
        }
        Ok(layout)
    }

    #[inline]
    fn header_and_digest_bytes(&self, layout: PduLayout) -> usize {
        let digest = if self.framing.header_digest && layout.header_digest { DIGEST_BYTES } else { 0 };
        usize::from(layout.header_bytes) + digest
    }

    /// Checks a whole header, its digest first: a flipped length is a digest error, not a wrong length.
    #[inline]
    fn check(&self, header_and_digest: &[u8], layout: PduLayout) -> Result<DataArea, Fault> {
        let (header, digest) = header_and_digest.split_at(usize::from(layout.header_bytes));
        if !digest.is_empty() {
            let (received, computed) = (trailing_digest(digest), crc32c(header));
            if received != computed {
                return Err(Fault::HeaderDigest { received, computed });
            }
        }
        let (common, _) = CommonHeader::ref_from_prefix(header).unwrap_or_else(|_| unreachable!("a checked header"));
        self.data_area(common, length(header_and_digest), layout)
    }

    /// Where the data of a PDU are, whose header and header digest end at `header_end`.
    #[inline]
    fn data_area(&self, common: &CommonHeader, header_end: u32, layout: PduLayout) -> Result<DataArea, Fault> {
        let pdu_type = common.pdu_type;
        let pdu_length = common.pdu_length.get();
        let wrong_length = Fault::PduLength { pdu_type, found: pdu_length };
        match layout.data {
            DataRule::Never | DataRule::Optional if pdu_length == header_end => {
                return Ok(DataArea { padding: 0, bytes: 0, digest: false });
            }
            DataRule::Never => return Err(wrong_length),
            DataRule::Termination => {
                return match pdu_length.checked_sub(header_end) {
                    Some(bytes) if bytes as usize <= TERMINATION_DATA_BYTES_MAX => {
                        Ok(DataArea { padding: 0, bytes, digest: false })
                    }
                    _ => Err(Fault::TerminationLength { pdu_type, found: pdu_length }),
                };
            }
            DataRule::Optional | DataRule::Always => {}
        }
        let digest = self.framing.data_digest;
        if (common.flags & flags::DATA_DIGEST != 0) != digest {
            return Err(Fault::DataDigestFlag { pdu_type, flags: common.flags });
        }
        if pdu_length <= header_end {
            return Err(wrong_length);
        }
        let data_offset = u32::from(common.data_offset);
        let alignment = self.framing.alignment;
        if data_offset < header_end || data_offset > pdu_length || !common.data_offset.is_multiple_of(alignment) {
            let least = header_end.to_le_bytes()[0];
            return Err(Fault::DataOffset { pdu_type, found: common.data_offset, pdu_length, alignment, least });
        }
        let digest_bytes = if digest { 4 } else { 0 };
        match (pdu_length - data_offset).checked_sub(digest_bytes) {
            None | Some(0) => Err(wrong_length),
            Some(bytes) => Ok(DataArea { padding: data_offset - header_end, bytes, digest }),
        }
    }

    // --------------------------------------------------------------- offender

    /// After a fault: keeps the header that it is about. `start` is where the bytes began that were given to the failed call of
    /// [`next`](Self::next).
    pub(crate) fn keep_offender(&mut self, start: &[u8]) {
        if self.collected == 0 {
            let count = start.len().min(HEADER_AND_DIGEST_BYTES_MAX);
            self.partial[..count].copy_from_slice(&start[..count]);
            #[expect(clippy::cast_possible_truncation, reason = "at most HEADER_AND_DIGEST_BYTES_MAX")]
            let collected = count as u8;
            self.collected = collected;
        }
    }

    /// The header that `fault` is about: the common header where the fault is in there, else all of it without its digest. So it does
    /// not depend on how much had arrived.
    pub(crate) fn offender(&self, fault: &Fault) -> &[u8] {
        let collected = &self.partial[..usize::from(self.collected)];
        let length = if fault.is_in_common_header() { COMMON_HEADER_BYTES } else { usize::from(self.partial[2]) };
        &collected[..length.min(collected.len()).min(TERMINATION_DATA_BYTES_MAX)]
    }
}

/// Takes at most `count` bytes from the front.
#[inline]
fn take<'b>(bytes: &mut &'b [u8], count: u32) -> &'b [u8] {
    let (taken, rest) = bytes.split_at(bytes.len().min(count as usize));
    *bytes = rest;
    taken
}

/// The length of something that is known to be shorter than 4 GiB.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "callers pass at most u32::MAX bytes")]
const fn length(bytes: &[u8]) -> u32 {
    bytes.len() as u32
}

#[inline]
fn trailing_digest(bytes: &[u8]) -> u32 {
    let Ok(digest) = bytes.try_into() else { unreachable!("a digest has 4 bytes") };
    u32::from_le_bytes(digest)
}

/// The typed view of a header that has passed [`PduReader::check`].
#[inline]
fn view(header: &[u8]) -> Header<'_> {
    fn of<T: FromBytes + zerocopy::KnownLayout + zerocopy::Immutable + zerocopy::Unaligned>(header: &[u8]) -> &T {
        let Ok((structure, _)) = T::ref_from_prefix(header) else { unreachable!("a checked header") };
        structure
    }
    match PduType(header[0]) {
        PduType::INITIALIZE_REQUEST => Header::InitializeRequest(of(header)),
        PduType::INITIALIZE_RESPONSE => Header::InitializeResponse(of(header)),
        PduType::HOST_TERMINATION => Header::HostTermination(of(header)),
        PduType::CONTROLLER_TERMINATION => Header::ControllerTermination(of(header)),
        PduType::COMMAND_CAPSULE => Header::CommandCapsule(of(header)),
        PduType::RESPONSE_CAPSULE => Header::ResponseCapsule(of(header)),
        PduType::HOST_DATA => Header::HostData(of(header)),
        PduType::CONTROLLER_DATA => Header::ControllerData(of(header)),
        PduType::READY_TO_TRANSFER => Header::ReadyToTransfer(of(header)),
        other => unreachable!("a checked header of type {other}"),
    }
}
