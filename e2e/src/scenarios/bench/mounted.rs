//! A block device with a mounted file system is not written to; reading it is allowed.

use std::path::{Path, PathBuf};
use std::process::Command;

use e2e::context::Context;
use e2e::failure::{Failure, Verdict};
use e2e::needs::Need;
use e2e::scenario::Scenario;
use e2e::scratch::run as run_program;
use e2e::{ensure, ensure_eq};

pub(super) const SCENARIO: Scenario = Scenario {
    name: "bench/mounted",
    needs: &[Need::Root, Need::LoopDevice, Need::Program("losetup"), Need::Program("mke2fs"), Need::Program("mount")],
    run,
};

/// A file as a block device; detached on drop, and unmounted before.
struct LoopDevice {
    device: PathBuf,
    mount_point: PathBuf,
}

impl LoopDevice {
    fn mounted(file: &Path, mount_point: PathBuf) -> Result<Self, Failure> {
        let device = run_program(Command::new("losetup").args(["--find", "--show"]).arg(file))?;
        let device = Self { device: device.trim().into(), mount_point };
        run_program(Command::new("mke2fs").arg("-q").arg(&device.device))?;
        std::fs::create_dir(&device.mount_point)?;
        run_program(Command::new("mount").arg(&device.device).arg(&device.mount_point))?;
        Ok(device)
    }
}

impl Drop for LoopDevice {
    fn drop(&mut self) {
        // What was not mounted cannot be unmounted; the device goes in any case.
        let _ = run_program(Command::new("umount").arg(&self.mount_point));
        let _ = run_program(Command::new("losetup").arg("--detach").arg(&self.device));
    }
}

fn run(context: &Context) -> Verdict {
    let file = context.scratch().sparse_file("disk.img", 8 << 20)?;
    let device = LoopDevice::mounted(&file, context.scratch().path().join("mounted"))?;
    let name = format!("--filename={}", device.device.display());
    let jobs = ["--name=a", "--bs=4k", "--size=64k", &name];
    let before = std::fs::read(&file)?;
    let refused = context.run(&[&["bench", "--rw=write"][..], &jobs].concat())?;
    ensure_eq!(refused.status, Some(1), "exit status");
    for words in ["appears mounted", "allow_mounted_write", &device.device.display().to_string()] {
        ensure!(refused.error.contains(words), "expected {words:?} in {:?}", refused.error);
    }
    ensure_eq!(refused.error.lines().count(), 1, "lines that tell it, {:?}", refused.error);
    ensure!(std::fs::read(&file)? == before, "something was written");
    let read = context.run(&[&["bench", "--rw=read"][..], &jobs].concat())?;
    ensure_eq!(read.status, Some(0), "exit status of a reader, which said {}", read.error);
    Ok(())
}
