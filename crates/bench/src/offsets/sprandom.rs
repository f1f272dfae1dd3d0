//! `sprandom`: writes a solid-state disk once, in an order that leaves it as a long time of random writes would.
//!
//! The disk is taken as regions of equal size that are filled one after the other, over-provisioning included. In the
//! state that random writes lead to, older regions hold fewer valid blocks; so of each region a share of blocks is written
//! again while the next one is filled, which makes them invalid where they are. The shares follow P. Desnoyers, "Analytic
//! Models of SSD Write Performance", ACM Transactions on Storage 8 (2), 2012: validity times the space that has it is the
//! same everywhere.
//!
//! Parity: fio's HEAD with the same options and seeds; 3.33 has no such option.
//!
//! Cost: a random number a block, and 8 bytes of memory for each block of the largest share of a region (with a cache
//! twice that).

use std::collections::VecDeque;

use super::settings::SpRandom;
use crate::random::lfsr::Lfsr;
use crate::random::{Generator, floor};

/// Shares are counted in so many parts.
const PARTS: u64 = 10_000;

/// Why a disk cannot be prepared so.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SpRandomError {
    /// A region that fits into the cache.
    #[error("spr_cs={cache} is above the {region} bytes of a region: spr_num_regions may be {regions} at most")]
    CacheAboveRegion {
        /// Bytes of the cache.
        cache: u64,
        /// Bytes of a region.
        region: u64,
        /// Regions that are larger than the cache.
        regions: u64,
    },
    /// Several files.
    #[error("sprandom is for a job with one file; there are {0}")]
    Files(usize),
}

/// The order of blocks of a file.
#[derive(Debug, Clone)]
pub(super) struct SpRandomBlocks {
    /// Of each region: how many of its blocks are written again.
    shares: Box<[u64]>,
    draws: Generator,
    has_cache: bool,
    region: usize,
    region_blocks: u64,
    /// New blocks until the region is full.
    left: u64,
    /// Blocks of the region before that are written again.
    again: VecDeque<u64>,
    /// Blocks of this region that are written again in the next one.
    next: VecDeque<u64>,
}

impl SpRandomBlocks {
    /// For a file of so many bytes in blocks of `block` bytes.
    ///
    /// # Errors
    /// [`SpRandomError::CacheAboveRegion`].
    pub(super) fn new(settings: &SpRandom, bytes: u64, block: u64, draws: Generator) -> Result<Self, SpRandomError> {
        let physical = settings.physical_bytes(bytes, block);
        let region = physical / u64::from(settings.regions.max(1));
        let cache = settings.cache_bytes;
        if cache > region {
            return Err(SpRandomError::CacheAboveRegion { cache, region, regions: physical / cache });
        }
        let shares = shares(settings);
        let region_blocks = region / block.max(1);
        let expected = floor(region_blocks as f64 * shares[0] as f64 / PARTS as f64);
        let expected = usize::try_from(expected).unwrap_or(0);
        Ok(Self {
            shares,
            draws,
            has_cache: cache > 0,
            region: 0,
            region_blocks,
            left: region_blocks,
            again: VecDeque::with_capacity(expected),
            next: VecDeque::with_capacity(expected),
        })
    }

    /// The next block; new ones come from `fresh`. `None`: the disk is prepared.
    pub(super) fn next_block(&mut self, fresh: &mut Lfsr) -> Option<u64> {
        // With a cache the blocks of the region before wait until this one is full: by then they have left the cache.
        if (!self.has_cache || self.left == 0)
            && let Some(block) = self.again.pop_front()
        {
            self.choose(block);
            return Some(block);
        }
        if self.left == 0 {
            if self.region >= self.shares.len() {
                return None;
            }
            self.region += 1;
            std::mem::swap(&mut self.again, &mut self.next);
            self.left = self.region_blocks.saturating_sub(self.again.len() as u64);
        }
        let Some(block) = fresh.next_number() else {
            return if self.has_cache { self.again.pop_front() } else { None };
        };
        self.left = self.left.saturating_sub(1);
        self.choose(block);
        Some(block)
    }

    /// Decides whether a block is written again.
    fn choose(&mut self, block: u64) {
        let drawn = self.draws.between(0, PARTS);
        if self.shares.get(self.region).is_some_and(|share| drawn <= *share) {
            self.next.push_back(block);
        }
    }
}

/// Of each region, how many of [`PARTS`] blocks are invalid in the steady state, the first the most.
fn shares(settings: &SpRandom) -> Box<[u64]> {
    let count = settings.regions.max(1) as usize;
    let amplification = 0.5 / settings.over_provisioning + 0.7;
    // What is left in the region that the disk clears next.
    let least = 1.0 - 1.0 / amplification;
    let validity = spread(1.0, least, count);
    // Space by validity, as a curve over the space of those before.
    let mut space = Vec::with_capacity(count);
    let mut sum = 0.0;
    for valid in &validity {
        sum += 1.0 / valid;
        space.push(sum);
    }
    let invalid = |valid: f64| floor(((1.0 - valid) * PARTS as f64).round());
    let wanted = spread(space[0], space[count - 1], count);
    let mut shares: Vec<_> = interpolate(&wanted, &space, &validity).into_iter().map(invalid).collect();
    shares.reverse();
    shares.into()
}

/// `count` numbers at equal distances, `first` and `last` included.
fn spread(first: f64, last: f64, count: usize) -> Vec<f64> {
    let step = (last - first) / (count.max(2) - 1) as f64;
    (0..count).map(|index| first + index as f64 * step).collect()
}

/// The curve through `places` and `values` at the places `wanted`; both rise.
fn interpolate(wanted: &[f64], places: &[f64], values: &[f64]) -> Vec<f64> {
    let last = places.len() - 1;
    let mut at = 0;
    let value = |&place: &f64| {
        if place <= places[0] {
            return values[0];
        }
        if place >= places[last] {
            return values[last];
        }
        while places[at + 1] < place {
            at += 1;
        }
        values[at] + (values[at + 1] - values[at]) * ((place - places[at]) / (places[at + 1] - places[at]))
    };
    wanted.iter().map(value).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Width;

    const SETTINGS: SpRandom = SpRandom { regions: 100, over_provisioning: 0.15, cache_bytes: 0 };

    fn blocks(settings: &SpRandom, count: u64) -> Vec<u64> {
        let draws = Generator::new(7, Width::Bits32);
        let mut order = SpRandomBlocks::new(settings, count * 4096, 4096, draws).unwrap();
        let mut fresh = Lfsr::new(count, 3, 0).unwrap();
        std::iter::from_fn(|| order.next_block(&mut fresh)).collect()
    }

    #[test]
    fn older_regions_are_left_with_fewer_valid_blocks() {
        let shares = shares(&SETTINGS);
        assert_eq!(shares.len(), 100);
        assert!(shares.windows(2).all(|pair| pair[0] >= pair[1]), "{shares:?}");
        // 1 / (0.5 / 0.15 + 0.7) is invalid in the region that is cleared next.
        assert_eq!((shares[0], shares[99]), (2479, 0));
        assert_eq!(*super::shares(&SpRandom { regions: 1, ..SETTINGS }), [0]);
    }

    #[test]
    fn every_block_is_written_and_the_disk_with_what_it_hides_is_filled() {
        let count = 50_000;
        for cache_bytes in [0, 64 << 10] {
            let written = blocks(&SpRandom { cache_bytes, ..SETTINGS }, count);
            let mut times = vec![0_u32; 50_000];
            written.iter().for_each(|block| times[usize::try_from(*block).unwrap()] += 1);
            assert!(times.iter().all(|&times| times > 0), "{cache_bytes}");
            // Over-provisioning is 15 %; the model is right within two.
            let total = written.len() as u64;
            assert!((count * 113 / 100..count * 117 / 100).contains(&total), "{cache_bytes}: {total}");
        }
    }

    #[test]
    fn a_cache_keeps_a_block_from_being_written_again_soon() {
        let nearest = |cache_bytes| {
            let mut last = std::collections::HashMap::new();
            let written = blocks(&SpRandom { cache_bytes, ..SETTINGS }, 50_000);
            let apart = |(index, block)| last.insert(block, index).map(|before| index - before);
            written.into_iter().enumerate().filter_map(apart).min().unwrap()
        };
        // A region has 575 blocks.
        assert!(nearest(0) < 575, "{}", nearest(0));
        assert!(nearest(1 << 20) >= 256, "{}", nearest(1 << 20));
    }

    #[test]
    fn regions_are_larger_than_the_cache() {
        let settings = SpRandom { cache_bytes: 1 << 20, ..SETTINGS };
        let refused = SpRandomBlocks::new(&settings, 32 << 20, 4096, Generator::new(7, Width::Bits32));
        let error = SpRandomError::CacheAboveRegion { cache: 1 << 20, region: 385_843, regions: 36 };
        assert_eq!(refused.err(), Some(error));
    }
}
