//! Choices of formats, and documents of several reports. What a report looks like is held against fio itself in
//! `tests/output_of_fio`.

use super::*;
use crate::statistics::{BlockLifetimes, DiskCounters, JobResult, ResourceUsage, group_results, results_to_show};

fn report() -> Report {
    let mut job = JobResult { name: "a \"b\"\n".to_owned(), members: 1, ..JobResult::default() };
    job.measurement.directions[0].bytes = 4096;
    job.measurement.directions[0].ios = 1;
    job.measurement.directions[0].runtime_ms = 1;
    Report { version: "fio-3.33".to_owned(), timestamp_ms: 1500, ..Report::of_jobs(vec![job]) }
}

fn written(formats: FormatChoice, lasts: &[bool]) -> String {
    let mut writer = ReportWriter::new(formats, TerseVersion::default());
    let mut output = Vec::new();
    for last in lasts {
        writer.write(&report(), *last, &mut output).unwrap();
    }
    String::from_utf8(output).unwrap()
}

/// As fio 3.33 with `group_reporting`, and with `unified_rw_reporting=1`.
#[test]
fn jobs_and_directions_that_are_reported_as_one_count_as_one_in_their_group() {
    let job = |change: fn(&mut JobResult)| {
        let mut job = JobResult { members: 1, ..JobResult::default() };
        for direction in &mut job.measurement.directions[..2] {
            (direction.bytes, direction.ios, direction.runtime_ms) = (500_000, 1, 1000);
        }
        change(&mut job);
        job
    };
    let summary = |jobs: Vec<JobResult>| {
        let text = normal::text(&Report::of_jobs(jobs));
        text.split_once("(all jobs):\n").unwrap().1.lines().map(|line| line.trim().to_owned()).collect::<Vec<_>>()
    };
    let together = job(|job| job.reporting.group_reporting = true);
    let of_two = "bw=977KiB/s (1000kB/s), 977KiB/s-977KiB/s (1000kB/s-1000kB/s), io=977KiB (1000kB), run=1000-1000msec";
    assert_eq!(summary(vec![together.clone(), together]), [format!("READ: {of_two}"), format!("WRITE: {of_two}")]);
    let mixed = job(|job| job.reporting.unified = crate::statistics::UnifiedReporting::Mixed);
    assert_eq!(summary(vec![mixed]), [format!("MIXED: {of_two}")]);
    let apart = summary(vec![job(|_| ()), job(|_| ())]);
    assert!(apart[0].starts_with("READ: bw=977KiB/s (1000kB/s), 488KiB/s-488KiB/s"), "{apart:?}");
}

#[test]
fn a_job_without_io_is_told_if_it_did_other_work() {
    let mut report = Report::default();
    let usage = ResourceUsage { user_ms: 10, ..ResourceUsage::default() };
    report.jobs = vec![JobResult { name: "burn".to_owned(), runtime_ms: 20, usage, ..JobResult::default() }];
    assert_eq!(normal::text(&report), "\n");
    report.jobs[0].did_other_work = true;
    let text = normal::text(&report);
    assert!(text.contains("\nburn: (groupid=0") && text.contains("cpu          : usr=50.00%"), "{text}");
}

#[test]
fn formats_are_chosen_by_name() {
    let mut choice = FormatChoice::default();
    choice.add("terse,json+").unwrap();
    assert_eq!(choice, FormatChoice { normal: false, terse: true, json: true, bins: true });
    let error = choice.add("normal,xml").unwrap_err();
    assert_eq!(error.name, "xml");
    assert!(error.to_string().contains("json+"), "{error}");
    for (index, format) in FORMATS.iter().enumerate() {
        assert!(FORMATS[..index].iter().all(|other| other.name != format.name), "{} is there twice", format.name);
    }
}

#[test]
fn one_report_is_an_object_and_several_are_an_array() {
    let formats = FormatChoice { json: true, ..FormatChoice::default() };
    let one: serde_json::Value = serde_json::from_str(&written(formats, &[true])).unwrap();
    assert_eq!(one["jobs"][0]["jobname"], "a \"b\"\n");
    assert_eq!(one["timestamp"], 1);
    for intermediate in 1..4 {
        let mut lasts = vec![false; intermediate];
        lasts.push(true);
        let all: serde_json::Value = serde_json::from_str(&written(formats, &lasts)).unwrap();
        assert_eq!(all.as_array().map(Vec::len), Some(intermediate + 1));
        assert_eq!(all[intermediate], one);
    }
}

#[test]
fn a_run_that_is_given_up_leaves_a_document_too() {
    let mut writer = ReportWriter::new(FormatChoice { json: true, ..FormatChoice::default() }, TerseVersion::default());
    let mut output = Vec::new();
    writer.write(&report(), false, &mut output).unwrap();
    writer.write(&report(), false, &mut output).unwrap();
    writer.finish(&mut output).unwrap();
    let length = output.len();
    writer.finish(&mut output).unwrap();
    assert_eq!(output.len(), length, "once is enough");
    let all: serde_json::Value = serde_json::from_slice(&output).unwrap();
    assert_eq!(all.as_array().map(Vec::len), Some(2));
}

#[test]
fn formats_come_in_fios_order() {
    let formats = FormatChoice { normal: true, terse: true, json: true, bins: false };
    let text = written(formats, &[true]);
    assert!(text.starts_with("3;fio-3.33;a \"b\"\n;0;0;4;"), "{text}");
    let (json, normal) = (text.find("\n{\n").unwrap(), text.find("\nRun status group 0").unwrap());
    assert!(json < normal);
}

#[test]
fn terse_versions_are_2_to_5() {
    assert_eq!(TerseVersion::new(3), Some(TerseVersion::default()));
    assert!(TerseVersion::new(2).is_some() && TerseVersion::new(5).is_some());
    assert_eq!((TerseVersion::new(1), TerseVersion::new(6), TerseVersion::new(258)), (None, None, None));
}

#[test]
fn a_job_without_io_divides_by_nothing() {
    let jobs = results_to_show(vec![JobResult { name: "idle".to_owned(), members: 1, ..JobResult::default() }]);
    let report = Report { groups: group_results(&jobs, 1), jobs, ..report() };
    assert!(!terse::lines(&report, TerseVersion::default()).contains("nan"));
    assert!(!normal::text(&report).contains("idle"), "nothing is said of it");
    assert!(!json::document(&report, true).contains("nan"));
}

/// Names of any characters, in every place that takes a text, come back as they were.
#[test]
fn any_text_makes_json() {
    let mut seed: u32 = std::env::var("SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(0x5eed);
    let mut text = || {
        let mut character = || {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            char::from_u32(seed >> (8 + seed % 21)).unwrap_or('\u{7f}')
        };
        let rest: String = (0..8).map(|_| character()).collect();
        format!("x{rest}")
    };
    for round in 0..500 {
        let (name, description, option, value) = (text(), text(), text(), text());
        let mut report = report();
        report.jobs[0].name.clone_from(&name);
        report.jobs[0].description.clone_from(&description);
        report.jobs[0].options = vec![(option.clone(), value.clone())];
        let document = json::document(&report, true);
        let read: serde_json::Value =
            serde_json::from_str(&document).unwrap_or_else(|error| panic!("round {round}: {error}\n{document}"));
        let job = &read["jobs"][0];
        assert_eq!(
            (job["jobname"].as_str(), job["desc"].as_str()),
            (Some(&*name), Some(&*description)),
            "round {round}"
        );
        assert_eq!(job["job options"][&option].as_str(), Some(&*value), "round {round}");
    }
}

/// What no machine of ours has: a disk of disks, zones, an engine that tells of cache hits. The layouts are those of fio's
/// format strings.
#[test]
fn disks_of_disks_zones_and_caches() {
    let member = |ios, io_ticks| DiskUtilization {
        name: "sda".to_owned(),
        counters: DiskCounters {
            ios: [ios, 2],
            merges: [3, 4],
            ticks: [5, 6],
            io_ticks,
            time_in_queue: 11,
            ..DiskCounters::default()
        },
        elapsed_ms: 1000,
        ..DiskUtilization::default()
    };
    let disk =
        DiskUtilization { name: "md0".to_owned(), members: vec![member(10, 125), member(20, 250)], ..member(7, 500) };
    let mut report = Report { disks: vec![disk], ..report() };
    let job = &mut report.jobs[0];
    (job.cache_hits, job.cache_misses, job.zone_resets) = (1, 3, 5);
    job.measurement.directions[1] = job.measurement.directions[0].clone();
    let text = normal::text(&report);
    let line = "    md0: ios=7/2, merge=3/4, ticks=5/6, in_queue=11, util=50.00%, aggrios=15/2, aggrmerge=3/4, aggrticks=5/6, \
                aggrin_queue=11, aggrutil=25.00%\n";
    assert!(text.contains(line), "{text}");
    assert!(text.contains("  read: IOPS=1000, BW=4000KiB/s (4096kB/s)(4096B/1msec); Cachehit=25.00%\n"), "{text}");
    assert!(text.contains("  write: IOPS=1000, BW=4000KiB/s (4096kB/s)(4096B/1msec); 5 zone resets\n"), "{text}");
    let terse = terse::lines(&report, TerseVersion::default());
    assert!(terse.ends_with(";md0;7;2;3;4;5;6;11;50.00%;slaves;15;2;3;4;5;6;11;25.00%\n"), "{terse}");
    let json: serde_json::Value = serde_json::from_str(&json::document(&report, false)).unwrap();
    let disk = json["disk_util"][0].as_object().unwrap();
    let counts: Vec<_> = ["aggr_read_ios", "aggr_write_ios", "aggr_read_merges", "aggr_write_merge", "aggr_read_ticks"]
        .iter()
        .map(|name| disk[*name].as_u64().unwrap())
        .collect();
    assert_eq!(counts, [15, 2, 3, 4, 5]);
    assert_eq!((disk["aggr_write_ticks"].as_u64(), disk["aggr_in_queue"].as_u64()), (Some(6), Some(11)));
    assert_eq!((disk["util"].as_f64(), disk["aggr_util"].as_f64()), (Some(50.0), Some(25.0)));
    assert_eq!(json["jobs"][0]["read"]["cachehit"].as_f64(), Some(25.0));
}

#[test]
fn blocks_and_what_they_went_through() {
    let mut report = report();
    let mut blocks = BlockLifetimes::new(3);
    blocks.trimmed(0);
    blocks.trim_failed(1);
    report.jobs[0].blocks = blocks;
    let text = normal::text(&report);
    let expected = "  block lifetime percentiles :\n   | 1.00th=1, 5.00th=1, 10.00th=1, 20.00th=1, 30.00th=1, 40.00th=1, \
                    50.00th=0,\n   | 60.00th=0, 70.00th=0, 80.00th=0, 90.00th=0, 95.00th=0, 99.00th=0,\n   | 99.50th=0, \
                    99.90th=0, 99.95th=0, 99.99th=0\n        states               : unwritten=1, trimmed=1, written=0, trim \
                    failure=1, write failure=0\n";
    assert!(text.contains(expected), "{text}");
    let json: serde_json::Value = serde_json::from_str(&json::document(&report, false)).unwrap();
    let block = &json["jobs"][0]["block"];
    assert_eq!((&block["percentiles"]["1.000000"], &block["states"]["trim failure"]), (&1.into(), &1.into()));
}
