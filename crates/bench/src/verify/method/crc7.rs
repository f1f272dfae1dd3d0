//! `verify=crc7`: CRC-7 of memory cards (x^7 + x^3 + 1).

use std::sync::LazyLock;

use crc_fast::CrcParams;

use super::{Digest, Method, Proof};

pub(super) const METHOD: Method = Method {
    names: &["crc7"],
    help: "CRC of 7 bits, finds fewest errors",
    codes: &[8],
    proof: Proof::Digest(Digest { length: 1, compute }),
};

/// The remainder by x^7 + x^3 + 1 is that by the same polynomial times x^25, moved up by 25 bits: a CRC of 32 bits, for which there
/// are fast instructions.
static PARAMETERS: LazyLock<CrcParams> =
    LazyLock::new(|| CrcParams::new("CRC-7/MMC times x^25", 32, 0x09 << 25, 0, false, 0, 0x75 << 25));

fn compute(data: &[u8], digest: &mut [u8]) {
    let moved = crc_fast::checksum_with_params(*PARAMETERS, data);
    digest[0] = (moved >> 25).to_le_bytes()[0];
}
