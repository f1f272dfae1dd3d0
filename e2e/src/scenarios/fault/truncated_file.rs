//! Somebody cuts the file off under a namespace: what is gone fails with a media error, what is left is served, and when the
//! file has its length again so has the namespace.

use std::fs::OpenOptions;

use e2e::context::Context;
use e2e::ensure;
use e2e::failure::Verdict;
use e2e::scenario::Scenario;
use e2e::wire::Peer;
use nvme::base::status::Status;

use super::logged_once;

pub(super) const SCENARIO: Scenario = Scenario { name: "fault/truncated_file", needs: &[], run };

const LENGTH: u64 = 1 << 20;

fn run(context: &Context) -> Verdict {
    let path = context.scratch().sparse_file("disk.img", LENGTH)?;
    let target = context.target(&[&path.display().to_string()])?;
    let (_admin, controller_id) = Peer::admin_queue(&target)?;
    let mut queue = Peer::io_queue(&target, controller_id)?;
    let mut block = [0; 512];
    ensure!(queue.read(2047, &mut block)?.is_success(), "the last block cannot be read");

    OpenOptions::new().write(true).open(&path)?.set_len(LENGTH / 2)?;
    for number in [2047, 1024, 1500] {
        let status = queue.read(number, &mut block)?;
        ensure!(status.same_code(Status::UNRECOVERED_READ_ERROR), "block {number}, which is gone: {status}");
    }
    ensure!(queue.read(1023, &mut block)?.is_success(), "a block that is left cannot be read");

    OpenOptions::new().write(true).open(&path)?.set_len(LENGTH)?;
    ensure!(queue.read(2047, &mut block)?.is_success(), "the last block cannot be read although it is back");
    logged_once(&target, &path)
}
