//! The report of a front end: what each of many workers did, and what all of them did together.
//!
//! Parity: `fio --client`, of 3.33 in layout and of 3.42 in that the sum has percentiles. Differs from both in this: results stand in
//! the order of the workers on the command line, whichever ended first; with several workers, a line of the normal output names the
//! worker before its results; the sum has its units, and counts jobs, not reports.

use std::io::{self, Write};

use super::terse::TerseVersion;
use super::{FormatChoice, Report, json, normal, terse};
use crate::statistics::{GroupDirection, GroupResult, JobResult, LatencyTargetResult, results_to_show};

/// The name of the sum in all forms of the output.
const ALL: &str = "All clients";

/// What one worker did.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct WorkerReport {
    /// Its address as the operator knows it, without the port.
    pub host: String,
    /// Its port; 0 where there is none.
    pub port: u16,
    /// What its lines are marked with: the name that it has told, or its address.
    pub name: String,
    /// Its jobs, groups and disks. The progress is not shown.
    pub report: Report,
}

/// What many workers did.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct WorkersReport {
    /// As in [`Report`].
    pub version: String,
    /// As in [`Report`].
    pub timestamp_ms: u64,
    /// As in [`Report`].
    pub time: String,
    /// The options of the global sections: the union of what the workers say.
    pub global_options: Vec<(String, String)>,
    /// Each worker that has results.
    pub workers: Vec<WorkerReport>,
}

impl WorkersReport {
    /// All workers as one; `None` when there are not two results to add up.
    #[must_use]
    pub fn sum(&self) -> Option<WorkerReport> {
        let results = || self.workers.iter().flat_map(|worker| &worker.report.jobs);
        if results().count() < 2 {
            return None;
        }
        let last = self.workers.iter().rfind(|worker| !worker.report.jobs.is_empty())?;
        let group = results().next_back().map_or(0, |job| job.group);
        let as_one = |job: &JobResult| {
            let mut job = JobResult { group, ..job.clone() };
            job.reporting.group_reporting = true;
            job
        };
        let sum = results_to_show(results().map(as_one).collect()).into_iter().next()?;
        let job = JobResult {
            name: ALL.to_owned(),
            description: String::new(),
            process: 0,
            continued_errors: None,
            latency_target: LatencyTargetResult::default(),
            options: Vec::new(),
            ..sum
        };
        let groups = vec![self.group(group, &job)];
        let report = Report { groups, jobs: vec![job], ..self.frame() };
        Some(WorkerReport { host: last.host.clone(), port: last.port, name: ALL.to_owned(), report })
    }

    /// All groups of all workers as one.
    fn group(&self, number: u32, sum: &JobResult) -> GroupResult {
        let mut directions = [GroupDirection::default(); 3];
        for group in self.workers.iter().flat_map(|worker| &worker.report.groups) {
            for (all, one) in directions.iter_mut().zip(&group.directions).filter(|(_, one)| one.longest_ms != 0) {
                let first = all.longest_ms == 0;
                all.shortest_ms = if first { one.shortest_ms } else { all.shortest_ms.min(one.shortest_ms) };
                all.longest_ms = all.longest_ms.max(one.longest_ms);
                all.slowest = if first { one.slowest } else { all.slowest.min(one.slowest) };
                all.fastest = all.fastest.max(one.fastest);
                all.bytes = all.bytes.saturating_add(one.bytes);
                all.aggregate = all.aggregate.saturating_add(one.aggregate);
            }
        }
        GroupResult {
            number,
            directions,
            kilobyte: sum.reporting.kilobyte,
            unit: sum.reporting.unit,
            significant_figures: sum.reporting.significant_figures,
            unified: sum.reporting.unified,
        }
    }

    /// A report with what all have in common.
    fn frame(&self) -> Report {
        Report {
            version: self.version.clone(),
            timestamp_ms: self.timestamp_ms,
            time: self.time.clone(),
            ..Report::default()
        }
    }

    /// Writes it in each format: terse first, then JSON, then normal.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn write(&self, formats: FormatChoice, version: TerseVersion, output: &mut dyn Write) -> io::Result<()> {
        let sum = self.sum();
        let all = || self.workers.iter().chain(&sum);
        if formats.terse {
            for worker in all() {
                output.write_all(terse::lines(&worker.report, version).as_bytes())?;
            }
        }
        if formats.json {
            writeln!(output, "{}", json::workers_document(self, sum.as_ref(), formats.bins))?;
        }
        if formats.normal {
            for worker in &self.workers {
                if self.workers.len() > 1 {
                    write!(output, "\n<{}> results:", worker.name)?;
                }
                output.write_all(normal::text(&worker.report).as_bytes())?;
            }
            if let Some(sum) = &sum {
                // The groups are those of the workers, which have been told.
                let jobs = Report { groups: Vec::new(), ..sum.report.clone() };
                output.write_all(normal::text(&jobs).as_bytes())?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::direction::Direction;
    use crate::statistics::{
        BUCKETS, BatchSizes, ContinuedErrors, DiskUtilization, Histogram, LatencyResult, ResourceUsage,
        SampleStatistics, UnifiedReporting, group_results,
    };

    fn worker(host: &str, port: u16, reads: u64, jobs: u32) -> WorkerReport {
        let mut job = JobResult { name: format!("on-{host}"), members: jobs, process: 7, ..JobResult::default() };
        let direction = &mut job.measurement.directions[Direction::Read.index()];
        (direction.ios, direction.bytes, direction.runtime_ms) = (reads, reads * 4096, 1000);
        direction.clat.statistics.samples = reads;
        job.options = vec![("bs".to_owned(), "4k".to_owned())];
        job.latency_target.depth = 1;
        let jobs = vec![job];
        let report =
            Report { groups: group_results(&jobs, 1), jobs, version: "fio-3.33".to_owned(), ..Report::default() };
        WorkerReport { host: host.to_owned(), port, name: host.to_owned(), report }
    }

    fn written(report: &WorkersReport, formats: &str) -> String {
        let mut choice = FormatChoice::default();
        choice.add(formats).unwrap();
        let mut output = Vec::new();
        report.write(choice, TerseVersion::default(), &mut output).unwrap();
        String::from_utf8(output).unwrap()
    }

    #[test]
    fn workers_add_up() {
        let report =
            WorkersReport { workers: vec![worker("a", 1, 10, 1), worker("b", 2, 32, 3)], ..Default::default() };
        let sum = report.sum().unwrap();
        let job = &sum.report.jobs[0];
        assert_eq!((job.name.as_str(), job.members, job.process), (ALL, 4, 0));
        assert_eq!((job.measurement.ios(), job.measurement.bytes()), (42, 42 * 4096));
        assert_eq!(sum.report.groups[0].directions[0].aggregate, 42 * 4096);
        assert_eq!((sum.host.as_str(), sum.port), ("b", 2));
        let one = WorkersReport { workers: vec![worker("a", 1, 10, 1)], ..Default::default() };
        assert_eq!(one.sum(), None);
    }

    /// A worker may say anything.
    #[test]
    fn numbers_that_no_run_has_can_be_added_and_written() {
        let mut mad = worker("a", 1, 10, 1);
        let job = &mut mad.report.jobs[0];
        let most = SampleStatistics {
            samples: u64::MAX,
            minimum: u64::MAX,
            maximum: u64::MAX,
            mean: u64::MAX as f64,
            squared_deviations: f64::NAN,
        };
        let mut histogram = Histogram::new();
        (0..BUCKETS).for_each(|bucket| histogram.add(bucket, u64::MAX));
        for direction in &mut job.measurement.directions {
            (direction.ios, direction.bytes, direction.short, direction.dropped) =
                (u64::MAX, u64::MAX, u64::MAX, u64::MAX);
            direction.clat = LatencyResult { statistics: most, histogram: Some(histogram.clone()) };
            (direction.bandwidth, direction.iops) = (most, most);
            direction.runtime_ms = 1;
        }
        let levels = BatchSizes { levels: [u64::MAX; 7], total: u64::MAX };
        (job.measurement.submissions, job.measurement.completions) = (levels, levels);
        (job.measurement.syncs, job.measurement.ranges.nanoseconds) = (u64::MAX, [u64::MAX; 10]);
        let ResourceUsage { user_ms, system_ms, context_switches, major_faults, minor_faults } = &mut job.usage;
        for count in [user_ms, system_ms, context_switches, major_faults, minor_faults] {
            *count = u64::MAX;
        }
        for count in [&mut job.runtime_ms, &mut job.zone_resets, &mut job.cache_hits, &mut job.cache_misses] {
            *count = u64::MAX;
        }
        (job.members, job.group) = (u32::MAX, u32::MAX);
        job.continued_errors = Some(ContinuedErrors { total: u64::MAX, first: i32::MIN });
        job.reporting.unified = UnifiedReporting::Both;
        mad.report.groups[0].directions =
            [GroupDirection { longest_ms: 1, bytes: u64::MAX, aggregate: u64::MAX, ..GroupDirection::default() }; 3];
        let report = WorkersReport { workers: vec![mad.clone(), mad], ..Default::default() };
        let sum = report.sum().unwrap().report;
        assert_eq!((sum.jobs[0].measurement.ios(), sum.groups[0].directions[1].aggregate), (u64::MAX, u64::MAX));
        assert_eq!(
            (sum.jobs[0].members, sum.jobs[0].usage.user_ms, sum.jobs[0].cache_hits),
            (u32::MAX, u64::MAX, u64::MAX)
        );
        assert!(!written(&report, "normal,terse").is_empty());
        serde_json::from_str::<serde_json::Value>(&written(&report, "json+")).unwrap();
    }

    #[test]
    fn the_normal_output_names_workers_when_there_are_several() {
        let mut report = WorkersReport { workers: vec![worker("a", 1, 10, 1)], ..Default::default() };
        assert!(!written(&report, "normal").contains("results:"));
        report.workers.push(worker("b", 2, 32, 1));
        let text = written(&report, "normal");
        let places =
            ["<a> results:\non-a: (groupid=0, jobs=1)", "<b> results:\non-b: ", "\nAll clients: (groupid=0, jobs=2)"];
        let found: Vec<_> =
            places.iter().map(|place| text.find(place).unwrap_or_else(|| panic!("{place}: {text}"))).collect();
        assert!(found.is_sorted(), "{text}");
        assert_eq!(text.matches("Run status group 0").count(), 2);
    }

    /// Members of `fio --client --output-format=json` (3.33).
    #[test]
    fn json_has_the_shape_of_a_front_end() {
        let mut first = worker("10.0.0.1", 8765, 10, 1);
        first.report.disks = vec![DiskUtilization { name: "vda".to_owned(), ..DiskUtilization::default() }];
        let report = WorkersReport {
            version: "fio-3.33".to_owned(),
            timestamp_ms: 12_345,
            time: "now".to_owned(),
            workers: vec![first, worker("b", 2, 32, 1)],
            ..Default::default()
        };
        let text = written(&report, "json");
        assert!(
            text.starts_with("{\n  \"fio version\" : \"fio-3.33\",\n  \"timestamp\" : 12,\n  \"time\" : \"now\",\n")
        );
        assert!(text.contains(
            "\"global options\" : {\n\n  },\n  \"client_stats\" : [\n    {\n      \"jobname\" : \"on-10.0.0.1\""
        ));
        assert!(
            text.contains("\"latency_window\" : 0,\n      \"hostname\" : \"10.0.0.1\",\n      \"port\" : 8765\n    },")
        );
        assert!(text.contains(
            "\"util\" : 0.000000,\n      \"hostname\" : \"10.0.0.1\",\n      \"port\" : 8765\n    }\n  ]\n}"
        ));
        let all = text.split("\"All clients\"").nth(1).unwrap();
        assert!(!all.contains("job options") && !all.contains("latency_depth") && all.contains("\"hostname\" : \"b\""));
        assert!(!text.contains("\"eta\"") && !text.contains("timestamp_ms"));
    }
}
