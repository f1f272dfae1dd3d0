//! `verify=md5`: MD5.

use md5::Digest as _;

use super::{Digest, Method, Proof};

pub(super) const METHOD: Method = Method {
    names: &["md5"],
    help: "MD5, 16 bytes",
    codes: &[2],
    proof: Proof::Digest(Digest { length: 16, compute }),
};

fn compute(data: &[u8], digest: &mut [u8]) {
    digest.copy_from_slice(&md5::Md5::digest(data));
}
