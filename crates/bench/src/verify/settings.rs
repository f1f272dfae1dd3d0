//! The options that say how a block is proven.

use thiserror::Error;

use super::method::{Method, Proof};
use crate::buffers::Pattern;

/// How the blocks of a job are proven.
#[derive(Debug, Clone)]
pub struct VerifySettings {
    /// `verify`.
    pub method: &'static Method,
    /// Bytes from one header to the next (`verify_interval`), already made to fit by [`fitting_interval`].
    pub interval: usize,
    /// Where in each interval the header stands, 0 for its front (`verify_offset`).
    pub header_offset: usize,
    /// Whether blocks have any length (`bs_unaligned`): then each has one header.
    pub unaligned_blocks: bool,
    /// The fewest bytes that a write has.
    pub smallest_block: usize,
    /// `verify_pattern`: what blocks are filled with instead of random bytes.
    pub pattern: Option<Pattern>,
    /// Bytes after which the pattern begins anew, with `%o` as the offset there; 0 for the whole block (`verify_pattern_interval`,
    /// which is newer than fio 3.33).
    pub pattern_interval: usize,
    /// How much of a block of random bytes compresses away, in percent (`buffer_compress_percentage`). 100 counts as 0: fio makes
    /// `zero_buffers` of it, which does not concern verify.
    pub compress_percentage: u8,
    /// What stands in the part that compresses away, instead of zeroes (`buffer_pattern`).
    pub buffer_pattern: Option<Pattern>,
}

/// Why blocks cannot be proven so.
#[derive(Debug, Clone, Copy, Error, PartialEq, Eq)]
pub enum SettingsError {
    /// No data is left behind the header.
    #[error(
        "verify={method}: its header takes {header} bytes and leaves nothing of {unit}; \
         use a block size and a verify_interval of more than {header}"
    )]
    HeaderRoom {
        /// The value of `verify`.
        method: &'static str,
        /// Bytes of the header with its digest.
        header: usize,
        /// Bytes from one header to the next.
        unit: usize,
    },
    /// The header would be moved onto itself or beyond its interval.
    #[error(
        "verify_offset={offset}: the header of verify={method} takes {header} bytes, \
         so the offset must be 0 or from {header} to {last}"
    )]
    HeaderOffset {
        /// The value of `verify_offset`.
        offset: usize,
        /// The value of `verify`.
        method: &'static str,
        /// Bytes of the header with its digest.
        header: usize,
        /// The last possible offset.
        last: usize,
    },
    /// There is nothing to compare with.
    #[error("verify={0} needs verify_pattern")]
    PatternMissing(
        /// The value of `verify`.
        &'static str,
    ),
}

impl VerifySettings {
    /// Bytes from one header to the next in a block of `block_length` bytes.
    pub(super) const fn unit_length(&self, block_length: usize) -> usize {
        if self.interval == 0 || self.interval > block_length || self.unaligned_blocks {
            block_length
        } else {
            self.interval
        }
    }

    pub(super) fn problem(&self) -> Result<(), SettingsError> {
        let (method, header) = (self.method.name(), self.method.header_length());
        let needs_pattern = matches!(self.method.proof, Proof::BarePattern | Proof::HeaderAndPattern);
        if needs_pattern && self.pattern.is_none() {
            return Err(SettingsError::PatternMissing(method));
        }
        if header == 0 {
            return Ok(());
        }
        let unit = self.unit_length(self.smallest_block);
        if unit <= header {
            return Err(SettingsError::HeaderRoom { method, header, unit });
        }
        // fio takes offsets from 40 on and overwrites one header with the other; nothing reads such a block again.
        let last = unit - header;
        let offset = self.header_offset;
        if offset != 0 && !(header..=last).contains(&offset) {
            return Err(SettingsError::HeaderOffset { offset, method, header, last });
        }
        Ok(())
    }
}

/// The block sizes of a job, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BlockSizes {
    /// The smallest write.
    pub smallest_write: u64,
    /// The largest write.
    pub largest_write: u64,
    /// The smallest read, for a job that reads besides.
    pub smallest_read: Option<u64>,
}

/// The interval that headers really stand at: no larger than the smallest block, and a divisor of the smallest and the largest write.
///
/// `asked` is `verify_interval`, 0 without it.
///
/// Parity: fio, which changes the option without a word.
#[must_use]
pub fn fitting_interval(asked: u64, sizes: &BlockSizes) -> u64 {
    let (smallest, largest) = (sizes.smallest_write, sizes.largest_write);
    let mut interval = if asked == 0 && smallest != largest { smallest } else { asked };
    if interval > smallest {
        interval = smallest;
    } else if let Some(read) = sizes.smallest_read {
        interval = interval.min(read);
    }
    if interval == 0 || smallest % interval != 0 || largest % interval != 0 {
        interval = greatest_common_divisor(smallest, largest);
    }
    interval
}

const fn greatest_common_divisor(mut left: u64, mut right: u64) -> u64 {
    while right != 0 {
        (left, right) = (right, left % right);
    }
    left
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(name: &str) -> VerifySettings {
        VerifySettings {
            method: Method::named(name).expect("a method"),
            interval: 512,
            header_offset: 0,
            unaligned_blocks: false,
            smallest_block: 4096,
            pattern: None,
            pattern_interval: 0,
            compress_percentage: 0,
            buffer_pattern: None,
        }
    }

    #[test]
    fn an_interval_is_made_to_fit() {
        let sizes =
            |smallest_write, largest_write, smallest_read| BlockSizes { smallest_write, largest_write, smallest_read };
        assert_eq!(fitting_interval(0, &sizes(4096, 4096, None)), 4096);
        assert_eq!(fitting_interval(512, &sizes(4096, 4096, None)), 512);
        assert_eq!(fitting_interval(8192, &sizes(4096, 4096, None)), 4096);
        assert_eq!(fitting_interval(1000, &sizes(4096, 4096, None)), 4096);
        assert_eq!(fitting_interval(0, &sizes(4096, 65536, None)), 4096);
        assert_eq!(fitting_interval(0, &sizes(6144, 8192, None)), 2048);
        assert_eq!(fitting_interval(4096, &sizes(8192, 8192, Some(512))), 512);
    }

    #[test]
    fn what_cannot_be_is_refused_with_what_can() {
        assert_eq!(settings("crc32c").problem(), Ok(()));
        let small = VerifySettings { interval: 104, ..settings("sha256") };
        assert_eq!(
            small.problem().expect_err("no room").to_string(),
            "verify=sha256: its header takes 104 bytes and leaves nothing of 104; use a block size and a verify_interval of more \
             than 104"
        );
        for (offset, fits) in [(1, false), (43, false), (44, true), (468, true), (469, false)] {
            let moved = VerifySettings { header_offset: offset, ..settings("crc32c") };
            assert_eq!(moved.problem().is_ok(), fits, "{offset}");
        }
        assert_eq!(settings("pattern").problem(), Err(SettingsError::PatternMissing("pattern")));
    }
}
