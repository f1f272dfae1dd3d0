//! One measuring thread: its queues, kept full until the time is over.
//!
//! Cost of a command beside the host's own: one random number, one histogram entry, two array accesses. The clock is
//! read once a pass; a command's time runs from the end of the pass that submitted it to the end of the pass that
//! brought its completion, so it includes everything that this thread does to it.

use std::sync::atomic::{AtomicBool, Ordering};

use nvme_host::{Completion, DataBuffer, PollGroup, Queue, QueueKey, Request, Transfer, Wait};
use reactor::clock::{self, Duration, Instant};
use reactor::{IdlePolicy, affinity};

use super::super::Failure;
use super::report::Tally;
use super::workload::{Choices, Workload};
use crate::message;

/// How often a thread that waits for completions looks whether it should stop.
const LOOK_FOR_STOP_EVERY: Duration = Duration::from_millis(100);

/// When to measure.
#[derive(Debug, Clone, Copy)]
pub(super) struct Schedule {
    pub(super) measure_from: Instant,
    pub(super) end: Instant,
}

/// A measuring thread before it runs.
pub(super) struct Worker<'w> {
    workload: &'w Workload,
    core: Option<usize>,
    idle: IdlePolicy,
    queues: Vec<(u16, Queue)>,
}

/// One command slot of a queue.
#[derive(Debug, Clone, Copy)]
struct Slot {
    lane: usize,
    submitted_at: Instant,
    is_read: bool,
}

/// A queue with its choices.
struct Lane {
    key: QueueKey,
    choices: Choices,
}

/// A measuring thread while it runs.
struct Run<'w> {
    workload: &'w Workload,
    group: PollGroup,
    lanes: Vec<Lane>,
    slots: Vec<Slot>,
    tally: Tally,
}

impl<'w> Worker<'w> {
    pub(super) fn new(workload: &'w Workload, core: Option<usize>, idle: IdlePolicy) -> Self {
        Self { workload, core, idle, queues: Vec::new() }
    }

    /// Gives it the queue with this index to drive.
    pub(super) fn take(&mut self, index: u16, queue: Queue) {
        self.queues.push((index, queue));
    }

    /// Measures. What was measured before a failure is returned with it.
    pub(super) fn run(self, schedule: Schedule, stop: &AtomicBool) -> (Tally, Option<Failure>) {
        match self.start() {
            Ok(mut run) => {
                let failure = run.drive(schedule, stop).err();
                if failure.is_some() {
                    stop.store(true, Ordering::Relaxed);
                }
                (run.tally, failure)
            }
            Err(failure) => (Tally::new(), Some(failure)),
        }
    }

    fn start(self) -> Result<Run<'w>, Failure> {
        if let Some(core) = self.core {
            affinity::pin_to_core(core)?;
        }
        let mut group = PollGroup::new(self.idle)?;
        let mut lanes = Vec::new();
        for (index, queue) in self.queues {
            lanes.push(Lane { key: group.add(queue)?, choices: self.workload.choices(index) });
        }
        Ok(Run { workload: self.workload, group, lanes, slots: Vec::new(), tally: Tally::new() })
    }
}

impl Run<'_> {
    fn drive(&mut self, schedule: Schedule, stop: &AtomicBool) -> Result<(), Failure> {
        let mut now = clock::now();
        for lane in 0..self.lanes.len() {
            for _ in 0..self.workload.queue_depth {
                let mut buffer = DataBuffer::zeroed(self.workload.size_bytes);
                self.lanes[lane].choices.fill(&mut buffer);
                self.slots.push(Slot { lane, submitted_at: now, is_read: false });
                self.submit(self.slots.len() - 1, buffer, now);
            }
        }
        let mut completions = Vec::new();
        let mut measured_from = schedule.measure_from;
        while now < schedule.end && !stop.load(Ordering::Relaxed) {
            self.group.poll(Wait::Until(schedule.end.min(now + LOOK_FOR_STOP_EVERY)), &mut completions)?;
            now = clock::now();
            for completion in completions.drain(..) {
                let (slot, buffer) = self.completed(completion, schedule, now)?;
                self.submit(slot, buffer, now);
            }
        }
        // Stopped before the measurement began: there is nothing to divide by.
        measured_from = measured_from.min(now);
        self.tally.elapsed = now.min(schedule.end) - measured_from;
        self.drain(&mut completions)
    }

    #[inline]
    fn submit(&mut self, slot: usize, buffer: DataBuffer, now: Instant) {
        let Slot { lane, .. } = self.slots[slot];
        let Lane { key, choices } = &mut self.lanes[lane];
        let choice = choices.next();
        let (namespace, blocks) = (&self.workload.namespace, self.workload.blocks());
        let (command, transfer) = if choice.is_read {
            (namespace.read_command(choice.first_block, blocks), Transfer::Read(buffer))
        } else {
            (namespace.write_command(choice.first_block, blocks, false), Transfer::Write(buffer))
        };
        self.slots[slot] = Slot { lane, submitted_at: now, is_read: choice.is_read };
        if self.group.submit(*key, Request { token: slot as u64, command, transfer }).is_err() {
            unreachable!("a queue has an entry for each of its slots");
        }
    }

    #[inline]
    fn completed(
        &mut self,
        completion: Completion,
        schedule: Schedule,
        now: Instant,
    ) -> Result<(usize, DataBuffer), Failure> {
        let Completion { token, outcome, buffer } = completion;
        let index = usize::try_from(token).unwrap_or(usize::MAX);
        let slot = self.slots[index];
        if let Err(error) = outcome {
            let kind = if slot.is_read { "read" } else { "write" };
            return Err(Failure::running(format!("a {kind} failed: {}", message::chain(&error))));
        }
        if schedule.measure_from <= now && now <= schedule.end {
            self.tally.count(slot.is_read, now - slot.submitted_at, self.workload.size_bytes);
        }
        Ok((index, buffer))
    }

    /// Waits for what is outstanding, so that no write is cut off.
    fn drain(&mut self, completions: &mut Vec<Completion>) -> Result<(), Failure> {
        while self.lanes.iter().any(|lane| self.group.queue(lane.key).outstanding_count() > 0) {
            self.group.poll(Wait::Forever, completions)?;
            completions.clear();
        }
        Ok(())
    }
}
