//! One connection of the control socket, with its socket.

use std::io::{self, Read, Write};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};

use mio::Interest;
use mio::net::UnixStream;
use reactor::clock::Instant;

use crate::wire::Connection;

/// Who is at the other end, as the kernel says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Credentials {
    /// 0 for one in a PID namespace that this process cannot see into.
    pub(super) process: i32,
    pub(super) user: u32,
}

impl Credentials {
    #[expect(unsafe_code, reason = "rustix takes the process id 0 of another PID namespace for an error")]
    fn of_other_end(socket: BorrowedFd<'_>) -> io::Result<Self> {
        let mut found = MaybeUninit::<libc::ucred>::zeroed();
        let mut size = SIZE;
        // SAFETY: the kernel writes at most `size` bytes to `found`, which has as many, and the new size to `size`.
        let result = unsafe {
            libc::getsockopt(
                socket.as_raw_fd(),
                libc::SOL_SOCKET,
                libc::SO_PEERCRED,
                found.as_mut_ptr().cast(),
                &raw mut size,
            )
        };
        if result < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: three numbers, valid in whatever bytes they have.
        let found = unsafe { found.assume_init() };
        Ok(Self { process: found.pid, user: found.uid })
    }
}

/// The size of what the kernel tells about the other end.
const SIZE: libc::socklen_t = {
    assert!(size_of::<libc::ucred>() == 12);
    12
};

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
    /// Whether the kernel tells of room to write.
    watches_room: bool,
}

impl Peer {
    /// Takes over a socket that was just accepted.
    pub(super) fn new(stream: UnixStream, now: Instant) -> io::Result<Self> {
        let credentials = Credentials::of_other_end(stream.as_fd())?;
        let connection = Connection::new();
        Ok(Self {
            stream,
            connection,
            credentials,
            active_at: now,
            readable: true,
            writable: true,
            watches_room: false,
        })
    }

    pub(super) fn stream(&mut self) -> &mut UnixStream {
        &mut self.stream
    }

    /// What the kernel is to tell of.
    pub(super) fn interest(&self) -> Interest {
        if self.watches_room { Interest::READABLE | Interest::WRITABLE } else { Interest::READABLE }
    }

    /// Whether the kernel has to be told another interest than before.
    pub(super) fn changes_interest(&mut self) -> bool {
        let wanted = !self.writable;
        std::mem::replace(&mut self.watches_room, wanted) != wanted
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
