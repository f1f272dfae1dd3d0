//! The loop that drives a fleet: one thread, whatever number of workers.
//!
//! Cost: a `poll` over all connections for each wake, and one `recv` for each readable one; names are looked up by up to
//! [`RESOLVERS_MAX`] threads at once before it begins.

use std::io;
use std::net::SocketAddr;

use reactor::clock::{self, Instant};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

use super::conversation::Event;
use super::failure::Failure;
use super::fleet::{Fleet, News};
use super::link::{Link, Route};

/// Names that are looked up at once.
const RESOLVERS_MAX: usize = 64;
/// Bytes that are received at a time: a report of a job fits.
const RECEIVE_BYTES: usize = 256 << 10;
/// How often the clock is looked at when nothing comes in.
const TICK_MS: u64 = 100;

/// Who decides and tells what happens.
pub trait Director {
    /// Something happened to a worker.
    fn news(&mut self, fleet: &mut Fleet, worker: usize, news: News);

    /// ssh said something on its way to a worker.
    fn ssh_said(&mut self, fleet: &Fleet, worker: usize, line: &str);

    /// Comes about ten times a second: time to show progress, and to stop or trigger the fleet.
    fn tick(&mut self, fleet: &mut Fleet, now_ms: u64);
}

/// Connects to all workers and drives the fleet until it is over. Worker and route have the same number.
///
/// # Errors
/// When the system takes no more connections to be watched. Whatever happens to a worker is [`News`].
///
/// # Panics
/// When there are not as many routes as workers.
pub fn drive(fleet: &mut Fleet, routes: &[Route], began: Instant, director: &mut dyn Director) -> io::Result<()> {
    assert_eq!(fleet.workers().len(), routes.len(), "a route for each worker");
    let mut links = Links { routes, addresses: Vec::new(), links: Vec::new(), began };
    links.open_all(fleet);
    let mut buffer = vec![0; RECEIVE_BYTES];
    loop {
        links.tell(fleet, director);
        if fleet.is_over() {
            return Ok(());
        }
        links.send_all(fleet);
        links.wait(fleet, &mut buffer, director)?;
        fleet.tick(links.now_ms());
        director.tick(fleet, links.now_ms());
    }
}

/// Milliseconds since a time.
#[must_use]
pub fn milliseconds_since(began: Instant) -> u64 {
    u64::try_from(clock::now().saturating_duration_since(began).as_millis()).unwrap_or(u64::MAX)
}

struct Links<'a> {
    routes: &'a [Route],
    addresses: Vec<Vec<SocketAddr>>,
    /// `None` for those that are closed.
    links: Vec<Option<Link>>,
    began: Instant,
}

/// What became readable or writable.
#[derive(Debug, Clone, Copy)]
struct Readiness {
    worker: usize,
    /// The connection; else what ssh says.
    is_stream: bool,
    flags: PollFlags,
}

impl Links<'_> {
    fn now_ms(&self) -> u64 {
        milliseconds_since(self.began)
    }

    fn open_all(&mut self, fleet: &mut Fleet) {
        for routes in self.routes.chunks(RESOLVERS_MAX) {
            let found = std::thread::scope(|scope| {
                let threads: Vec<_> = routes.iter().map(|route| scope.spawn(|| route.resolve())).collect();
                threads.into_iter().map(|thread| thread.join()).collect::<Vec<_>>()
            });
            for addresses in found {
                let worker = self.addresses.len();
                let lost = || Failure::Unknown(io::Error::other("looking it up did not end"));
                match addresses.unwrap_or_else(|_| Err(lost())) {
                    Ok(addresses) => self.addresses.push(addresses),
                    Err(failure) => {
                        self.addresses.push(Vec::new());
                        fleet.lost(worker, failure, self.now_ms());
                    }
                }
                self.links.push(None);
                self.open(fleet, worker);
            }
        }
    }

    /// Connects to a worker, unless it has failed.
    fn open(&mut self, fleet: &mut Fleet, worker: usize) {
        if !fleet.workers()[worker].is_talking() {
            return;
        }
        match Link::open(&self.routes[worker], &self.addresses[worker], self.now_ms()) {
            Ok(link) => self.links[worker] = Some(link),
            Err(failure) => fleet.lost(worker, failure, self.now_ms()),
        }
    }

    /// Tells what has happened, and does what follows from it for the connections.
    fn tell(&mut self, fleet: &mut Fleet, director: &mut dyn Director) {
        while let Some((worker, news)) = fleet.next_news() {
            if matches!(news, News::Said(Event::OtherVersion)) {
                self.links[worker] = None;
                self.open(fleet, worker);
                fleet.connected_again(worker, self.now_ms());
            } else {
                if !fleet.workers()[worker].is_talking() {
                    self.last_words(fleet, worker, director);
                    self.links[worker] = None;
                }
                director.news(fleet, worker, news);
            }
        }
    }

    fn send_all(&self, fleet: &mut Fleet) {
        for (worker, link) in self.links.iter().enumerate() {
            let Some(link) = link.as_ref().filter(|link| !link.is_connecting()) else { continue };
            let conversation = fleet.conversation(worker);
            let pending = conversation.pending_output();
            if pending.is_empty() {
                continue;
            }
            match link.send(pending) {
                Ok(count) => conversation.transmitted(count),
                Err(failure) => fleet.lost(worker, failure, self.now_ms()),
            }
        }
    }

    /// Waits until something is to be done, and does it.
    fn wait(&mut self, fleet: &mut Fleet, buffer: &mut [u8], director: &mut dyn Director) -> io::Result<()> {
        for readiness in self.ready(fleet)? {
            let worker = readiness.worker;
            if !readiness.is_stream {
                self.last_words(fleet, worker, director);
                continue;
            }
            let Some(link) = &mut self.links[worker] else { continue };
            if link.is_connecting() {
                if let Err(failure) =
                    link.continue_connecting(!readiness.flags.is_empty(), milliseconds_since(self.began))
                {
                    fleet.lost(worker, failure, self.now_ms());
                }
            } else if readiness.flags.intersects(PollFlags::IN | PollFlags::HUP | PollFlags::ERR) {
                self.receive(fleet, worker, buffer);
            }
        }
        Ok(())
    }

    /// What is ready, and what is connecting whether it is ready or not.
    fn ready(&self, fleet: &Fleet) -> io::Result<Vec<Readiness>> {
        let mut watched = Vec::new();
        let mut about = Vec::new();
        for (worker, link) in self.links.iter().enumerate() {
            let Some(link) = link else { continue };
            let is_writing =
                link.is_connecting() || !fleet.workers()[worker].conversation().pending_output().is_empty();
            let wanted = if is_writing { PollFlags::IN | PollFlags::OUT } else { PollFlags::IN };
            let descriptors =
                [Some((true, link.stream(), wanted)), link.errors().map(|errors| (false, errors, PollFlags::IN))];
            for (is_stream, descriptor, wanted) in descriptors.into_iter().flatten() {
                watched.push(PollFd::from_borrowed_fd(descriptor, wanted));
                about.push(Readiness { worker, is_stream, flags: PollFlags::empty() });
            }
        }
        let timeout = Timespec { tv_sec: 0, tv_nsec: i64::try_from(TICK_MS * 1_000_000).unwrap_or_default() };
        match poll(&mut watched, Some(&timeout)) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        let is_connecting = |worker: usize| self.links[worker].as_ref().is_some_and(Link::is_connecting);
        let found =
            about.into_iter().zip(&watched).map(|(about, watched)| Readiness { flags: watched.revents(), ..about });
        Ok(found.filter(|found| !found.flags.is_empty() || is_connecting(found.worker)).collect())
    }

    fn receive(&mut self, fleet: &mut Fleet, worker: usize, buffer: &mut [u8]) {
        let now_ms = self.now_ms();
        let Some(link) = &self.links[worker] else { return };
        match link.receive(buffer) {
            Ok(None) => {}
            Ok(Some(0)) => fleet.closed(worker, now_ms),
            Ok(Some(count)) => fleet.receive(worker, &buffer[..count], now_ms),
            Err(failure) => fleet.lost(worker, failure, now_ms),
        }
    }

    /// Tells what ssh has said.
    fn last_words(&mut self, fleet: &Fleet, worker: usize, director: &mut dyn Director) {
        let lines = self.links[worker].as_mut().map(Link::error_lines).unwrap_or_default();
        lines.iter().for_each(|line| director.ssh_said(fleet, worker, line));
    }
}
