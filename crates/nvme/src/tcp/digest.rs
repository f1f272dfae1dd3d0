//! CRC-32C, the header and data digest of NVMe/TCP.
//!
//! Cost: one pass over the bytes with the processor's carry-less multiplication or CRC instructions; [`Crc32c::update`] sets up its
//! tables on each call, so data digests are taken over pieces as large as they arrive.
//!
//! Spec: NVMe/TCP 1.0 §3.3.1.1; RFC 3385.

use crc_fast::{CrcAlgorithm, Digest};

/// The CRC-32C of `bytes`, as it stands in a HDGST or DDGST field read as a little endian number.
///
/// ```
/// assert_eq!(nvme::tcp::digest::crc32c(b"123456789"), 0xe306_9283);
/// ```
#[inline]
#[must_use]
pub fn crc32c(bytes: &[u8]) -> u32 {
    crc_fast::crc32_iscsi(bytes)
}

/// A CRC-32C over bytes that come in pieces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Crc32c {
    state: u32,
}

impl Crc32c {
    /// Of no bytes yet.
    #[must_use]
    pub const fn new() -> Self {
        Self { state: u32::MAX }
    }

    /// Adds the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        let mut digest = Digest::new_with_init_state(CrcAlgorithm::Crc32Iscsi, u64::from(self.state));
        digest.update(bytes);
        let [a, b, c, d, ..] = digest.get_state().to_le_bytes();
        self.state = u32::from_le_bytes([a, b, c, d]);
    }

    /// The CRC of all bytes so far.
    #[must_use]
    pub const fn finish(self) -> u32 {
        !self.state
    }
}

impl Default for Crc32c {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The test vectors of RFC 3720, appendix B.4.
    #[test]
    fn agrees_with_the_published_vectors() {
        let ascending: [u8; 32] = core::array::from_fn(|index| u8::try_from(index).unwrap());
        let mut descending = ascending;
        descending.reverse();
        for (bytes, expected) in
            [([0; 32], 0x8a91_36aa), ([0xff; 32], 0x62a8_ab43), (ascending, 0x46dd_794e), (descending, 0x113f_db5c)]
        {
            assert_eq!(crc32c(&bytes), expected);
        }
    }

    #[test]
    fn pieces_give_the_same_as_the_whole() {
        let bytes: [u8; 300] = core::array::from_fn(|index| u8::try_from(index * 7 % 251).unwrap());
        for split in 0..=bytes.len() {
            let mut pieces = Crc32c::new();
            pieces.update(&bytes[..split]);
            pieces.update(&bytes[split..]);
            assert_eq!(pieces.finish(), crc32c(&bytes), "split at {split}");
        }
    }
}
