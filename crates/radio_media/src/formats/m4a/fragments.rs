//! Fragmented files: frames are described by `moof` boxes between them instead of by the `moov` box. Recorders and downloaders write
//! them.
//!
//! Specification: ISO/IEC 14496-12 §8.8.

use std::ops::Range;

use super::boxes::{BoxHeader, FoundBox, Kind, long_number, number};
use super::track::Track;
use crate::error::{MediaError, Note};
use crate::formats::Scan;
use crate::limits::{FRAGMENT_BYTES_MAX, MP4_SAMPLES_MAX};

/// Fields of a `tfhd` box that may be missing, by flag and size, in their order.
const HEADER_FIELDS: [(u32, usize); 5] = [(0x01, 8), (0x02, 4), (0x08, 4), (0x10, 4), (0x20, 4)];
const HEADER_BASE: u32 = 0x01;
const HEADER_SIZE: u32 = 0x10;

const RUN_OFFSET: u32 = 0x01;
const RUN_FIRST_FLAGS: u32 = 0x04;
/// Fields of each sample in a `trun` box: duration, size, flags, composition time.
const RUN_FIELDS: [u32; 4] = [0x100, 0x200, 0x400, 0x800];
const RUN_SIZE: u32 = 0x200;

/// What is done with the place of a frame; false if the rest of its run cannot be there either.
type EachFrame<'a> = dyn FnMut(Range<u64>) -> Result<bool, MediaError> + 'a;

/// Calls `frame` with the place of every frame of the track, in the order of the file from `place` on. Places are not collected: a
/// few bytes can claim millions.
pub(super) fn read(
    scan: &mut Scan<'_>,
    mut place: u64,
    movie: &FoundBox<'_>,
    track: &Track<'_>,
    mut frame: impl FnMut(&mut Scan<'_>, Range<u64>) -> Result<bool, MediaError>,
) -> Result<(), MediaError> {
    let default_size = default_size(movie, track.id).unwrap_or(0);
    let mut count = 0;
    while place < scan.audio.end {
        let rest = scan.audio.end - place;
        let Some(found) = BoxHeader::parse(scan.audio_bytes(place, BoxHeader::BYTES_MAX)?, rest) else {
            scan.notes.add(Note::Truncated { offset: place, expected: "a box of MP4" });
            return Ok(());
        };
        if found.kind == *b"moof" {
            let length = found.bytes - found.header_bytes;
            if length > FRAGMENT_BYTES_MAX {
                let (what, unit, limit) = ("a moof box", "bytes", FRAGMENT_BYTES_MAX);
                return Err(MediaError::TooLarge { offset: place, what, unit, found: length, limit });
            }
            let content = place + found.header_bytes;
            let bytes = scan.window.copy(content, usize::try_from(length).unwrap_or(usize::MAX), "a moof box")?;
            let fragment = FoundBox { kind: found.kind, content: &bytes, offset: content };
            let mut each = |range: Range<u64>| {
                count += 1;
                if count > MP4_SAMPLES_MAX {
                    let (what, unit, limit) = ("the track", "samples", MP4_SAMPLES_MAX.into());
                    let (offset, found) = (content, count.into());
                    return Err(MediaError::TooLarge { offset, what, unit, found, limit });
                }
                frame(scan, range)
            };
            collect(&fragment, place, track.id, default_size, &mut each)?;
        }
        place += found.bytes;
    }
    Ok(())
}

/// The size of samples that fragments of the track do not say, from `mvex`.
fn default_size(movie: &FoundBox<'_>, track: u32) -> Option<u32> {
    let defaults = movie.child(b"mvex")?;
    let entry = defaults.children().find(|child| child.kind == *b"trex" && number(child.content, 4) == Some(track))?;
    number(entry.content, 16)
}

/// The frames of a track in a `moof` box that begins at `start` of the file.
fn collect(
    fragment: &FoundBox<'_>,
    start: u64,
    track: u32,
    default_size: u32,
    each: &mut EachFrame<'_>,
) -> Result<(), MediaError> {
    let is = |kind: &'static Kind| move |child: &FoundBox<'_>| child.kind == *kind;
    for part in fragment.children().filter(is(b"traf")) {
        let Some(header) = part.child(b"tfhd").filter(|header| number(header.content, 4) == Some(track)) else {
            continue;
        };
        let flags = number(header.content, 0).unwrap_or(0);
        let field = |wanted: u32| {
            let before = HEADER_FIELDS.iter().take_while(|(flag, _)| *flag != wanted);
            let place = before.filter(|(flag, _)| flags & flag != 0).fold(8, |place, (_, bytes)| place + bytes);
            (flags & wanted != 0).then_some(place)
        };
        let base = field(HEADER_BASE).and_then(|place| long_number(header.content, place)).unwrap_or(start);
        let size = field(HEADER_SIZE).and_then(|place| number(header.content, place)).unwrap_or(default_size);
        let mut place = base;
        for run in part.children().filter(is(b"trun")) {
            place = collect_run(&run, base, place, size, each)?;
        }
    }
    Ok(())
}

/// The frames of a `trun` box, the first of them at `place` unless the box says where; returns where the next one is.
fn collect_run(
    run: &FoundBox<'_>,
    base: u64,
    place: u64,
    size: u32,
    each: &mut EachFrame<'_>,
) -> Result<u64, MediaError> {
    let flags = number(run.content, 0).unwrap_or(0);
    let count = number(run.content, 4).unwrap_or(0);
    let mut fields = 8;
    let mut place = place;
    if flags & RUN_OFFSET != 0 {
        let offset = number(run.content, fields).unwrap_or(0).cast_signed();
        place = base.saturating_add_signed(offset.into());
        fields += 4;
    }
    if flags & RUN_FIRST_FLAGS != 0 {
        fields += 4;
    }
    let sample_bytes = 4 * RUN_FIELDS.iter().filter(|field| flags & **field != 0).count();
    let size_place = if flags & RUN_FIELDS[0] != 0 { 4 } else { 0 };
    for index in 0..count as usize {
        let sample = fields + index * sample_bytes;
        let size = if flags & RUN_SIZE == 0 { Some(size) } else { number(run.content, sample + size_place) };
        // A table that ends early, or samples without a size, would never end.
        let Some(size) = size.filter(|size| *size > 0 && sample + sample_bytes <= run.content.len()) else { break };
        let end = place.saturating_add(size.into());
        if !each(place..end)? {
            break;
        }
        place = end;
    }
    Ok(place)
}
