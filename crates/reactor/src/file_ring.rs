//! One io_uring that carries out [`FileCall`]s for one thread.
//!
//! The owner pushes calls, [`flush`](FileRing::flush) submits them with one `io_uring_enter` and lets those that are
//! ready end, and [`poll`](FileRing::poll) hands out results without a system call. A read of cached data ends within the
//! submission; everything else is announced by the [`EventDescriptor`].
//!
//! The ring takes SINGLE_ISSUER and DEFER_TASKRUN where the kernel has them (6.1): completions then wait for the owner
//! instead of interrupting it. Files can be registered, which spares the kernel a reference count per call that all threads
//! would fight over (6 % of a cached read), and one piece of memory, which spares direct I/O the pinning of its pages.
//!
//! Invariant: every call that was pushed gives one result.
#![expect(unsafe_code, reason = "the kernel uses memory and descriptors that the pusher of a call vouched for")]

use std::io;
use std::marker::PhantomData;
use std::ops::Range;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::ptr::NonNull;

use io_uring::types::{Fd, FsyncFlags};
use io_uring::{IoUring, Probe, opcode, squeue};
use rustix::io::Errno;

use crate::event_descriptor::EventDescriptor;
use crate::file_call::{CallResult, CallToken, ClearMode, FileCall, FileHandle};

/// Files that a ring can have registered at once. Others work too, a little slower.
pub const REGISTERED_FILES_MAX: u32 = 1024;

/// A ring and the thread that made it, which is the only one that may use it.
pub struct FileRing {
    ring: IoUring,
    /// Places of the ring's file table that are free. Empty when the kernel has no such table.
    free_files: Vec<u32>,
    /// Addresses of the registered memory.
    registered_memory: Range<usize>,
    bound_to_thread: PhantomData<*mut ()>,
}

impl FileRing {
    /// A ring with room for `entries` calls between two flushes. `event` is signalled when results are there.
    ///
    /// # Errors
    /// When the kernel has no io_uring, refuses it to this process, or lacks an operation that is needed (Linux 5.6).
    pub fn new(entries: u32, event: &EventDescriptor) -> io::Result<Self> {
        let deferred =
            IoUring::builder().setup_single_issuer().setup_defer_taskrun().setup_taskrun_flag().build(entries);
        let ring = match deferred {
            // A kernel that does not know the flags.
            Err(error) if error.raw_os_error() == Some(libc::EINVAL) => IoUring::builder().build(entries),
            other => other,
        }?;
        let mut probe = Probe::new();
        ring.submitter().register_probe(&mut probe)?;
        let needed = [
            opcode::Read::CODE,
            opcode::Write::CODE,
            opcode::ReadFixed::CODE,
            opcode::WriteFixed::CODE,
            opcode::Fsync::CODE,
            opcode::Fallocate::CODE,
        ];
        if needed.iter().any(|&code| !probe.is_supported(code)) {
            return Err(io::ErrorKind::Unsupported.into());
        }
        ring.submitter().register_eventfd(event.as_fd().as_raw_fd())?;
        let has_file_table = ring.submitter().register_files_sparse(REGISTERED_FILES_MAX).is_ok();
        let free_files = if has_file_table { (0..REGISTERED_FILES_MAX).rev().collect() } else { Vec::new() };
        Ok(Self { ring, free_files, registered_memory: 0..0, bound_to_thread: PhantomData })
    }

    /// Registers memory, which is then used faster. Its pages are allocated and pinned. At most once a ring.
    ///
    /// # Errors
    /// When the kernel refuses, usually for `RLIMIT_MEMLOCK`. The ring works on without.
    ///
    /// # Safety
    /// The memory stays mapped as long as the ring lives.
    pub unsafe fn register_memory(&mut self, base: NonNull<u8>, length_bytes: usize) -> io::Result<()> {
        let vector = libc::iovec { iov_base: base.as_ptr().cast(), iov_len: length_bytes };
        // SAFETY: the caller keeps the memory mapped as long as the ring lives.
        unsafe { self.ring.submitter().register_buffers(&[vector]) }?;
        let start = base.as_ptr().addr();
        self.registered_memory = start..start + length_bytes;
        Ok(())
    }

    /// Registers a file, which is then used faster. The ring keeps it open until
    /// [`unregister_file`](Self::unregister_file). When the table is full, the handle is good all the same.
    pub fn register_file(&mut self, file: BorrowedFd<'_>) -> FileHandle {
        let descriptor = file.as_raw_fd();
        let registered = self.free_files.pop().filter(|&place| {
            let updated = self.ring.submitter().register_files_update(place, &[descriptor]);
            if updated.is_err() {
                self.free_files.push(place);
            }
            updated.is_ok()
        });
        FileHandle { descriptor, registered }
    }

    /// Lets a file go. Calls on it that are under way end undisturbed.
    pub fn unregister_file(&mut self, file: FileHandle) {
        if let Some(place) = file.registered
            && self.ring.submitter().register_files_update(place, &[-1]).is_ok()
        {
            self.free_files.push(place);
        }
    }

    /// Adds a call to those that the next [`flush`](Self::flush) submits. When there is no room, it flushes first.
    ///
    /// # Errors
    /// When there was no room and the flush failed. The call was not added.
    ///
    /// # Safety
    /// Until [`poll`](Self::poll) has returned the call's result, the descriptor stays open and the memory stays mapped;
    /// and nobody refers to the memory of a read, or changes the memory of a write. This holds even if the ring is dropped
    /// first, for then nothing tells when the call ends.
    pub unsafe fn push(&mut self, token: CallToken, file: FileHandle, call: FileCall) -> io::Result<()> {
        let entry = self.entry(file, call).user_data(token.0);
        if self.ring.submission().is_full() {
            self.flush()?;
        }
        // SAFETY: the caller keeps what the entry refers to as the kernel needs it.
        let pushed = unsafe { self.ring.submission().push(&entry) };
        pushed.map_err(|_| io::ErrorKind::WouldBlock.into())
    }

    fn entry(&self, file: FileHandle, call: FileCall) -> squeue::Entry {
        let Some(place) = file.registered.and_then(|place| i32::try_from(place).ok()) else {
            return self.entry_for(Fd(file.descriptor), call);
        };
        self.entry_for(Fd(place), call).flags(squeue::Flags::FIXED_FILE)
    }

    fn entry_for(&self, file: Fd, call: FileCall) -> squeue::Entry {
        match call {
            FileCall::Read { memory, length_bytes, offset } if self.is_registered(memory, length_bytes) => {
                opcode::ReadFixed::new(file, memory, length_bytes, 0).offset(offset).build()
            }
            FileCall::Read { memory, length_bytes, offset } => {
                opcode::Read::new(file, memory, length_bytes).offset(offset).build()
            }
            FileCall::Write { memory, length_bytes, offset, durable } => {
                let flags = if durable { libc::RWF_DSYNC } else { 0 };
                if self.is_registered(memory, length_bytes) {
                    opcode::WriteFixed::new(file, memory, length_bytes, 0).offset(offset).rw_flags(flags).build()
                } else {
                    opcode::Write::new(file, memory, length_bytes).offset(offset).rw_flags(flags).build()
                }
            }
            FileCall::SyncData => opcode::Fsync::new(file).flags(FsyncFlags::DATASYNC).build(),
            FileCall::Clear { mode, offset, length_bytes } => {
                let mode = match mode {
                    ClearMode::PunchHole => libc::FALLOC_FL_PUNCH_HOLE,
                    ClearMode::ZeroRange => libc::FALLOC_FL_ZERO_RANGE,
                };
                let mode = mode | libc::FALLOC_FL_KEEP_SIZE;
                opcode::Fallocate::new(file, length_bytes).offset(offset).mode(mode).build()
            }
        }
    }

    fn is_registered(&self, memory: *const u8, length_bytes: u32) -> bool {
        let start = memory.addr();
        self.registered_memory.start <= start && start + length_bytes as usize <= self.registered_memory.end
    }

    /// Submits what was pushed and lets calls end whose end waits for this thread. No system call if there are neither.
    ///
    /// # Errors
    /// What `io_uring_enter` reports, but for a shortage that passes: then calls are left over and
    /// [`has_unsubmitted`](Self::has_unsubmitted) says so.
    pub fn flush(&mut self) -> io::Result<()> {
        let submission = self.ring.submission();
        if submission.is_empty() && !submission.taskrun() && !submission.cq_overflow() {
            return Ok(());
        }
        drop(submission);
        loop {
            match self.ring.submit() {
                Ok(_) => return Ok(()),
                Err(error) => match error.raw_os_error() {
                    Some(libc::EINTR) => {}
                    Some(libc::EAGAIN | libc::EBUSY) => return Ok(()),
                    _ => return Err(error),
                },
            }
        }
    }

    /// Whether calls were pushed that the kernel has not taken yet.
    #[must_use]
    pub fn has_unsubmitted(&mut self) -> bool {
        !self.ring.submission().is_empty()
    }

    /// Hands out the results that are there.
    pub fn poll(&mut self, mut take: impl FnMut(CallToken, CallResult)) {
        for entry in self.ring.completion() {
            let result = u32::try_from(entry.result()).map_err(|_| Errno::from_raw_os_error(-entry.result()));
            take(CallToken(entry.user_data()), result);
        }
    }
}

impl std::fmt::Debug for FileRing {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let parameters = self.ring.params();
        formatter
            .debug_struct("FileRing")
            .field("entries", &parameters.sq_entries())
            .field("single_issuer", &parameters.is_setup_single_issuer())
            .field("registered_memory_bytes", &self.registered_memory.len())
            .finish_non_exhaustive()
    }
}
