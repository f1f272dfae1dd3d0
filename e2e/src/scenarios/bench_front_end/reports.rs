//! What the reports say: beside `fio --client`, with the same workers and the same jobs.

use e2e::context::Context;
use e2e::ensure;
use e2e::failure::{Failure, Verdict};
use e2e::needs::Need;
use e2e::scenario::Scenario;
use serde_json::Value;

use super::super::bench::difference::differences;
use super::worker::{Kind, Worker, bytes, front_end, job_file, json, results};

pub(super) const JSON: Scenario =
    Scenario { name: "bench_front_end/json", needs: &[Need::Program("fio")], run: same_json };
pub(super) const NORMAL: Scenario =
    Scenario { name: "bench_front_end/normal", needs: &[Need::Program("fio")], run: same_lines };
pub(super) const TWO_WORKERS: Scenario =
    Scenario { name: "bench_front_end/two_workers", needs: &[Need::Program("fio")], run: two_workers };

/// Several jobs, several groups, all directions, percentiles of all kinds.
const JOBS: &str = "[global]\nioengine=null\nsize=4m\nrandseed=7\n\n[one]\nrw=randrw\nbs=4k\nslat_percentiles=1\n\n\
                    [two]\nstonewall\nnumjobs=3\ngroup_reporting\nrw=write\nbs=8k\nfsync=16\ndescription=the second\n\n\
                    [three]\nnew_group\nrw=randread\nbs=1k\niodepth=16\nlat_percentiles=1\npercentile_list=50:99.9\n";

fn same_json(context: &Context) -> Verdict {
    let jobs = job_file(context, "jobs.fio", JOBS)?;
    for kind in [Kind::Fio, Kind::Ours] {
        let worker = Worker::start_tcp(context, kind, if kind == Kind::Fio { "fio" } else { "ours" })?;
        let client = format!("--client={}", worker.address);
        for format in ["--output-format=json", "--output-format=json+"] {
            let words = [client.as_str(), jobs.as_str(), format];
            let fio = front_end(context, Kind::Fio, &words)?;
            let ours = front_end(context, Kind::Ours, &words)?;
            ensure!(fio.status == Some(0) && ours.status == Some(0), "{:?} {:?}: {ours:?}", fio.status, ours.status);
            let different: Vec<_> = differences(&json(&fio)?, &json(&ours)?, true)
                .into_iter()
                // The sum has percentiles since fio 3.42; options of jobs behind one with clones are lost in fio.
                .filter(|line| {
                    let is_known = |more: &&str| line.contains(&format!("/{more}: fio has nothing"));
                    !["percentile", "bins", "job options"].iter().any(|more| is_known(more))
                })
                .collect();
            ensure!(different.is_empty(), "{format}: {}", different.join("\n"));
            let report = json(&ours)?;
            let sum = results(&report)?.last().filter(|last| last["jobname"] == "All clients");
            ensure!(sum.is_some_and(|sum| bytes(sum) == (4 + 12 + 4) << 20), "the sum is {sum:?}");
        }
    }
    Ok(())
}

/// Lines that do not hang on how fast it was.
fn steady_lines(text: &str) -> Vec<&str> {
    let is_steady = |line: &&str| line.contains("issued rwts:") || line.contains("(g=") || line.contains("Starting ");
    text.lines().filter(is_steady).collect()
}

fn same_lines(context: &Context) -> Verdict {
    let jobs = job_file(context, "jobs.fio", JOBS)?;
    let worker = Worker::start(context, Kind::Fio, "fio")?;
    let client = format!("--client={}", worker.address);
    let fio = front_end(context, Kind::Fio, &[&client, &jobs])?;
    let ours = front_end(context, Kind::Ours, &[&client, &jobs])?;
    ensure!(ours.status == Some(0), "{ours:?}");
    let (theirs, lines) = (steady_lines(&fio.output), steady_lines(&ours.output));
    ensure!(theirs.len() >= 8 && theirs == lines, "fio says {theirs:#?}, we say {lines:#?}");
    for line in ["hostname=", "> one: (g=0)", "Run status group 2 (all jobs):", "All clients: (groupid=2, jobs=5)"] {
        ensure!(ours.output.contains(line), "{line} is missing in {}", ours.output);
    }
    let terse = front_end(context, Kind::Ours, &[&client, &jobs, "--minimal"])?;
    ensure!(terse.output.lines().count() == 4, "three results and their sum, a line each: {}", terse.output);
    Ok(())
}

fn two_workers(context: &Context) -> Verdict {
    let jobs = job_file(context, "jobs.fio", "[j]\nioengine=null\nrw=randwrite\nbs=4k\nsize=8m\n")?;
    for kinds in [[Kind::Fio, Kind::Fio], [Kind::Fio, Kind::Ours], [Kind::Ours, Kind::Ours]] {
        let first = Worker::start(context, kinds[0], "first")?;
        let second = Worker::start_tcp(context, kinds[1], "second")?;
        let clients = [format!("--client={}", first.address), format!("--client={}", second.address)];
        let finished = front_end(context, Kind::Ours, &[&clients[0], &clients[1], &jobs, "--output-format=json"])?;
        ensure!(finished.status == Some(0), "{finished:?}");
        check_sum(&json(&finished)?, 2, 8 << 20)?;
    }
    Ok(())
}

/// So many workers with a result each, and their sum.
pub(super) fn check_sum(report: &Value, workers: u64, each: u64) -> Result<(), Failure> {
    let found: Vec<_> = results(report)?.iter().map(|result| (result["jobname"].clone(), bytes(result))).collect();
    let mut expected = vec![(Value::from("j"), each); usize::try_from(workers)?];
    expected.push((Value::from("All clients"), workers * each));
    ensure!(found == expected, "{found:?}, not {expected:?}");
    Ok(())
}
