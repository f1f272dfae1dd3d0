//! JSON: one document, laid out as fio 3.33 lays it out, member by member in the same order.
//!
//! `json+` adds the buckets of each histogram that percentiles are shown of (`bins`).
//!
//! Fio writes a document for each report, one behind the other, when it is asked for reports while it runs
//! (`--status-interval`, `SIGUSR1`); that is no longer JSON. Here the output is always one document: the final report alone
//! is an object, as fio's; as soon as there was a report before it, the output is an array of such objects
//! ([`JsonDocuments`]).

mod job;
mod value;

use std::io::{self, Write};

use self::value::{Object, Value};
use super::Report;
use super::workers::{WorkerReport, WorkersReport};
use crate::statistics::DiskUtilization;

/// The reports of a run as one JSON document.
#[derive(Debug, Default)]
pub struct JsonDocuments {
    /// Whether the array was begun.
    inside_array: bool,
}

impl JsonDocuments {
    /// Writes a report; `last` ends the document.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn write(&mut self, report: &Report, bins: bool, last: bool, output: &mut dyn Write) -> io::Result<()> {
        let document = document(report, bins);
        match (self.inside_array, last) {
            (false, true) => writeln!(output, "{document}")?,
            (false, false) => write!(output, "[\n{document}")?,
            (true, _) => write!(output, ",\n{document}")?,
        }
        if last {
            return self.finish(output);
        }
        self.inside_array = true;
        Ok(())
    }

    /// Ends an array that was begun, for a run that ends without a last report.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn finish(&mut self, output: &mut dyn Write) -> io::Result<()> {
        if std::mem::take(&mut self.inside_array) {
            writeln!(output, "\n]")?;
        }
        Ok(())
    }
}

/// A report as a JSON object, without a newline at its end.
#[must_use]
pub fn document(report: &Report, bins: bool) -> String {
    let mut root = Object::default();
    root.add("fio version", &report.version);
    root.add("timestamp", report.timestamp_ms / 1000);
    root.add("timestamp_ms", report.timestamp_ms);
    root.add("time", &report.time);
    if !report.global_options.is_empty() {
        root.add("global options", options(&report.global_options));
    }
    let jobs = report.jobs.iter().map(|result| job::job(report, result, bins).into());
    root.add("jobs", jobs.collect::<Vec<Value>>());
    if !report.disks.is_empty() {
        root.add("disk_util", report.disks.iter().map(|disk| self::disk(disk).into()).collect::<Vec<Value>>());
    }
    if let Some(idleness) = &report.idleness {
        let mut object = Object::default();
        object.add("system", idleness.system);
        for (processor, idle) in idleness.processors.iter().enumerate() {
            object.add(format!("cpu-{processor}"), *idle);
        }
        object.add("unit_mean", idleness.unit_mean_us);
        object.add("unit_stddev", idleness.unit_deviation_us);
        root.add("cpu_idleness", object);
    }
    root.document()
}

/// The report of a front end as a JSON object, without a newline at its end: one list for the results of all workers, of which `sum` is
/// the last, and one for all disks. Both are there when they are empty.
#[must_use]
pub(super) fn workers_document(report: &WorkersReport, sum: Option<&WorkerReport>, bins: bool) -> String {
    let mut root = Object::default();
    root.add("fio version", &report.version);
    root.add("timestamp", report.timestamp_ms / 1000);
    root.add("time", &report.time);
    root.add("global options", options(&report.global_options));
    let marked = |mut object: Object, worker: &WorkerReport| {
        object.add("hostname", &worker.host);
        object.add("port", worker.port);
        Value::from(object)
    };
    let results = report.workers.iter().chain(sum).flat_map(|worker| {
        worker.report.jobs.iter().map(move |result| marked(job::job(&worker.report, result, bins), worker))
    });
    root.add("client_stats", results.collect::<Vec<Value>>());
    let disks = report
        .workers
        .iter()
        .flat_map(|worker| worker.report.disks.iter().map(move |disk| marked(self::disk(disk), worker)));
    root.add("disk_util", disks.collect::<Vec<Value>>());
    root.document()
}

fn options(options: &[(String, String)]) -> Object {
    options.iter().map(|(name, value)| (name, value)).collect()
}

fn disk(disk: &DiskUtilization) -> Object {
    let counters = &disk.counters;
    let mut object = Object::default();
    object.add("name", &disk.name);
    object.add("read_ios", counters.ios[0]);
    object.add("write_ios", counters.ios[1]);
    object.add("read_merges", counters.merges[0]);
    object.add("write_merges", counters.merges[1]);
    object.add("read_ticks", counters.ticks[0]);
    object.add("write_ticks", counters.ticks[1]);
    object.add("in_queue", counters.time_in_queue);
    object.add("util", disk.utilization());
    if let Some((members, busiest)) = disk.member_averages() {
        object.add("aggr_read_ios", members.ios[0]);
        object.add("aggr_write_ios", members.ios[1]);
        object.add("aggr_read_merges", members.merges[0]);
        object.add("aggr_write_merge", members.merges[1]);
        object.add("aggr_read_ticks", members.ticks[0]);
        object.add("aggr_write_ticks", members.ticks[1]);
        object.add("aggr_in_queue", members.time_in_queue);
        object.add("aggr_util", busiest);
    }
    object
}
