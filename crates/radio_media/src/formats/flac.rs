//! FLAC: sent as FLAC in Ogg, for which every player takes songs in a row.
//!
//! No header says how long a frame is. It ends where the next one begins, whose header has a checksum, and its own checksum has to
//! be right there: both together are never found by accident.
//!
//! Cost: one search for sync codes and one CRC-16 over the file, both with vector instructions.
//!
//! Specifications: RFC 9639 §8 (metadata), §9 (frames), §10.1 (Ogg).

use crc_fast::{CrcAlgorithm, Digest};

use super::{Container, Format, Scan, Scanned};
use crate::chunk::ChunkTableBuilder;
use crate::error::{MediaError, Note};
use crate::framing::Carriage;
use crate::limits::{FLAC_BLOCKS_MAX, FLAC_FRAME_BYTES_MAX, FLAC_SEARCH_FACTOR_MAX};
use crate::ogg::{CommentForm, OggCarriage};
use crate::tags::Loudness;

pub(super) const FORMAT: Format =
    Format { name: "flac", description: "FLAC", container: Container::Ogg, recognises, scan };

/// Bytes of a frame's header at most: four, a number of seven, block size and rate of two each, a checksum.
const HEADER_BYTES_MAX: usize = 16;

/// Bytes in which the end of a frame is looked for at first.
const SEARCH_BYTES: usize = 16 << 10;

fn recognises(head: &[u8]) -> Option<usize> {
    head.starts_with(b"fLaC").then_some(0)
}

/// What the first metadata block says.
#[derive(Debug, Clone, Copy)]
struct StreamInformation {
    bytes: [u8; 34],
    frequency_hz: u32,
    channels: u8,
    sample_bits: u8,
    /// Zero: not known.
    samples: u64,
}

impl StreamInformation {
    fn parse(bytes: [u8; 34]) -> Option<Self> {
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
    fn ogg_packet(&self) -> Vec<u8> {
        [b"\x7fFLAC\x01\x00\x00\x01fLaC\x00\x00\x00\x22", &self.bytes[..]].concat()
    }

    /// The same without what is true of the whole song only: the number of samples and their digest.
    fn without_totals(mut self) -> Self {
        self.bytes[13] &= 0xf0;
        self.bytes[14..].fill(0);
        self
    }
}

/// The header of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct FrameHeader {
    samples: u32,
    bytes: usize,
}

impl FrameHeader {
    /// The header that `bytes` begin with, if it is one of this stream and its checksum is right.
    fn parse(bytes: &[u8], stream: &StreamInformation) -> Option<Self> {
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
fn crc8(bytes: &[u8]) -> u8 {
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

fn scan(scan: &mut Scan<'_>) -> Result<Scanned, MediaError> {
    let (stream, start) = metadata(scan)?;
    let mut chunks = ChunkTableBuilder::of_packets(stream.frequency_hz);
    let mut budget = SearchBudget(FLAC_SEARCH_FACTOR_MAX.saturating_mul(scan.window.length()));
    let mut place = start;
    while place < scan.audio.end {
        place = match frame_at(scan, place, &stream, &mut budget)? {
            Some((header, end)) => {
                scan.packet(&mut chunks, place..end, header.samples)?;
                end
            }
            None => resynchronise(scan, place, &stream, &mut budget)?,
        };
    }
    if chunks.is_empty() {
        return Err(MediaError::NoFrames { offset: start });
    }
    if stream.samples > 0 && stream.samples != chunks.decoded() {
        let what = "the number of samples in the header";
        scan.notes.add(Note::Contradiction { what, claimed: stream.samples, found: chunks.decoded() });
    }
    Ok(Scanned {
        codec: "FLAC",
        frequency_hz: stream.frequency_hz,
        channels: stream.channels.into(),
        sample_bits: Some(stream.sample_bits.into()),
        chunks,
        skipped: 0,
        samples_max: None,
        gapless: None,
        loudness: Loudness::default(),
        carriage: Carriage::Ogg(OggCarriage {
            identification: stream.ogg_packet(),
            identification_within: Some(stream.without_totals().ogg_packet()),
            comment: CommentForm::Flac,
            setup: None,
            pre_skip: 0,
        }),
    })
}

/// The stream information, and where the frames begin.
fn metadata(scan: &mut Scan<'_>) -> Result<(StreamInformation, u64), MediaError> {
    let mut place = scan.audio.start + 4;
    let mut stream = None;
    for _ in 0..FLAC_BLOCKS_MAX {
        let expected = "a metadata block of FLAC";
        let [kind, a, b, c] = scan.window.array(place, expected)?;
        let length = u32::from_be_bytes([0, a, b, c]);
        if stream.is_none() {
            let expected = "stream information, the first metadata block of FLAC";
            let bytes = scan.window.array(place + 4, expected)?;
            let is_it = kind & 0x7f == 0 && length == 34;
            let parsed = StreamInformation::parse(bytes).filter(|_| is_it);
            stream = Some(parsed.ok_or(MediaError::Malformed { offset: place, expected })?);
        }
        let next = place + 4 + u64::from(length);
        if next > scan.audio.end {
            return Err(MediaError::Truncated { offset: place, expected, length: scan.window.length() });
        }
        if kind & 0x80 != 0
            && let Some(stream) = stream
        {
            return Ok((stream, next));
        }
        place = next;
    }
    let (what, unit, limit) = ("the metadata of FLAC", "blocks", u64::from(FLAC_BLOCKS_MAX));
    Err(MediaError::TooLarge { offset: place, what, unit, found: limit + 1, limit })
}

/// Bytes that may be searched in vain: hostile files could have each header looked at against all that follow it.
struct SearchBudget(u64);

impl SearchBudget {
    fn spend(&mut self, bytes: usize, offset: u64) -> Result<(), MediaError> {
        self.0 = self
            .0
            .checked_sub(bytes as u64)
            .ok_or(MediaError::Malformed { offset, expected: "FLAC frames that end with a right checksum" })?;
        Ok(())
    }
}

/// The frame at `place` and where it ends, if a whole one with right checksums is there.
fn frame_at(
    scan: &mut Scan<'_>,
    place: u64,
    stream: &StreamInformation,
    budget: &mut SearchBudget,
) -> Result<Option<(FrameHeader, u64)>, MediaError> {
    let Some(header) = FrameHeader::parse(scan.audio_bytes(place, HEADER_BYTES_MAX)?, stream) else {
        return Ok(None);
    };
    // The checksum over a frame with its checksum is zero.
    let mut digest = Digest::new(CrcAlgorithm::Crc16Umts);
    let mut digested = 0;
    let mut looked_at = header.bytes + 2;
    let mut wanted = SEARCH_BYTES;
    loop {
        let bytes = scan.audio_bytes(place, wanted)?;
        let is_all = bytes.len() < wanted;
        let until = if is_all { bytes.len() } else { bytes.len() - HEADER_BYTES_MAX };
        for at in memchr::memchr_iter(0xff, bytes.get(looked_at..until).unwrap_or_default()) {
            let at = looked_at + at;
            if FrameHeader::parse(&bytes[at..], stream).is_none() {
                continue;
            }
            digest.update(&bytes[digested..at]);
            digested = at;
            if digest.finalize() == 0 {
                return Ok(Some((header, place + at as u64)));
            }
        }
        if is_all {
            digest.update(&bytes[digested..]);
            if bytes.len() > header.bytes + 2 && digest.finalize() == 0 {
                return Ok(Some((header, place + bytes.len() as u64)));
            }
        }
        if is_all || wanted >= FLAC_FRAME_BYTES_MAX {
            let length = bytes.len();
            budget.spend(length, place)?;
            return Ok(None);
        }
        looked_at = looked_at.max(until);
        wanted = (2 * wanted).min(FLAC_FRAME_BYTES_MAX);
    }
}

/// The next place after the damage at `place` where a frame begins; the end of the audio if nowhere.
fn resynchronise(
    scan: &mut Scan<'_>,
    place: u64,
    stream: &StreamInformation,
    budget: &mut SearchBudget,
) -> Result<u64, MediaError> {
    let end = scan.audio.end;
    let is_frame = FrameHeader::parse(scan.audio_bytes(place, HEADER_BYTES_MAX)?, stream).is_some();
    let mut searched = place + 1;
    while searched < end {
        let bytes = scan.audio_bytes(searched, SEARCH_BYTES)?;
        let length = bytes.len() as u64;
        let Some(found) = memchr::memchr(0xff, bytes) else {
            searched += length;
            continue;
        };
        searched += found as u64;
        if frame_at(scan, searched, stream, budget)?.is_some() {
            scan.notes.skipped(place, searched - place);
            return Ok(searched);
        }
        searched += 1;
    }
    if is_frame {
        scan.notes.add(Note::Truncated { offset: place, expected: "a FLAC frame" });
    } else {
        scan.notes.skipped(place, end - place);
    }
    Ok(end)
}

#[cfg(test)]
mod tests {
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
