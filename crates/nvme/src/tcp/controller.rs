//! The controller's end of a connection: one queue of an NVMe/TCP controller, without I/O.
//!
//! How it is called is in the [module documentation](super). Reading order: [`ControllerConnection::next_input`] (bytes in),
//! `command` and `host_data` (what they mean), [`ControllerConnection::request_data`], [`ControllerConnection::send_data`] and
//! [`ControllerConnection::complete`] (what the caller decides), [`ControllerConnection::pending_output`] (bytes out).
//!
//! Invariants: a slot is on the `free` list, or belongs to the command whose tag it is. `receiving` counts the slots whose data were
//! asked for and have not all come. `current` names a slot only while data of a PDU for it are under way.
//!
//! Spec: NVMe/TCP 1.0 §3.

mod transfer;

use alloc::vec;
use alloc::vec::Vec;

use zerocopy::little_endian::{U16, U32};

use self::transfer::{Slot, SlotState};
use super::CommandTag;
use super::fault::{FatalErrorStatus, Fault};
use super::limits::{
    ADMIN_IN_CAPSULE_BYTES, DATA_ALIGNMENT_MAX_0BASED, DIGEST_BYTES, MAX_HOST_DATA_BYTES_LEAST, READY_TO_TRANSFER_MAX,
};
use super::pdu::{
    ControllerToHostData, Framing, InitializeRequest, InitializeResponse, PduType, ResponseCapsule, Sender,
    TerminationRequest, digests, flags,
};
use super::reader::{Header, PduReader, Received};
use super::transmit::{OutputSegment, PayloadRange, TransmitQueue};
use crate::base::command::{AdminOpcode, CompletionQueueEntry, DataDirection, SglKind, SubmissionQueueEntry};
use crate::base::status::Status;

/// What a controller offers to each host that connects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ControllerOptions {
    /// Whether a host may turn on header digests.
    pub header_digest: bool,
    /// Whether a host may turn on data digests.
    pub data_digest: bool,
    /// CPDA: how the host aligns the data of its PDUs, dwords less one, `0..=31`. Linux hosts accept 0 only.
    pub controller_pda: u8,
    /// MAXH2CDATA: most bytes of data in an H2CData PDU, a multiple of 4, 4096 or more. Data are asked for in portions of this size,
    /// so that a host that ignores the limit and sends a portion in one PDU keeps it too.
    pub max_h2c_data_bytes: u32,
}

/// The outcome of a command, without what the connection adds to it (command identifier, queue head).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Response {
    /// Command specific result, dword 0 in the low half.
    pub result: u64,
    /// Status with its retry hints.
    pub status: Status,
}

/// Where the data of a command are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommandData {
    /// The command has none.
    None,
    /// They follow at once, as [`ControllerInput::Payload`] and then [`ControllerInput::DataComplete`].
    InCapsule {
        /// Bytes.
        length: u32,
    },
    /// A buffer at the host: read from it with [`ControllerConnection::request_data`], or written with
    /// [`ControllerConnection::send_data`].
    Transport {
        /// Bytes; a multiple of 4 where the command's data move to the controller.
        length: u32,
    },
}

/// What the host did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ControllerInput<'b> {
    /// It opened the connection; the answer is in the output.
    Established,
    /// It sent a command. The tag is the caller's until it has called [`ControllerConnection::complete`], or until
    /// [`ControllerConnection::transmitted`] has named it.
    Command {
        /// The command's slot.
        tag: CommandTag,
        /// The command.
        entry: SubmissionQueueEntry,
        /// Its data.
        data: CommandData,
    },
    /// It sent data of a command, in order and without gaps.
    Payload {
        /// Where they belong.
        range: PayloadRange,
        /// They.
        bytes: &'b [u8],
    },
    /// All data of a command have come.
    DataComplete {
        /// The command's slot.
        tag: CommandTag,
        /// Whether they match their digests, or had none.
        intact: bool,
    },
    /// It sent a command whose data cannot be had as it describes them. The caller completes it; data that came with it are dropped.
    Rejected {
        /// The command's slot.
        tag: CommandTag,
        /// The command.
        entry: SubmissionQueueEntry,
        /// What to complete it with.
        status: Status,
    },
    /// It found a fault and ends the connection. There will be no more input.
    HostTerminated {
        /// Fatal Error Status.
        fes: FatalErrorStatus,
        /// Fatal Error Information.
        fei: u32,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Initializing,
    Established,
    /// One end found a fault: what still comes is not looked at.
    Terminated,
}

/// Whose data the PDU under way brings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Current {
    Nobody,
    Slot(CommandTag),
}

/// How far Connect is, whose response differs from all others when the host disabled flow control.
#[derive(Clone, Copy, Debug)]
enum Opening {
    Unanswered,
    /// Answered before [`ControllerConnection::configure_queue`]: the response can still change.
    Answered {
        command_id: u16,
        response: Response,
    },
    Over,
}

/// SQHD in the response to a Connect that disabled flow control.
///
/// Spec: NVMe Base 2.0 §6.3.
const FLOW_CONTROL_DISABLED: u16 = 0xffff;

/// One connection, seen from the controller.
#[derive(Debug)]
pub struct ControllerConnection {
    options: ControllerOptions,
    phase: Phase,
    /// How PDUs to the host are framed.
    framing: Framing,
    /// R2T PDUs that may be outstanding for a command, at least 1.
    ready_to_transfer_max: u32,
    opening: Opening,
    /// Size of the queue; 0 before [`Self::configure_queue`].
    entries: u16,
    in_capsule_bytes: u32,
    sq_flow_control_disabled: bool,
    sq_head: u16,
    slots: Vec<Slot>,
    free: Vec<CommandTag>,
    receiving: u16,
    current: Current,
    reader: PduReader,
    output: TransmitQueue,
}

enum Step<'b> {
    Input(ControllerInput<'b>),
    Silent,
    Exhausted,
}

impl ControllerConnection {
    /// A connection on which nothing has happened, with one slot for Connect.
    ///
    /// # Panics
    /// When the options are outside their ranges.
    #[must_use]
    pub fn new(options: ControllerOptions) -> Self {
        assert!(options.controller_pda <= DATA_ALIGNMENT_MAX_0BASED, "CPDA above 31");
        assert!(options.max_h2c_data_bytes >= MAX_HOST_DATA_BYTES_LEAST, "MAXH2CDATA below 4096");
        assert!(options.max_h2c_data_bytes.is_multiple_of(4), "MAXH2CDATA is not a multiple of 4");
        Self {
            options,
            phase: Phase::Initializing,
            framing: Framing::PLAIN,
            ready_to_transfer_max: 1,
            opening: Opening::Unanswered,
            entries: 0,
            in_capsule_bytes: ADMIN_IN_CAPSULE_BYTES,
            sq_flow_control_disabled: false,
            sq_head: 0,
            slots: vec![Slot::FREE],
            free: vec![CommandTag(0)],
            receiving: 0,
            current: Current::Nobody,
            reader: PduReader::new(Sender::Host),
            output: TransmitQueue::default(),
        }
    }

    /// Sets what Connect decided: the size of the queue, and so the number of slots, the most bytes of in-capsule data of a command
    /// that is not a Fabrics command, and whether SQHD is reserved. Called once, before or after Connect is completed, but before its
    /// response is sent.
    ///
    /// # Panics
    /// When called twice, with fewer than 2 entries, or too late for the response to a Connect that disables flow control.
    pub fn configure_queue(&mut self, entries: u16, in_capsule_bytes: u32, sq_flow_control_disabled: bool) {
        assert!(self.entries == 0, "a queue is configured once");
        assert!(entries >= 2, "a queue has at least 2 entries");
        self.entries = entries;
        self.in_capsule_bytes = in_capsule_bytes;
        self.sq_flow_control_disabled = sq_flow_control_disabled;
        self.sq_head %= entries;
        self.slots.resize(usize::from(entries), Slot::FREE);
        // Taken from the end: the lowest slots are used first, and the last one to become free is reused first.
        let new_tags: Vec<CommandTag> = (1..entries).rev().map(CommandTag).collect();
        self.free.splice(0..0, new_tags);
        if let Opening::Answered { command_id, response } = self.opening {
            if sq_flow_control_disabled {
                let digest_bytes = if self.framing.header_digest { DIGEST_BYTES } else { 0 };
                let retracted = self.output.retract(size_of::<ResponseCapsule>() + digest_bytes);
                assert!(retracted, "the queue was configured after the response to Connect was sent");
                self.push_response(command_id, response, FLOW_CONTROL_DISABLED);
            }
            self.opening = Opening::Over;
        }
    }

    /// Whether header digests are on.
    #[inline]
    #[must_use]
    pub const fn header_digest(&self) -> bool {
        self.framing.header_digest
    }

    /// Whether data digests are on.
    #[inline]
    #[must_use]
    pub const fn data_digest(&self) -> bool {
        self.framing.data_digest
    }

    /// Commands that have arrived and whose response has not been sent in full.
    #[inline]
    #[must_use]
    pub fn commands_in_flight(&self) -> u32 {
        // At most 65535 slots.
        u32::try_from(self.slots.len() - self.free.len()).unwrap_or(u32::MAX)
    }

    /// Whether it is the host's turn: it began a PDU, or was asked for data.
    #[must_use]
    pub const fn awaits_host(&self) -> bool {
        !matches!(self.phase, Phase::Terminated) && (self.receiving > 0 || self.reader.in_pdu())
    }

    // ------------------------------------------------------------------ input

    /// Takes the next input from the front of `bytes`. `None`: all bytes are taken.
    ///
    /// # Errors
    /// What the host did wrong; the caller passes it to [`terminate`](Self::terminate), sends what is pending, and closes. There is no
    /// input after it.
    #[inline]
    pub fn next_input<'b>(&mut self, bytes: &mut &'b [u8]) -> Result<Option<ControllerInput<'b>>, Fault> {
        while self.phase != Phase::Terminated {
            let start = *bytes;
            match self.step(bytes) {
                Ok(Step::Input(input)) => return Ok(Some(input)),
                Ok(Step::Silent) => {}
                Ok(Step::Exhausted) => return Ok(None),
                Err(fault) => {
                    self.reader.keep_offender(start);
                    self.phase = Phase::Terminated;
                    return Err(fault);
                }
            }
        }
        *bytes = &[];
        Ok(None)
    }

    #[inline]
    fn step<'b>(&mut self, bytes: &mut &'b [u8]) -> Result<Step<'b>, Fault> {
        let Some(received) = self.reader.next(bytes)? else { return Ok(Step::Exhausted) };
        let (header, data_bytes) = match received {
            Received::Data(data) => return Ok(self.payload(data)),
            Received::DataEnd { intact } => return Ok(self.data_end(intact).map_or(Step::Silent, Step::Input)),
            Received::Header { header, data_bytes } => (header, data_bytes),
        };
        let input = match (header, self.phase) {
            (Header::CommandCapsule(capsule), Phase::Established) => {
                let entry = capsule.entry;
                self.command(entry, data_bytes)?
            }
            (Header::HostData(data), Phase::Established) => {
                let data = *data;
                self.host_data(&data, data_bytes)?;
                return Ok(Step::Silent);
            }
            (Header::InitializeRequest(request), Phase::Initializing) => {
                let request = *request;
                self.initialize(&request)?;
                ControllerInput::Established
            }
            (Header::HostTermination(request), _) => {
                self.phase = Phase::Terminated;
                ControllerInput::HostTerminated {
                    fes: FatalErrorStatus(request.fatal_error_status.get()),
                    fei: request.fatal_error_information.get(),
                }
            }
            (Header::InitializeRequest(_), _) => return Err(Fault::Unexpected(PduType::INITIALIZE_REQUEST)),
            (Header::CommandCapsule(_), _) => return Err(Fault::Unexpected(PduType::COMMAND_CAPSULE)),
            (Header::HostData(_), _) => return Err(Fault::Unexpected(PduType::HOST_DATA)),
            (
                Header::InitializeResponse(_)
                | Header::ControllerTermination(_)
                | Header::ResponseCapsule(_)
                | Header::ControllerData(_)
                | Header::ReadyToTransfer(_),
                _,
            ) => unreachable!("the reader lets PDUs of a host through"),
        };
        Ok(Step::Input(input))
    }

    /// ICReq: takes the host's half of the negotiation and answers with the controller's.
    fn initialize(&mut self, request: &InitializeRequest) -> Result<(), Fault> {
        if request.format_version.get() != 0 {
            return Err(Fault::FormatVersion { found: request.format_version.get() });
        }
        if request.data_alignment_0based > DATA_ALIGNMENT_MAX_0BASED {
            return Err(Fault::DataAlignment { found: request.data_alignment_0based });
        }
        let options = &self.options;
        let header_digest = options.header_digest && request.digests & digests::HEADER != 0;
        let data_digest = options.data_digest && request.digests & digests::DATA != 0;
        let framing = |data_alignment_0based| Framing {
            header_digest,
            data_digest,
            alignment: Framing::alignment_bytes(data_alignment_0based),
        };
        let digests = if header_digest { digests::HEADER } else { 0 } | if data_digest { digests::DATA } else { 0 };
        self.output.push_header(&InitializeResponse::new(options.controller_pda, digests, options.max_h2c_data_bytes));
        self.framing = framing(request.data_alignment_0based);
        self.reader.set_framing(framing(options.controller_pda));
        let max_ready_to_transfer = request.max_ready_to_transfer_0based.get().saturating_add(1);
        self.ready_to_transfer_max = max_ready_to_transfer.min(READY_TO_TRANSFER_MAX);
        self.phase = Phase::Established;
        Ok(())
    }

    /// CapsuleCmd: gives the command a slot.
    #[inline]
    fn command<'b>(&mut self, entry: SubmissionQueueEntry, data_bytes: u32) -> Result<ControllerInput<'b>, Fault> {
        let mut limit = self.in_capsule_bytes;
        if entry.opcode == AdminOpcode::FABRICS.0 {
            limit = limit.max(ADMIN_IN_CAPSULE_BYTES);
        }
        if data_bytes > limit {
            return Err(Fault::InCapsuleLimit { found: data_bytes, limit });
        }
        let Some(tag) = self.free.pop() else {
            return Err(Fault::TooManyCommands { entries: self.entries.max(1) });
        };
        self.sq_head = self.sq_head.wrapping_add(1);
        if self.sq_head == self.entries {
            self.sq_head = 0;
        }
        let slot = &mut self.slots[usize::from(tag.0)];
        *slot = Slot::held(entry.command_id.get());
        self.current = Current::Nobody;
        Ok(match locate_data(&entry, data_bytes) {
            Err(status) => ControllerInput::Rejected { tag, entry, status: status.with_do_not_retry() },
            Ok(data) => {
                match data {
                    CommandData::None => {}
                    CommandData::InCapsule { length } => {
                        slot.length = length;
                        slot.state = SlotState::InCapsule;
                        self.current = Current::Slot(tag);
                    }
                    CommandData::Transport { length } => slot.length = length,
                }
                ControllerInput::Command { tag, entry, data }
            }
        })
    }

    #[inline]
    fn payload<'b>(&mut self, bytes: &'b [u8]) -> Step<'b> {
        let Current::Slot(tag) = self.current else { return Step::Silent };
        let slot = &mut self.slots[usize::from(tag.0)];
        let offset = slot.received;
        #[expect(clippy::cast_possible_truncation, reason = "a piece of a PDU's data, whose length is a u32")]
        let length = bytes.len() as u32;
        slot.received += length;
        if slot.discard {
            return Step::Silent;
        }
        Step::Input(ControllerInput::Payload { range: PayloadRange { tag, offset, length }, bytes })
    }

    #[inline]
    fn data_end(&mut self, intact: bool) -> Option<ControllerInput<'static>> {
        let Current::Slot(tag) = core::mem::replace(&mut self.current, Current::Nobody) else { return None };
        let slot = &mut self.slots[usize::from(tag.0)];
        slot.intact &= intact;
        if slot.received < slot.length {
            self.ask_for_more(tag);
            return None;
        }
        if slot.state == SlotState::Receiving {
            self.receiving -= 1;
        }
        slot.state = SlotState::Held;
        Some(ControllerInput::DataComplete { tag, intact: slot.intact })
    }

    /// The rest of the data of the PDU under way, where they may be received straight to their place and counted with
    /// [`received_direct`](Self::received_direct).
    #[inline]
    #[must_use]
    pub fn direct_payload(&self) -> Option<PayloadRange> {
        let Current::Slot(tag) = self.current else { return None };
        let slot = &self.slots[usize::from(tag.0)];
        let length = self.reader.direct_bytes();
        (length > 0 && !slot.discard).then_some(PayloadRange { tag, offset: slot.received, length })
    }

    /// Counts the first `count` bytes of [`direct_payload`](Self::direct_payload) as received.
    ///
    /// # Panics
    /// For more bytes than that.
    #[inline]
    pub fn received_direct(&mut self, count: u32) -> Option<ControllerInput<'static>> {
        let complete = self.reader.received_direct(count);
        if let Current::Slot(tag) = self.current {
            self.slots[usize::from(tag.0)].received += count;
        }
        if complete { self.data_end(true) } else { None }
    }

    // ----------------------------------------------------------------- output

    /// Completes a command. Its slot is free at once.
    ///
    /// # Panics
    /// When the slot has no command, or data for it are still to come or to be sent.
    #[inline]
    pub fn complete(&mut self, tag: CommandTag, response: Response) {
        let slot = &mut self.slots[usize::from(tag.0)];
        assert!(slot.state == SlotState::Held, "completed a command in state {:?}", slot.state);
        slot.state = SlotState::Free;
        let command_id = slot.command_id;
        self.free.push(tag);
        self.respond(command_id, response);
    }

    #[inline]
    fn respond(&mut self, command_id: u16, response: Response) {
        let sq_head = match self.opening {
            Opening::Over if self.sq_flow_control_disabled => 0,
            Opening::Over => self.sq_head,
            Opening::Unanswered | Opening::Answered { .. } => {
                let configured = self.entries > 0;
                self.opening = if configured { Opening::Over } else { Opening::Answered { command_id, response } };
                if configured && self.sq_flow_control_disabled { FLOW_CONTROL_DISABLED } else { self.sq_head }
            }
        };
        self.push_response(command_id, response, sq_head);
    }

    #[inline]
    fn push_response(&mut self, command_id: u16, response: Response, sq_head: u16) {
        self.output.push_header(&ResponseCapsule {
            common: self.framing.header(PduType::RESPONSE_CAPSULE, 0),
            entry: CompletionQueueEntry::new(command_id, response.status, response.result, sq_head),
        });
    }

    /// Sends the first `length` bytes of the command's data to the host and completes it. The slot is free when
    /// [`transmitted`](Self::transmitted) has named it; with no data it is free at once. `digest`: the CRC-32C of the data, if data
    /// digests are on.
    ///
    /// # Panics
    /// When the slot has no command, data for it are still to come or to be sent, or `digest` is there or missing against
    /// [`data_digest`](Self::data_digest).
    #[inline]
    pub fn send_data(&mut self, tag: CommandTag, length: u32, digest: Option<u32>, response: Response) {
        if length == 0 {
            return self.complete(tag, response);
        }
        assert!(digest.is_some() == self.framing.data_digest, "a digest is there if and only if data digests are on");
        let slot = &mut self.slots[usize::from(tag.0)];
        assert!(slot.state == SlotState::Held, "answered a command in state {:?}", slot.state);
        slot.state = SlotState::Sending;
        let command_id = slot.command_id;
        // A host that keeps flow control needs the SQHD of a response capsule.
        let success = self.sq_flow_control_disabled
            && matches!(self.opening, Opening::Over)
            && response == Response { result: 0, status: Status::SUCCESS };
        let mut common = self.framing.header(PduType::CONTROLLER_DATA, length);
        common.flags |= flags::LAST | if success { flags::SUCCESS } else { 0 };
        self.output.push_header(&ControllerToHostData {
            common,
            command_id: U16::new(command_id),
            reserved10: [0; 2],
            data_offset: U32::ZERO,
            data_length: U32::new(length),
            reserved20: [0; 4],
        });
        self.output.push_payload(PayloadRange { tag, offset: 0, length }, true);
        if let Some(digest) = digest {
            self.output.push_bytes(&digest.to_le_bytes());
        }
        if !success {
            self.respond(command_id, response);
        }
    }

    /// Tells the host what it did wrong, in the last PDU of the connection. Says nothing where the specification wants it so.
    pub fn terminate(&mut self, fault: &Fault) {
        self.phase = Phase::Terminated;
        if fault.is_answered() {
            let offender = self.reader.offender(fault);
            // At most 128 bytes.
            let offender_bytes = u32::try_from(offender.len()).unwrap_or(u32::MAX);
            self.output.push_header(&TerminationRequest::new(PduType::CONTROLLER_TERMINATION, fault, offender_bytes));
            self.output.push_bytes(offender);
        }
    }

    /// What is to be sent, in order.
    #[inline]
    pub fn pending_output(&self) -> impl Iterator<Item = OutputSegment<'_>> {
        self.output.segments()
    }

    /// How much is to be sent, in bytes.
    #[inline]
    #[must_use]
    pub const fn pending_output_bytes(&self) -> usize {
        self.output.pending_bytes()
    }

    /// Counts the first `count` bytes of the output as sent. Calls `released` for each command whose data are all out; its slot is
    /// free.
    ///
    /// # Panics
    /// For more bytes than are pending.
    #[inline]
    pub fn transmitted(&mut self, count: usize, mut released: impl FnMut(CommandTag)) {
        let (slots, free) = (&mut self.slots, &mut self.free);
        self.output.transmitted(count, |tag| {
            slots[usize::from(tag.0)].state = SlotState::Free;
            free.push(tag);
            released(tag);
        });
    }
}

/// Where a command's data are, or the status to refuse it with.
///
/// Spec: NVMe/TCP 1.0 §3.3.2; NVMe Base 2.0 §4.1.2.
#[inline]
fn locate_data(entry: &SubmissionQueueEntry, data_bytes: u32) -> Result<CommandData, Status> {
    if entry.data_transfer_kind() != SubmissionQueueEntry::SGL_CONTIGUOUS_METADATA {
        return Err(Status::INVALID_FIELD);
    }
    let direction = entry.data_direction();
    match (entry.data_pointer.kind(), direction) {
        (_, DataDirection::None) if data_bytes == 0 => Ok(CommandData::None),
        // Data that nobody asked for: the command has none, or has them elsewhere.
        (_, DataDirection::None) => Err(Status::INVALID_FIELD),
        (SglKind::Transport { .. }, _) if data_bytes > 0 => Err(Status::INVALID_FIELD),
        (SglKind::Transport { length: 0 }, _) => Ok(CommandData::None),
        (SglKind::Transport { length }, DataDirection::HostToController | DataDirection::Bidirectional)
            if !length.is_multiple_of(4) =>
        {
            Err(Status::SGL_DATA_BLOCK_GRANULARITY_INVALID)
        }
        (SglKind::Transport { length }, _) => Ok(CommandData::Transport { length }),
        (SglKind::InCapsule { offset, .. }, _) if offset != 0 => Err(Status::SGL_OFFSET_INVALID),
        (SglKind::InCapsule { length, .. }, _) if length != data_bytes => Err(Status::DATA_SGL_LENGTH_INVALID),
        (SglKind::InCapsule { length: 0, .. }, _) => Ok(CommandData::None),
        (SglKind::InCapsule { .. }, DataDirection::ControllerToHost) => Err(Status::SGL_DESCRIPTOR_TYPE_INVALID),
        (SglKind::InCapsule { length, .. }, _) => Ok(CommandData::InCapsule { length }),
        // All zero: what a command without data carries.
        (SglKind::Other(0), _) if entry.data_pointer.length == U32::ZERO && data_bytes == 0 => Ok(CommandData::None),
        (SglKind::Other(_), _) => Err(Status::SGL_DESCRIPTOR_TYPE_INVALID),
    }
}
