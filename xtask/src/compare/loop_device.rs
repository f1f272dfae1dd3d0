//! A loop device over a file, with the file's bytes in the device's own pages.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::task::TaskError;

/// Goes away with this.
pub(super) struct LoopDevice {
    path: PathBuf,
    /// The kernel forgets the pages of a device that nobody has open.
    _held: File,
}

impl LoopDevice {
    /// Makes one, and reads all of it. Needs root.
    pub(super) fn over(file: &Path) -> Result<Self, TaskError> {
        let output = Command::new("losetup").args(["--find", "--show"]).arg(file).output()?;
        if !output.status.success() {
            let why = String::from_utf8_lossy(&output.stderr);
            return Err(TaskError::new(format_args!("losetup for {}: {}", file.display(), why.trim())));
        }
        let path = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim());
        let held = File::open(&path)?;
        io::copy(&mut &held, &mut io::sink())?;
        Ok(Self { path, _held: held })
    }

    /// Its node.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for LoopDevice {
    fn drop(&mut self) {
        let _ = Command::new("losetup").arg("--detach").arg(&self.path).status();
    }
}
