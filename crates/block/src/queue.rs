//! One reactor's requests to files, from submission to completion.
//!
//! A request is a [`Transfer`] that needs one or more system calls; the engine (an io_uring or threads) carries out one
//! call of a request at a time. Cost per request: an entry in a table; no lock and no allocation in steady state, but for
//! a flush, which takes its turn at the file's gate.
//!
//! Invariants: a request is in exactly one place: in the engine (in `requests`), in `backlog`, or in `flushes`, and leaves
//! by one completion. While it is in the engine, its buffer and its file stay where they are, also when the queue is
//! dropped, which waits for it.
#![expect(unsafe_code, reason = "hands buffers to the kernel; the table keeps them")]

use std::collections::VecDeque;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use reactor::buffer_pool::{BufferPool, IoBuffer};
use reactor::event_descriptor::EventDescriptor;
use reactor::file_call::{CallResult, CallToken, FileCall, FileHandle};
use slab::Slab;
use tracing::debug;

use crate::device::file::{OpenFile, Step, SyncNumber, Transfer, Turn};
use crate::engine::{Backend, Engine};
use crate::{BlockError, ByteRange, Completion, Request, Slot, Submission};

/// What a queue is made from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeviceQueueOptions {
    /// Requests that may be at the system at once. More wait in the queue. At least 1.
    pub entries: u32,
    /// Who carries them out.
    pub backend: Backend,
}

/// The requests of one thread to devices that need the system's help. It is bound to its thread.
#[derive(Debug)]
pub struct DeviceQueue {
    engine: Engine,
    event: EventDescriptor,
    /// Memory that the engine may have registered.
    pool: BufferPool,
    is_memory_registered: bool,
    entries: usize,
    /// Requests with a call at the engine. The key is the call's token.
    requests: Slab<FileRequest>,
    /// Requests that wait for room, the oldest first.
    backlog: VecDeque<FileRequest>,
    /// Flushes that wait for another one's sync.
    flushes: Vec<(SyncNumber, FileRequest)>,
    /// The files that were ever used here, at the index of their number.
    files: Vec<Option<AttachedFile>>,
    results: Vec<(CallToken, CallResult)>,
}

#[derive(Debug)]
struct AttachedFile {
    file: Arc<OpenFile>,
    data: FileHandle,
    /// Requests that have not been completed.
    request_count: usize,
}

#[derive(Debug)]
struct FileRequest {
    slot: Slot,
    buffer: Option<IoBuffer>,
    /// Index into `files`.
    file: usize,
    transfer: Transfer,
    /// Whether the call that is under way is a sync.
    is_syncing: bool,
}

impl DeviceQueue {
    /// A queue for the calling thread, whose requests use buffers of `pool`.
    ///
    /// # Errors
    /// When the kernel refuses what the backend needs.
    pub fn new(options: DeviceQueueOptions, pool: &BufferPool) -> io::Result<Self> {
        let event = EventDescriptor::new()?;
        let entries = options.entries.max(1);
        Ok(Self {
            engine: Engine::new(options.backend, entries, &event)?,
            event,
            pool: pool.share(),
            is_memory_registered: false,
            entries: entries as usize,
            requests: Slab::with_capacity(entries as usize),
            backlog: VecDeque::new(),
            flushes: Vec::new(),
            files: Vec::new(),
            results: Vec::new(),
        })
    }

    /// Readable when there is reason to [`poll`](Self::poll).
    #[must_use]
    pub fn event_fd(&self) -> BorrowedFd<'_> {
        self.event.as_fd()
    }

    /// Makes the event descriptor unreadable. To be called before [`poll`](Self::poll), or an event could be lost.
    pub fn clear_event(&self) {
        self.event.clear();
    }

    /// Blocks until there is reason to [`poll`](Self::poll). For threads that have nothing else to wait for.
    ///
    /// # Errors
    /// What `poll` of the system reports.
    pub fn wait(&self) -> io::Result<()> {
        self.event.wait()
    }

    /// Requests that are not completed yet.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.requests.len() + self.backlog.len() + self.flushes.len()
    }

    /// Hands what was submitted to the system: one system call for all of it.
    ///
    /// # Errors
    /// What `io_uring_enter` reports. The requests stay, and the event descriptor is readable, so that the next pass
    /// comes to it.
    pub fn flush(&mut self) -> io::Result<()> {
        let result = self.engine.flush();
        if self.engine.has_unsubmitted() {
            self.event.signal();
        }
        result
    }

    /// Appends the completions that are there, and sends on requests whose calls did less than they should.
    pub fn poll(&mut self, completions: &mut Vec<Completion>) {
        self.ask_for_turns(completions);
        loop {
            self.send_backlog(completions);
            if let Err(error) = self.flush() {
                debug!(%error, "cannot submit to the system, trying again");
                return;
            }
            let mut results = std::mem::take(&mut self.results);
            self.engine.poll(|token, result| results.push((token, result)));
            let is_quiet = results.is_empty();
            for (token, result) in results.drain(..) {
                completions.extend(self.call_ended(token, result));
            }
            self.results = results;
            if is_quiet {
                return;
            }
            self.ask_for_turns(completions);
        }
    }

    /// Takes a request to a file.
    pub(crate) fn submit_file(&mut self, file: &Arc<OpenFile>, request: Request<ByteRange>) -> Submission {
        let request = FileRequest {
            slot: request.slot,
            buffer: request.buffer,
            file: self.attach(file),
            transfer: Transfer::new(request.operation),
            is_syncing: false,
        };
        if !self.has_room() {
            self.backlog.push_back(request);
            return Submission::Pending;
        }
        match self.send(request) {
            Some(completion) => Submission::Complete(completion),
            None => Submission::Pending,
        }
    }

    /// Makes the file known here, and counts a request to it.
    fn attach(&mut self, file: &Arc<OpenFile>) -> usize {
        let index = file.number as usize;
        if self.files.len() <= index {
            self.files.resize_with(index + 1, || None);
        }
        if self.files[index].is_none() {
            self.let_closed_files_go();
            if file.is_direct {
                self.register_memory();
            }
            let data = self.engine.register_file(file.data.as_fd());
            self.files[index] = Some(AttachedFile { file: Arc::clone(file), data, request_count: 0 });
        }
        if let Some(attached) = &mut self.files[index] {
            attached.request_count += 1;
        }
        index
    }

    fn let_closed_files_go(&mut self) {
        for place in &mut self.files {
            let is_done = |attached: &mut AttachedFile| {
                attached.request_count == 0 && attached.file.is_closed.load(Ordering::Relaxed)
            };
            if let Some(attached) = place.take_if(is_done) {
                self.engine.unregister_file(attached.data);
            }
        }
    }

    /// Spares direct I/O the pinning of pages for each call. It pins the whole pool for good, and calls that go through the
    /// page cache gain nothing by it, so it is not done before the first file that is used directly.
    fn register_memory(&mut self) {
        if std::mem::replace(&mut self.is_memory_registered, true) {
            return;
        }
        // SAFETY: `self.pool` keeps the memory mapped, and is dropped after the engine.
        if let Err(error) = unsafe { self.engine.register_memory(&self.pool) } {
            debug!(%error, "buffers are not registered with the kernel, which makes them a little slower");
        }
    }

    fn attached(&self, index: usize) -> &AttachedFile {
        self.files[index].as_ref().expect("a file with requests stays attached")
    }

    fn has_room(&self) -> bool {
        self.requests.len() < self.entries
    }

    fn send_backlog(&mut self, completions: &mut Vec<Completion>) {
        while self.has_room()
            && let Some(request) = self.backlog.pop_front()
        {
            completions.extend(self.send(request));
        }
    }

    /// Sends the first call of a request, or completes it.
    fn send(&mut self, mut request: FileRequest) -> Option<Completion> {
        let step = request.transfer.next(&self.attached(request.file).file.clear_support);
        self.take_step(request, step)
    }

    /// Sends the next call of a request, or completes it.
    fn call_ended(&mut self, token: CallToken, result: CallResult) -> Option<Completion> {
        let key = usize::try_from(token.0).expect("tokens are made from keys");
        let mut request = self.requests.remove(key);
        let file = &self.attached(request.file).file;
        if !request.is_syncing {
            let step = request.transfer.advance(result, &file.clear_support);
            return self.take_step(request, step);
        }
        if let Err(error) = result
            && request.transfer.may_retry(error)
        {
            self.push_sync(request);
            return None;
        }
        let result = file.flush_gate.end(result.map(|_| ()));
        Some(self.complete(request, result.map_err(BlockError::WritesLost)))
    }

    fn take_step(&mut self, request: FileRequest, step: Step) -> Option<Completion> {
        let call = match step {
            Step::Over(result) => return Some(self.complete(request, result)),
            Step::Flush => return self.take_turn(request, None),
            Step::Read { offset, done_bytes, length_bytes } => {
                FileCall::Read { memory: memory_of(&request, done_bytes), length_bytes, offset }
            }
            Step::Write { offset, done_bytes, length_bytes, durable } => {
                FileCall::Write { memory: memory_of(&request, done_bytes), length_bytes, offset, durable }
            }
            Step::WriteZeros { offset, length_bytes } => {
                let memory = self.attached(request.file).file.zeros.base().as_ptr();
                FileCall::Write { memory, length_bytes, offset, durable: false }
            }
            Step::Clear { mode, offset, length_bytes } => FileCall::Clear { mode, offset, length_bytes },
        };
        let handle = self.attached(request.file).data;
        self.push(request, handle, call);
        None
    }

    /// A flush takes its turn, or asks again for the sync that it waits for.
    fn take_turn(&mut self, request: FileRequest, needed: Option<SyncNumber>) -> Option<Completion> {
        let file = &self.attached(request.file).file;
        let turn = match needed {
            None => file.flush_gate.arrive(&self.event),
            Some(needed) => file.flush_gate.ask_again(needed, &self.event),
        };
        match turn {
            Turn::Over(result) => return Some(self.complete(request, result.map_err(BlockError::WritesLost))),
            Turn::Wait(needed) => self.flushes.push((needed, request)),
            Turn::Run => self.push_sync(request),
        }
        None
    }

    fn ask_for_turns(&mut self, completions: &mut Vec<Completion>) {
        for (needed, request) in std::mem::take(&mut self.flushes) {
            if self.has_room() {
                completions.extend(self.take_turn(request, Some(needed)));
            } else {
                self.flushes.push((needed, request));
            }
        }
    }

    fn push_sync(&mut self, mut request: FileRequest) {
        request.is_syncing = true;
        let sync = &self.attached(request.file).file.sync;
        let handle = FileHandle { descriptor: sync.as_raw_fd(), registered: None };
        self.push(request, handle, FileCall::SyncData);
    }

    /// Puts a request into the table and its call into the engine.
    fn push(&mut self, request: FileRequest, handle: FileHandle, call: FileCall) {
        assert!(self.has_room(), "no more at the system than there are entries");
        let token = CallToken(self.requests.insert(request) as u64);
        // SAFETY: the call's memory is the buffer of the request, which stays in the table, untouched, until the result
        // has come (also when the queue is dropped), or the zeros, which live for ever and never change. The descriptor
        // belongs to a file that stays attached as long as it has requests.
        let pushed = unsafe { self.engine.push(token, handle, call) };
        pushed.expect("the engine has an entry for each request that the table takes");
    }

    fn complete(&mut self, request: FileRequest, result: Result<(), BlockError>) -> Completion {
        let attached = self.files[request.file].as_mut().expect("a file with requests stays attached");
        attached.request_count -= 1;
        let result = attached.file.note(&request.transfer, result);
        Completion { slot: request.slot, result, buffer: request.buffer }
    }
}

impl Drop for DeviceQueue {
    /// Waits for the calls that are at the system: they use memory that is about to go.
    fn drop(&mut self) {
        self.backlog.clear();
        self.flushes.clear();
        let mut completions = Vec::new();
        loop {
            self.poll(&mut completions);
            completions.clear();
            if self.requests.is_empty() {
                return;
            }
            self.event.wait().expect("waiting for an event descriptor needs nothing that could be short");
            self.event.clear();
        }
    }
}

fn memory_of(request: &FileRequest, done_bytes: usize) -> *mut u8 {
    let buffer = request.buffer.as_ref().expect("a read or write has a buffer");
    assert!(done_bytes < buffer.len(), "a call within the buffer");
    buffer.base().as_ptr().wrapping_add(done_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::backends;
    use crate::{BlockRange, Operation, open};

    #[test]
    fn requests_beyond_the_entries_wait_and_are_served_in_turn() {
        let path = std::env::temp_dir().join(format!("block-test-entries-{}", std::process::id()));
        std::fs::File::create_new(&path).unwrap().set_len(1 << 20).unwrap();
        let device = open(&path.display().to_string(), 0).unwrap();
        std::fs::remove_file(path).unwrap();
        for backend in backends() {
            let pool = BufferPool::new().unwrap();
            let mut queue = DeviceQueue::new(DeviceQueueOptions { entries: 4, backend }, &pool).unwrap();
            for slot in 0..10 {
                let operation = Operation::Read(BlockRange { first_block: slot, block_count: 1 });
                let request = Request { slot: Slot(slot), operation, buffer: pool.allocate(512) };
                assert!(matches!(device.submit(&mut queue, request), Submission::Pending));
            }
            assert_eq!((queue.requests.len(), queue.backlog.len(), queue.in_flight()), (4, 6, 10));
            let waiting: Vec<_> = queue.backlog.iter().map(|request| request.slot.0).collect();
            assert_eq!(waiting, [4, 5, 6, 7, 8, 9]);
            let mut completions = Vec::new();
            while queue.in_flight() > 0 {
                queue.clear_event();
                queue.poll(&mut completions);
                assert!(queue.requests.len() <= 4);
                if queue.in_flight() > 0 {
                    queue.wait().unwrap();
                }
            }
            assert_eq!(completions.len(), 10);
        }
    }
}
