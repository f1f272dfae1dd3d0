//! Logs arrive at the front end, every line of them, and none is written where the jobs run.

use std::path::Path;

use bench_wire::log::LogCompression;
use bench_wire::message::{FrontEndMessage, JobFile, WorkerMessage};
use e2e::context::Context;
use e2e::failure::{Failure, Verdict};
use e2e::needs::Need;
use e2e::process::PROMPTLY;
use e2e::scenario::Scenario;
use e2e::{ensure, ensure_eq};

use super::front_end::FrontEnd;
use super::worker::{Worker, entries, said};

pub(super) const FIO: Scenario = Scenario { name: "bench_worker/logs", needs: &[Need::Program("fio")], run: fio };
pub(super) const UNCOMPRESSED: Scenario =
    Scenario { name: "bench_worker/uncompressed_logs", needs: &[], run: uncompressed };

/// I/Os of the jobs below.
const IOS: usize = 256;

const JOB: &str =
    "[a]\nioengine=psync\nrw=randread\nsize=1m\nbs=4k\nwrite_lat_log=x\nwrite_iops_log=x\nwrite_bw_log=x\n";

fn fio(context: &Context) -> Verdict {
    let worker = Worker::start(context, &[])?;
    let folder = context.scratch().path().join("plain");
    let finished = worker.measured(context, "plain", &[], JOB)?;
    ensure_eq!(finished.status, Some(0), "status of fio: {}", said(&finished));
    for kind in ["lat", "clat", "iops", "bw"] {
        ensure_eq!(lines(&folder, &format!("x_{kind}.1.log.127.0.0.1"))?.len(), IOS, "lines of the {kind} log");
    }
    // fio's own worker makes its front end lose a fifth of these.
    let finished = worker.measured(context, "offsets", &[], &format!("{JOB}log_offset=1\n"))?;
    ensure_eq!(finished.status, Some(0), "status of fio: {}", said(&finished));
    let found = lines(&context.scratch().path().join("offsets"), "x_clat.1.log.127.0.0.1")?;
    let offsets: std::collections::BTreeSet<u64> =
        found.iter().filter_map(|line| line.split(", ").nth(4)?.parse().ok()).collect();
    let expected: std::collections::BTreeSet<u64> = (0..IOS as u64).map(|block| block * 4096).collect();
    ensure_eq!(offsets, expected, "offsets in the log: each block once");

    let histograms =
        "[a]\nioengine=psync\nrw=read\nsize=1m\nbs=4k\nwrite_hist_log=h\nlog_hist_msec=1\nrate_iops=2000\n";
    let finished = worker.measured(context, "histograms", &[], histograms)?;
    ensure_eq!(finished.status, Some(0), "status of fio: {}", said(&finished));
    let rows = lines(&context.scratch().path().join("histograms"), "h_clat_hist.1.log.127.0.0.1")?;
    let count: u64 =
        rows.iter().flat_map(|row| row.split(", ").skip(3)).filter_map(|cell| cell.parse::<u64>().ok()).sum();
    ensure!(!rows.is_empty() && count > 0 && count <= IOS as u64, "{count} latencies in {} rows", rows.len());

    let stored = format!("{JOB}log_compression=64k\nlog_store_compressed=1\n");
    let finished = worker.measured(context, "stored", &[], &stored)?;
    ensure_eq!(finished.status, Some(0), "status of fio: {}", said(&finished));
    let folder = context.scratch().path().join("stored");
    let names = entries(&folder)?;
    let name = names.iter().find(|name| name.starts_with("x_clat.1.log.fz"));
    let name = name.ok_or_else(|| Failure::new(format!("no stored log in {names:?}")))?;
    let mut inflate = std::process::Command::new("fio");
    inflate.arg(format!("--inflate-log={}", folder.join(name).display()));
    let inflated = context.finish("fio --inflate-log", inflate, PROMPTLY)?;
    ensure_eq!(inflated.output.lines().count(), IOS, "lines of the log that was stored compressed");
    ensure_eq!(entries(&worker.files)?, ["a.0.0"], "files where the jobs run");
    Ok(())
}

/// A front end that takes no compression, which fio's always does.
fn uncompressed(context: &Context) -> Verdict {
    let worker = Worker::start(context, &[])?;
    let mut front_end = FrontEnd::connect(worker.address)?;
    let job = format!("{JOB}log_offset=1\nwrite_hist_log=h\nlog_hist_msec=1\n");
    front_end.say(&FrontEndMessage::Job(JobFile { bytes: job.into_bytes(), ..JobFile::default() }))?;
    front_end.say(&FrontEndMessage::Run)?;
    let heard = front_end.hear_all()?;
    let mut names = Vec::new();
    for message in &heard {
        let WorkerMessage::Log(log) = message else { continue };
        ensure_eq!(log.header.compression, LogCompression::NONE, "compression of {}", log.header.name);
        let entries: Result<Vec<_>, _> = log.entries(front_end.version()).collect();
        let entries = entries.map_err(|fault| Failure::new(format!("{}: {fault}", log.header.name)))?;
        let name = log.header.name.to_text().into_owned();
        ensure!(entries.len() == if name.contains("slat") { 0 } else { IOS }, "{} samples in {name}", entries.len());
        ensure!(entries.iter().all(|entry| entry.offset.is_some()), "{name} has no offsets");
        names.push(name);
    }
    names.sort();
    ensure_eq!(names, ["x_bw.1.log", "x_clat.1.log", "x_iops.1.log", "x_lat.1.log", "x_slat.1.log"], "logs");
    let texts = front_end.texts(&heard);
    ensure!(texts.contains("h_clat_hist.1.log: a histogram log is sent compressed only"), "not told: {texts}");
    Ok(())
}

fn lines(folder: &Path, name: &str) -> Result<Vec<String>, Failure> {
    let text = std::fs::read_to_string(folder.join(name)).map_err(|error| Failure::from(error).during(name))?;
    Ok(text.lines().map(str::to_owned).collect())
}
