//! `verify=sha3-384`: SHA-3 of 384 bits.

use sha3::Digest as _;

use super::{Digest, Method, Proof};

pub(super) const METHOD: Method = Method {
    names: &["sha3-384"],
    help: "SHA-3, 48 bytes",
    codes: &[13],
    proof: Proof::Digest(Digest { length: 48, compute }),
};

fn compute(data: &[u8], digest: &mut [u8]) {
    digest.copy_from_slice(&sha3::Sha3_384::digest(data));
}
