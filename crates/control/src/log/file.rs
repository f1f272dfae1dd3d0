//! The log file: append only, reopened by name when it has been rotated away.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// What reopening came to.
#[derive(Debug)]
pub(super) enum Reopening {
    /// The name still leads to the open file.
    Unchanged,
    /// It leads to another one, open now and not yet in use.
    Changed(File),
}

/// A log file that is known by name and may be closed.
#[derive(Debug)]
pub(super) struct LogFile {
    path: PathBuf,
    file: Option<File>,
    /// Closed only until the next line.
    resting: bool,
}

impl LogFile {
    /// Opens or makes the file. A relative name is resolved now: later the process may be in another directory.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let path = std::path::absolute(path)?;
        let file = open(&path)?;
        Ok(Self { path, file: Some(file), resting: false })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn file(&self) -> Option<&File> {
        self.file.as_ref()
    }

    /// Opens the file again by its name, without using it yet.
    pub(super) fn reopen(&self) -> io::Result<Reopening> {
        let new = open(&self.path)?;
        if let Some(file) = &self.file {
            let (old, new) = (file.metadata()?, new.metadata()?);
            if (old.dev(), old.ino()) == (new.dev(), new.ino()) {
                return Ok(Reopening::Unchanged);
            }
        }
        Ok(Reopening::Changed(new))
    }

    pub(super) fn replace(&mut self, file: Option<File>) {
        self.file = file;
        self.resting = false;
    }

    /// Closes the file until the next line is written, so that it can be rotated away and its disk space is free.
    pub(super) fn rest(&mut self) {
        self.resting |= self.file.take().is_some();
    }

    /// Opens a resting file by its name.
    pub(super) fn wake(&mut self) -> io::Result<()> {
        if std::mem::take(&mut self.resting) {
            self.file = Some(open(&self.path)?);
        }
        Ok(())
    }

    /// Appends a line in one system call, so that lines of several processes do not mix.
    pub(super) fn write_line(&self, line: &str) -> io::Result<()> {
        let Some(mut file) = self.file.as_ref() else {
            return Ok(());
        };
        file.write_all(format!("{line}\n").as_bytes())
    }
}

fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().append(true).create(true).mode(0o660).open(path)
}
