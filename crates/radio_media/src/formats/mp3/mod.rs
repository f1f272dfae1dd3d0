//! MPEG audio: versions 1, 2 and 2.5, layers I to III, of constant and variable bit rate.
//!
//! The file is a row of frames, each of whose headers says where the next one is; what is sent are these frames as they stand.
//! Frames have no checksum that is always there, so a frame is believed when others follow it. After damage, or a tag in the midst
//! of the audio, the next place is looked for from which three frames of the same stream follow each other.
//!
//! Not sent: the information frame of Xing, LAME and Fraunhofer. Not played: free format, which few players know.

mod header;
mod information;
#[cfg(test)]
mod tests;

use header::FrameHeader;

use super::surroundings::leading_tag_bytes;
use super::{Container, Format, Scan, Scanned};
use crate::chunk::ChunkTableBuilder;
use crate::error::{MediaError, Note};
use crate::framing::Carriage;

pub(super) const FORMAT: Format =
    Format { name: "mp3", description: "MPEG audio, layers I to III", container: Container::Mp3, recognises, scan };

/// Frames that have to follow each other to be believed.
const CONFIRMING_FRAMES: usize = 3;

/// Bytes that are searched for a frame at a time.
const SEARCH_BYTES: usize = 64 << 10;

/// Bytes that three frames of the longest kind need.
const CONFIRM_BYTES: usize = CONFIRMING_FRAMES * 5761 + FrameHeader::BYTES;

/// Where the first of several frames in a row is.
fn recognises(head: &[u8]) -> Option<usize> {
    find(head, None, true)
}

/// The header at `place`.
fn header_at(bytes: &[u8], place: usize) -> Option<FrameHeader> {
    FrameHeader::parse(*bytes.get(place..)?.first_chunk()?)
}

/// The first place in `bytes` from which frames of a stream follow each other: of the stream that `like` is of, if it is given.
///
/// When nothing comes after `bytes`, fewer frames will do if the last one ends where they end. A frame in free format counts as
/// found by itself, because nothing says where the next one is.
fn find(bytes: &[u8], like: Option<&FrameHeader>, is_all: bool) -> Option<usize> {
    memchr::memchr_iter(0xff, bytes).find(|place| {
        header_at(bytes, *place).is_some_and(|header| {
            like.is_none_or(|like| header.belongs_with(like)) && is_confirmed(bytes, *place, &header, is_all)
        })
    })
}

/// Whether frames follow the one at `place`.
fn is_confirmed(bytes: &[u8], mut place: usize, first: &FrameHeader, is_all: bool) -> bool {
    let mut header = *first;
    for _ in 1..CONFIRMING_FRAMES {
        let Some(length) = header.frame_bytes() else {
            return is_free_format(bytes, place, &header);
        };
        place += length;
        if is_all && place == bytes.len() {
            return true;
        }
        match header_at(bytes, place) {
            Some(next) if next.belongs_with(first) => header = next,
            _ => return false,
        }
    }
    true
}

/// Whether a frame without a bit rate has others of its kind behind it, at equal distances but for padding.
fn is_free_format(bytes: &[u8], place: usize, first: &FrameHeader) -> bool {
    let rest = &bytes[place..bytes.len().min(place + CONFIRM_BYTES)];
    let is_next =
        |at: usize| header_at(rest, at).is_some_and(|next| next.bitrate_kbit == 0 && next.belongs_with(first));
    memchr::memchr_iter(0xff, rest)
        .skip(1)
        .filter(|distance| is_next(*distance))
        .any(|distance| (2 * distance - 4..=2 * distance + 4).any(is_next))
}

fn scan(scan: &mut Scan<'_>) -> Result<Scanned, MediaError> {
    let start = scan.audio.start;
    let first = FrameHeader::parse(scan.window.array(start, "an MPEG audio frame")?)
        .ok_or(MediaError::Malformed { offset: start, expected: "an MPEG audio frame" })?;
    if first.bitrate_kbit == 0 {
        let instead = "encode it with a bit rate of up to 320 kbit/s";
        return Err(MediaError::Unsupported { what: "MPEG audio in free format", instead });
    }
    let mut chunks = ChunkTableBuilder::of_frames(first.frequency_hz);
    let first_bytes = first.frame_bytes().unwrap_or(0);
    let information = information::parse(&first, scan.audio_bytes(start, first_bytes)?);
    let mut place = if information.is_some() { start + first_bytes as u64 } else { start };
    while place < scan.audio.end {
        place = match frame_at(scan, place, &first)? {
            Some(length) => {
                let end = place + length as u64;
                scan.frame(&mut chunks, place..end, first.samples())?;
                end
            }
            None => resynchronise(scan, place, &first)?,
        };
    }
    if chunks.is_empty() {
        return Err(MediaError::NoFrames { offset: start });
    }
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
    })
}

/// Bytes of the frame at `place`, if a whole one of this stream is there.
fn frame_at(scan: &mut Scan<'_>, place: u64, first: &FrameHeader) -> Result<Option<usize>, MediaError> {
    let Some(header) = header_at(scan.audio_bytes(place, FrameHeader::BYTES)?, 0) else { return Ok(None) };
    let fits = |bytes: &usize| place + *bytes as u64 <= scan.audio.end;
    Ok(header.frame_bytes().filter(fits).filter(|_| header.belongs_with(first)))
}

/// The next place after the damage at `place` where frames go on; the end of the audio if nowhere.
fn resynchronise(scan: &mut Scan<'_>, place: u64, first: &FrameHeader) -> Result<u64, MediaError> {
    let end = scan.audio.end;
    let rest = scan.audio_bytes(place, 16)?;
    let cut = header_at(rest, 0).filter(|header| header.belongs_with(first)).and_then(|header| header.frame_bytes());
    if cut.is_some_and(|length| place + length as u64 > end) {
        scan.notes.add(Note::Truncated { offset: place, expected: "an MPEG audio frame" });
        return Ok(end);
    }
    if let Some(tag) = leading_tag_bytes(rest).filter(|bytes| *bytes < end - place) {
        scan.notes.skipped(place, tag);
        return Ok(place + tag);
    }
    let mut searched = place + 1;
    while searched < end {
        let bytes = scan.audio_bytes(searched, SEARCH_BYTES + CONFIRM_BYTES)?;
        let is_all = searched + bytes.len() as u64 == end;
        if let Some(found) = find(bytes, Some(first), is_all) {
            searched += found as u64;
            break;
        }
        searched = if is_all { end } else { searched + SEARCH_BYTES as u64 };
    }
    scan.notes.skipped(place, searched - place);
    Ok(searched)
}

/// Notes when the information frame has counted other frames than there are. One more or less is a habit of encoders.
fn check_count(scan: &mut Scan<'_>, claimed: Option<u64>, found: u64) {
    if let Some(claimed) = claimed.filter(|claimed| claimed.abs_diff(found) > 1) {
        scan.notes.add(Note::Contradiction { what: "the count of frames in the information frame", claimed, found });
    }
}
