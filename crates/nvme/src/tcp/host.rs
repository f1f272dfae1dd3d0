//! The host's end of an NVMe/TCP connection.
//!
//! The caller owns the socket and the data of its commands; this owns the protocol. In one pass the caller
//! 1. receives, and gives the bytes to [`HostConnection::next_input`] until it returns `None`, acting on each [`HostInput`];
//! 2. submits commands with [`HostConnection::submit`];
//! 3. sends [`HostConnection::pending_output`], and tells [`HostConnection::transmitted`] how much of it went out.
//!
//! Cost of a command: one entry of a table, one header copy; data are never touched but for their digest, and nothing is allocated
//! once the output queue has grown to its working size.
//!
//! Invariants: a command is in the table from `submit` until its completion has been handed out, and that does not happen while its
//! data are still in the output queue. Data of a command are received and asked for in order and within its length.
//!
//! Spec: NVMe/TCP 1.0 §3.2 (queue creation), §3.3 (data transfer), §3.5 (errors).

use alloc::vec::Vec;

use zerocopy::FromZeros;
use zerocopy::little_endian::{U16, U32};

use super::CommandTag;
use super::fault::{FatalErrorStatus, Fault};
use super::limits::{DATA_ALIGNMENT_MAX_0BASED, MAX_HOST_DATA_BYTES_LEAST, PDU_DATA_BYTES_MAX};
use super::pdu::{
    CommandCapsule, ControllerToHostData, Framing, HostToControllerData, InitializeRequest, InitializeResponse,
    PduType, ReadyToTransfer, ResponseCapsule, Sender, TerminationRequest, digests, flags,
};
use super::reader::{Header, PduReader, Received};
use super::transmit::{OutputSegment, PayloadRange, TransmitQueue};
use crate::base::command::{CompletionQueueEntry, SglDescriptor, SubmissionQueueEntry};
use crate::base::status::Status;

/// What a host brings to the negotiation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HostOptions {
    /// Ask for header digests.
    pub header_digest: bool,
    /// Ask for data digests.
    pub data_digest: bool,
    /// How data to the host are to be aligned (HPDA): dwords less one, `0..=31`.
    pub data_alignment_0based: u8,
    /// R2T PDUs that the controller may have outstanding for a command, less one (MAXR2T).
    pub max_ready_to_transfer_0based: u32,
}

impl Default for HostOptions {
    /// No digests, no alignment beyond a dword, one R2T at a time.
    fn default() -> Self {
        Self { header_digest: false, data_digest: false, data_alignment_0based: 0, max_ready_to_transfer_0based: 0 }
    }
}

/// The data of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HostData {
    /// No data.
    None,
    /// The host sends so many bytes.
    Write {
        /// Bytes, not 0.
        length: u32,
    },
    /// The controller sends so many bytes.
    Read {
        /// Bytes, not 0.
        length: u32,
    },
}

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HostCompletion {
    /// The completion; made up here where the controller set SUCCESS instead of sending one.
    pub entry: CompletionQueueEntry,
    /// Whether all data that came match their digests.
    pub data_intact: bool,
    /// Bytes of data that came.
    pub data_received: u32,
}

/// What came from the controller.
#[derive(Debug, PartialEq, Eq)]
pub enum HostInput<'b> {
    /// The negotiation is over; commands may be submitted.
    Established,
    /// A part of the data of a command that reads.
    Payload {
        /// Whose data, and where they belong.
        range: PayloadRange,
        /// The data, as many as the range is long.
        bytes: &'b [u8],
    },
    /// The controller asks for a part of the data of a command that writes. Answer with [`HostConnection::send_data`] before the next
    /// input.
    DataWanted {
        /// What it asks for.
        range: PayloadRange,
    },
    /// A command is over. Its tag is free.
    Completed {
        /// Which command.
        tag: CommandTag,
        /// How it ended.
        completion: HostCompletion,
    },
    /// The controller says that this host broke the protocol; nothing more comes.
    ControllerTerminated {
        /// Fatal Error Status.
        fes: FatalErrorStatus,
        /// Fatal Error Information.
        fei: u32,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// ICReq is queued or sent.
    Negotiating,
    Established,
    /// One side has terminated the connection.
    Terminated,
}

#[derive(Clone, Copy, Debug)]
struct Command {
    data: HostData,
    /// Whether the data went with the capsule, so that none may be asked for.
    in_capsule: bool,
    /// Bytes received, or asked for: where the next data have to go on.
    progress: u32,
    /// Set by the last C2HData PDU: no more data may come.
    data_over: bool,
    data_intact: bool,
    /// The TTAG of the latest R2T.
    transfer_tag: u16,
    /// Transfers to the controller whose data are not all out: R2Ts outstanding, or the capsule itself.
    outgoing: u32,
    /// The completion, when it came before the data were out.
    completion: Option<CompletionQueueEntry>,
}

impl Command {
    const fn completion(&self, entry: CompletionQueueEntry) -> HostCompletion {
        let data_received = if let HostData::Read { .. } = self.data { self.progress } else { 0 };
        HostCompletion { entry, data_intact: self.data_intact, data_received }
    }
}

/// The C2HData PDU whose data are under way.
#[derive(Clone, Copy, Debug)]
struct DataUnderWay {
    tag: CommandTag,
    flags: u8,
}

/// The host's end of a connection.
#[derive(Debug)]
pub struct HostConnection {
    options: HostOptions,
    phase: Phase,
    reader: PduReader,
    output: TransmitQueue,
    /// Of what is sent.
    framing: Framing,
    max_host_data_bytes: u32,
    in_capsule_data_bytes: u32,
    commands: Vec<Option<Command>>,
    under_way: Option<DataUnderWay>,
}

impl HostConnection {
    /// A new connection; its ICReq is ready to be sent. It has no room for commands before
    /// [`configure_queue`](Self::configure_queue).
    ///
    /// # Panics
    /// When the data alignment is above 31.
    #[must_use]
    pub fn new(options: HostOptions) -> Self {
        assert!(options.data_alignment_0based <= DATA_ALIGNMENT_MAX_0BASED, "a data alignment is 0 to 31");
        let mut asked = 0;
        if options.header_digest {
            asked |= digests::HEADER;
        }
        if options.data_digest {
            asked |= digests::DATA;
        }
        let mut output = TransmitQueue::default();
        output.push_header(&InitializeRequest::new(
            options.data_alignment_0based,
            asked,
            options.max_ready_to_transfer_0based,
        ));
        Self {
            options,
            phase: Phase::Negotiating,
            reader: PduReader::new(Sender::Controller),
            output,
            framing: Framing::PLAIN,
            max_host_data_bytes: 0,
            in_capsule_data_bytes: 0,
            commands: Vec::new(),
            under_way: None,
        }
    }

    /// Sets how many commands may be outstanding, tags `0..entries`, and how much data a capsule can carry, in bytes.
    ///
    /// # Panics
    /// When a command is outstanding.
    pub fn configure_queue(&mut self, entries: u16, in_capsule_data_bytes: u32) {
        assert!(self.commands.iter().all(Option::is_none), "a queue is configured while no command is outstanding");
        self.commands.clear();
        self.commands.resize(usize::from(entries), None);
        self.in_capsule_data_bytes = in_capsule_data_bytes;
    }

    /// Whether header digests are in force.
    #[must_use]
    pub const fn header_digest(&self) -> bool {
        self.framing.header_digest
    }

    /// Whether data digests are in force.
    #[must_use]
    pub const fn data_digest(&self) -> bool {
        self.framing.data_digest
    }

    // ------------------------------------------------------------------- commands

    /// Queues a command. `entry` is sent with `tag` as its identifier and with the descriptor of `data` as its data pointer. `digest`
    /// is asked for the CRC-32C of data that go with the capsule, where data digests are in force.
    ///
    /// # Panics
    /// When the connection is not established, when `tag` is taken or not in the table, when `data` say 0 bytes, or when a write that
    /// does not fit a capsule is no multiple of 4 bytes.
    #[inline]
    pub fn submit(
        &mut self,
        tag: CommandTag,
        entry: &SubmissionQueueEntry,
        data: HostData,
        digest: impl FnOnce(PayloadRange) -> u32,
    ) {
        assert!(self.phase == Phase::Established, "a command on a connection that is not established");
        let slot = &mut self.commands[usize::from(tag.0)];
        assert!(slot.is_none(), "command {tag:?} is outstanding");
        let mut entry = *entry;
        entry.command_id = U16::new(tag.0);
        let mut capsule_data = 0;
        entry.data_pointer = match data {
            HostData::None => SglDescriptor::none(),
            HostData::Read { length } => SglDescriptor::transport(length),
            HostData::Write { length } if length <= self.in_capsule_data_bytes => {
                capsule_data = length;
                SglDescriptor::in_capsule(0, length)
            }
            HostData::Write { length } => {
                assert!(length.is_multiple_of(4), "{length} bytes of data to be transferred in dwords");
                SglDescriptor::transport(length)
            }
        };
        assert!(
            !matches!(data, HostData::Read { length: 0 } | HostData::Write { length: 0 }),
            "a command with data has at least one byte of them"
        );
        *slot = Some(Command {
            data,
            in_capsule: capsule_data > 0,
            progress: 0,
            data_over: false,
            data_intact: true,
            transfer_tag: 0,
            outgoing: u32::from(capsule_data > 0),
            completion: None,
        });
        let common = self.framing.header(PduType::COMMAND_CAPSULE, capsule_data);
        self.output.push_header(&CommandCapsule { common, entry });
        if capsule_data > 0 {
            self.push_payload(PayloadRange { tag, offset: 0, length: capsule_data }, true, digest);
        }
    }

    /// Queues the data that [`HostInput::DataWanted`] asks for, in PDUs of the size that the controller takes. `digest` is asked for
    /// the CRC-32C of each PDU's data where data digests are in force.
    ///
    /// # Panics
    /// When nobody asked for `range`.
    pub fn send_data(&mut self, range: PayloadRange, mut digest: impl FnMut(PayloadRange) -> u32) {
        let Some(Some(command)) = self.commands.get(usize::from(range.tag.0)) else {
            panic!("data for command {:?}, which is not outstanding", range.tag);
        };
        let end = range.offset + range.length;
        assert!(command.outgoing > 0 && command.progress == end && range.length > 0, "data that nobody asked for");
        let transfer_tag = command.transfer_tag;
        let mut offset = range.offset;
        while offset < end {
            let length = (end - offset).min(self.max_host_data_bytes);
            let last = offset + length == end;
            let mut common = self.framing.header(PduType::HOST_DATA, length);
            if last {
                common.flags |= flags::LAST;
            }
            let mut header = HostToControllerData::new_zeroed();
            header.common = common;
            header.command_id = U16::new(range.tag.0);
            header.transfer_tag = U16::new(transfer_tag);
            header.data_offset = U32::new(offset);
            header.data_length = U32::new(length);
            self.output.push_header(&header);
            self.push_payload(PayloadRange { tag: range.tag, offset, length }, last, &mut digest);
            offset += length;
        }
    }

    #[inline]
    fn push_payload(&mut self, range: PayloadRange, last: bool, digest: impl FnOnce(PayloadRange) -> u32) {
        self.output.push_payload(range, last);
        if self.framing.data_digest {
            self.output.push_bytes(&digest(range).to_le_bytes());
        }
    }

    /// Queues the termination request that tells the controller what it did wrong, if it is to be told.
    pub fn terminate(&mut self, fault: &Fault) {
        self.phase = Phase::Terminated;
        if !fault.is_answered() {
            return;
        }
        let offender = self.reader.offender(fault);
        let mut request = TerminationRequest::new_zeroed();
        let Ok(offender_bytes) = u32::try_from(offender.len()) else { unreachable!("a header has at most 128 bytes") };
        request.common = Framing::PLAIN.header(PduType::HOST_TERMINATION, offender_bytes);
        request.fatal_error_status = U16::new(fault.status().0);
        request.fatal_error_information = U32::new(fault.information());
        self.output.push_header(&request);
        self.output.push_bytes(offender);
    }

    // ---------------------------------------------------------------------- input

    /// Takes the next event from the front of `bytes`. `None`: all of them are taken.
    ///
    /// # Errors
    /// What the controller did wrong: [`terminate`](Self::terminate) the connection.
    #[inline]
    pub fn next_input<'b>(&mut self, bytes: &mut &'b [u8]) -> Result<Option<HostInput<'b>>, Fault> {
        loop {
            let start = *bytes;
            let result = self.next_pdu_part(bytes);
            match result {
                Ok(Progress::Input(input)) => return Ok(Some(input)),
                Ok(Progress::Nothing) => {}
                Ok(Progress::Empty) => return Ok(None),
                Err(fault) => {
                    self.reader.keep_offender(start);
                    return Err(fault);
                }
            }
        }
    }

    #[inline]
    fn next_pdu_part<'b>(&mut self, bytes: &mut &'b [u8]) -> Result<Progress<'b>, Fault> {
        if self.phase == Phase::Terminated {
            *bytes = &[];
            return Ok(Progress::Empty);
        }
        let pdu = match self.reader.next(bytes)? {
            None => return Ok(Progress::Empty),
            Some(Received::Data(data)) => return Ok(self.data(data)),
            Some(Received::DataEnd { intact }) => {
                return Ok(self.data_end(intact).map_or(Progress::Nothing, Progress::Input));
            }
            Some(Received::Header { header, data_bytes }) => Pdu::from_header(&header, data_bytes),
        };
        match pdu {
            Pdu::Data { header, data_bytes } => self.controller_data(&header, data_bytes),
            Pdu::Response(entry) => self.response(entry),
            Pdu::ReadyToTransfer(header) => self.ready_to_transfer(&header),
            Pdu::Initialize(response) => self.initialize(&response),
            Pdu::Termination { fes, fei } => {
                self.phase = Phase::Terminated;
                Ok(Progress::Input(HostInput::ControllerTerminated { fes, fei }))
            }
        }
    }

    /// Where the data that come next belong, when they can be received there without being looked at.
    #[inline]
    #[must_use]
    pub fn direct_payload(&self) -> Option<PayloadRange> {
        let length = self.reader.direct_bytes();
        let DataUnderWay { tag, .. } = self.under_way?;
        let command = self.commands[usize::from(tag.0)].as_ref()?;
        (length > 0).then_some(PayloadRange { tag, offset: command.progress, length })
    }

    /// Counts `count` bytes of [`direct_payload`](Self::direct_payload) that were received in place.
    ///
    /// # Panics
    /// For more than that has.
    #[inline]
    pub fn received_direct(&mut self, count: u32) -> Option<HostInput<'static>> {
        let complete = self.reader.received_direct(count);
        let tag = self.under_way.map(|under_way| under_way.tag)?;
        self.command(tag).progress += count;
        if complete { self.data_end(true) } else { None }
    }

    fn initialize<'b>(&mut self, response: &InitializeResponse) -> Result<Progress<'b>, Fault> {
        if self.phase != Phase::Negotiating {
            return Err(Fault::Unexpected(PduType::INITIALIZE_RESPONSE));
        }
        let version = response.format_version.get();
        if version != 0 {
            return Err(Fault::FormatVersion { found: version });
        }
        let alignment = response.data_alignment_0based;
        if alignment > DATA_ALIGNMENT_MAX_0BASED {
            return Err(Fault::DataAlignment { found: alignment });
        }
        let header_digest = response.digests & digests::HEADER != 0;
        let data_digest = response.digests & digests::DATA != 0;
        if (header_digest && !self.options.header_digest) || (data_digest && !self.options.data_digest) {
            return Err(Fault::DigestNotRequested { found: response.digests });
        }
        let limit = response.max_host_data_bytes.get();
        if limit < MAX_HOST_DATA_BYTES_LEAST || !limit.is_multiple_of(4) {
            return Err(Fault::HostDataLimit { found: limit });
        }
        // A multiple of 4 below what one PDU can hold.
        self.max_host_data_bytes = limit.min(PDU_DATA_BYTES_MAX & !3);
        self.framing = Framing { header_digest, data_digest, alignment: Framing::alignment_bytes(alignment) };
        let host_alignment = Framing::alignment_bytes(self.options.data_alignment_0based);
        self.reader.set_framing(Framing { alignment: host_alignment, ..self.framing });
        self.phase = Phase::Established;
        Ok(Progress::Input(HostInput::Established))
    }

    /// The outstanding command that a PDU is about.
    #[inline]
    fn addressed(&mut self, pdu_type: PduType, command_id: u16) -> Result<&mut Command, Fault> {
        if self.phase != Phase::Established {
            return Err(Fault::Unexpected(pdu_type));
        }
        match self.commands.get_mut(usize::from(command_id)) {
            // A command that has its completion awaits nothing more.
            Some(Some(command)) if command.completion.is_none() => Ok(command),
            _ => Err(Fault::UnknownCommand { pdu_type, command_id }),
        }
    }

    #[inline]
    fn controller_data<'b>(&mut self, header: &ControllerToHostData, data_bytes: u32) -> Result<Progress<'b>, Fault> {
        let pdu_type = PduType::CONTROLLER_DATA;
        let flags = header.common.flags;
        let last = flags & flags::LAST != 0;
        if flags & flags::SUCCESS != 0 && !last {
            return Err(Fault::SuccessBeforeLast);
        }
        let command_id = header.command_id.get();
        let command = self.addressed(pdu_type, command_id)?;
        let limit = match command.data {
            HostData::Read { length } if !command.data_over => length,
            _ => return Err(Fault::UnknownCommand { pdu_type, command_id }),
        };
        let length = header.data_length.get();
        if length != data_bytes {
            return Err(Fault::DataLength { pdu_type, found: length, present: data_bytes });
        }
        let offset = header.data_offset.get();
        if offset != command.progress {
            return Err(Fault::NotContiguous { pdu_type, found: offset, expected: command.progress });
        }
        let end = u64::from(offset) + u64::from(length);
        if end > u64::from(limit) {
            return Err(Fault::OutOfRange { pdu_type, end, limit });
        }
        // The end of the data without LAST would leave the command waiting for more. LAST before the end is a controller that has less
        // to say than it was asked for: its completion tells whether that is a success.
        if end == u64::from(limit) && !last {
            return Err(Fault::LastPdu { pdu_type, last, end: limit, limit });
        }
        command.data_over = last;
        self.under_way = Some(DataUnderWay { tag: CommandTag(command_id), flags });
        Ok(Progress::Nothing)
    }

    #[inline]
    fn data<'b>(&mut self, bytes: &'b [u8]) -> Progress<'b> {
        // Without one it is the rest of a termination request.
        let Some(DataUnderWay { tag, .. }) = self.under_way else { return Progress::Nothing };
        let Ok(length) = u32::try_from(bytes.len()) else { unreachable!("bounded by the data of the PDU") };
        let command = self.command(tag);
        let range = PayloadRange { tag, offset: command.progress, length };
        command.progress += length;
        Progress::Input(HostInput::Payload { range, bytes })
    }

    #[inline]
    fn data_end(&mut self, intact: bool) -> Option<HostInput<'static>> {
        let DataUnderWay { tag, flags } = self.under_way.take()?;
        let command = self.command(tag);
        command.data_intact &= intact;
        if flags & flags::SUCCESS == 0 {
            return None;
        }
        let completion = command.completion(CompletionQueueEntry::new(tag.0, Status::SUCCESS, 0, 0));
        self.commands[usize::from(tag.0)] = None;
        Some(HostInput::Completed { tag, completion })
    }

    #[inline]
    fn response<'b>(&mut self, entry: CompletionQueueEntry) -> Result<Progress<'b>, Fault> {
        let command_id = entry.command_id.get();
        let command = self.addressed(PduType::RESPONSE_CAPSULE, command_id)?;
        if command.outgoing > 0 {
            // The data are still in the output queue: the caller keeps them until they are out.
            command.completion = Some(entry);
            return Ok(Progress::Nothing);
        }
        let completion = command.completion(entry);
        self.commands[usize::from(command_id)] = None;
        Ok(Progress::Input(HostInput::Completed { tag: CommandTag(command_id), completion }))
    }

    fn ready_to_transfer<'b>(&mut self, header: &ReadyToTransfer) -> Result<Progress<'b>, Fault> {
        let pdu_type = PduType::READY_TO_TRANSFER;
        let command_id = header.command_id.get();
        let limit = self.options.max_ready_to_transfer_0based;
        let command = self.addressed(pdu_type, command_id)?;
        let total = match command.data {
            HostData::Write { length } if !command.in_capsule => length,
            _ => return Err(Fault::UnknownCommand { pdu_type, command_id }),
        };
        let (offset, length) = (header.requested_offset.get(), header.requested_length.get());
        if !length.is_multiple_of(4) || length == 0 {
            return Err(Fault::LengthNotDwords { pdu_type, found: length });
        }
        if offset != command.progress {
            return Err(Fault::NotContiguous { pdu_type, found: offset, expected: command.progress });
        }
        let end = u64::from(offset) + u64::from(length);
        if end > u64::from(total) {
            return Err(Fault::OutOfRange { pdu_type, end, limit: total });
        }
        if command.outgoing > limit {
            return Err(Fault::ReadyToTransferLimit { command_id, limit: limit.saturating_add(1) });
        }
        command.outgoing += 1;
        command.progress = offset + length;
        command.transfer_tag = header.transfer_tag.get();
        let range = PayloadRange { tag: CommandTag(command_id), offset, length };
        Ok(Progress::Input(HostInput::DataWanted { range }))
    }

    #[inline]
    fn command(&mut self, tag: CommandTag) -> &mut Command {
        match &mut self.commands[usize::from(tag.0)] {
            Some(command) => command,
            None => unreachable!("command {tag:?} is not outstanding"),
        }
    }

    // --------------------------------------------------------------------- output

    /// What there is to send, in order.
    #[inline]
    pub fn pending_output(&self) -> impl Iterator<Item = OutputSegment<'_>> {
        self.output.segments()
    }

    /// How much there is to send, in bytes.
    #[inline]
    #[must_use]
    pub const fn pending_output_bytes(&self) -> usize {
        self.output.pending_bytes()
    }

    /// Counts `count` bytes from the front as sent. `completed` is called for each command whose completion came before its data were
    /// out: it is over now, as with [`HostInput::Completed`].
    ///
    /// # Panics
    /// For more than [`pending_output_bytes`](Self::pending_output_bytes).
    #[inline]
    pub fn transmitted(&mut self, count: usize, mut completed: impl FnMut(CommandTag, HostCompletion)) {
        let commands = &mut self.commands;
        self.output.transmitted(count, |tag| {
            let slot = &mut commands[usize::from(tag.0)];
            let Some(command) = slot else { unreachable!("data of command {tag:?}, which is not outstanding") };
            command.outgoing -= 1;
            if command.outgoing == 0
                && let Some(entry) = command.completion
            {
                let completion = command.completion(entry);
                *slot = None;
                completed(tag, completion);
            }
        });
    }
}

/// What a step of [`HostConnection::next_input`] came to.
enum Progress<'b> {
    Input(HostInput<'b>),
    /// Something was taken that is no event.
    Nothing,
    /// All bytes are taken.
    Empty,
}

/// A header, copied out of the stream: 24 bytes, so that the reader is free again.
enum Pdu {
    Data { header: ControllerToHostData, data_bytes: u32 },
    Response(CompletionQueueEntry),
    ReadyToTransfer(ReadyToTransfer),
    Initialize(InitializeResponse),
    Termination { fes: FatalErrorStatus, fei: u32 },
}

impl Pdu {
    #[inline]
    fn from_header(header: &Header<'_>, data_bytes: u32) -> Self {
        match *header {
            Header::ControllerData(&header) => Self::Data { header, data_bytes },
            Header::ResponseCapsule(&ResponseCapsule { entry, .. }) => Self::Response(entry),
            Header::ReadyToTransfer(&header) => Self::ReadyToTransfer(header),
            Header::InitializeResponse(&response) => Self::Initialize(response),
            Header::ControllerTermination(request) => Self::Termination {
                fes: FatalErrorStatus(request.fatal_error_status.get()),
                fei: request.fatal_error_information.get(),
            },
            Header::InitializeRequest(_)
            | Header::HostTermination(_)
            | Header::CommandCapsule(_)
            | Header::HostData(_) => unreachable!("the reader lets PDUs of the controller through only"),
        }
    }
}
