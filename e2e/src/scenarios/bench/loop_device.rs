//! A file as a block device.

use std::path::{Path, PathBuf};
use std::process::Command;

use e2e::failure::Failure;
use e2e::scratch::run;

/// A file as a block device; detached on drop, and unmounted before if it was mounted.
pub(super) struct LoopDevice {
    device: PathBuf,
    mount_point: Option<PathBuf>,
}

impl LoopDevice {
    /// Attaches a file.
    pub(super) fn attach(file: &Path) -> Result<Self, Failure> {
        let device = run(Command::new("losetup").args(["--find", "--show"]).arg(file))?;
        Ok(Self { device: device.trim().into(), mount_point: None })
    }

    /// Puts a file system on it and mounts it.
    pub(super) fn mount(&mut self, mount_point: PathBuf) -> Result<(), Failure> {
        run(Command::new("mke2fs").arg("-q").arg(&self.device))?;
        std::fs::create_dir(&mount_point)?;
        run(Command::new("mount").arg(&self.device).arg(&mount_point))?;
        self.mount_point = Some(mount_point);
        Ok(())
    }

    /// The device.
    pub(super) fn path(&self) -> &Path {
        &self.device
    }

    /// The word that makes it the file of a job.
    pub(super) fn filename(&self) -> String {
        format!("--filename={}", self.device.display())
    }
}

impl Drop for LoopDevice {
    fn drop(&mut self) {
        // Whatever fails here: the device goes in any case.
        if let Some(mount_point) = &self.mount_point {
            let _ = run(Command::new("umount").arg(mount_point));
        }
        let _ = run(Command::new("losetup").arg("--detach").arg(&self.device));
    }
}
