//! The process that accepts connections of front ends and starts a process for each.
//!
//! ```text
//!  accept ─► from an allowed network? ─► waiting: first 24 bytes ─► a header of ours? ─► session: process, link
//!                │ no: closed               │ not in time: closed       │ no: told why       │ wants to run
//!                                                                                            ▼
//!                                                                      queue ──► go, at most `runs_at_once` at a time
//! ```
//! A connection costs a descriptor until it has sent the header of a frame, which front ends do at once: however many others there
//! are, no process is started for them, and no place is taken. One thread does all of it, and waits in `poll`.

mod board;
mod commands;
mod connection;
mod sessions;
mod socket;

use std::io;
use std::os::fd::AsFd;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::{self, JoinHandle};

use control::{Command, Inspect};
use reactor::clock::{self, Duration, Instant};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

use self::board::Board;
use self::connection::{Arrivals, Verdict};
use self::sessions::Sessions;
use self::socket::{Accepting, Peer};
pub use self::socket::{ListenError, UnixSocket};
use super::bell::Bell;
use super::limits::STOP_PATIENCE;
use super::permissions::{Network, Permissions};

/// How a listener does its work.
#[derive(Debug, Clone)]
pub struct ListenerSettings {
    /// Networks whose front ends are let in, besides this machine.
    pub allow: Vec<Network>,
    /// Sessions at once, those included that wait for their turn.
    pub sessions_max: usize,
    /// Runs at once; others wait for their turn, and are told their place.
    pub runs_at_once: usize,
    /// What each session may do.
    pub permissions: Permissions,
    /// Layers of the sandbox that sessions leave out, as `--no-sandbox` takes them.
    pub sandbox_off: String,
    /// The program of a session and its arguments.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// The variable that tells it that its standard output is the link.
    pub link_variable: String,
}

/// What an operator asks for.
enum Order {
    Stop { session: u32, reason: String },
    End,
}

/// A listener at work.
#[derive(Debug)]
pub struct Listener {
    board: Board,
    orders: Sender<Order>,
    bell: Bell,
    thread: JoinHandle<()>,
}

impl Listener {
    /// Starts it on sockets that are bound.
    ///
    /// # Errors
    /// When there are no descriptors or threads left.
    pub fn start(
        settings: ListenerSettings,
        tcp: Vec<std::net::TcpListener>,
        unix: Vec<UnixSocket>,
    ) -> io::Result<Self> {
        let accepting = tcp.into_iter().map(Accepting::Tcp).chain(unix.into_iter().map(Accepting::Unix));
        let accepting: Vec<Accepting> = accepting.collect();
        accepting.iter().try_for_each(Accepting::prepare)?;
        let (board, bell) = (Board::default(), Bell::new()?);
        board.round();
        let (orders, inbox) = mpsc::channel();
        let mut work = Work {
            arrivals: Arrivals::default(),
            sessions: Sessions::new(settings.clone(), board.clone()),
            settings,
            accepting,
            board: board.clone(),
            inbox,
            bell: bell.clone(),
            pause_until: None,
        };
        let thread = thread::Builder::new().name("bench-listener".to_owned()).spawn(move || work.run())?;
        Ok(Self { board, orders, bell, thread })
    }

    /// The live state.
    #[must_use]
    pub fn state(&self) -> Arc<dyn Inspect> {
        Arc::new(self.board.clone())
    }

    /// `run/list`, `run/show`, `run/stop`.
    #[must_use]
    pub fn commands(&self) -> Vec<Command> {
        commands::all(&self.board, &self.orders, &self.bell)
    }

    /// Whether its thread still comes round.
    #[must_use]
    pub fn is_well(&self) -> bool {
        self.bell.ring();
        !self.thread.is_finished() && self.board.came_round()
    }

    /// Ends all sessions, which tell their front ends, and waits for them.
    pub fn stop(self) {
        let _ = self.orders.send(Order::End);
        self.bell.ring();
        let _ = self.thread.join();
    }
}

struct Work {
    settings: ListenerSettings,
    accepting: Vec<Accepting>,
    arrivals: Arrivals,
    sessions: Sessions,
    board: Board,
    inbox: Receiver<Order>,
    bell: Bell,
    /// Nothing is accepted until then: the kernel had no descriptor.
    pause_until: Option<Instant>,
}

/// How long nothing is accepted when there are no descriptors.
const PAUSE: Duration = Duration::from_millis(100);

impl Work {
    fn run(&mut self) {
        loop {
            if let Err(error) = self.wait() {
                tracing::error!(%error, "cannot wait for connections");
                return;
            }
            self.bell.hear();
            self.board.round();
            while let Ok(order) = self.inbox.try_recv() {
                match order {
                    Order::Stop { session, reason } => self.sessions.stop(session, &reason),
                    Order::End => return self.end(),
                }
            }
            let now = clock::now();
            self.accept(now);
            for (connection, verdict) in self.arrivals.look(now) {
                match verdict {
                    Verdict::FrontEnd => self.start(connection, now),
                    Verdict::Stranger(words) => {
                        self.board.count(|counters| counters.strangers += 1);
                        self.arrivals.part(connection, &words, now);
                    }
                    Verdict::Silent => self.board.count(|counters| counters.silent += 1),
                }
            }
            self.sessions.look();
        }
    }

    fn wait(&mut self) -> io::Result<()> {
        let now = clock::now();
        let mut polled = vec![PollFd::new(&self.bell, PollFlags::IN)];
        polled.extend(self.arrivals.descriptors(now).map(|socket| PollFd::from_borrowed_fd(socket, PollFlags::IN)));
        let arrivals = polled.len() - 1;
        if self.pause_until.is_none_or(|until| until <= now) {
            polled.extend(self.accepting.iter().map(|socket| PollFd::from_borrowed_fd(socket.as_fd(), PollFlags::IN)));
        }
        polled.extend(self.sessions.descriptors().map(|link| PollFd::from_borrowed_fd(link, PollFlags::IN)));
        let times = [self.pause_until, self.arrivals.next_time(now), self.sessions.next_time(now)];
        let next = times.into_iter().flatten().filter(|&time| time > now).min();
        let timeout = next.map(|time| Timespec::try_from(time - now)).transpose().map_err(io::Error::other)?;
        match poll(&mut polled, timeout.as_ref()) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(errno) => return Err(errno.into()),
        }
        let ready: Vec<bool> = polled[1..=arrivals].iter().map(|polled| !polled.revents().is_empty()).collect();
        self.arrivals.ready(now, ready.into_iter());
        Ok(())
    }

    fn accept(&mut self, now: Instant) {
        if self.pause_until.is_some_and(|until| until > now) {
            return;
        }
        self.pause_until = None;
        for socket in &self.accepting {
            loop {
                let (stream, peer) = match socket.accept() {
                    Ok(Some(accepted)) => accepted,
                    Ok(None) => break,
                    Err(error) => {
                        tracing::warn!(%error, "cannot accept a connection");
                        self.pause_until = Some(now + PAUSE);
                        break;
                    }
                };
                self.board.count(|counters| counters.accepted += 1);
                if self.lets_in(&peer) {
                    self.arrivals.add(stream, peer, now);
                } else {
                    self.board.count(|counters| counters.not_let_in += 1);
                    tracing::warn!(%peer, "not let in: its address is in no network of allow in [bench]");
                }
            }
        }
    }

    fn lets_in(&self, peer: &Peer) -> bool {
        match peer {
            Peer::Unix => true,
            Peer::Tcp(address) => {
                let ip = address.ip().to_canonical();
                ip.is_loopback() || self.settings.allow.iter().any(|network| network.contains(ip))
            }
        }
    }

    fn start(&mut self, connection: connection::Arrival, now: Instant) {
        if self.sessions.count() >= self.settings.sessions_max {
            self.board.count(|counters| counters.too_many += 1);
            let limit = self.settings.sessions_max;
            let text = format!("fio: the worker has {limit} sessions; sessions_max in [bench] allows no more\n");
            let words = connection.words(&text);
            return self.arrivals.part(connection, &words, now);
        }
        let peer = connection.peer.clone();
        match self.sessions.start(connection.stream, &peer) {
            Ok(session) => tracing::info!(session, %peer, "a front end came"),
            Err(error) => tracing::error!(%error, "cannot start a session"),
        }
    }

    /// Ends all sessions and waits for them.
    fn end(&mut self) {
        self.accepting.clear();
        self.arrivals = Arrivals::default();
        self.sessions.stop_all("the worker ends");
        let deadline = clock::now() + STOP_PATIENCE / 6;
        while self.sessions.count() > 0 && clock::now() < deadline {
            if self.wait().is_err() {
                break;
            }
            self.board.round();
            self.sessions.look();
        }
        self.sessions.kill_all();
    }
}
