//! Where the frames of a track are: the sample sizes, the chunks that they are in, and the offsets of these.

use std::ops::Range;

use super::boxes::{FoundBox, long_number, number};
use crate::error::MediaError;
use crate::limits::MP4_SAMPLES_MAX;

/// The boxes that say it.
#[derive(Debug)]
pub(super) struct SampleTableBoxes<'a> {
    sizes: FoundBox<'a>,
    chunk_runs: FoundBox<'a>,
    offsets: FoundBox<'a>,
}

impl<'a> SampleTableBoxes<'a> {
    pub(super) fn find(table: &FoundBox<'a>) -> Result<Self, MediaError> {
        let malformed = |expected| MediaError::Malformed { offset: table.offset, expected };
        let one_of =
            |kinds: [&[u8; 4]; 2]| table.children().find(|child| kinds.iter().any(|kind| child.kind == **kind));
        Ok(Self {
            sizes: one_of([b"stsz", b"stz2"]).ok_or(malformed("sample sizes (stsz or stz2) of MP4"))?,
            chunk_runs: table.child(b"stsc").ok_or(malformed("a sample-to-chunk box (stsc) of MP4"))?,
            offsets: one_of([b"stco", b"co64"]).ok_or(malformed("chunk offsets (stco or co64) of MP4"))?,
        })
    }
}

/// Where the frames of a track are.
#[derive(Debug)]
pub(super) struct SampleTable<'a> {
    sizes: Sizes<'a>,
    count: u32,
    runs: &'a [u8],
    runs_offset: u64,
    offsets: &'a [u8],
    offset_bytes: usize,
}

/// Sample sizes as they are kept.
#[derive(Debug, Clone, Copy)]
enum Sizes<'a> {
    All(u32),
    /// So many bits each.
    Table(&'a [u8], u8),
}

impl Sizes<'_> {
    fn size(&self, index: u32) -> u32 {
        let byte = |bytes: &[u8], place: usize| bytes.get(place).copied().map_or(0, u32::from);
        let index = index as usize;
        match *self {
            Self::All(size) => size,
            Self::Table(bytes, 4) => byte(bytes, index / 2) >> (if index.is_multiple_of(2) { 4 } else { 0 }) & 15,
            Self::Table(bytes, 8) => byte(bytes, index),
            Self::Table(bytes, 16) => byte(bytes, 2 * index) << 8 | byte(bytes, 2 * index + 1),
            Self::Table(bytes, _) => number(bytes, 4 * index).unwrap_or(0),
        }
    }
}

impl<'a> SampleTable<'a> {
    /// Checks the boxes against what they claim.
    pub(super) fn parse(boxes: &SampleTableBoxes<'a>) -> Result<Self, MediaError> {
        let (sizes, count) = sizes(&boxes.sizes)?;
        let runs = table(&boxes.chunk_runs, 4, 96)?;
        let offset_bytes = if boxes.offsets.kind == *b"co64" { 8 } else { 4 };
        let offsets = table(&boxes.offsets, 4, 8 * offset_bytes as u64)?;
        Ok(Self { sizes, count, runs, runs_offset: boxes.chunk_runs.offset, offsets, offset_bytes })
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Where each sample is in the file.
    pub(super) fn samples(&self) -> impl Iterator<Item = Result<Range<u64>, MediaError>> + '_ {
        let chunks = self.offsets.len() / self.offset_bytes;
        let mut next = 0;
        let mut runs = Runs { table: self.runs, run: 0 };
        (0..chunks).flat_map(move |chunk| {
            let start = if self.offset_bytes == 8 {
                long_number(self.offsets, 8 * chunk)
            } else {
                number(self.offsets, 4 * chunk).map(u64::from)
            };
            let in_chunk = runs.samples(chunk).min(self.count - next);
            let first = next;
            next += in_chunk;
            let mut place = start.unwrap_or(u64::MAX);
            let expected = "a number of samples for each chunk (stsc) of MP4";
            let problem = in_chunk == 0 && first < self.count;
            let error = problem.then_some(Err(MediaError::Malformed { offset: self.runs_offset, expected }));
            let samples = (first..next).map(move |index| {
                let range = place..place.saturating_add(self.sizes.size(index).into());
                place = range.end;
                Ok(range)
            });
            error.into_iter().chain(samples)
        })
    }
}

/// How many samples chunks have: entries of first chunk, samples in each, description.
struct Runs<'a> {
    table: &'a [u8],
    run: usize,
}

impl Runs<'_> {
    /// Samples of the chunk `chunk`, counted from zero; asked for in ascending order.
    fn samples(&mut self, chunk: usize) -> u32 {
        let first = |run: usize| number(self.table, 12 * run).and_then(|first| usize::try_from(first).ok());
        while first(self.run + 1).is_some_and(|next| next <= chunk + 1) {
            self.run += 1;
        }
        match first(self.run) {
            Some(begin) if begin <= chunk + 1 => number(self.table, 12 * self.run + 4).unwrap_or(0),
            _ => 0,
        }
    }
}

/// The sizes and how many there are.
fn sizes<'a>(found: &FoundBox<'a>) -> Result<(Sizes<'a>, u32), MediaError> {
    let expected = "sample sizes (stsz or stz2) of MP4";
    let malformed = MediaError::Malformed { offset: found.offset, expected };
    let (Some(size), Some(count)) = (number(found.content, 4), number(found.content, 8)) else { return Err(malformed) };
    if count > MP4_SAMPLES_MAX {
        return Err(MediaError::TooLarge {
            offset: found.offset,
            what: "the track",
            unit: "samples",
            found: count.into(),
            limit: MP4_SAMPLES_MAX.into(),
        });
    }
    if found.kind == *b"stsz" && size != 0 {
        return Ok((Sizes::All(size), count));
    }
    let bits = if found.kind == *b"stsz" { 32 } else { size.to_le_bytes()[0] };
    if ![4, 8, 16, 32].contains(&bits) {
        return Err(malformed);
    }
    Ok((Sizes::Table(table(found, 8, bits.into())?, bits), count))
}

/// The entries of a table whose count stands at `place`, each of `bits`.
fn table<'a>(found: &FoundBox<'a>, place: usize, bits: u64) -> Result<&'a [u8], MediaError> {
    let malformed = |expected| MediaError::Malformed { offset: found.offset, expected };
    let count = number(found.content, place).ok_or(malformed("a count of entries of MP4"))?;
    let bytes = usize::try_from((u64::from(count) * bits).div_ceil(8)).unwrap_or(usize::MAX);
    let entries = found.content.get(place + 4..).and_then(|rest| rest.get(..bytes));
    entries.ok_or(malformed("as many entries as a table of MP4 claims"))
}
