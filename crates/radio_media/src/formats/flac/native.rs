//! FLAC in its own container: metadata blocks, then frames.
//!
//! No header says how long a frame is. It ends where the next one begins, whose header has a checksum, and its own checksum has to
//! be right there: both together are never found by accident.
//!
//! Cost: one search for sync codes and one CRC-16 over the file, both with vector instructions.
//!
//! Specification: RFC 9639 §8 and §9.

use crc_fast::{CrcAlgorithm, Digest};
use lofty::file::FileType;

use super::frame::{FrameHeader, HEADER_BYTES_MAX, StreamInformation};
use crate::chunk::ChunkTableBuilder;
use crate::error::{MediaError, Note};
use crate::formats::Scan;
use crate::limits::{FLAC_BLOCKS_MAX, FLAC_FRAME_BYTES_MAX, FLAC_SEARCH_FACTOR_MAX};
use crate::tags::TagSource;

/// Bytes in which the end of a frame is looked for at first.
const SEARCH_BYTES: usize = 16 << 10;

/// What a file begins with.
pub(super) const SIGNATURE: &[u8; 4] = b"fLaC";

/// Every frame of the file.
pub(super) fn read(scan: &mut Scan<'_>) -> Result<(StreamInformation, ChunkTableBuilder, TagSource), MediaError> {
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
    Ok((stream, chunks, TagSource::File(FileType::Flac)))
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
