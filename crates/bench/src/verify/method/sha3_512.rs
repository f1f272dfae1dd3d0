//! `verify=sha3-512`: SHA-3 of 512 bits.

use sha3::Digest as _;

use super::{Digest, Method, Proof};

pub(super) const METHOD: Method = Method {
    names: &["sha3-512"],
    help: "SHA-3, 64 bytes",
    codes: &[14],
    proof: Proof::Digest(Digest { length: 64, compute }),
};

fn compute(data: &[u8], digest: &mut [u8]) {
    digest.copy_from_slice(&sha3::Sha3_512::digest(data));
}
