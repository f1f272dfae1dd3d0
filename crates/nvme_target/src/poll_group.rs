//! One core's share of the data path: a thread with its connections, its device queue and its buffers.
//!
//! ```text
//!   turn ─► accept ─► receive ≤ 256 KiB a socket ─► parse ─► memory: done at once
//!    ▲                                                  └──► files: queued
//!    │      one write a connection ◄─ reap ◄─ one submission for all files ◄┘
//!    └───────────────┘
//! ```
//! Cost of a pass over one busy connection: one `epoll_wait`, one `recvmsg`, one `sendmsg`, and one `io_uring_enter`
//! when files are involved, however many commands are in it. Memory devices: no lock, no allocation, one copy of
//! in-capsule payload out of the staging buffer, none of anything else.
//!
//! Invariants: a connection belongs to one group from accept on. Other threads reach it through the inbox only.

use std::collections::{BTreeSet, VecDeque};
use std::io;
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::Receiver;

use block::{Backend, Completion, DeviceQueue, DeviceQueueOptions};
use mio::net::{TcpListener, TcpStream};
use mio::{Interest, Token, unix::SourceFd};
use nvme::tcp::CommandTag;
use reactor::buffer_pool::BufferPool;
use reactor::clock::Instant;
use reactor::event_loop::WAKER_TOKEN;
use reactor::vectored::{DestinationList, SourceList};
use reactor::{EventLoop, affinity};
use slab::Slab;
use tracing::{debug, warn};

use crate::connection::{Connection, ConnectionId};
use crate::gauges::GroupGauges;
use crate::limits::{ACCEPT_PAUSE, DEVICE_REQUESTS_MAXIMUM, DRAIN_LIMIT, RECEIVE_BYTES_PER_PASS_MAXIMUM};
use crate::service::{GroupAddress, StartError};
use crate::socket::SocketOptions;
use crate::subsystem::{ListenerKind, Target};

const DEVICE_TOKEN: Token = Token(usize::MAX - 1);
/// Listener `i` has the token `LISTENER_TOKENS + i`; connections have their slab key.
const LISTENER_TOKENS: usize = usize::MAX / 2;

/// What other threads may ask of a group.
#[derive(Debug)]
pub(crate) enum Message {
    /// A connection that another group accepted for this one.
    Accepted(TcpStream, ListenerKind),
    /// Close this connection: its controller is gone.
    Close(ConnectionId),
    /// This connection's queue has a response to send.
    Wake(ConnectionId),
    /// Say that this has been read.
    Heartbeat(u64),
    /// Drain and end.
    Stop,
}

/// What a group is made from.
#[derive(Debug)]
pub(crate) struct PollGroupOptions {
    pub(crate) index: usize,
    pub(crate) core: Option<usize>,
    pub(crate) target: Arc<Target>,
    pub(crate) groups: Arc<[GroupAddress]>,
    /// Of all groups.
    pub(crate) gauges: Arc<[GroupGauges]>,
    pub(crate) listeners: Vec<(TcpListener, ListenerKind)>,
    pub(crate) socket: SocketOptions,
    pub(crate) backend: Backend,
}

/// What the connections of a group share during a pass.
pub(crate) struct Resources {
    pub(crate) now: Instant,
    pub(crate) devices: DeviceQueue,
    pub(crate) buffers: BufferPool,
    /// Commands that wait for a buffer, the oldest first.
    pub(crate) waiting: VecDeque<(ConnectionId, CommandTag)>,
    /// Where sockets are received into. Taken out while its content is parsed.
    pub(crate) staging: Box<[u8]>,
    pub(crate) sources: SourceList<'static>,
    pub(crate) destinations: DestinationList<'static>,
}

/// The state of one group.
pub(crate) struct PollGroup {
    options: PollGroupOptions,
    event_loop: EventLoop,
    inbox: Receiver<Message>,
    connections: Slab<Box<Connection>>,
    generation: u16,
    resources: Resources,
    completions: Vec<Completion>,
    /// Connections that have something to do in this pass or the next. A connection is in it once at most
    /// ([`Connection::listed`]).
    busy: Vec<usize>,
    timers: BTreeSet<(Instant, usize)>,
    accept_now: bool,
    accept_again_at: Option<Instant>,
    next_group: usize,
    /// While stopping: when to stop being patient.
    drain_until: Option<Instant>,
}

impl PollGroup {
    /// Prepares the calling thread to be the group's.
    ///
    /// # Errors
    /// [`StartError`] when the core, the rings or the registrations are refused.
    pub(crate) fn new(
        mut options: PollGroupOptions,
        event_loop: EventLoop,
        inbox: Receiver<Message>,
    ) -> Result<Self, StartError> {
        if let Some(core) = options.core {
            affinity::pin_to_core(core).map_err(|source| StartError::Core { core, source })?;
        }
        let buffers = BufferPool::new().map_err(StartError::PollGroup)?;
        let device_options = DeviceQueueOptions { entries: DEVICE_REQUESTS_MAXIMUM, backend: options.backend };
        let devices = DeviceQueue::new(device_options, &buffers).map_err(StartError::PollGroup)?;
        let registry = event_loop.registry();
        registry
            .register(&mut SourceFd(&devices.event_fd().as_raw_fd()), DEVICE_TOKEN, Interest::READABLE)
            .map_err(StartError::PollGroup)?;
        for (index, (listener, _)) in options.listeners.iter_mut().enumerate() {
            registry
                .register(listener, Token(LISTENER_TOKENS + index), Interest::READABLE)
                .map_err(StartError::PollGroup)?;
        }
        let now = event_loop.now();
        Ok(Self {
            options,
            event_loop,
            inbox,
            connections: Slab::new(),
            generation: 0,
            resources: Resources {
                now,
                devices,
                buffers,
                waiting: VecDeque::new(),
                staging: vec![0; RECEIVE_BYTES_PER_PASS_MAXIMUM].into_boxed_slice(),
                sources: SourceList::new(),
                destinations: DestinationList::new(),
            },
            completions: Vec::new(),
            busy: Vec::new(),
            timers: BTreeSet::new(),
            accept_now: false,
            accept_again_at: None,
            next_group: 0,
            drain_until: None,
        })
    }

    /// Serves until a [`Message::Stop`] has been acted on.
    pub(crate) fn run(&mut self) {
        while !self.drained() {
            if let Err(error) = self.gather() {
                // epoll_wait fails for no reason that a retry or another descriptor could mend.
                tracing::error!(%error, "poll group {} cannot wait for events and ends", self.options.index);
                return;
            }
            self.accept();
            self.receive();
            self.reap();
            self.serve_waiting();
            self.submit();
            self.transmit();
            self.fire_timers();
            self.show();
        }
    }

    /// Stores what others may see of this pass.
    fn show(&self) {
        let gauges = self.gauges();
        GroupGauges::count_one(&gauges.passes);
        gauges.sleeps.store(self.event_loop.sleeps(), Ordering::Relaxed);
        gauges.connections.store(self.connections.len() as u64, Ordering::Relaxed);
        gauges.at_devices.store(self.resources.devices.in_flight() as u64, Ordering::Relaxed);
        gauges.waiting_for_buffers.store(self.resources.waiting.len() as u64, Ordering::Relaxed);
    }

    fn gauges(&self) -> &GroupGauges {
        &self.options.gauges[self.options.index]
    }

    fn drained(&self) -> bool {
        self.drain_until.is_some_and(|until| self.connections.is_empty() || until <= self.resources.now)
    }

    /// Waits for events and notes what they mean.
    fn gather(&mut self) -> io::Result<()> {
        let deadline = [self.timers.first().map(|&(at, _)| at), self.accept_again_at, self.drain_until]
            .into_iter()
            .flatten()
            .min();
        let more_to_do = !self.busy.is_empty() || self.accept_now;
        let mut woken = false;
        for event in self.event_loop.turn(more_to_do, deadline)? {
            match event.token() {
                WAKER_TOKEN => woken = true,
                DEVICE_TOKEN => self.resources.devices.clear_event(),
                Token(listener) if listener >= LISTENER_TOKENS => self.accept_now = true,
                Token(key) => {
                    if let Some(connection) = self.connections.get_mut(key) {
                        connection.ready(event);
                        list(&mut self.busy, key, connection);
                    }
                }
            }
        }
        self.resources.now = self.event_loop.now();
        if woken {
            while let Ok(message) = self.inbox.try_recv() {
                self.obey(message);
            }
        }
        Ok(())
    }

    fn obey(&mut self, message: Message) {
        match message {
            Message::Accepted(stream, kind) => self.adopt(stream, kind),
            Message::Close(id) => {
                if let Some(connection) = find(&mut self.connections, id) {
                    connection.close_after_output(self.resources.now);
                    list(&mut self.busy, id.key as usize, connection);
                }
            }
            Message::Wake(id) => {
                if let Some(connection) = find(&mut self.connections, id) {
                    list(&mut self.busy, id.key as usize, connection);
                }
            }
            Message::Heartbeat(number) => self.gauges().answered_heartbeat.store(number, Ordering::Relaxed),
            Message::Stop => {
                for (mut listener, _) in std::mem::take(&mut self.options.listeners) {
                    // A supervisor may have the same socket, and closing this descriptor of it would not do.
                    let _ = self.event_loop.registry().deregister(&mut listener);
                }
                self.accept_now = false;
                self.accept_again_at = None;
                self.drain_until = Some(self.resources.now + DRAIN_LIMIT);
                for (key, connection) in &mut self.connections {
                    connection.drain();
                    list(&mut self.busy, key, connection);
                }
            }
        }
    }

    /// Accepts all that wait, and deals them out to the groups in turn.
    fn accept(&mut self) {
        if self.accept_again_at.is_some_and(|at| at <= self.resources.now) {
            self.accept_again_at = None;
            self.accept_now = true;
        }
        if !std::mem::take(&mut self.accept_now) || self.accept_again_at.is_some() {
            return;
        }
        let mut streams = Vec::new();
        for (listener, kind) in &self.options.listeners {
            loop {
                match listener.accept() {
                    Ok((stream, _)) => streams.push((stream, *kind)),
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                    // The peer was gone before we came to it.
                    Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
                    Err(error) => {
                        warn!(%error, "cannot accept connections, trying again in {ACCEPT_PAUSE:?}");
                        self.accept_again_at = Some(self.resources.now + ACCEPT_PAUSE);
                        break;
                    }
                }
            }
        }
        for (stream, kind) in streams {
            let group = self.next_group;
            self.next_group = (group + 1) % self.options.groups.len();
            if group == self.options.index {
                self.adopt(stream, kind);
            } else {
                self.options.groups[group].send(Message::Accepted(stream, kind));
            }
        }
    }

    /// Makes an accepted connection this group's own.
    fn adopt(&mut self, mut stream: TcpStream, kind: ListenerKind) {
        if self.drain_until.is_some() {
            return;
        }
        let entry = self.connections.vacant_entry();
        self.generation = self.generation.wrapping_add(1);
        let Ok(key) = u32::try_from(entry.key()) else {
            return;
        };
        let id = ConnectionId { key, generation: self.generation };
        let registered = self.options.socket.apply(&stream).and_then(|()| {
            let interest = Interest::READABLE | Interest::WRITABLE;
            self.event_loop.registry().register(&mut stream, Token(entry.key()), interest)
        });
        let group = self.options.groups[self.options.index].clone();
        let now = self.resources.now;
        let connection =
            registered.and_then(|()| Connection::new(id, stream, kind, Arc::clone(&self.options.target), group, now));
        match connection {
            Ok(connection) => {
                let connection = entry.insert(Box::new(connection));
                // Data may have come before the registration did: look once without being told.
                connection.look();
                list(&mut self.busy, id.key as usize, connection);
                GroupGauges::count_one(&self.gauges().adopted);
            }
            // Usually a peer that is gone already.
            Err(error) => debug!(%error, "dropped a connection while accepting it"),
        }
    }

    fn receive(&mut self) {
        for index in 0..self.busy.len() {
            if let Some(connection) = self.connections.get_mut(self.busy[index]) {
                connection.receive(&mut self.resources);
            }
        }
    }

    /// Hands out what the devices have finished.
    fn reap(&mut self) {
        if self.resources.devices.in_flight() == 0 {
            return;
        }
        let mut completions = std::mem::take(&mut self.completions);
        self.resources.devices.poll(&mut completions);
        for completion in completions.drain(..) {
            let (id, tag) = ConnectionId::from_slot(completion.slot);
            // A connection that closed meanwhile: the buffer goes back to the pool by being dropped.
            if let Some(connection) = find(&mut self.connections, id) {
                connection.device_completed(tag, completion, &mut self.resources);
                list(&mut self.busy, id.key as usize, connection);
            }
        }
        self.completions = completions;
    }

    /// Gives free buffers to the commands that wait for one, the oldest first.
    fn serve_waiting(&mut self) {
        while let Some(&(id, tag)) = self.resources.waiting.front() {
            if let Some(connection) = find(&mut self.connections, id) {
                if !connection.buffer_available(tag, &mut self.resources) {
                    break;
                }
                list(&mut self.busy, id.key as usize, connection);
            }
            self.resources.waiting.pop_front();
        }
    }

    /// Hands to the system what was asked of devices since they were reaped.
    fn submit(&mut self) {
        if let Err(error) = self.resources.devices.flush() {
            // The requests stay queued, and the next pass tries again.
            warn!(%error, "cannot submit to the devices");
        }
    }

    /// One write for each connection that has output; then forgets those with nothing more to do.
    fn transmit(&mut self) {
        let mut busy = std::mem::take(&mut self.busy);
        busy.retain(|&key| self.transmit_one(key));
        self.busy = busy;
    }

    /// Returns whether the connection stays on the list.
    fn transmit_one(&mut self, key: usize) -> bool {
        let Some(connection) = self.connections.get_mut(key) else {
            return false;
        };
        connection.transmit(&mut self.resources);
        if connection.finished() {
            self.remove(key);
            return false;
        }
        connection.listed = connection.end_pass(self.resources.now);
        if let Some(change) = connection.earlier_timer() {
            if let Some(old) = change.old {
                self.timers.remove(&(old, key));
            }
            self.timers.insert((change.new, key));
        }
        connection.listed
    }

    fn remove(&mut self, key: usize) {
        let mut connection = self.connections.remove(key);
        if let Some(at) = connection.timer() {
            self.timers.remove(&(at, key));
        }
        connection.closed(self.event_loop.registry(), self.resources.now);
    }

    fn fire_timers(&mut self) {
        while let Some(&(at, key)) = self.timers.first() {
            if at > self.resources.now {
                return;
            }
            self.timers.pop_first();
            if let Some(connection) = self.connections.get_mut(key) {
                connection.timer_fired(self.resources.now);
                // What it has to say or to do is done at the end of the next pass, which also sets its next timer.
                list(&mut self.busy, key, connection);
            }
        }
    }
}

fn list(busy: &mut Vec<usize>, key: usize, connection: &mut Connection) {
    if !connection.listed {
        connection.listed = true;
        busy.push(key);
    }
}

fn find(connections: &mut Slab<Box<Connection>>, id: ConnectionId) -> Option<&mut Connection> {
    let connection = connections.get_mut(id.key as usize)?;
    (connection.id() == id).then_some(&mut **connection)
}
