//! How often each block was trimmed before it failed (`block_error_percentiles`): the lifetimes of flash.
//!
//! A block has a state and a count of trims. The first failure stays. Differs from fio in this: fio sorts blocks by comparing
//! two at a time as if they were one number, and prints counts it did not make when no block was used; here they are sorted by
//! what they went through, and counted.

use super::percentile::PercentileList;

/// Most blocks that are followed: 8192, as many as fio's results have room for.
pub const BLOCKS_MAX: usize = 8192;

/// What was last done to a block. Nothing makes `Written`: fio has the name and does not use it either.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum State {
    Unwritten,
    Trimmed,
    Written,
    TrimFailure,
    WriteFailure,
}

/// Where a packed block has its state.
const STATE_SHIFT: u32 = 29;
/// Most trims that a packed block has room for; more count as so many.
const TRIMS_MAX: u32 = (1 << STATE_SHIFT) - 1;

/// States in the order of their counts.
const STATES: [State; 5] = [State::Unwritten, State::Trimmed, State::Written, State::TrimFailure, State::WriteFailure];

impl State {
    fn name(self) -> &'static str {
        match self {
            Self::Unwritten => "unwritten",
            Self::Trimmed => "trimmed",
            Self::Written => "written",
            Self::TrimFailure => "trim failure",
            Self::WriteFailure => "write failure",
        }
    }

    fn has_failed(self) -> bool {
        matches!(self, Self::TrimFailure | Self::WriteFailure)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Block {
    state: State,
    trims: u32,
}

/// The blocks of a job's file. 8 bytes each.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BlockLifetimes(Vec<Block>);

impl BlockLifetimes {
    /// Blocks that nothing was done to; at most [`BLOCKS_MAX`] are followed.
    #[must_use]
    pub fn new(blocks: usize) -> Self {
        Self(vec![Block { state: State::Unwritten, trims: 0 }; blocks.min(BLOCKS_MAX)])
    }

    /// A block was trimmed. Blocks that are not followed are nothing.
    pub fn trimmed(&mut self, block: usize) {
        if let Some(block) = self.usable(block) {
            *block = Block { state: State::Trimmed, trims: block.trims.saturating_add(1) };
        }
    }

    /// A block could not be trimmed.
    pub fn trim_failed(&mut self, block: usize) {
        self.set(block, State::TrimFailure);
    }

    /// A block could not be written.
    pub fn write_failed(&mut self, block: usize) {
        self.set(block, State::WriteFailure);
    }

    fn set(&mut self, block: usize, state: State) {
        if let Some(block) = self.usable(block) {
            block.state = state;
        }
    }

    fn usable(&mut self, block: usize) -> Option<&mut Block> {
        self.0.get_mut(block).filter(|block| !block.state.has_failed())
    }

    /// Blocks as fio's results have them: the state in the upper three bits of a word, below it the trims. At most
    /// [`BLOCKS_MAX`] are taken; a state that does not exist reads as unwritten.
    #[must_use]
    pub fn from_packed(words: &[u32]) -> Self {
        let block = |word: &u32| {
            let state = STATES.get((word >> STATE_SHIFT) as usize).copied().unwrap_or(State::Unwritten);
            Block { state, trims: word & TRIMS_MAX }
        };
        Self(words.iter().take(BLOCKS_MAX).map(block).collect())
    }

    /// The reverse of [`BlockLifetimes::from_packed`].
    #[must_use]
    pub fn packed(&self) -> Vec<u32> {
        let number =
            |state: State| (0..).zip(STATES).find(|(_, known)| *known == state).map_or(0, |(number, _)| number);
        self.0.iter().map(|block| number(block.state) << STATE_SHIFT | block.trims.min(TRIMS_MAX)).collect()
    }

    /// Whether no block is followed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many trims the blocks that were used took, at each percentile: those that still work first, then those that
    /// failed. Empty when none was used.
    #[must_use]
    pub fn percentiles(&self, list: &PercentileList) -> Vec<u32> {
        let mut used: Vec<_> = self.0.iter().filter(|block| block.state != State::Unwritten).collect();
        if used.is_empty() {
            return Vec::new();
        }
        used.sort_by_key(|block| (block.state.has_failed(), block.trims, block.state));
        list.as_slice().iter().map(|percentile| used[place(*percentile, used.len())].trims).collect()
    }

    /// How many blocks are in each state, with its name.
    #[must_use]
    pub fn states(&self) -> [(&'static str, usize); 5] {
        STATES.map(|state| (state.name(), self.0.iter().filter(|block| block.state == state).count()))
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a percentage of a length")]
fn place(percentile: f64, length: usize) -> usize {
    ((percentile * length as f64 / 100.0) as usize).min(length - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lifetimes_are_sorted_by_what_blocks_went_through() {
        let mut blocks = BlockLifetimes::new(5);
        for _ in 0..3 {
            blocks.trimmed(0);
        }
        blocks.trimmed(1);
        blocks.trim_failed(2);
        blocks.trimmed(2);
        blocks.write_failed(3);
        blocks.write_failed(2);
        blocks.trimmed(99);
        let list = PercentileList::new(&[25.0, 50.0, 75.0, 100.0]);
        assert_eq!(blocks.percentiles(&list), [3, 0, 0, 0]);
        assert_eq!(blocks.percentiles(&PercentileList::new(&[1.0])), [1]);
        let counts = blocks.states().map(|(_, count)| count);
        assert_eq!(counts, [1, 2, 0, 1, 1]);
        assert_eq!(BlockLifetimes::new(7).percentiles(&list), Vec::<u32>::new());
        assert!(BlockLifetimes::default().is_empty());
        assert_eq!(BlockLifetimes::new(usize::MAX).states()[0], ("unwritten", BLOCKS_MAX));
        let packed = blocks.packed();
        assert_eq!(packed, [1 << 29 | 3, 1 << 29 | 1, 3 << 29, 4 << 29, 0]);
        assert_eq!(BlockLifetimes::from_packed(&packed), blocks);
        assert_eq!(BlockLifetimes::from_packed(&[7 << 29]).states()[0], ("unwritten", 1));
    }
}
