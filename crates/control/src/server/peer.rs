//! One connection of the control socket, with its socket.

use std::io::{self, Read, Write};
use std::os::fd::AsFd;

use mio::net::UnixStream;
use reactor::clock::Instant;
use rustix::net::sockopt;

use crate::wire::Connection;

/// Who is at the other end, as the kernel says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Credentials {
    pub(super) process: i32,
    pub(super) user: u32,
}

/// A connection.
#[derive(Debug)]
pub(super) struct Peer {
    stream: UnixStream,
    pub(super) connection: Connection,
    pub(super) credentials: Credentials,
    /// When bytes last went either way.
    pub(super) active_at: Instant,
    readable: bool,
    writable: bool,
}

impl Peer {
    /// Takes over a socket that was just accepted.
    pub(super) fn new(stream: UnixStream, now: Instant) -> io::Result<Self> {
        let peer = sockopt::socket_peercred(stream.as_fd())?;
        let credentials = Credentials { process: peer.pid.as_raw_pid(), user: peer.uid.as_raw() };
        let connection = Connection::new();
        Ok(Self { stream, connection, credentials, active_at: now, readable: true, writable: true })
    }

    pub(super) fn stream(&mut self) -> &mut UnixStream {
        &mut self.stream
    }

    /// The kernel says that there is something to read, or room to write.
    pub(super) fn is_ready(&mut self, readable: bool, writable: bool) {
        self.readable |= readable;
        self.writable |= writable;
    }

    /// Reads once, if the protocol wants to and there is something. Returns whether there was.
    pub(super) fn read(&mut self, buffer: &mut [u8], now: Instant) -> io::Result<bool> {
        if !self.readable || !self.connection.wants_input() {
            return Ok(false);
        }
        match retry_interrupted(|| self.stream.read(buffer)) {
            Ok(0) => self.connection.receive_end(),
            Ok(length) => {
                self.connection.receive(&buffer[..length]);
                self.active_at = now;
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                self.readable = false;
                return Ok(false);
            }
            Err(error) => return Err(error),
        }
        Ok(true)
    }

    /// Sends what there is room for.
    pub(super) fn write(&mut self, now: Instant) -> io::Result<()> {
        while self.writable && !self.connection.output().is_empty() {
            match retry_interrupted(|| self.stream.write(self.connection.output())) {
                Ok(length) => {
                    self.connection.sent(length);
                    self.active_at = now;
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.writable = false,
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

fn retry_interrupted(mut call: impl FnMut() -> io::Result<usize>) -> io::Result<usize> {
    loop {
        match call() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}
