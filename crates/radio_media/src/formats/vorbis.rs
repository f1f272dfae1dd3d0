//! Vorbis in Ogg.
//!
//! How long a packet plays follows from the sizes of its block and of the one before it, and which of the two sizes a block has
//! from its mode. The modes are at the end of the setup packet, behind codebooks whose lengths only a decoder finds out: they are
//! read from the end backwards, which is well-defined because a mode has a fixed size and much of it is zero.
//!
//! Specification: Vorbis I §1.3.2 (windows), §4.2 (headers), §4.3.1 (modes of packets).

use super::{Container, Format, Scan, Scanned};
use crate::error::MediaError;
use crate::framing::Carriage;
use crate::ogg::{CommentForm, OggCarriage, PageReader, Timeline, first_packets};
use crate::tags::{Loudness, TagSource};

pub(super) const FORMAT: Format = Format {
    name: "ogg",
    description: "Vorbis in Ogg",
    container: Container::Ogg,
    has_tags_behind: false,
    recognises,
    scan,
};

/// The whole identification packet.
const IDENTIFICATION_BYTES: usize = 30;

/// Bits of a mode in the setup packet.
const MODE_BITS: usize = 41;

fn is_vorbis(packet: &[u8]) -> bool {
    packet.starts_with(b"\x01vorbis")
}

fn recognises(head: &[u8]) -> Option<usize> {
    first_packets(head).any(is_vorbis).then_some(0)
}

fn scan(scan: &mut Scan<'_>) -> Result<Scanned, MediaError> {
    let offset = scan.audio.start;
    let (mut pages, identification) = PageReader::open(scan, is_vorbis)?;
    let stream = Identification::parse(&identification)
        .ok_or(MediaError::Malformed { offset, expected: "an identification header of Vorbis I" })?;
    let comments = pages.tag_packet(scan, b"\x03vorbis", "a comment header of Vorbis")?;
    let expected = "a setup header of Vorbis";
    let setup = pages.header_packet(scan, expected)?;
    let modes = Modes::parse(&setup).ok_or(MediaError::Malformed { offset, expected })?;
    pages.begin_audio()?;
    let mut before = None;
    let timeline = Timeline::read(scan, &mut pages, stream.frequency_hz, 0, |lead| {
        let block = stream.block_samples[usize::from(modes.is_long(*lead.first()?)?)];
        let samples = before.replace(block).map_or(0, |before: u32| before / 4 + block / 4);
        Some(samples)
    })?;
    Ok(Scanned {
        codec: "Vorbis",
        frequency_hz: stream.frequency_hz,
        channels: stream.channels.into(),
        sample_bits: None,
        chunks: timeline.chunks,
        skipped: timeline.skipped,
        samples_max: Some(timeline.samples),
        gapless: None,
        loudness: Loudness::default(),
        carriage: Carriage::Ogg(OggCarriage {
            identification,
            identification_within: None,
            comment: CommentForm::Vorbis,
            setup: Some(setup),
            pre_skip: 0,
        }),
        tag_source: TagSource::comments(comments.get(7..).unwrap_or_default()),
    })
}

/// The identification header.
struct Identification {
    channels: u8,
    frequency_hz: u32,
    /// Samples of a short and of a long block.
    block_samples: [u32; 2],
}

impl Identification {
    fn parse(packet: &[u8]) -> Option<Self> {
        let packet: &[u8; IDENTIFICATION_BYTES] = packet.first_chunk()?;
        let version = u32::from_le_bytes([packet[7], packet[8], packet[9], packet[10]]);
        let channels = packet[11];
        let frequency_hz = u32::from_le_bytes([packet[12], packet[13], packet[14], packet[15]]);
        let (short, long) = (packet[28] & 15, packet[28] >> 4);
        let is_valid = version == 0
            && channels > 0
            && (1..=1_000_000).contains(&frequency_hz)
            && (6..=13).contains(&short)
            && (short..=13).contains(&long)
            && packet[29] & 1 == 1;
        is_valid.then(|| Self { channels, frequency_hz, block_samples: [1 << short, 1 << long] })
    }
}

/// Which modes have long blocks.
#[derive(Debug, PartialEq, Eq)]
struct Modes {
    is_long: Vec<bool>,
}

impl Modes {
    /// The modes at the end of a setup packet.
    fn parse(setup: &[u8]) -> Option<Self> {
        if !setup.starts_with(b"\x05vorbis") {
            return None;
        }
        let bits = Bits(setup);
        // The last bit that is set is the framing bit.
        let end = (0..setup.len() * 8).rev().find(|place| bits.number(*place, 1) == 1)?;
        let mut found = None;
        for count in 1..=64 {
            let Some(start) = end.checked_sub(count * MODE_BITS).filter(|start| *start >= 7 * 8 + 6) else { break };
            let is_mode =
                bits.number(start + 1, 16) == 0 && bits.number(start + 17, 16) == 0 && bits.number(start + 33, 8) < 64;
            if !is_mode {
                break;
            }
            if bits.number(start - 6, 6) as usize == count - 1 {
                found = Some((start, count));
            }
        }
        let (start, count) = found?;
        Some(Self { is_long: (0..count).map(|mode| bits.number(start + mode * MODE_BITS, 1) == 1).collect() })
    }

    /// Whether the block of a packet that begins with `byte` is long; none if it is no audio packet.
    fn is_long(&self, byte: u8) -> Option<bool> {
        if byte & 1 != 0 {
            return None;
        }
        let bits = usize::BITS - (self.is_long.len() - 1).leading_zeros();
        let mode = usize::from(byte >> 1) & ((1 << bits) - 1);
        self.is_long.get(mode).copied()
    }
}

/// Bits as Vorbis packs them, the lowest of each byte first.
struct Bits<'a>(&'a [u8]);

impl Bits<'_> {
    /// The `count` bits at `place`; those behind the end are zero.
    fn number(&self, place: usize, count: usize) -> u32 {
        (0..count).fold(0, |number, index| {
            let byte = self.0.get((place + index) / 8).copied().unwrap_or(0);
            number | u32::from(byte >> ((place + index) % 8) & 1) << index
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A setup packet whose end has modes with these block flags, `padding` bits after the start.
    fn setup(modes: &[bool], padding: usize) -> Vec<u8> {
        let mut bits = vec![1; padding];
        let mut put = |number: usize, count: usize| bits.extend((0..count).map(|index| number >> index & 1));
        put(modes.len() - 1, 6);
        for (index, is_long) in modes.iter().enumerate() {
            put(usize::from(*is_long), 1);
            put(0, 32);
            put(index, 8);
        }
        put(1, 1);
        let mut bytes = b"\x05vorbis".to_vec();
        for bits in bits.chunks(8) {
            bytes.push(u8::try_from(bits.iter().rev().fold(0, |byte, bit| byte << 1 | bit)).unwrap());
        }
        bytes
    }

    #[test]
    fn modes_are_read_from_the_end_whatever_the_alignment() {
        for modes in [&[false][..], &[false, true], &[true, false, true, true, false]] {
            for padding in 3..20 {
                let setup = setup(modes, padding);
                assert_eq!(Modes::parse(&setup).unwrap().is_long, modes, "{padding}");
                assert_eq!(Modes::parse(&[&setup[..], &[0; 3]].concat()).unwrap().is_long, modes);
            }
        }
        assert_eq!(Modes::parse(b"\x05vorbis"), None);
        assert_eq!(Modes::parse(&[b"\x05vorbis", &[0; 100][..]].concat()), None);
    }

    #[test]
    fn the_mode_of_a_packet_has_as_many_bits_as_it_needs() {
        let modes = |count: usize| Modes { is_long: (0..count).map(|mode| mode % 2 == 1).collect() };
        assert_eq!(modes(1).is_long(0b1111_1110), Some(false));
        assert_eq!(modes(2).is_long(0b1111_1110), Some(true));
        assert_eq!(modes(2).is_long(0b1111_1100), Some(false));
        assert_eq!(modes(5).is_long(0b1111_1000), Some(false));
        assert_eq!(modes(5).is_long(0b0000_1110), None, "there is no mode 7");
        assert_eq!(modes(2).is_long(1), None, "a header packet");
    }
}
