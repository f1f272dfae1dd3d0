//! Threads that carry out [`FileCall`]s with plain blocking system calls, where io_uring is not to be had.
//!
//! The owner pushes calls, [`flush`](WorkerPool::flush) hands them over under one lock, workers take one at a time, and
//! results come back in a batch under another lock, announced by an [`EventDescriptor`]. Cost of a call: a share of two
//! locks and, when the owner sleeps, two thread switches (some ten microseconds), so it is several times slower than a
//! ring on cached data.
//!
//! Invariant: every call that was pushed gives one result.
#![expect(unsafe_code, reason = "workers use memory and descriptors that the pusher of a call vouched for")]

use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::os::fd::BorrowedFd;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use rustix::fs::{FallocateFlags, fallocate, fdatasync};
use rustix::io::{Errno, ReadWriteFlags, pread, pwritev2};

use crate::event_descriptor::EventDescriptor;
use crate::file_call::{CallResult, CallToken, ClearMode, FileCall, FileHandle};

/// Threads of a pool: as many slow calls (cold reads, syncs) can be under way at once.
pub const WORKER_COUNT: usize = 16;

/// A pool of [`WORKER_COUNT`] threads. Dropping it waits for the calls that were flushed.
#[derive(Debug)]
pub struct WorkerPool {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
    pushed: Vec<Job>,
    /// Results taken out of `shared`. Kept for its capacity.
    taken: Vec<(CallToken, CallResult)>,
}

#[derive(Debug)]
struct Shared {
    queue: Mutex<Queue>,
    work: Condvar,
    results: Mutex<Vec<(CallToken, CallResult)>>,
    event: EventDescriptor,
}

#[derive(Debug, Default)]
struct Queue {
    jobs: VecDeque<Job>,
    idle_count: usize,
    stopping: bool,
}

#[derive(Debug)]
struct Job {
    token: CallToken,
    file: FileHandle,
    call: FileCall,
}

// SAFETY: what a call points at may be used by another thread: `WorkerPool::push` makes its caller keep away from it.
unsafe impl Send for Job {}

impl WorkerPool {
    /// Starts the threads. `event` is signalled when results are there.
    ///
    /// # Errors
    /// When the kernel grants no more threads.
    pub fn new(event: EventDescriptor) -> io::Result<Self> {
        let shared =
            Arc::new(Shared { queue: Mutex::default(), work: Condvar::new(), results: Mutex::default(), event });
        let mut pool = Self { shared, threads: Vec::new(), pushed: Vec::new(), taken: Vec::new() };
        for index in 0..WORKER_COUNT {
            let shared = Arc::clone(&pool.shared);
            let thread = std::thread::Builder::new().name(format!("file worker {index}"));
            pool.threads.push(thread.spawn(move || work(&shared))?);
        }
        Ok(pool)
    }

    /// Adds a call to those that the next [`flush`](Self::flush) hands over.
    ///
    /// # Safety
    /// Until [`poll`](Self::poll) has returned the call's result, or the pool has been dropped, the descriptor stays open
    /// and the memory stays mapped; and nobody refers to the memory of a read, or changes the memory of a write.
    pub unsafe fn push(&mut self, token: CallToken, file: FileHandle, call: FileCall) {
        self.pushed.push(Job { token, file, call });
    }

    /// Hands over what was pushed.
    pub fn flush(&mut self) {
        if self.pushed.is_empty() {
            return;
        }
        let mut queue = lock(&self.shared.queue);
        queue.jobs.extend(self.pushed.drain(..));
        let wanted = queue.jobs.len().min(queue.idle_count);
        drop(queue);
        for _ in 0..wanted {
            self.shared.work.notify_one();
        }
    }

    /// Hands out the results that are there.
    pub fn poll(&mut self, mut take: impl FnMut(CallToken, CallResult)) {
        std::mem::swap(&mut *lock(&self.shared.results), &mut self.taken);
        for (token, result) in self.taken.drain(..) {
            take(token, result);
        }
    }
}

impl Drop for WorkerPool {
    fn drop(&mut self) {
        lock(&self.shared.queue).stopping = true;
        self.shared.work.notify_all();
        for thread in self.threads.drain(..) {
            // A worker that panicked has nothing left that it could touch.
            let _ = thread.join();
        }
    }
}

/// The guarded values are consistent between any two statements, so a panic elsewhere is no reason to stop.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn work(shared: &Shared) {
    let mut queue = lock(&shared.queue);
    loop {
        if let Some(job) = queue.jobs.pop_front() {
            drop(queue);
            let result = carry_out(&job);
            let mut results = lock(&shared.results);
            results.push((job.token, result));
            let first = results.len() == 1;
            drop(results);
            if first {
                shared.event.signal();
            }
            queue = lock(&shared.queue);
        } else if queue.stopping {
            return;
        } else {
            queue.idle_count += 1;
            queue = shared.work.wait(queue).unwrap_or_else(PoisonError::into_inner);
            queue.idle_count -= 1;
        }
    }
}

fn carry_out(job: &Job) -> CallResult {
    // SAFETY: `push` demands that the descriptor stays open until the result has been handed out.
    let file = unsafe { BorrowedFd::borrow_raw(job.file.descriptor) };
    match job.call {
        FileCall::Read { memory, length_bytes, offset } => {
            // SAFETY: `push` demands that the memory is mapped and that nobody else refers to it.
            let memory = unsafe { std::slice::from_raw_parts_mut(memory, length_bytes as usize) };
            byte_count(pread(file, memory, offset))
        }
        FileCall::Write { memory, length_bytes, offset, durable } => {
            // SAFETY: `push` demands that the memory is mapped and that nobody changes it.
            let memory = unsafe { std::slice::from_raw_parts(memory, length_bytes as usize) };
            let flags = if durable { ReadWriteFlags::DSYNC } else { ReadWriteFlags::empty() };
            byte_count(pwritev2(file, &[IoSlice::new(memory)], offset, flags))
        }
        FileCall::SyncData => fdatasync(file).map(|()| 0),
        FileCall::Clear { mode, offset, length_bytes } => {
            let mode = match mode {
                ClearMode::PunchHole => FallocateFlags::PUNCH_HOLE,
                ClearMode::ZeroRange => FallocateFlags::ZERO_RANGE,
            };
            fallocate(file, mode | FallocateFlags::KEEP_SIZE, offset, length_bytes).map(|()| 0)
        }
    }
}

fn byte_count(result: Result<usize, Errno>) -> CallResult {
    // A call's length is a u32, and it does not do more than it was asked for.
    result.map(|count| u32::try_from(count).unwrap_or(u32::MAX))
}
