//! Which I/O is next: direction, file, offset and length, exactly those of fio 3.33 for the same options.
//!
//! ```text
//! options ─ Extent, File ──► Layout ─┐
//!         ─ Settings ────────────────┼─► Offsets ─ next_step() ─► Io, Sync, PassEnded … End
//!         ─ SeedSettings ──► Seeds ──┘
//! ```
//!
//! An [`Offsets`] is one job's generator. It reads no clock and does no I/O; the caller performs what it says, and ends
//! the job when time is up. Start reading at [`Offsets::next_step_with`].
//!
//! - [`settings`]: the options as values.
//! - [`layout`]: which part of which file is used.
//! - [`random_map`]: which blocks had their turn.
//! - `directions`, `file_choice`, `random_block`, `block_size`, `passes`: one decision each.
//! - `plain`: all of them at once, for jobs that leave nothing to decide.
//! - `sequence`, `sprandom`: orders of blocks that are not drawn.
//!
//! Order of decisions, each with a stream of random numbers of its own: file, direction, offset, length. A file that has
//! nothing left is closed and another is asked. When no file has anything left, or the limits are reached, the pass ends.
//!
//! Exact is what a job with one I/O at a time does. With more in flight fio is not exact either: when syncs fall due, and
//! when a file that came to its end is closed, depends on the order of completions.
//!
//! Not here: `zonemode=zbd`, replay of logs, `rate` (see [`Offsets::next_step_with`]), which writes are verified.
//!
//! Cost: nothing allocates after [`Offsets::new`]. One I/O, of a file of 1 GiB in blocks of 4 KiB, on a 2-core virtual
//! machine (`cargo run --release -p bench --example offsets_cost`): sequential 3 ns, random without a map 4 ns (64-bit
//! generator 7 ns), with a map 9 ns, shift register 16 ns, lengths of a range or a split 12 to 15 ns, mixed directions
//! 13 ns, `zipf` 24 ns, `pareto` 27 ns, `normal` 29 ns.
//!
//! Offsets take no division: a random number is scaled by a multiplication, blocks become bytes by one, and lengths become
//! blocks by a shift when the smallest length is a power of two. Divisions remain for skewed distributions (one, `normal`
//! thirteen), for zones by the constant 100, for `fsync=N` (one a write), for strided zones (one), and for lengths whose
//! smallest is no power of two (one).

pub mod layout;
pub mod random_map;
pub mod settings;

mod block_size;
mod directions;
mod file;
mod file_choice;
mod passes;
mod plain;
mod prepare;
mod random_block;
mod sequence;
mod sprandom;
mod step;

pub use directions::SyncKind;
pub use prepare::SettingsError;
pub use sprandom::SpRandomError;
pub use step::{Io, Step};

use crate::direction::Direction;
use crate::random::seeds::{Purpose, Seeds};
use crate::random::taus88::Taus88;
use crate::random::{Generator, Width, percent};
use block_size::Lengths;
use directions::{Choice, Directions};
use file::FileState;
use file_choice::FileChoice;
use passes::Passes;
use plain::Plain;
use random_block::RandomBlocks;
use settings::{Mix, Sequencer, StridedZones};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    BeforeFirst,
    Between,
    Running,
    Ended,
}

/// Options that decide about positions, put in the form in which they are asked.
#[derive(Debug, Clone)]
struct Positions {
    is_random: bool,
    change_every: u32,
    stride_bytes: i64,
    sequencer: Sequencer,
    random_percent: [u32; 3],
    /// Bytes that a random block stands for.
    alignment: [u64; 3],
    strided: Option<StridedZones>,
    size_by_order: bool,
    /// Trims at random offsets, each followed by a write to the same place.
    trims_then_writes: bool,
    /// A sequence that reaches the end of the only file starts over.
    wraps: bool,
    /// A random order that ran out of blocks starts over.
    starts_over: bool,
}

/// The generator of a job's I/Os.
#[derive(Debug, Clone)]
pub struct Offsets {
    positions: Positions,
    mix: Mix,
    verify: bool,
    seeds: Seeds,
    width: Width,
    files: Vec<FileState>,
    choice: FileChoice,
    directions: Directions,
    blocks: RandomBlocks,
    lengths: [Lengths; 3],
    order_draws: [Taus88; 3],
    passes: Passes,
    phase: Phase,
    /// I/Os until the next random offset.
    until_change: u32,
    /// The offset may be one that the map knows as taken, and does not mark it.
    ignores_map: bool,
    zone_bytes: u64,
    forgets_done: bool,
    /// The file that the last step started over, until somebody asks.
    started_over: Option<usize>,
    /// What all steps have in common, where the short way does.
    plain: Option<Plain>,
}

/// Where an I/O goes, from the start of the used part.
#[derive(Clone, Copy)]
struct Place {
    offset: u64,
    /// The block that it was drawn as.
    block: Option<u64>,
    is_random: bool,
}

impl Place {
    fn sequential(offset: u64) -> Self {
        Self { offset, block: None, is_random: false }
    }
}

impl Offsets {
    /// What the caller does next. See [`Self::next_step_with`].
    #[inline(always)]
    pub fn next_step(&mut self) -> Step {
        match self.next_plain() {
            Some(io) => Step::Io(io),
            None => self.next_step_with(Some),
        }
    }

    /// What the caller does next; `redirect` sees the direction that the mix chose and may give another one, as rate
    /// limits do, or `None` to end the job.
    ///
    /// After [`Step::PassEnded`] the caller waits for I/Os in flight and verifies what it has to, then goes on. After
    /// [`Step::End`] nothing else comes.
    #[inline]
    pub fn next_step_with(&mut self, mut redirect: impl FnMut(Direction) -> Option<Direction>) -> Step {
        loop {
            if self.phase == Phase::Running {
                if self.passes.may_issue()
                    && let Some(step) = self.try_files(&mut redirect)
                {
                    return step;
                }
                if self.phase == Phase::Running {
                    self.phase = if self.passes.did_anything() { Phase::Between } else { Phase::Ended };
                    return Step::PassEnded;
                }
            }
            if !self.begin_pass() {
                return Step::End;
            }
        }
    }

    /// The file that was started over for the step that was given last, if one was: what the caller does when a file is begun is due
    /// before that step. Never of [`next_plain`](Self::next_plain).
    #[inline(always)]
    pub fn take_started_over(&mut self) -> Option<usize> {
        self.started_over.take()
    }

    /// Counts an I/O that the caller adds for verification, so that limits see it as fio's do.
    pub fn count_verification(&mut self, bytes: u64) {
        self.passes.count_any(bytes);
    }

    /// Takes back the count of an I/O that failed.
    pub fn discount(&mut self, bytes: u64) {
        self.passes.discount(bytes);
    }

    /// The generator of random blocks, one number ahead of the block that was given last.
    #[must_use]
    pub fn block_generator(&self) -> &Generator {
        self.blocks.generator()
    }

    /// Begins the next pass; `false`: there is none.
    fn begin_pass(&mut self) -> bool {
        let all_done = self.files.iter().all(|file| file.is_done);
        if self.phase == Phase::Ended || !self.passes.another(all_done) {
            self.phase = Phase::Ended;
            return false;
        }
        if self.phase == Phase::Between {
            self.choice.restart(&mut self.files, self.forgets_done);
            self.directions.restart();
            self.zone_bytes = 0;
            self.blocks.start_over(self.directions.issued());
            if self.seeds.is_repeatable() {
                self.seed();
            }
        }
        self.passes.begin();
        self.phase = Phase::Running;
        true
    }

    /// Starts all draws from their seeds.
    fn seed(&mut self) {
        let (seeds, width) = (&self.seeds, self.width);
        for (direction, lengths) in Direction::ALL.into_iter().zip(&mut self.lengths) {
            lengths.seed(seeds.generator(prepare::length_purpose(direction, self.mix, self.verify), width));
        }
        self.directions.seed(seeds.taus88(Purpose::Mix));
        self.choice.seed(seeds, width, self.files.len());
        self.blocks.seed(seeds, seeds.generator(Purpose::Block, width));
        self.order_draws = std::array::from_fn(|_| seeds.taus88(Purpose::SequentialRead));
    }

    /// Asks files until one has something to do; `None`: none has, or the caller ended the job.
    #[inline]
    fn try_files(&mut self, redirect: &mut impl FnMut(Direction) -> Option<Direction>) -> Option<Step> {
        let block_seed = self.seeds.seed(Purpose::Block);
        let mut failures = 0;
        loop {
            let index = self.choice.choose(&mut self.files, block_seed)?;
            let direction = match self.directions.choose() {
                Choice::Io(direction) => {
                    let Some(direction) = redirect(direction) else {
                        self.phase = Phase::Ended;
                        return None;
                    };
                    self.directions.settle(direction);
                    direction
                }
                Choice::Sync(kind) if self.mix != Mix::TrimWrite => {
                    self.directions.count_sync();
                    self.ignores_map = false;
                    return Some(Step::Sync { file: index, kind });
                }
                // fio makes a trim or a write of it.
                Choice::Sync(_) => Direction::Write,
            };
            let direction = match self.mix {
                Mix::TrimWrite if self.files[index].trim_comes_next() => Direction::Trim,
                Mix::TrimWrite => Direction::Write,
                _ => direction,
            };
            if let Some(io) = self.io_on(index, direction) {
                self.directions.count(direction);
                self.passes.count(direction, io.length);
                return Some(Step::Io(io));
            }
            failures += 1;
            self.choice.leave(&mut self.files[index], block_seed, failures);
        }
    }

    /// The next I/O on a file; `None`: it has nothing left.
    #[inline(always)]
    fn io_on(&mut self, index: usize, direction: Direction) -> Option<Io> {
        if let Some(zones) = self.positions.strided {
            self.move_window(zones, index, direction);
        }
        let place = self.place(index, direction)?;
        let file = &mut self.files[index];
        if place.offset >= file.length {
            return None;
        }
        let offset = place.offset.wrapping_add(file.first);
        if offset >= file.size {
            return None;
        }
        let (start, pair) = (&mut file.last_start, self.positions.trims_then_writes);
        if pair && direction == Direction::Trim && start[Direction::Trim.index()] == offset {
            // The same place twice: without this the pair would look complete before its write.
            start[Direction::Write.index()] = start[Direction::Write.index()].wrapping_sub(1);
        }
        let length = self.length(index, direction, offset, place.is_random)?;
        let file = &mut self.files[index];
        let end = offset.checked_add(length).filter(|end| *end <= file.size)?;
        let mut io = Io { file: index, direction, offset, length };
        if let (Some(map), Some(block), false) = (&mut file.map, place.block, self.ignores_map) {
            let lengths = &self.lengths[direction.index()];
            if length == lengths.minimum() {
                map.take(block);
            } else {
                // Up to the next block that had its turn.
                io.length = length.min(map.take_run(block, lengths.blocks(length)) * lengths.minimum());
            }
        }
        self.ignores_map = false;
        if self.positions.strided.is_some() {
            self.zone_bytes = self.zone_bytes.wrapping_add(io.length);
        }
        file.last_start[direction.index()] = offset;
        file.last_end[direction.index()] = end - (length - io.length);
        Some(io)
    }

    /// How long an I/O at `offset` is; `None`: nothing fits.
    #[inline]
    fn length(&mut self, index: usize, direction: Direction, offset: u64, is_random: bool) -> Option<u64> {
        let file = &self.files[index];
        if self.positions.trims_then_writes && direction == Direction::Write {
            let trim = Direction::Trim.index();
            return Some(file.last_end[trim].wrapping_sub(file.last_start[trim])).filter(|length| *length > 0);
        }
        let kind = match (self.positions.size_by_order, is_random) {
            (false, _) => direction,
            (true, true) => Direction::Write,
            (true, false) => Direction::Read,
        };
        self.lengths[kind.index()].next_length(file.end().saturating_sub(offset))
    }

    /// Where the next I/O goes; `None`: the file has no place left.
    #[inline(always)]
    fn place(&mut self, index: usize, direction: Direction) -> Option<Place> {
        let mut changes = false;
        if self.positions.change_every != 0 {
            self.until_change -= 1;
            if self.until_change == 0 {
                changes = true;
                self.until_change = self.positions.change_every;
            }
        }
        if self.positions.trims_then_writes && direction == Direction::Write {
            self.ignores_map = true;
            // From the start of the file, not of the used part: with offset= the write of the pair lies behind its trim.
            let offset = self.files[index].last_start[Direction::Trim.index()];
            return Some(Place { offset, block: None, is_random: true });
        }
        if !changes {
            return self.unchanged_place(index, direction);
        }
        if !self.positions.is_random {
            return self.next_sequential(index, direction).map(Place::sequential);
        }
        if self.draws_random(direction) {
            return self.next_random(index, direction).map(|place| Place { is_random: true, ..place });
        }
        self.ignores_map = true;
        match self.next_sequential(index, direction) {
            Some(offset) => Some(Place::sequential(offset)),
            None => self.next_random(index, direction),
        }
    }

    /// Where an I/O goes that comes between two random ones.
    fn unchanged_place(&mut self, index: usize, direction: Direction) -> Option<Place> {
        self.ignores_map = true;
        match self.positions.sequencer {
            Sequencer::Sequential => match self.next_sequential(index, direction) {
                Some(offset) => Some(Place::sequential(offset)),
                None => self.next_random(index, direction),
            },
            Sequencer::Identical => {
                Some(Place::sequential(self.files[index].last_start_within(direction).unwrap_or_default()))
            }
        }
    }

    /// Whether `percentage_random` makes this one random.
    #[inline]
    fn draws_random(&mut self, direction: Direction) -> bool {
        let share = self.positions.random_percent[direction.index()];
        share == 100 || percent(&mut self.order_draws[direction.index()]) <= share
    }

    #[inline(always)]
    fn next_random(&mut self, index: usize, direction: Direction) -> Option<Place> {
        let block = match self.blocks.next_block(&mut self.files[index], direction, self.directions.issued()) {
            Some(block) => block,
            None => self.block_of_next_pass(index, direction)?,
        };
        let offset = block.wrapping_mul(self.positions.alignment[direction.index()]);
        Some(Place { offset, block: Some(block), is_random: false })
    }

    /// The first block once a file has none left, if it is gone through again.
    #[cold]
    fn block_of_next_pass(&mut self, index: usize, direction: Direction) -> Option<u64> {
        let file = &mut self.files[index];
        if file.sprandom.is_some() {
            self.passes.end();
            return None;
        }
        if !self.positions.starts_over {
            return None;
        }
        let issued = self.directions.issued();
        file.reset(self.seeds.seed(Purpose::Block));
        self.started_over = Some(index);
        self.blocks.start_over(issued);
        self.blocks.next_block(file, direction, issued)
    }

    /// The place behind the last I/O of this direction.
    #[inline]
    fn next_sequential(&mut self, index: usize, direction: Direction) -> Option<u64> {
        let stride = self.positions.stride_bytes;
        let file = &mut self.files[index];
        let (end, first, size) = (file.end(), file.first, file.size);
        let whole = file.usable();
        let position = &mut file.last_end[direction.index()];
        if *position >= end && self.positions.wraps {
            *position = first;
            self.started_over = Some(index);
        }
        if *position >= size {
            return None;
        }
        if stride < 0 && first > 0 && *position == first {
            *position = whole;
        }
        let mut offset = position.wrapping_sub(first);
        if stride != 0 && offset != 0 {
            offset = offset.wrapping_add_signed(stride);
            if offset >= size {
                offset = if stride > 0 { first } else { whole.wrapping_add_signed(stride) };
            }
        }
        Some(offset)
    }

    /// `zonemode=strided`: moves the window on when enough was done in it.
    fn move_window(&mut self, zones: StridedZones, index: usize, direction: Direction) {
        let file = &mut self.files[index];
        if self.zone_bytes >= zones.size {
            self.zone_bytes = 0;
            file.first = file.first.wrapping_add(zones.range).wrapping_add(zones.skip);
            if file.first >= file.size {
                file.first = file.start;
            }
            file.last_end[direction.index()] = file.first;
        }
        if file.last_end[direction.index()] >= file.first.wrapping_add(zones.range) {
            file.last_end[direction.index()] = file.first;
        }
        if self.zone_bytes.is_multiple_of(zones.range) {
            file.reset(self.seeds.seed(Purpose::Block));
        }
    }
}

#[cfg(test)]
mod tests;
