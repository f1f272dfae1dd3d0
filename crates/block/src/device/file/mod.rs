//! A file or a disk.
//!
//! Requests go to the reactor's [`DeviceQueue`], which carries them out with an io_uring or with threads. Files go through
//! the page cache unless `direct` is asked for; disks (block special files) are always used directly.
//!
//! Each file is opened twice:
//! - The **data** description carries reads and writes, and holds the lock on a file (`flock`, exclusive, or shared when
//!   read-only) or the claim on a disk (`O_EXCL`). The kernel keeps a description until the last call on it has ended, also
//!   when its process was killed; so whoever gets the lock knows that no late write of its predecessor can land any more.
//! - The **sync** description is for `fdatasync` alone. The kernel tells each description once of data that it could not
//!   write back; a forced write (`RWF_DSYNC`) that failed on the data description would otherwise swallow what the next
//!   flush has to know. `FlushGate` keeps two syncs from sharing one such telling, and remembers it.

mod fault_log;
mod flush_gate;
mod transfer;

#[cfg(test)]
mod tests;

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use reactor::clock::{self, Duration};
use reactor::mapping::{Mapping, PAGE_BYTES};
use rustix::fs::{FlockOperation, OFlags, SeekFrom, flock, ioctl_blksszget, seek};
use rustix::io::Errno;
use tracing::warn;

use crate::open::{DeviceKind, OpenProblem};
use crate::specification::{
    BLOCK_SIZE_DEFAULT_BYTES, OPTION_BLOCK_SIZE, OPTION_DIRECT, OPTION_READ_ONLY, Specification, describe_size,
};
use crate::zeros::zeros;
use crate::{BlockDevice, BlockError, ByteRange, DeviceQueue, Geometry, Identity, Operation, Request, Submission};

pub(crate) use fault_log::{FaultKind, FaultLog};
pub(crate) use flush_gate::{FlushGate, SyncNumber, Turn};
pub(crate) use transfer::{ClearSupport, Step, Transfer};

/// How it is opened.
pub(crate) const KIND: DeviceKind = DeviceKind {
    name: "file",
    argument: "PATH",
    summary: "a file or a disk",
    options: &[OPTION_BLOCK_SIZE, OPTION_READ_ONLY, OPTION_DIRECT],
    open,
};

/// The device.
#[derive(Debug)]
pub struct FileDevice {
    geometry: Geometry,
    identity: Identity,
    read_only: bool,
    is_disk: bool,
    file: Arc<OpenFile>,
}

/// What a device and the queues that carry out its requests share.
#[derive(Debug)]
pub(crate) struct OpenFile {
    /// Tells open files of this process apart; counted from 0.
    pub(crate) number: u32,
    pub(crate) path: PathBuf,
    pub(crate) data: File,
    /// Whether `data` goes around the page cache.
    pub(crate) is_direct: bool,
    pub(crate) sync: File,
    pub(crate) flush_gate: FlushGate,
    pub(crate) clear_support: ClearSupport,
    pub(crate) fault_log: FaultLog,
    /// What ranges are overwritten with that cannot be cleared otherwise.
    pub(crate) zeros: &'static Mapping,
    /// Whether the device is gone, so that queues let go of the file.
    pub(crate) is_closed: AtomicBool,
}

/// How long to wait for a file or disk that is in use. The kernel takes an io_uring apart only after its process has gone,
/// and the lock or claim of a process that was killed lasts until then: whoever restarts it at once must not be refused.
const RELEASE_LIMIT: Duration = Duration::from_secs(2);
/// How often it is tried meanwhile.
const RELEASE_INTERVAL: Duration = Duration::from_millis(10);

fn open(specification: &Specification) -> Result<Arc<dyn BlockDevice>, OpenProblem> {
    let until = clock::now() + RELEASE_LIMIT;
    loop {
        match open_once(specification) {
            Err(OpenProblem::InUse { .. }) if clock::now() < until => std::thread::sleep(RELEASE_INTERVAL),
            result => return result,
        }
    }
}

fn open_once(specification: &Specification) -> Result<Arc<dyn BlockDevice>, OpenProblem> {
    let path = PathBuf::from(&specification.argument);
    let read_only = specification.read_only;
    let is_disk = is_disk(&path, read_only)?;
    let is_direct = specification.direct || is_disk;
    let data = open_data(&path, specification, is_disk)?;
    let sync = File::open(&path).map_err(|error| open_problem(&path, read_only, error))?;
    if !is_same(&data, &sync).map_err(|error| open_problem(&path, read_only, error))? {
        return Err(OpenProblem::Replaced { path });
    }
    let size_bytes = seek(&data, SeekFrom::End(0)).map_err(|error| open_problem(&path, read_only, error.into()))?;
    let geometry = specification.geometry(size_bytes, default_block_size(&path, &data, specification, is_disk)?)?;
    if is_direct {
        probe_direct(&path, &data, geometry)?;
    }
    // Only fails for an empty path or a lost working directory, and then the path as it is will do.
    let absolute = std::path::absolute(&path).unwrap_or_else(|_| path.clone());
    Ok(Arc::new(FileDevice {
        geometry,
        identity: Identity::new(KIND.name, absolute.as_os_str().as_encoded_bytes()),
        read_only,
        is_disk,
        file: Arc::new(OpenFile::new(path, data, is_direct, sync).map_err(OpenProblem::Memory)?),
    }))
}

impl OpenFile {
    fn new(path: PathBuf, data: File, is_direct: bool, sync: File) -> io::Result<Self> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        Ok(Self {
            number: NEXT.fetch_add(1, Ordering::Relaxed),
            path,
            data,
            is_direct,
            sync,
            flush_gate: FlushGate::default(),
            clear_support: ClearSupport::default(),
            fault_log: FaultLog::default(),
            zeros: zeros()?,
            is_closed: AtomicBool::new(false),
        })
    }
}

/// Whether the path is a disk. Looks before opening: opening some special files waits, or does things.
fn is_disk(path: &Path, read_only: bool) -> Result<bool, OpenProblem> {
    let kind = std::fs::metadata(path).map_err(|error| open_problem(path, read_only, error))?.file_type();
    if kind.is_block_device() || kind.is_file() {
        Ok(kind.is_block_device())
    } else {
        Err(OpenProblem::NotAFile { path: path.to_owned() })
    }
}

fn open_data(path: &Path, specification: &Specification, is_disk: bool) -> Result<File, OpenProblem> {
    let read_only = specification.read_only;
    let mut flags = OFlags::empty();
    if is_disk || specification.direct {
        flags |= OFlags::DIRECT;
    }
    if is_disk && !read_only {
        // On a disk this claims it: it fails if the disk is mounted or claimed, and keeps others from that.
        flags |= OFlags::EXCL;
    }
    let result = OpenOptions::new().read(true).write(!read_only).custom_flags(flags.bits().cast_signed()).open(path);
    let data = result.map_err(|error| match Errno::from_io_error(&error) {
        Some(Errno::BUSY) => OpenProblem::InUse { path: path.to_owned(), is_disk },
        Some(Errno::INVAL) if specification.direct => {
            let block_size_bytes = specification.block_size_bytes.unwrap_or(BLOCK_SIZE_DEFAULT_BYTES);
            OpenProblem::Direct { path: path.to_owned(), block_size_bytes, source: error }
        }
        _ => open_problem(path, read_only, error),
    })?;
    if !is_disk {
        lock(path, &data, read_only)?;
    }
    Ok(data)
}

fn lock(path: &Path, data: &File, read_only: bool) -> Result<(), OpenProblem> {
    let operation =
        if read_only { FlockOperation::NonBlockingLockShared } else { FlockOperation::NonBlockingLockExclusive };
    match flock(data, operation) {
        Ok(()) => Ok(()),
        Err(Errno::WOULDBLOCK) => Err(OpenProblem::InUse { path: path.to_owned(), is_disk: false }),
        Err(error) => {
            // Some network file systems have no locks. That is no reason not to serve the file.
            warn!(path = %path.display(), %error, "cannot lock the file; nothing keeps a second writer away");
            Ok(())
        }
    }
}

fn open_problem(path: &Path, read_only: bool, source: io::Error) -> OpenProblem {
    let path = path.to_owned();
    if source.kind() == io::ErrorKind::NotFound {
        OpenProblem::Missing { path }
    } else {
        OpenProblem::Open { path, read_only, source }
    }
}

fn is_same(first: &File, second: &File) -> io::Result<bool> {
    let (first, second) = (first.metadata()?, second.metadata()?);
    Ok((first.dev(), first.ino()) == (second.dev(), second.ino()))
}

fn default_block_size(
    path: &Path,
    data: &File,
    specification: &Specification,
    is_disk: bool,
) -> Result<u32, OpenProblem> {
    if !is_disk {
        return Ok(BLOCK_SIZE_DEFAULT_BYTES);
    }
    let sector_bytes =
        ioctl_blksszget(data).map_err(|error| open_problem(path, specification.read_only, error.into()))?;
    if specification.block_size_bytes.is_some_and(|block_size_bytes| block_size_bytes < sector_bytes) {
        return Err(OpenProblem::SectorSize { path: path.to_owned(), sector_bytes });
    }
    Ok(sector_bytes)
}

/// Finds out whether blocks are large enough for direct I/O by reading the last one: file systems differ, and say no only
/// when they are asked to do it.
fn probe_direct(path: &Path, data: &File, geometry: Geometry) -> Result<(), OpenProblem> {
    let length_bytes = geometry.block_size_bytes as usize;
    let offset = geometry.size_bytes() - u64::from(geometry.block_size_bytes);
    let mut memory = vec![0; length_bytes + PAGE_BYTES];
    let aligned_at = memory.as_ptr().align_offset(PAGE_BYTES);
    match rustix::io::pread(data, &mut memory[aligned_at..aligned_at + length_bytes], offset) {
        Ok(_) => Ok(()),
        Err(error) => Err(OpenProblem::Direct {
            path: path.to_owned(),
            block_size_bytes: geometry.block_size_bytes,
            source: error.into(),
        }),
    }
}

impl BlockDevice for FileDevice {
    fn description(&self) -> String {
        let kind = if self.is_disk { "disk" } else { "file" };
        format!("{kind} {}, {}", self.file.path.display(), describe_size(self.geometry.size_bytes()))
    }

    fn geometry(&self) -> Geometry {
        self.geometry
    }

    fn identity(&self) -> Identity {
        self.identity
    }

    fn read_only(&self) -> bool {
        self.read_only
    }

    fn volatile_write_cache(&self) -> bool {
        !self.read_only
    }

    fn start(&self, queue: &mut DeviceQueue, request: Request<ByteRange>) -> Submission {
        if self.read_only && request.operation == Operation::Flush {
            return request.complete(Ok(()));
        }
        queue.submit_file(&self.file, request)
    }
}

impl Drop for FileDevice {
    fn drop(&mut self) {
        self.file.is_closed.store(true, Ordering::Relaxed);
        // A queue may keep the file open for a while; the lock ends now. Whoever drops a device has waited for its
        // requests.
        if !self.is_disk
            && let Err(error) = flock(&self.file.data, FlockOperation::Unlock)
        {
            warn!(path = %self.file.path.display(), %error, "cannot unlock the file");
        }
    }
}

impl OpenFile {
    /// Logs a result, if it is news, and hands it on.
    pub(crate) fn note(&self, transfer: &Transfer, result: Result<(), BlockError>) -> Result<(), BlockError> {
        self.fault_log.note(&self.path, transfer.fault_kind(), transfer.name(), result);
        result
    }
}
