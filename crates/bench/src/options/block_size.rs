//! How large blocks are, and where they may start.

use super::JobOptions;
use super::kind::{Between, ValueError, block_sizes_between, boolean, custom, flag, numbers};
use super::option::{Section, option};
use super::per_direction::PerDirection;
use super::split::{self, SplitEntry};

/// Values of the options of this group.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BlockSize {
    /// Bytes of a block.
    pub bs: PerDirection<u64>,
    /// Where blocks of random I/O start: multiples of this. 0 is the smallest block.
    pub ba: PerDirection<u64>,
    /// Bytes of a block, drawn between two; counts before `bs`. `bssplit` sets it as well.
    pub bsrange: PerDirection<Option<Between<u64>>>,
    /// Bytes of a block, by shares; counts before the others.
    pub bssplit: PerDirection<Vec<SplitEntry>>,
    /// Blocks of `bsrange` have any length, not multiples of the smallest.
    pub bs_unaligned: bool,
    /// The first of two sizes is of sequential I/O, the second of random I/O.
    pub bs_is_seq_rand: bool,
}

pub(super) const SECTION: Section = Section {
    title: "Block size",
    options: &[
        option("bs", &numbers(|options| &mut options.block_size.bs).at_least(1), "Bytes of a block")
            .aliases(&["blocksize"])
            .default("4096")
            .below("rw"),
        option(
            "ba",
            &numbers(|options| &mut options.block_size.ba).at_least(1),
            "Start blocks of random I/O at multiples of this",
        )
        .aliases(&["blockalign"])
        .below("rw"),
        option(
            "bsrange",
            &block_sizes_between(|options| &mut options.block_size.bsrange),
            "Draw the size of each block between two",
        )
        .aliases(&["blocksize_range"])
        .below("rw"),
        option(
            "bssplit",
            &custom("SIZE/PERCENT:SIZE/PERCENT:…, for reads, writes and trims with commas between", bssplit),
            "Draw the size of each block by shares",
        )
        .below("rw"),
        option(
            "bs_unaligned",
            &flag(|options| &mut options.block_size.bs_unaligned),
            "Let blocks of bsrange have any length",
        )
        .aliases(&["blocksize_unaligned"])
        .below("rw"),
        option(
            "bs_is_seq_rand",
            &boolean(|options| &mut options.block_size.bs_is_seq_rand, false),
            "The sizes given are those of sequential and of random I/O, not of reads and writes",
        )
        .default("0")
        .below("bs"),
    ],
};

fn bssplit(options: &mut JobOptions, text: &str) -> Result<(), ValueError> {
    let sizes = split::block_sizes(text, options.description.kb_base)?;
    for (direction, list) in sizes.0.into_iter().enumerate() {
        let (Some(smallest), Some(largest)) =
            (list.iter().map(|entry| entry.size).min(), list.iter().map(|entry| entry.size).max())
        else {
            continue;
        };
        options.block_size.bsrange.0[direction] = Some(Between::new(smallest, largest));
        options.block_size.bssplit.0[direction] = list;
    }
    Ok(())
}
