//! `--trigger-remote`: a worker's jobs end, its states of verification are kept here, and a later run of the worker's asks for them. fio
//! 3.33 has the first layout of a state, our own worker speaks the version that has the last.

use e2e::context::{Context, Finished};
use e2e::ensure;
use e2e::failure::Verdict;
use e2e::needs::Need;
use e2e::process::Stream;
use e2e::scenario::Scenario;
use e2e::service::eventually;

use super::worker::{Kind, LIMIT, Worker, front_end, job_file, json, results, start_front_end};

pub(super) const SCENARIO: Scenario = Scenario { name: "bench_front_end/trigger", needs: &[Need::Program("fio")], run };

fn run(context: &Context) -> Verdict {
    for (kind, name, file_version) in [(Kind::Fio, "fio", 3), (Kind::Ours, "ours", 7)] {
        pull(context, kind, name, file_version).map_err(|failure| failure.during(name))?;
    }
    Ok(())
}

fn pull(context: &Context, kind: Kind, name: &str, file_version: u8) -> Verdict {
    let worker = Worker::start_tcp(context, kind, name)?;
    let client = format!("--client={}", worker.address);
    let text = "[v]\nioengine=psync\nrw=randwrite\nbs=4k\nsize=16m\nverify=crc32c\nfilename=data\n";
    let write = job_file(context, "write.fio", &format!("{text}rate_iops=200\n"))?;
    let remote = context.scratch().path().join(name).join("remote");
    let file = context.scratch().path().join(format!("pull-{name}"));
    let trigger = format!("--trigger-remote=touch {}", remote.display());
    let words = [
        &client,
        &write,
        &format!("--trigger-file={}", file.display()),
        "--trigger=echo here",
        &trigger,
        "--output-format=normal,json",
        "--eta=always",
        "--eta-interval=250ms",
        "--eta-newline=250ms",
    ];
    let mut process = start_front_end(context, Kind::Ours, &words)?;
    process.wait_for("that it writes", LIMIT, |line| line.contains("[w=").then_some(()))?;
    std::fs::write(&file, "")?;
    let status = process.wait(LIMIT)?;
    let said = |stream| process.transcript().text(stream);
    let finished = Finished { status: status.code(), output: said(Stream::Output), error: said(Stream::Error) };
    ensure!(finished.status == Some(0) && finished.output.ends_with("here\n"), "{finished:?}");
    eventually("what the worker's command does", || Ok(remote.is_file().then_some(())))?;
    let report = json(&finished)?;
    let written = results(&report)?[0]["write"]["total_ios"].as_u64().unwrap_or_default();
    ensure!((1..4096).contains(&written), "{written} writes: the trigger has not ended the job");
    let state = std::fs::read(context.scratch().path().join("127.0.0.1-v-0-verify.state"))?;
    ensure!(state[0] == file_version, "the state is of version {}", state[0]);

    // Without the state it finds blocks that nobody wrote.
    let check = job_file(context, "check.fio", &format!("{text}verify_only=1\n"))?;
    let finished = front_end(context, Kind::Ours, &[&client, &check, "--output-format=json"])?;
    ensure!(finished.status == Some(1), "{finished:?}");
    let check = job_file(context, "check.fio", &format!("{text}verify_only=1\nverify_state_load=1\n"))?;
    let finished = front_end(context, Kind::Ours, &[&client, &check, "--output-format=json"])?;
    ensure!(finished.status == Some(0), "{finished:?}");
    let report = json(&finished)?;
    let read = results(&report)?[0]["read"]["total_ios"].as_u64().unwrap_or_default();
    ensure!((1..=written).contains(&read), "{read} of {written} blocks are checked");
    Ok(())
}
