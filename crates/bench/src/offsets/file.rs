//! A file of the job: where its last I/Os were and what is left of it.

use super::layout::FileRange;
use super::random_map::RandomMap;
use super::sprandom::SpRandomBlocks;
use crate::direction::Direction;
use crate::random::lfsr::Lfsr;
use crate::random::normal::Normal;
use crate::random::pareto::Pareto;
use crate::random::zipf::Zipf;

/// No I/O yet.
const NOWHERE: u64 = u64::MAX;

/// Draws from a skewed distribution over the file's blocks.
#[derive(Debug, Clone)]
pub(super) enum Skewed {
    Zipf(Zipf),
    Pareto(Pareto),
    Normal(Normal),
}

impl Skewed {
    pub(super) fn next_block(&mut self) -> u64 {
        match self {
            Self::Zipf(draws) => draws.next_item(),
            Self::Pareto(draws) => draws.next_item(),
            Self::Normal(draws) => draws.next_item(),
        }
    }
}

/// The state of a file.
#[derive(Debug, Clone)]
pub(super) struct FileState {
    /// Bytes of the file.
    pub(super) size: u64,
    /// Bytes that are used.
    pub(super) length: u64,
    /// Where each pass but the first starts.
    pub(super) start: u64,
    /// Where the used part starts now: moves with strided zones.
    pub(super) first: u64,
    /// Where the last I/O of each direction started.
    pub(super) last_start: [u64; 3],
    /// Where the last I/O of each direction ended.
    pub(super) last_end: [u64; 3],
    /// Blocks that random offsets of each direction are drawn from.
    pub(super) drawn_from: [u64; 3],
    pub(super) map: Option<RandomMap>,
    pub(super) lfsr: Option<Lfsr>,
    pub(super) skewed: Option<Skewed>,
    pub(super) sprandom: Option<Box<SpRandomBlocks>>,
    pub(super) is_open: bool,
    /// Came to its end in this pass.
    pub(super) is_done: bool,
}

impl FileState {
    pub(super) fn new(range: &FileRange) -> Self {
        Self {
            size: range.size,
            length: range.length,
            start: range.start,
            first: range.first,
            last_start: [NOWHERE; 3],
            last_end: [range.first; 3],
            drawn_from: [0; 3],
            map: None,
            lfsr: None,
            skewed: None,
            sprandom: None,
            is_open: false,
            is_done: false,
        }
    }

    /// Bytes that maps and distributions are made for.
    pub(super) fn usable(&self) -> u64 {
        self.length.min(self.size)
    }

    /// Positions before this one are in the used part.
    #[inline]
    pub(super) fn end(&self) -> u64 {
        self.length.wrapping_add(self.start)
    }

    /// Where the last I/O of this direction started, from the start of the used part.
    pub(super) fn last_start_within(&self, direction: Direction) -> Option<u64> {
        let start = self.last_start[direction.index()];
        (start != NOWHERE).then(|| start.wrapping_sub(self.first))
    }

    /// Forgets where I/Os were: each block has its turn before it.
    pub(super) fn reset(&mut self, block_seed: u64) {
        self.last_start = [NOWHERE; 3];
        self.last_end = [self.first; 3];
        if let Some(map) = &mut self.map {
            map.clear();
        }
        if let Some(lfsr) = &mut self.lfsr {
            lfsr.restart(block_seed);
        }
    }

    /// Whether the next I/O of a trim and write pair is the trim.
    pub(super) fn trim_comes_next(&self) -> bool {
        self.last_start[Direction::Write.index()] == self.last_start[Direction::Trim.index()]
    }
}
