//! Verification within the I/O loop: fills writes, remembers them, checks what was read.
//!
//! The knowledge is in [`crate::verify`]; here it meets slots, seeds and files.

use std::fs;
use std::path::{Path, PathBuf};

use crate::buffers::next_seed;
use crate::direction::Direction;
use crate::random::Generator;
use crate::verify::{
    DumpKind, Expected, Failure, HeaderRules, History, HistoryOrder, LoggedWrite, Phases, Reaction, Verifier,
    VerifyBacklog, WriteId, WriteIdentity,
};

use super::journal::Journal;

/// What verification of a job is made of.
pub(super) struct ProverSettings {
    pub(super) verifier: Verifier,
    pub(super) rules: HeaderRules,
    pub(super) phases: Phases,
    pub(super) order: HistoryOrder,
    pub(super) backlog: Option<VerifyBacklog>,
    /// Seeds of writes; a copy of it gives them again when they are checked.
    pub(super) seeds: Generator,
    pub(super) job_number: u32,
    /// `verify_fatal`.
    pub(super) fatal: bool,
    /// `continue_on_error` has `verify`.
    pub(super) goes_on: bool,
    /// `verify_dump`.
    pub(super) dumps: bool,
    pub(super) aux_path: Option<PathBuf>,
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
    /// By slot: the write that is under way, and what a read is expected to bring.
    writes: Box<[Option<WriteId>]>,
    expected: Box<[Option<(Expected, bool)>]>,
    last_direction: Direction,
}

impl Prover {
    pub(super) fn new(settings: ProverSettings, depth: u32) -> Self {
        let (seeds, expected_seeds) = (settings.seeds.clone(), settings.seeds.clone());
        Self {
            settings,
            history: History::new(),
            seeds,
            expected_seeds,
            next_number: 0,
            writes: vec![None; depth as usize].into_boxed_slice(),
            expected: vec![None; depth as usize].into_boxed_slice(),
            last_direction: Direction::Read,
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
        let number = self.next_number;
        let identity = WriteIdentity {
            offset,
            seed: Self::draw(&settings.verifier, &mut self.seeds),
            seconds: u32::try_from(now_ns / 1_000_000_000).unwrap_or(u32::MAX),
            nanoseconds: u32::try_from(now_ns % 1_000_000_000).unwrap_or(0),
            thread: u16::try_from(settings.job_number & 0xffff).unwrap_or(0),
            number,
        };
        settings.verifier.fill(block, &identity);
        self.remember(slot, file, offset, block.len() as u64);
    }

    /// Remembers a write without filling it (`verify_only`).
    pub(super) fn remember(&mut self, slot: u32, file: u32, offset: u64, length: u64) {
        let number = self.next_number;
        self.next_number = number.wrapping_add(1);
        if self.settings.phases.records_writes {
            let length = u32::try_from(length).unwrap_or(u32::MAX);
            let write = LoggedWrite { file, offset, length, number, trimmed: false };
            self.writes[slot as usize] = Some(self.history.record(self.settings.order, &write));
        }
    }

    /// A write is over.
    pub(super) fn write_ended(&mut self, slot: u32, succeeded: bool) {
        if let Some(id) = self.writes[slot as usize].take() {
            if succeeded { self.history.completed(id) } else { self.history.failed(id) }
        }
    }

    /// The direction of the I/O that ended last.
    pub(super) fn ended(&mut self, direction: Direction) {
        self.last_direction = direction;
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
        let seed = Self::draw(&self.settings.verifier, &mut self.expected_seeds);
        let expected = Expected {
            offset: write.offset,
            seed: rules.seed.then_some(seed),
            number: rules.number.then_some(write.number),
        };
        self.expected[slot as usize] = Some((expected, write.trimmed));
    }

    /// A read of the job itself is about to be issued; it is checked only where the phases say so.
    pub(super) fn expect_own(&mut self, slot: u32, offset: u64) {
        let expected = Expected { offset, seed: None, number: None };
        let checks = self.settings.phases.checks_every_read && self.settings.keeps_data;
        self.expected[slot as usize] = checks.then_some((expected, false));
    }

    /// Checks what a read brought. Returns what a wrong block does to the job; `None`: it is right.
    pub(super) fn check(
        &mut self,
        slot: u32,
        file: &Path,
        block: &mut [u8],
        journal: &dyn Journal,
    ) -> Option<Reaction> {
        let (expected, trimmed) = self.expected[slot as usize].take()?;
        let settings = &self.settings;
        let failures: Vec<Failure> = if trimmed {
            crate::verify::check_trimmed(settings.verifier.settings().method, block, expected.offset)
                .into_iter()
                .collect()
        } else {
            settings.verifier.check(block, &expected, settings.fatal)
        };
        if failures.is_empty() {
            return None;
        }
        let file = &*file.to_string_lossy();
        for failure in &failures {
            journal.complain(failure.report(file, 0).to_string().trim_end());
            if settings.dumps {
                self.dump(failure, file, block, &expected, journal);
            }
        }
        Some(Reaction::to(settings.fatal, settings.goes_on))
    }

    fn dump(&self, failure: &Failure, file: &str, block: &[u8], expected: &Expected, journal: &dyn Journal) {
        let unit = &block[failure.place.unit_start..][..failure.place.unit_length];
        let aux_path = self.settings.aux_path.as_ref().map(|path| path.to_string_lossy());
        for &kind in failure.dumps() {
            let content = match kind {
                DumpKind::Received | DumpKind::HeaderFailure => unit.to_vec(),
                DumpKind::Expected => {
                    let header = crate::verify::Header::read(unit);
                    let write = header.map_or_else(|| unknown_write(expected), |header| header.write());
                    self.settings.verifier.expected_unit(failure, &write)
                }
            };
            let name = failure.dump_name(kind, aux_path.as_deref(), file);
            match fs::write(&name, content) {
                Ok(()) => journal.complain(kind.message(&name).trim_end()),
                Err(error) => journal.complain(&format!("verify_dump: cannot write {name}: {error}")),
            }
        }
    }

    /// The next pass writes the same once more.
    pub(super) fn begin_pass(&mut self, repeats_seeds: bool) {
        if repeats_seeds {
            self.seeds = self.settings.seeds.clone();
        }
        self.expected_seeds = self.seeds.clone();
        self.history.clear();
    }
}

fn unknown_write(expected: &Expected) -> WriteIdentity {
    WriteIdentity {
        offset: expected.offset,
        seed: expected.seed.unwrap_or(0),
        seconds: 0,
        nanoseconds: 0,
        thread: 0,
        number: expected.number.unwrap_or(0),
    }
}
