//! `verify=xxhash`: xxHash of 32 bits, seed 1.

use twox_hash::XxHash32;

use super::{Digest, Method, Proof};

pub(super) const METHOD: Method = Method {
    names: &["xxhash"],
    help: "xxHash, 32 bits",
    codes: &[15],
    proof: Proof::Digest(Digest { length: 4, compute }),
};

/// The seed that fio takes.
const SEED: u32 = 1;

fn compute(data: &[u8], digest: &mut [u8]) {
    digest.copy_from_slice(&XxHash32::oneshot(SEED, data).to_le_bytes());
}
