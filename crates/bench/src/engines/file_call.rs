//! What every engine on files does with a system call at once: making data durable, forgetting ranges.
#![expect(unsafe_code, reason = "two system calls that rustix does not have")]

use std::os::fd::AsRawFd;

use rustix::fs::{FallocateFlags, FileType};
use rustix::io::Errno;

use super::{Io, Operation, Outcome};

/// Carries out an operation that moves no data.
pub(super) fn without_data(io: &Io) -> Outcome {
    let result = match io.operation() {
        Operation::Sync => rustix::fs::fsync(io.borrowed()),
        Operation::DataSync => rustix::fs::fdatasync(io.borrowed()),
        Operation::SyncRange(flags) => sync_range(io, flags),
        Operation::Trim => trim(io),
        Operation::Read | Operation::Write => Err(Errno::INVAL),
    };
    match result {
        Ok(()) => Outcome::complete(io),
        Err(error) => Outcome::failed(error),
    }
}

fn sync_range(io: &Io, flags: u32) -> Result<(), Errno> {
    let offset = i64::try_from(io.offset()).map_err(|_| Errno::FBIG)?;
    let file = io.borrowed().as_raw_fd();
    // SAFETY: no memory is passed, and the descriptor is open.
    let result = unsafe { libc::sync_file_range(file, offset, i64::from(io.length_bytes()), flags) };
    if result == 0 { Ok(()) } else { Err(last_error()) }
}

/// Block devices are asked to discard the range; in a regular file a hole is punched.
fn trim(io: &Io) -> Result<(), Errno> {
    /// `_IO(0x12, 119)`.
    const BLKDISCARD: libc::c_ulong = 0x1277;

    let file = io.borrowed();
    let length_bytes = u64::from(io.length_bytes());
    if FileType::from_raw_mode(rustix::fs::fstat(file)?.st_mode) == FileType::RegularFile {
        let flags = FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE;
        return rustix::fs::fallocate(file, flags, io.offset(), length_bytes);
    }
    let range = [io.offset(), length_bytes];
    // SAFETY: BLKDISCARD reads two 64-bit numbers, which live until the call returns.
    let result = unsafe { libc::ioctl(file.as_raw_fd(), BLKDISCARD, range.as_ptr()) };
    if result == 0 { Ok(()) } else { Err(last_error()) }
}

/// The error of the system call before.
pub(super) fn last_error() -> Errno {
    Errno::from_io_error(&std::io::Error::last_os_error()).unwrap_or(Errno::IO)
}
