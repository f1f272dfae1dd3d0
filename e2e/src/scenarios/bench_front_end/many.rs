//! Many workers: all run at the same time, and all are in the results.

use e2e::context::Context;
use e2e::ensure;
use e2e::failure::{Failure, Verdict};
use e2e::process::Stream;
use e2e::scenario::Scenario;
use rustix::process::Signal;

use super::worker::{Kind, LIMIT, Worker, bytes, job_file, start_front_end};

pub(super) const SCENARIO: Scenario = Scenario { name: "bench_front_end/many_workers", needs: &[], run };

const WORKERS: usize = 32;

fn run(context: &Context) -> Verdict {
    let start = |number| Worker::start_tcp(context, Kind::Ours, &format!("worker-{number}"));
    let workers: Vec<Worker> = (0..WORKERS).map(start).collect::<Result<_, Failure>>()?;
    // None of them ends by itself.
    let text = "[j]\nioengine=null\nrw=read\nbs=4k\nsize=1t\ntime_based\nruntime=1h\nrate_iops=50\n";
    let (jobs, output) = (job_file(context, "jobs.fio", text)?, context.scratch().path().join("report"));
    let clients: Vec<_> = workers.iter().map(|worker| format!("--client={}", worker.address)).collect();
    let output_word = format!("--output={}", output.display());
    let words = [jobs.as_str(), "--output-format=json", &output_word, "--eta=always", "--eta-newline=100ms"];
    let words: Vec<_> = clients.iter().map(String::as_str).chain(words).collect();
    let mut process = start_front_end(context, Kind::Ours, &words)?;
    let all = format!("Jobs: {WORKERS} (f={WORKERS})");
    process.wait_for("that all run", LIMIT, |line| (line.contains(&all) && line.contains("[r=")).then_some(()))?;
    process.signal(Signal::INT)?;
    let status = process.wait(LIMIT)?;
    ensure!(status.code() == Some(128), "{status}: {}", process.transcript().text(Stream::Error));
    let report: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(output)?)?;
    let results = super::worker::results(&report)?;
    ensure!(results.len() == WORKERS + 1, "{} results, one is of all", results.len());
    let (sum, each) = results.split_last().ok_or_else(|| Failure::new("no results"))?;
    ensure!(each.iter().all(|result| bytes(result) > 0), "one has done nothing");
    ensure!(bytes(sum) == each.iter().map(bytes).sum::<u64>(), "the sum is another");
    Ok(())
}
