//! One page.

use crc_fast::{CrcAlgorithm, Digest};

use super::HEADER_BYTES_MAX;

/// What every page begins with.
pub(super) const CAPTURE: &[u8; 4] = b"OggS";

/// Bytes of a header before the segment table.
pub(super) const FIXED_BYTES: usize = 27;

/// The first packet on the page began on an earlier one.
pub(super) const FLAG_CONTINUED: u8 = 1;
/// The first page of a stream.
pub(super) const FLAG_FIRST: u8 = 2;
/// The last page of a stream.
pub(super) const FLAG_LAST: u8 = 4;

/// The header of a page.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PageHeader {
    flags: u8,
    /// Position of the stream after the last packet that ends on the page; [`super::NO_GRANULE`] if none does.
    pub(crate) granule: u64,
    /// Which stream it belongs to.
    pub(crate) serial: u32,
    pub(super) checksum: u32,
    segments: [u8; 255],
    segment_count: u8,
}

impl PageHeader {
    /// The header that `bytes` begin with, if they are long enough and are one.
    pub(crate) fn parse(bytes: &[u8]) -> Option<Self> {
        let (fixed, rest) = bytes.split_first_chunk::<FIXED_BYTES>()?;
        if !fixed.starts_with(CAPTURE) || fixed[4] != 0 {
            return None;
        }
        let segment_count = fixed[26];
        let mut segments = [0; 255];
        let table = rest.get(..usize::from(segment_count))?;
        segments[..table.len()].copy_from_slice(table);
        Some(Self {
            flags: fixed[5],
            granule: u64::from_le_bytes(std::array::from_fn(|index| fixed[6 + index])),
            serial: u32::from_le_bytes(std::array::from_fn(|index| fixed[14 + index])),
            checksum: u32::from_le_bytes(std::array::from_fn(|index| fixed[22 + index])),
            segments,
            segment_count,
        })
    }

    /// The segment table.
    pub(super) fn segments(&self) -> &[u8] {
        &self.segments[..usize::from(self.segment_count)]
    }

    pub(super) const fn header_bytes(&self) -> usize {
        FIXED_BYTES + self.segment_count as usize
    }

    pub(super) fn body_bytes(&self) -> usize {
        self.segments().iter().map(|bytes| usize::from(*bytes)).sum()
    }

    pub(super) const fn is_continued(&self) -> bool {
        self.flags & FLAG_CONTINUED != 0
    }

    pub(crate) const fn is_first(&self) -> bool {
        self.flags & FLAG_FIRST != 0
    }

    pub(super) const fn is_last(&self) -> bool {
        self.flags & FLAG_LAST != 0
    }
}

/// The checksum of a page: CRC-32 with the polynomial 04c11db7, neither reflected nor inverted, with zero in its own place.
pub(super) fn checksum(page: &[u8]) -> u32 {
    // CRC-32/CKSUM is the same, inverted at the end.
    let mut digest = Digest::new(CrcAlgorithm::Crc32Cksum);
    let mut header = [0; HEADER_BYTES_MAX];
    let header = &mut header[..FIXED_BYTES.min(page.len())];
    header.copy_from_slice(&page[..header.len()]);
    if let Some(place) = header.get_mut(22..26) {
        place.fill(0);
    }
    digest.update(header);
    digest.update(&page[header.len()..]);
    let bytes = digest.finalize().to_le_bytes();
    !u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])
}

/// The first packets of the streams that begin at the beginning of a file. Those that `head` does not have whole are cut.
pub(crate) fn first_packets(head: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = head;
    std::iter::from_fn(move || {
        let header = PageHeader::parse(rest).filter(PageHeader::is_first)?;
        let body = rest.get(header.header_bytes()..)?;
        let length = header.body_bytes().min(body.len());
        rest = &body[length..];
        Some(&body[..length])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first page of a stream, without a checksum.
    const PAGE: &[u8] = &[
        0x4f, 0x67, 0x67, 0x53, 0x00, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0x78, 0x56, 0x34, 0x12, 0, 0, 0, 0, 0, 0, 0, 0, 1,
        3, b'a', b'b', b'c',
    ];

    /// Bit by bit, as RFC 3533 §6 describes it.
    fn slow_checksum(page: &[u8]) -> u32 {
        let mut register = 0_u32;
        for (index, byte) in page.iter().enumerate() {
            let byte = if (22..26).contains(&index) { 0 } else { *byte };
            register ^= u32::from(byte) << 24;
            for _ in 0..8 {
                let high = register & 0x8000_0000 != 0;
                register <<= 1;
                if high {
                    register ^= 0x04c1_1db7;
                }
            }
        }
        register
    }

    #[test]
    fn the_checksum_is_the_one_of_the_specification() {
        for length in [27, 28, PAGE.len()] {
            assert_eq!(checksum(&PAGE[..length]), slow_checksum(&PAGE[..length]));
        }
        let long: Vec<u8> = PAGE.iter().copied().cycle().take(70_000).collect();
        assert_eq!(checksum(&long), slow_checksum(&long));
    }

    #[test]
    fn a_header_is_read_and_a_cut_one_is_none() {
        let header = PageHeader::parse(PAGE).unwrap();
        assert_eq!((header.serial, header.granule, header.segments()), (0x1234_5678, 0, &[3][..]));
        assert!(header.is_first() && !header.is_last() && !header.is_continued());
        for length in 0..28 {
            assert!(PageHeader::parse(&PAGE[..length]).is_none());
        }
        assert_eq!(first_packets(PAGE).collect::<Vec<_>>(), [b"abc"]);
        assert_eq!(first_packets(&[PAGE, PAGE, b"xxx"].concat()).count(), 2);
    }
}
