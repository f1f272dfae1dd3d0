//! Draws the next random block of a file (`random_distribution`, `random_generator`, the random map).

use super::file::FileState;
use super::settings::{Distribution, Zone};
use crate::direction::Direction;
use crate::random::Generator;
use crate::random::percent;
use crate::random::seeds::{Purpose, Seeds};
use crate::random::taus88::Taus88;

/// The zone that a number from 1 to 100 stands for: where it starts and where it ends, in percent or blocks.
type ZoneTable = Vec<(u64, u64)>;

#[derive(Debug, Clone)]
enum Zones {
    None,
    Percent([ZoneTable; 3]),
    Blocks([ZoneTable; 3]),
}

/// The draws that all files of a job share.
#[derive(Debug, Clone)]
pub(super) struct RandomBlocks {
    generator: Generator,
    /// The number of the next draw, drawn one ahead, so that the word of the map that it needs is on its way from memory while
    /// the I/O before is done.
    next_number: u64,
    zone_generator: Taus88,
    zones: Zones,
}

impl RandomBlocks {
    /// `alignment`: bytes that a block of each direction stands for.
    pub(super) fn new(distribution: &Distribution, alignment: [u64; 3], seeds: &Seeds, generator: Generator) -> Self {
        let zones = match distribution {
            Distribution::Zoned(zones) => Zones::Percent(std::array::from_fn(|index| table(&zones[index], 1))),
            Distribution::ZonedAbsolute(zones) => {
                Zones::Blocks(std::array::from_fn(|index| table(&zones[index], alignment[index])))
            }
            _ => Zones::None,
        };
        let mut blocks = Self { generator, next_number: 0, zone_generator: seeds.taus88(Purpose::Zone), zones };
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

    /// The next block; `None`: the file has none left.
    #[inline]
    pub(super) fn next_block(&mut self, file: &mut FileState, direction: Direction) -> Option<u64> {
        if let Some(skewed) = &mut file.skewed {
            return Some(skewed.next_block());
        }
        let count = file.drawn_from[direction.index()];
        if count == 0 {
            return None;
        }
        if matches!(self.zones, Zones::None) {
            return self.uniform(file, count);
        }
        self.zoned(file, direction, count)
    }

    /// A block of a zone that is drawn first; uniform for directions without zones.
    #[inline(never)]
    fn zoned(&mut self, file: &mut FileState, direction: Direction, count: u64) -> Option<u64> {
        match &self.zones {
            Zones::Percent(tables) if !tables[direction.index()].is_empty() => {
                let (start, end) = zone(&tables[direction.index()], &mut self.zone_generator);
                let skipped = start.wrapping_mul(count) / 100;
                Some(skipped + self.uniform(file, count.wrapping_mul(end - start) / 100)?)
            }
            Zones::Blocks(tables) if !tables[direction.index()].is_empty() => {
                let (start, end) = zone(&tables[direction.index()], &mut self.zone_generator);
                Some(start + self.uniform(file, end - start)?)
            }
            Zones::None | Zones::Percent(_) | Zones::Blocks(_) => self.uniform(file, count),
        }
    }

    /// A block below `count`; the shift register knows its own count.
    #[inline(always)]
    fn uniform(&mut self, file: &mut FileState, count: u64) -> Option<u64> {
        if let Some(lfsr) = &mut file.lfsr {
            return lfsr.next_number();
        }
        let number = std::mem::replace(&mut self.next_number, self.generator.next_number());
        let drawn = self.generator.scaled(number, count);
        match &file.map {
            Some(map) => {
                map.prefetch(self.generator.scaled(self.next_number, count));
                if map.is_free(drawn) { Some(drawn) } else { map.next_free(drawn) }
            }
            None => Some(drawn),
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
