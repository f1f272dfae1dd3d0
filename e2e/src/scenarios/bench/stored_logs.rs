//! Logs that are stored compressed have fio's names, and `--inflate-log` shows their lines. Histograms are more than fio can do: it
//! stores where they were in its memory.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use e2e::context::Context;
use e2e::ensure;
use e2e::ensure_eq;
use e2e::failure::{Failure, Verdict};
use e2e::needs::Need;
use e2e::process::PROMPTLY;
use e2e::scenario::Scenario;
use serde_json::Value;

pub(super) const SCENARIO: Scenario = Scenario { name: "bench/stored_logs", needs: &[Need::Program("fio")], run };

/// Numbers of a line of a log of histograms: time, direction, block size, buckets.
const NUMBERS: usize = 3 + 1856;

fn run(context: &Context) -> Verdict {
    let words = ["--output-format=json", "--name=a", "--ioengine=null", "--rw=randread", "--bs=4k", "--size=1t"];
    let more = ["--time_based", "--runtime=1", "--rate_iops=1000", "--numjobs=2", "--log_hist_msec=100"];
    let logs = ["--write_hist_log=h", "--write_lat_log=l", "--write_iops_log=i", "--log_compression=64k"];
    let own = context.scratch().path().join("ours");
    let of_fio = context.scratch().path().join("fio");
    let mut ours = context.tidegate(&["bench"]);
    ours.current_dir(&own);
    let mut fio = Command::new("fio");
    fio.current_dir(&of_fio);
    let mut reports = Vec::new();
    for (name, mut command, folder) in [("tidegate", ours, &own), ("fio", fio, &of_fio)] {
        std::fs::create_dir(folder)?;
        command.args(words).args(more).args(logs).arg("--log_store_compressed=1");
        let finished = context.finish(name, command, PROMPTLY)?;
        ensure_eq!(finished.status, Some(0), "exit status of {name}, which said {}", finished.error);
        reports.push(finished.output);
    }
    ensure_eq!(names(&own)?, names(&of_fio)?, "files that are left");
    let report: Value = serde_json::from_str(&reports[0])?;
    for job in 1..=2 {
        let ios = report["jobs"][job - 1]["read"]["total_ios"].as_u64().unwrap_or_default();
        let lines = inflated(context, &own.join(format!("h_clat_hist.{job}.log.fz")))?;
        ensure!(!lines.is_empty(), "job {job}: no histograms");
        let sound = |line: &Vec<u64>| line.len() == NUMBERS && line[1] == 0 && line[2] == 4096;
        ensure!(lines.iter().all(sound), "job {job}: other lines than those of histograms");
        let counted: u64 = lines.iter().flat_map(|line| &line[3..]).sum();
        // The last window is not complete.
        ensure!(counted > 0 && counted <= ios, "job {job}: {counted} of {ios} I/Os are in the histograms");
        let latencies = inflated(context, &own.join(format!("l_clat.{job}.log.fz")))?;
        ensure_eq!(latencies.len() as u64, ios, "lines of the log of latencies of job {job}");
    }
    Ok(())
}

fn inflated(context: &Context, path: &Path) -> Result<Vec<Vec<u64>>, Failure> {
    let finished = context.run(&["bench", &format!("--inflate-log={}", path.display())])?;
    ensure_eq!(finished.status, Some(0), "exit status of --inflate-log, which said {}", finished.error);
    finished.output.lines().map(|line| Ok(line.split(", ").map(str::parse).collect::<Result<_, _>>()?)).collect()
}

fn names(folder: &Path) -> Result<BTreeSet<String>, Failure> {
    std::fs::read_dir(folder)?.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect()
}
