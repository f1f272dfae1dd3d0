//! Making files: reserving their space and writing their first content, which is not left in the page cache, and reading them ahead.

use std::fs::{self, File};
use std::io::{self, Write};
use std::num::NonZeroU64;
use std::os::fd::BorrowedFd;
use std::os::unix::fs::OpenOptionsExt;

use rustix::fs::{Advice, FallocateFlags, fadvise, fallocate};
use rustix::io::{Errno, pread};

use super::{Fallocate, FileError, FileSettings, JobFile};

/// Bytes that are written or read in one call.
const PIECE_BYTES: usize = 1 << 20;

/// What has to be laid out, for the line that says so.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LayOut {
    /// Files.
    pub file_count: u32,
    /// Bytes of all of them.
    pub bytes: u64,
}

/// What files are made of.
pub struct Blocks<'f> {
    /// Bytes of a block, not 0; the last one of a file may be shorter.
    pub bytes: usize,
    /// Fills one.
    pub fill: &'f mut dyn FnMut(&mut [u8]),
}

/// Makes a file as large as the job needs it.
///
/// A job that reads (or overwrites) finds its file written in full; any other gets an empty one with space reserved.
pub(super) fn extend(
    settings: &FileSettings,
    file: &JobFile,
    blocks: &mut Blocks<'_>,
    stop: &dyn Fn() -> bool,
) -> Result<(), FileError> {
    let wrong = |call, error| FileError::system(call, &file.path, error);
    let appends = settings.size.append;
    let in_full = settings.reads
        || settings.writes && settings.layout.overwrite && !appends
        || settings.writes && !settings.layout.engine_extends;
    let anew = in_full || settings.writes && !settings.layout.overwrite && !appends;
    if anew {
        match fs::remove_file(&file.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(wrong("unlink", error)),
            _ => {}
        }
    }
    let mut options = File::options();
    options.write(true).create(settings.allow_create).truncate(in_full && settings.allow_create).mode(0o644);
    let mut target = options.open(&file.path).map_err(|error| {
        if error.kind() == io::ErrorKind::NotFound && !settings.allow_create {
            FileError::CreationDisallowed { path: file.path.to_path_buf() }
        } else {
            wrong("open", error)
        }
    })?;
    let bytes = file.extent.file_bytes;
    if !settings.size.fill_device {
        reserve(settings.layout.fallocate, &target, bytes).map_err(|error| wrong("fallocate", error.into()))?;
        if in_full {
            target.set_len(bytes).map_err(|error| wrong("ftruncate", error))?;
        }
    }
    if !in_full {
        return Ok(());
    }
    write_all(settings, &mut target, bytes, blocks, stop).map_err(|error| wrong("write", error))?;
    if stop() {
        return fs::remove_file(&file.path).map_err(|error| wrong("unlink", error));
    }
    if settings.layout.create_fsync {
        target.sync_all().map_err(|error| wrong("fsync", error))?;
    }
    // Parity: whatever `invalidate` says, so that who reads the file first finds it on the device. Only advice.
    let _ = fadvise(&target, 0, NonZeroU64::new(bytes), Advice::DontNeed);
    Ok(())
}

fn reserve(mode: Fallocate, file: &File, bytes: u64) -> Result<(), Errno> {
    let result = match mode {
        Fallocate::None => Ok(()),
        Fallocate::Truncate => return rustix::fs::ftruncate(file, bytes),
        Fallocate::Keep => fallocate(file, FallocateFlags::KEEP_SIZE, 0, bytes),
        Fallocate::Native | Fallocate::Posix => fallocate(file, FallocateFlags::empty(), 0, bytes),
    };
    match result {
        // What `posix_fallocate` does where the file system cannot reserve: it makes the size.
        Err(Errno::OPNOTSUPP) if mode == Fallocate::Posix => rustix::fs::ftruncate(file, bytes),
        Err(Errno::OPNOTSUPP | Errno::NOSYS) => Ok(()),
        // Parity: the job begins all the same. The write that finds no room says where that was.
        Err(Errno::NOSPC | Errno::DQUOT) if mode != Fallocate::Keep => Ok(()),
        other => other,
    }
}

/// Writes the file in full. With `fill_device`, no more space is its end.
fn write_all(
    settings: &FileSettings,
    file: &mut File,
    bytes: u64,
    blocks: &mut Blocks<'_>,
    stop: &dyn Fn() -> bool,
) -> io::Result<()> {
    // Whole blocks, so that each is filled at once.
    let piece_bytes = blocks.bytes * (PIECE_BYTES / blocks.bytes).max(1);
    let mut left = bytes;
    let mut piece = vec![0; piece_bytes.min(usize::try_from(left).unwrap_or(piece_bytes))];
    while left > 0 && !stop() {
        let length = piece.len().min(usize::try_from(left).unwrap_or(piece_bytes));
        piece[..length].chunks_mut(blocks.bytes).for_each(&mut *blocks.fill);
        match file.write_all(&piece[..length]) {
            Err(error) if settings.size.fill_device && no_space(&error) => return Ok(()),
            result => result?,
        }
        left -= length as u64;
    }
    Ok(())
}

fn no_space(error: &io::Error) -> bool {
    matches!(Errno::from_io_error(error), Some(Errno::NOSPC | Errno::DQUOT))
}

/// Reads the job's part of a file into the cache.
pub(super) fn pre_read(file: &JobFile, descriptor: BorrowedFd<'_>, stop: &dyn Fn() -> bool) -> Result<(), FileError> {
    let mut piece = vec![0; PIECE_BYTES];
    let (mut at, end) = (file.extent.offset, file.extent.end());
    while at < end && !stop() {
        let length = usize::try_from(end - at).unwrap_or(PIECE_BYTES).min(PIECE_BYTES);
        match pread(descriptor, &mut piece[..length], at) {
            // The file ends sooner than the job thinks: the I/O will tell.
            Ok(0) => return Ok(()),
            Ok(count) => at += count as u64,
            Err(Errno::INTR) => {}
            Err(error) => return Err(FileError::system("read", &file.path, error.into())),
        }
    }
    Ok(())
}
