//! AAC in ADTS frames: sent as they stand, each with its header.
//!
//! Whether a decoder finds SBR in them (HE-AAC), which doubles the rate that is heard, is not said by any header.
//!
//! Specification: ISO/IEC 13818-7 §6.2 (`adts_frame`), ISO/IEC 14496-3 §1.A.2.2.

use lofty::file::FileType;

use super::frame_stream::{self, FrameHeader};
use super::{Container, Format, Scan, Scanned};
use crate::chunk::ChunkTableBuilder;
use crate::error::MediaError;
use crate::framing::Carriage;
use crate::tags::{Loudness, TagSource};

pub(super) const FORMAT: Format = Format {
    name: "aac",
    description: "AAC in ADTS frames",
    container: Container::Aac,
    has_tags_behind: true,
    recognises,
    scan,
};

/// Sampling rates by index.
pub(super) const FREQUENCIES: [u32; 13] =
    [96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000, 7_350];

/// Bytes of a header without a checksum.
const HEADER_BYTES: usize = 7;

/// Longest frame without its header: a field of 13 bits says how long both are.
pub(super) const PAYLOAD_BYTES_MAX: usize = 0x1fff - HEADER_BYTES;

/// Samples of a raw data block.
pub(super) const BLOCK_SAMPLES: u32 = 1024;

/// The header of an ADTS frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct AdtsHeader {
    /// Whether it says that it is of MPEG-2: only decoders of old care.
    is_mpeg2: bool,
    /// Audio object type less one: Main, LC, SSR, LTP.
    profile: u8,
    frequency_index: u8,
    /// Zero: the first frame says it in its payload.
    channels: u8,
    has_checksum: bool,
    frame_bytes: u16,
    blocks: u8,
}

impl FrameHeader for AdtsHeader {
    const BYTES: usize = HEADER_BYTES;
    const FRAME_BYTES_MAX: usize = 0x1fff;
    const FRAME: &'static str = "an ADTS frame";

    fn parse(bytes: &[u8]) -> Option<Self> {
        let bytes: &[u8; HEADER_BYTES] = bytes.first_chunk()?;
        if bytes[0] != 0xff || bytes[1] & 0xf6 != 0xf0 {
            return None;
        }
        let frame_bytes = u16::from_be_bytes([bytes[3] & 3, bytes[4]]) << 3 | u16::from(bytes[5] >> 5);
        let header = Self {
            is_mpeg2: bytes[1] & 8 != 0,
            profile: bytes[2] >> 6,
            frequency_index: bytes[2] >> 2 & 15,
            channels: (bytes[2] & 1) << 2 | bytes[3] >> 6,
            has_checksum: bytes[1] & 1 == 0,
            frame_bytes,
            blocks: bytes[6] & 3,
        };
        let is_valid = usize::from(header.frequency_index) < FREQUENCIES.len()
            && usize::from(frame_bytes) > header.unhashed_bytes();
        is_valid.then_some(header)
    }

    fn frame_bytes(&self) -> Option<usize> {
        Some(self.frame_bytes.into())
    }

    fn unhashed_bytes(&self) -> usize {
        if self.has_checksum { HEADER_BYTES + 2 } else { HEADER_BYTES }
    }

    fn samples(&self) -> u32 {
        BLOCK_SAMPLES * (u32::from(self.blocks) + 1)
    }

    fn belongs_with(&self, other: &Self) -> bool {
        self.profile == other.profile
            && self.frequency_index == other.frequency_index
            && self.channels == other.channels
            && self.is_mpeg2 == other.is_mpeg2
    }
}

impl AdtsHeader {
    /// A header of frames of this object type, at this rate; none if ADTS has no such.
    pub(super) fn new(object_type: u32, frequency_hz: u32, channels: u8) -> Option<Self> {
        let profile = u8::try_from(object_type.checked_sub(1)?).ok().filter(|profile| *profile < 4)?;
        let index = FREQUENCIES.iter().position(|frequency| *frequency == frequency_hz)?;
        (1..=7).contains(&channels).then(|| Self {
            is_mpeg2: false,
            profile,
            frequency_index: u8::try_from(index).unwrap_or(15),
            channels,
            has_checksum: false,
            frame_bytes: 0,
            blocks: 0,
        })
    }

    /// The header of a frame whose payload has `length` bytes, at most [`PAYLOAD_BYTES_MAX`]. It says that the bit rate is
    /// variable.
    pub(crate) fn for_frame(&self, length: usize) -> [u8; HEADER_BYTES] {
        let [high, low] = u16::try_from(length + HEADER_BYTES).unwrap_or(0x1fff).to_be_bytes();
        [
            0xff,
            0xf1,
            self.profile << 6 | self.frequency_index << 2 | self.channels >> 2,
            self.channels << 6 | high >> 3,
            high << 5 | low >> 3,
            low << 5 | 0x1f,
            0xfc,
        ]
    }

    const fn frequency_hz(&self) -> u32 {
        FREQUENCIES[self.frequency_index as usize]
    }

    /// The object type less one.
    pub(super) const fn profile(&self) -> u8 {
        self.profile
    }

    /// Channels; stereo where only the payload says it.
    pub(super) const fn channel_count(&self) -> u32 {
        match self.channels {
            0 => 2,
            7 => 8,
            channels => channels as u32,
        }
    }
}

/// The name of an audio object type that ADTS can carry.
pub(super) const fn codec(profile: u8) -> &'static str {
    match profile {
        0 => "AAC Main",
        1 => "AAC-LC",
        2 => "AAC SSR",
        _ => "AAC LTP",
    }
}

fn recognises(head: &[u8]) -> Option<usize> {
    frame_stream::find::<AdtsHeader>(head, None, true)
}

fn scan(scan: &mut Scan<'_>) -> Result<Scanned, MediaError> {
    let start = scan.audio.start;
    let first = AdtsHeader::parse(scan.audio_bytes(start, AdtsHeader::BYTES)?)
        .ok_or(MediaError::Malformed { offset: start, expected: AdtsHeader::FRAME })?;
    let mut chunks = ChunkTableBuilder::of_frames(first.frequency_hz());
    frame_stream::read(scan, start, &first, &mut chunks)?;
    Ok(Scanned {
        codec: codec(first.profile),
        frequency_hz: first.frequency_hz(),
        channels: first.channel_count(),
        sample_bits: None,
        chunks,
        skipped: 0,
        samples_max: None,
        gapless: None,
        loudness: Loudness::default(),
        carriage: Carriage::Frames,
        tag_source: TagSource::File(FileType::Aac),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Note;
    use crate::inspect::inspect;

    /// `count` frames of AAC-LC, 44.1 kHz, stereo, of different lengths.
    fn frames(count: usize) -> Vec<u8> {
        let header = AdtsHeader::new(2, 44_100, 2).unwrap();
        let frame = |index: usize| [&header.for_frame(100 + index)[..], &vec![7; 100 + index]].concat();
        (0..count).flat_map(frame).collect()
    }

    #[test]
    fn what_is_written_is_read_back() {
        for channels in 1..=7 {
            for length in [1, 7, 8, 300, PAYLOAD_BYTES_MAX] {
                let header = AdtsHeader::new(2, 48_000, channels).unwrap();
                let read = AdtsHeader::parse(&header.for_frame(length)).unwrap();
                assert!(read.belongs_with(&header));
                assert_eq!((read.frame_bytes(), read.samples()), (Some(length + 7), 1024));
                assert_eq!(read.channel_count(), if channels == 7 { 8 } else { channels.into() });
            }
        }
        assert_eq!(AdtsHeader::new(5, 48_000, 2), None, "ADTS has two bits for the object type");
        assert_eq!(AdtsHeader::new(2, 47_999, 2), None);
        assert_eq!(AdtsHeader::new(2, 48_000, 0), None);
    }

    #[test]
    fn frames_are_found_and_damage_is_stepped_over() {
        let bytes = frames(20);
        let song = inspect(&bytes).unwrap();
        assert_eq!((song.format.name, song.technical.codec, song.technical.samples), ("aac", "AAC-LC", 20 * 1024));
        assert_eq!((song.technical.frequency_hz, song.technical.channels), (44_100, 2));
        assert_eq!(song.technical.payload_bytes, 20 * 100 + 190, "headers do not count");
        let damaged = [b"rubbish", &bytes[..434], &[0xff; 999], &bytes[434..]].concat();
        let mended = inspect(&damaged).unwrap();
        assert_eq!(mended.content_hash, song.content_hash);
        assert_eq!(mended.notes, [Note::Skipped { offset: 7 + 434, bytes: 999, places: 1 }]);
    }
}
