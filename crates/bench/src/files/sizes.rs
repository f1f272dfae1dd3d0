//! Which part of each file is the job's: arithmetic, no system calls.
//!
//! Parity: fio's `setup_files`, down to the order in which sizes are rounded.

use std::path::Path;

use super::{FileError, FileKind, FileSettings, LayOut, SizeSettings};

/// The job's part of a file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Extent {
    /// Where it begins.
    pub offset: u64,
    /// How long it is.
    pub length_bytes: u64,
    /// How large the file is, once it is laid out.
    pub file_bytes: u64,
}

impl Extent {
    /// Where it ends.
    #[must_use]
    pub fn end(self) -> u64 {
        self.offset.saturating_add(self.length_bytes)
    }
}

/// A file as it was found.
#[derive(Debug, Clone, Copy)]
pub struct Found<'f> {
    /// Its name.
    pub path: &'f Path,
    /// What it is.
    pub kind: FileKind,
    /// Its size; `None` where there is no such thing.
    pub bytes: Option<u64>,
}

/// What becomes of one file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FilePlan {
    /// The job's part.
    pub extent: Extent,
    /// Whether it has to be laid out first.
    pub extends: bool,
}

/// What becomes of the files of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobPlan {
    /// One entry a file.
    pub files: Vec<FilePlan>,
    /// Bytes of all parts together: one pass of the job.
    pub size_bytes: u64,
    /// Bytes that the job moves in one loop: `io_size` if it is given, else the size.
    pub io_bytes: u64,
    /// What is laid out.
    pub lay_out: LayOut,
}

/// Decides which part of each file is the job's. `random` gives a number in `0..1`, for sizes out of a range.
///
/// # Errors
/// When there is no size, an offset lies behind the end, or no block fits.
pub fn plan(
    settings: &FileSettings,
    found: &[Found<'_>],
    random: &mut dyn FnMut() -> f64,
) -> Result<JobPlan, FileError> {
    let size = &settings.size;
    check_size(size, found)?;
    let mut shares = Shares::new(size);
    let mut files = Vec::with_capacity(found.len());
    let (mut total, mut lay_out) = (0_u64, LayOut::default());
    for file in found {
        let planned = plan_file(settings, file, &mut shares, random)?;
        let percent = u64::from(if size.io_size_percent == 0 { 100 } else { size.io_size_percent });
        total = total.saturating_add(of_hundred(planned.extent.length_bytes, percent));
        if planned.extends {
            lay_out.file_count += 1;
            lay_out.bytes += planned.extent.end();
        }
        files.push(planned);
    }
    let size_bytes = if size.size_bytes == 0 || total > 0 && size.size_bytes > total { total } else { size.size_bytes };
    if size_bytes < size.block_bytes_min && size.does_io {
        return Err(FileError::BlockTooLarge { block_bytes: size.block_bytes_min, bytes: size_bytes });
    }
    let io_bytes = if size.io_size_bytes > 0 { size.io_size_bytes } else { size_bytes };
    Ok(JobPlan { files, size_bytes, io_bytes, lay_out })
}

fn check_size(size: &SizeSettings, found: &[Found<'_>]) -> Result<(), FileError> {
    let total = found.iter().try_fold(0_u64, |total, file| Some(total.saturating_add(file.bytes?)));
    let given = size.size_bytes > 0 || size.fill_device || size.file_bytes_low > 0 || size.file_bytes_high > 0;
    if matches!(total, None | Some(0)) && !given && size.does_io { Err(FileError::SizeMissing) } else { Ok(()) }
}

/// Equal shares of `size` for the files. Blocks that are left over go to the first ones.
struct Shares {
    share: u64,
    extra_count: u64,
    block_bytes: u64,
}

impl Shares {
    fn new(size: &SizeSettings) -> Self {
        let count = u64::from(size.file_count.max(1));
        let block_bytes = size.block_bytes_min.max(1);
        let share = size.size_bytes / count;
        Self { share, extra_count: (size.size_bytes - share * count) / block_bytes, block_bytes }
    }

    fn next(&mut self) -> u64 {
        if self.extra_count == 0 {
            return self.share;
        }
        self.extra_count -= 1;
        self.share + self.block_bytes
    }
}

fn plan_file(
    settings: &FileSettings,
    file: &Found<'_>,
    shares: &mut Shares,
    random: &mut dyn FnMut() -> f64,
) -> Result<FilePlan, FileError> {
    let size = &settings.size;
    // What has no size of its own is as large as its share.
    let bytes = file.bytes.unwrap_or(size.size_bytes / u64::from(size.file_count.max(1)));
    let offset = start_offset(size, file.kind, bytes);
    let behind = || FileError::Offset { path: file.path.to_owned(), offset, bytes };
    let mut length_bytes = if size.file_bytes_low == 0 {
        match shares.next() {
            0 => bytes.checked_sub(offset).ok_or_else(behind)?,
            share => share,
        }
    } else if (size.file_bytes_low..=size.file_bytes_high).contains(&bytes) {
        bytes.checked_sub(offset).ok_or_else(behind)?
    } else {
        size_in_range(size, random).checked_sub(offset).ok_or_else(behind)?
    };
    if size.size_percent > 0 && size.size_percent != 100 {
        let whole = length_bytes.saturating_add(offset);
        length_bytes = of_hundred(whole, u64::from(size.size_percent)).min(length_bytes);
        length_bytes -= length_bytes % size.block_bytes_min.max(1);
    }
    // A device, and a target of the network, is as large as it is: the part ends where it does.
    let fixed = file.kind == FileKind::Block || !settings.uses_files && file.bytes.is_some();
    if fixed {
        length_bytes = length_bytes.min(bytes.checked_sub(offset).ok_or_else(behind)?);
    }
    let end = offset.saturating_add(length_bytes);
    let grows = file.kind == FileKind::Regular && end > bytes;
    let extends = grows && settings.uses_files && !size.create_on_open;
    let extent = Extent { offset, length_bytes, file_bytes: if grows { end } else { bytes } };
    Ok(FilePlan { extent, extends })
}

fn size_in_range(size: &SizeSettings, random: &mut dyn FnMut() -> f64) -> u64 {
    if size.file_bytes_low == size.file_bytes_high {
        return size.file_bytes_low;
    }
    let span = size.file_bytes_high.saturating_sub(size.file_bytes_low);
    let bytes = size.file_bytes_low + scaled(span, random());
    bytes - bytes % size.block_bytes_min.max(1)
}

/// The part of `span` that a number in `0..1` stands for.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "as fio does it"
)]
fn scaled(span: u64, fraction: f64) -> u64 {
    (span as f64 * fraction) as u64
}

fn of_hundred(value: u64, percent: u64) -> u64 {
    u64::try_from(u128::from(value) * u128::from(percent) / 100).unwrap_or(u64::MAX)
}

fn start_offset(size: &SizeSettings, kind: FileKind, bytes: u64) -> u64 {
    if size.append && kind == FileKind::Regular {
        return bytes;
    }
    let by_percent = size.offset_increment_percent > 0 || size.offset_percent > 0;
    let increment = if size.offset_increment_percent > 0 {
        of_hundred(bytes, u64::from(size.offset_increment_percent))
    } else {
        size.offset_increment_bytes
    };
    let first =
        if size.offset_percent > 0 { of_hundred(bytes, u64::from(size.offset_percent)) } else { size.offset_bytes };
    let offset = first.saturating_add(increment.saturating_mul(u64::from(size.clone_number)));
    if !by_percent {
        return offset;
    }
    let align = if size.offset_align_bytes > 0 { size.offset_align_bytes } else { size.block_bytes_min };
    offset.checked_next_multiple_of(align.max(1)).unwrap_or(offset)
}
