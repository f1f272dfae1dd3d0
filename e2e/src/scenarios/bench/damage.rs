//! Blocks of a target's file are damaged behind the back of a job that writes them through `nvme_tcp`: its verification says of each what
//! became of it, and whose write is there instead.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;

use e2e::context::Context;
use e2e::ensure;
use e2e::ensure_eq;
use e2e::failure::{Failure, Verdict};
use e2e::process::{PROMPTLY, Process, Stream};
use e2e::scenario::Scenario;
use reactor::clock;
use rustix::process::Signal;

use super::nvme_tcp::filename;

pub(super) const SCENARIO: Scenario = Scenario { name: "bench/nvme_tcp_damage", needs: &[], run };

const BLOCK: usize = 4096;
/// Blocks of the job; it writes 256 of them a second.
const BLOCKS: usize = 512;
/// Blocks from the front that are damaged once all of them are written.
const DAMAGED: usize = 16;

type Block = [u8; BLOCK];

fn run(context: &Context) -> Verdict {
    let disk = context.scratch().sparse_file("disk.img", (BLOCKS * BLOCK) as u64)?;
    let target = context.target(&[&disk.display().to_string()])?;
    let name = filename(&target);
    let size = format!("--size={}", BLOCKS * BLOCK);
    let writer = ["--ioengine=nvme_tcp", &name, "--rw=write", "--bs=4k", &size, "--verify=crc32c"];

    // Each block twice, by the second job of its run: whoever finds one of these can tell whose it was.
    let twice =
        ["bench", "--name=nobody", "--ioengine=null", "--size=4k", "--name=older", "--loops=2", "--do_verify=0"];
    let older = context.run(&[&twice[..], &writer].concat())?;
    ensure_eq!(older.status, Some(0), "exit status of the older job, which said {}", older.error);
    let old = blocks(&disk)?;

    let mut command = context.tidegate(&["bench", "--name=a", "--rate=,1m", "--continue_on_error=verify"]);
    command.args(writer);
    let mut bench = context.start("tidegate bench", command)?;
    stop_when_written(&bench, &disk, &old)?;
    let new = blocks(&disk)?;
    let file = File::options().write(true).open(&disk)?;
    let offset = |block: usize| (block * BLOCK) as u64;
    for (block, content, _) in damages(&old, &new) {
        file.write_all_at(&content, offset(block))?;
    }
    bench.signal(Signal::CONT)?;
    bench.wait(PROMPTLY)?;
    let told = bench.transcript().text(Stream::Error);
    for (block, _, words) in damages(&old, &new) {
        let place = format!(" offset {}, length {BLOCK} ", offset(block));
        let lines = told.lines().skip_while(|line| !line.contains(&place)).skip(1);
        let report: Vec<&str> = lines.take_while(|line| line.starts_with(' ')).map(str::trim).collect();
        let is_told = |line: &&str| line.starts_with(words[0]) && words.iter().all(|word| line.contains(word));
        ensure!(report.iter().any(is_told), "block {block}: expected {words:?}, it is {report:?} in {told}");
    }
    let reported = told.lines().filter(|line| line.contains("(requested block: ")).count();
    ensure_eq!(reported, damages(&old, &new).len(), "wrong blocks in {told}");
    Ok(())
}

/// What each block that is damaged holds then, and what its report begins with and contains.
fn damages(old: &[Block], new: &[Block]) -> Vec<(usize, Block, &'static [&'static str])> {
    let half = |front: &Block, back: &Block| {
        let mut block = *front;
        block[BLOCK / 2..].copy_from_slice(&back[BLOCK / 2..]);
        block
    };
    let mut one_byte = new[12];
    one_byte[1000] ^= 1;
    let zeroes = [0; BLOCK];
    vec![
        (1, zeroes, &["lost: only zeroes"][..]),
        (2, old[2], &["stale: holds write 514 of job 2 to offset 8192", "write 2 of it should be here"]),
        (4, new[5], &["misdirected: holds write 5 of job 1 to offset 20480"]),
        (6, old[7], &["misdirected: holds write 519 of job 2 to offset 28672"]),
        (8, half(&new[8], &zeroes), &["torn: ", "which are zero"]),
        (9, half(&new[9], &old[9]), &["torn: "]),
        (10, [0xa5; BLOCK], &["foreign: "]),
        (12, one_byte, &["changed: byte 1000 is not what was written"]),
    ]
}

fn blocks(disk: &Path) -> Result<Vec<Block>, Failure> {
    let bytes = std::fs::read(disk)?;
    let (blocks, _) = bytes.as_chunks::<BLOCK>();
    Ok(blocks.to_vec())
}

/// Stops the job when it has written the blocks that are damaged, long before it verifies.
fn stop_when_written(bench: &Process, disk: &Path, old: &[Block]) -> Verdict {
    let until = clock::now() + PROMPTLY;
    while blocks(disk)?[DAMAGED] == old[DAMAGED] {
        ensure!(clock::now() < until, "the job does not write");
        std::thread::yield_now();
    }
    bench.signal(Signal::STOP)
}
