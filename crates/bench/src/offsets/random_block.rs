//! Draws the next random block of a file (`random_distribution`, `random_generator`, `sprandom`, the random map).

use super::file::FileState;
use super::sequence::Sequence;
use super::settings::{Distribution, Settings, Zone};
use crate::direction::Direction;
use crate::random::Generator;
use crate::random::percent;
use crate::random::seeds::{Purpose, Seeds};
use crate::random::taus88::Taus88;

/// The zone that a number from 1 to 100 stands for: where it starts and where it ends, in percent or blocks.
type ZoneTable = Vec<(u64, u64)>;

/// What the job has instead of blocks that are all as likely.
#[derive(Debug, Clone)]
enum Special {
    None,
    PercentZones([ZoneTable; 3]),
    BlockZones([ZoneTable; 3]),
    Sequence(Sequence),
    Preconditioning,
}

/// The draws that all files of a job share.
#[derive(Debug, Clone)]
pub(super) struct RandomBlocks {
    generator: Generator,
    /// The number of the next draw, drawn one ahead, so that the word of the map that it needs is on its way from memory while
    /// the I/O before is done.
    next_number: u64,
    zone_generator: Taus88,
    special: Special,
}

impl RandomBlocks {
    /// `alignment`: bytes that a block of each direction stands for.
    pub(super) fn new(settings: &Settings, alignment: [u64; 3], seeds: &Seeds, generator: Generator) -> Self {
        let special = match &settings.distribution {
            _ if settings.sprandom.is_some() => Special::Preconditioning,
            Distribution::Zoned(zones) => Special::PercentZones(std::array::from_fn(|index| table(&zones[index], 1))),
            Distribution::ZonedAbsolute(zones) => {
                Special::BlockZones(std::array::from_fn(|index| table(&zones[index], alignment[index])))
            }
            Distribution::Sequence { blocks, strides } => Special::Sequence(Sequence::new(blocks, *strides)),
            _ => Special::None,
        };
        let mut blocks = Self { generator, next_number: 0, zone_generator: seeds.taus88(Purpose::Zone), special };
        blocks.next_number = blocks.generator.next_number();
        blocks
    }

    pub(super) fn generator(&self) -> &Generator {
        &self.generator
    }

    /// Starts the draws from their seeds again.
    pub(super) fn seed(&mut self, seeds: &Seeds, generator: Generator) {
        self.generator = generator;
        self.next_number = self.generator.next_number();
        self.zone_generator = seeds.taus88(Purpose::Zone);
    }

    /// A pass or a file begins anew, after so many I/Os of each direction.
    pub(super) fn start_over(&mut self, issued: &[u64; 3]) {
        if let Special::Sequence(sequence) = &mut self.special {
            sequence.start_over(issued);
        }
    }

    /// The next block, after so many I/Os of each direction; `None`: the file has none left.
    #[inline(always)]
    pub(super) fn next_block(&mut self, file: &mut FileState, direction: Direction, issued: &[u64; 3]) -> Option<u64> {
        if let Some(skewed) = &mut file.skewed {
            return Some(skewed.next_block());
        }
        let count = file.drawn_from[direction.index()];
        if count == 0 {
            return None;
        }
        if matches!(self.special, Special::None) {
            return self.uniform(file, count);
        }
        self.special(file, direction, issued[direction.index()])
    }

    /// A block of a zone that is drawn first, or of what else the job asks for; uniform for directions without.
    #[cold]
    fn special(&mut self, file: &mut FileState, direction: Direction, issued: u64) -> Option<u64> {
        let count = file.drawn_from[direction.index()];
        match &self.special {
            Special::Sequence(sequence) => sequence.next_block(direction, issued, count),
            Special::Preconditioning if direction == Direction::Write => {
                file.sprandom.as_mut()?.next_block(file.lfsr.as_mut()?)
            }
            Special::PercentZones(tables) if !tables[direction.index()].is_empty() => {
                let (start, end) = zone(&tables[direction.index()], &mut self.zone_generator);
                let skipped = start.wrapping_mul(count) / 100;
                Some(skipped + self.uniform(file, count.wrapping_mul(end - start) / 100)?)
            }
            Special::BlockZones(tables) if !tables[direction.index()].is_empty() => {
                let (start, end) = zone(&tables[direction.index()], &mut self.zone_generator);
                Some(start + self.uniform(file, end - start)?)
            }
            _ => self.uniform(file, count),
        }
    }

    /// A block below `count`; the shift register knows its own count.
    #[inline(always)]
    fn uniform(&mut self, file: &mut FileState, count: u64) -> Option<u64> {
        if let Some(lfsr) = &mut file.lfsr {
            return lfsr.next_number();
        }
        let block = self.peek_uniform(file, count);
        self.pass_uniform(file, count);
        block
    }

    /// Whether blocks are drawn without zones or an order.
    pub(super) fn are_uniform(&self) -> bool {
        matches!(self.special, Special::None)
    }

    /// The block below `count` that is next, without a shift register.
    #[inline(always)]
    pub(super) fn peek_uniform(&self, file: &FileState, count: u64) -> Option<u64> {
        let drawn = self.generator.scaled(self.next_number, count);
        match &file.map {
            Some(map) if !map.is_free(drawn) => map.next_free(drawn),
            _ => Some(drawn),
        }
    }

    /// That block had its turn; the word of the map that the one behind it needs is asked for.
    #[inline(always)]
    pub(super) fn pass_uniform(&mut self, file: &FileState, count: u64) {
        self.next_number = self.generator.next_number();
        if let Some(map) = &file.map {
            map.prefetch(self.generator.scaled(self.next_number, count));
        }
    }
}

/// The zone of the next draw.
#[inline]
fn zone(table: &ZoneTable, generator: &mut Taus88) -> (u64, u64) {
    table[percent(generator) as usize - 1]
}

/// A hundred entries, each zone as often as its percentage of the accesses says. Sizes are divided by `unit`.
fn table(zones: &[Zone], unit: u64) -> ZoneTable {
    let mut entries = ZoneTable::new();
    let mut start = 0_u64;
    for zone in zones {
        let end = start.saturating_add(zone.size);
        let range = (start / unit, end / unit);
        entries.extend(std::iter::repeat_n(range, zone.access_percent as usize));
        start = end;
    }
    entries
}
