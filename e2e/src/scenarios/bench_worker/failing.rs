//! A job that fails: the front end is told why and fails itself, and the other jobs are reported.

use e2e::context::Context;
use e2e::failure::Verdict;
use e2e::needs::Need;
use e2e::scenario::Scenario;
use e2e::{ensure, ensure_eq};

use super::worker::{Worker, json, said, session};

pub(super) const SCENARIO: Scenario =
    Scenario { name: "bench_worker/failing_job", needs: &[Need::Program("fio")], run };

const JOBS: &str = "\
[good]
ioengine=null
size=1m
[bad]
ioengine=psync
rw=read
size=1m
filename=missing
allow_file_create=0
";

fn run(context: &Context) -> Verdict {
    let worker = Worker::start(context, &["--file-bytes-max=4194304"])?;
    let text = worker.measured(context, "text", &[], JOBS)?;
    ensure_eq!(text.status, Some(1), "status of fio: {}", said(&text));
    ensure!(text.output.contains("bad: file creation disallowed by allow_file_create=0"), "no reason: {}", text.output);
    ensure!(said(&text).contains("exited with error 1"), "no error: {}", said(&text));
    ensure!(text.output.contains("good: (groupid=0, jobs=1): err= 0"), "no report of the other: {}", text.output);
    ensure_eq!(session(context, 1)?["state"], "failed", "the worker's view");

    // A file that is larger than what is allowed, which no option says: the system's limit stops the job.
    let large = "[large]\nioengine=psync\nrw=write\nbs=4k\nfilename=large\n";
    std::fs::write(worker.files.join("large"), vec![1; 8 << 20])?;
    let report = worker.measured(context, "json", &["--output-format=json"], large)?;
    ensure_eq!(report.status, Some(1), "status of fio: {}", said(&report));
    let report = json(&report)?;
    ensure_eq!(report["client_stats"][0]["error"], 27, "the error of the job (EFBIG)");
    let content = std::fs::read(worker.files.join("large"))?;
    ensure!(content[4 << 20..].iter().all(|byte| *byte == 1), "it was written beyond what is allowed");
    Ok(())
}
