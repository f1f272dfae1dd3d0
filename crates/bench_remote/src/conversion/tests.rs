//! Results go over the wire, in every version, and come out as they were.

use std::hash::{BuildHasher, Hasher, RandomState};

use bench::output::Report;
use bench::output::number::Prefix;
use bench::output::status_line::{Remaining, Status};
use bench::statistics::{
    BUCKETS, BandwidthUnit, BatchSizes, BlockLifetimes, ContinuedErrors, DepthLevels, DirectionResult, DiskCounters,
    DiskUtilization, GroupDirection, GroupResult, Histogram, JobError, JobResult, LatencyChoice, LatencyRanges,
    LatencyResult, LatencyTargetResult, Measurement, MemberSummary, PercentileList, PriorityResult, Reporting,
    ResourceUsage, SampleStatistics, UnifiedReporting,
};
use bench_wire::frame::{MessageReader, MessageWriter};
use bench_wire::message::WorkerMessage;
use bench_wire::{ProtocolVersion, Role};

use super::{from_wire, to_wire};

/// A sequence of pseudo-random numbers (xorshift64*), whose seed is shown with a failure and can be set by `SEED=`.
struct Random(u64);

impl Random {
    #[expect(clippy::print_stderr, reason = "the test runner keeps it and shows it with a failure")]
    fn new() -> Self {
        let given = std::env::var("SEED").ok().and_then(|text| text.parse().ok());
        let seed = given.unwrap_or_else(|| RandomState::new().build_hasher().finish());
        eprintln!("SEED={seed}");
        Self(seed | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    fn below(&mut self, bound: u64) -> u64 {
        (self.next() >> 16) % bound
    }

    fn small(&mut self) -> u32 {
        u32::try_from(self.below(1 << 30)).unwrap()
    }

    fn large<const N: usize>(&mut self) -> [u64; N] {
        std::array::from_fn(|_| self.next() >> self.below(60))
    }

    fn yes(&mut self) -> bool {
        self.below(2) == 0
    }

    fn real(&mut self) -> f64 {
        self.below(1 << 50) as f64 / 1024.0
    }

    fn text(&mut self, most: u64) -> String {
        (0..self.below(most)).map(|_| ['a', '-', '\u{e9}', ' ', '7'][usize::try_from(self.below(5)).unwrap()]).collect()
    }

    fn error(&mut self) -> i32 {
        1 + i32::try_from(self.below(133)).unwrap()
    }
}

fn statistics(random: &mut Random) -> SampleStatistics {
    let [samples, minimum, maximum] = random.large();
    SampleStatistics { samples, minimum, maximum, mean: random.real(), squared_deviations: random.real() }
}

fn latency(random: &mut Random) -> LatencyResult {
    let histogram = random.yes().then(|| {
        let mut histogram = Histogram::new();
        for _ in 0..=random.below(20) {
            histogram.add(usize::try_from(random.below(BUCKETS as u64)).unwrap(), 1 + random.below(1 << 40));
        }
        histogram
    });
    LatencyResult { statistics: statistics(random), histogram }
}

fn direction(random: &mut Random) -> DirectionResult {
    let [ios, short, dropped, bytes, runtime_ms] = random.large();
    let priorities = (0..random.below(3))
        .map(|_| PriorityResult { priority: u16::try_from(random.below(1 << 16)).unwrap(), latency: latency(random) });
    DirectionResult {
        priorities: priorities.collect(),
        ios,
        short,
        dropped,
        bytes,
        runtime_ms,
        slat: latency(random),
        clat: latency(random),
        lat: latency(random),
        bandwidth: statistics(random),
        iops: statistics(random),
    }
}

fn unified(random: &mut Random) -> UnifiedReporting {
    match random.below(3) {
        0 => UnifiedReporting::Split,
        1 => UnifiedReporting::Mixed,
        _ => UnifiedReporting::Both,
    }
}

fn unit(random: &mut Random) -> BandwidthUnit {
    if random.yes() { BandwidthUnit::Bytes } else { BandwidthUnit::Bits }
}

fn kilobyte(random: &mut Random) -> u32 {
    if random.yes() { 1024 } else { 1000 }
}

fn figures(random: &mut Random) -> usize {
    1 + usize::try_from(random.below(10)).unwrap()
}

fn reporting(random: &mut Random, members: u32) -> Reporting {
    let percentiles: Vec<f64> = (0..random.below(21)).map(|_| 0.5 + random.below(99) as f64).collect();
    Reporting {
        // What is shown as one has been put together before it is sent.
        group_reporting: members > 1,
        unified: unified(random),
        percentiles: LatencyChoice { slat: random.yes(), clat: random.yes(), lat: random.yes() },
        percentile_list: PercentileList::new(&percentiles),
        percentile_precision: usize::try_from(random.below(10)).unwrap(),
        kilobyte: kilobyte(random),
        unit: unit(random),
        significant_figures: figures(random),
    }
}

fn measurement(random: &mut Random) -> Measurement {
    let mut batches = || BatchSizes { levels: random.large(), total: random.next() };
    let (submissions, completions) = (batches(), batches());
    Measurement {
        directions: std::array::from_fn(|_| direction(random)),
        syncs: random.next(),
        sync: latency(random),
        depth: DepthLevels(random.large()),
        submissions,
        completions,
        ranges: LatencyRanges {
            nanoseconds: random.large(),
            microseconds: random.large(),
            milliseconds: random.large(),
        },
    }
}

fn job(random: &mut Random) -> JobResult {
    let members = 1 + u32::try_from(random.below(3)).unwrap();
    let [user_ms, system_ms, context_switches, major_faults, minor_faults, runtime_ms, total] = random.large();
    let blocks: Vec<u32> =
        (0..random.below(9)).map(|state| u32::try_from(state % 5).unwrap() << 29 | random.small() >> 2).collect();
    JobResult {
        name: random.text(40),
        description: random.text(80),
        group: random.small(),
        process: random.small(),
        members,
        did_other_work: false,
        error: random.yes().then(|| JobError { number: random.error(), message: random.text(60) }),
        reporting: reporting(random, members),
        measurement: measurement(random),
        priority: u16::try_from(random.below(1 << 16)).unwrap(),
        usage: ResourceUsage { user_ms, system_ms, context_switches, major_faults, minor_faults },
        started_ms: None,
        runtime_ms,
        continued_errors: random.yes().then(|| ContinuedErrors { total, first: random.error() }),
        latency_target: LatencyTargetResult {
            target_ns: random.next(),
            window_us: random.next(),
            percentile: random.below(101) as f64,
            depth: random.small(),
        },
        blocks: BlockLifetimes::from_packed(&blocks),
        zone_resets: random.next(),
        cache_hits: random.next(),
        cache_misses: random.next(),
        options: (0..random.below(4)).map(|_| (random.text(20), random.text(40))).collect(),
    }
}

fn group(random: &mut Random, number: u32) -> GroupResult {
    let directions = std::array::from_fn(|_| {
        let [shortest_ms, slowest, fastest, bytes, aggregate, longest] = random.large();
        let has_run = random.yes();
        let (shortest_ms, slowest) = if has_run { (shortest_ms, slowest) } else { (0, 0) };
        let longest_ms = if has_run { longest.max(1) } else { 0 };
        GroupDirection { shortest_ms, longest_ms, slowest, fastest, bytes, aggregate }
    });
    GroupResult {
        number,
        directions,
        kilobyte: kilobyte(random),
        unit: unit(random),
        significant_figures: figures(random),
        unified: unified(random),
    }
}

fn counters(random: &mut Random) -> DiskCounters {
    let [io_ticks, time_in_queue] = random.large();
    DiskCounters {
        ios: random.large(),
        merges: random.large(),
        sectors: random.large(),
        ticks: random.large(),
        io_ticks,
        time_in_queue,
    }
}

fn disk(random: &mut Random) -> DiskUtilization {
    let summary = random.yes().then(|| MemberSummary {
        count: 1 + random.small(),
        sums: counters(random),
        busiest: random.real(),
    });
    DiskUtilization {
        name: random.text(20),
        counters: counters(random),
        elapsed_ms: random.next(),
        summary,
        ..DiskUtilization::default()
    }
}

/// Sends a message over the wire.
fn sent(message: &WorkerMessage, version: ProtocolVersion) -> WorkerMessage {
    let mut writer = MessageWriter::new(version);
    message.encode(&mut writer);
    let mut reader = MessageReader::new(Role::Worker);
    let message = reader.next_message(&mut writer.pending()).unwrap().unwrap();
    WorkerMessage::decode(&message, version).unwrap()
}

/// Results that come over the wire in a version.
fn received(report: &Report, version: ProtocolVersion) -> Report {
    let mut came = Report::default();
    let mut options = Vec::new();
    for message in to_wire::results(report, 7) {
        match sent(&message, version) {
            WorkerMessage::JobReport(report) => came.jobs.push(JobResult {
                options: std::mem::take(&mut options),
                ..from_wire::job_result(&report.job, &report.group)
            }),
            WorkerMessage::GroupStatistics(group) => came.groups.push(from_wire::group_result(&group)),
            WorkerMessage::DiskUtilisation(disk) => came.disks.push(from_wire::disk(&disk)),
            WorkerMessage::JobOption(option) if option.is_global => {
                came.global_options.push(from_wire::option(&option))
            }
            WorkerMessage::JobOption(option) => options.push(from_wire::option(&option)),
            other => panic!("{other:?}"),
        }
    }
    came
}

#[test]
fn results_come_out_as_they_were() {
    let mut random = Random::new();
    for round in 0..20 {
        let groups = 1 + u32::try_from(random.below(3)).unwrap();
        let report = Report {
            jobs: (0..=random.below(3)).map(|_| job(&mut random)).collect(),
            groups: (0..groups).map(|number| group(&mut random, number)).collect(),
            disks: (0..random.below(3)).map(|_| disk(&mut random)).collect(),
            global_options: vec![(random.text(20), random.text(40))],
            ..Report::default()
        };
        for version in ProtocolVersion::all().step_by(if round == 0 { 1 } else { 8 }) {
            let came = received(&report, version);
            for (came, job) in came.jobs.iter().zip(&report.jobs) {
                assert_eq!(came, job, "version {version}");
            }
            assert_eq!(came, report, "version {version}");
        }
    }
}

#[test]
fn numbers_that_are_none_are_shown_as_what_is_next_to_them() {
    let mut job = JobResult::default();
    let read = &mut job.measurement.directions[0];
    let (mean, squared_deviations) = (f64::INFINITY, f64::NAN);
    read.clat.statistics = SampleStatistics { samples: 2, mean, squared_deviations, ..SampleStatistics::default() };
    job.latency_target.percentile = -1.0;
    let summary = MemberSummary { count: 1, sums: DiskCounters::default(), busiest: f64::NEG_INFINITY };
    let disks = vec![DiskUtilization { summary: Some(summary), ..DiskUtilization::default() }];
    let came = received(&Report { jobs: vec![job], disks, ..Report::default() }, ProtocolVersion::NEWEST);
    let statistics = &came.jobs[0].measurement.directions[0].clat.statistics;
    assert_eq!((statistics.mean, statistics.squared_deviations), (u64::MAX as f64, 0.0));
    assert_eq!(came.jobs[0].latency_target.percentile, 0.0);
    assert_eq!(came.disks[0].summary.as_ref().unwrap().busiest, 0.0);
}

#[test]
fn no_text_of_a_worker_is_obeyed_by_a_terminal() {
    let bad = "\x1b[2J\ny\u{9b}z";
    let mut job = JobResult { name: bad.into(), description: bad.into(), ..JobResult::default() };
    job.error = Some(JobError { number: 5, message: bad.into() });
    let report = Report {
        jobs: vec![JobResult { options: vec![(bad.into(), bad.into())], ..job }],
        disks: vec![DiskUtilization { name: bad.into(), ..DiskUtilization::default() }],
        global_options: vec![(bad.into(), bad.into())],
        ..Report::default()
    };
    let came = received(&report, ProtocolVersion::NEWEST);
    let job = &came.jobs[0];
    let texts = [&job.name, &job.description, &job.error.as_ref().unwrap().message, &came.disks[0].name];
    let options = job.options.iter().chain(&came.global_options).flat_map(|(name, value)| [name, value]);
    let all: Vec<_> = texts.into_iter().chain(options).collect();
    assert!(all.iter().all(|text| *text == "\u{fffd}[2J\u{fffd}y\u{fffd}z"), "{all:?}");
    let eta = bench_wire::message::Eta { states: b"R\x1b\0".to_vec(), ..Default::default() };
    assert_eq!(from_wire::status(&eta).run_states, "R\u{fffd}\u{fffd}");
}

#[test]
fn progress_comes_out_as_it_was() {
    let mut random = Random::new();
    for round in 0..200 {
        let status = Status {
            running: random.small(),
            ramping: random.small(),
            setting_up: random.small(),
            files_open: random.small(),
            minimum_rate: random.next(),
            target_rate: random.next(),
            minimum_iops: random.small(),
            target_iops: random.small(),
            rate: random.large(),
            iops: std::array::from_fn(|_| u64::from(random.small())),
            elapsed_seconds: random.next(),
            hangs_seconds: None,
            remaining: match round % 3 {
                0 => Remaining::Unknown,
                1 => Remaining::Unmeasurable,
                _ => Remaining::Seconds(random.below(1 << 31) & 0x7fff_fffe),
            },
            run_states: random.text(20),
            prefix: Prefix::of_kilobyte(kilobyte(&mut random)),
            unit: unit(&mut random),
            significant_figures: figures(&mut random),
        };
        let eta = to_wire::progress::eta(&status, 7);
        let WorkerMessage::Eta(_, eta) = sent(&WorkerMessage::Eta(Default::default(), eta), ProtocolVersion::OLDEST)
        else {
            panic!("another message");
        };
        assert_eq!(from_wire::status(&eta), status);
    }
}
