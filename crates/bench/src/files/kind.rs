//! What a name stands for, and how large that is.
#![expect(unsafe_code, reason = "two ioctls on block devices")]

use std::fs::{self, File};
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::os::unix::fs::FileTypeExt;
use std::path::Path;

use super::FileError;

/// What a name stands for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum FileKind {
    /// A regular file, or none yet.
    #[default]
    Regular,
    /// A block device.
    Block,
    /// A character device.
    Character,
    /// A named pipe, or `-`: standard input or output.
    Pipe,
}

impl FileKind {
    /// What is there under this name.
    pub(super) fn of(path: &Path) -> Self {
        if path == Path::new("-") {
            return Self::Pipe;
        }
        let Ok(metadata) = fs::metadata(path) else {
            return Self::Regular;
        };
        let kind = metadata.file_type();
        if kind.is_block_device() {
            Self::Block
        } else if kind.is_char_device() {
            Self::Character
        } else if kind.is_fifo() {
            Self::Pipe
        } else {
            Self::Regular
        }
    }

    /// Its size in bytes; 0 for a file that is not there, `None` where there is no such thing.
    pub(super) fn bytes(self, path: &Path) -> Result<Option<u64>, FileError> {
        match self {
            Self::Regular => match fs::metadata(path) {
                Ok(metadata) => Ok(Some(metadata.len())),
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Some(0)),
                Err(error) => Err(FileError::system("stat", path, error)),
            },
            Self::Block => {
                let device = File::open(path).map_err(|error| FileError::system("open", path, error))?;
                match device_bytes(&device).map_err(|error| FileError::system("ioctl", path, error))? {
                    0 => Err(FileError::NoSize { path: path.to_owned() }),
                    bytes => Ok(Some(bytes)),
                }
            }
            Self::Character | Self::Pipe => Ok(None),
        }
    }
}

fn device_bytes(device: &File) -> io::Result<u64> {
    /// `_IOR(0x12, 114, size_t)`.
    const BLKGETSIZE64: libc::c_ulong = 0x8008_1272;

    let mut bytes = 0_u64;
    // SAFETY: the kernel writes the size into the number.
    let result = unsafe { libc::ioctl(device.as_raw_fd(), BLKGETSIZE64, &raw mut bytes) };
    if result == 0 { Ok(bytes) } else { Err(io::Error::last_os_error()) }
}

/// Writes back and drops what the cache holds of a block device.
pub(super) fn flush_buffers(device: BorrowedFd<'_>) -> io::Result<()> {
    /// `_IO(0x12, 97)`.
    const BLKFLSBUF: libc::c_ulong = 0x1261;

    // SAFETY: no memory is passed.
    let result = unsafe { libc::ioctl(device.as_raw_fd(), BLKFLSBUF) };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stand_for_what_is_there() {
        for (path, kind) in [
            ("-", FileKind::Pipe),
            ("/dev/null", FileKind::Character),
            ("/nonexistent", FileKind::Regular),
            ("/proc/self/exe", FileKind::Regular),
        ] {
            assert_eq!(FileKind::of(Path::new(path)), kind, "{path}");
        }
        assert_eq!(FileKind::Regular.bytes(Path::new("/nonexistent")).unwrap(), Some(0));
        assert_eq!(FileKind::Character.bytes(Path::new("/dev/null")).unwrap(), None);
        let error = FileKind::Block.bytes(Path::new("/dev/null")).unwrap_err();
        assert_eq!(error.to_string(), "ioctl(/dev/null)");
    }
}
