//! Linux native asynchronous I/O by its raw system calls: `io_setup`, `io_submit`, `io_getevents`.
//!
//! One `io_submit` a commit and at most one `io_getevents` a reap. With `userspace_reap`, completions are taken out of
//! the ring that the kernel shares with the process, without a system call. The control blocks are made once, one a slot.
#![expect(unsafe_code, reason = "system calls that no library has without the C library of their own")]

use std::ptr::NonNull;
use std::sync::atomic::{AtomicU32, Ordering};

use reactor::clock::Duration;
use rustix::io::Errno;

use super::file_call::{self, last_error};
use super::{Completion, Description, Engine, EngineError, Io, Operation, Outcome, Queued, Setup, Traits, Wanted};

/// Marks a ring whose layout is the one below.
const RING_MAGIC: u32 = 0xa10a_10a1;
const OPCODE_PREAD: u16 = 0;
const OPCODE_PWRITE: u16 = 1;
const OPCODE_FSYNC: u16 = 2;
const OPCODE_FDSYNC: u16 = 3;

/// The options.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LibaioOptions {
    /// `userspace_reap`: take completions without a system call where none has to be waited for.
    pub userspace_reap: bool,
    /// `nowait`: `EAGAIN` instead of waiting (`RWF_NOWAIT`).
    pub no_wait: bool,
}

/// `IOCB_FLAG_IOPRIO`: the request has a priority of its own.
const HAS_PRIORITY: u32 = 2;

/// `struct iocb` (linux/aio_abi.h), little-endian field order.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default)]
struct ControlBlock {
    data: u64,
    key: u32,
    rw_flags: i32,
    opcode: u16,
    request_priority: i16,
    descriptor: u32,
    buffer: u64,
    length_bytes: u64,
    offset: i64,
    reserved: u64,
    flags: u32,
    result_descriptor: u32,
}

/// `struct io_event`.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default)]
struct Event {
    data: u64,
    control_block: u64,
    result: i64,
    result2: i64,
}

const _: () = assert!(size_of::<ControlBlock>() == 64 && size_of::<Event>() == 32);

/// The head of the ring that the kernel maps into the process (fs/aio.c, `struct aio_ring`); events follow.
#[repr(C)]
struct Ring {
    id: u32,
    event_count: u32,
    head: AtomicU32,
    tail: AtomicU32,
    magic: u32,
    compatible_features: u32,
    incompatible_features: u32,
    header_bytes: u32,
}

/// The engine: a context of the kernel, and what waits to be submitted.
#[derive(Debug)]
pub(super) struct LibaioEngine {
    context: usize,
    options: LibaioOptions,
    control_blocks: Box<[ControlBlock]>,
    pending: Vec<*mut ControlBlock>,
    events: Box<[Event]>,
    /// I/Os that the kernel refused when they were submitted.
    refused: Vec<Completion>,
    submitted: u32,
}

impl Engine for LibaioEngine {
    const DESCRIPTION: Description = Description {
        name: "libaio",
        summary: "Linux native asynchronous I/O: io_submit(2), io_getevents(2)",
        traits: Traits::ASYNCHRONOUS,
    };

    fn new(setup: &Setup<'_>) -> Result<Self, EngineError> {
        let mut context = 0_usize;
        // SAFETY: the kernel writes the context into the number.
        let result = unsafe { libc::syscall(libc::SYS_io_setup, setup.depth, &raw mut context) };
        if result != 0 {
            let source = std::io::Error::last_os_error();
            let what = "io_setup (its limit is /proc/sys/fs/aio-max-nr)";
            return Err(EngineError::System { engine: "libaio", what, source });
        }
        let depth = setup.depth as usize;
        Ok(Self {
            context,
            options: setup.options.libaio,
            control_blocks: vec![ControlBlock::default(); depth].into_boxed_slice(),
            pending: Vec::with_capacity(depth),
            events: vec![Event::default(); depth].into_boxed_slice(),
            refused: Vec::new(),
            submitted: 0,
        })
    }

    #[inline]
    fn queue(&mut self, slot: u32, io: &mut Io) -> Queued {
        let (opcode, rw_flags) = match io.operation() {
            Operation::Read => (OPCODE_PREAD, self.rw_flags()),
            Operation::Write => (OPCODE_PWRITE, self.rw_flags()),
            Operation::Sync => (OPCODE_FSYNC, 0),
            Operation::DataSync => (OPCODE_FDSYNC, 0),
            Operation::SyncRange(_) | Operation::Trim if !self.pending.is_empty() => return Queued::Busy,
            Operation::SyncRange(_) | Operation::Trim => return Queued::Done(file_call::without_data(io)),
        };
        let moves_data = io.operation().moves_data();
        let block = &mut self.control_blocks[slot as usize];
        *block = ControlBlock {
            data: u64::from(slot),
            rw_flags,
            opcode,
            request_priority: io.priority().cast_signed(),
            flags: if io.priority() == 0 { 0 } else { HAS_PRIORITY },
            descriptor: io.descriptor().cast_unsigned(),
            buffer: if moves_data { io.buffer().as_ptr().expose_provenance() as u64 } else { 0 },
            length_bytes: if moves_data { u64::from(io.length_bytes()) } else { 0 },
            offset: if moves_data { io.offset().cast_signed() } else { 0 },
            ..ControlBlock::default()
        };
        self.pending.push(&raw mut *block);
        Queued::Accepted
    }

    /// Submits as much as the kernel takes. What it has no resources for stays until something was completed.
    #[inline]
    fn commit(&mut self) -> Result<(), Errno> {
        while !self.pending.is_empty() {
            // SAFETY: the control blocks are ours and stay where they are; what they refer to is vouched for by those who
            // made the I/Os.
            let result = unsafe {
                libc::syscall(libc::SYS_io_submit, self.context, self.pending.len(), self.pending.as_mut_ptr())
            };
            match usize::try_from(result) {
                Ok(count) if count == self.pending.len() => {
                    self.submitted += u32::try_from(count).unwrap_or(u32::MAX);
                    self.pending.clear();
                }
                Ok(count) => {
                    self.submitted += u32::try_from(count).unwrap_or(u32::MAX);
                    self.pending.drain(..count);
                }
                Err(_) => match last_error() {
                    Errno::INTR => {}
                    Errno::AGAIN if self.submitted > 0 => return Ok(()),
                    // Nothing is under way that could free anything: the resources are somebody else's.
                    Errno::AGAIN => std::thread::yield_now(),
                    // It is the first one that the kernel does not take.
                    error => self.refuse_first(error),
                },
            }
        }
        Ok(())
    }

    #[inline]
    fn works_by_itself(&self) -> bool {
        self.ring().is_some_and(|ring| {
            // SAFETY: as in `ring`.
            let header = unsafe { ring.as_ref() };
            let (head, tail) = (header.head.load(Ordering::Relaxed), header.tail.load(Ordering::Relaxed));
            let over = (tail + header.event_count - head) % header.event_count;
            over < self.submitted
        })
    }

    fn reap(&mut self, wanted: Wanted, completions: &mut Vec<Completion>) -> Result<(), Errno> {
        let at_most = wanted.at_most as usize;
        let before = completions.len();
        let refused = self.refused.len().min(at_most);
        completions.extend(self.refused.drain(..refused));
        loop {
            let taken = completions.len() - before;
            let room = at_most - taken;
            let under_way = self.submitted as usize;
            let waits_for = (wanted.at_least as usize).min(at_most).saturating_sub(taken).min(under_way);
            if room == 0 || under_way == 0 {
                return Ok(());
            }
            let count = if waits_for == 0 && self.options.userspace_reap {
                self.take_from_ring(room)
            } else {
                self.take_by_call(waits_for, room.min(self.events.len()), wanted.timeout)?
            };
            for event in &self.events[..count] {
                let slot = u32::try_from(event.data).unwrap_or(u32::MAX);
                let result = i32::try_from(event.result).unwrap_or(-Errno::IO.raw_os_error());
                completions.push(Completion { slot, outcome: Outcome::from_result(result) });
            }
            self.submitted -= u32::try_from(count).unwrap_or(u32::MAX);
            if !self.pending.is_empty() {
                self.commit()?;
            }
            if count >= waits_for || wanted.timeout.is_some() || count == 0 {
                return Ok(());
            }
        }
    }
}

impl LibaioEngine {
    #[inline]
    fn rw_flags(&self) -> i32 {
        if self.options.no_wait { libc::RWF_NOWAIT } else { 0 }
    }

    fn refuse_first(&mut self, error: Errno) {
        let block = self.pending.remove(0);
        // SAFETY: points to one of our control blocks, which the kernel has not taken.
        let slot = unsafe { (*block).data };
        let slot = u32::try_from(slot).unwrap_or(u32::MAX);
        self.refused.push(Completion { slot, outcome: Outcome::failed(error) });
    }

    fn take_by_call(&mut self, least: usize, most: usize, timeout: Option<Duration>) -> Result<usize, Errno> {
        let time = timeout.map(|timeout| libc::timespec {
            tv_sec: i64::try_from(timeout.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: i64::from(timeout.subsec_nanos()),
        });
        let time = time.as_ref().map_or(std::ptr::null(), std::ptr::from_ref);
        // SAFETY: there is room for `most` events, and the time lives until the call returns.
        let result =
            unsafe { libc::syscall(libc::SYS_io_getevents, self.context, least, most, self.events.as_mut_ptr(), time) };
        match usize::try_from(result) {
            Ok(count) => Ok(count),
            Err(_) if last_error() == Errno::INTR => Ok(0),
            Err(_) => Err(last_error()),
        }
    }

    /// The ring that the kernel shares with us; none when it has another layout than the one we know.
    #[inline]
    fn ring(&self) -> Option<NonNull<Ring>> {
        let ring = NonNull::new(std::ptr::with_exposed_provenance_mut::<Ring>(self.context))?;
        // SAFETY: the context is the address of the ring, mapped until `io_destroy`.
        let header = unsafe { ring.as_ref() };
        (header.magic == RING_MAGIC).then_some(ring)
    }

    /// Takes events out of the shared ring, into `events`. Returns how many. A ring of another layout is left alone: its
    /// events come by the system call.
    fn take_from_ring(&mut self, most: usize) -> usize {
        let most = most.min(self.events.len());
        let Some(ring) = self.ring() else {
            return self.take_by_call(0, most, None).unwrap_or(0);
        };
        // SAFETY: as in `ring`.
        let header = unsafe { ring.as_ref() };
        let tail = header.tail.load(Ordering::Acquire);
        let mut head = header.head.load(Ordering::Relaxed);
        let mut count = 0;
        while head != tail && count < most {
            // SAFETY: events follow the header.
            let events = unsafe { ring.byte_add(header.header_bytes as usize) }.cast::<Event>();
            // SAFETY: the head is below the number of events.
            let event = unsafe { events.add(head as usize) };
            // SAFETY: the kernel has written the event before it moved the tail, and leaves it until the head has moved.
            self.events[count] = unsafe { event.read() };
            head = (head + 1) % header.event_count;
            count += 1;
        }
        header.head.store(head, Ordering::Release);
        count
    }
}

impl Drop for LibaioEngine {
    /// Waits until nothing is under way.
    fn drop(&mut self) {
        // SAFETY: the context is ours and not used afterwards.
        unsafe { libc::syscall(libc::SYS_io_destroy, self.context) };
    }
}
