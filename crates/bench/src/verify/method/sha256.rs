//! `verify=sha256`: SHA-256 as fio 3.33 stores it, which is not the standard's digest.
//!
//! fio keeps its working block where the digest goes. The 64 bytes are the padded last block of the data, whose length in bits is
//! little endian where the standard has it big endian, and the first eight of them are replaced by the lowest byte of each of the
//! eight words of the state. So 64 bits of the state protect all of the data.

use sha2::block_api::compress256;

use super::{Digest, Method, Proof};

pub(super) const METHOD: Method = Method {
    names: &["sha256"],
    help: "SHA-256, 8 bytes of its state",
    codes: &[9],
    proof: Proof::Digest(Digest { length: BLOCK, compute }),
};

const BLOCK: usize = 64;

/// The bytes of a block before the length.
const LENGTH_PLACE: usize = BLOCK - size_of::<u64>();

/// The state before the first block. Spec: FIPS 180-4 §5.3.3.
const INITIAL: [u32; 8] =
    [0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19];

fn compute(data: &[u8], digest: &mut [u8]) {
    let mut state = INITIAL;
    let (blocks, tail) = data.as_chunks::<BLOCK>();
    compress256(&mut state, blocks);
    let mut last = [0; BLOCK];
    last[..tail.len()].copy_from_slice(tail);
    last[tail.len()] = 0x80;
    if tail.len() >= LENGTH_PLACE {
        compress256(&mut state, &[last]);
        last = [0; BLOCK];
    }
    last[LENGTH_PLACE..].copy_from_slice(&(data.len() as u64 * 8).to_le_bytes());
    compress256(&mut state, &[last]);
    digest.copy_from_slice(&last);
    for (place, word) in digest.iter_mut().zip(state) {
        *place = word.to_le_bytes()[0];
    }
}
