//! A file's identity: BLAKE3 over its audio payload.

use crate::limits::HASH_GATHER_BYTES;

/// Hashes payload that comes in small pieces as fast as if it came in large ones: they are gathered first.
pub(crate) struct PayloadHash<'a> {
    hasher: blake3::Hasher,
    gathered: &'a mut Vec<u8>,
    bytes: u64,
}

impl<'a> PayloadHash<'a> {
    /// A hash that gathers in `buffer`, which is kept for the next file.
    pub(crate) fn new(buffer: &'a mut Vec<u8>) -> Self {
        buffer.clear();
        Self { hasher: blake3::Hasher::new(), gathered: buffer, bytes: 0 }
    }

    /// Adds payload.
    pub(crate) fn add(&mut self, payload: &[u8]) {
        self.bytes += payload.len() as u64;
        if self.gathered.len() + payload.len() > HASH_GATHER_BYTES {
            self.flush();
            if payload.len() > HASH_GATHER_BYTES {
                self.hasher.update(payload);
                return;
            }
        }
        self.gathered.extend_from_slice(payload);
    }

    /// Bytes that were added.
    pub(crate) const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The hash of everything that was added.
    pub(crate) fn finish(mut self) -> [u8; 32] {
        self.flush();
        *self.hasher.finalize().as_bytes()
    }

    fn flush(&mut self) {
        self.hasher.update(self.gathered);
        self.gathered.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_payload_is_split_makes_no_difference() {
        let bytes: Vec<u8> = (0..=255).cycle().take(3 * HASH_GATHER_BYTES).collect();
        let expected = *blake3::hash(&bytes).as_bytes();
        for piece in [1, 7, 1000, HASH_GATHER_BYTES - 1, HASH_GATHER_BYTES, HASH_GATHER_BYTES + 1, bytes.len()] {
            let mut buffer = vec![1, 2, 3];
            let mut hash = PayloadHash::new(&mut buffer);
            bytes.chunks(piece).for_each(|piece| hash.add(piece));
            assert_eq!(hash.bytes(), bytes.len() as u64);
            assert_eq!(hash.finish(), expected, "pieces of {piece}");
        }
    }
}
