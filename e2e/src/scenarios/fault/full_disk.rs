//! The file system under a namespace fills up: Capacity Exceeded for what has no room, success for what has; and success again
//! once there is room.

use std::process::Command;

use e2e::context::Context;
use e2e::ensure;
use e2e::failure::Verdict;
use e2e::needs::Need;
use e2e::scenario::Scenario;
use e2e::scratch::{SmallFilesystem, run as run_program};
use e2e::wire::Peer;
use nvme::base::status::Status;

use super::logged_once;

pub(super) const SCENARIO: Scenario =
    Scenario { name: "fault/full_disk", needs: &[Need::Root, Need::Program("mount")], run };

/// Bytes of a write; as much as fits into a capsule.
const WRITE_BYTES: usize = 8192;
const BLOCKS: u64 = WRITE_BYTES as u64 / 512;

fn run(context: &Context) -> Verdict {
    let small = SmallFilesystem::mount(context.scratch().path(), 1 << 20)?;
    let path = small.path().join("disk.img");
    std::fs::File::create(&path)?.set_len(8 << 20)?;
    let mut target = context.target(&[&path.display().to_string()])?;
    let (_admin, controller_id) = Peer::admin_queue(&target)?;
    let mut queue = Peer::io_queue(&target, controller_id)?;

    let data = [0x5a; WRITE_BYTES];
    let mut stored = 0;
    let status = loop {
        let status = queue.write(stored * BLOCKS, &data)?;
        if !status.is_success() {
            break status;
        }
        stored += 1;
        ensure!(stored < 1024, "8 MiB went into a file system of 1 MiB");
    };
    ensure!(status.same_code(Status::CAPACITY_EXCEEDED), "write without room: {status}");
    for number in 0..10 {
        let status = queue.write((stored + 10 + number) * BLOCKS, &data)?;
        ensure!(status.same_code(Status::CAPACITY_EXCEEDED), "another write without room: {status}");
    }

    let mut back = [0; WRITE_BYTES];
    for number in 0..stored {
        let status = queue.read(number * BLOCKS, &mut back)?;
        ensure!(status.is_success() && back == data, "what was stored before reads as something else ({status})");
    }
    ensure!(queue.write(0, &data)?.is_success(), "what has its room already cannot be written any more");

    run_program(Command::new("mount").args(["-o", "remount,size=4m"]).arg(small.path()))?;
    let status = queue.write((stored + 10) * BLOCKS, &data)?;
    ensure!(status.is_success(), "write with room again: {status}");
    let status = queue.flush()?;
    ensure!(status.is_success(), "flush with room again: {status}");
    ensure!(target.process.is_running()?, "the target ended");
    logged_once(&target, &path)
}
