//! Block and byte addresses, and the one place where the former become the latter.

use crate::BlockError;

/// The size of a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Geometry {
    /// Bytes in a logical block: a power of two, 512 to 4096.
    pub block_size_bytes: u32,
    /// Number of logical blocks, at least 1. The size in bytes is at most `i64::MAX`, what Linux can address in a file.
    pub block_count: u64,
}

/// Consecutive logical blocks, of no device in particular.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BlockRange {
    /// Address of the first.
    pub first_block: u64,
    /// How many.
    pub block_count: u64,
}

/// A range of bytes within a device. Only [`Geometry::byte_range`] makes one, so it has been checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ByteRange {
    offset: u64,
    length_bytes: u64,
}

impl Geometry {
    /// Size in bytes.
    #[must_use]
    pub fn size_bytes(&self) -> u64 {
        // No overflow: bounded by the rule of the fields.
        u64::from(self.block_size_bytes) * self.block_count
    }

    /// The bytes of a range of blocks.
    ///
    /// # Errors
    /// [`BlockError::OutOfRange`] when it does not end within the device.
    pub fn byte_range(&self, range: BlockRange) -> Result<ByteRange, BlockError> {
        match range.first_block.checked_add(range.block_count) {
            Some(end) if end <= self.block_count => {
                let block_size = u64::from(self.block_size_bytes);
                // No overflow: both products are at most the size of the device.
                Ok(ByteRange { offset: range.first_block * block_size, length_bytes: range.block_count * block_size })
            }
            _ => Err(BlockError::OutOfRange),
        }
    }
}

impl ByteRange {
    /// The first byte.
    #[must_use]
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// How many bytes.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.length_bytes
    }

    /// Whether it is no bytes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.length_bytes == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GEOMETRY: Geometry = Geometry { block_size_bytes: 4096, block_count: 100 };

    fn bytes(first_block: u64, block_count: u64) -> Result<(u64, u64), BlockError> {
        GEOMETRY.byte_range(BlockRange { first_block, block_count }).map(|range| (range.offset(), range.len()))
    }

    #[test]
    fn a_range_within_the_device_becomes_bytes() {
        assert_eq!(bytes(0, 1), Ok((0, 4096)));
        assert_eq!(bytes(99, 1), Ok((99 * 4096, 4096)));
        assert_eq!(bytes(0, 100), Ok((0, GEOMETRY.size_bytes())));
        assert_eq!(bytes(100, 0), Ok((409_600, 0)));
    }

    #[test]
    fn a_range_past_the_end_does_not_however_it_gets_there() {
        for (first, count) in
            [(100, 1), (99, 2), (0, 101), (101, 0), (u64::MAX, 1), (u64::MAX, u64::MAX), (1, u64::MAX), (1 << 52, 1)]
        {
            assert_eq!(bytes(first, count), Err(BlockError::OutOfRange), "{first}+{count}");
        }
    }
}
