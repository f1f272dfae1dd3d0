//! `ioengine=nvme_tcp`: a namespace written and proven over the wire holds what fio proves in the file below it, and what
//! `tidegate nvme read` brings back; a target that is killed meanwhile is told, and the next run works.

use e2e::context::{Context, Target};
use e2e::failure::{Failure, Verdict};
use e2e::needs::Need;
use e2e::process::PROMPTLY;
use e2e::scenario::Scenario;
use e2e::{ensure, ensure_eq};
use rustix::process::Signal;

pub(super) const SCENARIO: Scenario = Scenario { name: "bench/nvme_tcp", needs: &[Need::Program("fio")], run };
pub(super) const KILLED: Scenario = Scenario { name: "bench/killed_target", needs: &[], run: killed };
pub(super) const HUNG: Scenario = Scenario { name: "bench/hung_io", needs: &[], run: hung };

const BYTES: u64 = 4 << 20;
/// What proves the blocks.
const PROOF: [&str; 4] = ["--verify=crc32c", "--bs=4k", "--size=4m", "--name=a"];

/// `filename=` for namespace 1 of the target.
pub(super) fn filename(target: &Target) -> String {
    let address = target.address.to_string().replace(':', "\\:");
    format!("--filename=tcp\\:{address}/{}/1", target.nqn.replace(':', "\\:"))
}

fn run(context: &Context) -> Verdict {
    let disk = context.scratch().sparse_file("disk.img", BYTES)?;
    let target = context.target(&[&disk.display().to_string()])?;
    let name = filename(&target);
    let over_the_wire = ["bench", "--ioengine=nvme_tcp", "--iodepth=16", "--rw=randwrite", &name];
    let written = context.run(&[&over_the_wire[..], &PROOF].concat())?;
    ensure_eq!(written.status, Some(0), "exit status of the writer, which said {}", written.error);

    let mut fio = std::process::Command::new("fio");
    fio.arg("--rw=read").arg(format!("--filename={}", disk.display())).args(PROOF);
    let proven = context.finish("fio", fio, PROMPTLY)?;
    ensure_eq!(proven.status, Some(0), "exit status of fio, which said {}", proven.error);

    let address = target.address.to_string();
    let blocks = (BYTES / 512).to_string();
    let read =
        context.run(&["nvme", "read", &address, "--blocks", &blocks, "--output", "back", "--nqn", &target.nqn])?;
    ensure_eq!(read.status, Some(0), "exit status of nvme read, which said {}", read.error);
    let back = std::fs::read(context.scratch().path().join("back"))?;
    ensure!(back == std::fs::read(&disk)?, "nvme read brings other bytes than the file has");

    // One byte on the disk changes: the proof over the wire finds it.
    let mut bytes = back;
    bytes[5000] ^= 1;
    std::fs::write(&disk, bytes)?;
    let over_the_wire = ["bench", "--ioengine=nvme_tcp", "--iodepth=16", "--rw=randread", &name];
    let found = context.run(&[&over_the_wire[..], &PROOF].concat())?;
    ensure_eq!(found.status, Some(1), "exit status with a changed byte");
    ensure!(found.error.contains("verify: "), "the changed byte is not told: {}", found.error);
    Ok(())
}

fn endless(context: &Context, target: &Target, more: &[&str]) -> Result<e2e::process::Process, Failure> {
    let name = filename(target);
    let mut command = context.tidegate(&["bench", "--ioengine=nvme_tcp", "--name=a", "--rw=randwrite", &name]);
    command.args(["--iodepth=8", "--bs=4k", "--size=4m", "--time_based", "--runtime=3600", "--eta=always"]);
    command.args(["--eta-newline=100ms", "--eta-interval=500ms"]).args(more);
    let bench = context.start("tidegate bench", command)?;
    bench.wait_for("progress", PROMPTLY, |line| line.contains("IOPS").then_some(()))?;
    Ok(bench)
}

fn killed(context: &Context) -> Verdict {
    let mut target = context.target(&["memory:4M"])?;
    let address = target.address.to_string();
    let mut bench = endless(context, &target, &["--output-format=normal"])?;
    target.process.kill();
    ensure_eq!(bench.wait(PROMPTLY)?.code(), Some(1), "exit status after the target was killed");
    let told = bench.transcript().text(e2e::process::Stream::Error);
    ensure!(told.contains("fio: io_u error on file"), "the lost connection is not told: {told}");
    let report = bench.transcript().text(e2e::process::Stream::Output);
    ensure!(report.contains("write: IOPS="), "what was done until then is not reported: {report}");

    let target = context.target_at(&address, &["memory:4M"])?;
    let name = filename(&target);
    let again = context.run(&[&["bench", "--ioengine=nvme_tcp", "--rw=write", &name][..], &PROOF].concat())?;
    ensure_eq!(again.status, Some(0), "exit status with the target back, said {}", again.error);
    Ok(())
}

/// The target stops answering for a while: that is told while it lasts, and the job goes on when it is over.
fn hung(context: &Context) -> Verdict {
    let target = context.target(&["memory:4M"])?;
    let mut bench = endless(context, &target, &["--command_timeout=300"])?;
    target.process.signal(Signal::STOP)?;
    let limit = PROMPTLY * 2;
    bench.wait_for("the word about I/O that hangs", limit, |line| {
        (line.contains("a: write of 4096 bytes at offset ") && line.contains("has been under way for ")).then_some(())
    })?;
    target.process.signal(Signal::CONT)?;
    bench.signal(Signal::INT)?;
    bench.wait(PROMPTLY)?;
    let report = bench.transcript().text(e2e::process::Stream::Output);
    ensure!(report.contains("write: IOPS="), "there is no report: {report}");
    Ok(())
}
