//! Opus in Ogg.
//!
//! Specifications: RFC 7845 (Ogg), RFC 6716 §3 (packets).

use super::{Container, Format, Scan, Scanned};
use crate::error::MediaError;
use crate::framing::Carriage;
use crate::ogg::{CommentForm, OggCarriage, PageReader, Timeline, first_packets};
use crate::tags::{Loudness, TagSource};

pub(super) const FORMAT: Format = Format {
    name: "opus",
    description: "Opus in Ogg",
    container: Container::Ogg,
    has_tags_behind: false,
    recognises,
    scan,
};

/// Opus counts in samples of 48 kHz, whatever was encoded.
const SAMPLE_RATE: u32 = 48_000;

/// The longest packet plays for 120 ms.
const PACKET_SAMPLES_MAX: u32 = 5760;

fn is_opus(packet: &[u8]) -> bool {
    packet.starts_with(b"OpusHead")
}

fn recognises(head: &[u8]) -> Option<usize> {
    first_packets(head).any(is_opus).then_some(0)
}

fn scan(scan: &mut Scan<'_>) -> Result<Scanned, MediaError> {
    let offset = scan.audio.start;
    let (mut pages, identification) = PageReader::open(scan, is_opus)?;
    let malformed = |expected| MediaError::Malformed { offset, expected };
    let head: &[u8; 19] = identification.first_chunk().ok_or(malformed("an identification header of Opus"))?;
    // The upper half is the major version: other minor versions can be read as this one (§5.1).
    if head[8] >> 4 != 0 || head[9] == 0 {
        return Err(malformed("an identification header of Opus, version 1, with channels"));
    }
    let channels = head[9];
    let pre_skip = u16::from_le_bytes([head[10], head[11]]).into();
    let comments = pages.tag_packet(scan, b"OpusTags", "a comment header of Opus")?;
    pages.begin_audio()?;
    let timeline = Timeline::read(scan, &mut pages, SAMPLE_RATE, pre_skip, packet_samples)?;
    Ok(Scanned {
        codec: "Opus",
        frequency_hz: SAMPLE_RATE,
        channels: channels.into(),
        sample_bits: None,
        chunks: timeline.chunks,
        skipped: timeline.skipped,
        samples_max: Some(timeline.samples),
        gapless: None,
        loudness: Loudness::default(),
        carriage: Carriage::Ogg(OggCarriage {
            identification,
            identification_within: None,
            comment: CommentForm::Opus,
            setup: None,
            pre_skip,
        }),
        tag_source: TagSource::comments(comments.get(8..).unwrap_or_default()),
    })
}

/// Samples of a packet that begins with these bytes.
fn packet_samples(lead: &[u8]) -> Option<u32> {
    let toc = *lead.first()?;
    let size = u32::from(toc >> 3 & 3);
    let frame = match toc >> 3 {
        0..12 if size == 3 => 2880,
        0..12 => 480 << size,
        12..16 => 480 << (size & 1),
        _ => 120 << size,
    };
    let frames = match toc & 3 {
        0 => 1,
        1 | 2 => 2,
        _ => u32::from(lead.get(1)? & 0x3f),
    };
    Some(frame * frames).filter(|samples| (1..=PACKET_SAMPLES_MAX).contains(samples))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packet_says_how_long_it_plays() {
        // Configurations by RFC 6716, table 2: SILK 10 to 60 ms, hybrid 10 and 20 ms, CELT 2.5 to 20 ms.
        for (configuration, samples) in [
            (0, 480),
            (1, 960),
            (2, 1920),
            (3, 2880),
            (11, 2880),
            (12, 480),
            (13, 960),
            (15, 960),
            (16, 120),
            (31, 960),
        ] {
            assert_eq!(packet_samples(&[configuration << 3]), Some(samples), "{configuration}");
            let two = packet_samples(&[configuration << 3 | 1]);
            assert_eq!(two, Some(2 * samples).filter(|samples| *samples <= PACKET_SAMPLES_MAX));
        }
        assert_eq!(packet_samples(&[31 << 3 | 3, 6]), Some(5760));
        assert_eq!(packet_samples(&[31 << 3 | 3, 7]), None, "more than 120 ms");
        assert_eq!(packet_samples(&[31 << 3 | 3, 0x40]), None, "no frames");
        assert_eq!(packet_samples(&[31 << 3 | 3]), None, "cut");
        assert_eq!(packet_samples(&[]), None);
    }
}
