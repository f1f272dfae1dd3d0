//! Opening a file in the way that the job asks for.
#![expect(unsafe_code, reason = "two system calls that take a place for their argument")]

use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::path::Path;

use rustix::fs::{Advice, Mode, OFlags};
use rustix::io::Errno;

use super::{Durability, FileError, FileKind, FileSettings, JobFile};

/// Opens a file.
pub(super) fn open(settings: &FileSettings, path: &Path, kind: FileKind) -> Result<OwnedFd, FileError> {
    if path == Path::new("-") {
        return standard_stream(settings);
    }
    let mut flags = flags(settings, kind);
    loop {
        let error = match rustix::fs::open(path, flags, Mode::RUSR | Mode::WUSR) {
            Ok(descriptor) => return Ok(descriptor),
            // Only the owner may leave the access time alone.
            Err(Errno::PERM) if flags.contains(OFlags::NOATIME) => {
                flags.remove(OFlags::NOATIME);
                continue;
            }
            Err(error) => error,
        };
        let (path, source) = (path.to_owned(), error.into());
        return Err(match error {
            Errno::INVAL if flags.contains(OFlags::DIRECT) => FileError::Direct { path, source },
            Errno::MFILE => FileError::TooManyOpen { path, source },
            Errno::NOENT if !settings.allow_create && settings.writes => FileError::CreationDisallowed { path },
            _ => FileError::System { call: "open", path, source },
        });
    }
}

/// `O_DSYNC`. That of rustix 1.1 is `O_SYNC` on Linux.
const DATA_SYNC: OFlags = OFlags::from_bits_retain(libc::O_DSYNC.cast_unsigned());

fn flags(settings: &FileSettings, kind: FileKind) -> OFlags {
    let access = settings.access;
    let writes = (settings.writes || settings.trims) && !access.verify_only;
    let mut flags = OFlags::CLOEXEC | if writes || access.engine_writes { OFlags::RDWR } else { OFlags::RDONLY };
    flags.set(OFlags::DIRECT, access.direct);
    flags |= match access.durability {
        Durability::None => OFlags::empty(),
        Durability::Sync => OFlags::SYNC,
        Durability::DataSync => DATA_SYNC,
    };
    flags.set(OFlags::NOATIME, kind != FileKind::Regular);
    let creates = settings.writes && kind == FileKind::Regular || settings.size.create_on_open;
    flags.set(OFlags::CREATE, creates && settings.allow_create);
    flags
}

fn standard_stream(settings: &FileSettings) -> Result<OwnedFd, FileError> {
    let duplicate = if settings.reads && settings.writes {
        return Err(FileError::StandardStreams);
    } else if settings.writes {
        std::io::stdout().as_fd().try_clone_to_owned()
    } else {
        std::io::stdin().as_fd().try_clone_to_owned()
    };
    duplicate.map_err(|error| FileError::system("dup", Path::new("-"), error))
}

/// Tells the kernel what is going to happen with the file.
pub(super) fn advise(settings: &FileSettings, file: &JobFile, descriptor: BorrowedFd<'_>) -> Result<(), FileError> {
    if !matches!(file.kind, FileKind::Block | FileKind::Regular) {
        return Ok(());
    }
    let access = settings.access;
    if let Some(random) = access.advice.random(access.random) {
        let advice = if random { Advice::Random } else { Advice::Sequential };
        let length = std::num::NonZeroU64::new(file.extent.length_bytes);
        // A file system that takes no advice is no reason to stop.
        let _ = rustix::fs::fadvise(descriptor, file.extent.offset, length, advice);
    }
    match access.write_hint {
        Some(hint) => set_write_hint(access.direct, hint, descriptor)
            .map_err(|error| FileError::system("fcntl write hint", &file.path, error.into())),
        None => Ok(()),
    }
}

fn set_write_hint(direct: bool, hint: u64, descriptor: BorrowedFd<'_>) -> Result<(), Errno> {
    /// linux/fcntl.h, F_LINUX_SPECIFIC_BASE + 12 and + 14.
    const F_SET_RW_HINT: libc::c_int = 1036;
    const F_SET_FILE_RW_HINT: libc::c_int = 1038;

    let set = |command| {
        // SAFETY: both commands read a 64-bit number, which lives until the call returns.
        unsafe { libc::fcntl(descriptor.as_raw_fd(), command, &raw const hint) == 0 }
    };
    // The hint of the descriptor serves direct I/O only, and not every kernel has it.
    if direct && set(F_SET_FILE_RW_HINT) || set(F_SET_RW_HINT) {
        return Ok(());
    }
    Err(Errno::from_io_error(&std::io::Error::last_os_error()).unwrap_or(Errno::INVAL))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::AccessSettings;

    #[test]
    fn flags_are_those_of_the_job() {
        let reader = FileSettings { uses_files: true, reads: true, allow_create: true, ..FileSettings::default() };
        let writer = FileSettings { writes: true, ..reader };
        let regular = |settings: &FileSettings| flags(settings, FileKind::Regular) - OFlags::CLOEXEC;
        assert_eq!(regular(&reader), OFlags::RDONLY);
        assert_eq!(regular(&writer), OFlags::RDWR | OFlags::CREATE);
        assert_eq!(regular(&FileSettings { allow_create: false, ..writer }), OFlags::RDWR);
        assert_eq!(flags(&writer, FileKind::Block) - OFlags::CLOEXEC, OFlags::RDWR | OFlags::NOATIME);
        let access = AccessSettings { direct: true, durability: Durability::DataSync, ..AccessSettings::default() };
        let bits = (libc::O_DIRECT | libc::O_DSYNC).cast_unsigned();
        assert_eq!(regular(&FileSettings { access, ..reader }).bits(), bits, "not O_SYNC, which waits for times, too");
        let access = AccessSettings { verify_only: true, durability: Durability::Sync, ..AccessSettings::default() };
        assert_eq!(regular(&FileSettings { access, allow_create: false, ..writer }), OFlags::RDONLY | OFlags::SYNC);
        assert_eq!(regular(&FileSettings { trims: true, ..reader }), OFlags::RDWR);
    }
}
