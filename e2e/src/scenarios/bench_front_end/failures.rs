//! Whatever a worker fails of, it is named, and others are not held up.

use e2e::context::{Context, Finished};
use e2e::ensure;
use e2e::failure::{Failure, Verdict};
use e2e::needs::Need;
use e2e::process::Stream;
use e2e::scenario::Scenario;
use rustix::process::{Signal, kill_process, kill_process_group};

use super::worker::{Kind, LIMIT, Worker, bytes, front_end, job_file, json, results, start_front_end};

const FIO: &[Need] = &[Need::Program("fio")];

pub(super) const JOB: Scenario = Scenario { name: "bench_front_end/failing_job", needs: FIO, run: failing_job };
pub(super) const REFUSED: Scenario = Scenario { name: "bench_front_end/refused_jobs", needs: FIO, run: refused_jobs };
pub(super) const UNREACHABLE: Scenario = Scenario { name: "bench_front_end/unreachable", needs: FIO, run: unreachable };
pub(super) const KILLED: Scenario = Scenario { name: "bench_front_end/killed_worker", needs: FIO, run: killed };
pub(super) const INTERRUPTED: Scenario = Scenario { name: "bench_front_end/interrupted", needs: FIO, run: interrupted };

fn failing_job(context: &Context) -> Verdict {
    let file = job_file(context, "file", "")?;
    let text = format!("[j]\nioengine=psync\nrw=read\nsize=1m\nfilename={file}/below\n");
    let jobs = job_file(context, "jobs.fio", &text)?;
    let worker = Worker::start(context, Kind::Fio, "fio")?;
    let client = format!("--client={}", worker.address);
    let fio = front_end(context, Kind::Fio, &[&client, &jobs, "--output-format=json"])?;
    let ours = front_end(context, Kind::Ours, &[&client, &jobs, "--output-format=json"])?;
    ensure!(fio.status == ours.status && ours.status == Some(1), "fio {:?}, ours {ours:?}", fio.status);
    ensure!(ours.error.contains("Not a directory"), "what the worker says is missing: {ours:?}");
    ensure!(ours.output.starts_with('{'), "the output is not JSON: {ours:?}");
    Ok(())
}

fn refused_jobs(context: &Context) -> Verdict {
    let jobs = job_file(context, "jobs.fio", "[j]\nioengine=null\nrw=read\nsize=1m\nno_such_option=1\n")?;
    let (first, second) = (Worker::start(context, Kind::Fio, "first")?, Worker::start(context, Kind::Fio, "second")?);
    let good = job_file(context, "good.fio", "[j]\nioengine=null\nrw=read\nsize=1m\n")?;
    let words = [&format!("--client={}", first.address), &jobs, &format!("--client={}", second.address), &good];
    let words: Vec<_> = words.into_iter().map(String::as_str).chain(["--output-format=json"]).collect();
    let finished = front_end(context, Kind::Ours, &words)?;
    ensure!(finished.status == Some(1), "{finished:?}");
    names(&finished, &first, "it refuses the jobs")?;
    ensure!(finished.error.contains("no_such_option"), "what the worker says is missing: {finished:?}");
    ensure!(results(&json(&finished)?)?.len() == 1, "the other worker runs: {finished:?}");
    Ok(())
}

/// The message names the worker and what happened.
fn names(finished: &Finished, worker: &Worker, what: &str) -> Result<(), Failure> {
    let host = worker.address.trim_start_matches("sock:");
    let is_named = finished.error.lines().any(|line| line.contains(host) && line.contains(what));
    ensure!(is_named, "no line with {host} and {what:?} in {:?}", finished.error);
    Ok(())
}

fn unreachable(context: &Context) -> Verdict {
    let jobs = job_file(context, "jobs.fio", "[j]\nioengine=null\nrw=read\nsize=1m\n")?;
    let worker = Worker::start(context, Kind::Fio, "fio")?;
    let port = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let nobody = format!("--client=127.0.0.1,{port}");
    let unknown = "--client=no-such-host.invalid";
    let client = format!("--client={}", worker.address);
    let finished = front_end(context, Kind::Ours, &[&nobody, unknown, &client, &jobs, "--output-format=json"])?;
    ensure!(finished.status == Some(1), "{finished:?}");
    for line in [&format!("worker 127.0.0.1,{port}: cannot connect"), "worker no-such-host.invalid,8765: cannot find"] {
        ensure!(finished.error.contains(line), "{line:?} is missing in {:?}", finished.error);
    }
    ensure!(results(&json(&finished)?)?.len() == 1, "the worker that is there runs: {finished:?}");
    Ok(())
}

/// Two workers that run for long.
fn endless(context: &Context) -> Result<(Worker, Worker, Vec<String>), Failure> {
    let text = "[j]\nioengine=null\nrw=read\nbs=4k\nsize=1t\ntime_based\nruntime=8\nrate_iops=1000\n";
    let jobs = job_file(context, "jobs.fio", text)?;
    let (first, second) = (Worker::start(context, Kind::Fio, "first")?, Worker::start(context, Kind::Fio, "second")?);
    let words = vec![
        format!("--client={}", first.address),
        format!("--client={}", second.address),
        jobs,
        "--output-format=normal,json".to_owned(),
    ];
    Ok((first, second, words))
}

fn killed(context: &Context) -> Verdict {
    let (first, second, words) = endless(context)?;
    let words: Vec<_> = words.iter().map(String::as_str).collect();
    let mut process = start_front_end(context, Kind::Ours, &words)?;
    process.wait_for("the jobs", LIMIT, |line| line.contains("Starting 1 process").then_some(()))?;
    // fio's worker serves each connection by a process of its own, and each job by another.
    end_family(first.process.pid()?)?;
    let status = process.wait(LIMIT)?;
    let text = |stream| process.transcript().text(stream);
    let finished = Finished { status: status.code(), output: text(Stream::Output), error: text(Stream::Error) };
    ensure!(finished.status == Some(1), "{finished:?}");
    names(&finished, &first, "it closed the connection while its jobs ran")?;
    let report = json(&finished)?;
    let found = results(&report)?;
    ensure!(found.len() == 1 && bytes(&found[0]) > 0, "only the other worker has results: {found:?}");
    drop(second);
    Ok(())
}

/// Kills a process and all that it has started.
fn end_family(pid: rustix::process::Pid) -> Result<(), Failure> {
    let path = format!("/proc/{0}/task/{0}/children", pid.as_raw_nonzero());
    let children = std::fs::read_to_string(path).unwrap_or_default();
    for child in children.split_ascii_whitespace() {
        if let Some(child) = child.parse().ok().and_then(rustix::process::Pid::from_raw) {
            end_family(child)?;
            // Jobs are in sessions of their own.
            let _ = kill_process_group(child, Signal::KILL);
        }
    }
    let _ = kill_process(pid, Signal::KILL);
    Ok(())
}

/// Ctrl-C ends the jobs of all workers, and what they did until then is told.
fn interrupted(context: &Context) -> Verdict {
    let (_first, _second, words) = endless(context)?;
    let words: Vec<_> = words.iter().map(String::as_str).collect();
    let mut process = start_front_end(context, Kind::Ours, &words)?;
    process.wait_for("the jobs", LIMIT, |line| line.contains("Starting 1 process").then_some(()))?;
    process.signal(Signal::INT)?;
    let status = process.wait(LIMIT)?;
    let output = process.transcript().text(Stream::Output);
    ensure!(status.code() == Some(128), "{status:?}: {output}");
    ensure!(output.contains("terminating on signal 2"), "{output}");
    Ok(())
}
