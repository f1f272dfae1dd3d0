//! `verify=crc32c`: CRC-32C from all ones, without the inversion at its end.

use super::{Digest, Method, Proof};

pub(super) const METHOD: Method = Method {
    names: &["crc32c", "crc32c-intel"],
    help: "CRC-32C, with the instructions of the processor",
    codes: &[5, 6],
    proof: Proof::Digest(Digest { length: 4, compute }),
};

fn compute(data: &[u8], digest: &mut [u8]) {
    digest.copy_from_slice(&header_checksum(data).to_le_bytes());
}

/// The same sum as a number: the header of every method has it over its own fields.
pub(crate) fn header_checksum(data: &[u8]) -> u32 {
    !crc_fast::crc32_iscsi(data)
}
