//! `verify=sha3-256`: SHA-3 of 256 bits.

use sha3::Digest as _;

use super::{Digest, Method, Proof};

pub(super) const METHOD: Method = Method {
    names: &["sha3-256"],
    help: "SHA-3, 32 bytes",
    codes: &[12],
    proof: Proof::Digest(Digest { length: 32, compute }),
};

fn compute(data: &[u8], digest: &mut [u8]) {
    digest.copy_from_slice(&sha3::Sha3_256::digest(data));
}
