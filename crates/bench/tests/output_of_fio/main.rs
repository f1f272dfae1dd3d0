//! What fio prints, from the same numbers: fio runs a job with all formats at once, its `json+` is made a report of ours
//! (`rebuild`), and each format of that report is held against fio's own text.
//!
//! Needs fio 3.33 at `/usr/bin/fio`; without it the tests say so and pass.

mod rebuild;

use std::path::{Path, PathBuf};
use std::process::Command;

use bench::direction::Direction;
use bench::output::{Report, json, normal, terse};
use bench::statistics::log::{LogKind, LogSample, LogSettings, SampleLog, inflate};
use bench::statistics::{Completion, JobResult, LatencyChoice, Recorder, RecorderSettings, results_to_show};
use serde_json::Value;

use self::rebuild::Heading;

const FIO: &str = "/usr/bin/fio";

/// The three texts of a run.
struct Run {
    terse: String,
    json: String,
    normal: String,
    report: Report,
}

/// Whether there is the fio that is compared with.
#[expect(clippy::print_stderr, reason = "says why nothing was tested")]
fn fio_is_here() -> bool {
    let version = Command::new(FIO).arg("--version").output().ok();
    let here = version.is_some_and(|version| version.stdout == b"fio-3.33\n");
    if !here {
        eprintln!("skipped: needs fio 3.33 at {FIO}");
    }
    here
}

/// Runs fio in a directory of the test's own. `None` when there is no such fio.
fn fio(test: &str, terse_version: u64, arguments: &str) -> Option<Run> {
    if !fio_is_here() {
        return None;
    }
    let directory = Directory::new(test);
    Some(Run::take_apart(&run_fio(&directory, terse_version, arguments)))
}

/// What fio prints.
fn run_fio(directory: &Directory, terse_version: u64, arguments: &str) -> String {
    let output = Command::new(FIO)
        .args(["--output-format=normal,terse,json+", &format!("--terse-version={terse_version}")])
        .args(arguments.split_ascii_whitespace())
        .current_dir(&directory.0)
        .output()
        .expect("fio runs");
    String::from_utf8(output.stdout).expect("text")
}

/// A directory that goes when the test does.
struct Directory(PathBuf);

impl Directory {
    fn new(test: &str) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("output-{test}-{}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a directory");
        Self(path)
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

impl Run {
    fn take_apart(text: &str) -> Self {
        let start = text.find("\n{\n").unwrap_or_else(|| panic!("no JSON in:\n{text}")) + 1;
        let end = start + text[start..].find("\n}\n").expect("an end of the JSON") + 3;
        let (before, json, normal) = (&text[..start], &text[start..end], &text[end..]);
        let is_terse = |line: &&str| {
            line.starts_with(|first: char| first.is_ascii_digit()) && line.contains(';') || line.starts_with(';')
        };
        let terse = before.lines().filter(is_terse).map(|line| format!("{line}\n")).collect();
        let headings: Vec<_> = normal.lines().filter_map(Heading::parse).collect();
        let mut report = rebuild::report(json, &headings, 2);
        if let Some(heading) = headings.first() {
            // Fio reads the clock for each format; a second may end between two.
            report.time.clone_from(&heading.time);
        }
        Self { terse, json: json.to_owned(), normal: normal.to_owned(), report }
    }

    fn check(&self, terse_version: u64) {
        let version = terse::TerseVersion::new(terse_version).expect("a version");
        self.check_json();
        same_but_for_last_digits(&terse::lines(&self.report, version), &self.terse);
        same_but_for_last_digits(&normal::text(&self.report), &self.normal);
    }

    fn check_json(&self) {
        let ours = self.our_json();
        let mut lines = ours.lines().zip(self.json.lines()).enumerate().peekable();
        while let Some((line, (ours, theirs))) = lines.next() {
            let mean = lines.peek().map_or("", |(_, (_, next))| *next);
            let same = ours == theirs || is_share_of_one_less(ours, theirs, mean);
            assert!(same, "line {} of the JSON\nours:   {ours}\ntheirs: {theirs}\nnext:   {mean}", line + 1);
        }
        assert_eq!(ours.lines().count(), self.json.lines().count());
        assert_eq!(ours.ends_with("}\n"), self.json.ends_with("}\n"));
    }

    fn our_json(&self) -> String {
        let value: Value = serde_json::from_str(&self.json).expect("JSON");
        let time = value["time"].as_str().expect("a time").to_owned();
        json::document(&Report { time, ..self.report.clone() }, true) + "\n"
    }
}

/// Whether shares of a bandwidth (`bw_agg`) differ since fio's mean is a hair below the whole number that JSON shows in the next line:
/// fio drops what is behind the point, and that is then almost 1.
fn is_share_of_one_less(ours: &str, theirs: &str, mean: &str) -> bool {
    let value = |line: &str, name: &str| -> Option<f64> {
        line.trim().strip_prefix(name)?.strip_prefix(" : ")?.strip_suffix(',')?.parse().ok()
    };
    let share = "\"bw_agg\"";
    let (Some(ours), Some(theirs), Some(mean)) = (value(ours, share), value(theirs, share), value(mean, "\"bw_mean\""))
    else {
        return false;
    };
    mean.fract() == 0.0 && mean > 0.0 && (ours * (mean - 1.0) / mean - theirs).abs() < 2e-6
}

#[test]
fn a_mean_just_below_a_whole_number_explains_a_share_that_is_one_less() {
    let (ours, theirs) = ("        \"bw_agg\" : 97.464475,", "        \"bw_agg\" : 97.461334,");
    assert!(is_share_of_one_less(ours, theirs, "        \"bw_mean\" : 31030.000000,"));
    assert!(!is_share_of_one_less(ours, theirs, "        \"bw_mean\" : 31030.500000,"));
    assert!(!is_share_of_one_less(ours, theirs, "        \"bw_mean\" : 15000.000000,"));
    assert!(!is_share_of_one_less(ours, "        \"bw_dev\" : 97.461334,", "        \"bw_mean\" : 31030.000000,"));
}

/// Fio's other texts are made of doubles of which JSON shows six decimals: where one more digit decides how another format
/// rounds, its last digit may be one off. All else, blanks included, has to be the same.
fn same_but_for_last_digits(ours: &str, theirs: &str) {
    for (ours, theirs) in ours.lines().zip(theirs.lines()) {
        let (our_tokens, their_tokens) = (tokens(ours), tokens(theirs));
        let same = our_tokens.len() == their_tokens.len()
            && our_tokens.iter().zip(&their_tokens).all(|(ours, theirs)| ours == theirs || almost(ours, theirs));
        assert!(same, "\nours:   {ours}\ntheirs: {theirs}");
    }
    assert_eq!(ours.lines().count(), theirs.lines().count(), "\nours:\n{ours}\ntheirs:\n{theirs}");
}

/// Numbers, and what is between them.
fn tokens(line: &str) -> Vec<&str> {
    let number = |character: char| character.is_ascii_digit() || character == '.';
    let mut tokens = Vec::new();
    let mut rest = line;
    while let Some(first) = rest.chars().next() {
        let end = rest.find(|character| number(character) != number(first)).unwrap_or(rest.len());
        tokens.push(&rest[..end]);
        rest = &rest[end..];
    }
    tokens
}

fn almost(ours: &str, theirs: &str) -> bool {
    let decimals = |text: &str| text.split_once('.').map(|(_, decimals)| decimals.len());
    let (Some(places), Ok(our), Ok(their)) = (decimals(ours), ours.parse::<f64>(), theirs.parse::<f64>()) else {
        return false;
    };
    let unit = 10_f64.powi(-i32::try_from(places).unwrap_or(0));
    decimals(theirs) == Some(places) && (our - their).abs() < 1.5 * unit
}

/// Runs a job and checks all formats.
fn check(test: &str, terse_version: u64, arguments: &str) {
    if let Some(run) = fio(test, terse_version, arguments) {
        run.check(terse_version);
    }
}

#[test]
fn jobs_of_a_group() {
    check(
        "group",
        3,
        "--name=a --ioengine=null --size=64m --bs=4k --rw=randrw --iodepth=4 --numjobs=2 --group_reporting",
    );
}

#[test]
fn jobs_of_their_own_and_groups() {
    check(
        "groups",
        3,
        "--ioengine=null --size=32m --description=with_words --name=a --rw=read --name=b --rw=write --new_group --name=c \
         --rw=randread --stonewall --bs=64k",
    );
}

#[test]
fn writes_with_syncs() {
    check("syncs", 5, "--name=a --ioengine=psync --filename=data --size=4m --bs=4k --rw=write --fsync=64");
}

#[test]
fn trims_and_version_4() {
    check("trims", 4, "--name=a --ioengine=null --size=16m --bs=4k --rw=trimwrite");
}

#[test]
fn version_2() {
    check("terse2", 2, "--name=a --ioengine=null --size=16m --bs=4k --rw=randrw --description=text");
}

#[test]
fn all_percentiles_and_a_list() {
    check(
        "percentiles",
        3,
        "--name=a --ioengine=null --size=64m --bs=4k --rw=randread --iodepth=8 --slat_percentiles=1 --lat_percentiles=1 \
         --percentile_list=99.99:50:99.9:1:100:33.33",
    );
}

#[test]
fn total_latency_percentiles_alone() {
    check(
        "lat",
        5,
        "--name=a --ioengine=null --size=16m --bs=4k --rw=randrw --lat_percentiles=1 --clat_percentiles=0 --iodepth=2",
    );
}

#[test]
fn latencies_switched_off() {
    for (test, switches) in [
        ("nolat", "--disable_lat=1"),
        ("noclat", "--disable_clat=1"),
        ("noslat", "--disable_slat=1 --iodepth=4"),
        ("gtod", "--gtod_reduce=1"),
    ] {
        check(test, 3, &format!("--name=a --ioengine=null --size=16m --bs=4k --rw=read {switches}"));
    }
}

#[test]
fn other_bases_and_digits() {
    check(
        "bases",
        3,
        "--kb_base=1000 --ioengine=null --significant_figures=6 --name=a --size=33m --bs=4k --rw=rw --unit_base=1",
    );
    check("bits", 3, "--ioengine=null --name=a --size=33m --bs=4k --rw=write --unit_base=1 --significant_figures=2");
}

#[test]
fn directions_as_one() {
    check(
        "mixed",
        5,
        "--name=a --ioengine=null --size=16m --bs=4k --rw=randrw --unified_rw_reporting=mixed --iodepth=2",
    );
}

/// Fio's line of all directions has zeros where ours has the rates; all other lines are the same. What is merged here was
/// merged from more digits there.
#[test]
fn directions_both_ways() {
    let Some(run) =
        fio("both", 4, "--name=a --ioengine=null --size=16m --bs=4k --rw=randrw --unified_rw_reporting=both")
    else {
        return;
    };
    same_but_for_last_digits(&run.our_json(), &run.json);
    same_but_for_last_digits(&terse::lines(&run.report, terse::TerseVersion::new(4).expect("4")), &run.terse);
    let (mixed, rest): (Vec<_>, Vec<_>) = run.normal.lines().partition(|line| line.starts_with("  mixed: IOPS="));
    assert!(mixed[0].starts_with("  mixed: IOPS=0, BW=0 (0)"), "fio has changed: {}", mixed[0]);
    let text = normal::text(&run.report);
    let (ours, our_rest): (Vec<_>, Vec<_>) = text.lines().partition(|line| line.starts_with("  mixed: IOPS="));
    assert!(ours.len() == 1 && !ours[0].contains("=0"), "{ours:?}");
    same_but_for_last_digits(&our_rest.join("\n"), &rest.join("\n"));
}

#[test]
fn samples_of_bandwidth_and_iops() {
    check(
        "samples",
        5,
        "--ioengine=psync --filename=data --size=4m --time_based --runtime=1 --bwavgtime=100 --iopsavgtime=100 --thinktime=2000 \
         --name=a --bs=4k --rw=randrw --name=b --bs=64k --rw=read --fsync=8",
    );
}

#[test]
fn fast_samples_are_in_mebibytes() {
    check(
        "fast",
        5,
        "--name=a --ioengine=null --size=1t --time_based --runtime=1 --bwavgtime=100 --iopsavgtime=100 --bs=4k --rw=read",
    );
}

#[test]
fn errors_that_end_a_job_and_errors_that_do_not() {
    let job = "--name=a --ioengine=psync --filename=/dev/full --bs=4k --size=64k --filesize=64k --rw=write";
    check("fatal", 3, job);
    check("continued", 3, &format!("{job} --continue_on_error=write"));
}

#[test]
fn a_latency_to_keep() {
    check(
        "target",
        3,
        "--name=a --ioengine=null --size=16m --bs=4k --rw=read --latency_target=100 --latency_window=1000 \
         --latency_percentile=99.5 --iodepth=8",
    );
}

#[test]
fn latencies_by_priority() {
    check(
        "priorities",
        3,
        "--name=a --ioengine=libaio --filename=data --size=4m --bs=4k --rw=randread --iodepth=4 --cmdprio_percentage=30 \
         --cmdprio_class=1 --cmdprio=3",
    );
}

#[test]
fn idle_processors() {
    check("idle", 3, "--name=a --ioengine=null --size=16m --bs=4k --rw=read --idle-prof=percpu");
}

/// Fio logs each latency; our recorder counts them; what it has then is what fio's JSON says: figures, buckets, ranges.
#[test]
fn the_recorder_counts_what_fio_counts() {
    if let Some((run, jobs)) = recorded("recorder", 1, "") {
        let report = with_latencies(&run.report, &results_to_show(jobs));
        Run { report, ..run }.check(3);
    }
}

/// The same with several jobs, each with a recorder of its own.
#[test]
fn jobs_are_merged_as_fio_merges_them() {
    for (test, switches) in [("merged", ""), ("merged-mixed", "--unified_rw_reporting=mixed")] {
        let Some((run, jobs)) = recorded(test, 3, &format!("--group_reporting {switches}")) else {
            return;
        };
        let unified = run.report.jobs[0].reporting.unified;
        let jobs = jobs.into_iter().map(|mut job| {
            job.reporting.group_reporting = true;
            job.reporting.unified = unified;
            job
        });
        let report = with_latencies(&run.report, &results_to_show(jobs.collect()));
        let run = Run { report, ..run };
        same_but_for_last_digits(&run.our_json(), &run.json);
        same_but_for_last_digits(&normal::text(&run.report), &run.normal);
    }
}

/// Runs jobs that log their latencies, and records them anew.
fn recorded(test: &str, jobs: u32, switches: &str) -> Option<(Run, Vec<JobResult>)> {
    if !fio_is_here() {
        return None;
    }
    let directory = Directory::new(test);
    let arguments = format!(
        "--name=a --ioengine=null --size=16m --bs=4k --rw=randrw --iodepth=4 --thinktime=5 --write_lat_log=log \
         --slat_percentiles=1 --lat_percentiles=1 --numjobs={jobs} {switches}"
    );
    let run = Run::take_apart(&run_fio(&directory, 3, &arguments));
    Some((run, (1..=jobs).map(|job| record(&directory, job)).collect()))
}

fn record(directory: &Directory, job: u32) -> JobResult {
    let mut recorder = Recorder::new(&RecorderSettings {
        directions: [true; 3],
        measured: LatencyChoice::ALL,
        percentiles: LatencyChoice::ALL,
        priorities: Vec::new(),
    });
    let [slat, clat, lat] = ["slat", "clat", "lat"].map(|kind| by_direction(log_lines(directory, kind, job)));
    assert!(clat.len() == lat.len() && slat.len() == lat.len() && lat.len() > 1000, "each I/O has a line in each log");
    // The logs have each direction in its own order; an I/O's three latencies need not be its own here.
    for ((slat, clat), lat) in slat.into_iter().zip(clat).zip(lat) {
        assert_eq!((slat.0, clat.0), (lat.0, lat.0));
        let completion = Completion { bytes: 4096, slat_ns: slat.1, clat_ns: clat.1, lat_ns: lat.1 };
        recorder.record_issue(Direction::ALL[lat.0]);
        recorder.record_completion(Direction::ALL[lat.0], completion);
    }
    JobResult { measurement: recorder.measurement(), members: 1, ..JobResult::default() }
}

/// A report of fio's with the latencies that were recorded here.
fn with_latencies(report: &Report, recorded: &[JobResult]) -> Report {
    let mut report = report.clone();
    assert_eq!(report.jobs.len(), recorded.len());
    for (theirs, ours) in report.jobs.iter_mut().zip(recorded) {
        let (theirs, ours) = (&mut theirs.measurement, &ours.measurement);
        theirs.ranges = ours.ranges;
        for (theirs, ours) in theirs.directions.iter_mut().zip(&ours.directions) {
            assert_eq!((theirs.ios, theirs.bytes), (ours.ios, ours.bytes));
            theirs.slat.clone_from(&ours.slat);
            theirs.clat.clone_from(&ours.clat);
            theirs.lat.clone_from(&ours.lat);
        }
    }
    report
}

/// Direction and value of each line.
fn log_lines(directory: &Directory, kind: &str, job: u32) -> Vec<(usize, u64)> {
    let text = std::fs::read_to_string(directory.0.join(format!("log_{kind}.{job}.log"))).expect("a log");
    let number = |field: Option<&str>| field.and_then(|field| field.trim().parse().ok()).expect("a number");
    let line = |line: &str| {
        let mut fields = line.split(',').skip(1);
        let value = number(fields.next());
        (usize::try_from(number(fields.next())).expect("a direction"), value)
    };
    text.lines().map(line).collect()
}

fn by_direction(mut lines: Vec<(usize, u64)>) -> Vec<(usize, u64)> {
    lines.sort_by_key(|(direction, _)| *direction);
    lines
}

/// Our compressed logs are fio's.
#[test]
fn fio_inflates_our_logs() {
    if !fio_is_here() {
        return;
    }
    let directory = Directory::new("inflate");
    for (offsets, priorities) in [(false, false), (true, false), (true, true)] {
        let settings = LogSettings {
            offsets,
            priorities,
            compressed_chunk_bytes: 4096,
            store_compressed: true,
            ..LogSettings::new(LogKind::Latency)
        };
        let mut log = SampleLog::new(settings);
        for at in 0..1000 {
            let sample = LogSample { value: at * 37, offset: at << 12, priority: 1 << 13, ..LogSample::default() };
            log.record(at, Direction::ALL[(at % 3) as usize], sample);
        }
        let mut file = Vec::new();
        log.write(&mut file).expect("memory");
        std::fs::write(directory.0.join("ours.log.fz"), &file).expect("a file");
        let theirs =
            Command::new(FIO).arg("--inflate-log=ours.log.fz").current_dir(&directory.0).output().expect("fio runs");
        let mut ours = Vec::new();
        inflate(&file, &mut ours).expect("our own log");
        assert_eq!(ours.split(|byte| *byte == b'\n').count(), 1001);
        assert_eq!(String::from_utf8_lossy(&ours), String::from_utf8_lossy(&theirs.stdout));
    }
}
