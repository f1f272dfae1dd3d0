//! Which blocks had their turn: a bitmap with summaries, so that the next free block is found in a few steps however
//! full the map is.
//!
//! A bit of a level is set when the word below it is full; the top level is one word. Memory: one bit a block and 1/63
//! more (a 16 TiB file of 4 KiB blocks: 520 MiB). Asking for a block reads one word; taking one writes one, and one more
//! for each word that becomes full; finding the next free one reads at most two words a level.
//!
//! Parity: the answers of fio's `axmap`.

use std::collections::TryReserveError;

/// Levels of a map of 2⁶⁴ blocks.
const LEVELS_MAX: usize = 11;

/// The map.
#[derive(Debug, Clone)]
pub struct RandomMap {
    blocks: u64,
    /// All levels in one allocation, the blocks' first.
    words: Vec<u64>,
    /// Where each level starts.
    starts: [usize; LEVELS_MAX],
    /// Bits of each level.
    bits: [u64; LEVELS_MAX],
    levels: usize,
}

impl RandomMap {
    /// A map with all `blocks` free.
    ///
    /// # Errors
    /// No memory for it.
    pub fn new(blocks: u64) -> Result<Self, TryReserveError> {
        let mut starts = [0; LEVELS_MAX];
        let mut bits = [0; LEVELS_MAX];
        let (mut level_bits, mut total, mut levels) = (blocks.max(1), 0_u64, 0);
        loop {
            starts[levels] = position(total);
            bits[levels] = level_bits;
            levels += 1;
            let words = level_bits.div_ceil(64);
            total += words;
            if words == 1 {
                break;
            }
            level_bits = words;
        }
        let mut words = Vec::new();
        words.try_reserve_exact(usize::try_from(total).unwrap_or(usize::MAX))?;
        words.resize(position(total), 0);
        let mut map = Self { blocks, words, starts, bits, levels };
        map.block_tails();
        Ok(map)
    }

    /// Number of blocks, free or not.
    #[must_use]
    pub fn blocks(&self) -> u64 {
        self.blocks
    }

    /// All blocks are free again.
    pub fn clear(&mut self) {
        self.words.fill(0);
        self.block_tails();
    }

    /// The bits behind the last one of a level are never free.
    fn block_tails(&mut self) {
        for level in 0..self.levels {
            let used = self.bits[level] % 64;
            if used > 0 {
                let last = self.starts[level] + position(self.bits[level] / 64);
                self.words[last] |= !0 << used;
            }
        }
        if self.blocks == 0 {
            self.words[0] = !0;
        }
    }

    /// Whether the block had no turn yet. Blocks at or beyond the end are free.
    #[inline]
    #[must_use]
    pub fn is_free(&self, block: u64) -> bool {
        block >= self.blocks || self.words[position(block >> 6)] & bit(block) == 0
    }

    /// Asks memory for the word of a block that is going to be looked at. A hint: it changes nothing.
    #[inline]
    pub fn prefetch(&self, block: u64) {
        if let Some(word) = self.words.get(position(block >> 6)) {
            prefetch(word);
        }
    }

    /// Takes one block.
    #[inline]
    pub fn take(&mut self, block: u64) {
        if block < self.blocks {
            self.take_in_word(block, bit(block));
        }
    }

    /// Takes up to `count` blocks from `block` on, until one was taken before. Returns how many were taken.
    pub fn take_run(&mut self, block: u64, count: u64) -> u64 {
        let end = block.saturating_add(count);
        let mut next = block;
        while next < end {
            if next >= self.blocks {
                // Part of a last block that is too short for the map: nobody else comes there.
                return count;
            }
            let in_word = (64 - (next & 63)).min(end - next).min(self.blocks - next);
            let wanted = (!0 >> (64 - in_word)) << (next & 63);
            let taken = self.words[position(next >> 6)] & wanted;
            let free = if taken == 0 { in_word } else { u64::from(taken.trailing_zeros()) - (next & 63) };
            if free > 0 {
                self.take_in_word(next, (!0 >> (64 - free)) << (next & 63));
            }
            next += free;
            if free < in_word {
                break;
            }
        }
        next - block
    }

    /// Sets bits of the word that `block` is in, and the summary bits of words that became full.
    #[inline]
    fn take_in_word(&mut self, block: u64, mut bits: u64) {
        let mut index = block;
        for start in &self.starts[..self.levels] {
            let word = &mut self.words[start + position(index >> 6)];
            *word |= bits;
            if *word != !0 {
                return;
            }
            index >>= 6;
            bits = bit(index);
        }
    }

    /// The first free block after `block`, from the start again behind the end, `block` itself last. `None`: none is
    /// free, or `block` is not in the map.
    #[must_use]
    pub fn next_free(&self, block: u64) -> Option<u64> {
        if block >= self.blocks {
            return None;
        }
        let next = block + 1;
        if next < self.blocks
            && let Some(found) = self.first_free_from(next)
        {
            return Some(found);
        }
        self.first_free_from(0)
    }

    /// The first free block that is not before `from`, which is in the map.
    fn first_free_from(&self, from: u64) -> Option<u64> {
        let mut index = from;
        for level in 0..self.levels {
            // Behind the last word of this level there is nothing further up either.
            if index >> 6 >= self.bits[level].div_ceil(64) {
                return None;
            }
            let free = !self.words[self.starts[level] + position(index >> 6)] & (!0 << (index & 63));
            if free != 0 {
                return Some(self.descend(level, (index & !63) + u64::from(free.trailing_zeros())));
            }
            // The rest of this word is taken: go on with the words behind it, one level up.
            index = (index >> 6) + 1;
        }
        None
    }

    /// The first free block below a bit of a level that is not full.
    fn descend(&self, level: usize, mut index: u64) -> u64 {
        for below in (0..level).rev() {
            let free = !self.words[self.starts[below] + position(index)];
            index = (index << 6) + u64::from(free.trailing_zeros());
        }
        index
    }
}

#[cfg(target_arch = "x86_64")]
#[inline]
#[expect(unsafe_code, reason = "an instruction that every processor of this kind has")]
fn prefetch(word: &u64) {
    // SAFETY: the hint is for an address that is valid, and needs none to be.
    unsafe { std::arch::x86_64::_mm_prefetch::<{ std::arch::x86_64::_MM_HINT_T0 }>(std::ptr::from_ref(word).cast()) };
}

#[cfg(not(target_arch = "x86_64"))]
#[inline]
fn prefetch(_word: &u64) {}

#[inline]
const fn bit(index: u64) -> u64 {
    1 << (index & 63)
}

/// A place in the words. The words are in memory, so there are fewer than `usize` counts.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "see above")]
const fn position(index: u64) -> usize {
    index as usize
}

#[cfg(test)]
mod tests;
