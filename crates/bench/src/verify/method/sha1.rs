//! `verify=sha1`: SHA-1, each of its five words little endian.

use sha1::Digest as _;

use super::{Digest, Method, Proof};

pub(super) const METHOD: Method = Method {
    names: &["sha1"],
    help: "SHA-1, 20 bytes",
    codes: &[16],
    proof: Proof::Digest(Digest { length: 20, compute }),
};

fn compute(data: &[u8], digest: &mut [u8]) {
    let standard = sha1::Sha1::digest(data);
    let (words, _) = standard.as_chunks::<4>();
    let (places, _) = digest.as_chunks_mut::<4>();
    for (place, word) in places.iter_mut().zip(words) {
        *place = u32::from_be_bytes(*word).to_le_bytes();
    }
}
