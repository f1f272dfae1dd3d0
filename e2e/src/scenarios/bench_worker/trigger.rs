//! A trigger of fio's front end ends the jobs, and it puts the states away that it is sent: fio itself goes on from there.

use std::process::Command;

use e2e::context::Context;
use e2e::failure::Verdict;
use e2e::needs::Need;
use e2e::process::PROMPTLY;
use e2e::scenario::Scenario;
use e2e::service::eventually;
use e2e::{ensure, ensure_eq};

use super::worker::{Worker, json, said, said_so_far, state};

pub(super) const SCENARIO: Scenario = Scenario { name: "bench_worker/trigger", needs: &[Need::Program("fio")], run };

/// Blocks that the job would write.
const BLOCKS: u64 = 4096;

fn run(context: &Context) -> Verdict {
    let worker = Worker::start(context, &["--allow-triggers"])?;
    let data = worker.files.join("data");
    let (pull, mark) = (context.scratch().path().join("pull"), worker.files.join("mark"));
    let verified = format!("ioengine=psync\nfilename={}\nbs=4k\nsize=16m\nverify=crc32c\n", data.display());
    // The second one is over before the trigger, the third leaves no state.
    let jobs = format!(
        "[v]\n{verified}rw=randwrite\nrate_iops=200\n\
         [w]\nioengine=psync\nfilename=w\nbs=4k\nsize=64k\nverify=crc32c\nrw=write\nverify_backlog=4\n\
         [n]\nioengine=null\nsize=1m\ntime_based\nruntime=1h\nrate_iops=100\n"
    );
    let words = [
        format!("--trigger-file={}", pull.display()),
        format!("--trigger-remote=touch {}", mark.display()),
        "--output-format=json".to_owned(),
    ];
    let words: Vec<_> = words.iter().map(String::as_str).collect();
    let mut front_end = context.start("fio --client", worker.fio(context, "client", &words, &jobs)?)?;
    eventually("a run that writes", || {
        let writes = state(context, 1)? == "running" && data.metadata().is_ok_and(|data| data.len() > 0);
        Ok(writes.then_some(()))
    })?;
    std::fs::write(&pull, "")?;
    let status = front_end.wait(PROMPTLY)?;
    ensure!(status.success(), "{status}: {}", said_so_far(&front_end));
    eventually("what the trigger does", || Ok(mark.is_file().then_some(())))?;

    let folder = context.scratch().path().join("client");
    let names = super::worker::entries(&folder)?;
    let states: Vec<_> = names.iter().filter(|name| name.ends_with(".state")).map(String::as_str).collect();
    ensure_eq!(states, ["127.0.0.1-v-0-verify.state", "127.0.0.1-w-1-verify.state"], "the states");

    let check = folder.join("check.fio");
    std::fs::write(&check, format!("[v]\n{verified}rw=randread\n"))?;
    let fio = |arguments: &[&str]| {
        let mut command = Command::new("fio");
        command.current_dir(&folder).arg("--output-format=json").args(arguments).arg(&check);
        command
    };
    let without = context.finish("fio without the state", fio(&[]), PROMPTLY)?;
    ensure!(without.status != Some(0), "all {BLOCKS} blocks were written: {}", said(&without));
    std::fs::rename(folder.join(states[0]), folder.join("local-v-0-verify.state"))?;
    std::fs::write(&check, format!("[v]\n{verified}rw=randread\nverify_state_load=1\n"))?;
    let with = context.finish("fio with the state", fio(&[]), PROMPTLY)?;
    ensure_eq!(with.status, Some(0), "status with the state: {}", said(&with));
    let read = json(&with)?["jobs"][0]["read"]["total_ios"].as_u64().unwrap_or_default();
    ensure!((1..BLOCKS).contains(&read), "{read} blocks were verified");
    Ok(())
}
