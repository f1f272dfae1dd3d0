//! `--trigger-remote`: a worker's jobs end, its states of verification are kept here, and a later run of the worker's asks for them.

use e2e::context::{Context, Finished};
use e2e::ensure;
use e2e::failure::Verdict;
use e2e::needs::Need;
use e2e::process::Stream;
use e2e::scenario::Scenario;

use super::worker::{Kind, LIMIT, Worker, front_end, job_file, json, results, start_front_end};

pub(super) const SCENARIO: Scenario = Scenario { name: "bench_front_end/trigger", needs: &[Need::Program("fio")], run };

fn run(context: &Context) -> Verdict {
    let worker = Worker::start_tcp(context, Kind::Fio, "fio")?;
    let client = format!("--client={}", worker.address);
    let text = "[v]\nioengine=psync\nrw=randwrite\nbs=4k\nsize=16m\nverify=crc32c\nfilename=data\n";
    let write = job_file(context, "write.fio", &format!("{text}rate_iops=200\n"))?;
    let remote = context.scratch().path().join("remote");
    let (file, trigger) =
        (context.scratch().path().join("pull"), format!("--trigger-remote=touch {}", remote.display()));
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
    ensure!(remote.is_file(), "the worker has not run the command");
    let report = json(&finished)?;
    let written = results(&report)?[0]["write"]["total_ios"].as_u64().unwrap_or_default();
    ensure!((1..4096).contains(&written), "{written} writes: the trigger has not ended the job");
    ensure!(context.scratch().path().join("127.0.0.1-v-0-verify.state").is_file(), "no state was kept");

    // Without the state it would find blocks that nobody wrote.
    let check = job_file(context, "check.fio", &format!("{text}verify_only=1\nverify_state_load=1\n"))?;
    let finished = front_end(context, Kind::Ours, &[&client, &check, "--output-format=json"])?;
    ensure!(finished.status == Some(0), "{finished:?}");
    let report = json(&finished)?;
    let read = results(&report)?[0]["read"]["total_ios"].as_u64().unwrap_or_default();
    ensure!((1..=written).contains(&read), "{read} of {written} blocks are checked");
    Ok(())
}
