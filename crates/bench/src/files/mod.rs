//! The files of a job: which there are, how large they are, laying them out, opening them, leaving no trace.
//!
//! ```text
//!   names ─► kind, size ─► plan (sizes.rs) ─► lay_out ─► open … close ─► unlink
//! ```
//!
//! [`JobFiles`] goes through these steps for one job. What is decided from sizes is pure arithmetic ([`plan`]); everything
//! else is system calls, none of which happens for an I/O.
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
mod sizes;
#[cfg(test)]
mod tests;

use std::fs::{self, DirBuilder};
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd, RawFd};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use rustix::thread::Timespec;

pub use self::error::FileError;
pub use self::kind::FileKind;
pub use self::lay_out::LayOut;
pub use self::names::{NameSettings, file_names, split_names};
pub use self::settings::{AccessSettings, Advice, Durability, Fallocate, FileSettings, LayoutSettings, SizeSettings};
pub use self::sizes::{Extent, FilePlan, Found, JobPlan, plan};

/// How often a cache is asked to be dropped again while the device is busy. Parity: fio.
const INVALIDATE_ATTEMPTS: u32 = 25;
const INVALIDATE_PAUSE: Timespec = Timespec { tv_sec: 0, tv_nsec: 10_000_000 };

/// One file of a job.
#[derive(Debug)]
pub struct JobFile {
    path: PathBuf,
    kind: FileKind,
    extent: Extent,
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
}

impl JobFiles {
    /// Files of these names. Looks what they are.
    #[must_use]
    pub fn new(settings: FileSettings, names: Vec<PathBuf>) -> Self {
        let uses_files = settings.uses_files;
        let kind = |path: &Path| if uses_files { FileKind::of(path) } else { FileKind::Regular };
        let file = |path: PathBuf| JobFile { kind: kind(&path), path, extent: Extent::default(), descriptor: None };
        Self { settings, files: names.into_iter().map(file).collect() }
    }

    /// The files, in the job's order.
    #[must_use]
    pub fn files(&self) -> &[JobFile] {
        &self.files
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
                return Err(FileError::Mounted { path: file.path.clone(), used_by });
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

    /// Decides which part of each file is the job's. `target_bytes` says how large a target is that is no file;
    /// `random` gives a number in `0..1` for sizes out of a range.
    ///
    /// # Errors
    /// When sizes are missing or contradict each other, or a device cannot be asked for its size.
    pub fn plan(
        &mut self,
        mut target_bytes: impl FnMut(&Path) -> Result<Option<u64>, FileError>,
        random: &mut dyn FnMut() -> f64,
    ) -> Result<JobPlan, FileError> {
        let mut found = Vec::with_capacity(self.files.len());
        for file in &self.files {
            let bytes = if self.settings.uses_files { file.kind.bytes(&file.path)? } else { target_bytes(&file.path)? };
            found.push(Found { path: &file.path, kind: file.kind, bytes });
        }
        let plan = plan(&self.settings, &found, random)?;
        for (file, planned) in self.files.iter_mut().zip(&plan.files) {
            file.extent = planned.extent;
        }
        Ok(plan)
    }

    /// Lays out the files that the plan extends. `fill` makes their content, `stop` ends it early (and removes what was
    /// not finished).
    ///
    /// # Errors
    /// When a file cannot be made or written.
    pub fn lay_out(
        &self,
        plan: &JobPlan,
        fill: &mut dyn FnMut(&mut [u8]),
        stop: &dyn Fn() -> bool,
    ) -> Result<(), FileError> {
        for (file, planned) in self.files.iter().zip(&plan.files) {
            if planned.extends {
                lay_out::extend(&self.settings, file, fill, stop)?;
            }
        }
        Ok(())
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

    /// Closes a file, making it durable first if the settings say so (`fsync_on_close`).
    ///
    /// # Errors
    /// [`FileError::System`] when making it durable fails. The file is closed all the same.
    pub fn close(&mut self, index: usize) -> Result<(), FileError> {
        let file = &mut self.files[index];
        let Some(descriptor) = file.descriptor.take() else {
            return Ok(());
        };
        if self.settings.fsync_on_close && self.settings.writes {
            rustix::fs::fsync(&descriptor).map_err(|error| FileError::system("fsync", &file.path, error.into()))?;
        }
        Ok(())
    }

    /// Drops what the page cache holds of an open file. The kernel may not do it; nothing fails for that.
    pub fn invalidate(&self, index: usize) {
        let file = &self.files[index];
        if let Some(descriptor) = &file.descriptor {
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
        for file in self.files.iter().filter(|file| self.settings.uses_files && file.kind == FileKind::Regular) {
            match fs::remove_file(&file.path) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => result = result.and(Err(FileError::system("unlink", &file.path, error))),
            }
        }
        result
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
