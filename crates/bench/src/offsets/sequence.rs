//! `random_distribution=sequence`: the blocks of a list, one after the other, over and over.
//!
//! Which block is next depends on how many I/Os of its direction there were, whatever file they went to. With
//! `random_sequence_stride` each turn of the list starts behind the blocks of the one before.
//!
//! Cost: two divisions a block.
//!
//! Parity: fio's HEAD; 3.33 has no such distribution. Where a stride has come to the end of the file, a job that goes on
//! (`time_based`, `loops`, `io_size`) begins at its start again here; fio's ends there.

use crate::direction::Direction;

/// The list, and where its turns began.
#[derive(Debug, Clone)]
pub(super) struct Sequence {
    blocks: Vec<u32>,
    strides: bool,
    /// By direction: I/Os before the first turn over the file.
    began: [u64; 3],
}

impl Sequence {
    pub(super) fn new(blocks: &[u32], strides: bool) -> Self {
        Self { blocks: blocks.to_vec(), strides, began: [0; 3] }
    }

    /// The next block, after so many I/Os of the direction; `None`: it is not below `count`, the blocks of the file.
    pub(super) fn next_block(&self, direction: Direction, issued: u64, count: u64) -> Option<u64> {
        let length = self.blocks.len() as u64;
        let issued = issued - self.began[direction.index()];
        let block = u64::from(*self.blocks.get(usize::try_from(issued % length).ok()?)?);
        let skipped = if self.strides { issued / length * length } else { 0 };
        Some(skipped + block).filter(|block| *block < count)
    }

    /// Strides begin at the start of the file again.
    pub(super) fn start_over(&mut self, issued: &[u64; 3]) {
        if self.strides {
            self.began = *issued;
        }
    }
}
