//! The files of a job: which there are, how large they are, laying them out, opening them, leaving no trace.
//!
//! ```text
//!   names ─► found (kind, size) ─► offsets::layout ─► apply ─► lay_out ─► open … close ─► unlink
//! ```
//!
//! [`JobFiles`] goes through these steps for one job. Which part of which file is used is decided by
//! [`Layout`]; everything here is system calls, none of which happens for an I/O.
//!
//! Parity: fio 3.33, whose defaults, order of steps and messages these are. Beyond it, a block device counts as mounted
//! also when one of its partitions is, or something holds or swaps to it.

mod error;
mod kind;
mod lay_out;
mod mounted;
mod names;
mod open;
mod settings;
#[cfg(test)]
mod tests;

use std::fs::{self, DirBuilder};
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd, RawFd};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::thread::Timespec;

use crate::offsets::layout::{File, FileRange, Layout, Target};

pub use self::error::FileError;
pub use self::kind::FileKind;
pub use self::lay_out::{Blocks, LayOut};
pub use self::names::{NameSettings, file_names};
pub use self::settings::{AccessSettings, Advice, Durability, Fallocate, FileSettings, LayoutSettings, SizeSettings};

/// How often a cache is asked to be dropped again while the device is busy. Parity: fio.
const INVALIDATE_ATTEMPTS: u32 = 25;
const INVALIDATE_PAUSE: Timespec = Timespec { tv_sec: 0, tv_nsec: 10_000_000 };

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

/// One file of a job.
#[derive(Debug)]
pub struct JobFile {
    path: Arc<Path>,
    kind: FileKind,
    /// Its size as it was found.
    bytes: Option<u64>,
    extent: Extent,
    extends: bool,
    descriptor: Option<OwnedFd>,
}

impl JobFile {
    /// Its name.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What it is.
    #[must_use]
    pub fn kind(&self) -> FileKind {
        self.kind
    }

    /// The job's part of it.
    #[must_use]
    pub fn extent(&self) -> Extent {
        self.extent
    }

    /// Its descriptor while it is open; -1 otherwise, and with an engine that has none.
    #[must_use]
    pub fn descriptor(&self) -> RawFd {
        self.descriptor.as_ref().map_or(-1, AsRawFd::as_raw_fd)
    }
}

/// The files of one job.
#[derive(Debug)]
pub struct JobFiles {
    settings: FileSettings,
    files: Vec<JobFile>,
    /// Files may have what is not durable.
    is_written: bool,
}

impl JobFiles {
    /// Files of these names. Looks what they are.
    #[must_use]
    pub fn new(settings: FileSettings, names: Vec<PathBuf>) -> Self {
        let uses_files = settings.uses_files;
        let kind = |path: &Path| if uses_files { FileKind::of(path) } else { FileKind::Regular };
        let file = |path: PathBuf| JobFile {
            kind: kind(&path),
            path: path.into(),
            bytes: None,
            extent: Extent::default(),
            extends: false,
            descriptor: None,
        };
        Self { settings, files: names.into_iter().map(file).collect(), is_written: false }
    }

    /// The files, in the job's order.
    #[must_use]
    pub fn files(&self) -> &[JobFile] {
        &self.files
    }

    /// Their names, in the same order.
    #[must_use]
    pub fn paths(&self) -> Vec<Arc<Path>> {
        self.files.iter().map(|file| Arc::clone(&file.path)).collect()
    }

    /// What they were made with.
    #[must_use]
    pub fn settings(&self) -> &FileSettings {
        &self.settings
    }

    /// Refuses block devices that are in use, if the job writes and is not told otherwise.
    ///
    /// # Errors
    /// [`FileError::Mounted`].
    pub fn refuse_mounted(&self) -> Result<(), FileError> {
        let harmless = !self.settings.writes || self.settings.allow_mounted_write || !self.settings.uses_files;
        for file in self.files.iter().filter(|file| !harmless && file.kind == FileKind::Block) {
            if let Some(used_by) = mounted::user_of(&file.path) {
                return Err(FileError::Mounted { path: file.path.to_path_buf(), used_by });
            }
        }
        Ok(())
    }

    /// Makes the folders that the names go through.
    ///
    /// # Errors
    /// [`FileError::Folder`].
    pub fn make_folders(&self) -> Result<(), FileError> {
        for file in self.files.iter().filter(|_| self.settings.uses_files) {
            let Some(folder) = file.path.parent().filter(|folder| !folder.as_os_str().is_empty()) else {
                continue;
            };
            if !folder.exists() {
                let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
                made.map_err(|source| FileError::Folder { path: folder.to_owned(), source })?;
            }
        }
        Ok(())
    }

    /// The files as they are. `target_bytes` says how large a target is that is no file; `None` is as large as asked for.
    ///
    /// # Errors
    /// When a device cannot be asked for its size.
    pub fn found(
        &mut self,
        mut target_bytes: impl FnMut(&Path) -> Result<Option<u64>, FileError>,
    ) -> Result<Vec<File>, FileError> {
        let mut found = Vec::with_capacity(self.files.len());
        for file in &mut self.files {
            let bytes = if self.settings.uses_files { file.kind.bytes(&file.path)? } else { target_bytes(&file.path)? };
            file.bytes = bytes;
            let target = match bytes {
                Some(bytes) if self.settings.uses_files && file.kind == FileKind::Regular => Target::Regular(bytes),
                Some(bytes) => Target::Device(bytes),
                None => Target::Imaginary,
            };
            found.push(File { name: file.path.to_string_lossy().into_owned(), target });
        }
        Ok(found)
    }

    /// Takes the parts of the files that the job uses, and says what has to be laid out first.
    pub fn apply(&mut self, layout: &Layout) -> LayOut {
        let mut lay_out = LayOut::default();
        let grows = self.settings.uses_files && !self.settings.size.create_on_open;
        for (file, range) in self.files.iter_mut().zip(&layout.files) {
            let FileRange { size, first, length, .. } = *range;
            file.extent = Extent { offset: first, length_bytes: length, file_bytes: size };
            file.extends = grows && file.kind == FileKind::Regular && file.bytes.is_some_and(|bytes| size > bytes);
            if file.extends {
                lay_out.file_count += 1;
                lay_out.bytes += size;
            }
        }
        lay_out
    }

    /// Lays out the files that are too short. `stop` ends it early (and removes what was not finished).
    ///
    /// # Errors
    /// When a file cannot be made or written.
    pub fn lay_out(&self, blocks: &mut Blocks<'_>, stop: &dyn Fn() -> bool) -> Result<(), FileError> {
        for file in self.files.iter().filter(|file| file.extends) {
            lay_out::extend(&self.settings, file, blocks, stop)?;
        }
        Ok(())
    }

    /// Bytes that are free where the first file is, for `fill_device`; 0 if nobody knows.
    #[must_use]
    pub fn free_bytes(&self) -> u64 {
        let folder = self.files.first().and_then(|file| file.path.parent()).filter(|path| !path.as_os_str().is_empty());
        let place = rustix::fs::statvfs(folder.unwrap_or(Path::new(".")));
        place.map_or(0, |place| place.f_bavail.saturating_mul(place.f_frsize))
    }

    /// Opens a file, drops its cache, and advises the kernel, as the settings say.
    ///
    /// # Errors
    /// When the file cannot be opened in the way that is asked for.
    pub fn open(&mut self, index: usize) -> Result<RawFd, FileError> {
        let file = &mut self.files[index];
        if !self.settings.uses_files {
            return Ok(-1);
        }
        let descriptor = open::open(&self.settings, &file.path, file.kind)?;
        if self.settings.invalidate {
            invalidate(file, descriptor.as_fd());
        }
        open::advise(&self.settings, file, descriptor.as_fd())?;
        let number = descriptor.as_raw_fd();
        file.descriptor = Some(descriptor);
        Ok(number)
    }

    /// From now on files are written.
    pub fn begin_writing(&mut self) {
        self.is_written = self.settings.writes;
    }

    /// Everything that was written is durable, and nothing more is written until [`begin_writing`](Self::begin_writing).
    pub fn end_writing(&mut self) {
        self.is_written = false;
    }

    /// Closes a file, making it durable first if it was written and the settings say so (`fsync_on_close`).
    ///
    /// # Errors
    /// [`FileError::System`] when making it durable fails. The file is closed all the same.
    pub fn close(&mut self, index: usize) -> Result<(), FileError> {
        let file = &mut self.files[index];
        let Some(descriptor) = file.descriptor.take() else {
            return Ok(());
        };
        if self.settings.fsync_on_close && self.is_written {
            rustix::fs::fsync(&descriptor).map_err(|error| FileError::system("fsync", &file.path, error.into()))?;
        }
        Ok(())
    }

    /// Drops what the page cache holds of an open file, where the job wants it dropped (`invalidate`) and reads through the cache.
    /// The kernel may not do it; nothing fails for that.
    pub fn drop_cached(&self, index: usize) {
        let file = &self.files[index];
        if let (Some(descriptor), true, false) =
            (&file.descriptor, self.settings.invalidate, self.settings.access.direct)
        {
            invalidate(file, descriptor.as_fd());
        }
    }

    /// Reads the job's part of an open file into the page cache.
    ///
    /// # Errors
    /// [`FileError::System`] when it cannot be read.
    pub fn pre_read(&self, index: usize, stop: &dyn Fn() -> bool) -> Result<(), FileError> {
        let file = &self.files[index];
        match &file.descriptor {
            Some(descriptor) if file.kind != FileKind::Character => lay_out::pre_read(file, descriptor.as_fd(), stop),
            _ => Ok(()),
        }
    }

    /// Removes the regular files.
    ///
    /// # Errors
    /// [`FileError::System`] for the first that cannot be removed; the others are removed all the same.
    pub fn unlink(&self) -> Result<(), FileError> {
        let mut result = Ok(());
        for file in 0..self.files.len() {
            result = result.and(self.unlink_one(file));
        }
        result
    }

    /// Removes one of the files, if it is there and a regular one.
    ///
    /// # Errors
    /// [`FileError::System`] when it cannot be removed.
    pub fn unlink_one(&self, file: usize) -> Result<(), FileError> {
        let file = &self.files[file];
        if !self.settings.uses_files || file.kind != FileKind::Regular {
            return Ok(());
        }
        match fs::remove_file(&file.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(FileError::system("unlink", &file.path, error))
            }
            _ => Ok(()),
        }
    }
}

fn invalidate(file: &JobFile, descriptor: rustix::fd::BorrowedFd<'_>) {
    match file.kind {
        FileKind::Regular => {
            let length = std::num::NonZeroU64::new(file.extent.length_bytes);
            // Only advice: nothing depends on it.
            let _ = rustix::fs::fadvise(descriptor, file.extent.offset, length, rustix::fs::Advice::DontNeed);
        }
        FileKind::Block => {
            for _ in 0..INVALIDATE_ATTEMPTS {
                match kind::flush_buffers(descriptor) {
                    // Multipath devices refuse while their maps are being changed.
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                        let _ = rustix::thread::nanosleep(&INVALIDATE_PAUSE);
                    }
                    _ => break,
                }
            }
        }
        FileKind::Character | FileKind::Pipe => {}
    }
}
