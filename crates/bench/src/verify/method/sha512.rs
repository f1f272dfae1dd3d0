//! `verify=sha512` as fio 3.33 stores it: no digest at all.
//!
//! fio keeps its working block of 128 bytes where the digest goes and never finishes the sum. What is there are the first 128 bytes
//! of the data, the front of them overwritten by what the data has behind its last whole 128 bytes. Only those bytes are protected;
//! to be readable by fio and to read what it wrote is the reason to have it nonetheless. Data of less than 128 bytes leaves the
//! rest of the place as it was with fio, and zero here.

use super::{DIGEST_MAXIMUM, Digest, Method, Proof};

pub(super) const METHOD: Method = Method {
    names: &["sha512"],
    help: "as fio 3.33 stores it: protects the first 128 bytes and the last ones only",
    codes: &[10],
    proof: Proof::Digest(Digest { length: BLOCK, compute }),
};

const BLOCK: usize = DIGEST_MAXIMUM;

fn compute(data: &[u8], digest: &mut [u8]) {
    let (blocks, tail) = data.as_chunks::<BLOCK>();
    digest.copy_from_slice(blocks.first().unwrap_or(&[0; BLOCK]));
    digest[..tail.len()].copy_from_slice(tail);
}
