//! One system call on a file, as data: what [`FileRing`](crate::file_ring::FileRing) and
//! [`WorkerPool`](crate::worker_pool::WorkerPool) carry out.

use std::os::fd::RawFd;

use rustix::io::Errno;

/// What the call returned: the number of bytes for reads and writes, else 0.
pub type CallResult = Result<u32, Errno>;

/// Names a call while it is under way. Its owner chooses it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallToken(pub u64);

/// The file that a call is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileHandle {
    /// The descriptor.
    pub descriptor: RawFd,
    /// Its place in the ring's table, if it was registered there.
    pub registered: Option<u32>,
}

/// A call. It may do less than was asked for, as system calls may.
#[derive(Debug, Clone, Copy)]
pub enum FileCall {
    /// Read `length_bytes` at `offset` into `memory`.
    Read {
        /// Where to.
        memory: *mut u8,
        /// How many bytes, at most.
        length_bytes: u32,
        /// From where in the file.
        offset: u64,
    },
    /// Write `length_bytes` from `memory` at `offset`.
    Write {
        /// Where from.
        memory: *const u8,
        /// How many bytes, at most.
        length_bytes: u32,
        /// To where in the file.
        offset: u64,
        /// Whether the call ends only when these bytes are on stable storage (`RWF_DSYNC`).
        durable: bool,
    },
    /// Bring all written data to stable storage (`fdatasync`).
    SyncData,
    /// Make a range read as zeros without writing it; the file keeps its size (`fallocate`).
    Clear {
        /// What becomes of the space.
        mode: ClearMode,
        /// Where the range begins.
        offset: u64,
        /// How long it is.
        length_bytes: u64,
    },
}

/// What becomes of the space of a range that is cleared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClearMode {
    /// It is given back (`FALLOC_FL_PUNCH_HOLE`).
    PunchHole,
    /// It stays allocated (`FALLOC_FL_ZERO_RANGE`).
    ZeroRange,
}
