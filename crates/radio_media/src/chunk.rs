//! Chunks: what of a file is sent at one time, and when.
//!
//! A chunk is a range of the file with whole frames in it, that plays for [`limits::CHUNK_MS_MIN`] or a little more. Its start and
//! its duration are counted in samples, as a listener hears them: what players leave out at the beginning and the end of an Ogg
//! stream does not count; MPEG and AAC frames, which nobody cuts in a stream, count in full.
//!
//! Formats whose framing differs from the file's have packets: the table knows where in a chunk each of them is, in two to four
//! bytes a packet.
//!
//! [`limits::CHUNK_MS_MIN`]: crate::limits::CHUNK_MS_MIN

use std::io;
use std::ops::Range;

use crate::error::MediaError;
use crate::limits::{CHUNK_BYTES_MAX, CHUNK_MS_MIN, CHUNKS_MAX, GAP_BYTES_MAX};
use crate::source::{ReadAt, read_full};

/// One chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chunk {
    /// Where it begins in the file.
    pub offset: u64,
    /// How many bytes it has there.
    pub length: u32,
    /// When it begins, in samples after the start of the song.
    pub start: u64,
    /// How many samples it plays for.
    pub samples: u32,
}

impl Chunk {
    /// Where it is in the file.
    #[must_use]
    pub const fn range(&self) -> Range<u64> {
        self.offset..self.offset + self.length as u64
    }

    /// Reads it into `buffer`, whose contents are replaced.
    ///
    /// # Errors
    /// What the source says; [`io::ErrorKind::UnexpectedEof`] when the file has become shorter.
    pub fn read(&self, source: &dyn ReadAt, buffer: &mut Vec<u8>) -> io::Result<()> {
        buffer.resize(self.length as usize, 0);
        if read_full(source, self.offset, buffer)? < buffer.len() {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the file has become shorter"));
        }
        Ok(())
    }
}

/// All chunks of a file, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChunkTable {
    sample_rate: u32,
    entries: Vec<Entry>,
    /// What lies between packets and how long they are, for formats with packets.
    layout: Vec<u8>,
    bytes_max: u32,
}

/// A chunk as it is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Entry {
    offset: u64,
    /// Sample that the next chunk begins with.
    end: u64,
    length: u32,
    /// Where its packets begin in the layout.
    layout: u32,
}

/// A part of a packet within a chunk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Part {
    /// Where in the chunk.
    pub(crate) range: Range<usize>,
    /// Whether the packet ends with it.
    pub(crate) is_last: bool,
}

impl ChunkTable {
    /// How many samples a second has.
    #[must_use]
    pub const fn sample_rate(&self) -> u32 {
        self.sample_rate
    }

    /// How many chunks there are; at least one.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Never: a file without chunks is no table.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The chunk `index`, if there is one.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<Chunk> {
        let entry = self.entries.get(index)?;
        let start = index.checked_sub(1).map_or(0, |before| self.entries[before].end);
        let samples = u32::try_from(entry.end - start).unwrap_or(u32::MAX);
        Some(Chunk { offset: entry.offset, length: entry.length, start, samples })
    }

    /// The chunk `index`.
    ///
    /// # Panics
    /// When there are not as many.
    #[must_use]
    pub fn chunk(&self, index: usize) -> Chunk {
        self.get(index).expect("the caller stays below the number of chunks")
    }

    /// Every chunk.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Chunk> + '_ {
        (0..self.len()).map(|index| self.chunk(index))
    }

    /// All samples together.
    #[must_use]
    pub fn samples(&self) -> u64 {
        self.entries.last().map_or(0, |entry| entry.end)
    }

    /// The chunk in which `sample` is heard; the last one for samples after the end.
    #[must_use]
    pub fn at_sample(&self, sample: u64) -> usize {
        if sample == 0 {
            // A first chunk of which nothing is heard is needed by decoders all the same.
            return 0;
        }
        self.entries.partition_point(|entry| entry.end <= sample).min(self.entries.len().saturating_sub(1))
    }

    /// Bytes of the longest chunk.
    #[must_use]
    pub const fn chunk_bytes_max(&self) -> u32 {
        self.bytes_max
    }

    /// Bytes of memory that the table takes.
    #[must_use]
    pub const fn memory_bytes(&self) -> usize {
        self.entries.capacity() * size_of::<Entry>() + self.layout.capacity()
    }

    /// The parts of the packets of the chunk `index`; none for formats without packets.
    pub(crate) fn parts(&self, index: usize) -> Parts<'_> {
        let start = self.entries[index].layout as usize;
        let end = self.entries.get(index + 1).map_or(self.layout.len(), |next| next.layout as usize);
        Parts { layout: &self.layout[start..end], position: 0 }
    }
}

/// Goes through the parts of a chunk's packets.
#[derive(Clone)]
pub(crate) struct Parts<'a> {
    layout: &'a [u8],
    position: usize,
}

impl Iterator for Parts<'_> {
    type Item = Part;

    fn next(&mut self) -> Option<Part> {
        let gap = take_number(&mut self.layout)?;
        let length_and_last = take_number(&mut self.layout)?;
        let start = self.position + gap as usize;
        self.position = start + (length_and_last >> 1) as usize;
        Some(Part { range: start..self.position, is_last: length_and_last & 1 == 1 })
    }
}

/// Appends a number in groups of seven bits, the lowest first.
fn put_number(mut number: u32, layout: &mut Vec<u8>) {
    while number >= 0x80 {
        layout.push(number.to_le_bytes()[0] | 0x80);
        number >>= 7;
    }
    layout.push(number.to_le_bytes()[0]);
}

/// Takes a number from the front.
fn take_number(layout: &mut &[u8]) -> Option<u32> {
    let mut number = 0;
    for shift in (0..35).step_by(7) {
        let (&byte, rest) = layout.split_first()?;
        *layout = rest;
        number |= u32::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

/// Makes a table of frames or packets in the order in which they are played.
#[derive(Debug)]
pub(crate) struct ChunkTableBuilder {
    table: ChunkTable,
    /// Whether packets are recorded.
    packets: bool,
    /// A chunk with as many samples is complete.
    enough: u64,
    /// Samples so far, as they are decoded.
    decoded: u64,
    /// The chunk that grows, if one does.
    open: Option<Open>,
}

/// A chunk that grows.
#[derive(Debug)]
struct Open {
    offset: u64,
    /// Where its last frame ends.
    end: u64,
    layout: u32,
    samples: u64,
    segments: u32,
}

/// Segments of an Ogg page: a packet of `n` bytes has `n / 255 + 1`.
const PAGE_SEGMENTS: u32 = 255;

impl ChunkTableBuilder {
    /// A table of frames that are sent as they stand in the file.
    pub(crate) fn of_frames(sample_rate: u32) -> Self {
        Self::new(sample_rate, false)
    }

    /// A table of packets that get a framing of their own.
    pub(crate) fn of_packets(sample_rate: u32) -> Self {
        Self::new(sample_rate, true)
    }

    fn new(sample_rate: u32, packets: bool) -> Self {
        let table = ChunkTable { sample_rate, entries: Vec::new(), layout: Vec::new(), bytes_max: 0 };
        let enough = u64::from(sample_rate) * u64::from(CHUNK_MS_MIN) / 1000;
        Self { table, packets, enough, decoded: 0, open: None }
    }

    /// Samples that were added.
    pub(crate) const fn decoded(&self) -> u64 {
        self.decoded
    }

    /// Whether nothing was added.
    pub(crate) fn is_empty(&self) -> bool {
        self.open.is_none() && self.table.entries.is_empty()
    }

    /// Adds a frame, or a packet, that is `range` of the file.
    pub(crate) fn frame(&mut self, range: Range<u64>, samples: u32) -> Result<(), MediaError> {
        self.packet(&[range], samples)
    }

    /// Adds a packet whose bytes are at `parts` of the file, in this order.
    pub(crate) fn packet(&mut self, parts: &[Range<u64>], samples: u32) -> Result<(), MediaError> {
        let (Some(first), Some(last)) = (parts.first(), parts.last()) else {
            return Ok(());
        };
        let bytes: u64 = parts.iter().map(|part| part.end - part.start).sum();
        let spread = last.end.saturating_sub(first.start);
        if spread > u64::from(CHUNK_BYTES_MAX) {
            return Err(MediaError::TooLarge {
                offset: first.start,
                what: "a packet",
                unit: "bytes",
                found: spread,
                limit: CHUNK_BYTES_MAX.into(),
            });
        }
        let segments = u32::try_from(bytes / 255 + 1).unwrap_or(u32::MAX);
        if !self.has_room(first.start, last.end, segments) {
            self.close()?;
        }
        if self.open.is_none() {
            self.begin(first.start)?;
        }
        let Some(open) = &mut self.open else { return Ok(()) };
        if self.packets {
            for (index, part) in parts.iter().enumerate() {
                let gap = u32::try_from(part.start - open.end).unwrap_or(u32::MAX);
                let length = u32::try_from(part.end - part.start).unwrap_or(u32::MAX >> 1);
                put_number(gap, &mut self.table.layout);
                put_number(length << 1 | u32::from(index + 1 == parts.len()), &mut self.table.layout);
                open.end = part.end;
            }
        }
        open.end = last.end;
        open.segments += segments;
        open.samples += u64::from(samples);
        self.decoded += u64::from(samples);
        if open.samples >= self.enough {
            self.close()?;
        }
        Ok(())
    }

    /// Whether a packet at `start..end` can go into the chunk that grows.
    fn has_room(&self, start: u64, end: u64, segments: u32) -> bool {
        let Some(open) = &self.open else { return true };
        let gap_max = if self.packets { GAP_BYTES_MAX } else { 0 };
        open.end <= start
            && start - open.end <= gap_max
            && end - open.offset <= u64::from(CHUNK_BYTES_MAX)
            && (!self.packets || open.segments + segments <= PAGE_SEGMENTS)
    }

    fn begin(&mut self, offset: u64) -> Result<(), MediaError> {
        if self.table.entries.len() >= CHUNKS_MAX {
            let (what, unit) = ("the song", "chunks");
            let limit = CHUNKS_MAX as u64;
            return Err(MediaError::TooLarge { offset, what, unit, found: limit + 1, limit });
        }
        let layout = u32::try_from(self.table.layout.len()).map_err(|_| MediaError::TooLarge {
            offset,
            what: "the song",
            unit: "bytes of packet lengths",
            found: self.table.layout.len() as u64,
            limit: u32::MAX.into(),
        })?;
        self.open = Some(Open { offset, end: offset, layout, samples: 0, segments: 0 });
        Ok(())
    }

    /// Ends the chunk that grows.
    fn close(&mut self) -> Result<(), MediaError> {
        let Some(open) = self.open.take() else { return Ok(()) };
        let length = u32::try_from(open.end - open.offset).unwrap_or(u32::MAX);
        let Open { offset, layout, .. } = open;
        self.table.bytes_max = self.table.bytes_max.max(length);
        self.table.entries.push(Entry { offset, end: self.decoded, length, layout });
        Ok(())
    }

    /// The table, of which players leave out the first `skipped` samples and all after `samples_max` others.
    pub(crate) fn finish(mut self, skipped: u64, samples_max: Option<u64>) -> Result<ChunkTable, MediaError> {
        self.close()?;
        let samples_max = samples_max.unwrap_or(u64::MAX);
        for entry in &mut self.table.entries {
            entry.end = entry.end.saturating_sub(skipped).min(samples_max);
        }
        self.table.entries.shrink_to_fit();
        self.table.layout.shrink_to_fit();
        Ok(self.table)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_joined_until_they_play_long_enough() {
        let mut builder = ChunkTableBuilder::of_frames(44_100);
        for index in 0..10 {
            builder.frame(100 + index * 400..100 + (index + 1) * 400, 1152).unwrap();
        }
        let table = builder.finish(0, None).unwrap();
        assert_eq!(table.len(), 3, "four frames play for 104 ms");
        assert_eq!(table.chunk(1), Chunk { offset: 1700, length: 1600, start: 4608, samples: 4608 });
        assert_eq!(table.chunk(2), Chunk { offset: 3300, length: 800, start: 9216, samples: 2304 });
        assert_eq!((table.samples(), table.chunk_bytes_max()), (11_520, 1600));
        assert_eq!([0, 4607, 4608, 11_519, 11_520, u64::MAX].map(|sample| table.at_sample(sample)), [0, 0, 1, 2, 2, 2]);
        assert_eq!(table.parts(0).next(), None);
    }

    #[test]
    fn a_gap_between_frames_begins_a_new_chunk() {
        let mut builder = ChunkTableBuilder::of_frames(44_100);
        builder.frame(0..400, 1152).unwrap();
        builder.frame(401..801, 1152).unwrap();
        let table = builder.finish(0, None).unwrap();
        assert_eq!((table.chunk(0).range(), table.chunk(1).range()), (0..400, 401..801));
    }

    #[test]
    fn packets_are_found_again_within_their_chunk() {
        let mut builder = ChunkTableBuilder::of_packets(48_000);
        builder.frame(10..200, 960).unwrap();
        builder.packet(&[227..500, 530..531, 600..600], 960).unwrap();
        builder.frame(500 + GAP_BYTES_MAX * 2..501 + GAP_BYTES_MAX * 2, 960).unwrap();
        builder.frame(3..9, 960).unwrap();
        let table = builder.finish(0, None).unwrap();
        assert_eq!(table.len(), 3, "a large gap, and a step back, begin a chunk");
        let parts: Vec<_> = table.parts(0).map(|part| (part.range, part.is_last)).collect();
        assert_eq!(parts, [(0..190, true), (217..490, false), (520..521, false), (590..590, true)]);
        assert_eq!(table.parts(2).collect::<Vec<_>>(), [Part { range: 0..6, is_last: true }]);
        assert_eq!(table.chunk(0).length, 590);
    }

    #[test]
    fn a_chunk_of_packets_fits_into_a_page() {
        let mut builder = ChunkTableBuilder::of_packets(48_000);
        for index in 0..3 {
            builder.frame(index * 30_000..(index + 1) * 30_000, 10).unwrap();
        }
        builder.frame(90_000..900_000, 10).unwrap();
        let table = builder.finish(0, None).unwrap();
        let lengths: Vec<_> = table.iter().map(|chunk| chunk.length).collect();
        assert_eq!(lengths, [60_000, 30_000, 810_000], "only a single packet is longer than a page");
    }

    #[test]
    fn what_players_leave_out_takes_no_time() {
        let mut builder = ChunkTableBuilder::of_packets(48_000);
        for index in 0..4 {
            builder.frame(index * 10..index * 10 + 10, 4800).unwrap();
        }
        let table = builder.finish(5000, Some(12_000)).unwrap();
        let times: Vec<_> = table.iter().map(|chunk| (chunk.start, chunk.samples)).collect();
        assert_eq!(times, [(0, 0), (0, 4600), (4600, 4800), (9400, 2600)]);
        assert_eq!(table.samples(), 12_000);
        assert_eq!([0, 1].map(|sample| table.at_sample(sample)), [0, 1], "the start is the first chunk, heard or not");
    }

    #[test]
    fn limits_hold() {
        let mut builder = ChunkTableBuilder::of_packets(48_000);
        let error = builder.frame(0..u64::from(CHUNK_BYTES_MAX) + 1, 1).unwrap_err();
        assert!(matches!(error, MediaError::TooLarge { what: "a packet", .. }));
    }
}
