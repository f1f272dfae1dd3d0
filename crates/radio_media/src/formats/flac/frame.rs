//! What frames and the stream say of themselves, in the first metadata block and in each frame's header.
//!
//! Specification: RFC 9639 §8.2 (stream information), §9.1 (frame header).

/// Bytes of a frame's header at most: four, a number of seven, block size and rate of two each, a checksum.
pub(super) const HEADER_BYTES_MAX: usize = 16;

/// What the first metadata block says.
#[derive(Debug, Clone, Copy)]
pub(super) struct StreamInformation {
    bytes: [u8; 34],
    pub(super) frequency_hz: u32,
    pub(super) channels: u8,
    pub(super) sample_bits: u8,
    /// Zero: not known.
    pub(super) samples: u64,
}

impl StreamInformation {
    pub(super) fn parse(bytes: [u8; 34]) -> Option<Self> {
        let packed = u64::from_be_bytes(std::array::from_fn(|index| bytes[10 + index]));
        let low = |bits: u64| u8::try_from(bits).unwrap_or(u8::MAX);
        let information = Self {
            bytes,
            frequency_hz: u32::try_from(packed >> 44).unwrap_or(0),
            channels: low(packed >> 41 & 7) + 1,
            sample_bits: low(packed >> 36 & 31) + 1,
            samples: packed & 0xf_ffff_ffff,
        };
        (information.frequency_hz > 0 && information.sample_bits >= 4).then_some(information)
    }

    /// The first packet of FLAC in Ogg, with one other header packet behind it.
    pub(super) fn ogg_packet(&self) -> Vec<u8> {
        [b"\x7fFLAC\x01\x00\x00\x01fLaC\x00\x00\x00\x22", &self.bytes[..]].concat()
    }

    /// The same without what is true of the whole song only: the number of samples and their digest.
    pub(super) fn without_totals(mut self) -> Self {
        self.bytes[13] &= 0xf0;
        self.bytes[14..].fill(0);
        self
    }
}

/// The header of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FrameHeader {
    pub(super) samples: u32,
    /// Bytes of the header.
    pub(super) bytes: usize,
}

impl FrameHeader {
    /// The header that `bytes` begin with, if it is one of this stream and its checksum is right.
    pub(super) fn parse(bytes: &[u8], stream: &StreamInformation) -> Option<Self> {
        let fixed: &[u8; 4] = bytes.first_chunk()?;
        if fixed[0] != 0xff || fixed[1] & 0xfe != 0xf8 || fixed[3] & 1 != 0 {
            return None;
        }
        let (size_code, rate_code) = (fixed[2] >> 4, fixed[2] & 15);
        let channels = match fixed[3] >> 4 {
            code @ 0..8 => code + 1,
            8..=10 => 2,
            _ => return None,
        };
        let sample_bits = match fixed[3] >> 1 & 7 {
            0 => stream.sample_bits,
            3 => return None,
            code => [0, 8, 12, 0, 16, 20, 24, 32][usize::from(code)],
        };
        if channels != stream.channels || sample_bits != stream.sample_bits {
            return None;
        }
        let mut place = 4 + coded_number_bytes(*bytes.get(4)?)?;
        let samples = match size_code {
            0 => return None,
            1 => 192,
            code @ 2..=5 => 576 << (code - 2),
            6 => number(bytes, &mut place, 1)? + 1,
            7 => number(bytes, &mut place, 2)? + 1,
            code => 256 << (code - 8),
        };
        let frequency_hz = match rate_code {
            0 => stream.frequency_hz,
            12 => number(bytes, &mut place, 1)? * 1000,
            13 => number(bytes, &mut place, 2)?,
            14 => number(bytes, &mut place, 2)? * 10,
            15 => return None,
            code => FREQUENCIES[usize::from(code)],
        };
        let checksum = *bytes.get(place)?;
        let is_right = frequency_hz == stream.frequency_hz && crc8(&bytes[..place]) == checksum;
        is_right.then_some(Self { samples, bytes: place + 1 })
    }
}

/// Sampling rates by code; code 0 stands for the stream's.
const FREQUENCIES: [u32; 12] =
    [0, 88_200, 176_400, 192_000, 8_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 96_000];

/// Bytes of a number that is coded as UTF-8 codes letters, up to seven bytes.
fn coded_number_bytes(first: u8) -> Option<usize> {
    match first.leading_ones() {
        0 => Some(1),
        count @ 2..=7 => Some(count as usize),
        _ => None,
    }
}

/// A number of `count` bytes, the highest first, at `place`, which is moved behind it.
fn number(bytes: &[u8], place: &mut usize, count: usize) -> Option<u32> {
    let field = bytes.get(*place..*place + count)?;
    *place += count;
    Some(field.iter().fold(0, |number, byte| number << 8 | u32::from(*byte)))
}

/// The checksum of headers: polynomial 07, starting with zero.
pub(crate) fn crc8(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0, |register, byte| CRC8[usize::from(register ^ byte)])
}

const CRC8: [u8; 256] = {
    let mut table = [0; 256];
    let mut index = 0;
    while index < 256 {
        #[expect(clippy::cast_possible_truncation, reason = "the index is below 256; const code has no try_from")]
        let mut register = index as u8;
        let mut bit = 0;
        while bit < 8 {
            register = if register & 0x80 != 0 { register << 1 ^ 7 } else { register << 1 };
            bit += 1;
        }
        table[index] = register;
        index += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use crc_fast::CrcAlgorithm;

    use super::*;

    fn stream() -> StreamInformation {
        let mut bytes = [0; 34];
        bytes[..4].copy_from_slice(&[0x10, 0, 0x10, 0]);
        let packed = 44_100_u64 << 44 | 1 << 41 | 15 << 36 | 100_000;
        bytes[10..18].copy_from_slice(&packed.to_be_bytes());
        StreamInformation::parse(bytes).unwrap()
    }

    #[test]
    fn stream_information_is_read_and_can_be_told_without_totals() {
        let stream = stream();
        assert_eq!((stream.frequency_hz, stream.channels, stream.sample_bits), (44_100, 2, 16));
        assert_eq!(stream.samples, 100_000);
        let other = StreamInformation::parse(stream.without_totals().bytes).unwrap();
        assert_eq!((other.frequency_hz, other.channels, other.samples), (44_100, 2, 0));
        assert_eq!(stream.ogg_packet().len(), 51);
        assert!(StreamInformation::parse([0; 34]).is_none());
    }

    #[test]
    fn a_header_is_believed_by_its_checksum() {
        let mut header = vec![0xff, 0xf8, 0xc9, 0x18, 0x00];
        header.push(crc8(&header));
        let parsed = FrameHeader::parse(&header, &stream()).unwrap();
        assert_eq!(parsed, FrameHeader { samples: 4096, bytes: 6 });
        for bit in 0..header.len() * 8 {
            let mut damaged = header.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(FrameHeader::parse(&damaged, &stream()), None, "bit {bit}");
        }
        let mut odd = vec![0xff, 0xf9, 0x7d, 0x18, 0xc4, 0x80, 0x12, 0x33, 0xac, 0x44];
        odd.push(crc8(&odd));
        let parsed = FrameHeader::parse(&odd, &stream()).unwrap();
        assert_eq!(parsed, FrameHeader { samples: 0x1234, bytes: 11 }, "sizes and rates of two bytes");
        for length in 0..odd.len() {
            assert_eq!(FrameHeader::parse(&odd[..length], &stream()), None);
        }
    }

    #[test]
    fn the_checksum_of_headers_is_the_known_one() {
        assert_eq!(crc8(b"123456789"), 0xf4);
        assert_eq!(crc_fast::checksum(CrcAlgorithm::Crc16Umts, b"123456789"), 0xfee8);
    }
}
