//! `verify=sha3-224`: SHA-3 of 224 bits.

use sha3::Digest as _;

use super::{Digest, Method, Proof};

pub(super) const METHOD: Method = Method {
    names: &["sha3-224"],
    help: "SHA-3, 28 bytes",
    codes: &[11],
    proof: Proof::Digest(Digest { length: 28, compute }),
};

fn compute(data: &[u8], digest: &mut [u8]) {
    digest.copy_from_slice(&sha3::Sha3_224::digest(data));
}
