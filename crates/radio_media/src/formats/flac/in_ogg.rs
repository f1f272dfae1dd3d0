//! FLAC in Ogg, as it is sent: files of this kind are read too.
//!
//! Specification: RFC 9639 §10.1.

use super::frame::{FrameHeader, StreamInformation};
use crate::chunk::ChunkTableBuilder;
use crate::error::MediaError;
use crate::formats::Scan;
use crate::limits::{FLAC_BLOCKS_MAX, TAG_BLOCK_BYTES_MAX};
use crate::ogg::{PageReader, Timeline};
use crate::tags::TagSource;

/// Bytes of the first packet before the stream information.
const PREFIX_BYTES: usize = 17;

/// Whether the first packet of a stream says that it is FLAC.
pub(super) fn is_flac(packet: &[u8]) -> bool {
    packet.starts_with(b"\x7fFLAC\x01")
}

/// Every frame of the file, and its metadata blocks behind the first.
pub(super) fn read(scan: &mut Scan<'_>) -> Result<(StreamInformation, ChunkTableBuilder, TagSource), MediaError> {
    let offset = scan.audio.start;
    // Pages say where they end; what looks like a tag behind them may be payload.
    scan.audio.end = scan.window.length();
    let (mut pages, identification) = PageReader::open(scan, is_flac)?;
    let stream = identification.get(PREFIX_BYTES..).and_then(|rest| rest.first_chunk().copied());
    let stream = stream
        .and_then(StreamInformation::parse)
        .ok_or(MediaError::Malformed { offset, expected: "stream information of FLAC" })?;
    let mut blocks = Vec::new();
    for index in 0.. {
        if index > FLAC_BLOCKS_MAX || blocks.len() > TAG_BLOCK_BYTES_MAX {
            let (what, unit, limit) = ("the metadata of FLAC", "blocks", FLAC_BLOCKS_MAX.into());
            return Err(MediaError::TooLarge { offset, what, unit, found: index.into(), limit });
        }
        let block = pages.tag_packet(scan, b"", "a metadata block of FLAC")?;
        blocks.extend_from_slice(&block);
        if block.first().is_some_and(|kind| kind & 0x80 != 0) {
            break;
        }
    }
    pages.begin_audio()?;
    let samples = |lead: &[u8]| FrameHeader::parse(lead, &stream).map(|header| header.samples);
    let timeline = Timeline::read(scan, &mut pages, stream.frequency_hz, 0, samples)?;
    Ok((stream, timeline.chunks, TagSource::blocks(&blocks)))
}
