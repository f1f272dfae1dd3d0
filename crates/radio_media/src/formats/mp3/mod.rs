//! MPEG audio: versions 1, 2 and 2.5, layers I to III, of constant and variable bit rate.
//!
//! The file is a row of frames, each of whose headers says where the next one is; what is sent are these frames as they stand.
//! Frames of another version, layer, rate or number of channels than the first are not of the same stream and are left out.
//!
//! Not sent: the information frame of Xing, LAME and Fraunhofer. Not played: free format, which few players know.

mod header;
mod information;
#[cfg(test)]
mod tests;

use header::MpegHeader;
use lofty::file::FileType;

use super::frame_stream::{self, FrameHeader};
use super::{Container, Format, Scan, Scanned};
use crate::chunk::ChunkTableBuilder;
use crate::error::{MediaError, Note};
use crate::framing::Carriage;
use crate::tags::TagSource;

pub(super) const FORMAT: Format = Format {
    name: "mp3",
    description: "MPEG audio, layers I to III",
    container: Container::Mp3,
    has_tags_behind: true,
    recognises,
    scan,
};

/// Where the first of several frames in a row is.
fn recognises(head: &[u8]) -> Option<usize> {
    frame_stream::find::<MpegHeader>(head, None, true)
}

fn scan(scan: &mut Scan<'_>) -> Result<Scanned, MediaError> {
    let start = scan.audio.start;
    let first = MpegHeader::parse(scan.audio_bytes(start, MpegHeader::BYTES)?)
        .ok_or(MediaError::Malformed { offset: start, expected: MpegHeader::FRAME })?;
    let Some(first_bytes) = first.frame_bytes() else {
        let instead = "encode it with a bit rate of up to 320 kbit/s";
        return Err(MediaError::Unsupported { what: "MPEG audio in free format", instead });
    };
    let information = information::parse(&first, scan.audio_bytes(start, first_bytes)?);
    let place = if information.is_some() { start + first_bytes as u64 } else { start };
    let mut chunks = ChunkTableBuilder::of_frames(first.frequency_hz);
    frame_stream::read(scan, place, &first, &mut chunks)?;
    let information = information.unwrap_or_default();
    check_count(scan, information.frames, chunks.decoded() / u64::from(first.samples()));
    Ok(Scanned {
        codec: first.codec(),
        frequency_hz: first.frequency_hz,
        channels: if first.is_mono { 1 } else { 2 },
        sample_bits: None,
        chunks,
        skipped: 0,
        samples_max: None,
        gapless: information.gapless,
        loudness: information.loudness,
        carriage: Carriage::Frames,
        tag_source: TagSource::File(FileType::Mpeg),
    })
}

/// Notes when the information frame has counted other frames than there are. One more or less is a habit of encoders.
fn check_count(scan: &mut Scan<'_>, claimed: Option<u64>, found: u64) {
    if let Some(claimed) = claimed.filter(|claimed| claimed.abs_diff(found) > 1) {
        scan.notes.add(Note::Contradiction { what: "the count of frames in the information frame", claimed, found });
    }
}
