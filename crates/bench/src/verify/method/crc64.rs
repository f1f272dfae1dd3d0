//! `verify=crc64`: the polynomial of Jones, as in Redis, without inversions.

use crc_fast::CrcAlgorithm::Crc64Redis;

use super::{Digest, Method, Proof};

pub(super) const METHOD: Method = Method {
    names: &["crc64"],
    help: "CRC of 64 bits (Jones)",
    codes: &[3],
    proof: Proof::Digest(Digest { length: 8, compute }),
};

fn compute(data: &[u8], digest: &mut [u8]) {
    digest.copy_from_slice(&crc_fast::checksum(Crc64Redis, data).to_le_bytes());
}
