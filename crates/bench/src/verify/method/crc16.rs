//! `verify=crc16`: CRC-16/ARC.

use crc_fast::CrcAlgorithm::Crc16Arc;

use super::{Digest, Method, Proof};

pub(super) const METHOD: Method = Method {
    names: &["crc16"],
    help: "CRC of 16 bits (ARC)",
    codes: &[7],
    proof: Proof::Digest(Digest { length: 2, compute }),
};

fn compute(data: &[u8], digest: &mut [u8]) {
    digest.copy_from_slice(&crc_fast::checksum(Crc16Arc, data).to_le_bytes()[..2]);
}
