//! The target is killed while a copy is under way and comes back at the same address: the copy goes on, and every byte
//! is there in the end.

use std::fs::OpenOptions;
use std::io::Write;

use e2e::context::Context;
use e2e::ensure;
use e2e::ensure_eq;
use e2e::failure::Verdict;
use e2e::needs::Need;
use e2e::process::PROMPTLY;
use e2e::scenario::Scenario;

use super::pattern;

pub(super) const SCENARIO: Scenario = Scenario { name: "host/outage", needs: &[Need::Program("mkfifo")], run };

const BYTES: usize = 8 << 20;

fn run(context: &Context) -> Verdict {
    let disk = context.scratch().sparse_file("disk.img", BYTES as u64)?;
    let device = disk.display().to_string();
    let mut target = context.target(&[&device])?;
    let address = target.address.to_string();
    let pipe = context.scratch().path().join("pipe");
    let mut mkfifo = std::process::Command::new("mkfifo");
    mkfifo.arg(&pipe);
    ensure_eq!(context.finish("mkfifo", mkfifo, PROMPTLY)?.status, Some(0), "exit status of mkfifo");

    let command = context.tidegate(&["nvme", "write", &address, "--nqn", &target.nqn, "--input", "pipe"]);
    let mut copy = context.start("tidegate nvme write", command)?;
    let bytes = pattern(BYTES);
    // Opens when the copy has opened its end.
    let mut input = OpenOptions::new().write(true).open(&pipe)?;
    for part in bytes.chunks(BYTES / 4) {
        input.write_all(part)?;
        target.process.kill();
        target = context.target_at(&address, &[&device])?;
    }
    drop(input);
    ensure_eq!(copy.wait(PROMPTLY)?.code(), Some(0), "exit status of the copy");
    ensure!(std::fs::read(&disk)? == bytes, "the file holds something else than was written");
    Ok(())
}
