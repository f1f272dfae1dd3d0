//! io_uring: submission and completion through rings shared with the kernel.
//!
//! One `io_uring_enter` a commit submits everything that was queued; a reap takes completions without a system call where
//! they are there already, and waits with one where they are not. The ring takes SINGLE_ISSUER and DEFER_TASKRUN where
//! the kernel has them (6.1), so that completions wait for the reap instead of interrupting the thread.
#![expect(unsafe_code, reason = "the kernel uses memory and descriptors that the makers of I/Os vouch for")]

use std::hint::cold_path;
use std::os::fd::RawFd;

use ::io_uring::types::{FsyncFlags, SubmitArgs, Timespec};
use ::io_uring::{IoUring, opcode, squeue};
use rustix::io::Errno;

use self::entry::Fields;
use super::file_call;
use super::pvsync2::DONT_CACHE;
use super::{
    Completion, Description, Engine, EngineError, Io, OpenedFile, Operation, Outcome, Queued, Setup, Traits, Wanted,
};

mod entry;

/// Most entries of a ring that the kernel allows.
const ENTRIES_MAX: u32 = 32_768;
/// How long an idle kernel thread (`sqthread_poll`) looks for work before it sleeps.
const POLL_THREAD_IDLE_MS: u32 = 1000;

/// The options.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of its own")]
pub struct IoUringOptions {
    /// `hipri`: poll for completions; only direct I/O on devices that can be polled.
    pub high_priority: bool,
    /// `fixedbufs`: the buffers are registered once instead of being looked up for each I/O.
    pub fixed_buffers: bool,
    /// `registerfiles`: the same for the files.
    pub register_files: bool,
    /// `sqthread_poll`: a kernel thread takes submissions, so that a commit is no system call.
    pub poll_thread: bool,
    /// `sqthread_poll_cpu`: where that thread runs.
    pub poll_thread_core: Option<u32>,
    /// `nonvectored`: plain reads and writes, not vectors of one. Default yes.
    pub non_vectored: bool,
    /// `uncached`: buffered data leave the cache at once (`RWF_DONTCACHE`).
    pub uncached: bool,
    /// `nowait`: `EAGAIN` instead of waiting (`RWF_NOWAIT`).
    pub no_wait: bool,
    /// `force_async`: every so many-th I/O is handed to a kernel worker; 0: none.
    pub force_async: u32,
}

impl Default for IoUringOptions {
    fn default() -> Self {
        Self {
            high_priority: false,
            fixed_buffers: false,
            register_files: false,
            poll_thread: false,
            poll_thread_core: None,
            non_vectored: true,
            uncached: false,
            no_wait: false,
            force_async: 0,
        }
    }
}

/// The engine: a ring, and how many I/Os are in it.
pub(super) struct IoUringEngine {
    ring: IoUring,
    options: IoUringOptions,
    rw_flags: u32,
    registers_files: bool,
    /// `CODE` of a read and of a write.
    codes: [u8; 2],
    /// Buffers are handed over in vectors of one.
    is_vectored: bool,
    /// One a slot, for `nonvectored=0`.
    vectors: Box<[libc::iovec]>,
    /// Accepted and not yet reaped.
    under_way: u32,
    /// Of these, not yet submitted.
    pending: u32,
    since_forced: u32,
    works_by_itself: bool,
}

impl Engine for IoUringEngine {
    const DESCRIPTION: Description = Description {
        name: "io_uring",
        summary: "Linux io_uring: rings shared with the kernel",
        traits: Traits::ASYNCHRONOUS,
    };

    fn new(setup: &Setup<'_>) -> Result<Self, EngineError> {
        let options = setup.options.io_uring;
        let ring = build(setup, options).map_err(|source| failed("io_uring_setup", source))?;
        // A kernel thread that polls needs them in kernels before 5.11.
        let registers_files = options.register_files || options.poll_thread;
        if registers_files {
            let result = ring.submitter().register_files_sparse(setup.file_count);
            result.map_err(|source| failed("registering files", source))?;
        }
        let empty = libc::iovec { iov_base: std::ptr::null_mut(), iov_len: 0 };
        let vectors = vec![empty; setup.depth as usize].into_boxed_slice();
        if options.fixed_buffers {
            register_buffers(&ring, setup)?;
        }
        let mut rw_flags = 0;
        if options.no_wait {
            rw_flags |= libc::RWF_NOWAIT.cast_unsigned();
        }
        if options.uncached {
            rw_flags |= DONT_CACHE;
        }
        Ok(Self {
            ring,
            options,
            rw_flags,
            registers_files,
            codes: match (options.fixed_buffers, options.non_vectored) {
                (true, _) => [opcode::ReadFixed::CODE, opcode::WriteFixed::CODE],
                (false, true) => [opcode::Read::CODE, opcode::Write::CODE],
                (false, false) => [opcode::Readv::CODE, opcode::Writev::CODE],
            },
            is_vectored: !options.fixed_buffers && !options.non_vectored,
            vectors,
            under_way: 0,
            pending: 0,
            since_forced: 0,
            works_by_itself: false,
        })
    }

    fn open_file(&mut self, file: &OpenedFile<'_>) -> Result<(), EngineError> {
        self.update_file(file.index, file.descriptor).map_err(|source| failed("registering a file", source))
    }

    fn close_file(&mut self, file: u32) {
        // Fails only for a table or a place that is not there, and then there is nothing to undo.
        let _ = self.update_file(file, -1);
    }

    #[inline(always)]
    fn queue(&mut self, slot: u32, io: &mut Io) -> Queued {
        if io.operation() == Operation::Trim {
            cold_path();
            return if self.pending > 0 { Queued::Busy } else { Queued::Done(file_call::without_data(io)) };
        }
        let entry = self.entry(slot, io);
        // SAFETY: who made the I/O keeps what the entry refers to until it is over; the vector stays with the slot.
        while unsafe { self.ring.submission().push(&entry) }.is_err() {
            cold_path();
            if !self.makes_room() {
                return Queued::Busy;
            }
        }
        self.under_way += 1;
        self.pending += 1;
        Queued::Accepted
    }

    #[inline]
    fn commit(&mut self) -> Result<(), Errno> {
        while self.pending > 0 {
            match self.ring.submitter().submit() {
                Ok(count) => self.submitted(count),
                Err(error) => match errno(&error) {
                    Errno::INTR => {}
                    // The kernel has no resources or the completion ring is full: a reap comes first.
                    Errno::AGAIN | Errno::BUSY => return Ok(()),
                    error => return Err(error),
                },
            }
        }
        self.works_by_itself = self.ring.completion().len() < self.under_way as usize;
        Ok(())
    }

    #[inline]
    fn works_by_itself(&self) -> bool {
        self.works_by_itself
    }

    #[inline]
    fn reap(&mut self, wanted: Wanted, completions: &mut Vec<Completion>) -> Result<(), Errno> {
        let at_most = wanted.at_most.min(self.under_way);
        let at_least = wanted.at_least.min(at_most);
        let mut taken = self.take(at_most, completions);
        if at_least == 0 && taken == 0 && self.needs_enter() {
            self.enter(0, wanted)?;
            taken = self.take(at_most, completions);
        }
        while taken < at_least {
            let goes_on = self.enter(at_least - taken, wanted)?;
            taken += self.take(at_most - taken, completions);
            if !goes_on {
                break;
            }
        }
        Ok(())
    }
}

impl IoUringEngine {
    #[inline(always)]
    fn entry(&mut self, slot: u32, io: &Io) -> squeue::Entry {
        let (file, mut flags) = if self.registers_files {
            (i32::try_from(io.file_index()).unwrap_or(i32::MAX), squeue::Flags::FIXED_FILE)
        } else {
            (io.descriptor(), squeue::Flags::empty())
        };
        if self.options.force_async > 0 {
            cold_path();
            self.since_forced += 1;
            if self.since_forced == self.options.force_async {
                self.since_forced = 0;
                flags |= squeue::Flags::ASYNC;
            }
        }
        let operation = self.operation(slot, io);
        Fields { flags: flags.bits(), file, user_data: u64::from(slot), ..operation }.into_entry()
    }

    /// What is done, without the file it is done to.
    #[inline(always)]
    fn operation(&mut self, slot: u32, io: &Io) -> Fields {
        match io.operation() {
            operation @ (Operation::Read | Operation::Write) => {
                let (mut address, mut length) = (io.buffer().as_ptr().cast_const(), io.length_bytes());
                if self.is_vectored {
                    cold_path();
                    (address, length) = (self.vector(slot, io), 1);
                }
                let place = u16::try_from(slot).unwrap_or(u16::MAX);
                Fields {
                    code: self.codes[usize::from(operation == Operation::Write)],
                    priority: io.priority(),
                    offset: io.offset(),
                    address: address.expose_provenance() as u64,
                    length,
                    operation_flags: self.rw_flags,
                    buffer_index: if self.options.fixed_buffers { place } else { 0 },
                    ..Fields::default()
                }
            }
            Operation::DataSync => {
                cold_path();
                Fields { code: opcode::Fsync::CODE, operation_flags: FsyncFlags::DATASYNC.bits(), ..Fields::default() }
            }
            Operation::SyncRange(operation_flags) => {
                cold_path();
                Fields {
                    code: opcode::SyncFileRange::CODE,
                    offset: io.offset(),
                    length: io.length_bytes(),
                    operation_flags,
                    ..Fields::default()
                }
            }
            Operation::Sync | Operation::Trim => {
                cold_path();
                Fields { code: opcode::Fsync::CODE, ..Fields::default() }
            }
        }
    }

    fn vector(&mut self, slot: u32, io: &Io) -> *const u8 {
        let vector = &mut self.vectors[slot as usize];
        *vector = libc::iovec { iov_base: io.buffer().as_ptr().cast(), iov_len: io.length_bytes() as usize };
        (&raw const *vector).cast()
    }

    /// A kernel thread that takes submissions gives their places back once it has gone through all that it found, which may be
    /// after each of them was reaped: waits for that. `false`: there is something to commit or reap first.
    #[inline(never)]
    fn makes_room(&self) -> bool {
        self.under_way == 0
            && match self.ring.submitter().squeue_wait() {
                Ok(_) => true,
                Err(error) => errno(&error) == Errno::INTR,
            }
    }

    /// Takes completions that are there. Returns how many.
    #[inline]
    fn take(&mut self, at_most: u32, completions: &mut Vec<Completion>) -> u32 {
        let mut taken = 0;
        for entry in self.ring.completion().take(at_most as usize) {
            let slot = u32::try_from(entry.user_data()).unwrap_or(u32::MAX);
            completions.push(Completion { slot, outcome: Outcome::from_result(entry.result()) });
            taken += 1;
        }
        self.under_way -= taken;
        taken
    }

    /// Whether completions may be there that only a system call brings in.
    #[inline]
    fn needs_enter(&mut self) -> bool {
        if self.under_way == 0 {
            return false;
        }
        let submission = self.ring.submission();
        self.options.high_priority || self.pending > 0 || submission.taskrun() || submission.cq_overflow()
    }

    /// Submits what is pending and waits. Returns whether it is worth waiting again.
    fn enter(&mut self, at_least: u32, wanted: Wanted) -> Result<bool, Errno> {
        let submitter = self.ring.submitter();
        let result = match wanted.timeout {
            None => submitter.submit_and_wait(at_least as usize),
            Some(timeout) => {
                let time = Timespec::from(timeout);
                submitter.submit_with_args(at_least as usize, &SubmitArgs::new().timespec(&time))
            }
        };
        match result {
            Ok(count) => {
                self.submitted(count);
                Ok(wanted.timeout.is_none())
            }
            Err(error) => match errno(&error) {
                Errno::INTR | Errno::TIME => Ok(false),
                // Completions are in the way; they are taken next.
                Errno::AGAIN | Errno::BUSY => Ok(true),
                error => Err(error),
            },
        }
    }

    fn submitted(&mut self, count: usize) {
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        // A thread that polls has taken some before they could be counted.
        self.pending = if self.options.poll_thread { 0 } else { self.pending.saturating_sub(count) };
    }

    fn update_file(&self, index: u32, descriptor: RawFd) -> std::io::Result<()> {
        if self.registers_files {
            self.ring.submitter().register_files_update(index, &[descriptor])?;
        }
        Ok(())
    }
}

impl Drop for IoUringEngine {
    /// Waits until nothing is under way.
    fn drop(&mut self) {
        let mut completions = Vec::new();
        let wanted = Wanted { at_least: u32::MAX, at_most: u32::MAX, timeout: None };
        while self.under_way > 0 && self.reap(wanted, &mut completions).is_ok() {}
    }
}

fn build(setup: &Setup<'_>, options: IoUringOptions) -> std::io::Result<IoUring> {
    let entries = setup.depth.min(ENTRIES_MAX).next_power_of_two();
    let completions = setup.depth.next_power_of_two();
    let mut builder = IoUring::builder();
    builder.setup_cqsize(completions.max(entries)).setup_clamp();
    if options.high_priority {
        builder.setup_iopoll();
    }
    if options.poll_thread {
        builder.setup_sqpoll(POLL_THREAD_IDLE_MS);
        if let Some(core) = options.poll_thread_core {
            builder.setup_sqpoll_cpu(core);
        }
        return builder.build(entries);
    }
    let mut modern = builder.clone();
    modern.setup_single_issuer().setup_defer_taskrun().setup_taskrun_flag();
    let mut latest = modern.clone();
    latest.setup_no_sqarray();
    // Linux 6.6 knows all the flags, 6.1 those of the second.
    for kind in [latest, modern] {
        match kind.build(entries) {
            Err(error) if error.raw_os_error() == Some(libc::EINVAL) => {}
            other => return other,
        }
    }
    builder.build(entries)
}

fn register_buffers(ring: &IoUring, setup: &Setup<'_>) -> Result<(), EngineError> {
    let vectors: Vec<_> = (0..setup.depth)
        .map(|slot| libc::iovec {
            iov_base: setup.memory.buffer(slot).as_ptr().cast(),
            iov_len: setup.length_bytes_max as usize,
        })
        .collect();
    // SAFETY: the setup says that the memory lives longer than the engine, and so than the ring.
    let result = unsafe { ring.submitter().register_buffers(&vectors) };
    result.map_err(|source| failed("registering buffers (the limit is `ulimit -l`)", source))
}

fn failed(what: &'static str, source: std::io::Error) -> EngineError {
    EngineError::System { engine: "io_uring", what, source }
}

fn errno(error: &std::io::Error) -> Errno {
    Errno::from_io_error(error).unwrap_or(Errno::IO)
}
