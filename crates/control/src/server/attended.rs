//! The connections of the control socket, served a turn at a time.
//!
//! Nothing here waits, but for [`AttendedServer::drain`]: whoever has the loop waits for the descriptor and the deadline.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixListener as StdListener;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{self, Receiver, Sender};

use mio::net::{UnixListener, UnixStream};
use mio::{Interest, Token};
use reactor::clock::{self, Duration, Instant};
use reactor::{EventLoop, IdlePolicy, RemoteWaker};
use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::io::Errno;

use super::peer::Peer;
use super::{ControlSocket, Statistics};
use crate::command::{Called, CommandTable, Outcome, PendingAnswer};
use crate::limits::{
    ACCEPT_RETRY, ACCEPTS_PER_TURN, CONNECTIONS_MAX, DRAIN_TIMEOUT, IDLE_TIMEOUT, READ_BYTES, REQUESTS_PER_TURN,
};
use crate::wire::{ProtocolError, Request};

const LISTENER: Token = Token(usize::MAX - 1);

/// How often rate limits are asked for what they have dropped and not told.
const REPORT_INTERVAL: Duration = Duration::from_mins(1);

/// Number of a connection; each is given once.
type Id = usize;

/// A control server without a thread of its own, for a program that has one loop for everything it waits for.
///
/// ```no_run
/// # fn attend(mut server: control::server::AttendedServer) -> std::io::Result<()> {
/// use reactor::clock;
/// use rustix::event::{PollFd, PollFlags, poll};
///
/// loop {
///     let now = clock::now();
///     server.turn(now)?;
///     let wait = server.next_deadline().map(|at| at.saturating_duration_since(now).try_into()).transpose();
///     let descriptor = server.descriptor();
///     poll(&mut [PollFd::new(&descriptor, PollFlags::IN)], wait.ok().flatten().as_ref())?;
/// }
/// # }
/// ```
///
/// Dropped, it closes its connections and removes the socket file.
///
/// Cost of a turn in which nothing has happened: one `epoll_wait` that does not wait, and a look at each connection.
pub struct AttendedServer {
    event_loop: EventLoop,
    listener: UnixListener,
    /// Removes the socket file when it is dropped.
    socket: ControlSocket,
    table: CommandTable,
    statistics: Statistics,
    peers: BTreeMap<Id, Peer>,
    next_id: Id,
    /// Connections that may have something to do.
    ready: BTreeSet<Id>,
    /// Whether connections may wait to be accepted.
    acceptable: bool,
    accept_retry_at: Option<Instant>,
    report_at: Instant,
    /// A descriptor to give up when there is no other left.
    reserve: Option<File>,
    answers: Receiver<(Id, Outcome)>,
    answer_sender: Sender<(Id, Outcome)>,
    buffer: Vec<u8>,
}

/// Why a connection is closed.
enum Closing {
    /// The peer has ended it.
    Finished,
    /// The peer broke the protocol.
    Protocol(ProtocolError),
    /// The socket failed.
    Socket(io::Error),
}

impl From<io::Error> for Closing {
    fn from(error: io::Error) -> Self {
        Self::Socket(error)
    }
}

impl AttendedServer {
    /// Serves `table` at `socket` from the first [`turn`](Self::turn) on. A client that comes earlier waits.
    ///
    /// # Errors
    /// When the system grants no epoll instance or descriptor.
    pub fn new(socket: ControlSocket, table: CommandTable, statistics: Statistics) -> io::Result<Self> {
        let event_loop = EventLoop::new(IdlePolicy { spin: Duration::ZERO })?;
        let mut listener = UnixListener::from_std(StdListener::from(socket.listener()?));
        event_loop.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
        let (answer_sender, answers) = mpsc::channel();
        let report_at = event_loop.now() + REPORT_INTERVAL;
        Ok(Self {
            event_loop,
            listener,
            socket,
            table,
            statistics,
            peers: BTreeMap::new(),
            next_id: 0,
            ready: BTreeSet::new(),
            acceptable: true,
            accept_retry_at: None,
            report_at,
            reserve: Some(reserve()?),
            answers,
            answer_sender,
            buffer: vec![0; READ_BYTES],
        })
    }

    /// What to wait for with `poll` or the like: when it is readable, a [`turn`](Self::turn) is due. It also becomes
    /// readable when a command that answers later has been answered, from whatever thread.
    #[must_use]
    pub fn descriptor(&self) -> BorrowedFd<'_> {
        self.event_loop.registry().as_fd()
    }

    /// When a [`turn`](Self::turn) is due at the latest, whatever the descriptor says; in the past when there is more to
    /// do at once.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Instant> {
        if self.acceptable || !self.ready.is_empty() {
            return Some(self.event_loop.now());
        }
        [Some(self.report_at), self.accept_retry_at, self.idle_deadline()].into_iter().flatten().min()
    }

    /// The socket that is served, to hand its listening descriptor over to a program that is executed in the place of
    /// this one.
    #[must_use]
    pub fn socket(&self) -> &ControlSocket {
        &self.socket
    }

    /// Ends a wait for the [`descriptor`](Self::descriptor) from another thread.
    pub(super) fn waker(&self) -> RemoteWaker {
        self.event_loop.waker()
    }

    /// Does what there is to do, a bounded part of each connection's, without waiting for anything.
    ///
    /// # Errors
    /// When epoll fails, which nothing can mend.
    pub fn turn(&mut self, now: Instant) -> io::Result<()> {
        self.gather()?;
        self.acceptable |= self.accept_retry_at.is_some_and(|at| at <= now);
        self.close_idle(now);
        if self.acceptable {
            self.accept(now);
        }
        self.serve_ready(now);
        if self.report_at <= now {
            self.report_at = now + REPORT_INTERVAL;
            self.table.logging().report_dropped(now);
        }
        Ok(())
    }

    /// Answers what has arrived and sends what is to be sent, for up to [`DRAIN_TIMEOUT`], and lets nobody new in
    /// meanwhile. Then the server may be dropped, another program may be executed in this one's place, or it goes on with
    /// the next [`turn`](Self::turn).
    ///
    /// # Errors
    /// When epoll fails.
    pub fn drain(&mut self) -> io::Result<()> {
        let mut now = clock::now();
        let give_up_at = now + DRAIN_TIMEOUT;
        self.ready = self.peers.keys().copied().collect();
        loop {
            let sending = self.peers.values().any(|peer| !peer.connection.output().is_empty());
            if now >= give_up_at || (self.ready.is_empty() && !sending) {
                return Ok(());
            }
            now = self.wait(Some(if self.ready.is_empty() { give_up_at } else { now }))?;
            self.gather()?;
            self.serve_ready(now);
        }
    }

    /// Waits for something to do until `deadline`, in epoll itself: a wait for its descriptor would be woken as if by a stranger,
    /// on another processor, which costs more than the request. Returns the time.
    pub(super) fn wait(&mut self, deadline: Option<Instant>) -> io::Result<Instant> {
        self.gather_until(false, deadline)?;
        Ok(self.event_loop.now())
    }

    /// Notes what has become ready.
    fn gather(&mut self) -> io::Result<()> {
        self.gather_until(true, None)
    }

    fn gather_until(&mut self, more_to_do: bool, deadline: Option<Instant>) -> io::Result<()> {
        for event in self.event_loop.turn(more_to_do, deadline)? {
            let Token(id) = event.token();
            if event.token() == LISTENER {
                self.acceptable = true;
            } else if let Some(peer) = self.peers.get_mut(&id) {
                peer.is_ready(event.is_readable() || event.is_read_closed(), event.is_writable());
                self.ready.insert(id);
            }
        }
        self.take_answers();
        Ok(())
    }

    fn serve_ready(&mut self, now: Instant) {
        for id in std::mem::take(&mut self.ready) {
            self.serve(id, now);
        }
    }

    fn take_answers(&mut self) {
        while let Ok((id, outcome)) = self.answers.try_recv() {
            // The peer may have gone away meanwhile.
            if let Some(peer) = self.peers.get_mut(&id) {
                peer.connection.answer(&outcome);
                self.ready.insert(id);
            }
        }
    }

    fn accept(&mut self, now: Instant) {
        self.accept_retry_at = None;
        for _ in 0..ACCEPTS_PER_TURN {
            match self.listener.accept() {
                Ok((stream, _)) => self.admit(stream, now),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.acceptable = false;
                    return;
                }
                // The kernel looks for a descriptor before it looks for a connection.
                Err(error) if is_short_of_descriptors(&error) && !self.is_connection_waiting() => {
                    self.acceptable = false;
                    return;
                }
                Err(error) if is_short_of_descriptors(&error) => {
                    if self.reserve.take().is_none() && !self.evict() {
                        tracing::warn!(per_minute = 5, %error, "cannot accept control connections");
                        self.acceptable = false;
                        self.accept_retry_at = Some(now + ACCEPT_RETRY);
                        return;
                    }
                }
                // A connection that failed before it was accepted; the next one may be good.
                Err(error) => tracing::debug!(%error, "a control connection failed before it was accepted"),
            }
        }
    }

    fn is_connection_waiting(&self) -> bool {
        let mut listener = [PollFd::new(&self.listener, PollFlags::IN)];
        rustix::event::poll(&mut listener, Some(&Timespec::default())).is_ok_and(|count| count > 0)
    }

    fn admit(&mut self, stream: UnixStream, now: Instant) {
        let counters = &self.statistics.0;
        counters.accepted.fetch_add(1, Ordering::Relaxed);
        let id = self.next_id;
        let own_user = rustix::process::geteuid().as_raw();
        let admitted = Peer::new(stream, now).and_then(|mut peer| {
            let user = peer.credentials.user;
            if user != 0 && user != own_user {
                return Err(io::Error::other(format!("user {user} is neither root nor user {own_user}")));
            }
            let interest = peer.interest();
            self.event_loop.registry().register(peer.stream(), Token(id), interest)?;
            Ok(peer)
        });
        match admitted {
            Ok(peer) => {
                self.next_id += 1;
                self.peers.insert(id, peer);
                self.ready.insert(id);
                self.statistics.0.open.store(self.peers.len() as u64, Ordering::Relaxed);
            }
            Err(error) => {
                counters.refused.fetch_add(1, Ordering::Relaxed);
                tracing::warn!(per_minute = 5, %error, "refused a control connection");
            }
        }
        if self.peers.len() > CONNECTIONS_MAX {
            self.evict();
        }
        if self.reserve.is_none() {
            self.reserve = reserve().ok();
        }
    }

    /// Closes the connection that has been idle for longest, to make room. Returns whether there was one.
    fn evict(&mut self) -> bool {
        let idle = self.peers.iter().filter(|(_, peer)| !peer.connection.is_busy());
        let Some((&id, _)) = idle.min_by_key(|(_, peer)| peer.active_at) else {
            return false;
        };
        self.statistics.0.evicted.fetch_add(1, Ordering::Relaxed);
        tracing::warn!(per_minute = 5, "closed the control connection that was idle for longest, to make room");
        self.remove(id);
        true
    }

    fn idle_deadline(&self) -> Option<Instant> {
        let idle = self.peers.values().filter(|peer| !peer.connection.is_busy());
        idle.map(|peer| peer.active_at + IDLE_TIMEOUT).min()
    }

    fn close_idle(&mut self, now: Instant) {
        let expired = |peer: &Peer| !peer.connection.is_busy() && peer.active_at + IDLE_TIMEOUT <= now;
        let expired: Vec<Id> = self.peers.iter().filter(|(_, peer)| expired(peer)).map(|(&id, _)| id).collect();
        for id in expired {
            tracing::debug!(connection = id, "closed an idle control connection");
            self.remove(id);
        }
    }

    fn remove(&mut self, id: Id) {
        self.peers.remove(&id);
        self.ready.remove(&id);
        self.statistics.0.open.store(self.peers.len() as u64, Ordering::Relaxed);
        if self.reserve.is_none() {
            self.reserve = reserve().ok();
        }
    }

    /// Does a bounded part of what a connection asks for.
    fn serve(&mut self, id: Id, now: Instant) {
        let Err(closing) = self.try_serve(id, now).and_then(|()| Ok(self.watch(id)?)) else {
            return;
        };
        match closing {
            Closing::Finished => tracing::debug!(connection = id, "control connection ended"),
            Closing::Socket(error) => tracing::debug!(connection = id, %error, "control connection failed"),
            Closing::Protocol(error) => {
                self.statistics.0.protocol_errors.fetch_add(1, Ordering::Relaxed);
                tracing::warn!(per_minute = 5, connection = id, %error, "closed a control connection");
            }
        }
        self.remove(id);
    }

    /// Asks to be told of room for a connection that waits for it, and of nothing but requests for the others: else each answer
    /// that a peer reads would wake this loop.
    fn watch(&mut self, id: Id) -> io::Result<()> {
        let Some(peer) = self.peers.get_mut(&id) else { return Ok(()) };
        if !peer.changes_interest() {
            return Ok(());
        }
        let interest = peer.interest();
        self.event_loop.registry().reregister(peer.stream(), Token(id), interest)
    }

    fn try_serve(&mut self, id: Id, now: Instant) -> Result<(), Closing> {
        for _ in 0..REQUESTS_PER_TURN {
            let Some(peer) = self.peers.get_mut(&id) else {
                return Ok(());
            };
            peer.write(now)?;
            match peer.connection.next_request() {
                Ok(Some(request)) => self.call(id, &request),
                Ok(None) if peer.read(&mut self.buffer, now)? => {}
                Ok(None) if peer.connection.is_finished() => {
                    if peer.connection.has_partial_request() {
                        tracing::debug!(connection = id, "a control connection ended within a request");
                    }
                    return Err(Closing::Finished);
                }
                Ok(None) => return Ok(()),
                Err(error) => return Err(Closing::Protocol(error)),
            }
        }
        self.ready.insert(id);
        Ok(())
    }

    fn call(&mut self, id: Id, request: &Request) {
        let Some(peer) = self.peers.get_mut(&id) else {
            return;
        };
        self.statistics.0.requests.fetch_add(1, Ordering::Relaxed);
        let (process, user) = (peer.credentials.process, peer.credentials.user);
        tracing::debug!(connection = id, process, user, method = request.method.as_str(), "control request");
        let pending = || {
            let (sender, waker) = (self.answer_sender.clone(), self.event_loop.waker());
            PendingAnswer::new(move |outcome| {
                // A server that has stopped meanwhile takes no answers.
                if sender.send((id, outcome)).is_ok() {
                    waker.wake();
                }
            })
        };
        match self.table.call(request, peer.connection.format(), pending) {
            Called::Done(outcome, format) => {
                peer.connection.set_format(format);
                peer.connection.answer(&outcome);
            }
            Called::Pending => {}
        }
    }
}

/// A descriptor that is good for nothing but being closed.
fn reserve() -> io::Result<File> {
    File::open("/dev/null")
}

fn is_short_of_descriptors(error: &io::Error) -> bool {
    let errno = Errno::from_io_error(error);
    [Errno::MFILE, Errno::NFILE, Errno::NOBUFS, Errno::NOMEM].into_iter().any(|short| errno == Some(short))
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::os::unix::net::UnixStream as StdStream;
    use std::sync::Arc;

    use super::*;
    use crate::command::Service;
    use crate::log::Logging;
    use crate::testing::Directory;
    use crate::{Command, Node};

    #[test]
    fn defect_17_an_idle_connection_is_closed_unless_its_command_is_not_done() {
        let directory = Directory::new();
        let mut table = CommandTable::new(Service {
            name: "demo".into(),
            version: "1".into(),
            logging: Logging::with_console("demo", Box::new(io::sink())),
            state: Arc::new(|_: &mut Node<'_>| {}),
            exit: Box::new(|| {}),
        });
        let (block, _blocked) = mpsc::channel();
        table.add(Command::deferred("block", "", 0..=0, move |_, pending| block.send(pending).unwrap()));
        let socket = ControlSocket::bind(&directory.join("a.ctl")).unwrap();
        let mut connections = AttendedServer::new(socket, table, Statistics::default()).unwrap();
        let mut idle = StdStream::connect(directory.join("a.ctl")).unwrap();
        let mut busy = StdStream::connect(directory.join("a.ctl")).unwrap();
        io::Write::write_all(&mut busy, br#"{"id":1,"method":"block","params":[]}"#).unwrap();
        while connections.peers.len() < 2 || !connections.peers.values().any(|peer| peer.connection.is_busy()) {
            let now = connections.wait(connections.next_deadline()).unwrap();
            connections.turn(now).unwrap();
        }
        let opened_at = connections.peers.values().map(|peer| peer.active_at).max().unwrap();
        assert_eq!(connections.idle_deadline(), Some(connections.peers[&0].active_at + IDLE_TIMEOUT));
        connections.close_idle(connections.peers[&0].active_at + IDLE_TIMEOUT - Duration::from_nanos(1));
        assert_eq!(connections.peers.len(), 2);
        connections.close_idle(opened_at + IDLE_TIMEOUT);
        assert_eq!(connections.peers.keys().collect::<Vec<_>>(), [&1]);
        assert_eq!(idle.read(&mut [0]).unwrap(), 0);
    }
}
