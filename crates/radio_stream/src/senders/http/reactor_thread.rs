//! The thread of the http sender: accepts, reads requests, and writes the stream to each listener once a round.
//!
//! A listener is written to when it comes (head, header, burst, in one write), and then in its turn of the [wheel](super::wheel).
//! Sockets report once when they take more after they did not. So a listener costs a write a second, and no other system call,
//! whatever the bit rate. Chunks wait in the inbox until somebody has a turn. While nothing is played nobody has one and the thread
//! sleeps.

use std::collections::BTreeSet;
use std::io;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::mpsc::{Receiver, TryRecvError};
use std::sync::{Arc, PoisonError};

use mio::net::TcpListener;
use mio::{Interest, Token};
use radio_media::Container;
use reactor::EventLoop;
use reactor::clock::{Duration, Instant};
use slab::Slab;

use super::connection::{Connection, Outcome, State, Written};
use super::listening::Listening;
use super::request::{Mount, Parsed, Request};
use super::response::{self, Description, Refusal};
use super::ring::{Ring, RingSettings};
use super::shared::{Counters, Shared};
use super::socket;
use super::wheel::Wheel;
use crate::piece::Piece;

/// Tokens from here on are listening sockets; connections have their key.
const FIRST_SOCKET: usize = usize::MAX / 2;
/// Connections accepted in one turn, so that those who are there get their turn.
const ACCEPTS_PER_TURN: usize = 256;
/// A request has to be complete by then.
const REQUEST_LIMIT: Duration = Duration::from_secs(10);
/// Whoever wants what is played waits so long for it to begin.
const BEGIN_LIMIT: Duration = Duration::from_secs(30);
/// A connection that was answered has to be closed by the peer by then.
const CLOSE_LIMIT: Duration = Duration::from_secs(2);
/// How long accepting pauses when the process has no descriptors left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// Rounds of the wheel that are made after the last byte came: everybody has had a turn by then.
const ROUNDS_AFTER_LAST: u32 = 2;

/// What the thread is told.
#[derive(Debug)]
pub(super) enum Message {
    Piece(Piece),
    /// Access or the switch has changed.
    ControlChanged,
    /// The station says something else about itself.
    Described(Description),
    /// Show that you are alive.
    Beat,
    Stop,
}

/// The state of the thread.
pub(super) struct HttpThread {
    event_loop: EventLoop,
    sockets: Vec<TcpListener>,
    inbox: Receiver<Message>,
    shared: Arc<Shared>,
    description: Description,
    ring: Ring,
    connections: Slab<Connection>,
    /// Keys of connections that may not stay as they are, and until when.
    deadlines: BTreeSet<(Instant, usize)>,
    /// Deadlines by key, for those that have one.
    deadline_of: std::collections::HashMap<usize, Instant>,
    wheel: Wheel,
    listeners: usize,
    last_byte: Option<Instant>,
    /// Sockets with connections that were not accepted yet.
    to_accept: bool,
    accept_from: Option<Instant>,
}

impl HttpThread {
    pub(super) fn new(
        event_loop: EventLoop,
        sockets: Vec<std::net::TcpListener>,
        inbox: Receiver<Message>,
        shared: Arc<Shared>,
        description: Description,
        ring: RingSettings,
    ) -> io::Result<Self> {
        let mut adopted = Vec::new();
        for (index, listener) in sockets.into_iter().enumerate() {
            let mut listener = socket::adopt(listener)?;
            event_loop.registry().register(&mut listener, Token(FIRST_SOCKET + index), Interest::READABLE)?;
            adopted.push(listener);
        }
        let now = event_loop.now();
        Ok(Self {
            event_loop,
            sockets: adopted,
            inbox,
            shared,
            description,
            wheel: Wheel::new(Duration::from_nanos(ring.burst_ns), now),
            ring: Ring::new(ring),
            connections: Slab::new(),
            deadlines: BTreeSet::new(),
            deadline_of: std::collections::HashMap::new(),
            listeners: 0,
            last_byte: None,
            to_accept: true,
            accept_from: None,
        })
    }

    /// Works until it is told to stop.
    pub(super) fn run(mut self) {
        let mut ready: Vec<(usize, bool, bool)> = Vec::new();
        loop {
            let more_to_do = self.to_accept && self.accept_from.is_none();
            let deadline = self.deadline();
            ready.clear();
            match self.event_loop.turn(more_to_do, deadline) {
                Ok(events) => ready.extend(events.iter().map(|event| {
                    let readable = event.is_readable() || event.is_read_closed() || event.is_error();
                    (event.token().0, readable, event.is_writable())
                })),
                Err(error) => {
                    tracing::error!(%error, "the http sender cannot wait for its sockets and ends");
                    return;
                }
            }
            if !self.take_messages() {
                return;
            }
            for &(token, readable, writable) in &ready {
                self.handle_event(token, readable, writable);
            }
            self.accept();
            self.expire();
            self.give_turns();
            Counters::add(&self.shared.counters.beats, 1);
        }
    }

    fn deadline(&self) -> Option<Instant> {
        let turn = self.wheel.due_at().filter(|_| self.has_turns());
        let first = self.deadlines.first().map(|(at, _)| *at);
        [turn, first, self.accept_from].into_iter().flatten().min()
    }

    /// Whether anybody may be behind.
    fn has_turns(&self) -> bool {
        let time = self.wheel.round() * ROUNDS_AFTER_LAST;
        self.listeners > 0
            && self.last_byte.is_some_and(|last| self.event_loop.now().saturating_duration_since(last) < time)
    }

    /// False when the thread has to end.
    fn take_messages(&mut self) -> bool {
        loop {
            match self.inbox.try_recv() {
                Ok(Message::Piece(piece)) => self.take_piece(&piece),
                Ok(Message::ControlChanged) => self.control_changed(),
                Ok(Message::Described(description)) => self.description = description,
                Ok(Message::Beat) => {}
                Ok(Message::Stop) | Err(TryRecvError::Disconnected) => return false,
                Err(TryRecvError::Empty) => return true,
            }
        }
    }

    fn take_piece(&mut self, piece: &Piece) {
        match piece {
            Piece::Announce(_) => return,
            Piece::Begin(info) => {
                self.ring.begin(info);
                self.answer_waiting();
            }
            Piece::Chunk(chunk) => self.ring.chunk(&chunk.bytes, chunk.duration_ns),
            Piece::End { bytes, .. } => self.ring.end(bytes),
            Piece::Silence => return self.ring.silence(),
        }
        self.last_byte = Some(self.event_loop.now());
        self.shared.counters.ring_bytes.store(self.ring.capacity() as u64, Relaxed);
    }

    /// Whoever waited for something to be played.
    fn answer_waiting(&mut self) {
        let waiting: Vec<(usize, Request)> = self
            .connections
            .iter()
            .filter_map(|(key, connection)| match connection.state {
                State::Waiting(request) => Some((key, request)),
                _ => None,
            })
            .collect();
        for (key, request) in waiting {
            self.begin_listening(key, request);
        }
    }

    fn control_changed(&mut self) {
        let control = self.shared.control.lock().unwrap_or_else(PoisonError::into_inner);
        let unwelcome: Vec<usize> = self
            .connections
            .iter()
            .filter(|(_, connection)| !control.on || !control.access.permits(connection.peer))
            .map(|(key, _)| key)
            .collect();
        drop(control);
        for key in unwelcome {
            self.close(key);
        }
    }

    fn handle_event(&mut self, token: usize, readable: bool, writable: bool) {
        if token >= FIRST_SOCKET {
            self.to_accept = true;
            return;
        }
        let Some(connection) = self.connections.get_mut(token) else { return };
        let mut written = Written::default();
        let mut outcome = if readable { connection.readable() } else { Outcome::Fine };
        if writable && matches!(outcome, Outcome::Fine) {
            outcome = connection.writable(&self.ring, &mut written);
        }
        self.count(&written);
        self.settle(token, outcome);
    }

    fn settle(&mut self, key: usize, outcome: Outcome) {
        match outcome {
            Outcome::Fine => {}
            Outcome::Asked(Parsed::Request(request)) => self.asked(key, request),
            Outcome::Asked(Parsed::Options) => self.finish(key, response::options()),
            Outcome::Asked(Parsed::Incomplete) => {}
            Outcome::Refused(refusal) => self.refuse(key, refusal),
            Outcome::Gone => self.close(key),
            Outcome::Over => self.finish(key, Vec::new()),
            Outcome::TooSlow => {
                Counters::add(&self.shared.counters.too_slow, 1);
                if let Some(connection) = self.connections.get(key) {
                    tracing::info!(peer = %connection.peer, "a listener was too slow and is dropped");
                }
                self.close(key);
            }
        }
    }

    /// A request is complete.
    fn asked(&mut self, key: usize, request: Request) {
        let Some(container) = self.container(request.mount) else {
            if request.is_head {
                return self.refuse(key, Refusal::NothingPlayed);
            }
            if let Some(connection) = self.connections.get_mut(key) {
                connection.state = State::Waiting(request);
            }
            return self.set_deadline(key, Some(BEGIN_LIMIT));
        };
        if request.is_head {
            return self.finish(key, response::head(&request, container, &self.description));
        }
        let full = {
            let control = self.shared.control.lock().unwrap_or_else(PoisonError::into_inner);
            control.clients_max.is_some_and(|limit| self.listeners >= usize::try_from(limit).unwrap_or(usize::MAX))
        };
        if full { self.refuse(key, Refusal::Full) } else { self.begin_listening(key, request) }
    }

    /// What a mount plays; the default one nothing before something was played.
    fn container(&self, mount: Mount) -> Option<Container> {
        match mount {
            Mount::Of(container) => Some(container),
            Mount::Default => self.ring.latest().map(|segment| segment.info.container),
        }
    }

    fn begin_listening(&mut self, key: usize, request: Request) {
        let Some(container) = self.container(request.mount) else { return };
        let Some(connection) = self.connections.get_mut(key) else { return };
        let head = response::head(&request, container, &self.description);
        let join = self.ring.join(container);
        let has_titles = response::has_titles(&request, container);
        let ends = request.mount == Mount::Default;
        let listening = Listening::new(container, ends, has_titles, head, &join.header, join.offset);
        let position = self.wheel.insert(u32::try_from(key).unwrap_or(u32::MAX), self.event_loop.now());
        connection.state = State::Listening { listening, position };
        self.listeners += 1;
        self.shared.counters.set_listeners(self.listeners);
        Counters::add(&self.shared.counters.joined, 1);
        self.set_deadline(key, None);
        self.write(key);
    }

    fn write(&mut self, key: usize) {
        let Some(connection) = self.connections.get_mut(key) else { return };
        let mut written = Written::default();
        let outcome = connection.write(&self.ring, &mut written);
        self.count(&written);
        self.settle(key, outcome);
    }

    fn count(&self, written: &Written) {
        if written.writes > 0 {
            Counters::add(&self.shared.counters.writes, written.writes);
            Counters::add(&self.shared.counters.bytes, written.bytes);
        }
    }

    fn refuse(&mut self, key: usize, refusal: Refusal) {
        Counters::add(&self.shared.counters.refused, 1);
        self.finish(key, refusal.answer());
    }

    /// Sends the last words and closes.
    fn finish(&mut self, key: usize, answer: Vec<u8>) {
        self.leave_wheel(key);
        let Some(connection) = self.connections.get_mut(key) else { return };
        connection.state = State::Finishing(answer.into_boxed_slice(), 0);
        self.set_deadline(key, Some(CLOSE_LIMIT));
        // Twice: the answer, then the end of it.
        self.write(key);
    }

    fn close(&mut self, key: usize) {
        self.leave_wheel(key);
        self.set_deadline(key, None);
        if let Some(mut connection) = self.connections.try_remove(key) {
            // Closing it would do; the registry forgets it then.
            let _ = self.event_loop.registry().deregister(connection.socket());
        }
    }

    fn leave_wheel(&mut self, key: usize) {
        let Some(State::Listening { position, .. }) = self.connections.get(key).map(|connection| &connection.state)
        else {
            return;
        };
        let moved = self.wheel.remove(*position);
        self.listeners -= 1;
        self.shared.counters.set_listeners(self.listeners);
        if let Some((moved, place)) = moved
            && let Some(connection) = self.connections.get_mut(usize::try_from(moved).unwrap_or(usize::MAX))
            && let State::Listening { position, .. } = &mut connection.state
        {
            *position = place;
        }
    }

    fn set_deadline(&mut self, key: usize, limit: Option<Duration>) {
        if let Some(former) = self.deadline_of.remove(&key) {
            self.deadlines.remove(&(former, key));
        }
        if let Some(limit) = limit {
            let at = self.event_loop.now() + limit;
            self.deadlines.insert((at, key));
            self.deadline_of.insert(key, at);
        }
    }

    fn expire(&mut self) {
        let now = self.event_loop.now();
        while let Some(&(at, key)) = self.deadlines.first().filter(|(at, _)| *at <= now) {
            self.deadlines.remove(&(at, key));
            self.deadline_of.remove(&key);
            match self.connections.get(key).map(|connection| &connection.state) {
                // Without a byte it was no request that came late, but a connection for the sake of it.
                Some(State::Reading(received)) if !received.is_empty() => self.refuse(key, Refusal::Timeout),
                Some(State::Waiting(_)) => self.refuse(key, Refusal::NothingPlayed),
                _ => self.close(key),
            }
        }
    }

    /// Writes to those whose turn it is.
    fn give_turns(&mut self) {
        if !self.has_turns() {
            return;
        }
        let Some(slot) = self.wheel.take_due(self.event_loop.now()) else { return };
        let mut index = 0;
        while let Some(key) = self.wheel.key(slot, index) {
            let before = self.wheel.len(slot);
            self.write(usize::try_from(key).unwrap_or(usize::MAX));
            // Whoever left was replaced by the last of the slot, whose turn it still is.
            if self.wheel.len(slot) == before {
                index += 1;
            }
        }
    }

    fn accept(&mut self) {
        if let Some(from) = self.accept_from {
            if self.event_loop.now() < from {
                return;
            }
            self.accept_from = None;
        }
        if !self.to_accept {
            return;
        }
        let mut left = ACCEPTS_PER_TURN;
        for index in 0..self.sockets.len() {
            loop {
                if left == 0 {
                    return;
                }
                left -= 1;
                match self.sockets[index].accept() {
                    Ok((stream, peer)) => self.welcome(stream, peer.ip().to_canonical()),
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                    Err(error) if is_exhausted(&error) => {
                        tracing::warn!(%error, "no more listeners can be accepted for now");
                        self.accept_from = Some(self.event_loop.now() + ACCEPT_PAUSE);
                        return;
                    }
                    // The peer has left already.
                    Err(_) => {}
                }
            }
        }
        self.to_accept = false;
    }

    fn welcome(&mut self, stream: mio::net::TcpStream, peer: std::net::IpAddr) {
        Counters::add(&self.shared.counters.connections, 1);
        let refusal = {
            let control = self.shared.control.lock().unwrap_or_else(PoisonError::into_inner);
            if !control.on {
                Some(Refusal::Off)
            } else if !control.access.permits(peer) {
                Some(Refusal::Denied)
            } else {
                None
            }
        };
        if socket::prepare(&stream).is_err() {
            return;
        }
        let entry = self.connections.vacant_entry();
        let key = entry.key();
        let connection = entry.insert(Connection::new(stream, peer));
        let interest = Interest::READABLE | Interest::WRITABLE;
        if self.event_loop.registry().register(connection.socket(), Token(key), interest).is_err() {
            self.connections.remove(key);
            return;
        }
        match refusal {
            Some(refusal) => self.refuse(key, refusal),
            None => {
                self.set_deadline(key, Some(REQUEST_LIMIT));
                // Most have sent their request already.
                let outcome = self.connections[key].readable();
                self.settle(key, outcome);
            }
        }
    }
}

/// Whether the process or the system has no descriptors or memory left.
fn is_exhausted(error: &io::Error) -> bool {
    use rustix::io::Errno;
    [Errno::MFILE, Errno::NFILE, Errno::NOBUFS, Errno::NOMEM]
        .iter()
        .any(|errno| error.raw_os_error() == Some(errno.raw_os_error()))
}
