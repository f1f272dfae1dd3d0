//! A block device with a mounted file system is not written to unless the job says so; reading it is allowed.

use e2e::context::Context;
use e2e::failure::Verdict;
use e2e::needs::Need;
use e2e::scenario::Scenario;
use e2e::{ensure, ensure_eq};

use super::loop_device::LoopDevice;

pub(super) const SCENARIO: Scenario = Scenario {
    name: "bench/mounted",
    needs: &[Need::Root, Need::LoopDevice, Need::Program("losetup"), Need::Program("mke2fs"), Need::Program("mount")],
    run,
};

fn run(context: &Context) -> Verdict {
    let file = context.scratch().sparse_file("disk.img", 8 << 20)?;
    let mut device = LoopDevice::attach(&file)?;
    device.mount(context.scratch().path().join("mounted"))?;
    let name = device.filename();
    // Where the file system has nothing yet: its own blocks it may write at any time.
    let jobs = ["--name=a", "--bs=4k", "--size=64k", "--offset=7m", &name];
    let before = std::fs::read(&file)?;
    let refused = context.run(&[&["bench", "--rw=write"][..], &jobs].concat())?;
    ensure_eq!(refused.status, Some(1), "exit status");
    for words in ["appears mounted", "allow_mounted_write", &device.path().display().to_string()] {
        ensure!(refused.error.contains(words), "expected {words:?} in {:?}", refused.error);
    }
    ensure_eq!(refused.error.lines().count(), 1, "lines that tell it, {:?}", refused.error);
    ensure!(std::fs::read(&file)? == before, "something was written");
    let read = context.run(&[&["bench", "--rw=read"][..], &jobs].concat())?;
    ensure_eq!(read.status, Some(0), "exit status of a reader, which said {}", read.error);
    let words = ["bench", "--rw=write", "--allow_mounted_write=1", "--direct=1", "--buffer_pattern=0x5a"];
    let allowed = context.run(&[&words[..], &jobs].concat())?;
    ensure_eq!(allowed.status, Some(0), "exit status where it is allowed, which said {}", allowed.error);
    ensure!(
        std::fs::read(&file)?[7 << 20..][..65_536].iter().all(|&byte| byte == 0x5a),
        "nothing was written where it is allowed"
    );
    Ok(())
}
