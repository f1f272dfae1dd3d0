//! Logs of workers: whole, whatever they hold and however they are sent.

use std::path::Path;

use e2e::context::Context;
use e2e::ensure;
use e2e::failure::{Failure, Verdict};
use e2e::needs::Need;
use e2e::scenario::Scenario;

use super::worker::{Kind, Worker, front_end, job_file, json, results};

const FIO: &[Need] = &[Need::Program("fio")];

pub(super) const PLAIN: Scenario = Scenario { name: "bench_front_end/logs", needs: FIO, run: plain };
pub(super) const HISTOGRAM: Scenario = Scenario { name: "bench_front_end/histogram_log", needs: FIO, run: histogram };
pub(super) const STORED: Scenario = Scenario { name: "bench_front_end/compressed_log", needs: FIO, run: stored };

/// The number of I/Os of a run with these jobs: `2m / 4k`.
const IOS: usize = 512;

fn lines(context: &Context, name: &str) -> Result<Vec<Vec<u64>>, Failure> {
    let path = context.scratch().path().join(name);
    let text = std::fs::read_to_string(&path).map_err(|error| Failure::from(error).during(path.display()))?;
    text.lines().map(|line| Ok(line.split(", ").map(str::parse).collect::<Result<_, _>>()?)).collect()
}

fn run(context: &Context, worker: &Worker, jobs: &str) -> Result<u64, Failure> {
    let client = format!("--client={}", worker.address);
    let finished = front_end(context, Kind::Ours, &[&client, jobs, "--output-format=json"])?;
    ensure!(finished.status == Some(0) && finished.error.is_empty(), "{finished:?}");
    Ok(results(&json(&finished)?)?[0]["write"]["total_ios"].as_u64().unwrap_or_default())
}

/// Every I/O has its line, with its offset, which fio's own front end loses.
fn plain(context: &Context) -> Verdict {
    for (kind, name) in [(Kind::Fio, "fio"), (Kind::Ours, "ours")] {
        let worker = Worker::start_tcp(context, kind, name)?;
        let text = format!(
            "[j]\nioengine=null\nrw=randwrite\nbs=4k\nsize=2m\nwrite_lat_log={name}\nwrite_iops_log={name}\nlog_offset=1\n"
        );
        let ios = run(context, &worker, &job_file(context, "jobs.fio", &text)?)?;
        ensure!(ios == IOS as u64, "{ios} I/Os");
        for log in ["lat", "clat"] {
            let lines = lines(context, &format!("{name}_{log}.1.log.127.0.0.1"))?;
            ensure!(lines.len() == IOS, "{name}: {log}: {} lines of {IOS}", lines.len());
            let mut offsets: Vec<_> = lines.iter().map(|line| line[4]).collect();
            offsets.sort_unstable();
            ensure!(offsets.iter().zip(0..).all(|(offset, block)| *offset == block * 4096), "{name}: {offsets:?}");
            ensure!(lines.iter().all(|line| line.len() == 6 && line[2] == 1 && line[3] == 4096), "{name}: {log}");
        }
        ensure!(!lines(context, &format!("{name}_iops.1.log.127.0.0.1"))?.is_empty(), "{name}: no IOPS");
    }
    Ok(())
}

/// The buckets of all lines add up to the I/Os.
fn histogram(context: &Context) -> Verdict {
    let worker = Worker::start_tcp(context, Kind::Fio, "fio")?;
    let text = "[j]\nioengine=null\nrw=write\nbs=4k\nsize=100g\nthinktime=100\ntime_based\nruntime=2\n\
                write_hist_log=h\nlog_hist_msec=500\nlog_hist_coarseness=2\n";
    let ios = run(context, &worker, &job_file(context, "jobs.fio", text)?)?;
    let lines = lines(context, "h_clat_hist.1.log.127.0.0.1")?;
    ensure!(lines.len() >= 3 && lines.iter().all(|line| line.len() == 3 + 1856 / 4), "{} lines", lines.len());
    let counted: u64 = lines.iter().flat_map(|line| &line[3..]).sum();
    ensure!(counted > ios / 2 && counted <= ios, "{counted} of {ios} I/Os are in the histograms");
    Ok(())
}

/// What a job has kept compressed comes as it is: fio reads it.
fn stored(context: &Context) -> Verdict {
    let worker = Worker::start_tcp(context, Kind::Fio, "fio")?;
    let text = "[j]\nioengine=null\nrw=randwrite\nbs=4k\nsize=2m\nwrite_lat_log=z\nlog_compression=64k\nlog_store_compressed=1\n";
    run(context, &worker, &job_file(context, "jobs.fio", text)?)?;
    let path = context.scratch().path().join("z_lat.1.log.fz.127.0.0.1");
    ensure!(path.is_file(), "there is no {}: {:?}", path.display(), names(context.scratch().path())?);
    let mut inflate = std::process::Command::new("fio");
    inflate.arg(format!("--inflate-log={}", path.display()));
    let inflated = context.finish("fio --inflate-log", inflate, super::worker::LIMIT)?;
    let lines = inflated.output.lines().filter(|line| line.split(", ").count() == 5).count();
    ensure!(lines == IOS, "{lines} lines of {IOS}");
    Ok(())
}

fn names(folder: &Path) -> Result<Vec<String>, Failure> {
    let entries = std::fs::read_dir(folder)?;
    entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect()
}
