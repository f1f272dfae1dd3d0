//! `verify=crc32`: the polynomial of Ethernet, highest bit first, from 0 and without inversion.

use crc_fast::CrcAlgorithm::Crc32Cksum;

use super::{Digest, Method, Proof};

pub(super) const METHOD: Method = Method {
    names: &["crc32"],
    help: "CRC of 32 bits, as cksum without the length",
    codes: &[4],
    proof: Proof::Digest(Digest { length: 4, compute }),
};

/// The POSIX sum inverts at its end, which is undone here.
fn compute(data: &[u8], digest: &mut [u8]) {
    let inverted = crc_fast::checksum(Crc32Cksum, data);
    digest.copy_from_slice(&(!inverted).to_le_bytes()[..4]);
}
