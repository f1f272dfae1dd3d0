//! The short way to the next I/O of a plain job, as most are that measure a device: one file, one direction, one length, and
//! offsets that follow each other or are all as likely, with or without a random map.
//!
//! [`Offsets::next_step_with`] decides at each I/O what the options of such a job have decided for good. This draws or goes on
//! from the last one, looks whether the block is free and fits, and counts: 3 to 5 ns less an I/O. It gives what the long way
//! would give, or nothing and changes nothing; whatever is special about the next step (the first or last of a pass, the end of
//! the job, a file that has nothing left) is for the long way.

use super::step::Io;
use super::{Mix, Offsets, Phase};
use crate::direction::Direction;

/// What is the same for all I/Os of a plain job.
#[derive(Debug, Clone, Copy)]
pub(super) struct Plain {
    direction: Direction,
    length: u64,
    /// Each begins where the last one ended. If not, all blocks are as likely.
    follows: bool,
}

impl Plain {
    /// `None`: the job is not plain.
    pub(super) fn of(offsets: &Offsets) -> Option<Self> {
        let Offsets { positions, directions, blocks, lengths, files, .. } = offsets;
        let direction = match offsets.mix {
            Mix::Read => Direction::Read,
            Mix::Write => Direction::Write,
            Mix::Trim => Direction::Trim,
            Mix::ReadWrite | Mix::TrimWrite => return None,
        };
        let [file] = files.as_slice() else {
            return None;
        };
        let follows = !positions.is_random && positions.stride_bytes == 0;
        let draws_all = positions.is_random
            && positions.random_percent[direction.index()] == 100
            && blocks.are_uniform()
            && file.lfsr.is_none()
            && file.skewed.is_none();
        let orders_all = positions.change_every == 1 && !positions.size_by_order && positions.strided.is_none();
        let length = lengths[direction.index()].fixed()?;
        let is_plain = (follows || draws_all) && orders_all && !directions.may_sync();
        is_plain.then_some(Self { direction, length, follows })
    }
}

impl Offsets {
    /// The next I/O, if it is a plain one. `None`: nothing was changed, and the long way knows.
    #[inline(always)]
    pub fn next_plain(&mut self) -> Option<Io> {
        let Plain { direction, length, follows } = self.plain?;
        let [file] = self.files.as_mut_slice() else {
            return None;
        };
        if self.phase != Phase::Running || !file.is_open || !self.passes.may_issue() {
            return None;
        }
        let (count, last_end) = (file.drawn_from[direction.index()], file.last_end[direction.index()]);
        let (block, within) = if follows {
            if last_end >= file.end() {
                return None;
            }
            (0, last_end.wrapping_sub(file.first))
        } else {
            if count == 0 {
                return None;
            }
            let block = self.blocks.peek_uniform(file, count)?;
            (block, block.wrapping_mul(self.positions.alignment[direction.index()]))
        };
        let offset = within.wrapping_add(file.first);
        let end = offset.checked_add(length)?;
        if within >= file.length || offset >= file.size || end > file.size {
            return None;
        }
        if !follows {
            self.blocks.pass_uniform(file, count);
            if let Some(map) = &mut file.map {
                map.take(block);
            }
        }
        file.last_start[direction.index()] = offset;
        file.last_end[direction.index()] = end;
        self.directions.count(direction);
        self.passes.count(direction, length);
        Some(Io { file: 0, direction, offset, length })
    }
}
