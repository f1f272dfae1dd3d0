//! Who carries out system calls on files: an io_uring or threads.

use std::io;
use std::os::fd::BorrowedFd;
use std::sync::Once;

use reactor::buffer_pool::BufferPool;
use reactor::event_descriptor::EventDescriptor;
use reactor::file_call::{CallResult, CallToken, FileCall, FileHandle};
use reactor::file_ring::FileRing;
use reactor::worker_pool::WorkerPool;
use tracing::warn;

/// How file devices do their work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Backend {
    /// io_uring where the kernel allows it, else threads.
    #[default]
    Auto,
    /// io_uring, or it is an error.
    IoUring,
    /// Threads.
    Threads,
}

/// The one or the other. The memory and files of calls are vouched for as the ring and the pool demand.
#[derive(Debug)]
pub(crate) enum Engine {
    Ring(Box<FileRing>),
    Workers(WorkerPool),
}

impl Engine {
    pub(crate) fn new(backend: Backend, entries: u32, event: &EventDescriptor) -> io::Result<Self> {
        let workers = || WorkerPool::new(event.clone()).map(Self::Workers);
        match backend {
            Backend::IoUring => FileRing::new(entries, event).map(|ring| Self::Ring(Box::new(ring))),
            Backend::Threads => workers(),
            Backend::Auto => FileRing::new(entries, event).map(|ring| Self::Ring(Box::new(ring))).or_else(|error| {
                static SAY_ONCE: Once = Once::new();
                SAY_ONCE.call_once(|| warn!(%error, "no io_uring here: files are read and written by threads, slower"));
                workers()
            }),
        }
    }

    /// Makes the pool's memory faster to use, where that is possible.
    ///
    /// # Safety
    /// The pool's memory stays mapped as long as the engine lives.
    #[expect(unsafe_code, reason = "the kernel keeps using the memory")]
    pub(crate) unsafe fn register_memory(&mut self, pool: &BufferPool) -> io::Result<()> {
        let (base, length_bytes) = pool.memory();
        match self {
            // SAFETY: as the caller vouches.
            Self::Ring(ring) => unsafe { ring.register_memory(base, length_bytes) },
            Self::Workers(_) => Ok(()),
        }
    }

    pub(crate) fn register_file(&mut self, file: BorrowedFd<'_>) -> FileHandle {
        match self {
            Self::Ring(ring) => ring.register_file(file),
            Self::Workers(_) => FileHandle { descriptor: std::os::fd::AsRawFd::as_raw_fd(&file), registered: None },
        }
    }

    pub(crate) fn unregister_file(&mut self, file: FileHandle) {
        if let Self::Ring(ring) = self {
            ring.unregister_file(file);
        }
    }

    /// # Errors
    /// When there is no room and none can be made. The call was not taken.
    ///
    /// # Safety
    /// As [`FileRing::push`] demands.
    #[expect(unsafe_code, reason = "the kernel or a thread uses the memory and the descriptor of the call")]
    pub(crate) unsafe fn push(&mut self, token: CallToken, file: FileHandle, call: FileCall) -> io::Result<()> {
        match self {
            // SAFETY: as the caller vouches.
            Self::Ring(ring) => unsafe { ring.push(token, file, call) },
            Self::Workers(pool) => {
                // SAFETY: as the caller vouches.
                unsafe { pool.push(token, file, call) };
                Ok(())
            }
        }
    }

    pub(crate) fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Ring(ring) => ring.flush(),
            Self::Workers(pool) => {
                pool.flush();
                Ok(())
            }
        }
    }

    pub(crate) fn has_unsubmitted(&mut self) -> bool {
        match self {
            Self::Ring(ring) => ring.has_unsubmitted(),
            Self::Workers(_) => false,
        }
    }

    pub(crate) fn poll(&mut self, take: impl FnMut(CallToken, CallResult)) {
        match self {
            Self::Ring(ring) => ring.poll(take),
            Self::Workers(pool) => pool.poll(take),
        }
    }
}
