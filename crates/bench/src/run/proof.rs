//! Verification within the I/O loop: fills writes, remembers them, checks what was read.
//!
//! The knowledge is in [`crate::verify`]; here it meets slots, seeds and files.

use std::sync::Arc;

use crate::buffers::next_seed;
use crate::direction::Direction;
use crate::random::Generator;
use crate::verify::{
    CompletedWrite, CompletedWrites, EarlierState, Expected, HeaderRules, History, HistoryOrder, LoggedWrite, Phases,
    TrimBacklog, Verifier, VerifyBacklog, WriteId, WriteIdentity, chooses_trim,
};

use super::checker::{Checker, Expectation};

/// Which writes are trimmed again (`trim_percentage`), and when (`trim_backlog`).
pub(super) struct TrimSettings {
    pub(super) percentage: u8,
    pub(super) backlog: Option<TrimBacklog>,
    /// What is trimmed has to read as zeros (`trim_verify_zero`).
    pub(super) verifies_zero: bool,
    /// Chooses the writes.
    pub(super) draws: Generator,
}

/// The writes that a saved state has.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct SavedWrites {
    /// Those that arrived last, of each file the newest first.
    pub(super) completed: Vec<CompletedWrite>,
    /// How many were issued before; `None`: all that the job did.
    pub(super) issued: Option<u64>,
}

/// Which writes were there when a sync began, and when the last one began that has succeeded (`verify_policy=fsynced`).
///
/// Cost: a list of as many offsets as the depth for each sync.
#[derive(Debug, Default)]
struct Synced {
    /// By slot.
    began: Box<[Option<SavedWrites>]>,
    durable: SavedWrites,
}

/// What verification of a job is made of.
pub(super) struct ProverSettings {
    pub(super) checker: Arc<Checker>,
    pub(super) rules: HeaderRules,
    pub(super) phases: Phases,
    pub(super) order: HistoryOrder,
    pub(super) backlog: Option<VerifyBacklog>,
    pub(super) trims: Option<TrimSettings>,
    /// By file: the writes that completed last (`verify_state_save`); empty without.
    pub(super) completed: Vec<CompletedWrites>,
    /// Only what a sync made durable is saved (`verify_policy=fsynced`).
    pub(super) saves_synced: bool,
    /// How far an earlier run got (`verify_state_load`).
    pub(super) earlier: Option<EarlierState>,
    /// Seeds of writes; a copy of it gives them again when they are checked.
    pub(super) seeds: Generator,
    pub(super) job_number: u32,
    /// Whether the engine brings back what was written. If not, as with `null`, every read is taken for right.
    pub(super) keeps_data: bool,
}

/// Fills and checks the blocks of a job.
pub(super) struct Prover {
    settings: ProverSettings,
    history: History,
    seeds: Generator,
    expected_seeds: Generator,
    next_number: u16,
    /// The number of the first write of this pass.
    first_number: u16,
    /// Writes so far.
    issued: u64,
    synced: Option<Synced>,
    /// By slot: the write that is under way, and what a read is expected to bring.
    writes: Box<[Option<WriteId>]>,
    expected: Box<[Option<Expectation>]>,
    last_direction: Direction,
    /// Blocks that were begun to be read back.
    begun: u64,
    /// Reads that have ended.
    reads: u64,
}

impl Prover {
    pub(super) fn new(settings: ProverSettings, depth: u32) -> Self {
        let (seeds, expected_seeds) = (settings.seeds.clone(), settings.seeds.clone());
        let began = || vec![None; depth as usize].into_boxed_slice();
        let nothing = SavedWrites { completed: Vec::new(), issued: Some(0) };
        let synced = settings.saves_synced.then(|| Synced { began: began(), durable: nothing });
        Self {
            settings,
            history: History::new(),
            seeds,
            expected_seeds,
            next_number: 0,
            first_number: 0,
            issued: 0,
            synced,
            writes: vec![None; depth as usize].into_boxed_slice(),
            expected: vec![None; depth as usize].into_boxed_slice(),
            last_direction: Direction::Read,
            begun: 0,
            reads: 0,
        }
    }

    pub(super) fn phases(&self) -> Phases {
        self.settings.phases
    }

    fn draw(verifier: &Verifier, seeds: &mut Generator) -> u64 {
        if verifier.takes_seeds() { next_seed(&mut || seeds.next_number()) } else { 0 }
    }

    /// Fills the block of a write and remembers it.
    pub(super) fn prepare_write(&mut self, slot: u32, file: u32, offset: u64, block: &mut [u8], now_ns: u64) {
        let settings = &self.settings;
        let verifier = &settings.checker.verifier;
        let number = self.next_number;
        let identity = WriteIdentity {
            offset,
            seed: Self::draw(verifier, &mut self.seeds),
            seconds: u32::try_from(now_ns / 1_000_000_000).unwrap_or(u32::MAX),
            nanoseconds: u32::try_from(now_ns % 1_000_000_000).unwrap_or(0),
            thread: u16::try_from(settings.job_number & 0xffff).unwrap_or(0),
            number,
        };
        verifier.fill(block, &identity);
        self.remember(slot, file, offset, block.len() as u64);
    }

    /// Remembers a write without filling it (`verify_only`).
    pub(super) fn remember(&mut self, slot: u32, file: u32, offset: u64, length: u64) {
        let number = self.next_number;
        self.next_number = number.wrapping_add(1);
        self.issued += 1;
        if self.settings.phases.records_writes {
            let length = u32::try_from(length).unwrap_or(u32::MAX);
            let trimmed =
                self.settings.trims.as_mut().is_some_and(|trims| {
                    chooses_trim(trims.draws.next_number(), trims.draws.maximum(), trims.percentage)
                });
            let write = LoggedWrite { file, offset, length, number, trimmed };
            self.writes[slot as usize] = Some(self.history.record(self.settings.order, &write));
        }
    }

    /// A write is over.
    pub(super) fn write_ended(&mut self, slot: u32, succeeded: bool) {
        if let Some(id) = self.writes[slot as usize].take() {
            if succeeded { self.history.completed(id) } else { self.history.failed(id) }
        }
    }

    /// A write has arrived; kept for the state that is saved.
    pub(super) fn write_arrived(&mut self, file: u32, offset: u64) {
        if let Some(completed) = self.settings.completed.get_mut(file as usize) {
            completed.record(offset);
        }
    }

    /// A sync is about to be issued: what has arrived until now will be durable when it succeeds.
    pub(super) fn sync_began(&mut self, slot: u32) {
        if self.synced.is_none() {
            return;
        }
        let writes = SavedWrites { completed: self.completed(), issued: Some(self.issued) };
        if let Some(synced) = &mut self.synced {
            synced.began[slot as usize] = Some(writes);
        }
    }

    /// A sync has succeeded. Syncs may overtake each other: the latest beginning counts.
    pub(super) fn sync_succeeded(&mut self, slot: u32) {
        if let Some(synced) = &mut self.synced
            && let Some(writes) = synced.began[slot as usize].take()
            && writes.issued > synced.durable.issued
        {
            synced.durable = writes;
        }
    }

    /// The writes of the state that is saved; `None` when none is.
    pub(super) fn saved(&self) -> Option<SavedWrites> {
        if self.settings.completed.is_empty() {
            return None;
        }
        let all = || SavedWrites { completed: self.completed(), issued: None };
        Some(self.synced.as_ref().map_or_else(all, |synced| synced.durable.clone()))
    }

    /// The writes that arrived last, of each file the newest first.
    fn completed(&self) -> Vec<CompletedWrite> {
        let writes = |(file, writes): (u64, &CompletedWrites)| {
            writes.newest_first().map(move |offset| CompletedWrite { file, offset }).collect::<Vec<_>>()
        };
        (0..).zip(&self.settings.completed).flat_map(writes).collect()
    }

    /// Whether verification ends before this block, which is read back otherwise: the run whose state was loaded may not have written
    /// it.
    pub(super) fn ends_before(&mut self, file: u32, offset: u64) -> bool {
        let Some(earlier) = &self.settings.earlier else { return false };
        let write = CompletedWrite { file: u64::from(file), offset };
        let ends = earlier.stops_before(self.begun, self.reads, write);
        self.begun += 1;
        ends
    }

    /// The same for an I/O of the job itself.
    pub(super) fn ends_before_own(&mut self, direction: Direction, file: u32, offset: u64) -> bool {
        direction == Direction::Read && self.settings.phases.checks_every_read && self.ends_before(file, offset)
    }

    /// The direction of the I/O that ended last.
    pub(super) fn ended(&mut self, direction: Direction) {
        self.last_direction = direction;
        self.reads += u64::from(direction == Direction::Read);
    }

    /// Whether the steps of the job are those of its offsets, without trims, blocks of a backlog or an end of its own between them.
    pub(super) fn leaves_steps(&self) -> bool {
        let ProverSettings { trims, backlog, earlier, .. } = &self.settings;
        trims.is_none() && backlog.is_none() && earlier.is_none()
    }

    /// The next write to trim during the run, if the backlog says so.
    pub(super) fn next_trim(&mut self) -> Option<LoggedWrite> {
        let trims = self.settings.trims.as_mut()?;
        let (waiting, to_trim) = (self.history.len(), self.history.trims_waiting());
        if !trims.backlog.as_mut()?.wants(waiting, to_trim, self.last_direction) {
            return None;
        }
        self.history.take_trim(trims.verifies_zero)
    }

    /// The next write to read back during the run, if the backlog says so.
    pub(super) fn next_of_backlog(&mut self) -> Option<LoggedWrite> {
        let backlog = self.settings.backlog.as_mut()?;
        if !backlog.wants(self.history.len(), self.last_direction) {
            return None;
        }
        let write = self.history.take_next()?;
        backlog.took();
        Some(write)
    }

    /// The next write to read back after the run.
    pub(super) fn next_write(&mut self) -> Option<LoggedWrite> {
        self.history.take_next()
    }

    /// The number of the first write of this pass, for who draws its writes again.
    pub(super) fn first_number(&self) -> u16 {
        self.first_number
    }

    /// Whether writes wait to be read back.
    pub(super) fn has_writes(&self) -> bool {
        !self.history.is_empty()
    }

    /// A read of the history is about to be issued.
    pub(super) fn expect(&mut self, slot: u32, write: &LoggedWrite) {
        if !self.settings.keeps_data {
            return;
        }
        let rules = self.settings.rules;
        let seed = Self::draw(&self.settings.checker.verifier, &mut self.expected_seeds);
        let expected = Expected {
            offset: write.offset,
            seed: rules.seed.then_some(seed),
            number: rules.number.then_some(write.number),
        };
        self.expected[slot as usize] = Some(Expectation { expected, trimmed: write.trimmed });
    }

    /// What a read of the history should have brought; `None`: whatever it is, it is not checked.
    pub(super) fn take_expectation(&mut self, slot: u32) -> Option<Expectation> {
        self.expected[slot as usize].take()
    }

    /// The same of a read of the job itself, which is checked only where the phases say so.
    #[inline]
    pub(super) fn own_expectation(&self, offset: u64) -> Option<Expectation> {
        let checks = self.settings.phases.checks_every_read && self.settings.keeps_data;
        checks.then_some(Expectation { expected: Expected { offset, seed: None, number: None }, trimmed: false })
    }

    /// Checks blocks.
    pub(super) fn checker(&self) -> &Arc<Checker> {
        &self.settings.checker
    }

    /// The next pass writes the same once more.
    pub(super) fn begin_pass(&mut self, repeats_seeds: bool) {
        if repeats_seeds {
            self.seeds = self.settings.seeds.clone();
        }
        self.expected_seeds = self.seeds.clone();
        self.first_number = self.next_number;
        self.history.clear();
    }
}
