//! Who gets which jobs: lists of workers, job files of one worker, of the worker's own, and none but the command line.

use e2e::context::Context;
use e2e::ensure;
use e2e::failure::{Failure, Verdict};
use e2e::needs::Need;
use e2e::scenario::Scenario;
use serde_json::Value;

use super::worker::{Kind, Worker, front_end, job_file, json, results};

pub(super) const ORDERS: Scenario =
    Scenario { name: "bench_front_end/orders", needs: &[Need::Program("fio")], run: orders };

/// The jobs that ran, worker by worker, with the bytes that each was to move in a block.
fn jobs(context: &Context, words: &[&str]) -> Result<Vec<(String, String)>, Failure> {
    let words: Vec<_> = words.iter().copied().chain(["--output-format=json"]).collect();
    let finished = front_end(context, Kind::Ours, &words)?;
    ensure!(finished.status == Some(0), "{words:?}: {finished:?}");
    let report = json(&finished)?;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let each = results(&report)?.iter().filter(|result| result["jobname"] != "All clients");
    Ok(each.map(|result| (text(&result["hostname"]), text(&result["jobname"]))).collect())
}

fn orders(context: &Context) -> Verdict {
    let (first, second) = (Worker::start(context, Kind::Fio, "first")?, Worker::start(context, Kind::Fio, "second")?);
    let path = |worker: &Worker| worker.address.trim_start_matches("sock:").to_owned();
    let (one, two) = (format!("--client={}", first.address), format!("--client={}", second.address));
    let job = |name: &str| job_file(context, &format!("{name}.fio"), &format!("[{name}]\ninclude common.fio\n"));
    let common = job_file(context, "common.fio", "ioengine=null\nrw=read\nsize=64k\nbs=${BLOCK}4k\n")?;
    let (a, b) = (job("a")?, job("b")?);
    let ran = |pairs: &[(&Worker, &str)]| -> Vec<_> {
        pairs.iter().map(|(worker, job)| (path(worker), (*job).to_owned())).collect()
    };

    let own = jobs(context, &[&one, &a, &two, &b])?;
    ensure!(own == ran(&[(&first, "a"), (&second, "b")]), "job files of their own: {own:?}");
    let list = job_file(context, "hosts", &format!("{}\n{}\n", first.address, second.address))?;
    let listed = jobs(context, &[&format!("--client={list}"), &a, &b])?;
    let expected = ran(&[(&first, "a"), (&first, "b"), (&second, "a"), (&second, "b")]);
    ensure!(listed == expected, "a list of workers: {listed:?}");
    // The worker's own file is where the worker is; what it includes, too.
    let there = job_file(
        context,
        "first/there.fio",
        &format!("[there]\n{}", std::fs::read_to_string(common)?.replace("${BLOCK}", "")),
    )?;
    let remote = jobs(context, &[&one, &format!("--remote-config={there}")])?;
    ensure!(remote == ran(&[(&first, "there")]), "a job file of the worker's: {remote:?}");
    let line = ["--name=x", "--ioengine=null", "--rw=read", "--size=64k", "--name=y", "--ioengine=null", "--size=4k"];
    let words = jobs(context, &[&[&*one], &line[..]].concat())?;
    ensure!(words == ran(&[(&first, "x"), (&first, "y")]), "the command line: {words:?}");
    let section = jobs(context, &[&one, &list_of_two(context)?, "--section=v"])?;
    ensure!(section == ran(&[(&first, "v")]), "one section: {section:?}");
    let checked = front_end(context, Kind::Ours, &[&one, &a, "--parse-only"])?;
    ensure!(checked.status == Some(0) && !checked.output.contains("groupid"), "only checked: {checked:?}");
    Ok(())
}

fn list_of_two(context: &Context) -> Result<String, Failure> {
    job_file(context, "uv.fio", "[global]\nioengine=null\nrw=read\nsize=64k\n[u]\n[v]\n")
}
