//! `lseek`, `readv` and `writev`: I/Os that follow one another in a file are moved by one call.
//!
//! An I/O that does not continue the ones before it, or is of another kind, waits until those were committed.

use std::ptr::NonNull;

use rustix::fs::{SeekFrom, seek};
use rustix::io::Errno;

use super::{
    Completion, Description, Engine, EngineError, Io, Operation, Outcome, Queued, Setup, Traits, Wanted, file_call,
};

/// Pieces that one call takes (`IOV_MAX`).
const PIECES_MAX: usize = 1024;

/// The engine: a run of adjacent I/Os, and those that are over.
#[derive(Debug)]
pub(super) struct VsyncEngine {
    depth: usize,
    run: Vec<Piece>,
    /// What the run does and where it goes on.
    next: Option<Next>,
    vectors: Vec<libc::iovec>,
    over: Vec<Completion>,
}

#[derive(Debug, Clone, Copy)]
struct Piece {
    slot: u32,
    buffer: NonNull<u8>,
    length_bytes: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Next {
    operation: Operation,
    descriptor: i32,
    start: u64,
    end: u64,
}

impl Engine for VsyncEngine {
    const DESCRIPTION: Description = Description {
        name: "vsync",
        summary: "lseek(2), readv(2) and writev(2), adjacent I/Os in one call",
        traits: Traits::ASYNCHRONOUS,
    };

    fn new(setup: &Setup<'_>) -> Result<Self, EngineError> {
        let depth = (setup.depth as usize).min(PIECES_MAX);
        Ok(Self {
            depth,
            run: Vec::with_capacity(depth),
            next: None,
            vectors: Vec::with_capacity(depth),
            over: Vec::with_capacity(setup.depth as usize),
        })
    }

    #[inline]
    fn queue(&mut self, slot: u32, io: &mut Io) -> Queued {
        let end = io.offset() + u64::from(io.length_bytes());
        let continues = self.next.is_some_and(|next| {
            next.operation == io.operation() && next.descriptor == io.descriptor() && next.end == io.offset()
        });
        if !self.run.is_empty() && (!continues || self.run.len() == self.depth) {
            return Queued::Busy;
        }
        if !io.operation().moves_data() {
            return Queued::Done(file_call::without_data(io));
        }
        let start = self.next.filter(|_| !self.run.is_empty()).map_or(io.offset(), |next| next.start);
        self.next = Some(Next { operation: io.operation(), descriptor: io.descriptor(), start, end });
        self.run.push(Piece { slot, buffer: io.buffer(), length_bytes: io.length_bytes() as usize });
        Queued::Accepted
    }

    fn commit(&mut self) -> Result<(), Errno> {
        let Some(next) = self.next.filter(|_| !self.run.is_empty()) else {
            return Ok(());
        };
        let result = self.transfer(next);
        let mut rest = result.unwrap_or(0);
        for piece in self.run.drain(..) {
            let moved = rest.min(piece.length_bytes);
            rest -= moved;
            let outcome = result.map(|_| moved);
            self.over.push(Completion { slot: piece.slot, outcome: Outcome::from(outcome) });
        }
        Ok(())
    }

    #[inline]
    fn reap(&mut self, wanted: Wanted, completions: &mut Vec<Completion>) -> Result<(), Errno> {
        let count = self.over.len().min(wanted.at_most as usize);
        completions.extend(self.over.drain(..count));
        Ok(())
    }
}

impl VsyncEngine {
    /// Moves the run. Returns how many bytes were moved.
    #[expect(unsafe_code, reason = "one call on the buffers of several I/Os")]
    fn transfer(&mut self, next: Next) -> Result<usize, Errno> {
        self.vectors.clear();
        self.vectors.extend(
            self.run
                .iter()
                .map(|piece| libc::iovec { iov_base: piece.buffer.as_ptr().cast(), iov_len: piece.length_bytes }),
        );
        let count = i32::try_from(self.vectors.len()).unwrap_or(i32::MAX);
        // SAFETY: the makers of the I/Os keep the descriptor open until they are over, which is after this.
        let file = unsafe { std::os::fd::BorrowedFd::borrow_raw(next.descriptor) };
        match seek(file, SeekFrom::Start(next.start)) {
            Ok(_) | Err(Errno::SPIPE) => {}
            Err(error) => return Err(error),
        }
        loop {
            let result = if next.operation == Operation::Write {
                // SAFETY: the makers of the I/Os keep their memory until they are over, which is after this.
                unsafe { libc::writev(next.descriptor, self.vectors.as_ptr(), count) }
            } else {
                // SAFETY: the same.
                unsafe { libc::readv(next.descriptor, self.vectors.as_ptr(), count) }
            };
            match usize::try_from(result) {
                Ok(bytes) => return Ok(bytes),
                Err(_) if file_call::last_error() == Errno::INTR => {}
                Err(_) => return Err(file_call::last_error()),
            }
        }
    }
}
