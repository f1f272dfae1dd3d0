//! A report made of fio's own `json+` output: all that the other formats are made of is in there, but for a few words that
//! the normal text has alone.

use bench::output::{CpuIdleness, Progress, Report};
use bench::statistics::{
    BandwidthUnit, BatchSizes, ContinuedErrors, DepthLevels, DirectionResult, DiskCounters, DiskUtilization, Histogram,
    JobError, JobResult, LatencyChoice, LatencyRanges, LatencyResult, LatencyTargetResult, Measurement, PercentileList,
    PriorityResult, Reporting, ResourceUsage, SampleStatistics, UnifiedReporting, bucket_of, group_results,
};
use serde_json::Value;

/// What the line at the head of a job's normal text says and JSON does not.
#[derive(Debug, Clone, Default)]
pub(crate) struct Heading {
    pub members: u32,
    pub process: u32,
    pub error: String,
    pub time: String,
}

impl Heading {
    /// Reads `name: (groupid=0, jobs=1): err= 5 (text): pid=1: time`.
    pub(crate) fn parse(line: &str) -> Option<Self> {
        let (_, rest) = line.split_once(": (groupid=")?;
        let (members, rest) = rest.split_once(", jobs=")?.1.split_once("): err=")?;
        let (error, rest) = rest.rsplit_once(": pid=")?;
        let (process, time) = rest.split_once(": ")?;
        let error = error.split_once('(').map_or("", |(_, text)| text.strip_suffix(')').unwrap_or(text));
        let (members, process) = (members.parse().ok()?, process.parse().ok()?);
        Some(Self { members, process, error: error.to_owned(), time: time.to_owned() })
    }
}

/// The report that fio had when it wrote this.
pub(crate) fn report(text_of_json: &str, headings: &[Heading], precision: usize) -> Report {
    let json: Value = serde_json::from_str(text_of_json).expect("JSON");
    let jobs = json["jobs"].as_array().expect("jobs");
    let global_options = options(text_of_json, "  \"global options\" : {").next().unwrap_or_default();
    let mut job_options = options(text_of_json, "      \"job options\" : {");
    let mut headings = headings.iter().cloned();
    let jobs: Vec<_> = jobs
        .iter()
        .map(|object| {
            // Jobs that did nothing have no text.
            let silent = ["read", "write", "trim", "mixed"]
                .iter()
                .all(|name| unsigned(&object[name]["io_bytes"]) == 0 && unsigned(&object[name]["total_ios"]) == 0);
            let heading = if silent { Heading::default() } else { headings.next().unwrap_or_default() };
            let options = object.get("job options").and_then(|_| job_options.next()).unwrap_or_default();
            job(object, &global_options, options, &heading, precision)
        })
        .collect();
    let first = &json["jobs"][0];
    Report {
        version: text(&json["fio version"]),
        timestamp_ms: unsigned(&json["timestamp_ms"]),
        time: text(&json["time"]),
        progress: Some(Progress {
            elapsed_seconds: unsigned(&first["elapsed"]),
            remaining_seconds: unsigned(&first["eta"]),
        }),
        groups: group_results(&jobs, 0),
        global_options,
        disks: json["disk_util"].as_array().into_iter().flatten().map(disk).collect(),
        idleness: json.get("cpu_idleness").map(idleness),
        jobs,
    }
}

fn unsigned(value: &Value) -> u64 {
    value.as_u64().unwrap_or(0)
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or(0.0)
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn small(value: &Value) -> u32 {
    u32::try_from(unsigned(value)).expect("a small number")
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "counts that were made percentages")]
fn count(share: f64) -> u64 {
    share.round() as u64
}

/// The members of each object that begins with this line, in their order, which a map forgets.
fn options<'a>(text: &'a str, first_line: &'a str) -> impl Iterator<Item = Vec<(String, String)>> + 'a {
    let objects = text.lines().enumerate().filter(move |(_, line)| *line == first_line);
    objects.map(|(index, _)| {
        let lines = text.lines().skip(index + 1).take_while(|line| !line.trim().starts_with('}'));
        let member = |line: &str| {
            let object: Value = serde_json::from_str(&format!("{{{}}}", line.trim_end_matches(','))).expect("a member");
            let (name, value) = object.as_object().and_then(|object| object.iter().next()).expect("a member");
            (name.clone(), self::text(value))
        };
        lines.filter(|line| !line.is_empty()).map(member).collect()
    })
}

type Options = Vec<(String, String)>;

fn job(object: &Value, global: &Options, options: Options, heading: &Heading, precision: usize) -> JobResult {
    let runtime_ms = unsigned(&object["job_runtime"]);
    let milliseconds = |share: &Value| count(number(share) * runtime_ms as f64 / 100.0);
    let error = i32::try_from(small(&object["error"])).expect("an error number");
    JobResult {
        name: text(&object["jobname"]),
        description: text(&object["desc"]),
        group: small(&object["groupid"]),
        process: heading.process,
        members: heading.members,
        error: (error != 0).then(|| JobError { number: error, message: heading.error.clone() }),
        reporting: reporting(object, &[global.clone(), options.clone()].concat(), precision),
        measurement: measurement(object),
        usage: ResourceUsage {
            user_ms: milliseconds(&object["usr_cpu"]),
            system_ms: milliseconds(&object["sys_cpu"]),
            context_switches: unsigned(&object["ctx"]),
            major_faults: unsigned(&object["majf"]),
            minor_faults: unsigned(&object["minf"]),
        },
        runtime_ms,
        continued_errors: object.get("total_err").map(|total| ContinuedErrors {
            total: unsigned(total),
            first: i32::try_from(small(&object["first_error"])).expect("an error number"),
        }),
        latency_target: LatencyTargetResult {
            target_ns: unsigned(&object["latency_target"]),
            window_us: unsigned(&object["latency_window"]),
            percentile: number(&object["latency_percentile"]),
            depth: small(&object["latency_depth"]),
        },
        options,
        ..JobResult::default()
    }
}

fn reporting(object: &Value, options: &[(String, String)], precision: usize) -> Reporting {
    let unified = match (object.get("read"), object.get("mixed")) {
        (Some(_), Some(_)) => UnifiedReporting::Both,
        (None, Some(_)) => UnifiedReporting::Mixed,
        _ => UnifiedReporting::Split,
    };
    let option = |name: &str| options.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    let directions = ["read", "write", "trim", "mixed"].map(|name| &object[name]);
    let shown = |kind: &str| directions.iter().any(|direction| direction[kind].get("percentile").is_some());
    // Without a sample no percentile is shown: then the switches tell.
    let sampled = directions.iter().any(|direction| unsigned(&direction["clat_ns"]["N"]) != 0);
    let switched_off = option("disable_clat").or(option("gtod_reduce")).or(option("clat_percentiles")).is_some();
    let clat = shown("clat_ns") || !sampled && !switched_off;
    let lists = ["slat_ns", "clat_ns", "lat_ns"].into_iter().flat_map(|kind| directions.map(|object| &object[kind]));
    let list = lists.filter_map(|latency| latency["percentile"].as_object()).map(|list| list.keys()).next();
    let list: Option<Vec<f64>> = list.map(|keys| keys.map(|key| key.parse().expect("a percentile")).collect());
    Reporting {
        unified,
        percentiles: LatencyChoice { slat: shown("slat_ns"), clat, lat: shown("lat_ns") },
        percentile_list: list.map_or_else(PercentileList::default, |list| PercentileList::new(&list)),
        percentile_precision: precision,
        kilobyte: option("kb_base").map_or(1024, |value| value.parse().expect("a kilobyte")),
        unit: if option("unit_base") == Some("1") { BandwidthUnit::Bits } else { BandwidthUnit::Bytes },
        significant_figures: option("significant_figures").map_or(4, |value| value.parse().expect("digits")),
        ..Reporting::default()
    }
}

fn measurement(object: &Value) -> Measurement {
    let mut directions: [DirectionResult; 3] = ["read", "write", "trim"].map(|name| direction(&object[name]));
    if object.get("read").is_none() {
        directions[0] = direction(&object["mixed"]);
    }
    let mut measurement = Measurement {
        directions,
        syncs: unsigned(&object["sync"]["total_ios"]),
        sync: latency(&object["sync"]["lat_ns"]),
        submissions: batches(&object["iodepth_submit"]),
        completions: batches(&object["iodepth_complete"]),
        ..Measurement::default()
    };
    let ios = measurement.ios();
    measurement.depth = DepthLevels(shares(&object["iodepth_level"], &DEPTHS, ios, 0.1));
    let below_a_second: [&str; 10] = RANGES[..10].try_into().expect("ten");
    let tables = ["latency_ns", "latency_us", "latency_ms"].map(|name| &object[name]);
    let floors = tables.iter().flat_map(|table| table.as_object().into_iter().flatten());
    let floors = u64::try_from(floors.filter(|(_, share)| number(share) == 0.01).count()).expect("a small number");
    let ranges = |floor: u64| LatencyRanges {
        nanoseconds: shares(tables[0], &below_a_second, ios, 0.01).map(|count| if count == 1 { floor } else { count }),
        microseconds: shares(tables[1], &below_a_second, ios, 0.01).map(|count| if count == 1 { floor } else { count }),
        milliseconds: shares(tables[2], &RANGES, ios, 0.01).map(|count| if count == 1 { floor } else { count }),
    };
    // What the smallest percentages stand for is what is missing from the whole.
    let known = ranges(0);
    let known = known.nanoseconds.iter().chain(&known.microseconds).chain(&known.milliseconds).sum::<u64>();
    let counted: u64 = measurement.directions.iter().map(|direction| direction.clat.statistics.samples).sum();
    measurement.ranges = ranges(counted.saturating_sub(known).checked_div(floors).unwrap_or(0).max(1));
    measurement
}

const DEPTHS: [&str; 7] = ["1", "2", "4", "8", "16", "32", ">=64"];
const BATCHES: [&str; 7] = ["0", "4", "8", "16", "32", "64", ">=64"];
const RANGES: [&str; 12] = ["2", "4", "10", "20", "50", "100", "250", "500", "750", "1000", "2000", ">=2000"];

/// Counts that give these percentages. The smallest percentage shown stands for any smaller one: one I/O will do.
fn shares<const N: usize>(object: &Value, names: &[&str; N], total: u64, floor: f64) -> [u64; N] {
    names.map(|name| {
        let share = number(&object[name]);
        if share == floor { 1 } else { count(share * total as f64 / 100.0) }
    })
}

/// How many batches there were is not said; so many that six decimals of a percentage are counts.
fn batches(object: &Value) -> BatchSizes {
    const TOTAL: u64 = 100_000_000;
    let levels = shares(object, &BATCHES, TOTAL, f64::NAN);
    BatchSizes { levels, total: TOTAL }
}

fn direction(object: &Value) -> DirectionResult {
    let prios = object["prios"].as_array().into_iter().flatten();
    DirectionResult {
        ios: unsigned(&object["total_ios"]),
        short: unsigned(&object["short_ios"]),
        dropped: unsigned(&object["drop_ios"]),
        bytes: unsigned(&object["io_bytes"]),
        runtime_ms: unsigned(&object["runtime"]),
        slat: latency(&object["slat_ns"]),
        clat: latency(&object["clat_ns"]),
        lat: latency(&object["lat_ns"]),
        bandwidth: samples(object, ["bw_min", "bw_max", "bw_mean", "bw_dev", "bw_samples"]),
        iops: samples(object, ["iops_min", "iops_max", "iops_mean", "iops_stddev", "iops_samples"]),
        priorities: prios.map(priority).collect(),
    }
}

fn priority(object: &Value) -> PriorityResult {
    let priority = small(&object["prioclass"]) << 13 | small(&object["prio"]);
    let kind = if object.get("lat_ns").is_some() { "lat_ns" } else { "clat_ns" };
    PriorityResult { priority: u16::try_from(priority).expect("a priority"), latency: latency(&object[kind]) }
}

fn latency(object: &Value) -> LatencyResult {
    let histogram = object["bins"].as_object().map(|bins| {
        let mut histogram = Histogram::new();
        for (value, count) in bins {
            histogram.add(bucket_of(value.parse().expect("nanoseconds")), unsigned(count));
        }
        histogram
    });
    LatencyResult { statistics: samples(object, ["min", "max", "mean", "stddev", "N"]), histogram }
}

fn samples(object: &Value, [minimum, maximum, mean, deviation, samples]: [&str; 5]) -> SampleStatistics {
    let samples = unsigned(&object[samples]);
    if samples == 0 {
        return SampleStatistics::default();
    }
    SampleStatistics {
        samples,
        minimum: unsigned(&object[minimum]),
        maximum: unsigned(&object[maximum]),
        mean: number(&object[mean]),
        squared_deviations: number(&object[deviation]).powi(2) * (samples as f64 - 1.0),
    }
}

fn disk(object: &Value) -> DiskUtilization {
    // Only the quotient is said: a time and a share of it that give the same.
    const ELAPSED_MS: u64 = 100_000_000;
    DiskUtilization {
        name: text(&object["name"]),
        counters: DiskCounters {
            ios: [unsigned(&object["read_ios"]), unsigned(&object["write_ios"])],
            merges: [unsigned(&object["read_merges"]), unsigned(&object["write_merges"])],
            ticks: [unsigned(&object["read_ticks"]), unsigned(&object["write_ticks"])],
            io_ticks: count(number(&object["util"]) * ELAPSED_MS as f64 / 100.0),
            time_in_queue: unsigned(&object["in_queue"]),
            ..DiskCounters::default()
        },
        elapsed_ms: ELAPSED_MS,
        ..DiskUtilization::default()
    }
}

fn idleness(object: &Value) -> CpuIdleness {
    let processors = (0..).map_while(|index| object.get(format!("cpu-{index}"))).map(number);
    CpuIdleness {
        system: number(&object["system"]),
        processors: processors.collect(),
        unit_mean_us: number(&object["unit_mean"]),
        unit_deviation_us: number(&object["unit_stddev"]),
    }
}
