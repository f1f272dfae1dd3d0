//! One I/O: what an engine is asked for and what it answers.
#![expect(unsafe_code, reason = "an I/O refers to memory and a descriptor that its maker vouches for")]

use std::fmt;
use std::os::fd::{BorrowedFd, RawFd};
use std::ptr::NonNull;

use rustix::io::Errno;

/// What an I/O does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Operation {
    /// Data from the file.
    Read,
    /// Data to the file.
    Write,
    /// The file may forget the range.
    Trim,
    /// `fsync`: data and metadata of the file become durable.
    Sync,
    /// `fdatasync`: the data, and the metadata that is needed to read them.
    DataSync,
    /// `sync_file_range` over the range of the I/O with these flags (`SYNC_FILE_RANGE_…`).
    SyncRange(u32),
}

impl Operation {
    /// Whether it is a read or a write.
    #[inline]
    #[must_use]
    pub fn moves_data(self) -> bool {
        matches!(self, Self::Read | Self::Write)
    }
}

/// An I/O that is handed to an engine. Whoever makes it vouches for its memory and its descriptor ([`Io::new`]), so that
/// engines can use both without further proof.
#[derive(Debug)]
pub struct Io {
    operation: Operation,
    place: Place,
    buffer: NonNull<u8>,
    priority: u16,
}

/// Where an I/O goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The file's place in the job's list of files.
    pub file: u32,
    /// The file's descriptor; -1 with an engine that has none.
    pub descriptor: RawFd,
    /// Where in the file it begins.
    pub offset: u64,
    /// Its length in bytes.
    pub length_bytes: u32,
}

impl Io {
    /// An I/O with this memory as the destination of a read or the source of a write.
    ///
    /// # Safety
    /// Until the I/O is over (see the contract of [engines](super)), the descriptor stays open, unless it is -1; the
    /// buffer is valid for reads and writes of the I/O's length; nobody else looks at it during a read or changes it
    /// during a write.
    #[inline]
    #[must_use]
    pub unsafe fn new(operation: Operation, place: Place, buffer: NonNull<u8>) -> Self {
        Self { operation, place, buffer, priority: 0 }
    }

    /// The same with a priority of its own; 0 is the thread's.
    #[inline]
    #[must_use]
    pub fn with_priority(self, priority: u16) -> Self {
        Self { priority, ..self }
    }

    /// Its priority (`ioprio`: class in the upper three bits, hint, level in the lower three); 0 is the thread's.
    #[inline]
    #[must_use]
    pub fn priority(&self) -> u16 {
        self.priority
    }

    /// What it does.
    #[inline]
    #[must_use]
    pub fn operation(&self) -> Operation {
        self.operation
    }

    /// The file's place in the job's list of files.
    #[inline]
    #[must_use]
    pub fn file_index(&self) -> usize {
        self.place.file as usize
    }

    /// The file's descriptor.
    #[inline]
    #[must_use]
    pub fn descriptor(&self) -> RawFd {
        self.place.descriptor
    }

    /// Where in the file it begins.
    #[inline]
    #[must_use]
    pub fn offset(&self) -> u64 {
        self.place.offset
    }

    /// Its length in bytes.
    #[inline]
    #[must_use]
    pub fn length_bytes(&self) -> u32 {
        self.place.length_bytes
    }

    /// Its memory, for the kernel.
    #[inline]
    #[must_use]
    pub fn buffer(&self) -> NonNull<u8> {
        self.buffer
    }

    /// The data of a write.
    #[inline]
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        // SAFETY: who made the I/O vouches that the memory is valid and not changed until it is over.
        unsafe { std::slice::from_raw_parts(self.buffer.as_ptr(), self.place.length_bytes as usize) }
    }

    /// The file, and the place for the data of a read.
    #[inline]
    #[must_use]
    pub fn read_parts(&mut self) -> (BorrowedFd<'_>, &mut [u8]) {
        // SAFETY: who made the I/O vouches that the descriptor stays open until it is over.
        let file = unsafe { BorrowedFd::borrow_raw(self.place.descriptor) };
        (file, self.bytes_mut())
    }

    /// The place for the data of a read.
    #[inline]
    #[must_use]
    pub fn bytes_mut(&mut self) -> &mut [u8] {
        // SAFETY: who made the I/O vouches that the memory is valid and used by nobody else until it is over.
        unsafe { std::slice::from_raw_parts_mut(self.buffer.as_ptr(), self.place.length_bytes as usize) }
    }

    /// The file, with an engine that has descriptors.
    #[inline]
    #[must_use]
    pub fn borrowed(&self) -> BorrowedFd<'_> {
        debug_assert!(self.place.descriptor >= 0, "an engine on files is given descriptors");
        // SAFETY: who made the I/O vouches that the descriptor stays open until it is over.
        unsafe { BorrowedFd::borrow_raw(self.place.descriptor) }
    }
}

/// How an I/O ended: the bytes that were moved or, in the last 4095 numbers, a negated error number, as system calls tell it. As
/// wide as in a completion entry of the kernel.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Outcome(u32);

/// Most bytes that an I/O can move. The kernel moves 2 GiB at most.
const MOVED_MAX: u32 = u32::MAX - 4096;

impl Outcome {
    /// So many bytes were moved, which may be fewer than were asked for.
    #[inline]
    #[must_use]
    pub fn moved(bytes: usize) -> Self {
        Self(u32::try_from(bytes).unwrap_or(u32::MAX).min(MOVED_MAX))
    }

    /// It failed.
    #[inline]
    #[must_use]
    pub fn failed(error: Errno) -> Self {
        Self::from_result(-error.raw_os_error())
    }

    /// All of it was done.
    #[inline]
    #[must_use]
    pub fn complete(io: &Io) -> Self {
        Self::moved(io.place.length_bytes as usize)
    }

    /// What the kernel reports in completion entries: bytes, or a negated error number.
    #[inline]
    #[must_use]
    pub fn from_result(result: i32) -> Self {
        Self(result.cast_unsigned())
    }

    /// The bytes that were moved, 0 if it failed.
    #[inline]
    #[must_use]
    pub fn bytes(self) -> u32 {
        if self.0 <= MOVED_MAX { self.0 } else { 0 }
    }

    /// Why it failed, if it did.
    #[inline]
    #[must_use]
    pub fn error(self) -> Option<Errno> {
        (self.0 > MOVED_MAX).then(|| Errno::from_raw_os_error(self.0.cast_signed().wrapping_neg()))
    }
}

impl fmt::Debug for Outcome {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.error() {
            Some(error) => write!(formatter, "Failed({error:?})"),
            None => write!(formatter, "Moved({})", self.0),
        }
    }
}

impl From<Result<usize, Errno>> for Outcome {
    #[inline]
    fn from(result: Result<usize, Errno>) -> Self {
        match result {
            Ok(bytes) => Self::moved(bytes),
            Err(error) => Self::failed(error),
        }
    }
}

/// What became of an I/O that was handed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Queued {
    /// It is over already.
    Done(Outcome),
    /// It will be completed by [`Engine::reap`](super::Engine::reap), after [`Engine::commit`](super::Engine::commit).
    Accepted,
    /// There is no room before something was committed or reaped. The I/O was not taken.
    Busy,
}

/// An I/O that is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Completion {
    /// The slot that it was queued with.
    pub slot: u32,
    /// How it ended.
    pub outcome: Outcome,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outcome_is_bytes_or_an_error() {
        assert_eq!((Outcome::moved(7).bytes(), Outcome::moved(7).error()), (7, None));
        let failed = Outcome::failed(Errno::NOSPC);
        assert_eq!((failed.bytes(), failed.error()), (0, Some(Errno::NOSPC)));
        assert_eq!(Outcome::from_result(-5).error(), Some(Errno::IO));
        assert_eq!(
            format!("{:?} {:?}", Outcome::moved(3), Outcome::from_result(-5)),
            "Moved(3) Failed(Os { code: 5, kind: Uncategorized, message: \"Input/output error\" })"
        );
    }
}
