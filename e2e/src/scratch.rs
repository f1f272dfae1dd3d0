//! Places that a scenario may fill: folders and small file systems that go away with it.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::failure::Failure;

/// A new folder, removed with everything in it on drop.
#[derive(Debug)]
pub struct ScratchDirectory(PathBuf);

impl ScratchDirectory {
    /// Makes one in the system's folder for temporary files.
    ///
    /// # Errors
    /// When that is not possible.
    pub fn new() -> Result<Self, Failure> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("tidegate-e2e-{}-{number}", std::process::id()));
        std::fs::create_dir(&path).map_err(|error| Failure::from(error).during(path.display()))?;
        Ok(Self(path))
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// A file in it of `length` bytes, all holes.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn sparse_file(&self, name: &str, length: u64) -> Result<PathBuf, Failure> {
        let path = self.0.join(name);
        std::fs::File::create(&path)?.set_len(length)?;
        Ok(path)
    }
}

impl Drop for ScratchDirectory {
    fn drop(&mut self) {
        // What cannot be removed is left to whoever cleans the folder for temporary files.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A file system in memory with room for a given number of bytes, unmounted on drop. Needs root.
#[derive(Debug)]
pub struct SmallFilesystem(PathBuf);

impl SmallFilesystem {
    /// Mounts one.
    ///
    /// # Errors
    /// When the mount point cannot be made or the kernel refuses.
    pub fn mount(parent: &Path, size_bytes: u64) -> Result<Self, Failure> {
        Self::mount_at(&parent.join("small"), &format!("size={size_bytes}"))
    }

    /// Mounts one at a path, which is made, with these options of tmpfs.
    ///
    /// # Errors
    /// As [`mount`](Self::mount).
    pub fn mount_at(path: &Path, options: &str) -> Result<Self, Failure> {
        std::fs::create_dir_all(path)?;
        run(Command::new("mount").args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(path))?;
        Ok(Self(path.to_owned()))
    }

    /// Mounts it again with other options, such as `ro`.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub fn remount(&self, options: &str) -> Result<(), Failure> {
        run(Command::new("mount").args(["-o", &format!("remount,{options}")]).arg(&self.0)).map(drop)
    }

    /// Fills it up with a file of that name.
    ///
    /// # Errors
    /// When the file cannot be made.
    pub fn fill(&self, name: &str) -> Result<PathBuf, Failure> {
        let path = self.0.join(name);
        let mut file = std::fs::File::create(&path)?;
        while file.write_all(&[0; 512]).is_ok() {}
        Ok(path)
    }

    /// Its mount point.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for SmallFilesystem {
    fn drop(&mut self) {
        // Lazily: a process that still has a file open is being ended at the same time.
        let _ = run(Command::new("umount").arg("-l").arg(&self.0));
    }
}

/// Runs a program to its end and returns its standard output.
///
/// # Errors
/// When it cannot be run or does not succeed.
pub fn run(command: &mut Command) -> Result<String, Failure> {
    let output = command.output()?;
    if !output.status.success() {
        let text = String::from_utf8_lossy(&output.stderr);
        return Err(Failure::new(format!("{command:?}: {}: {}", output.status, text.trim())));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
