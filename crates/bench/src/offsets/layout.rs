//! Which part of which file a job works on: from `size`, `filesize`, `offset` and the sizes that the files have.
//!
//! Parity: fio 3.33 when it sets its files up, before anything is written. A file that is too short is to be extended by
//! the caller to [`FileRange::size`] before the job starts.

use super::settings::Settings;
use crate::random::Generator;

/// A number of bytes or a part of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Amount {
    /// Bytes.
    Bytes(u64),
    /// Percent of the file's size.
    Percent(u32),
}

/// What a file is before the job starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// A regular file of so many bytes; 0 if there is none yet.
    Regular(u64),
    /// A device of so many bytes.
    Device(u64),
    /// Engines without a disk (`null`): any size that is asked for.
    Imaginary,
}

/// A file of the job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// The name as the engine opens it: its hash is part of the seeds of skewed distributions.
    pub name: String,
    /// What it is.
    pub target: Target,
}

/// The options that say how much of the files is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extent {
    /// `size`: bytes over all files; 0: what the files have.
    pub size: u64,
    /// Of that, so much of each file in percent (`size=N%`); 100: all.
    pub size_percent: u32,
    /// `filesize`: smallest and largest size of a file; 0: not given.
    pub file_size: (u64, u64),
    /// `io_size` in percent, 100 if not given.
    pub io_size_percent: u32,
    /// `offset`.
    pub offset: Amount,
    /// `offset_align`; `None`: the smallest block. Only for offsets in percent.
    pub offset_align: Option<u64>,
    /// `offset_increment`, times the number of the clone.
    pub offset_increment: Amount,
    /// The job's number among its clones, from 0.
    pub clone_number: u32,
    /// `file_append`.
    pub append: bool,
}

impl Extent {
    /// `size` bytes from the start of the files.
    #[must_use]
    pub const fn of_size(bytes: u64) -> Self {
        Self {
            size: bytes,
            size_percent: 100,
            file_size: (0, 0),
            io_size_percent: 100,
            offset: Amount::Bytes(0),
            offset_align: None,
            offset_increment: Amount::Bytes(0),
            clone_number: 0,
            append: false,
        }
    }
}

/// The part of a file that is used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileRange {
    /// The file's name.
    pub name: String,
    /// Bytes that the file has when the job runs; no I/O goes beyond.
    pub size: u64,
    /// First byte that is used.
    pub first: u64,
    /// Bytes that are used.
    pub length: u64,
    /// The offset options applied to the final size: where later passes start. Differs from `first` when a file grew and
    /// the offset is relative to its size.
    pub start: u64,
}

/// The files of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    /// One for each file.
    pub files: Vec<FileRange>,
    /// Bytes of one pass over all files.
    pub size: u64,
}

/// Why the options do not fit the files.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LayoutError {
    /// No files.
    #[error("a job needs at least one file")]
    NoFiles,
    /// Neither options nor files say how much there is to do.
    #[error("nothing says how much to do: set size= or filesize=, or name files that are not empty")]
    NoSize,
    /// The offset lies beyond the file.
    #[error("offset={offset} lies beyond the {size} bytes of {name}: choose a smaller offset or a larger size")]
    OffsetBeyondFile {
        /// The file.
        name: String,
        /// The offset in bytes.
        offset: u64,
        /// Bytes of the file.
        size: u64,
    },
    /// Less than one block.
    #[error("{size} bytes are less than a block of {block}: choose a larger size= or a smaller bs=")]
    LessThanABlock {
        /// Bytes there are.
        size: u64,
        /// The smallest block.
        block: u64,
    },
}

impl Layout {
    /// Applies the options to the files; `file_sizes` is the generator of [`crate::random::seeds::Purpose::FileSize`].
    ///
    /// # Errors
    /// [`LayoutError`]: what does not fit.
    pub fn new(
        extent: &Extent,
        settings: &Settings,
        files: &[File],
        file_sizes: &mut Generator,
    ) -> Result<Self, LayoutError> {
        let block = settings.smallest_block();
        let asked = extent.size;
        let count = files.len() as u64;
        if count == 0 {
            return Err(LayoutError::NoFiles);
        }
        let known: Vec<Option<u64>> = files.iter().map(|file| known_size(file.target, asked, count)).collect();
        let nothing_there = known.iter().any(Option::is_none) || known.iter().flatten().sum::<u64>() == 0;
        if nothing_there && asked == 0 && extent.file_size == (0, 0) {
            return Err(LayoutError::NoSize);
        }
        let share = asked / count;
        let mut larger_files = (asked - share * count) / block;
        let mut ranges = Vec::with_capacity(files.len());
        let mut total = 0_u64;
        for (file, known) in files.iter().zip(known) {
            let mut share_here = share;
            if larger_files > 0 && extent.file_size.0 == 0 {
                larger_files -= 1;
                share_here += block;
            }
            let (range, counted) = range_of(extent, block, file, known.unwrap_or(u64::MAX), share_here, file_sizes)?;
            ranges.push(range);
            total = total.wrapping_add(counted);
        }
        let size = if asked == 0 || (total > 0 && asked > total) { total } else { asked };
        if size < block {
            return Err(LayoutError::LessThanABlock { size, block });
        }
        Ok(Self { files: ranges, size })
    }
}

/// Bytes of a file before the job; `None`: not known and not asked for.
fn known_size(target: Target, asked: u64, count: u64) -> Option<u64> {
    match target {
        Target::Regular(bytes) | Target::Device(bytes) => Some(bytes),
        Target::Imaginary => (asked > 0).then(|| asked / count),
    }
}

/// The range of one file and the bytes that it adds to the size of a pass.
fn range_of(
    extent: &Extent,
    block: u64,
    file: &File,
    known: u64,
    share: u64,
    file_sizes: &mut Generator,
) -> Result<(FileRange, u64), LayoutError> {
    let first = start_offset(extent, block, file.target, known);
    let beyond = |size| LayoutError::OffsetBeyondFile { name: file.name.clone(), offset: first, size };
    let (low, high) = (extent.file_size.0, extent.file_size.1.max(extent.file_size.0));
    let mut length = if low == 0 {
        if share == 0 { known.checked_sub(first).ok_or_else(|| beyond(known))? } else { share }
    } else if known < low || known > high {
        if first > low {
            return Err(beyond(low));
        }
        let size = if low == high { low } else { drawn_size(low, high, block, file_sizes) };
        size.checked_sub(first).ok_or_else(|| beyond(size))?
    } else {
        known.checked_sub(first).ok_or_else(|| beyond(known))?
    };
    if !matches!(extent.size_percent, 0 | 100) {
        let whole = length + first;
        length = part(whole, extent.size_percent).min(whole - first);
        length -= length % block;
    }
    let counted = if matches!(extent.io_size_percent, 0 | 100) { length } else { part(length, extent.io_size_percent) };
    let grows = !matches!(file.target, Target::Device(_)) && length.saturating_add(first) > known;
    let size = if grows { length + first } else { known };
    let start = start_offset(extent, block, file.target, size);
    Ok((FileRange { name: file.name.clone(), size, first, length, start }, counted))
}

/// The offset options applied to a file of `size` bytes.
fn start_offset(extent: &Extent, block: u64, target: Target, size: u64) -> u64 {
    if extent.append && matches!(target, Target::Regular(_) | Target::Imaginary) {
        return size;
    }
    let bytes = |amount| match amount {
        Amount::Bytes(bytes) => bytes,
        Amount::Percent(percent) => part(size, percent),
    };
    let increment = u64::from(extent.clone_number).wrapping_mul(bytes(extent.offset_increment));
    let offset = bytes(extent.offset).wrapping_add(increment);
    let relative = |amount| matches!(amount, Amount::Percent(percent) if percent > 0);
    if !relative(extent.offset) && !relative(extent.offset_increment) {
        return offset;
    }
    let align = extent.offset_align.unwrap_or(block).max(1);
    offset.div_ceil(align).wrapping_mul(align)
}

/// `percent` of `bytes`, modulo 2⁶⁴ as fio computes it.
const fn part(bytes: u64, percent: u32) -> u64 {
    bytes.wrapping_mul(percent as u64) / 100
}

/// A size of the `filesize` range.
fn drawn_size(low: u64, high: u64, block: u64, file_sizes: &mut Generator) -> u64 {
    let size = file_sizes.below(high - low) + low;
    size - size % block
}
