//! The same value said in each version: what a version has arrives, what it lacks does not.

use crate::random::Random;
use bench_wire::frame::{MessageReader, MessageWriter};
use bench_wire::log::{Log, LogCompression, LogEntry, LogHeader, LogKind};
use bench_wire::message::{
    DiskUtilisation, Eta, GroupStatistics, Histogram, JobReport, JobStatistics, PriorityStatistics, SampleStatistics,
    SteadyState, WorkerMessage,
};
use bench_wire::{FixedText, ProtocolVersion, Role};

fn through(message: &WorkerMessage, version: ProtocolVersion) -> WorkerMessage {
    let mut writer = MessageWriter::new(version);
    message.encode(&mut writer);
    let mut reader = MessageReader::new(Role::Worker);
    let mut input = writer.pending();
    let read = reader.next_message(&mut input).unwrap().unwrap();
    let read = WorkerMessage::decode(&read, version).unwrap();
    assert!(input.is_empty());
    read
}

fn double(random: &mut Random) -> f64 {
    random.below(1 << 20) as f64 / 1024.0
}

fn series(random: &mut Random) -> SampleStatistics {
    SampleStatistics {
        maximum: random.next(),
        minimum: random.next(),
        samples: random.next(),
        mean: double(random),
        squared_deviations: double(random),
    }
}

fn histogram(random: &mut Random) -> Histogram {
    let counts: Vec<u64> = (0..Histogram::BUCKETS).map(|_| random.byte().into()).collect();
    Histogram::from_buckets(counts.into_iter())
}

fn priorities(random: &mut Random) -> Vec<PriorityStatistics> {
    (0..random.below(3))
        .map(|_| PriorityStatistics {
            histogram: histogram(random),
            completion_latency: series(random),
            io_priority: random.byte().into(),
        })
        .collect()
}

fn steady_state(random: &mut Random) -> SteadyState {
    let duration = 1 + random.below(20);
    let mut samples = || (0..duration).map(|_| random.next()).collect::<Vec<u64>>();
    let (iops, bandwidth, latency) = (samples(), samples(), samples());
    SteadyState {
        duration: duration as u64,
        state: 1 << 5 | 1,
        head: random.byte().into(),
        limit: double(random),
        slope: double(random),
        deviation: double(random),
        criterion: double(random),
        iops,
        bandwidth,
        latency,
    }
}

/// A report with every field set to something.
fn report(random: &mut Random) -> JobReport {
    let three = |random: &mut Random| [random.next(), random.next(), random.next()];
    let job = JobStatistics {
        name: FixedText::new("job"),
        error_text: FixedText::new("file:io.c:1, func=read, error=Input/output error"),
        error: 5,
        thread_number: 1 + u32::from(random.byte()),
        group_id: random.byte().into(),
        job_start_ms: Some(random.next()),
        process_id: 4711,
        description: FixedText::new("in words"),
        members: 2,
        unified_reporting: 1,
        priorities_disabled: true,
        sync_latency: series(random),
        completion_latency: std::array::from_fn(|_| series(random)),
        submission_latency: std::array::from_fn(|_| series(random)),
        total_latency: std::array::from_fn(|_| series(random)),
        bandwidth: std::array::from_fn(|_| series(random)),
        iops: std::array::from_fn(|_| series(random)),
        user_time_ms: random.next(),
        system_time_ms: random.next(),
        context_switches: random.next(),
        minor_faults: random.next(),
        major_faults: random.next(),
        completion_percentiles: true,
        total_percentiles: true,
        submission_percentiles: true,
        percentile_precision: 2,
        percentiles: std::array::from_fn(|_| double(random)),
        depths: std::array::from_fn(|_| random.next()),
        submit_batches: std::array::from_fn(|_| random.next()),
        complete_batches: std::array::from_fn(|_| random.next()),
        latency_below_ns: std::array::from_fn(|_| random.next()),
        latency_below_us: std::array::from_fn(|_| random.next()),
        latency_below_ms: std::array::from_fn(|_| random.next()),
        histograms: std::array::from_fn(|_| std::array::from_fn(|_| histogram(random))),
        sync_histogram: histogram(random),
        ios: std::array::from_fn(|_| random.next()),
        short_ios: three(random),
        dropped_ios: three(random),
        submits: random.next(),
        completes: random.next(),
        bytes: three(random),
        runtime_ms: three(random),
        total_run_time_ms: random.next(),
        continue_on_error: 3,
        first_error: 28,
        errors: random.next(),
        zone_resets: random.next(),
        count_zone_resets: Some(1),
        block_states: (0..random.below(8193)).map(|_| random.byte().into()).collect(),
        kb_base: 1000,
        unit_base: 5,
        latency_depth: 32,
        latency_target_ns: random.next(),
        latency_percentile: double(random),
        latency_window_us: random.next(),
        significant_figures: 6,
        steady_state: steady_state(random),
        io_priority: 0x4001,
        priorities: std::array::from_fn(|_| priorities(random)),
        cache_hits: random.next(),
        cache_misses: random.next(),
    };
    JobReport { job, group: group(random) }
}

fn group(random: &mut Random) -> GroupStatistics {
    let mut three = || [random.next(), random.next(), random.next()];
    GroupStatistics {
        longest_run_ms: three(),
        shortest_run_ms: three(),
        largest_bandwidth: three(),
        smallest_bandwidth: three(),
        bytes: three(),
        total_bandwidth: three(),
        kb_base: 1024,
        unit_base: 4,
        significant_figures: 4,
        group_id: 7,
        unified_reporting: 2,
    }
}

#[test]
fn a_report_arrives_but_for_what_the_version_lacks() {
    let mut random = Random::new();
    for version in ProtocolVersion::all() {
        let sent = report(&mut random);
        let mut expected = sent.clone();
        if version.number() < 101 {
            expected.job.job_start_ms = None;
        }
        if version.number() < 114 {
            expected.job.count_zone_resets = None;
        }
        if version.number() < 115 {
            expected.job.steady_state.latency = Vec::new();
        }
        let read = through(&WorkerMessage::JobReport(Box::new(sent)), version);
        assert_eq!(read, WorkerMessage::JobReport(Box::new(expected)), "version {version}");
    }
}

#[test]
fn a_report_of_an_old_version_can_be_said_in_a_new_one() {
    let mut random = Random::new();
    let sent = WorkerMessage::JobReport(Box::new(report(&mut random)));
    let old = through(&sent, ProtocolVersion::OLDEST);
    let WorkerMessage::JobReport(new) = through(&old, ProtocolVersion::NEWEST) else { panic!("a report") };
    assert_eq!((new.job.job_start_ms, new.job.count_zone_resets), (Some(0), Some(0)));
    let steady = &new.job.steady_state;
    assert!(steady.latency.len() == steady.iops.len() && steady.latency.iter().all(|latency| *latency == 0));
}

#[test]
fn payloads_have_the_sizes_of_the_releases() {
    for (number, bytes) in
        [(97, 184_056), (99, 184_056), (100, 184_056), (101, 184_064), (103, 184_064), (107, 184_064), (111, 184_064)]
            .into_iter()
            .chain([(113, 184_064), (120, 184_072), (121, 184_072)])
    {
        let version = ProtocolVersion::new(number).unwrap();
        let mut writer = MessageWriter::new(version);
        WorkerMessage::JobReport(Box::default()).encode(&mut writer);
        let mut reader = MessageReader::new(Role::Worker);
        assert_eq!(reader.next_message(&mut writer.pending()).unwrap().unwrap().payload.len(), bytes, "{version}");
        let mut writer = MessageWriter::new(version);
        WorkerMessage::Log(Log::default()).encode(&mut writer);
        let header = if number < 102 { 288 } else { 296 };
        assert_eq!(writer.pending().len(), 24 + header, "{version}");
    }
}

#[test]
fn groups_progress_and_disks_are_the_same_in_every_version() {
    let mut random = Random::new();
    for version in ProtocolVersion::all() {
        let mut numbers = || [random.below(1 << 20), random.below(1 << 20)].map(|number| number as u64);
        let counters = bench_wire::message::DiskCounters {
            ios: numbers(),
            merges: numbers(),
            sectors: numbers(),
            ticks_ms: numbers(),
            io_ticks_ms: 1,
            time_in_queue_ms: 2,
        };
        let disk = DiskUtilisation {
            name: FixedText::new("nvme0n1"),
            counters,
            interval_ms: 1000,
            components: counters,
            component_count: 2,
            busiest_component: 99.5,
        };
        let eta = Eta { running: 3, rate: [1, 2, 3], iops: [4, 5, 6], states: b"R(3)".to_vec(), ..Eta::default() };
        let tag = bench_wire::message::Tag(random.next());
        for message in [
            WorkerMessage::GroupStatistics(group(&mut random)),
            WorkerMessage::DiskUtilisation(disk),
            WorkerMessage::Eta(tag, eta),
        ] {
            assert_eq!(through(&message, version), message, "version {version}");
        }
    }
}

#[test]
fn samples_arrive_but_for_what_the_version_lacks() {
    let mut random = Random::new();
    for version in ProtocolVersion::all() {
        for compression in [LogCompression::NONE, LogCompression::TRANSMISSION] {
            for kind in [LogKind::TOTAL_LATENCY, LogKind::HISTOGRAM] {
                let is_histogram = kind == LogKind::HISTOGRAM && compression == LogCompression::TRANSMISSION;
                let entries: Vec<_> = (0..random.below(50))
                    .map(|index| LogEntry {
                        time_ms: index as u64,
                        value: random.next(),
                        maximum: if version.number() < 102 { 0 } else { random.next() },
                        has_maximum: random.below(2) == 0,
                        direction: u32::from(random.byte() % 4),
                        priority: u16::from(random.byte()),
                        has_priority: random.below(2) == 0,
                        block_bytes: 4096,
                        offset: (random.below(2) == 0).then(|| random.next()),
                        issue_time: (random.below(2) == 0).then(|| random.next()),
                        histogram: is_histogram.then(|| histogram(&mut random)),
                    })
                    .collect();
                let header = LogHeader {
                    thread_number: 3,
                    kind,
                    compression,
                    has_offsets: true,
                    has_issue_times: version.number() >= 107,
                    histogram_coarseness: 2,
                    per_job_logs: version.number() < 102,
                    name: FixedText::new("x_lat.1.log"),
                    ..LogHeader::default()
                };
                let log = Log::new(header, &entries, version);
                let WorkerMessage::Log(read) = through(&WorkerMessage::Log(log.clone()), version) else {
                    panic!("a log")
                };
                assert_eq!(read, log, "version {version}");
                let read: Vec<_> = read.entries(version).map(Result::unwrap).collect();
                assert_eq!(read, entries, "version {version}");
            }
        }
    }
}
