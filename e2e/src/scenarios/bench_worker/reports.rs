//! What fio's front end reports is what the worker did: several jobs, groups, as text and as JSON.

use e2e::context::Context;
use e2e::failure::{Failure, Verdict};
use e2e::needs::Need;
use e2e::scenario::Scenario;
use e2e::{ensure, ensure_eq};
use serde_json::Value;

use super::worker::{Worker, entries, json, said, session};

pub(super) const SCENARIO: Scenario = Scenario { name: "bench_worker/reports", needs: &[Need::Program("fio")], run };

const JOBS: &str = "\
[global]
ioengine=psync
size=1m
bs=4k
[w]
rw=randwrite
numjobs=2
group_reporting
[r]
stonewall
rw=randread
io_size=3m
[m]
stonewall
ioengine=null
rw=randrw
rwmixread=25
size=8m
iodepth=8
description=both ways
";

fn run(context: &Context) -> Verdict {
    let worker = Worker::start(context, &[])?;
    let text = worker.measured(context, "text", &[], JOBS)?;
    ensure_eq!(text.status, Some(0), "status of fio: {}", said(&text));
    for line in [
        "w: (groupid=0, jobs=2): err= 0",
        "r: (groupid=1, jobs=1): err= 0",
        "m: (groupid=2, jobs=1): err= 0",
        "issued rwts: total=0,512,0,0",
        "issued rwts: total=768,0,0,0",
        "Description  : [both ways]",
        "Starting 4 processes",
        "Run status group 2",
        "All clients: (groupid=2, ",
    ] {
        ensure!(text.output.contains(line), "no {line:?} in: {}", text.output);
    }
    ensure_eq!(entries(&worker.files)?, ["r.0.0", "w.0.0", "w.1.0"], "files of the jobs");
    ensure_eq!(std::fs::metadata(worker.files.join("w.1.0"))?.len(), 1 << 20, "size of a file");

    let report = worker.measured(context, "json", &["--output-format=json"], JOBS)?;
    ensure_eq!(report.status, Some(0), "status of fio: {}", said(&report));
    let report = json(&report)?;
    let jobs: Vec<&Value> = report["client_stats"].as_array().into_iter().flatten().collect();
    let names: Vec<&str> = jobs.iter().filter_map(|job| job["jobname"].as_str()).collect();
    ensure_eq!(names, ["w", "r", "m", "All clients"], "jobs of the report");
    ensure_eq!(report["global options"]["size"], "1m", "a global option");
    ensure_eq!(jobs[2]["job options"]["rwmixread"], "25", "an option of a job, which has a report of its own");
    ensure_eq!(jobs[2]["desc"], "both ways", "the description");
    agrees_with_the_worker(context, 2, &jobs)
}

/// Sums over all jobs and the worker's own numbers are the same.
fn agrees_with_the_worker(context: &Context, number: u32, jobs: &[&Value]) -> Result<(), Failure> {
    let known = session(context, number)?;
    for (direction, name) in ["read", "write"].iter().zip(["read", "write"]) {
        for (field, of_worker) in [("total_ios", "ios"), ("io_bytes", "bytes")] {
            let sum: u64 = jobs[..3].iter().filter_map(|job| job[*direction][field].as_u64()).sum();
            let all = jobs[3][*direction][field].as_u64();
            let theirs = known[format!("{name}_{of_worker}_in_all")].as_u64();
            ensure_eq!(
                (Some(sum), all),
                (theirs, theirs),
                "{direction} {field}: sum and total of fio, and the worker's"
            );
            ensure!(sum > 0, "nothing was done: {direction} {field}");
        }
    }
    ensure_eq!(known["state"], "succeeded", "the worker's view");
    ensure_eq!(known["protocol_version"], 97, "the version of fio 3.33");
    Ok(())
}
