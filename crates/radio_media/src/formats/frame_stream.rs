//! Formats that are frames in a row, each with a header that says how long it is: finding the first one, and the next one after
//! damage.
//!
//! Such frames have no checksum that is always there. One is believed when others of its stream follow it: three when frames are
//! looked for, none as long as each begins where the one before it ends.

use super::Scan;
use super::surroundings::leading_tag_bytes;
use crate::chunk::ChunkTableBuilder;
use crate::error::{MediaError, Note};

/// The header of a frame.
pub(super) trait FrameHeader: Copy {
    /// Bytes that say everything about a frame.
    const BYTES: usize;
    /// Bytes of the longest frame.
    const FRAME_BYTES_MAX: usize;
    /// What a frame is called.
    const FRAME: &'static str;

    /// The header that `bytes` begin with, if they do with one.
    fn parse(bytes: &[u8]) -> Option<Self>;
    /// Bytes of the frame with its header; none where no field says it.
    fn frame_bytes(&self) -> Option<usize>;
    /// Bytes of the header, which are no payload for the hash.
    fn unhashed_bytes(&self) -> usize;
    /// Samples that the frame decodes to.
    fn samples(&self) -> u32;
    /// Whether both can be frames of one stream.
    fn belongs_with(&self, other: &Self) -> bool;
    /// Whether a frame that does not say how long it is can be believed, from the bytes that begin with it.
    fn is_believed_without_length(&self, _bytes: &[u8]) -> bool {
        false
    }
}

/// Frames that have to follow each other to be believed.
const CONFIRMING_FRAMES: usize = 3;

/// Bytes that are searched for a frame at a time.
const SEARCH_BYTES: usize = 64 << 10;

/// The header at `place`.
fn header_at<H: FrameHeader>(bytes: &[u8], place: usize) -> Option<H> {
    H::parse(bytes.get(place..)?)
}

/// The first place in `bytes` from which frames of a stream follow each other: of the stream that `like` is of, if it is given.
///
/// When nothing comes after `bytes`, fewer frames will do if the last one ends where they end.
pub(super) fn find<H: FrameHeader>(bytes: &[u8], like: Option<&H>, is_all: bool) -> Option<usize> {
    memchr::memchr_iter(0xff, bytes).find(|place| {
        header_at::<H>(bytes, *place).is_some_and(|header| {
            like.is_none_or(|like| header.belongs_with(like)) && is_confirmed(bytes, *place, &header, is_all)
        })
    })
}

/// Whether frames follow the one at `place`.
fn is_confirmed<H: FrameHeader>(bytes: &[u8], mut place: usize, first: &H, is_all: bool) -> bool {
    let mut header = *first;
    for _ in 1..CONFIRMING_FRAMES {
        let Some(length) = header.frame_bytes() else {
            return header.is_believed_without_length(&bytes[place..]);
        };
        place += length;
        if is_all && place == bytes.len() {
            return true;
        }
        match header_at::<H>(bytes, place) {
            Some(next) if next.belongs_with(first) => header = next,
            _ => return false,
        }
    }
    true
}

/// Adds every frame of the stream of `first`, from `place` on, to the table and to the hash.
pub(super) fn read<H: FrameHeader>(
    scan: &mut Scan<'_>,
    mut place: u64,
    first: &H,
    chunks: &mut ChunkTableBuilder,
) -> Result<(), MediaError> {
    let start = place;
    while place < scan.audio.end {
        place = match frame_at(scan, place, first)? {
            Some((header, length)) => {
                let payload = scan.window.exactly(place, length, H::FRAME)?;
                scan.hash.add(payload.get(header.unhashed_bytes()..).unwrap_or_default());
                let end = place + length as u64;
                chunks.frame(place..end, header.samples())?;
                end
            }
            None => resynchronise(scan, place, first)?,
        };
    }
    if chunks.is_empty() { Err(MediaError::NoFrames { offset: start }) } else { Ok(()) }
}

/// The frame at `place` and how long it is, if a whole one of this stream is there.
fn frame_at<H: FrameHeader>(scan: &mut Scan<'_>, place: u64, first: &H) -> Result<Option<(H, usize)>, MediaError> {
    let Some(header) = header_at::<H>(scan.audio_bytes(place, H::BYTES)?, 0) else { return Ok(None) };
    let fits = |bytes: &usize| place + *bytes as u64 <= scan.audio.end;
    let length = header.frame_bytes().filter(fits).filter(|_| header.belongs_with(first));
    Ok(length.map(|length| (header, length)))
}

/// The next place after the damage at `place` where frames go on; the end of the audio if nowhere.
fn resynchronise<H: FrameHeader>(scan: &mut Scan<'_>, place: u64, first: &H) -> Result<u64, MediaError> {
    let end = scan.audio.end;
    let rest = scan.audio_bytes(place, 16)?;
    let cut =
        header_at::<H>(rest, 0).filter(|header| header.belongs_with(first)).and_then(|header| header.frame_bytes());
    if cut.is_some_and(|length| place + length as u64 > end) {
        scan.notes.add(Note::Truncated { offset: place, expected: H::FRAME });
        return Ok(end);
    }
    if let Some(tag) = leading_tag_bytes(rest).filter(|bytes| *bytes < end - place) {
        scan.notes.skipped(place, tag);
        return Ok(place + tag);
    }
    let confirm_bytes = CONFIRMING_FRAMES * H::FRAME_BYTES_MAX + H::BYTES;
    let mut searched = place + 1;
    while searched < end {
        let bytes = scan.audio_bytes(searched, SEARCH_BYTES + confirm_bytes)?;
        let is_all = searched + bytes.len() as u64 >= end;
        if let Some(found) = find(bytes, Some(first), is_all) {
            searched += found as u64;
            break;
        }
        searched = if is_all { end } else { searched + SEARCH_BYTES as u64 };
    }
    scan.notes.skipped(place, searched - place);
    Ok(searched)
}
