//! The header that every proven block, or every `verify_interval` of one, begins with.
//!
//! Little endian, as fio writes it on the machines that it is run on; 3.33's layout, which is that of all up to 3.40.

use zerocopy::little_endian::{U16, U32, U64};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use super::method::header_checksum;

/// What the first two bytes of a header say.
pub const MAGIC: u16 = 0xacca;

/// Bytes of a header without its digest.
pub const HEADER_LENGTH: usize = size_of::<Header>();

/// The header of a proven block. The digest is behind it, then the data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct Header {
    /// [`MAGIC`].
    pub magic: U16,
    /// The method: [`Method::code`](super::Method::code).
    pub method: U16,
    /// Bytes from this header to the next one.
    pub length: U32,
    /// What the data was filled from; 0 with a pattern.
    pub seed: U64,
    /// Where in the file it was written to, in bytes.
    pub offset: U64,
    /// Seconds of the time when the write began, on the clock of the run.
    pub seconds: U32,
    /// Nanoseconds of that time.
    pub nanoseconds: U32,
    /// The job's number in its run, from 1.
    pub thread: U16,
    /// How many writes the job issued before this one, modulo 65536.
    pub number: U16,
    /// CRC-32C without final inversion of all fields before.
    pub checksum: U32,
}

const CHECKED_LENGTH: usize = std::mem::offset_of!(Header, checksum);

/// Where fio 3.41 and later have the checksum: their numbers have 64 bits.
const LATER_CHECKED_LENGTH: usize = 44;
/// The bit of the byte after the magic that fio 3.41 and later set: it is a version there, and of the method before.
const VERSIONED: u8 = 0x80;

/// The version of the header in front of `bytes`, if it is a genuine one of fio 3.41 or later, whose fields are elsewhere.
pub(super) fn later_version(bytes: &[u8]) -> Option<u8> {
    let (fields, rest) = bytes.split_at_checked(LATER_CHECKED_LENGTH)?;
    let checksum = u32::from_le_bytes(rest.first_chunk().copied()?);
    let version = fields[2];
    let is_genuine = fields.starts_with(&MAGIC.to_le_bytes()) && header_checksum(fields) == checksum;
    (version & VERSIONED != 0 && is_genuine).then_some(version)
}

const _: () = {
    assert!(size_of::<Header>() == 40);
    assert!(std::mem::offset_of!(Header, method) == 2);
    assert!(std::mem::offset_of!(Header, length) == 4);
    assert!(std::mem::offset_of!(Header, seed) == 8);
    assert!(std::mem::offset_of!(Header, offset) == 16);
    assert!(std::mem::offset_of!(Header, seconds) == 24);
    assert!(std::mem::offset_of!(Header, nanoseconds) == 28);
    assert!(std::mem::offset_of!(Header, thread) == 32);
    assert!(std::mem::offset_of!(Header, number) == 34);
    assert!(CHECKED_LENGTH == 36);
};

/// Which write it was: what a header says about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WriteIdentity {
    /// Where in the file, in bytes.
    pub offset: u64,
    /// What its data was filled from.
    pub seed: u64,
    /// Seconds of the time when it began, on the clock of its run.
    pub seconds: u32,
    /// Nanoseconds of that time.
    pub nanoseconds: u32,
    /// The job's number in its run, from 1.
    pub thread: u16,
    /// How many writes the job issued before, modulo 65536.
    pub number: u16,
}

impl Header {
    /// The header of a write, its checksum included.
    pub(super) fn new(method: u16, length: u32, write: &WriteIdentity) -> Self {
        let mut header = Self {
            magic: U16::new(MAGIC),
            method: U16::new(method),
            length: U32::new(length),
            seed: U64::new(write.seed),
            offset: U64::new(write.offset),
            seconds: U32::new(write.seconds),
            nanoseconds: U32::new(write.nanoseconds),
            thread: U16::new(write.thread),
            number: U16::new(write.number),
            checksum: U32::ZERO,
        };
        header.checksum = U32::new(header.calculated_checksum());
        header
    }

    /// What [`Header::checksum`] has to be.
    #[must_use]
    pub fn calculated_checksum(&self) -> u32 {
        header_checksum(&self.as_bytes()[..CHECKED_LENGTH])
    }

    /// The header in front of `bytes`; `None` if they are too few.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Option<&Self> {
        Self::ref_from_prefix(bytes).ok().map(|(header, _)| header)
    }

    /// Whether it is one that a write made: the magic is there and the checksum right.
    #[must_use]
    pub fn is_genuine(&self) -> bool {
        self.magic.get() == MAGIC && self.checksum.get() == self.calculated_checksum()
    }

    /// The write that it says it is of.
    #[must_use]
    pub fn write(&self) -> WriteIdentity {
        WriteIdentity {
            offset: self.offset.get(),
            seed: self.seed.get(),
            seconds: self.seconds.get(),
            nanoseconds: self.nanoseconds.get(),
            thread: self.thread.get(),
            number: self.number.get(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WRITE: WriteIdentity = WriteIdentity {
        offset: 0x1122_3344_5566_7788,
        seed: 0x99aa_bbcc_ddee_ff01,
        seconds: 0x1213_1415,
        nanoseconds: 0x1617_1819,
        thread: 0x2122,
        number: 0x2324,
    };

    #[test]
    fn headers_of_later_fios_are_known_by_their_version_and_checksum() {
        let mut later = vec![0; 48];
        later[..4].copy_from_slice(&[0xca, 0xac, 0x81, 5]);
        assert_eq!(later_version(&later), None, "the checksum is wrong");
        let checksum = header_checksum(&later[..44]).to_le_bytes();
        later[44..].copy_from_slice(&checksum);
        assert_eq!(later_version(&later), Some(0x81));
        assert_eq!(later_version(&later[..47]), None);
        assert_eq!(later_version(Header::new(5, 4096, &WRITE).as_bytes()), None);
    }

    #[test]
    fn the_fields_are_where_fio_has_them() {
        let header = Header::new(5, 4096, &WRITE);
        assert_eq!(
            header.as_bytes()[..36],
            [
                0xca, 0xac, 5, 0, 0, 0x10, 0, 0, 0x01, 0xff, 0xee, 0xdd, 0xcc, 0xbb, 0xaa, 0x99, 0x88, 0x77, 0x66,
                0x55, 0x44, 0x33, 0x22, 0x11, 0x15, 0x14, 0x13, 0x12, 0x19, 0x18, 0x17, 0x16, 0x22, 0x21, 0x24, 0x23
            ]
        );
        assert_eq!(header.write(), WRITE);
    }

    #[test]
    fn every_changed_bit_is_noticed() {
        let header = Header::new(5, 4096, &WRITE);
        assert!(header.is_genuine());
        for bit in 0..HEADER_LENGTH * 8 {
            let mut bytes = [0; HEADER_LENGTH];
            bytes.copy_from_slice(header.as_bytes());
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert!(!Header::read(&bytes).expect("40 bytes").is_genuine(), "bit {bit}");
        }
        assert_eq!(Header::read(&[0; 39]), None);
    }
}
