//! One connection: reading its request, answering, sending the stream. Everything here works until the socket would block.

use std::io::{self, IoSlice, Read, Write};
use std::net::IpAddr;

use mio::net::TcpStream;

use super::listening::{Listening, Sendable};
use super::request::{self, Parsed, Request};
use super::response::Refusal;
use super::ring::Ring;
use super::wheel::Position;
use crate::limits::{IGNORED_BYTES_MAX, REQUEST_BYTES_MAX};

/// Bytes read at a time from whoever talks while it should listen.
const IGNORED_READ_BYTES: usize = 4096;

/// A connection.
#[derive(Debug)]
pub(super) struct Connection {
    socket: TcpStream,
    pub(super) peer: IpAddr,
    pub(super) state: State,
    /// Bytes that came and were of no interest.
    ignored: u32,
    /// The last write did not take everything; the socket will say when it takes more.
    is_blocked: bool,
}

/// What a connection is at.
#[derive(Debug)]
pub(super) enum State {
    /// Its request is not complete.
    Reading(Vec<u8>),
    /// It wants what is played, and nothing was yet.
    Waiting(Request),
    /// It gets the stream.
    Listening { listening: Listening, position: Position },
    /// It gets the rest of an answer and is closed then: bytes, and how many were sent.
    Finishing(Box<[u8]>, usize),
    /// Everything was sent; it is for the peer to close.
    Finished,
}

/// What comes of a connection's readiness.
#[derive(Debug)]
pub(super) enum Outcome {
    /// It goes on.
    Fine,
    /// Its request is complete.
    Asked(Parsed),
    /// Its request cannot be answered.
    Refused(Refusal),
    /// It has left or is broken.
    Gone,
    /// It is too far behind.
    TooSlow,
    /// Its stream is over.
    Over,
}

impl Connection {
    pub(super) fn new(socket: TcpStream, peer: IpAddr) -> Self {
        Self { socket, peer, state: State::Reading(Vec::new()), ignored: 0, is_blocked: false }
    }

    pub(super) fn socket(&mut self) -> &mut TcpStream {
        &mut self.socket
    }

    /// Something may have come.
    pub(super) fn readable(&mut self) -> Outcome {
        if let State::Reading(_) = self.state { self.read_request() } else { self.read_ignored() }
    }

    fn read_request(&mut self) -> Outcome {
        let State::Reading(received) = &mut self.state else { return Outcome::Fine };
        let mut buffer = [0; REQUEST_BYTES_MAX];
        loop {
            match self.socket.read(&mut buffer) {
                Ok(0) => return Outcome::Gone,
                Ok(count) => received.extend_from_slice(&buffer[..count]),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Outcome::Fine,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(_) => return Outcome::Gone,
            }
            match request::parse(received) {
                Ok(Parsed::Incomplete) => {}
                Ok(parsed) => return Outcome::Asked(parsed),
                Err(refusal) => return Outcome::Refused(refusal),
            }
        }
    }

    /// Whoever listens has nothing to say; that it closes is of interest.
    fn read_ignored(&mut self) -> Outcome {
        let mut buffer = [0; IGNORED_READ_BYTES];
        loop {
            match self.socket.read(&mut buffer) {
                Ok(0) => return Outcome::Gone,
                Ok(count) => {
                    self.ignored = self.ignored.saturating_add(u32::try_from(count).unwrap_or(u32::MAX));
                    if self.ignored > IGNORED_BYTES_MAX {
                        return Outcome::Gone;
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Outcome::Fine,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return Outcome::Gone,
            }
        }
    }

    /// The socket takes more. Of interest only if it did not before.
    pub(super) fn writable(&mut self, ring: &Ring, written: &mut Written) -> Outcome {
        if std::mem::take(&mut self.is_blocked) { self.write(ring, written) } else { Outcome::Fine }
    }

    /// Sends what there is. A blocked socket is not tried again before it says that it takes more.
    pub(super) fn write(&mut self, ring: &Ring, written: &mut Written) -> Outcome {
        loop {
            let count = match &mut self.state {
                State::Listening { listening, .. } => {
                    if self.is_blocked {
                        // Only to see whether it still may wait.
                        return if matches!(listening.sendable(ring), Sendable::TooSlow) {
                            Outcome::TooSlow
                        } else {
                            Outcome::Fine
                        };
                    }
                    match listening.sendable(ring) {
                        Sendable::Parts(parts, count) => send(&mut self.socket, &parts[..count]),
                        Sendable::Nothing => return Outcome::Fine,
                        Sendable::TooSlow => return Outcome::TooSlow,
                        Sendable::Over => return Outcome::Over,
                    }
                }
                State::Finishing(bytes, sent) if *sent < bytes.len() => {
                    send(&mut self.socket, &[IoSlice::new(&bytes[*sent..])])
                }
                State::Finishing(..) => {
                    // What the peer still says is read and dropped until it closes: else the kernel would take the answer back.
                    self.state = State::Finished;
                    return match self.socket.shutdown(std::net::Shutdown::Write) {
                        Ok(()) => Outcome::Fine,
                        Err(_) => Outcome::Gone,
                    };
                }
                State::Reading(_) | State::Waiting(_) | State::Finished => return Outcome::Fine,
            };
            let count = match count {
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.is_blocked = true;
                    return Outcome::Fine;
                }
                Err(_) => return Outcome::Gone,
            };
            written.writes += 1;
            written.bytes += count as u64;
            match &mut self.state {
                State::Listening { listening, .. } => {
                    listening.sent(ring, count);
                    if listening.is_current(ring) {
                        return Outcome::Fine;
                    }
                }
                State::Finishing(_, sent) => *sent += count,
                State::Reading(_) | State::Waiting(_) | State::Finished => {}
            }
        }
    }
}

/// What one pass has written.
#[derive(Debug, Default)]
pub(super) struct Written {
    pub(super) writes: u64,
    pub(super) bytes: u64,
}

fn send(socket: &mut TcpStream, parts: &[IoSlice<'_>]) -> io::Result<usize> {
    loop {
        match socket.write_vectored(parts) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}
