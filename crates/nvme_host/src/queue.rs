//! One queue of a controller: joins its socket, the protocol and the buffers of the commands that are outstanding.
//!
//! Reading order: [`Queue::submit`], `receive` (bytes in), `input` (what they mean), `transmit` (bytes out), `fail`.
//!
//! Per command this layer costs one store and one load in the slot table; it never allocates once the queue is
//! established. Data that arrived in the same read as their header are copied once, out of the staging buffer; the rest
//! is received straight into the command's buffer. Write data are sent straight from the command's buffer.
//!
//! Invariants: a slot is free or belongs to one outstanding command; a buffer in a slot stays there until the protocol
//! says that the command is over and its data are out, or the connection is gone.

use std::io;
use std::net::SocketAddr;
use std::os::fd::AsFd;

use mio::event::Event;
use mio::net::TcpStream;
use mio::{Interest, Registry, Token};
use nvme::base::command::SubmissionQueueEntry;
use nvme::tcp::digest::crc32c;
use nvme::tcp::limits::ADMIN_IN_CAPSULE_BYTES;
use nvme::tcp::{
    CommandTag, HostCompletion, HostConnection, HostData, HostInput, HostOptions, OutputSegment, PayloadRange,
};
use reactor::clock::{Duration, Instant};
use reactor::vectored::{DestinationList, PIECES_MAX, SourceList};

use crate::buffer::DataBuffer;
use crate::error::{CommandError, ConnectionFailure, ConnectionLost};

/// Most bytes that one pass writes to one connection.
pub const SEND_BYTES_PER_PASS: usize = 512 * 1024;

/// What a command moves, and the memory for it.
#[derive(Debug, Clone)]
pub enum Transfer {
    /// No data.
    None,
    /// These bytes to the controller.
    Write(DataBuffer),
    /// As many bytes as the buffer is long, from the controller.
    Read(DataBuffer),
}

/// A command and what belongs to it.
#[derive(Debug, Clone)]
pub struct Request {
    /// Comes back with the completion; means nothing to the queue.
    pub token: u64,
    /// The command. Identifier and data pointer are filled in.
    pub command: SubmissionQueueEntry,
    /// Its data.
    pub transfer: Transfer,
}

/// A command that is over.
#[derive(Debug)]
pub struct Completion {
    /// The token of its request.
    pub token: u64,
    /// The command specific result (dwords 0 and 1), or why there is none.
    pub outcome: Result<u64, CommandError>,
    /// The buffer of its request; [`DataBuffer::default`] for a command without data.
    pub buffer: DataBuffer,
}

/// A request for which the queue has no free entry; try again after a completion.
#[derive(Debug, thiserror::Error)]
#[error("the queue is full")]
pub struct QueueFull(pub Request);

/// What the queues of one thread share during a pass.
#[derive(Debug)]
pub(crate) struct Resources {
    pub(crate) now: Instant,
    pub(crate) staging: Box<[u8]>,
    pub(crate) sources: SourceList<'static>,
    pub(crate) destinations: DestinationList<'static>,
}

#[derive(Debug)]
struct Outstanding {
    token: u64,
    buffer: DataBuffer,
    /// Bytes that have to come for the command to be a success.
    expected: u32,
    deadline: Instant,
}

/// What a queue is made with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct QueueSettings {
    pub(crate) protocol: HostOptions,
    pub(crate) peer: SocketAddr,
    pub(crate) command_timeout: Duration,
}

/// A queue of a controller. It works while it is in a [`PollGroup`](crate::PollGroup).
#[derive(Debug)]
pub struct Queue {
    stream: TcpStream,
    settings: QueueSettings,
    protocol: HostConnection,
    outstanding: Vec<Option<Outstanding>>,
    free: Vec<u16>,
    entries: u16,
    /// The socket may have more to read; cleared when a read came back short, unless its end is still to be read.
    readable: bool,
    /// The peer says no more. It may have been told together with its last words, and is not told again.
    read_closed: bool,
    /// The socket may take more; cleared when a write came back short.
    writable: bool,
    established: bool,
    /// No outstanding command is due before then.
    next_deadline: Option<Instant>,
    lost: Option<ConnectionLost>,
}

impl Queue {
    /// A queue on a connected socket. It can take one command, Connect, until [`configure`](Self::configure).
    pub(crate) fn new(stream: TcpStream, settings: QueueSettings) -> Self {
        let mut queue = Self {
            stream,
            settings,
            protocol: HostConnection::new(settings.protocol),
            outstanding: Vec::new(),
            free: Vec::new(),
            entries: 0,
            readable: true,
            read_closed: false,
            writable: true,
            established: false,
            next_deadline: None,
            lost: None,
        };
        queue.configure(crate::options::QUEUE_ENTRIES_MINIMUM, ADMIN_IN_CAPSULE_BYTES);
        queue
    }

    /// Sets what Connect has granted. One entry always stays free, so that a full queue differs from an empty one.
    pub(crate) fn configure(&mut self, entries: u16, in_capsule_data_bytes: u32) {
        assert!(self.outstanding_count() == 0, "a queue is configured before it is used");
        let usable = entries - 1;
        self.protocol.configure_queue(entries, in_capsule_data_bytes);
        self.outstanding.clear();
        self.outstanding.resize_with(usize::from(usable), || None);
        self.free = (0..usable).rev().collect();
        self.entries = entries;
    }

    /// Most commands that can be outstanding at once.
    #[must_use]
    pub fn depth(&self) -> u16 {
        self.entries - 1
    }

    /// Number of commands outstanding.
    #[must_use]
    pub fn outstanding_count(&self) -> usize {
        self.outstanding.len() - self.free.len()
    }

    /// Where the controller is.
    #[must_use]
    pub fn peer(&self) -> SocketAddr {
        self.settings.peer
    }

    /// Whether PDU headers carry a digest.
    #[must_use]
    pub fn header_digest(&self) -> bool {
        self.protocol.header_digest()
    }

    /// Whether PDU data carry a digest.
    #[must_use]
    pub fn data_digest(&self) -> bool {
        self.protocol.data_digest()
    }

    /// Why the connection is gone, if it is. Everything submitted from then on fails with the same cause.
    #[must_use]
    pub fn lost(&self) -> Option<&ConnectionLost> {
        self.lost.as_ref()
    }

    pub(crate) fn is_established(&self) -> bool {
        self.established
    }

    // ---------------------------------------------------------------- commands

    /// Queues a command; the next pass sends it. On a lost connection the completion comes at once.
    pub(crate) fn submit(
        &mut self,
        request: Request,
        now: Instant,
        completions: &mut Vec<Completion>,
    ) -> Result<(), QueueFull> {
        if let Some(lost) = &self.lost {
            completions.push(Completion {
                token: request.token,
                outcome: Err(lost.clone().into()),
                buffer: request.transfer.into_buffer(),
            });
            return Ok(());
        }
        let Some(slot) = self.free.pop() else {
            return Err(QueueFull(request));
        };
        let (data, expected) = match &request.transfer {
            Transfer::None => (HostData::None, 0),
            Transfer::Write(buffer) => (HostData::Write { length: buffer.length() }, 0),
            Transfer::Read(buffer) => (HostData::Read { length: buffer.length() }, buffer.length()),
        };
        let buffer = request.transfer.into_buffer();
        self.protocol.submit(CommandTag(slot), &request.command, data, |range| crc32c(slice(&buffer, range)));
        let deadline = now + self.settings.command_timeout;
        if self.next_deadline.is_none() {
            self.next_deadline = Some(deadline);
        }
        self.outstanding[usize::from(slot)] = Some(Outstanding { token: request.token, buffer, expected, deadline });
        Ok(())
    }

    // ------------------------------------------------------------------- input

    /// Notes what the event loop said about the socket.
    pub(crate) fn ready(&mut self, event: &Event) {
        self.read_closed |= event.is_read_closed();
        self.readable |= event.is_readable() || self.read_closed;
        self.writable |= event.is_writable();
    }

    /// Receives once and acts on all of it.
    pub(crate) fn receive(&mut self, resources: &mut Resources, completions: &mut Vec<Completion>) {
        if !self.readable || self.lost.is_some() {
            return;
        }
        let mut staging = std::mem::take(&mut resources.staging);
        let mut destinations = std::mem::take(&mut resources.destinations).reuse();
        let mut in_place_wanted = 0;
        if let Some(range) = self.protocol.direct_payload() {
            let Some(outstanding) = &mut self.outstanding[usize::from(range.tag.0)] else {
                unreachable!("data for command {:?}, which is not outstanding", range.tag);
            };
            let place = slice_mut(&mut outstanding.buffer, range);
            in_place_wanted = place.len();
            destinations.push(place);
        }
        destinations.push(&mut staging);
        let received = destinations.receive(self.stream.as_fd());
        resources.destinations = destinations.reuse();
        match received {
            Ok(0) => self.fail(ConnectionFailure::Closed, completions),
            Ok(byte_count) => {
                self.readable = self.read_closed || byte_count == in_place_wanted + staging.len();
                let in_place_count = byte_count.min(in_place_wanted);
                self.received(in_place_count, &staging[..byte_count - in_place_count], completions);
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.readable = false,
            Err(error) => self.fail(ConnectionFailure::Socket(error), completions),
        }
        resources.staging = staging;
    }

    fn received(&mut self, in_place_count: usize, mut bytes: &[u8], completions: &mut Vec<Completion>) {
        if in_place_count > 0 {
            // Fits: it was bounded by the u32 length of the payload range.
            let in_place_count = u32::try_from(in_place_count).unwrap_or(u32::MAX);
            if let Some(input) = self.protocol.received_direct(in_place_count) {
                self.input(input, completions);
            }
        }
        while self.lost.is_none() {
            match self.protocol.next_input(&mut bytes) {
                Ok(Some(input)) => self.input(input, completions),
                Ok(None) => return,
                Err(fault) => {
                    // The last words of a connection that is given up: sent if the socket takes them now.
                    self.protocol.terminate(&fault);
                    self.send_last_words();
                    self.fail(ConnectionFailure::Fault(fault), completions);
                }
            }
        }
    }

    #[inline]
    fn input(&mut self, input: HostInput<'_>, completions: &mut Vec<Completion>) {
        match input {
            HostInput::Payload { range, bytes } => {
                slice_mut(&mut self.taken(range.tag).buffer, range).copy_from_slice(bytes);
            }
            HostInput::DataWanted { range } => {
                let Some(Some(outstanding)) = self.outstanding.get(usize::from(range.tag.0)) else {
                    unreachable!("data wanted of command {:?}, which is not outstanding", range.tag);
                };
                self.protocol.send_data(range, |piece| crc32c(slice(&outstanding.buffer, piece)));
            }
            HostInput::Completed { tag, completion } => self.complete(tag, completion, completions),
            HostInput::Established => self.established = true,
            HostInput::ControllerTerminated { fes, fei } => {
                let text = format!("{fes}, information {fei:#x}");
                self.fail(ConnectionFailure::Terminated(text), completions);
            }
        }
    }

    fn taken(&mut self, tag: CommandTag) -> &mut Outstanding {
        match &mut self.outstanding[usize::from(tag.0)] {
            Some(outstanding) => outstanding,
            None => unreachable!("input for command {tag:?}, which is not outstanding"),
        }
    }

    fn complete(&mut self, tag: CommandTag, completion: HostCompletion, completions: &mut Vec<Completion>) {
        release(&mut self.outstanding, &mut self.free, tag, completion, completions);
    }

    // ------------------------------------------------------------------ output

    /// Writes once what there is to write.
    pub(crate) fn transmit(&mut self, resources: &mut Resources, completions: &mut Vec<Completion>) {
        if !self.writable || self.lost.is_some() || self.protocol.pending_output_bytes() == 0 {
            return;
        }
        let mut sources = std::mem::take(&mut resources.sources).reuse();
        gather(&self.protocol, &self.outstanding, &mut sources);
        let offered = sources.byte_count();
        let sent = sources.send(self.stream.as_fd());
        resources.sources = sources.reuse();
        match sent {
            Ok(byte_count) => {
                self.writable = byte_count == offered;
                let (outstanding, free) = (&mut self.outstanding, &mut self.free);
                self.protocol.transmitted(byte_count, |tag, completion| {
                    release(outstanding, free, tag, completion, completions);
                });
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.writable = false,
            Err(error) => self.fail(ConnectionFailure::Socket(error), completions),
        }
    }

    fn send_last_words(&mut self) {
        let mut sources = SourceList::new();
        gather(&self.protocol, &self.outstanding, &mut sources);
        // Nothing depends on their arrival: closing the connection says the same with fewer words.
        let _ = sources.send(self.stream.as_fd());
    }

    /// Whether there is something to do without waiting for an event.
    pub(crate) fn has_work(&self) -> bool {
        self.lost.is_none() && (self.readable || (self.writable && self.protocol.pending_output_bytes() > 0))
    }

    // --------------------------------------------------------------------- end

    /// Gives the connection up: every outstanding command is over, with this cause.
    pub(crate) fn fail(&mut self, failure: ConnectionFailure, completions: &mut Vec<Completion>) {
        if self.lost.is_some() {
            return;
        }
        let lost = ConnectionLost::new(failure);
        tracing::debug!(peer = %self.settings.peer, cause = %lost.failure(), "connection lost");
        self.lost = Some(lost.clone());
        self.next_deadline = None;
        // Nothing of this connection may touch the buffers from here on. Failure has no consequence: it is gone.
        let _ = self.stream.shutdown(std::net::Shutdown::Both);
        self.free.clear();
        for slot in (0..self.entries - 1).rev() {
            if let Some(outstanding) = self.outstanding[usize::from(slot)].take() {
                completions.push(Completion {
                    token: outstanding.token,
                    outcome: Err(lost.clone().into()),
                    buffer: outstanding.buffer,
                });
            }
            self.free.push(slot);
        }
    }

    /// When to call [`handle_timeout`](Self::handle_timeout) at the latest.
    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        self.next_deadline
    }

    /// Gives the connection up when a command is overdue: the controller may still use its buffer, and only the end of
    /// the connection takes it away from it.
    pub(crate) fn handle_timeout(&mut self, now: Instant, completions: &mut Vec<Completion>) {
        if self.next_deadline.is_none_or(|deadline| now < deadline) {
            return;
        }
        let earliest = self.outstanding.iter().flatten().map(|outstanding| outstanding.deadline).min();
        if earliest.is_none_or(|earliest| now < earliest) {
            self.next_deadline = earliest;
            return;
        }
        let limit = self.settings.command_timeout;
        for (slot, place) in (0..).zip(&mut self.outstanding) {
            if let Some(overdue) = place.take_if(|outstanding| outstanding.deadline <= now) {
                self.free.push(slot);
                completions.push(Completion {
                    token: overdue.token,
                    outcome: Err(CommandError::TimedOut(limit)),
                    buffer: overdue.buffer,
                });
            }
        }
        self.fail(ConnectionFailure::CommandTimedOut(limit), completions);
    }

    pub(crate) fn register(&mut self, registry: &Registry, token: Token) -> io::Result<()> {
        // Something may have come before the registration: look once without being told.
        (self.readable, self.writable) = (true, true);
        registry.register(&mut self.stream, token, Interest::READABLE | Interest::WRITABLE)
    }

    pub(crate) fn deregister(&mut self, registry: &Registry) {
        // Closing the descriptor would do; a failure here has no consequence.
        let _ = registry.deregister(&mut self.stream);
    }
}

impl Transfer {
    fn into_buffer(self) -> DataBuffer {
        match self {
            Self::None => DataBuffer::default(),
            Self::Write(buffer) | Self::Read(buffer) => buffer,
        }
    }
}

/// Ends a command. Free-standing, because the protocol is borrowed when the end of its output ends a command.
fn release(
    outstanding: &mut [Option<Outstanding>],
    free: &mut Vec<u16>,
    tag: CommandTag,
    completion: HostCompletion,
    completions: &mut Vec<Completion>,
) {
    let Some(over) = outstanding[usize::from(tag.0)].take() else {
        unreachable!("completion of command {tag:?}, which is not outstanding");
    };
    free.push(tag.0);
    let HostCompletion { entry, data_intact, data_received } = completion;
    let outcome = if !entry.status().is_success() {
        Err(CommandError::Status { status: entry.status(), result: entry.result.get() })
    } else if !data_intact {
        Err(CommandError::DataDigest)
    } else if data_received < over.expected {
        Err(CommandError::DataMissing { expected: over.expected, received: data_received })
    } else {
        Ok(entry.result.get())
    };
    completions.push(Completion { token: over.token, outcome, buffer: over.buffer });
}

/// Collects the output of one pass.
fn gather<'m>(protocol: &'m HostConnection, outstanding: &'m [Option<Outstanding>], sources: &mut SourceList<'m>) {
    for segment in protocol.pending_output() {
        match segment {
            OutputSegment::Bytes(bytes) => sources.push(bytes),
            OutputSegment::Payload(range) => {
                let Some(command) = &outstanding[usize::from(range.tag.0)] else {
                    unreachable!("output of command {:?}, which is not outstanding", range.tag);
                };
                let bytes = slice(&command.buffer, range);
                let length = bytes.len().min(SEND_BYTES_PER_PASS.saturating_sub(sources.byte_count()).max(1));
                sources.push(&bytes[..length]);
                if length < bytes.len() {
                    return;
                }
            }
        }
        if sources.byte_count() >= SEND_BYTES_PER_PASS || sources.piece_count() >= PIECES_MAX {
            return;
        }
    }
}

fn slice(buffer: &DataBuffer, range: PayloadRange) -> &[u8] {
    &buffer[range.offset as usize..][..range.length as usize]
}

fn slice_mut(buffer: &mut DataBuffer, range: PayloadRange) -> &mut [u8] {
    &mut buffer[range.offset as usize..][..range.length as usize]
}
