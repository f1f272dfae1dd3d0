//! The threads of `verify_async`: they check blocks while the loop goes on with other slots.
//!
//! A slot whose block is here is not free: its buffer is the checking thread's until the slot comes back. There are as many
//! places in the queue as slots, so that the loop never waits to hand one over. Cost: a lock and a wake-up a block; nothing
//! without `verify_async`.
#![expect(unsafe_code, reason = "blocks are lent to other threads until they come back")]

use std::io;
use std::path::PathBuf;
use std::ptr::NonNull;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use super::checker::{Checker, Expectation, Wrong};
use super::place;
use crate::options::cpu_list::CpuList;
use crate::verify::{CheckQueue, QueueFull};

/// A block on loan.
#[derive(Debug)]
pub(super) struct Lent {
    slot: u32,
    file: u32,
    buffer: NonNull<u8>,
    length_bytes: usize,
    expectation: Expectation,
}

// SAFETY: `Lent::new` demands that nobody else uses the buffer until it is given back.
unsafe impl Send for Lent {}

impl Lent {
    /// Lends the block of a slot.
    ///
    /// # Safety
    /// `buffer` is valid for reads and writes of `length_bytes`, and used by nobody else, until the slot comes back in
    /// [`CheckThreads::take_back`] or the [`CheckThreads`] are dropped.
    pub(super) unsafe fn new(
        (slot, file): (u32, u32),
        buffer: NonNull<u8>,
        length_bytes: u32,
        expectation: Expectation,
    ) -> Self {
        Self { slot, file, buffer, length_bytes: length_bytes as usize, expectation }
    }
}

/// A slot that comes back.
#[derive(Debug)]
pub(super) struct Checked {
    pub(super) slot: u32,
    /// `None`: the block is right.
    pub(super) wrong: Option<Wrong>,
}

struct Exchange {
    queue: CheckQueue<Lent>,
    checked: Vec<Checked>,
}

struct Shared {
    exchange: Mutex<Exchange>,
    work_came: Condvar,
    work_done: Condvar,
    checker: Arc<Checker>,
    files: Vec<PathBuf>,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Exchange> {
        self.exchange.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn work(&self) {
        let mut exchange = self.lock();
        loop {
            if let Some(mut lent) = exchange.queue.take() {
                drop(exchange);
                let checked = self.check(&mut lent);
                exchange = self.lock();
                exchange.queue.finish(false);
                exchange.checked.push(checked);
                self.work_done.notify_one();
            } else if exchange.queue.is_finished() {
                return;
            } else {
                exchange = self.work_came.wait(exchange).unwrap_or_else(PoisonError::into_inner);
            }
        }
    }

    fn check(&self, lent: &mut Lent) -> Checked {
        // SAFETY: whoever made it promises that the buffer is valid and nobody else's until it comes back.
        let block = unsafe { std::slice::from_raw_parts_mut(lent.buffer.as_ptr(), lent.length_bytes) };
        let wrong = self.checker.check(&lent.expectation, &self.files[lent.file as usize], block);
        Checked { slot: lent.slot, wrong }
    }
}

/// The checking threads of a job. Dropping them waits until the last block is checked.
pub(super) struct CheckThreads {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
    /// Slots that are here.
    lent: u32,
}

impl CheckThreads {
    /// Starts `count` threads, on these CPUs if any are named, for a job of this many slots.
    pub(super) fn start(
        count: u32,
        cpus: Option<&CpuList>,
        checker: &Arc<Checker>,
        files: Vec<PathBuf>,
        slots: u32,
    ) -> io::Result<Self> {
        let shared = Arc::new(Shared {
            exchange: Mutex::new(Exchange {
                queue: CheckQueue::new(slots as usize),
                checked: Vec::with_capacity(slots as usize),
            }),
            work_came: Condvar::new(),
            work_done: Condvar::new(),
            checker: Arc::clone(checker),
            files,
        });
        let mut threads = Self { shared, threads: Vec::new(), lent: 0 };
        for number in 0..count {
            let (shared, cpus) = (Arc::clone(&threads.shared), cpus.cloned());
            let (told, outcome) = std::sync::mpsc::channel();
            let thread = thread::Builder::new().name(format!("bench-check-{number}")).spawn(move || {
                let placed = cpus.map_or(Ok(()), |cpus| place::allow(cpus.as_slice()));
                let works = placed.is_ok();
                let _ = told.send(placed);
                if works {
                    shared.work();
                }
            })?;
            threads.threads.push(thread);
            // A thread that ended without a word has panicked: joined later.
            outcome.recv().unwrap_or(Ok(()))?;
        }
        Ok(threads)
    }

    /// Lends a block.
    pub(super) fn lend(&mut self, lent: Lent) {
        self.lent += 1;
        let mut exchange = self.shared.lock();
        if let Err(QueueFull(mut lent)) = exchange.queue.push(lent) {
            let checked = self.shared.check(&mut lent);
            exchange.checked.push(checked);
            return;
        }
        drop(exchange);
        self.shared.work_came.notify_one();
    }

    /// Whether slots are here.
    pub(super) fn has_any(&self) -> bool {
        self.lent > 0
    }

    /// Moves the slots that are checked to the end of `checked`; with `wait` there is at least one, if any is here.
    pub(super) fn take_back(&mut self, wait: bool, checked: &mut Vec<Checked>) {
        if self.lent == 0 {
            return;
        }
        let mut exchange = self.shared.lock();
        while wait && exchange.checked.is_empty() {
            exchange = self.shared.work_done.wait(exchange).unwrap_or_else(PoisonError::into_inner);
        }
        let count = u32::try_from(exchange.checked.len()).unwrap_or(u32::MAX);
        self.lent = self.lent.saturating_sub(count);
        checked.append(&mut exchange.checked);
    }
}

impl Drop for CheckThreads {
    fn drop(&mut self) {
        self.shared.lock().queue.close();
        self.shared.work_came.notify_all();
        for thread in self.threads.drain(..) {
            // A panic was told by the thread itself.
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verify::{Expected, Method, Verifier, VerifySettings, WriteIdentity};

    fn checker() -> Arc<Checker> {
        let settings = VerifySettings {
            method: Method::named("crc32c").unwrap(),
            interval: 512,
            header_offset: 0,
            unaligned_blocks: false,
            smallest_block: 512,
            pattern: None,
            pattern_interval: 0,
            compress_percentage: 0,
            buffer_pattern: None,
        };
        let verifier = Verifier::new(settings).unwrap();
        Arc::new(Checker { verifier, fatal: false, goes_on: true, dumps: false, aux_path: None })
    }

    #[test]
    fn every_slot_comes_back_and_only_wrong_blocks_are_told() {
        let checker = checker();
        let mut blocks = vec![[0_u8; 512]; 64];
        for (number, block) in (0..).zip(&mut blocks) {
            let identity = WriteIdentity { offset: 0, seed: 9, seconds: 0, nanoseconds: 0, thread: 1, number };
            checker.verifier.fill(block, &identity);
        }
        blocks[17][100] ^= 1;
        let mut threads = CheckThreads::start(3, None, &checker, vec!["f".into()], 64).unwrap();
        for (slot, block) in (0_u32..).zip(&mut blocks) {
            let expected = Expected { offset: 0, seed: None, number: None };
            let buffer = NonNull::from(&mut block[0]);
            // SAFETY: the block is whole, and looked at again only after the threads are gone.
            let lent = unsafe { Lent::new((slot, 0), buffer, 512, Expectation { expected, trimmed: false }) };
            threads.lend(lent);
        }
        let mut checked = Vec::new();
        while threads.has_any() {
            threads.take_back(true, &mut checked);
        }
        drop(threads);
        assert_eq!(checked.len(), 64);
        let wrong: Vec<u32> = checked.iter().filter(|one| one.wrong.is_some()).map(|one| one.slot).collect();
        assert_eq!(wrong, [17]);
    }

    #[test]
    fn cpus_that_are_not_there_are_told() {
        let cpus = CpuList::parse("1023").unwrap();
        assert!(CheckThreads::start(1, Some(&cpus), &checker(), Vec::new(), 1).is_err());
    }
}
