//! The methods of `verify=`: one file and one line in [`METHODS`] each.
//!
//! A digest is stored byte by byte as fio stores it on a little endian machine.

mod crc16;
mod crc32;
mod crc32c;
mod crc64;
mod crc7;
mod md5;
mod meta;
mod null;
mod pattern;
mod pattern_with_header;
mod sha1;
mod sha256;
mod sha3_224;
mod sha3_256;
mod sha3_384;
mod sha3_512;
mod sha512;
mod xxhash;

pub(crate) use crc32c::header_checksum;

use super::header::HEADER_LENGTH;

/// The most bytes that a digest has.
pub const DIGEST_MAXIMUM: usize = 128;

/// Every method, in the order of fio's list; [`Method::named`] and [`Method::with_code`] search it.
pub const METHODS: &[&Method] = &[
    &md5::METHOD,
    &crc64::METHOD,
    &crc32::METHOD,
    &crc32c::METHOD,
    &crc16::METHOD,
    &crc7::METHOD,
    &sha1::METHOD,
    &sha256::METHOD,
    &sha512::METHOD,
    &sha3_224::METHOD,
    &sha3_256::METHOD,
    &sha3_384::METHOD,
    &sha3_512::METHOD,
    &xxhash::METHOD,
    &meta::METHOD,
    &pattern::METHOD,
    &pattern_with_header::METHOD,
    &null::METHOD,
];

/// A way to know that a block holds what was written.
#[derive(Debug)]
pub struct Method {
    /// The values of `verify=` that choose it, the usual one first.
    pub names: &'static [&'static str],
    /// What is known about it, in one line for lists of values.
    pub help: &'static str,
    /// The numbers that a header names it by, the one that is written first.
    pub codes: &'static [u16],
    /// What its blocks hold.
    pub proof: Proof,
}

/// What makes a block provable.
#[derive(Debug)]
pub enum Proof {
    /// Nothing: blocks are neither filled nor checked.
    Nothing,
    /// The pattern of the user from the first byte to the last.
    BarePattern,
    /// A header, and behind it the pattern.
    HeaderAndPattern,
    /// A header; what is behind it is checked if it is a pattern.
    Header,
    /// A header, and in it a digest of the data behind it.
    Digest(Digest),
}

/// A digest behind the header that all methods share.
#[derive(Debug)]
pub struct Digest {
    /// How many bytes it has in the header.
    pub length: usize,
    /// Writes the digest of the data; the other argument has `length` bytes, which the data is not part of.
    pub compute: fn(&[u8], &mut [u8]),
}

impl Method {
    /// The method that `verify=NAME` chooses.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        METHODS.iter().copied().find(|method| method.names.contains(&name))
    }

    /// The method that a header names.
    #[must_use]
    pub fn with_code(code: u16) -> Option<&'static Self> {
        METHODS.iter().copied().find(|method| method.codes.contains(&code))
    }

    /// The usual value of `verify=`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.names[0]
    }

    /// The number that its headers are written with.
    #[must_use]
    pub const fn code(&self) -> u16 {
        self.codes[0]
    }

    /// How many bytes are before the data: the header and the digest.
    #[must_use]
    pub const fn header_length(&self) -> usize {
        match &self.proof {
            Proof::Nothing | Proof::BarePattern => 0,
            Proof::HeaderAndPattern | Proof::Header => HEADER_LENGTH,
            Proof::Digest(digest) => HEADER_LENGTH + digest.length,
        }
    }
}

impl PartialEq for Method {
    fn eq(&self, other: &Self) -> bool {
        self.code() == other.code()
    }
}

impl Eq for Method {}

#[cfg(test)]
mod tests;
