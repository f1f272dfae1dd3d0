//! The packets of the udp sender. docs/reference/radio-udp.md specifies them; this is what it means in code.
//!
//! A packet is [`HEADER_BYTES`] of header and one slice. Nothing is remembered between packets: each says which group of which
//! stream it belongs to, and all that is needed to put the group together.

use crc_fast::CrcAlgorithm;
use thiserror::Error;

use crate::fec::{Code, NoCode};

/// Bytes before the slice.
pub const HEADER_BYTES: usize = 32;
/// The first four bytes of each packet.
pub const MAGIC: [u8; 4] = *b"TgRa";
/// The version that is written here.
pub const VERSION: u8 = 1;
/// Longest slice in bytes: what is left of the longest UDP datagram.
pub const SLICE_BYTES_MAX: usize = 65_507 - HEADER_BYTES;

/// The group carries the stream's header instead of audio.
const FLAG_HEADER: u8 = 1;
/// The last group of its stream.
const FLAG_LAST: u8 = 2;
/// Where the checksum stands.
const CHECKSUM_OFFSET: usize = 28;

/// What a packet says of its slice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PacketHeader {
    /// The stream: one song, from where it was begun or jumped to. Never 0, and never the one before.
    pub stream: u32,
    /// The group within its stream; they count from 0, and groups with headers have a count of their own, which stays 0.
    pub group: u32,
    /// Whether it is the header of the stream.
    pub is_header: bool,
    /// Whether it is the last group of the stream.
    pub is_last: bool,
    /// k of n.
    pub code: Code,
    /// Which slice this is, 0 to n−1.
    pub slice: u8,
    /// Bytes of the whole group, without the padding of its last data slice.
    pub group_bytes: u32,
    /// When the group is heard: milliseconds since the beginning of the stream, modulo 2³².
    pub start_ms: u32,
    /// How long it is heard, in milliseconds.
    pub duration_ms: u16,
}

/// Why a datagram is no packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum PacketError {
    /// Not even a header.
    #[error("{bytes} bytes are no packet; the header alone has {HEADER_BYTES}")]
    Short {
        /// Bytes that there are.
        bytes: usize,
    },
    /// It begins with something else.
    #[error("not a packet of the radio")]
    Magic,
    /// Of a later version.
    #[error("packet version {0}; {VERSION} is understood")]
    Version(u8),
    /// Damaged on the way.
    #[error("the checksum is {found:08x} where {expected:08x} belongs")]
    Checksum {
        /// What stands there.
        found: u32,
        /// What belongs there.
        expected: u32,
    },
    /// k of n.
    #[error(transparent)]
    Code(#[from] NoCode),
    /// A slice that its code does not have.
    #[error("slice {slice} of {slices}")]
    Slice {
        /// Which.
        slice: u8,
        /// How many there are.
        slices: usize,
    },
    /// The sizes do not fit.
    #[error("a group of {group_bytes} bytes is not {data_slices} slices of {slice_bytes} bytes")]
    Size {
        /// Bytes of the group.
        group_bytes: u32,
        /// Slices of data.
        data_slices: usize,
        /// Bytes of a slice.
        slice_bytes: usize,
    },
}

impl PacketHeader {
    /// Appends the packet that carries `slice` to `packet`.
    ///
    /// # Panics
    /// When the slice is longer than [`SLICE_BYTES_MAX`].
    pub fn encode(&self, slice: &[u8], packet: &mut Vec<u8>) {
        assert!(slice.len() <= SLICE_BYTES_MAX, "a slice fits into a datagram");
        let start = packet.len();
        let flags = if self.is_header { FLAG_HEADER } else { 0 } | if self.is_last { FLAG_LAST } else { 0 };
        // k is at most 255, and n at most 256, which is written as one less.
        let (data_slices, slices) = (self.code.data_slices(), self.code.slices() - 1);
        let byte = |number: usize| u8::try_from(number).unwrap_or(u8::MAX);
        packet.extend_from_slice(&MAGIC);
        packet.extend_from_slice(&[VERSION, flags, byte(data_slices), byte(slices), self.slice, 0]);
        packet.extend_from_slice(&self.duration_ms.to_be_bytes());
        packet.extend_from_slice(&self.stream.to_be_bytes());
        packet.extend_from_slice(&self.group.to_be_bytes());
        packet.extend_from_slice(&self.group_bytes.to_be_bytes());
        packet.extend_from_slice(&self.start_ms.to_be_bytes());
        packet.extend_from_slice(&[0; 4]);
        packet.extend_from_slice(slice);
        let sum = crc(&packet[start..]);
        packet[start + CHECKSUM_OFFSET..start + HEADER_BYTES].copy_from_slice(&sum.to_be_bytes());
    }

    /// Takes a datagram apart. What comes back fits together: the slice is one of the group's, and of the right size.
    ///
    /// # Errors
    /// [`PacketError`].
    pub fn decode(packet: &[u8]) -> Result<(Self, &[u8]), PacketError> {
        let Some((header, slice)) = packet.split_first_chunk::<HEADER_BYTES>() else {
            return Err(PacketError::Short { bytes: packet.len() });
        };
        if header[..4] != MAGIC {
            return Err(PacketError::Magic);
        }
        if header[4] != VERSION {
            return Err(PacketError::Version(header[4]));
        }
        let number = |offset: usize| u32::from_be_bytes([0, 1, 2, 3].map(|byte| header[offset + byte]));
        let (found, expected) = (number(CHECKSUM_OFFSET), crc(packet));
        if found != expected {
            return Err(PacketError::Checksum { found, expected });
        }
        let code = Code::new(header[6].into(), usize::from(header[7]) + 1)?;
        let decoded = Self {
            stream: number(12),
            group: number(16),
            is_header: header[5] & FLAG_HEADER != 0,
            is_last: header[5] & FLAG_LAST != 0,
            code,
            slice: header[8],
            group_bytes: number(20),
            start_ms: number(24),
            duration_ms: u16::from_be_bytes([header[10], header[11]]),
        };
        if usize::from(decoded.slice) >= code.slices() {
            return Err(PacketError::Slice { slice: decoded.slice, slices: code.slices() });
        }
        if slice.len() != slice_bytes(decoded.group_bytes, code) {
            let (group_bytes, data_slices) = (decoded.group_bytes, code.data_slices());
            return Err(PacketError::Size { group_bytes, data_slices, slice_bytes: slice.len() });
        }
        Ok((decoded, slice))
    }
}

/// Bytes of each slice of a group: as many slices as there are, evenly.
#[must_use]
pub fn slice_bytes(group_bytes: u32, code: Code) -> usize {
    usize::try_from(group_bytes).unwrap_or(usize::MAX).div_ceil(code.data_slices())
}

/// CRC-32C (Castagnoli) of the packet with zeroes in the place of the checksum.
fn crc(packet: &[u8]) -> u32 {
    let mut digest = crc_fast::Digest::new(CrcAlgorithm::Crc32Iscsi);
    digest.update(&packet[..CHECKSUM_OFFSET]);
    digest.update(&[0; HEADER_BYTES - CHECKSUM_OFFSET]);
    digest.update(&packet[HEADER_BYTES..]);
    u32::try_from(digest.finalize()).unwrap_or_default()
}

/// What the group with the stream's header says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamHeader {
    /// Its media type, `audio/mpeg`, `audio/ogg` or `audio/aac`; at most 255 bytes.
    pub media_type: String,
    /// What is played; at most 65,535 bytes.
    pub title: String,
    /// What a decoder has to see before the audio; empty for formats without headers.
    pub bytes: Vec<u8>,
}

/// Why a group is no header of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the header of a stream ends within its {0}")]
pub struct BadStreamHeader(&'static str);

impl StreamHeader {
    /// The group's data. Texts that are too long are cut.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let media_type = &self.media_type[..self.media_type.floor_char_boundary(u8::MAX.into())];
        let title = &self.title[..self.title.floor_char_boundary(u16::MAX.into())];
        let mut data = Vec::with_capacity(3 + media_type.len() + title.len() + self.bytes.len());
        data.push(u8::try_from(media_type.len()).unwrap_or(u8::MAX));
        data.extend_from_slice(media_type.as_bytes());
        data.extend_from_slice(&u16::try_from(title.len()).unwrap_or(u16::MAX).to_be_bytes());
        data.extend_from_slice(title.as_bytes());
        data.extend_from_slice(&self.bytes);
        data
    }

    /// Reads the group's data. Bytes that are no text are replaced.
    ///
    /// # Errors
    /// [`BadStreamHeader`].
    pub fn decode(data: &[u8]) -> Result<Self, BadStreamHeader> {
        let (&length, rest) = data.split_first().ok_or(BadStreamHeader("media type"))?;
        let (media_type, rest) = rest.split_at_checked(length.into()).ok_or(BadStreamHeader("media type"))?;
        let (length, rest) = rest.split_first_chunk::<2>().ok_or(BadStreamHeader("title"))?;
        let length = usize::from(u16::from_be_bytes(*length));
        let (title, bytes) = rest.split_at_checked(length).ok_or(BadStreamHeader("title"))?;
        let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
        Ok(Self { media_type: text(media_type), title: text(title), bytes: bytes.to_vec() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Random;

    fn header() -> PacketHeader {
        PacketHeader {
            stream: 0x0102_0304,
            group: 5,
            is_header: false,
            is_last: true,
            code: Code::new(2, 3).unwrap(),
            slice: 2,
            group_bytes: 7,
            start_ms: 1000,
            duration_ms: 250,
        }
    }

    /// The test vector of docs/reference/radio-udp.md.
    const VECTOR: [u8; 36] = [
        b'T', b'g', b'R', b'a', 1, 2, 2, 2, 2, 0, 0, 250, 1, 2, 3, 4, 0, 0, 0, 5, 0, 0, 0, 7, 0, 0, 3, 0xe8, 0x2d,
        0x61, 0x6a, 0xee, 0xde, 0xad, 0xbe, 0xef,
    ];

    #[test]
    fn a_packet_is_the_one_of_the_specification() {
        let mut packet = Vec::new();
        header().encode(&[0xde, 0xad, 0xbe, 0xef], &mut packet);
        assert_eq!(packet, VECTOR, "{packet:02x?}");
        assert_eq!(PacketHeader::decode(&VECTOR), Ok((header(), &[0xde, 0xad, 0xbe, 0xef][..])));
    }

    #[test]
    fn every_flipped_bit_and_every_truncation_is_found() {
        for bit in 0..VECTOR.len() * 8 {
            let mut packet = VECTOR;
            packet[bit / 8] ^= 1 << (bit % 8);
            PacketHeader::decode(&packet).unwrap_err();
        }
        for length in 0..VECTOR.len() {
            PacketHeader::decode(&VECTOR[..length]).unwrap_err();
        }
    }

    #[test]
    fn sizes_that_do_not_fit_are_refused() {
        let mut random = Random::seeded();
        for (group_bytes, slice) in [(9, 2), (6, 2), (u32::MAX, 2), (7, 3)] {
            let mut packet = Vec::new();
            PacketHeader { group_bytes, slice, ..header() }.encode(&[1; 4], &mut packet);
            PacketHeader::decode(&packet).unwrap_err();
        }
        for _ in 0..10_000 {
            let noise: Vec<u8> = (0..random.below(80)).map(|_| random.byte()).collect();
            PacketHeader::decode(&noise).unwrap_err();
        }
    }

    #[test]
    fn a_stream_header_is_read_as_it_was_written() {
        let header = StreamHeader { media_type: "audio/ogg".into(), title: "Ä - B".into(), bytes: vec![1, 2, 3] };
        let data = header.encode();
        assert_eq!(StreamHeader::decode(&data), Ok(header));
        for length in 0..data.len() - 3 {
            StreamHeader::decode(&data[..length]).unwrap_err();
        }
        let long = StreamHeader { media_type: "é".repeat(200), title: "é".repeat(40_000), bytes: Vec::new() };
        let read = StreamHeader::decode(&long.encode()).unwrap();
        assert_eq!((read.media_type.len(), read.title.len()), (254, 65_534));
    }
}
