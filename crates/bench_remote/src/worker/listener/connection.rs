//! Connections that have no session: those that have not said who they are, and those that are told to go.

use std::collections::VecDeque;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use bench_wire::message::{TextOutput, WorkerMessage};
use bench_wire::session::WorkerSession;
use reactor::clock::{Duration, Instant};
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags, Shutdown, recv, send, shutdown};

use super::socket::Peer;
use crate::worker::limits::{LINGER, SILENCE_BEFORE_HEADER, UNKNOWN_CONNECTIONS_MAX};

/// Bytes of a frame's header.
const HEADER_BYTES: usize = 24;

/// A header that has come in part is looked at again so much later: the kernel would report it all the time.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// A connection whose peer is not known yet.
#[derive(Debug)]
pub(super) struct Arrival {
    pub(super) stream: OwnedFd,
    pub(super) peer: Peer,
    until: Instant,
    look_at: Option<Instant>,
    /// There may be something to read: it has just come, or the kernel says so.
    is_ready: bool,
    header: Vec<u8>,
}

impl Arrival {
    /// A text in the peer's version. Without QUIT, so that the front end fails.
    pub(super) fn words(&self, text: &str) -> Vec<u8> {
        let mut wire = WorkerSession::new();
        if wire.next_message(&mut self.header.as_slice()).is_ok() {
            let bytes = text.as_bytes().to_vec();
            wire.send(&WorkerMessage::Text(TextOutput { level: TextOutput::ERROR, bytes, ..TextOutput::default() }));
        }
        wire.pending_output().to_vec()
    }
}

/// What a connection turns out to be.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// A front end of a version that is spoken here.
    FrontEnd,
    /// Something else, that is told these bytes.
    Stranger(Vec<u8>),
    /// It has said nothing in time, or is gone.
    Silent,
}

#[derive(Debug)]
struct Parting {
    stream: OwnedFd,
    until: Instant,
}

/// All of them.
#[derive(Debug, Default)]
pub(super) struct Arrivals {
    waiting: VecDeque<Arrival>,
    parting: VecDeque<Parting>,
}

impl Arrivals {
    /// Another one. When there are too many, the one that waits longest goes.
    pub(super) fn add(&mut self, stream: OwnedFd, peer: Peer, now: Instant) {
        if self.waiting.len() == UNKNOWN_CONNECTIONS_MAX {
            self.waiting.pop_front();
        }
        let until = now + SILENCE_BEFORE_HEADER;
        self.waiting.push_back(Arrival { stream, peer, until, look_at: None, is_ready: true, header: Vec::new() });
    }

    /// Tells a connection to go, and gives it a while to read that.
    pub(super) fn part(&mut self, arrival: Arrival, words: &[u8], now: Instant) {
        let _ = send(&arrival.stream, words, SendFlags::NOSIGNAL | SendFlags::DONTWAIT);
        let _ = shutdown(&arrival.stream, Shutdown::Write);
        if self.parting.len() == UNKNOWN_CONNECTIONS_MAX {
            self.parting.pop_front();
        }
        self.parting.push_back(Parting { stream: arrival.stream, until: now + LINGER });
    }

    /// Looks at all of them, and takes those out that are known now.
    pub(super) fn look(&mut self, now: Instant) -> Vec<(Arrival, Verdict)> {
        self.parting.retain(|parting| parting.until > now && has_not_closed(&parting.stream));
        let mut known = Vec::new();
        for mut arrival in std::mem::take(&mut self.waiting) {
            let is_due = arrival.until <= now || arrival.look_at.is_some_and(|time| time <= now);
            if !std::mem::take(&mut arrival.is_ready) && !is_due {
                self.waiting.push_back(arrival);
                continue;
            }
            match verdict(&mut arrival, now) {
                Some(verdict) => known.push((arrival, verdict)),
                None => self.waiting.push_back(arrival),
            }
        }
        known
    }

    /// What to wait for, in the order of [`Arrivals::ready`].
    pub(super) fn descriptors(&self, now: Instant) -> impl Iterator<Item = BorrowedFd<'_>> {
        let waiting = self.waiting.iter().filter(move |arrival| is_waited_for(arrival, now));
        waiting.map(|arrival| arrival.stream.as_fd()).chain(self.parting.iter().map(|parting| parting.stream.as_fd()))
    }

    /// Which of them have something to read, so that the others are not asked.
    pub(super) fn ready(&mut self, now: Instant, ready: impl Iterator<Item = bool>) {
        let waiting = self.waiting.iter_mut().filter(|arrival| is_waited_for(arrival, now));
        waiting.zip(ready).for_each(|(arrival, is_ready)| arrival.is_ready |= is_ready);
    }

    /// When to look without being asked.
    pub(super) fn next_time(&self, now: Instant) -> Option<Instant> {
        let waiting = self.waiting.iter().flat_map(|arrival| [Some(arrival.until), arrival.look_at]);
        let times = waiting.flatten().chain(self.parting.iter().map(|parting| parting.until));
        times.filter(|&time| time > now).min()
    }
}

fn is_waited_for(arrival: &Arrival, now: Instant) -> bool {
    arrival.look_at.is_none_or(|time| time <= now)
}

fn verdict(arrival: &mut Arrival, now: Instant) -> Option<Verdict> {
    let mut header = [0; HEADER_BYTES];
    let count = match recv(&arrival.stream, &mut header, RecvFlags::PEEK | RecvFlags::DONTWAIT) {
        Ok((0, _)) => return Some(Verdict::Silent),
        Ok((count, _)) => count,
        Err(Errno::AGAIN | Errno::INTR) => 0,
        Err(_) => return Some(Verdict::Silent),
    };
    if count < HEADER_BYTES {
        arrival.look_at = (count > 0).then(|| now + LOOK_AGAIN);
        return (now >= arrival.until).then_some(Verdict::Silent);
    }
    arrival.header = header.to_vec();
    let mut wire = WorkerSession::new();
    match wire.next_message(&mut header.as_slice()) {
        Ok(_) => Some(Verdict::FrontEnd),
        Err(_) => Some(Verdict::Stranger(wire.pending_output().to_vec())),
    }
}

/// Reads what it still sends.
fn has_not_closed(stream: &OwnedFd) -> bool {
    let mut bytes = [0; 4096];
    loop {
        match recv(stream, &mut bytes, RecvFlags::DONTWAIT) {
            Ok((0, _)) => return false,
            Ok(_) | Err(Errno::INTR) => {}
            Err(errno) => return errno == Errno::AGAIN,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::os::unix::net::UnixStream;

    use bench_wire::ProtocolVersion;
    use bench_wire::message::{FrontEndMessage, FrontEndProbe, Tag};
    use bench_wire::session::FrontEndSession;
    use reactor::clock;

    use super::*;

    fn arrive(arrivals: &mut Arrivals, now: Instant) -> UnixStream {
        let (ours, theirs) = UnixStream::pair().unwrap();
        arrivals.add(ours.into(), Peer::Unix, now);
        theirs
    }

    fn probe(version: ProtocolVersion) -> Vec<u8> {
        let mut front_end = FrontEndSession::new(version);
        front_end.send(&FrontEndMessage::Probe(Tag(1), FrontEndProbe::default()));
        front_end.pending_output().to_vec()
    }

    #[test]
    fn a_front_end_is_known_by_its_first_header_and_nothing_is_taken_from_it() {
        let now = clock::now();
        let mut arrivals = Arrivals::default();
        let mut front_end = arrive(&mut arrivals, now);
        let bytes = probe(ProtocolVersion::OLDEST);
        front_end.write_all(&bytes[..10]).unwrap();
        assert!(arrivals.look(now).is_empty());
        assert_eq!(arrivals.descriptors(now).count(), 0, "part of a header is not waited for at once");
        front_end.write_all(&bytes[10..]).unwrap();
        assert!(arrivals.look(now).is_empty(), "nobody is asked who has nothing to say");
        let known = arrivals.look(now + LOOK_AGAIN);
        assert_eq!(known[0].1, Verdict::FrontEnd);
        let mut all = vec![0; bytes.len()];
        UnixStream::from(known.into_iter().next().unwrap().0.stream).read_exact(&mut all).unwrap();
        assert_eq!(all, bytes);
    }

    #[test]
    fn strangers_are_told_why_in_words_and_the_silent_go_in_time() {
        let now = clock::now();
        let mut arrivals = Arrivals::default();
        let mut newer = arrive(&mut arrivals, now);
        let mut bytes = probe(ProtocolVersion::OLDEST);
        bytes[0..2].copy_from_slice(&999_u16.to_le_bytes());
        newer.write_all(&bytes).unwrap();
        let _silent = arrive(&mut arrivals, now);
        let gone = arrive(&mut arrivals, now);
        drop(gone);
        let mut verdicts: Vec<_> = arrivals.look(now).into_iter().collect();
        assert_eq!(verdicts.len(), 2, "the silent one has time");
        assert_eq!(verdicts.pop().unwrap().1, Verdict::Silent);
        let (arrival, Verdict::Stranger(words)) = verdicts.pop().unwrap() else { panic!("no stranger") };
        arrivals.part(arrival, &words, now);
        let mut told = Vec::new();
        newer.read_to_end(&mut told).unwrap();
        assert_eq!(told, words);
        assert!(!told.is_empty());
        drop(newer);
        assert_eq!(arrivals.look(now + SILENCE_BEFORE_HEADER)[0].1, Verdict::Silent);
        assert_eq!((arrivals.waiting.len(), arrivals.parting.len()), (0, 0));
    }

    #[test]
    fn the_oldest_goes_when_there_are_too_many() {
        let now = clock::now();
        let mut arrivals = Arrivals::default();
        let mut peers: Vec<UnixStream> = (0..=UNKNOWN_CONNECTIONS_MAX).map(|_| arrive(&mut arrivals, now)).collect();
        assert_eq!(arrivals.waiting.len(), UNKNOWN_CONNECTIONS_MAX);
        assert_eq!(peers[0].read(&mut [0]).unwrap(), 0);
    }
}
