//! AAC in MP4: sent as ADTS frames.
//!
//! The `moov` box says where each frame is; it stands before or after the frames. Other tracks, such as chapters and cover videos,
//! are left out. Frames are counted at the rate of the core codec, 1024 samples each, whatever the track's time scale is.
//!
//! Not played, each refused by its name: ALAC and other codecs, protected files, AAC that ADTS cannot carry.
//!
//! Specifications: ISO/IEC 14496-12 (boxes), 14496-14 (`mp4a`, `esds`), 14496-3 §1.6 (AudioSpecificConfig).

mod boxes;
mod configuration;
mod fragments;
mod gapless;
mod sample_table;
#[cfg(test)]
mod tests;
mod track;

use std::ops::Range;

use boxes::{BoxHeader, FoundBox};
use lofty::file::FileType;
use sample_table::SampleTable;
use track::Track;

use super::aac::{AdtsHeader, BLOCK_SAMPLES, PAYLOAD_BYTES_MAX, codec};
use super::{Container, Format, Scan, Scanned};
use crate::chunk::ChunkTableBuilder;
use crate::error::{MediaError, Note};
use crate::framing::Carriage;
use crate::limits::{MOVIE_BYTES_MAX, MP4_BOXES_MAX};
use crate::tags::{Loudness, TagSource};

pub(super) const FORMAT: Format = Format {
    name: "m4a",
    description: "AAC in MP4",
    container: Container::Aac,
    has_tags_behind: false,
    recognises,
    scan,
};

fn recognises(head: &[u8]) -> Option<usize> {
    let kind = head.get(4..8)?;
    // Files of old QuickTime begin with another box.
    [b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"].iter().any(|known| kind == *known).then_some(0)
}

fn scan(scan: &mut Scan<'_>) -> Result<Scanned, MediaError> {
    let (offset, movie) = movie(scan)?;
    let track = Track::find(&movie, offset)?;
    let configuration = &track.configuration;
    let frequency_hz = configuration.core_frequency_hz;
    let header = AdtsHeader::new(configuration.object_type, frequency_hz, configuration.channels).ok_or(
        MediaError::Unsupported {
            what: "AAC of this object type, rate or channel layout in ADTS",
            instead: "encode it as AAC-LC of up to eight channels",
        },
    )?;
    let table = SampleTable::parse(&track.sample_table)?;
    let mut chunks = ChunkTableBuilder::of_packets(frequency_hz);
    if table.is_empty() {
        let movie = FoundBox { kind: *b"moov", content: &movie, offset };
        let behind = offset + movie.content.len() as u64;
        fragments::read(scan, behind, &movie, &track, |scan, range| frame(scan, &mut chunks, range))?;
    } else {
        for range in table.samples() {
            if !frame(scan, &mut chunks, range?)? {
                break;
            }
        }
    }
    if chunks.is_empty() {
        return Err(MediaError::NoFrames { offset });
    }
    let gapless = gapless::find(&movie, offset, &track, chunks.decoded());
    Ok(Scanned {
        codec: if configuration.has_sbr { "HE-AAC" } else { codec(header.profile()) },
        frequency_hz: configuration.frequency_hz,
        channels: header.channel_count(),
        sample_bits: None,
        chunks,
        skipped: 0,
        samples_max: None,
        gapless,
        loudness: Loudness::default(),
        carriage: Carriage::Adts(header),
        tag_source: TagSource::File(FileType::Mp4),
    })
}

/// Adds a frame; false if the file ends within it.
fn frame(scan: &mut Scan<'_>, chunks: &mut ChunkTableBuilder, range: Range<u64>) -> Result<bool, MediaError> {
    if range.end > scan.audio.end {
        scan.notes.add(Note::Truncated { offset: range.start, expected: "an AAC frame" });
        return Ok(false);
    }
    let length = range.end - range.start;
    if length == 0 || length > PAYLOAD_BYTES_MAX as u64 {
        scan.notes.add(Note::Ignored { offset: range.start, what: "an AAC frame that is too long for ADTS, or empty" });
    } else if scan.hash.bytes() + length > scan.window.length() {
        // A small file could name the same bytes again and again, and keep us busy for hours.
        return Err(MediaError::Malformed { offset: range.start, expected: "frames that do not overlap" });
    } else {
        scan.packet(chunks, range, BLOCK_SAMPLES)?;
    }
    Ok(true)
}

/// The content of the `moov` box, and where it is in the file.
fn movie(scan: &mut Scan<'_>) -> Result<(u64, Vec<u8>), MediaError> {
    let mut place = scan.audio.start;
    for _ in 0..MP4_BOXES_MAX {
        let rest = scan.audio.end.saturating_sub(place);
        let head = scan.audio_bytes(place, BoxHeader::BYTES_MAX)?;
        let Some(found) = BoxHeader::parse(head, rest) else {
            let expected = "a box of MP4, and a moov box among them";
            return Err(MediaError::Malformed { offset: place, expected });
        };
        let (content, length) = (place + found.header_bytes, found.bytes - found.header_bytes);
        match &found.kind {
            b"moov" if length > MOVIE_BYTES_MAX => {
                let (what, unit, limit) = ("the moov box", "bytes", MOVIE_BYTES_MAX);
                return Err(MediaError::TooLarge { offset: place, what, unit, found: length, limit });
            }
            b"moov" => {
                let bytes = usize::try_from(length).unwrap_or(usize::MAX);
                return Ok((content, scan.window.copy(content, bytes, "a moov box")?));
            }
            b"moof" => {
                let instead = "remux it, for instance with ffmpeg -i IN -c copy OUT.m4a";
                return Err(MediaError::Unsupported { what: "a fragmented MP4 file without a beginning", instead });
            }
            _ => {}
        }
        place += found.bytes;
        if place >= scan.audio.end {
            break;
        }
    }
    Err(MediaError::Truncated { offset: place, expected: "a moov box", length: scan.window.length() })
}
