//! I/O that hangs in the kernel: a frozen file system lets no write through, whatever the engine. It is told while it lasts; a
//! trigger's command does not wait for it; Ctrl-C brings a report all the same.

use std::path::{Path, PathBuf};
use std::process::Command;

use e2e::context::Context;
use e2e::failure::{Failure, Verdict};
use e2e::needs::Need;
use e2e::process::{PROMPTLY, Process, Stream};
use e2e::scenario::Scenario;
use e2e::scratch::run as run_program;
use e2e::{ensure, ensure_eq};
use rustix::process::Signal;
use serde_json::Value;

use super::loop_device::LoopDevice;

pub(super) const TOLD: Scenario = Scenario { name: "bench/hung_in_the_kernel", needs: NEEDS, run: told };
pub(super) const STOPPED: Scenario = Scenario { name: "bench/hung_and_stopped", needs: NEEDS, run: stopped };
pub(super) const TRIGGERED: Scenario = Scenario { name: "bench/hung_and_triggered", needs: NEEDS, run: triggered };

const NEEDS: &[Need] = &[
    Need::Root,
    Need::LoopDevice,
    Need::Program("losetup"),
    Need::Program("mke2fs"),
    Need::Program("mount"),
    Need::Program("fsfreeze"),
];
const ENGINES: [&str; 3] = ["psync", "io_uring", "libaio"];
/// The load generator tells I/O that has been under way for so long.
const TOLD_AFTER_NS: u64 = 10_000_000_000;

/// A file system that lets no write through until it is dropped.
struct Frozen(PathBuf);

impl Frozen {
    fn freeze(mount_point: &Path) -> Result<Self, Failure> {
        run_program(Command::new("fsfreeze").arg("--freeze").arg(mount_point))?;
        Ok(Self(mount_point.to_owned()))
    }
}

impl Drop for Frozen {
    fn drop(&mut self) {
        let _ = run_program(Command::new("fsfreeze").arg("--unfreeze").arg(&self.0));
    }
}

/// A file system of its own, and a job of each engine that writes to it.
struct Writers {
    jobs: Vec<Job>,
    mount_point: PathBuf,
    // After the jobs.
    _device: LoopDevice,
}

struct Job {
    process: Process,
    engine: &'static str,
    file: PathBuf,
    report: PathBuf,
}

impl Writers {
    fn start(context: &Context, engines: &[&'static str], more: &[&str]) -> Result<Self, Failure> {
        let folder = context.scratch().path();
        let mut device = LoopDevice::attach(&context.scratch().sparse_file("disk.img", 32 << 20)?)?;
        let mount_point = folder.join("mounted");
        device.mount(mount_point.clone())?;
        let mut jobs = Vec::new();
        for &engine in engines {
            let (file, report) = (mount_point.join(engine), folder.join(format!("{engine}.json")));
            let (ioengine, filename) = (format!("--ioengine={engine}"), format!("--filename={}", file.display()));
            let output = format!("--output={}", report.display());
            let name = format!("--name={engine}");
            let mut command = context.tidegate(&["bench", &name, &ioengine, &filename, &output, "--rw=randwrite"]);
            command.args([
                "--bs=4k",
                "--size=4m",
                "--iodepth=4",
                "--time_based",
                "--output-format=json",
                "--eta=always",
            ]);
            command.args(["--eta-newline=500ms", "--eta-interval=500ms"]).args(more);
            jobs.push(Job { process: context.start(engine, command)?, engine, file, report });
        }
        for job in &jobs {
            job.process.wait_for("progress", PROMPTLY, |line| line.contains("IOPS").then_some(()))?;
        }
        Ok(Self { jobs, mount_point, _device: device })
    }
}

impl Job {
    /// Waits for a line on standard error about its write.
    fn wait_for_word(&self, word: &str) -> Verdict {
        let Self { engine, file, process, .. } = self;
        let file = file.display().to_string();
        process.wait_for(&format!("{word:?} about its write"), PROMPTLY, |line| {
            let names_it = line.starts_with(&format!("{engine}: ")) && line.contains("write of 4096 bytes at offset ");
            (names_it && line.contains(&file) && line.contains(word)).then_some(())
        })
    }

    fn report(&self) -> Result<Value, Failure> {
        let report: Value = serde_json::from_str(&std::fs::read_to_string(&self.report)?)?;
        ensure!(report["jobs"][0]["write"]["total_ios"].as_u64() > Some(0), "{}: no I/Os in {report}", self.engine);
        Ok(report["jobs"][0].clone())
    }
}

/// While it hangs it is told; afterwards the job ends well, and its latencies have the time.
fn told(context: &Context) -> Verdict {
    let mut writers = Writers::start(context, &ENGINES, &["--runtime=4"])?;
    let frozen = Frozen::freeze(&writers.mount_point)?;
    for job in &writers.jobs {
        job.wait_for_word("has been under way for ")?;
        job.process.wait_for("the status", PROMPTLY, |line| line.contains("[an I/O hangs for ").then_some(()))?;
    }
    drop(frozen);
    for job in &mut writers.jobs {
        job.wait_for_word("has come back")?;
        ensure_eq!(job.process.wait(PROMPTLY)?.code(), Some(0), "exit status of {}", job.engine);
        let longest = job.report()?["write"]["lat_ns"]["max"].as_u64();
        ensure!(longest >= Some(TOLD_AFTER_NS), "{}: the longest latency is {longest:?} ns", job.engine);
    }
    Ok(())
}

/// Ctrl-C: nothing can end a thread that hangs in the kernel, but what it did is reported while it hangs.
fn stopped(context: &Context) -> Verdict {
    let mut writers = Writers::start(context, &ENGINES, &["--runtime=3600"])?;
    let frozen = Frozen::freeze(&writers.mount_point)?;
    for job in &writers.jobs {
        job.process.signal(Signal::INT)?;
    }
    for job in &writers.jobs {
        job.wait_for_word("given up: the kernel does not give back its")?;
    }
    for job in &writers.jobs {
        e2e::service::eventually("a report", || Ok(job.report().ok()))?;
    }
    drop(frozen);
    for job in &mut writers.jobs {
        ensure_eq!(job.process.wait(PROMPTLY)?.code(), Some(128), "exit status of {}", job.engine);
    }
    Ok(())
}

/// The command of a trigger begins while the I/O hangs, and finds the state of the verification there.
fn triggered(context: &Context) -> Verdict {
    let folder = context.scratch().path();
    let (pull, state) = (folder.join("pull"), folder.join("local-io_uring-0-verify.state"));
    let words = [
        format!("--trigger-file={}", pull.display()),
        format!("--trigger=cp {} at-trigger && echo triggered", state.display()),
    ];
    let more = ["--runtime=3600", "--verify=crc32c", &words[0], &words[1]];
    let mut writers = Writers::start(context, &["io_uring"], &more)?;
    let frozen = Frozen::freeze(&writers.mount_point)?;
    std::fs::write(&pull, "")?;
    let job = &mut writers.jobs[0];
    job.process.wait_for("the command's word", PROMPTLY, |line| line.contains("triggered").then_some(()))?;
    drop(frozen);
    ensure_eq!(job.process.wait(PROMPTLY)?.code(), Some(0), "exit status");
    ensure!(std::fs::read(folder.join("at-trigger"))? == std::fs::read(&state)?, "the state was written once more");
    let error = job.process.transcript().text(Stream::Error);
    ensure!(!error.contains("is not saved"), "it was not saved: {error}");
    job.report().map(drop)
}
