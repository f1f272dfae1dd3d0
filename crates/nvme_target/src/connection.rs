//! One queue's connection: joins the socket, the protocol ([`ControllerConnection`]), the queue ([`Queue`]) and the
//! devices.
//!
//! Reading order: [`Connection::receive`] (bytes in), `input` (what they mean), `dispose` (what the queue decides),
//! `start_read` and `start_write` (where the data go), [`Connection::device_completed`], [`Connection::transmit`].
//!
//! Per command this layer costs one match and one store in the slot table for each event; it allocates for admin
//! commands only. Payload that arrived in the same read as its header is copied once, out of the staging buffer; the
//! rest is received straight into place. Read data are sent straight from the device's memory.
//!
//! Invariants: the slot table has an entry for each command tag that the protocol can hand out. A window or buffer in a
//! slot stays there until the protocol says that its payload is out, or the command is over.

use std::io;
use std::net::Shutdown;
use std::os::fd::AsFd;
use std::sync::Arc;

use block::{Access, BlockError, Completion, Operation, Request, Slot, Submission};
use mio::Registry;
use mio::event::Event;
use mio::net::TcpStream;
use nvme::base::command::SubmissionQueueEntry;
use nvme::base::status::Status;
use nvme::tcp::digest::crc32c;
use nvme::tcp::{
    CommandData, CommandTag, ControllerConnection, ControllerInput, Fault, OutputSegment, PayloadRange, Response,
};
use reactor::buffer_pool::IoBuffer;
use reactor::clock::Instant;
use reactor::vectored::{PIECES_MAX, SourceList};
use tracing::{debug, info};

use crate::exchange::{Answer, Exchange};
use crate::limits::{
    CONNECT_LIMIT, LARGE_PAYLOAD_BYTES, LAST_WORDS_LIMIT, SEND_BYTES_PER_PASS_MAXIMUM,
    SEND_LARGE_BYTES_PER_PASS_MAXIMUM, STALL_LIMIT,
};
use crate::poll_group::{Message, Resources};
use crate::queue::{ConnectionControl, ConnectionInfo, Disposition, IoCommand, Queue, QueueGrant};
use crate::service::GroupAddress;
use crate::subsystem::{ListenerKind, Target};

/// Names a connection within its group, and which of its place's tenants it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ConnectionId {
    pub(crate) key: u32,
    pub(crate) generation: u16,
}

impl ConnectionId {
    /// What a device gives back when a request of this connection's command ends.
    fn slot(self, tag: CommandTag) -> Slot {
        Slot(u64::from(self.generation) << 48 | u64::from(self.key) << 16 | u64::from(tag.0))
    }

    /// The reverse of [`slot`](Self::slot).
    #[expect(clippy::cast_possible_truncation, reason = "takes apart what `slot` put together")]
    pub(crate) fn from_slot(slot: Slot) -> (Self, CommandTag) {
        (Self { key: (slot.0 >> 16) as u32, generation: (slot.0 >> 48) as u16 }, CommandTag(slot.0 as u16))
    }
}

/// What other threads may do with a connection: leave a message for its group.
#[derive(Debug)]
struct ConnectionHandle {
    id: ConnectionId,
    group: GroupAddress,
}

impl ConnectionControl for ConnectionHandle {
    fn close(&self) {
        self.group.send(Message::Close(self.id));
    }

    fn wake(&self) {
        self.group.send(Message::Wake(self.id));
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Waits for Connect.
    Opening {
        until: Instant,
    },
    Connected,
    /// Takes no more commands; ends when those at the devices are over and the output is out.
    Draining,
    /// Takes no more input; gets its output out, says that it has finished, and waits for the host to close.
    Closing {
        until: Instant,
        finish_sent: bool,
    },
    Dead,
}

/// A connection and everything that belongs to it.
pub(crate) struct Connection {
    id: ConnectionId,
    stream: TcpStream,
    target: Arc<Target>,
    protocol: ControllerConnection,
    queue: Queue,
    exchanges: Vec<Exchange>,
    phase: Phase,
    /// The socket may have more to read; cleared when a read came back short, unless its end is still to be read.
    readable: bool,
    /// The peer says no more. It may have been told together with its last words, and is not told again.
    read_closed: bool,
    /// The socket may take more; cleared when a write came back short.
    writable: bool,
    at_devices: usize,
    last_progress: Instant,
    timer: Option<Instant>,
    /// Whether the group has it on its list of connections with something to do.
    pub(crate) listed: bool,
}

impl Connection {
    /// A connection that has just been accepted.
    ///
    /// # Errors
    /// When the socket is no longer connected.
    pub(crate) fn new(
        id: ConnectionId,
        stream: TcpStream,
        listener: ListenerKind,
        target: Arc<Target>,
        group: GroupAddress,
        now: Instant,
    ) -> io::Result<Self> {
        let info = ConnectionInfo { local_address: stream.local_addr()?, peer_address: stream.peer_addr()?, listener };
        let queue = Queue::new(Arc::clone(&target), info, Arc::new(ConnectionHandle { id, group }));
        Ok(Self {
            id,
            stream,
            protocol: ControllerConnection::new(target.protocol_options()),
            target,
            queue,
            // The slot of Connect.
            exchanges: vec![Exchange::Idle],
            phase: Phase::Opening { until: now + CONNECT_LIMIT },
            readable: false,
            read_closed: false,
            writable: true,
            at_devices: 0,
            last_progress: now,
            timer: None,
            listed: false,
        })
    }

    pub(crate) fn id(&self) -> ConnectionId {
        self.id
    }

    /// Notes what the event loop said about the socket.
    pub(crate) fn ready(&mut self, event: &Event) {
        self.read_closed |= event.is_read_closed();
        self.readable |= event.is_readable() || self.read_closed;
        self.writable |= event.is_writable();
    }

    /// Tries the socket in the next pass, whatever the event loop has said.
    pub(crate) fn look(&mut self) {
        (self.readable, self.writable) = (true, true);
    }

    // ------------------------------------------------------------------ input

    /// Receives once, up to the size of the staging buffer and the rest of a payload that is under way, and acts on all
    /// of it.
    pub(crate) fn receive(&mut self, resources: &mut Resources) {
        if !self.readable {
            return;
        }
        match self.phase {
            Phase::Opening { .. } | Phase::Connected => {}
            Phase::Draining | Phase::Dead => return,
            Phase::Closing { .. } => return self.discard_input(resources),
        }
        let mut staging = std::mem::take(&mut resources.staging);
        let in_place = self.payload_destination();
        match receive_into(&self.stream, in_place, &mut staging, resources) {
            Ok(0) => self.die("the host closed the connection"),
            Ok(byte_count) => {
                self.last_progress = resources.now;
                let in_place_wanted = in_place.map_or(0, |(_, length)| length);
                self.readable = self.read_closed || byte_count == in_place_wanted + staging.len();
                let in_place_count = byte_count.min(in_place_wanted);
                self.received(in_place_count, &staging[..byte_count - in_place_count], resources);
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.readable = false,
            Err(error) => self.die(error),
        }
        resources.staging = staging;
    }

    /// Where the rest of the payload that is under way may be received without being looked at.
    fn payload_destination(&mut self) -> Option<(*mut u8, usize)> {
        let PayloadRange { tag, offset, length } = self.protocol.direct_payload()?;
        let (base, room) = self.exchange(tag).destination(offset as usize)?;
        Some((base, room.min(length as usize)))
    }

    fn received(&mut self, in_place_count: usize, mut bytes: &[u8], resources: &mut Resources) {
        if in_place_count > 0 {
            // Fits: it was bounded by the u32 length of the payload range.
            let in_place_count = u32::try_from(in_place_count).unwrap_or(u32::MAX);
            if let Some(input) = self.protocol.received_direct(in_place_count) {
                self.input(input, resources);
            }
        }
        while matches!(self.phase, Phase::Opening { .. } | Phase::Connected) {
            match self.protocol.next_input(&mut bytes) {
                Ok(Some(input)) => self.input(input, resources),
                Ok(None) => return,
                Err(fault) => return self.fail(&fault, resources.now),
            }
        }
    }

    #[inline]
    fn input(&mut self, input: ControllerInput<'_>, resources: &mut Resources) {
        match input {
            ControllerInput::Payload { range, bytes } => self.payload(range, bytes),
            ControllerInput::Command { tag, entry, data } => {
                let disposition = self.queue.command(resources.now, tag, &entry);
                self.dispose(tag, &entry, data, disposition, resources);
            }
            ControllerInput::DataComplete { tag, intact } => self.data_complete(tag, intact, resources),
            ControllerInput::Rejected { tag, entry, status } => {
                debug!(peer = %self.queue.description(), ?entry, %status, "refused a malformed command capsule");
                self.protocol.complete(tag, Response { result: 0, status });
            }
            ControllerInput::Established => debug!(peer = %self.queue.description(), "connection established"),
            ControllerInput::HostTerminated { fes, fei } => {
                info!(peer = %self.queue.description(), ?fes, fei, "the host terminated the connection");
                self.phase = Phase::Dead;
            }
        }
    }

    #[inline]
    fn payload(&mut self, range: PayloadRange, bytes: &[u8]) {
        let offset = range.offset as usize;
        match self.exchange(range.tag) {
            Exchange::ReceivingInPlace { window, .. } => window.write(offset, bytes),
            Exchange::ReceivingIntoBuffer { buffer, .. } => {
                buffer.as_mut_slice()[offset..offset + bytes.len()].copy_from_slice(bytes);
            }
            Exchange::Collecting { data, .. } | Exchange::ReceivingAside { data, .. } => data.extend_from_slice(bytes),
            Exchange::Answered(_) => {}
            other => unreachable!("payload for a command that expects none: {other:?}"),
        }
    }

    fn data_complete(&mut self, tag: CommandTag, intact: bool, resources: &mut Resources) {
        match std::mem::take(self.exchange(tag)) {
            Exchange::ReceivingInPlace { command, .. } => {
                let response = self.queue.io_completed(&command, Ok(()));
                self.protocol.complete(tag, response);
            }
            Exchange::ReceivingIntoBuffer { command, buffer } if intact => {
                self.submit(tag, command, Some(buffer), resources);
            }
            Exchange::ReceivingAside { command, data } if intact => {
                self.await_buffer(tag, command, Some(data), resources)
            }
            Exchange::ReceivingIntoBuffer { command, .. } | Exchange::ReceivingAside { command, .. } => {
                self.queue.io_abandoned(&command);
                self.transport_error(tag);
            }
            Exchange::Collecting { entry, data } if intact => {
                let disposition = self.queue.data(resources.now, tag, &entry, &data);
                self.dispose(tag, &entry, CommandData::None, disposition, resources);
            }
            Exchange::Collecting { .. } => self.transport_error(tag),
            Exchange::Answered(answer) => self.answer(tag, answer, resources.now),
            other => unreachable!("the end of data that nobody awaits: {other:?}"),
        }
    }

    fn transport_error(&mut self, tag: CommandTag) {
        self.protocol.complete(tag, Response { result: 0, status: Status::TRANSIENT_TRANSPORT_ERROR });
    }

    // --------------------------------------------------------------- commands

    fn dispose(
        &mut self,
        tag: CommandTag,
        entry: &SubmissionQueueEntry,
        data: CommandData,
        disposition: Disposition,
        resources: &mut Resources,
    ) {
        match disposition {
            Disposition::Io(command) => self.start_io(tag, command, data, resources),
            Disposition::Respond(response) => {
                self.answer_after_data(tag, Answer { response, then_close: false }, data, resources.now);
            }
            Disposition::RespondAndClose(response) => {
                self.answer_after_data(tag, Answer { response, then_close: true }, data, resources.now);
            }
            Disposition::RespondWithData { data, response } => self.send_bytes(tag, data, response),
            Disposition::NeedData { length_bytes } => {
                let data_collected = Vec::with_capacity(length_bytes as usize);
                *self.exchange(tag) = Exchange::Collecting { entry: Box::new(*entry), data: data_collected };
                if let CommandData::Transport { .. } = data {
                    self.protocol.request_data(tag);
                }
            }
            // The protocol keeps the slot; `collect_responses` answers.
            Disposition::Hold => {}
            Disposition::Connected { response, grant } => self.connected(tag, response, &grant, resources.now),
        }
    }

    fn connected(&mut self, tag: CommandTag, response: Response, grant: &QueueGrant, now: Instant) {
        self.protocol.complete(tag, response);
        self.protocol.configure_queue(grant.entries, grant.in_capsule_data_bytes, grant.sq_flow_control_disabled);
        self.exchanges.resize_with(usize::from(grant.entries), Exchange::default);
        self.phase = Phase::Connected;
        self.last_progress = now;
        info!(peer = %self.queue.description(), entries = grant.entries, "connected");
    }

    /// Answers at once, or when the data that follow in the same capsule have been thrown away.
    fn answer_after_data(&mut self, tag: CommandTag, answer: Answer, data: CommandData, now: Instant) {
        if let CommandData::InCapsule { .. } = data {
            *self.exchange(tag) = Exchange::Answered(answer);
            self.protocol.discard_data(tag);
        } else {
            self.answer(tag, answer, now);
        }
    }

    fn answer(&mut self, tag: CommandTag, answer: Answer, now: Instant) {
        self.protocol.complete(tag, answer.response);
        if answer.then_close {
            self.close_after_output(now);
        }
    }

    fn send_bytes(&mut self, tag: CommandTag, data: Vec<u8>, response: Response) {
        let digest = self.protocol.data_digest().then(|| crc32c(&data));
        // Admin data are at most MDTS long.
        let length = u32::try_from(data.len()).unwrap_or(u32::MAX);
        *self.exchange(tag) = Exchange::SendingBytes { data };
        self.protocol.send_data(tag, length, digest, response);
    }

    #[inline]
    fn start_io(&mut self, tag: CommandTag, command: IoCommand, data: CommandData, resources: &mut Resources) {
        match command.operation {
            Operation::Read(_) => self.start_read(tag, command, resources),
            Operation::Write { .. } => self.start_write(tag, command, data, resources),
            Operation::Flush | Operation::Deallocate(_) | Operation::WriteZeroes { .. } => {
                self.submit(tag, command, None, resources);
            }
        }
    }

    #[inline]
    fn start_read(&mut self, tag: CommandTag, command: IoCommand, resources: &mut Resources) {
        // With the data digest on, the data must not change between digest and sending, so they are copied first.
        if !self.protocol.data_digest()
            && let Some(window) = self.target.window(Access::Read, &command)
        {
            let response = self.queue.io_completed(&command, Ok(()));
            *self.exchange(tag) = Exchange::SendingInPlace { window };
            return self.protocol.send_data(tag, command.length_bytes, None, response);
        }
        match resources.buffers.allocate(command.length_bytes as usize) {
            Some(buffer) => self.submit(tag, command, Some(buffer), resources),
            None => self.await_buffer(tag, command, None, resources),
        }
    }

    #[inline]
    fn start_write(&mut self, tag: CommandTag, command: IoCommand, data: CommandData, resources: &mut Resources) {
        let in_capsule = matches!(data, CommandData::InCapsule { .. });
        // With the data digest on, the data are checked before they may reach the device.
        if !self.protocol.data_digest()
            && let Some(window) = self.target.window(Access::Write, &command)
        {
            *self.exchange(tag) = Exchange::ReceivingInPlace { command, window };
        } else if let Some(buffer) = resources.buffers.allocate(command.length_bytes as usize) {
            *self.exchange(tag) = Exchange::ReceivingIntoBuffer { command, buffer };
        } else if in_capsule {
            // The data are coming whether there is room or not. Not reading on instead could deadlock: the buffers
            // may be waiting for data that are behind these in the stream.
            let data = Vec::with_capacity(command.length_bytes as usize);
            *self.exchange(tag) = Exchange::ReceivingAside { command, data };
        } else {
            return self.await_buffer(tag, command, None, resources);
        }
        if !in_capsule {
            self.protocol.request_data(tag);
        }
    }

    fn await_buffer(&mut self, tag: CommandTag, command: IoCommand, data: Option<Vec<u8>>, resources: &mut Resources) {
        *self.exchange(tag) = Exchange::AwaitingBuffer { command, data };
        resources.waiting.push_back((self.id, tag));
    }

    /// Gives a waiting command its buffer. `false`: there is none of its size.
    pub(crate) fn buffer_available(&mut self, tag: CommandTag, resources: &mut Resources) -> bool {
        let Exchange::AwaitingBuffer { command, .. } = self.exchange(tag) else {
            return true;
        };
        let Some(mut buffer) = resources.buffers.allocate(command.length_bytes as usize) else {
            return false;
        };
        let Exchange::AwaitingBuffer { command, data } = std::mem::take(self.exchange(tag)) else {
            return true;
        };
        match (command.operation, data) {
            (Operation::Write { .. }, None) => {
                *self.exchange(tag) = Exchange::ReceivingIntoBuffer { command, buffer };
                self.protocol.request_data(tag);
            }
            (_, data) => {
                if let Some(data) = data {
                    buffer.as_mut_slice().copy_from_slice(&data);
                }
                self.submit(tag, command, Some(buffer), resources);
            }
        }
        true
    }

    fn submit(&mut self, tag: CommandTag, command: IoCommand, buffer: Option<IoBuffer>, resources: &mut Resources) {
        let mut next = Some((command, buffer));
        while let Some((command, buffer)) = next {
            *self.exchange(tag) = Exchange::AtDevice { command };
            self.at_devices += 1;
            let request = Request { slot: self.id.slot(tag), operation: command.operation, buffer };
            let device = self.target.namespace(command.namespace).device();
            next = match device.submit(&mut resources.devices, request) {
                Submission::Complete(completion) => self.part_completed(tag, completion).map(|command| (command, None)),
                Submission::Pending => None,
            };
        }
    }

    /// Takes a finished request back from its device, and goes on with the command.
    pub(crate) fn device_completed(&mut self, tag: CommandTag, completion: Completion, resources: &mut Resources) {
        if let Some(command) = self.part_completed(tag, completion) {
            self.submit(tag, command, None, resources);
        }
    }

    /// Answers the command whose request is over, unless there is more of it to do: then that is returned.
    fn part_completed(&mut self, tag: CommandTag, completion: Completion) -> Option<IoCommand> {
        let Exchange::AtDevice { command } = std::mem::take(self.exchange(tag)) else {
            unreachable!("a device finished command {tag:?}, which it does not have");
        };
        self.at_devices -= 1;
        if completion.result.is_ok()
            && let Some(next) = self.queue.next_part(&command)
        {
            return Some(next);
        }
        let result: Result<(), &BlockError> = completion.result.as_ref().map(|&()| ());
        let response = self.queue.io_completed(&command, result);
        match (command.operation, completion.buffer) {
            (Operation::Read(_), Some(buffer)) if response.status.is_success() => {
                let digest = self.protocol.data_digest().then(|| crc32c(buffer.as_slice()));
                *self.exchange(tag) = Exchange::SendingBuffer { buffer };
                self.protocol.send_data(tag, command.length_bytes, digest, response);
            }
            _ => self.protocol.complete(tag, response),
        }
        None
    }

    fn collect_responses(&mut self) {
        while let Some((tag, response)) = self.queue.poll_response() {
            self.protocol.complete(tag, response);
        }
    }

    // ----------------------------------------------------------------- output

    /// Writes once what there is to write.
    pub(crate) fn transmit(&mut self, resources: &mut Resources) {
        self.collect_responses();
        if self.writable && self.protocol.pending_output_bytes() > 0 && self.phase != Phase::Dead {
            let mut sources = std::mem::take(&mut resources.sources).reuse();
            gather(&self.protocol, &self.exchanges, &mut sources);
            let offered = sources.byte_count();
            let sent = sources.send(self.stream.as_fd());
            resources.sources = sources.reuse();
            match sent {
                Ok(byte_count) => {
                    self.writable = byte_count == offered;
                    self.last_progress = resources.now;
                    let exchanges = &mut self.exchanges;
                    self.protocol.transmitted(byte_count, |tag| exchanges[usize::from(tag.0)] = Exchange::Idle);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.writable = false,
                Err(error) => self.die(error),
            }
        }
        if self.protocol.pending_output_bytes() == 0 {
            self.output_is_out(resources.now);
        }
    }

    fn output_is_out(&mut self, now: Instant) {
        match self.phase {
            Phase::Draining if self.at_devices == 0 => self.close_after_output(now),
            Phase::Closing { until, finish_sent: false } => {
                // Not closed at once: unread input would turn that into a reset, and the last words could be lost.
                if self.stream.shutdown(Shutdown::Write).is_err() {
                    self.phase = Phase::Dead;
                    return;
                }
                self.phase = Phase::Closing { until, finish_sent: true };
                self.readable = true;
            }
            _ => {}
        }
    }

    /// The host's bytes after our last words: read, to learn that it has closed, and not looked at.
    fn discard_input(&mut self, resources: &mut Resources) {
        let mut staging = std::mem::take(&mut resources.staging);
        match receive_into(&self.stream, None, &mut staging, resources) {
            Ok(0) => self.phase = Phase::Dead,
            Ok(byte_count) => self.readable = self.read_closed || byte_count == staging.len(),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.readable = false,
            Err(_) => self.phase = Phase::Dead,
        }
        resources.staging = staging;
    }

    // -------------------------------------------------------------------- end

    fn fail(&mut self, fault: &Fault, now: Instant) {
        info!(peer = %self.queue.description(), %fault, "terminating the connection");
        self.protocol.terminate(fault);
        self.close_after_output(now);
    }

    fn die(&mut self, reason: impl std::fmt::Display) {
        debug!(peer = %self.queue.description(), %reason, "connection lost");
        self.phase = Phase::Dead;
    }

    /// Takes no more commands, and closes once what there is to say has been said.
    pub(crate) fn close_after_output(&mut self, now: Instant) {
        if !matches!(self.phase, Phase::Closing { .. } | Phase::Dead) {
            self.phase = Phase::Closing { until: now + LAST_WORDS_LIMIT, finish_sent: false };
        }
    }

    /// Takes no more commands, ends those at the devices, then closes.
    pub(crate) fn drain(&mut self) {
        if matches!(self.phase, Phase::Opening { .. } | Phase::Connected) {
            self.phase = Phase::Draining;
        }
    }

    /// Whether the connection is over and can be removed.
    pub(crate) fn finished(&self) -> bool {
        self.phase == Phase::Dead
    }

    /// Closes the socket and lets the queue go. Requests that are still at a device end without it.
    pub(crate) fn closed(&mut self, registry: &Registry, now: Instant) {
        // Closing the descriptor would do; a failure here has no consequence.
        let _ = registry.deregister(&mut self.stream);
        self.queue.closed(now);
    }

    /// Ends a pass. Returns whether there is more to do without waiting for an event.
    pub(crate) fn end_pass(&mut self, now: Instant) -> bool {
        self.queue.end_pass(now, self.protocol.commands_in_flight());
        let input = self.readable && self.phase != Phase::Draining;
        input || (self.writable && self.protocol.pending_output_bytes() > 0)
    }

    // ----------------------------------------------------------------- timers

    /// The timer that is set.
    pub(crate) fn timer(&self) -> Option<Instant> {
        self.timer
    }

    /// Says when something is due earlier than the timer that is set. A later one is not worth moving the timer: it
    /// fires, finds nothing due, and is set anew.
    pub(crate) fn earlier_timer(&mut self) -> Option<TimerChange> {
        let due = self.deadline()?;
        if self.timer.is_some_and(|set| set <= due) {
            return None;
        }
        Some(TimerChange { old: self.timer.replace(due), new: due })
    }

    fn deadline(&self) -> Option<Instant> {
        match self.phase {
            Phase::Opening { until } | Phase::Closing { until, .. } => Some(until),
            Phase::Connected => {
                let stalled = self.host_owes().then(|| self.last_progress + STALL_LIMIT);
                [stalled, self.queue.next_deadline()].into_iter().flatten().min()
            }
            Phase::Draining | Phase::Dead => None,
        }
    }

    /// Whether it is the host's turn to move: it began a PDU, was asked for data, or does not take what is sent.
    fn host_owes(&self) -> bool {
        self.protocol.awaits_host() || self.protocol.pending_output_bytes() > 0
    }

    /// Acts on what is due.
    pub(crate) fn timer_fired(&mut self, now: Instant) {
        self.timer = None;
        match self.phase {
            Phase::Opening { until } if until <= now => self.die("no Connect in time"),
            Phase::Closing { until, .. } if until <= now => self.phase = Phase::Dead,
            Phase::Connected => {
                if self.host_owes() && self.last_progress + STALL_LIMIT <= now {
                    info!(peer = %self.queue.description(), "closing a connection that stalled for {STALL_LIMIT:?}");
                    self.phase = Phase::Dead;
                } else if self.queue.next_deadline().is_some_and(|due| due <= now) {
                    self.queue.handle_timeout(now);
                }
            }
            _ => {}
        }
    }

    #[inline]
    fn exchange(&mut self, tag: CommandTag) -> &mut Exchange {
        &mut self.exchanges[usize::from(tag.0)]
    }
}

/// A timer that moves to an earlier time.
pub(crate) struct TimerChange {
    pub(crate) old: Option<Instant>,
    pub(crate) new: Instant,
}

/// One receive call: into `in_place` first, if there is such a place, then into `staging`.
fn receive_into(
    stream: &TcpStream,
    in_place: Option<(*mut u8, usize)>,
    staging: &mut [u8],
    resources: &mut Resources,
) -> io::Result<usize> {
    let mut destinations = std::mem::take(&mut resources.destinations).reuse();
    if let Some((base, length)) = in_place {
        #[expect(unsafe_code, reason = "device memory is shared between reactors, so it is a raw range")]
        // SAFETY: `Exchange::destination` gave the range out of a window, which stays mapped as long as the target has
        // the device, or out of a buffer that the exchange owns; neither changes before the call below returns, and no
        // reference to the bytes is alive.
        unsafe {
            destinations.push_raw(base, length);
        }
    }
    destinations.push(staging);
    let received = destinations.receive(stream.as_fd());
    resources.destinations = destinations.reuse();
    received
}

/// Collects the output of one pass.
fn gather<'m>(protocol: &'m ControllerConnection, exchanges: &[Exchange], sources: &mut SourceList<'m>) {
    let mut limit = SEND_BYTES_PER_PASS_MAXIMUM;
    for segment in protocol.pending_output() {
        match segment {
            OutputSegment::Bytes(bytes) => sources.push(bytes),
            OutputSegment::Payload(range) => {
                if range.length >= LARGE_PAYLOAD_BYTES {
                    limit = SEND_LARGE_BYTES_PER_PASS_MAXIMUM;
                }
                let Some((base, room)) = exchanges[usize::from(range.tag.0)].source(range.offset as usize) else {
                    unreachable!("output of a command that has no data to send");
                };
                assert!(range.length as usize <= room, "output beyond the command's data");
                let length = (range.length as usize).min(limit.saturating_sub(sources.byte_count()).max(1));
                #[expect(unsafe_code, reason = "device memory is shared between reactors, so it is a raw range")]
                // SAFETY: the range lies within the window, buffer or vector of its exchange (asserted above), which
                // stays in place until `transmitted` releases it.
                unsafe {
                    sources.push_raw(base, length);
                }
                if length < range.length as usize {
                    return;
                }
            }
        }
        if sources.byte_count() >= limit || sources.piece_count() >= PIECES_MAX {
            return;
        }
    }
}
