//! The I/O loop of a job: keeps its slots busy until the offsets, the time or an error ends it.
//!
//! ```text
//!  Offsets ─ step ─► begin ─► engine.queue ─► commit ─► reap ─► complete ─► Recorder
//!                      ▲ held back by rates, weights, overlaps      │
//!                      └──────────── slots come back ◄──────────────┘
//! ```
//!
//! It is compiled once for each engine. What an I/O costs beyond the engine, its offset and its statistics: two readings
//! of the clock (one for each I/O and two for each batch where the engine is asynchronous) and some comparisons.
//! Everything that is not for each I/O (time limits, words to the coordinator, rates that have to be kept) is looked at
//! about once a millisecond. With all statistics, 4 KiB at random places without a map at depth 32 take 15 ns an I/O with the
//! null engine and some 410 instructions with io_uring, a third of them in the offsets.
//!
//! What nothing is wanted of but to be issued goes one way ([`Core::is_plain`]), in which nothing is handed on in a structure
//! whose address is taken, and whose rare turns are marked cold: the kernel's work between two batches leaves none of this code
//! in the first cache, so that each of its lines is paid for again.
#![expect(unsafe_code, reason = "the loop vouches for the buffers and files of its I/Os")]

use std::hint::cold_path;
use std::ptr::NonNull;

mod complete;
mod held;
mod next;
mod upkeep;

use self::next::{History, Next, Other, Replay, Source};
use reactor::clock::Duration;

use crate::direction::Direction;
use crate::engines::memory::IoMemory;
use crate::engines::{Completion, Engine, Io, Operation, Place, Queued, Wanted};
use crate::files::JobFiles;
use crate::offsets::{Io as Chosen, Offsets, SyncKind};
use crate::statistics::{BlockLifetimes, ContinuedErrors, Recorder, ResourceUsage};

use crate::verify::LoggedWrite;

use super::check_threads::CheckThreads;
use super::clock::Clock;
use super::debug::{Subject, Subjects};
use super::ended::Ended;
use super::file_locks::FileLocks;
use super::flow::Flow;
use super::journal::Journal;
use super::latency_target::LatencyTarget;
use super::pace::Pace;
use super::priorities::Priorities;
use super::proof::{Prover, SavedWrites};
use super::ramp::SizeRamp;
use super::rest::Waking;
use super::samples::Samples;
use super::saved_state::Progress;
use super::shared::Shared;
use super::slots::{Purpose, Slot, Slots};
use super::thinking::Thinking;
use super::timing::Timing;
use super::tolerance::Tolerance;
use super::writes::Writes;
use super::written::Written;

/// How a job keeps its slots busy.
#[derive(Debug, Clone, Copy)]
pub(super) struct DepthSettings {
    /// Slots.
    pub(super) depth: u32,
    /// I/Os that are submitted together, at most.
    pub(super) batch: u32,
    /// The same while the device works by itself: then many at once would keep it waiting.
    pub(super) batch_beside_work: u32,
    /// I/Os that are waited for at once; 0: none, the loop polls.
    pub(super) reap_min: u32,
    /// I/Os that are taken at once.
    pub(super) reap_max: u32,
    /// Once all slots were busy, so few are waited for.
    pub(super) low: u32,
    /// I/Os wait for those that they overlap: asked for, or because the job verifies what it overwrites.
    pub(super) serialize_overlap: bool,
}

/// What the loop is made with.
pub(super) struct CoreParts<'j> {
    /// The job's name.
    pub(super) name: String,
    pub(super) memory: &'j IoMemory,
    pub(super) files: JobFiles,
    pub(super) clock: Clock,
    pub(super) depth: DepthSettings,
    pub(super) reads_clock: bool,
    pub(super) recorder: Recorder,
    pub(super) samples: Samples,
    /// The job's own priority, for logs.
    pub(super) priority: u16,
    pub(super) priorities: Option<Priorities>,
    /// Trims of each block (`block_error_percentiles`), and bytes of a block.
    pub(super) lifetimes: Option<(BlockLifetimes, u64)>,
    pub(super) writes: Option<Writes>,
    pub(super) prover: Option<Prover>,
    /// For the state that is saved (`verify_state_save`), until it is.
    pub(super) progress: Option<Progress>,
    /// The threads of `verify_async`, which [`Core`] takes over.
    pub(super) check_threads: Option<CheckThreads>,
    pub(super) pace: Pace,
    pub(super) thinking: Thinking,
    /// Turns of an empty loop after each I/O (`thinkcycles`).
    pub(super) think_cycles: u32,
    pub(super) target: LatencyTarget,
    pub(super) flow: Option<Flow>,
    pub(super) flow_sleep_ns: u64,
    pub(super) timing: Timing,
    pub(super) ramp: Option<SizeRamp>,
    /// What the thread had used of the system when its I/Os began to count.
    pub(super) used_before: ResourceUsage,
    pub(super) locks: Option<FileLocks>,
    pub(super) tolerance: Tolerance,
    pub(super) max_latency_ns: [u64; 3],
    /// What `sync_file_range` is asked for, and of what.
    pub(super) sync_range_flags: u32,
    pub(super) written: Option<Written>,
    /// What `--debug` tells of.
    pub(super) debug: Subjects,
    pub(super) latency_from_due: bool,
    pub(super) forgets_thinking: bool,
    pub(super) shared: &'j Shared,
    pub(super) journal: &'j dyn Journal,
}

/// The loop and all that it works on.
pub(super) struct Core<'j, E: Engine> {
    /// Ends before the buffers that it was lent, which may be the engine's.
    check_threads: Option<CheckThreads>,
    // Ends before the buffers and files that its I/Os refer to.
    engine: E,
    at_once: bool,
    /// Whether there is more to do for each I/O before it is issued, and when it is over.
    follows_issues: bool,
    follows_ends: bool,
    /// Whether I/Os that are seen to be over together are counted so: not where each is told of, which looks at the counts.
    counts_together: bool,
    /// Whether anything can hold an I/O back that a slot is free for.
    holds_back: bool,
    /// Whether nothing is wanted of an I/O before it is issued but its data, and nothing can keep it from it.
    is_plain: bool,
    slots: Slots,
    retries: Vec<u32>,
    pending: Vec<u32>,
    /// I/Os that are submitted together now.
    batch: usize,
    under_way: u32,
    /// When the slots are looked through the next time for an I/O that hangs, and whether there was one that may.
    next_search_ns: u64,
    is_waiting: bool,
    completions: Vec<Completion>,
    descriptors: Vec<i32>,
    unlink_first: Vec<bool>,
    now_ns: u64,
    /// I/Os until the clock is read, where they are not measured.
    until_clock: u32,
    held: Option<Next>,
    held_until_ns: u64,
    waking: Waking,
    /// When the latest I/O of a job with a rate was due.
    due_ns: u64,
    parts: CoreParts<'j>,
}

/// Why issuing came to a rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rest {
    /// All slots are busy, or a batch is complete.
    Full,
    /// An I/O was done at once.
    Done,
    /// The next I/O is not due, or not allowed, yet.
    Held,
    /// There is nothing to issue in this pass.
    Pass,
    /// There is nothing to issue any more.
    End,
}

/// What a phase ended with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PhaseEnd {
    /// A pass over the files is complete.
    Pass,
    /// The job is complete.
    End,
}

/// Longest wait for I/O before the loop looks around, and the age of an I/O from which on it may hang.
const WAIT_MAX: Duration = Duration::from_secs(1);

/// I/Os between two readings of the clock where latencies are not measured.
const IOS_PER_READING: u32 = 64;

impl<'j, E: Engine> Core<'j, E> {
    #[inline(never)]
    pub(super) fn new(engine: E, mut parts: Box<CoreParts<'j>>) -> Box<Self> {
        let depth = parts.depth.depth;
        let capacity = depth as usize;
        let follows_ends = parts.samples.logs_ios()
            || parts.priorities.is_some()
            || parts.lifetimes.is_some()
            || parts.written.is_some()
            || parts.target.is_on()
            || parts.thinking.is_on() && !parts.thinking.counts_issued()
            || parts.max_latency_ns.iter().any(|&allowed| allowed > 0)
            || parts.debug.has(Subject::Io);
        let follows_issues =
            parts.thinking.counts_issued() || parts.priorities.is_some() || parts.debug.has(Subject::Io);
        let holds_back = parts.pace.is_limited() || parts.flow.is_some() || parts.depth.serialize_overlap;
        let takes_steps = parts.prover.as_ref().is_none_or(Prover::leaves_steps);
        let is_plain = !holds_back && !follows_issues && takes_steps && parts.think_cycles == 0;
        Box::new(Self {
            check_threads: parts.check_threads.take(),
            at_once: E::completes_at_once(depth),
            follows_issues,
            follows_ends,
            counts_together: !follows_ends && parts.recorder.counts_together(),
            holds_back,
            is_plain,
            engine,
            slots: Slots::new(depth),
            retries: Vec::with_capacity(capacity),
            pending: Vec::with_capacity(capacity),
            batch: parts.depth.batch as usize,
            under_way: 0,
            next_search_ns: 0,
            is_waiting: false,
            completions: Vec::with_capacity(capacity),
            descriptors: vec![-1; parts.files.files().len()],
            unlink_first: vec![false; parts.files.files().len()],
            now_ns: parts.clock.now(),
            until_clock: 0,
            held: None,
            held_until_ns: 0,
            waking: Waking::default(),
            due_ns: 0,
            parts: *parts,
        })
    }

    /// Runs until a pass or the job is complete. What is under way is waited for.
    pub(super) fn run(&mut self, offsets: &mut Offsets) -> Result<PhaseEnd, Ended> {
        let result = self.run_steps(offsets);
        // Before what is under way is waited for: it may never come back.
        let result = match self.save_at_once(offsets) {
            Err(failure) if !matches!(result, Err(Ended::Failed(_))) => Err(failure),
            _ => result,
        };
        self.finish(result)
    }

    /// Reads back what a copy of the offsets says was written, which counts for the offsets themselves.
    pub(super) fn run_replay(&mut self, copy: &mut Offsets, offsets: &mut Offsets) -> Result<PhaseEnd, Ended> {
        let number = self.parts.prover.as_ref().map_or(0, Prover::first_number);
        let result = self.run_steps(&mut Replay { copy, offsets, number });
        self.finish(result)
    }

    /// Reads back what the history holds, which counts for the offsets.
    pub(super) fn run_proof(&mut self, offsets: &mut Offsets) -> Result<PhaseEnd, Ended> {
        let result = self.run_steps(&mut History(offsets));
        self.finish(result)
    }

    fn run_steps(&mut self, source: &mut impl Source) -> Result<PhaseEnd, Ended> {
        loop {
            let rest = self.issue(source)?;
            match rest {
                Rest::Done => {}
                Rest::Full => {
                    self.commit()?;
                    self.reap_after_filling()?;
                }
                Rest::Held => self.wait_for_held()?,
                Rest::Pass | Rest::End => {
                    self.drain()?;
                    return Ok(if rest == Rest::Pass { PhaseEnd::Pass } else { PhaseEnd::End });
                }
            }
            if self.parts.thinking.is_on() {
                self.think()?;
            }
            if self.now_ns >= self.parts.timing.next_look_ns() {
                self.look()?;
            }
        }
    }

    /// Waits for what is under way after an early end, too; the first word about the end counts.
    fn finish(&mut self, result: Result<PhaseEnd, Ended>) -> Result<PhaseEnd, Ended> {
        self.held = None;
        if result.is_err() {
            for slot in std::mem::take(&mut self.retries) {
                self.give_up(slot);
            }
            while self.slots.taken() > 0 {
                let is_left = |core: &Self| core.check_threads.as_ref().is_some_and(CheckThreads::has_any);
                let failed = self.reap(1, self.under_way, None).is_err() && self.under_way == 0;
                if self.commit().is_err() || failed && !is_left(self) {
                    break;
                }
            }
        }
        self.publish();
        result
    }

    /// A slot that was taken for an I/O that is not issued after all.
    fn give_up(&mut self, slot: u32) {
        if let Some(prover) = &mut self.parts.prover {
            prover.write_ended(slot, false);
        }
        self.slots.put_back(slot);
    }

    // ---------------------------------------------------------------- issue

    #[inline]
    fn issue(&mut self, source: &mut impl Source) -> Result<Rest, Ended> {
        let depth = self.parts.target.depth();
        loop {
            if !self.retries.is_empty() {
                cold_path();
                if !self.retry_all()? {
                    return Ok(Rest::Full);
                }
            }
            if self.slots.taken() >= depth || self.pending.len() >= self.batch {
                return Ok(Rest::Full);
            }
            if self.is_plain
                && let Some(io) = source.plain_io()
            {
                self.begin::<true>(io)?;
            } else if let Some(rest) = self.begin_next(source)? {
                return Ok(rest);
            }
            if self.at_once {
                return Ok(Rest::Done);
            }
        }
    }

    /// Hands all to the engine again that it had no room for. `false`: it has none yet.
    #[inline(never)]
    fn retry_all(&mut self) -> Result<bool, Ended> {
        while let Some(slot) = self.retries.pop() {
            if !self.submit(slot)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Begins what comes next. `Some`: nothing does now.
    #[inline(always)]
    fn begin_next(&mut self, source: &mut impl Source) -> Result<Option<Rest>, Ended> {
        let next = match self.held.take() {
            Some(next) => next,
            None => {
                let next = source.step(&mut self.parts.prover, &self.parts.pace);
                if let Some(file) = source.take_started_over() {
                    self.file_started_over(file);
                }
                next
            }
        };
        match next {
            Next::Io(io) => {
                if self.holds_back && !self.may_begin(io) {
                    return Ok(Some(Rest::Held));
                }
                self.begin::<false>(io)?;
                if self.parts.think_cycles > 0 {
                    spin(self.parts.think_cycles);
                }
                Ok(None)
            }
            Next::Other(other) => self.begin_other(other),
        }
    }

    /// `Some`: there is nothing to begin.
    #[inline(never)]
    fn begin_other(&mut self, other: Other) -> Result<Option<Rest>, Ended> {
        match &other {
            Other::Proof(write) | Other::Trim(write) if self.overlaps(write.file, write.offset, write.length) => {
                self.hold(Next::Other(other), 0);
                return Ok(Some(Rest::Held));
            }
            Other::Sync { file, kind } => self.begin_sync(*file, Purpose::Sync(*kind))?,
            Other::Proof(write) => self.begin_logged(write, Purpose::Proof)?,
            Other::Trim(write) => self.begin_logged(write, Purpose::Io(Direction::Trim))?,
            Other::PassEnded => return Ok(Some(Rest::Pass)),
            Other::End => return Ok(Some(Rest::End)),
        }
        Ok(None)
    }

    /// `PLAIN`: of a job that [is plain](Self::is_plain). Everything is handed on as it is, not in structures: one that a call
    /// off this way is lent would be written to memory for each I/O, and read back before that is done.
    #[inline(always)]
    fn begin<const PLAIN: bool>(&mut self, io: Chosen) -> Result<(), Ended> {
        let Some(slot) = self.slots.take() else {
            unreachable!("a slot is free: looked at before the step was taken");
        };
        let started_ns = self.read_clock();
        let (file, length_bytes) = (index(io.file), length(io.length));
        let mut descriptor = self.descriptors[io.file];
        if descriptor == NOT_OPEN {
            self.open(io.file)?;
            descriptor = self.descriptors[io.file];
        }
        let from_due = !PLAIN && self.parts.latency_from_due && self.parts.pace.is_limited();
        self.parts.recorder.record_issue(io.direction);
        self.parts.recorder.record_depth(self.slots.taken(), 1);
        let issued_ns = match io.direction {
            Direction::Write => self.prepare_write(slot, file, io.offset, length_bytes, started_ns),
            Direction::Read | Direction::Trim => started_ns,
        };
        *self.slots.get_mut(slot) = Slot {
            purpose: Purpose::Io(io.direction),
            priority: 0,
            file,
            length_bytes,
            moved_bytes: 0,
            offset: io.offset,
            started_ns: if from_due { self.due_ns } else { started_ns },
            issued_ns,
        };
        let priority = if !PLAIN && self.follows_issues { self.follow_issue(slot) } else { 0 };
        let operation = Slot::operation_of(io.direction);
        let place = Place { file, descriptor, offset: io.offset, length_bytes };
        self.hand_over(slot, operation, place, 0, priority)?;
        Ok(())
    }

    /// What some jobs want of each I/O before it is issued. Returns its priority.
    #[cold]
    fn follow_issue(&mut self, slot: u32) -> u16 {
        self.tell_io(slot, "queue", "");
        let CoreParts { thinking, priorities, .. } = &mut self.parts;
        if thinking.counts_issued() {
            thinking.count(1);
        }
        let slot = self.slots.get_mut(slot);
        if let Some(priorities) = priorities {
            slot.priority = priorities.choose(slot.direction(), slot.length_bytes);
        }
        slot.priority
    }

    fn begin_sync(&mut self, file: usize, purpose: Purpose) -> Result<(), Ended> {
        let Some((offset, length_bytes)) = self.range_to_sync(file, purpose) else {
            return Ok(());
        };
        let Some(slot) = self.slots.take() else {
            unreachable!("a slot is free: looked at before the step was taken");
        };
        let started_ns = self.read_clock();
        if self.descriptors[file] == NOT_OPEN {
            self.open(file)?;
        }
        *self.slots.get_mut(slot) = Slot {
            purpose,
            priority: 0,
            file: index(file),
            length_bytes,
            moved_bytes: 0,
            offset,
            started_ns,
            issued_ns: started_ns,
        };
        // Parity: fio counts whole syncs only, and measures all of them.
        if purpose == Purpose::Sync(SyncKind::Fsync) {
            self.parts.recorder.record_sync_issue();
        }
        if self.follows_issues {
            self.tell_io(slot, "queue", "");
        }
        if let Some(prover) = &mut self.parts.prover
            && matches!(purpose, Purpose::Sync(SyncKind::Fsync | SyncKind::Fdatasync))
        {
            prover.sync_began(slot);
        }
        self.submit(slot)?;
        Ok(())
    }

    /// Which part of a file a sync concerns; `None`: it has nothing to do.
    fn range_to_sync(&mut self, file: usize, purpose: Purpose) -> Option<(u64, u32)> {
        if let (Purpose::Sync(SyncKind::Range), Some(written)) = (purpose, &mut self.parts.written) {
            return written.take(file);
        }
        let extent = self.parts.files.files()[file].extent();
        Some((extent.offset, length(extent.length_bytes)))
    }

    /// Reads back what was written, or trims it.
    fn begin_logged(&mut self, write: &LoggedWrite, purpose: Purpose) -> Result<(), Ended> {
        let Some(slot) = self.slots.take() else {
            unreachable!("a slot is free: looked at before the step was taken");
        };
        let started_ns = self.read_clock();
        if self.descriptors[write.file as usize] == NOT_OPEN {
            self.open(write.file as usize)?;
        }
        *self.slots.get_mut(slot) = Slot {
            purpose,
            priority: 0,
            file: write.file,
            length_bytes: write.length,
            moved_bytes: 0,
            offset: write.offset,
            started_ns,
            issued_ns: started_ns,
        };
        if purpose == Purpose::Proof
            && let Some(prover) = &mut self.parts.prover
        {
            prover.expect(slot, write);
        }
        if self.follows_issues {
            self.tell_io(slot, "queue", "");
        }
        self.parts.recorder.record_issue(self.slots.get(slot).direction());
        self.parts.recorder.record_depth(self.slots.taken(), 1);
        self.submit(slot)?;
        Ok(())
    }

    /// Fills the buffer of a write. Returns when that was done.
    fn prepare_write(&mut self, slot: u32, file: u32, offset: u64, length_bytes: u32, started_ns: u64) -> u64 {
        let buffer = self.buffer(slot);
        // SAFETY: the buffer is valid for the longest I/O, and nothing is under way in its slot.
        let block = unsafe { std::slice::from_raw_parts_mut(buffer.as_ptr(), length_bytes as usize) };
        if let Some(prover) = &mut self.parts.prover {
            prover.prepare_write(slot, file, offset, block, started_ns);
        } else if let Some(writes) = &mut self.parts.writes {
            writes.prepare(block, offset, started_ns);
        } else {
            return started_ns;
        }
        if self.parts.reads_clock { self.parts.clock.now() } else { started_ns }
    }

    #[inline]
    fn buffer(&mut self, slot: u32) -> NonNull<u8> {
        match self.engine.own_buffer(slot) {
            Some(buffer) => buffer,
            None => self.parts.memory.buffer(slot),
        }
    }

    /// Hands a slot to the engine. `false`: it has no room, the slot waits.
    fn submit(&mut self, slot: u32) -> Result<bool, Ended> {
        let taken = self.slots.get(slot);
        let (operation, priority) = (taken.operation(self.parts.sync_range_flags), taken.priority);
        let moved_bytes = taken.moved_bytes;
        let place = Place {
            file: taken.file,
            descriptor: self.descriptors[taken.file as usize],
            offset: taken.offset + u64::from(moved_bytes),
            length_bytes: taken.length_bytes - moved_bytes,
        };
        self.hand_over(slot, operation, place, moved_bytes, priority)
    }

    /// Hands the I/O of a slot to the engine, but for what was moved of it before.
    #[inline(always)]
    fn hand_over(
        &mut self,
        slot: u32,
        operation: Operation,
        place: Place,
        moved_bytes: u32,
        priority: u16,
    ) -> Result<bool, Ended> {
        let buffer = self.buffer(slot);
        // SAFETY: fewer bytes were moved than the buffer has.
        let rest = unsafe { buffer.add(moved_bytes as usize) };
        // SAFETY: the slot is this I/O's until it is completed, and with it its buffer, which lives longer than the engine
        // and is looked at only before `submit` and after `complete`. Files are closed with nothing under way.
        let io = || unsafe { Io::new(operation, place, rest) }.with_priority(priority);
        if self.at_once && E::DESCRIPTION.traits.keeps_data {
            self.parts.shared.set_oldest(self.slots.get(slot));
        }
        let queued = match &self.parts.locks {
            None => self.engine.queue(slot, &mut io()),
            Some(locks) => queue_locked(&mut self.engine, locks, slot, io()),
        };
        match queued {
            Queued::Done(outcome) => {
                let now = self.read_clock();
                self.now_ns = now;
                self.complete(slot, outcome, now, false)?;
                Ok(true)
            }
            Queued::Accepted => {
                self.pending.push(slot);
                Ok(true)
            }
            Queued::Busy => {
                cold_path();
                self.retries.push(slot);
                Ok(false)
            }
        }
    }

    // ------------------------------------------------------- commit, reap

    #[inline]
    fn commit(&mut self) -> Result<(), Ended> {
        if self.pending.is_empty() {
            return Ok(());
        }
        self.tell_commit();
        self.engine.commit().map_err(|number| self.engine_failure("commit", number))?;
        let now = self.read_clock();
        self.slots.set_issued(&self.pending, now);
        let count = u32::try_from(self.pending.len()).unwrap_or(u32::MAX);
        self.under_way += count;
        self.parts.recorder.record_submission_batch(count);
        self.pending.clear();
        let DepthSettings { batch, batch_beside_work, .. } = self.parts.depth;
        self.batch = if self.engine.works_by_itself() { batch_beside_work } else { batch } as usize;
        Ok(())
    }

    /// All slots are busy, or a batch is on its way: takes what is over.
    #[inline]
    fn reap_after_filling(&mut self) -> Result<(), Ended> {
        let DepthSettings { reap_min, reap_max, low, .. } = self.parts.depth;
        let depth = self.parts.target.depth();
        let is_full = self.slots.taken() >= depth || !self.retries.is_empty();
        if !is_full && reap_min > 0 {
            return Ok(());
        }
        let at_least = if is_full { reap_min.max(1) } else { 0 };
        loop {
            self.reap(at_least, reap_max, None)?;
            if !is_full || self.slots.taken() <= low.min(depth) || self.under_way == 0 {
                return Ok(());
            }
            if self.now_ns >= self.parts.timing.next_look_ns() {
                self.look()?;
            }
        }
    }

    #[inline]
    fn reap(&mut self, at_least: u32, at_most: u32, timeout: Option<Duration>) -> Result<(), Ended> {
        self.take_checked(self.under_way == 0 && at_least > 0)?;
        if self.under_way == 0 {
            return Ok(());
        }
        let timeout = (at_least > 0).then(|| timeout.map_or(WAIT_MAX, |timeout| timeout.min(WAIT_MAX)));
        let wanted = Wanted { at_least: at_least.min(self.under_way), at_most, timeout };
        let mut completions = std::mem::take(&mut self.completions);
        let result = self.engine.reap(wanted, &mut completions);
        let now = self.read_clock();
        self.now_ns = now;
        let count = u32::try_from(completions.len()).unwrap_or(u32::MAX);
        self.under_way -= count;
        if count > 0 {
            self.parts.recorder.record_completion_batch(count);
        } else if at_least > 0 {
            self.waited(now);
        }
        let mut first_end = Ok(());
        for completion in completions.drain(..) {
            // Looked at instead of joined: an end is many words, which would be moved for each I/O.
            if let Err(end) = self.complete(completion.slot, completion.outcome, now, true)
                && first_end.is_ok()
            {
                first_end = Err(end);
            }
        }
        self.parts.recorder.end_together();
        self.completions = completions;
        result.map_err(|number| self.engine_failure("reap", number))?;
        first_end
    }

    /// Waits for everything that is under way or waits to be.
    pub(super) fn drain(&mut self) -> Result<(), Ended> {
        while self.slots.taken() > 0 {
            self.retry_all()?;
            self.commit()?;
            let at_least = self.under_way.max(1);
            self.reap(at_least, u32::MAX, None)?;
        }
        Ok(())
    }
}

/// What is left of the loop at its end.
pub(super) struct CoreResults<'j> {
    /// The writes that arrived last, when a state is saved.
    pub(super) saved: Option<SavedWrites>,
    pub(super) lifetimes: BlockLifetimes,
    pub(super) recorder: Recorder,
    pub(super) samples: Samples,
    pub(super) target: LatencyTarget,
    pub(super) continued: ContinuedErrors,
    pub(super) used_before: ResourceUsage,
    pub(super) files: JobFiles,
    pub(super) clock: Clock,
    pub(super) journal: &'j dyn Journal,
}

/// A file that is not open.
const NOT_OPEN: i32 = -1;
/// A file that is open with an engine that has no descriptors.
const WITHOUT_DESCRIPTOR: i32 = -2;

/// Turns of an empty loop (`thinkcycles`).
#[cold]
fn spin(turns: u32) {
    for _ in 0..turns {
        std::hint::spin_loop();
    }
}

/// Hands an I/O to the engine while its file is locked (`lockfile`).
#[cold]
fn queue_locked<E: Engine>(engine: &mut E, locks: &FileLocks, slot: u32, mut io: Io) -> Queued {
    let (file, operation) = (index(io.file_index()), io.operation());
    locks.during(file, &operation, || engine.queue(slot, &mut io))
}

fn index(file: usize) -> u32 {
    u32::try_from(file).unwrap_or(u32::MAX)
}

fn length(bytes: u64) -> u32 {
    u32::try_from(bytes).unwrap_or(u32::MAX)
}
