//! Scatter and gather: one system call for many pieces of memory.
//!
//! `std`'s `IoSlice` wants a Rust reference for each piece. A target sends from and receives into memory that other
//! threads write at the same time (a RAM disk shared by all reactors), over which no reference may exist; so the pieces
//! here are raw ranges. Only the kernel touches the bytes.
//!
//! The list is kept and reused: no allocation in steady state.
#![expect(unsafe_code, reason = "system calls over raw memory ranges; each use states who keeps the memory valid")]

use std::io;
use std::marker::PhantomData;
use std::os::fd::{AsRawFd, BorrowedFd};

/// Most pieces that the kernel takes in one call (`IOV_MAX`).
pub const PIECES_MAX: usize = 1024;

/// Pieces of memory to send in one call.
///
/// `'m` is the time for which the pieces that were added as slices are borrowed; [`SourceList::reuse`] starts over.
#[derive(Debug, Default)]
pub struct SourceList<'m> {
    pieces: Pieces,
    memory: PhantomData<&'m [u8]>,
}

/// Pieces of memory to receive into in one call.
#[derive(Debug, Default)]
pub struct DestinationList<'m> {
    pieces: Pieces,
    memory: PhantomData<&'m mut [u8]>,
}

#[derive(Debug, Default)]
struct Pieces {
    vectors: Vec<libc::iovec>,
    byte_count: usize,
}

impl Pieces {
    fn push(&mut self, base: *mut u8, length: usize) {
        self.vectors.push(libc::iovec { iov_base: base.cast(), iov_len: length });
        self.byte_count += length;
    }

    fn clear(mut self) -> Self {
        self.vectors.clear();
        self.byte_count = 0;
        self
    }
}

impl<'m> SourceList<'m> {
    /// An empty list.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The same list, empty again, for memory of another lifetime.
    #[must_use]
    pub fn reuse<'n>(self) -> SourceList<'n> {
        SourceList { pieces: self.pieces.clear(), memory: PhantomData }
    }

    /// Adds a slice.
    pub fn push(&mut self, bytes: &'m [u8]) {
        self.pieces.push(bytes.as_ptr().cast_mut(), bytes.len());
    }

    /// Adds a raw range.
    ///
    /// # Safety
    /// `length` bytes at `base` stay mapped and readable until the list is sent for the last time or reused.
    pub unsafe fn push_raw(&mut self, base: *const u8, length: usize) {
        self.pieces.push(base.cast_mut(), length);
    }

    /// Number of bytes in the list.
    #[must_use]
    pub fn byte_count(&self) -> usize {
        self.pieces.byte_count
    }

    /// Number of pieces in the list.
    #[must_use]
    pub fn piece_count(&self) -> usize {
        self.pieces.vectors.len()
    }

    /// Sends the pieces, the first [`PIECES_MAX`] of them, in order, on a connected socket. Returns how many bytes the
    /// kernel took, which may be fewer than were offered. Never blocks, never raises `SIGPIPE`.
    ///
    /// # Errors
    /// `WouldBlock` when the socket's buffer is full; else what `sendmsg` reports.
    pub fn send(&self, socket: BorrowedFd<'_>) -> io::Result<usize> {
        let header = message_header(&self.pieces);
        retry_interrupted(|| {
            // SAFETY: the header points at this list's vector of `msg_iovlen` entries; each entry is a borrowed slice
            // ('m outlives self) or a range that its adder vouched for in `push_raw`. The kernel only reads them.
            unsafe { libc::sendmsg(socket.as_raw_fd(), &raw const header, libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL) }
        })
    }
}

impl<'m> DestinationList<'m> {
    /// An empty list.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The same list, empty again, for memory of another lifetime.
    #[must_use]
    pub fn reuse<'n>(self) -> DestinationList<'n> {
        DestinationList { pieces: self.pieces.clear(), memory: PhantomData }
    }

    /// Adds a slice.
    pub fn push(&mut self, bytes: &'m mut [u8]) {
        self.pieces.push(bytes.as_mut_ptr(), bytes.len());
    }

    /// Adds a raw range.
    ///
    /// # Safety
    /// `length` bytes at `base` stay mapped and writable until the list is received into for the last time or reused,
    /// and no Rust reference to them is alive while it is.
    pub unsafe fn push_raw(&mut self, base: *mut u8, length: usize) {
        self.pieces.push(base, length);
    }

    /// Number of bytes that fit into the list.
    #[must_use]
    pub fn byte_count(&self) -> usize {
        self.pieces.byte_count
    }

    /// Receives into the pieces, in order, from a connected socket. Returns how many bytes came; 0 means that the peer
    /// has closed its side. Never blocks.
    ///
    /// # Errors
    /// `WouldBlock` when nothing is there; else what `recvmsg` reports.
    pub fn receive(&mut self, socket: BorrowedFd<'_>) -> io::Result<usize> {
        let mut header = message_header(&self.pieces);
        retry_interrupted(|| {
            // SAFETY: the header points at this list's vector of `msg_iovlen` entries; each entry is a mutably borrowed
            // slice ('m outlives self) or a range that its adder vouched for in `push_raw`, so nobody else in this
            // process refers to the bytes that the kernel writes.
            unsafe { libc::recvmsg(socket.as_raw_fd(), &raw mut header, libc::MSG_DONTWAIT) }
        })
    }
}

fn message_header(pieces: &Pieces) -> libc::msghdr {
    // SAFETY: msghdr is a C structure of integers and pointers, for all of which zero is a valid value.
    let mut header: libc::msghdr = unsafe { std::mem::zeroed() };
    header.msg_iov = pieces.vectors.as_ptr().cast_mut();
    header.msg_iovlen = pieces.vectors.len().min(PIECES_MAX);
    header
}

fn retry_interrupted(mut call: impl FnMut() -> isize) -> io::Result<usize> {
    loop {
        if let Ok(byte_count) = usize::try_from(call()) {
            return Ok(byte_count);
        }
        let error = io::Error::last_os_error();
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(error);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsFd;
    use std::os::unix::net::UnixStream;

    use super::*;

    #[test]
    fn pieces_arrive_in_order_and_fill_pieces_in_order() {
        let (near, far) = UnixStream::pair().unwrap();
        let mut sources = SourceList::new();
        sources.push(b"one ");
        let raw = *b"two ";
        // SAFETY: `raw` lives to the end of the test.
        unsafe { sources.push_raw(raw.as_ptr(), raw.len()) };
        sources.push(b"three");
        assert_eq!((sources.piece_count(), sources.byte_count()), (3, 13));
        assert_eq!(sources.send(near.as_fd()).unwrap(), 13);

        let (mut first, mut second) = ([0; 6], [0xa5; 10]);
        let mut destinations = DestinationList::new();
        destinations.push(&mut first);
        destinations.push(&mut second);
        assert_eq!(destinations.byte_count(), 16);
        assert_eq!(destinations.receive(far.as_fd()).unwrap(), 13);
        assert_eq!(&first, b"one tw");
        assert_eq!(&second, b"o three\xa5\xa5\xa5");
    }

    #[test]
    fn an_empty_socket_would_block_and_a_closed_one_ends() {
        let (near, far) = UnixStream::pair().unwrap();
        let mut buffer = [0; 4];
        let mut destinations = DestinationList::new();
        destinations.push(&mut buffer);
        assert_eq!(destinations.receive(near.as_fd()).unwrap_err().kind(), io::ErrorKind::WouldBlock);
        drop(far);
        assert_eq!(destinations.receive(near.as_fd()).unwrap(), 0);
    }

    #[test]
    fn a_closed_peer_is_an_error_not_a_signal() {
        let (near, far) = UnixStream::pair().unwrap();
        drop(far);
        let mut sources = SourceList::new();
        sources.push(b"x");
        assert_eq!(sources.send(near.as_fd()).unwrap_err().kind(), io::ErrorKind::BrokenPipe);
    }

    #[test]
    fn more_pieces_than_the_kernel_takes_are_sent_in_part() {
        let (near, _far) = UnixStream::pair().unwrap();
        let mut sources = SourceList::new();
        for _ in 0..PIECES_MAX + 5 {
            sources.push(b"x");
        }
        assert_eq!(sources.send(near.as_fd()).unwrap(), PIECES_MAX);
        let again = sources.reuse();
        assert_eq!((again.piece_count(), again.byte_count()), (0, 0));
    }
}
