//! Ctrl-C and SIGTERM end a run early, and what was done until then is reported, as with fio.

use e2e::context::Context;
use e2e::failure::Verdict;
use e2e::needs::Need;
use e2e::process::{PROMPTLY, Process, Stream};
use e2e::scenario::Scenario;
use e2e::{ensure, ensure_eq};
use rustix::process::Signal;
use serde_json::Value;
use std::process::Command;

pub(super) const SCENARIO: Scenario = Scenario { name: "bench/interrupted", needs: &[Need::Program("fio")], run };

const JOBS: [&str; 9] = [
    "--size=4m",
    "--time_based",
    "--runtime=3600",
    "--output-format=json",
    "--output=report",
    "--eta=always",
    "--eta-newline=100ms",
    "--eta-interval=500ms",
    "--rw=randwrite",
];

fn run(context: &Context) -> Verdict {
    for signal in [Signal::INT, Signal::TERM] {
        let ours = stopped(context, context.tidegate(&["bench"]), signal)?;
        let mut fio = Command::new("fio");
        fio.current_dir(context.scratch().path());
        let of_fio = stopped(context, fio, signal)?;
        ensure_eq!(ours, of_fio, "exit status after {signal:?} beside that of fio");
    }
    Ok(())
}

/// Stops two jobs in the middle, demands a report of both, and returns the exit status.
fn stopped(context: &Context, mut command: Command, signal: Signal) -> Result<Option<i32>, e2e::failure::Failure> {
    command.args(JOBS).args(["--name=a", "--name=b"]);
    let name = command.get_program().display().to_string();
    let mut process: Process = context.start(&name, command)?;
    process.wait_for("progress", PROMPTLY, |line| line.contains("IOPS").then_some(()))?;
    process.signal(signal)?;
    let status = process.wait(PROMPTLY)?.code();
    let path = context.scratch().path().join("report");
    let report = std::fs::read_to_string(&path)?;
    std::fs::remove_file(path)?;
    let begin = report.find("{\n").unwrap_or(0);
    let report: Value = serde_json::from_str(&report[begin..])?;
    for job in [0, 1] {
        let job = &report["jobs"][job];
        let ios = job["write"]["total_ios"].as_u64();
        ensure!(ios.is_some_and(|ios| ios > 0), "{name} after {signal:?}: no I/Os in {job}");
    }
    ensure!(!process.transcript().text(Stream::Error).contains("panicked"), "it panicked");
    Ok(status)
}
