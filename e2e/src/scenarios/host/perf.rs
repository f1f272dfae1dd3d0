//! perf: both directions over several queues, and a report when it is interrupted.

use e2e::context::Context;
use e2e::failure::Verdict;
use e2e::process::{PROMPTLY, Stream};
use e2e::scenario::Scenario;
use e2e::{ensure, ensure_eq};
use rustix::process::Signal;
use serde_json::Value;

use super::nvme_json;

pub(super) const SCENARIO: Scenario = Scenario { name: "host/perf", needs: &[], run };

fn run(context: &Context) -> Verdict {
    let target = context.target(&["memory:16M"])?;
    let workload = ["--mix", "50", "--queues", "3", "--queue-depth", "8", "--size", "16K", "--digests"];
    let report = nvme_json(context, "perf", &target, &[&workload[..], &["--seconds", "1", "--ramp", "0"]].concat())?;
    for (row, operation) in ["read", "write", "total"].into_iter().enumerate() {
        let result = &report["results"][row];
        ensure_eq!(result["operation"], operation, "row {row} of the results");
        for field in ["commands", "iops", "bytes_per_second", "mean_ns", "p50_ns", "p99.99_ns", "max_ns"] {
            ensure!(result[field].as_u64().is_some_and(|value| value > 0), "{operation} {field} in {report}");
        }
    }
    ensure_eq!(report["results"][2]["commands"], sum(&report), "commands in total");

    // Interrupted long before its time, it tells what it has.
    let address = target.address.to_string();
    let command = context.tidegate(&["nvme", "perf", &address, "--seconds", "3600", "--nqn", &target.nqn, "--json"]);
    let mut perf = context.start("tidegate nvme perf", command)?;
    let served = |line: &str| (line.contains("queue 1") && line.contains("entries=33")).then_some(());
    target.process.wait_for("the connection of the I/O queue", PROMPTLY, served)?;
    perf.signal(Signal::INT)?;
    ensure_eq!(perf.wait(PROMPTLY)?.code(), Some(0), "exit status after Ctrl-C");
    let report: Value = serde_json::from_str(&perf.transcript().text(Stream::Output))?;
    ensure!(report["seconds"].as_f64().is_some_and(|seconds| seconds < 3600.0), "the report says {report}");
    Ok(())
}

fn sum(report: &Value) -> u64 {
    (0..2).filter_map(|row| report["results"][row]["commands"].as_u64()).sum()
}
