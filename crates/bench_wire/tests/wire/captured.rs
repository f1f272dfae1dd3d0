//! Sessions of real programs: every command is understood and, put together again, the same bytes.
//!
//! `captured/NAME.session` has what both ends sent, in hexadecimal, `*N` for N zero bytes; its first lines say which programs, and with
//! which command line. `captured/jobs/` has the job files.

use crate::recording::{Recording, assert_same, recordings};
use bench_wire::frame::{Message, MessageReader, MessageWriter};
use bench_wire::log::{Log, LogCompression, LogEntry, LogKind};
use bench_wire::message::{
    CompletedWrite, FrontEndMessage, JobDetails, PackedJob, VerifyGenerator, VerifyState, VerifyStates, WorkerMessage,
};
use bench_wire::session::{FrontEndSession, WorkerSession};
use bench_wire::{FixedText, ProtocolVersion, Role};

/// Takes a stream apart in pieces of `piece` bytes.
fn messages(sender: Role, bytes: &[u8], piece: usize, mut each: impl FnMut(Message<'_>, ProtocolVersion)) {
    let mut reader = MessageReader::new(sender);
    for mut input in bytes.chunks(piece) {
        while let Some(message) = reader.next_message(&mut input).unwrap() {
            let opcode = message.opcode;
            let (tag, payload) = (message.tag, message.payload.to_vec());
            let version = reader.version().unwrap();
            each(Message { opcode, tag, payload: &payload }, version);
        }
        assert!(input.is_empty());
    }
    assert!(reader.is_between_messages());
}

#[test]
fn every_command_is_written_as_it_was_read() {
    for recording in recordings() {
        let Recording { name, front_end, worker } = recording;
        let mut version = None;
        let mut output = MessageWriter::new(ProtocolVersion::OLDEST);
        messages(Role::FrontEnd, front_end, usize::MAX, |message, theirs| {
            output.set_version(theirs);
            FrontEndMessage::decode(&message).unwrap().encode(&mut output);
            version = Some(theirs);
        });
        assert_same(name, output.pending(), front_end);
        let mut output = MessageWriter::new(version.unwrap());
        messages(Role::Worker, worker, 4096, |message, theirs| {
            assert_eq!(Some(theirs), version);
            WorkerMessage::decode(&message, theirs).unwrap().encode(&mut output);
        });
        assert_same(name, output.pending(), worker);
    }
}

#[test]
fn how_the_bytes_are_split_does_not_matter() {
    for recording in recordings().iter().filter(|recording| recording.name.ends_with("json")) {
        let count = |piece| {
            let mut count = 0;
            messages(Role::Worker, &recording.worker, piece, |message, _| count += message.payload.len() + 1);
            count
        };
        let whole = count(usize::MAX);
        for piece in [1, 7, 23, 24, 25, 1024, 1048] {
            assert_eq!(count(piece), whole, "{}: pieces of {piece}", recording.name);
        }
    }
}

#[test]
fn both_sessions_take_what_the_real_ends_said_in_that_order() {
    for recording in recordings() {
        let mut worker = WorkerSession::new();
        for message in worker_messages(recording).1 {
            if matches!(message, WorkerMessage::FileRequest(..)) {
                worker.send(&message);
            }
        }
        let mut input = &*recording.front_end;
        let mut said = Vec::new();
        while let Some(message) = worker.next_message(&mut input).unwrap() {
            said.push(message);
        }
        let mut front_end = FrontEndSession::new(worker.version().unwrap());
        // What the front end says in the end answers what the worker asks.
        for message in said.iter().filter(|message| !matches!(message, FrontEndMessage::File(..))) {
            front_end.send(message);
        }
        let mut input = &*recording.worker;
        while let Some(message) = front_end.next_message(&mut input).unwrap() {
            assert!(!front_end.is_over() || message == WorkerMessage::Quit, "{}", recording.name);
        }
        assert!(front_end.is_over(), "{}: no QUIT", recording.name);
        assert!(front_end.announced().is_some_and(|start| start.jobs > 0), "{}", recording.name);
    }
}

fn worker_messages(recording: &Recording) -> (ProtocolVersion, Vec<WorkerMessage>) {
    let mut said = Vec::new();
    let mut version = ProtocolVersion::OLDEST;
    messages(Role::Worker, &recording.worker, usize::MAX, |message, theirs| {
        version = theirs;
        said.push(WorkerMessage::decode(&message, theirs).unwrap());
    });
    (version, said)
}

/// The numbers of `small.fio`: two jobs, 64 KiB written and 16 KiB read in blocks of 16 KiB.
#[test]
fn statistics_have_the_numbers_of_the_job_in_every_version() {
    let mut versions = Vec::new();
    for recording in recordings().iter().filter(|recording| recording.name.ends_with("json")) {
        let (version, said) = worker_messages(recording);
        let reports: Vec<_> = said
            .iter()
            .filter_map(|message| if let WorkerMessage::JobReport(report) = message { Some(report) } else { None })
            .collect();
        assert_eq!(reports.len(), 2, "{}", recording.name);
        for (index, report) in reports.iter().enumerate() {
            let job = &report.job;
            assert_eq!(usize::try_from(job.thread_number).unwrap(), index + 1);
            assert_eq!((job.members, job.kb_base, job.unit_base, job.significant_figures), (1, 1024, 4, 4));
            assert_eq!((job.error, job.latency_percentile), (0, 100.0));
            let total: u64 = job.ios.iter().sum();
            assert_eq!(job.depths[0], total);
            for direction in 0..3 {
                let latency = &job.completion_latency[direction];
                assert_eq!(latency.samples, job.ios[direction], "{}", recording.name);
                assert_eq!(job.histograms[1][direction].buckets().iter().sum::<u64>(), job.ios[direction]);
                if latency.samples > 0 {
                    assert!(latency.minimum as f64 <= latency.mean && latency.mean <= latency.maximum as f64);
                }
            }
            assert_eq!(job.job_start_ms.is_some(), version.number() >= 101);
            assert!(job.job_start_ms.is_none_or(|start| (1_600_000_000_000..4_000_000_000_000).contains(&start)));
            assert_eq!(job.count_zone_resets, (version.number() >= 114).then_some(0));
        }
        if recording.name != "3.33-json" {
            let [written, read] = [&reports[0].job, &reports[1].job];
            assert_eq!((written.name, read.name), (FixedText::new("a"), FixedText::new("b")));
            assert_eq!((written.bytes, written.ios), ([0, 65536, 0], [0, 4, 0, 0]));
            assert_eq!((read.bytes, read.ios), ([16384, 0, 0], [1, 0, 0, 0]));
            assert_eq!(reports[1].group.bytes, [16384, 65536, 0]);
        }
        versions.push(version.number());
    }
    versions.sort_unstable();
    assert_eq!(versions, [97, 101, 103, 107, 120, 121]);
}

/// All samples of a log, and how many are missing.
fn entries_of(log: &Log, version: ProtocolVersion) -> (Vec<LogEntry>, u64) {
    let mut entries = log.entries(version);
    let read = entries.by_ref().map(Result::unwrap).collect();
    (read, entries.missing())
}

#[test]
fn logs_have_a_sample_for_each_io() {
    let (mut seen, mut incomplete) = (Vec::new(), Vec::new());
    for recording in recordings().iter().filter(|recording| recording.name.ends_with("-logs")) {
        let (version, said) = worker_messages(recording);
        let report = said.iter().find_map(|message| match message {
            WorkerMessage::JobReport(report) => Some(report),
            _ => None,
        });
        let job = &report.unwrap().job;
        for message in &said {
            let WorkerMessage::Log(log) = message else { continue };
            let (entries, missing) = entries_of(log, version);
            assert_eq!(entries.len() as u64 + missing, log.header.samples, "{} {}", recording.name, log.header.name);
            assert!(missing <= 1);
            if missing > 0 {
                incomplete.push(format!("{} {}", recording.name, log.header.name));
            }
            assert!(entries.is_sorted_by_key(|entry| entry.time_ms), "{}", log.header.name);
            if log.header.name.to_text() == "x_lat.1.log" {
                for direction in 0..2 {
                    let of_it = entries.iter().filter(|entry| entry.direction == direction);
                    let values: Vec<_> = of_it.map(|entry| entry.value).collect();
                    let statistics = &job.total_latency[direction as usize];
                    assert_eq!(values.len() as u64, statistics.samples);
                    assert_eq!(values.iter().min(), Some(&statistics.minimum));
                    assert_eq!(values.iter().max(), Some(&statistics.maximum));
                }
                assert!(entries.iter().all(|entry| entry.block_bytes == 16384));
            }
            // The same samples, packed by us, are the same samples.
            let again = Log::new(log.header.clone(), &entries, version);
            assert_eq!(entries_of(&again, version), (entries, 0));
            seen.push((version.number(), log.header.kind));
        }
    }
    // fio has kept the last 16 bytes of this one to itself.
    assert_eq!(incomplete, ["3.36-logs x_iops.1.log"]);
    for version in [97, 101, 103, 107, 120, 121] {
        for kind in [LogKind::TOTAL_LATENCY, LogKind::BANDWIDTH, LogKind::IOPS] {
            assert!(seen.contains(&(version, kind)), "{version} {kind:?}");
        }
    }
}

#[test]
fn histogram_logs_have_their_buckets() {
    let mut logs = 0;
    for recording in recordings().iter().filter(|recording| recording.name.ends_with("histogram-log")) {
        let (version, said) = worker_messages(recording);
        for message in &said {
            let WorkerMessage::Log(log) = message else { continue };
            assert_eq!((log.header.kind, log.header.compression), (LogKind::HISTOGRAM, LogCompression::TRANSMISSION));
            let (entries, missing) = entries_of(log, version);
            assert_eq!((entries.len() as u64, missing), (log.header.samples, 0));
            for entry in &entries {
                let counted: u64 = entry.histogram.as_ref().unwrap().buckets().iter().sum();
                assert!((1..100).contains(&counted), "{counted} in one interval");
            }
            logs += 1;
        }
    }
    assert!(logs >= 4);
}

#[test]
fn steady_state_and_priorities_are_found_behind_the_fixed_part() {
    let mut steady = Vec::new();
    for recording in recordings() {
        let (version, said) = worker_messages(recording);
        for message in &said {
            let WorkerMessage::JobReport(report) = message else { continue };
            let (job, state) = (&report.job, &report.job.steady_state);
            if recording.name.ends_with("steady") {
                assert_eq!((state.duration, state.iops.len(), state.bandwidth.len()), (2, 2, 2), "{}", recording.name);
                assert_eq!(state.latency.len(), if version.number() >= 115 { 2 } else { 0 });
                assert!(state.iops.iter().zip(&state.bandwidth).all(|(iops, bandwidth)| bandwidth / 65536 == *iops));
                steady.push(version.number());
            }
            if recording.name == "3.33-priorities" {
                let [high, low] = &job.priorities[0][..] else { panic!("two priorities") };
                let by_priority = high.completion_latency.samples + low.completion_latency.samples;
                assert_eq!(by_priority, job.completion_latency[0].samples);
                assert_ne!(high.io_priority, low.io_priority);
                assert_eq!(state.iops.len(), 2);
                assert_eq!(job.percentiles[..4], [50.0, 99.0, 99.9, 0.0]);
            }
        }
    }
    steady.sort_unstable();
    assert_eq!(steady, [101, 103, 107, 120, 121]);
}

#[test]
fn verify_states_go_from_worker_to_front_end_and_back() {
    let all = recordings();
    let find = |name: &str| all.iter().find(|recording| recording.name == name).unwrap();
    let (_, said) = worker_messages(find("3.33-trigger"));
    let states = said.iter().find_map(|message| match message {
        WorkerMessage::VerifyStates(states) => Some(states),
        _ => None,
    });
    assert_eq!(states.unwrap().jobs, 1);
    assert!(states.unwrap().states.windows(2).any(|window| window == *b"v\0"), "the job's name");

    let (_, said) = worker_messages(find("3.33-verify-state"));
    let request = said.iter().find_map(|message| match message {
        WorkerMessage::FileRequest(tag, request) => Some((*tag, request.path)),
        _ => None,
    });
    let (tag, path) = request.unwrap();
    assert!(path.to_text().ends_with("-v-0-verify.state"), "{path}");
    let mut reply = None;
    messages(Role::FrontEnd, &find("3.33-verify-state").front_end, usize::MAX, |message, _| {
        if let FrontEndMessage::File(tag, file) = FrontEndMessage::decode(&message).unwrap() {
            reply = Some((tag, file));
        }
    });
    let (reply_tag, file) = reply.unwrap();
    assert_eq!((reply_tag, file.error), (tag, 0));
    assert!(!file.bytes.is_empty());
}

#[test]
fn packed_jobs_have_their_names_in_every_version() {
    let mut names = Vec::new();
    for recording in recordings() {
        let (version, said) = worker_messages(recording);
        for message in said {
            if let WorkerMessage::AddJob(job) = message {
                let outline = job.outline().unwrap();
                names.push((version.number(), outline.name.to_text().into_owned()));
                // What is made has fio's size, and says the same.
                let details = job.details(version).unwrap();
                // As the job files in `captured/jobs/` say.
                let (block, is_direct) = match outline.name.to_text().as_ref() {
                    "prio" => (65536, true),
                    "readers" | "writers" | "v" => (65536, false),
                    _ => (16384, false),
                };
                let expected = JobDetails {
                    smallest_blocks: [block; 3],
                    largest_blocks: [block; 3],
                    is_direct,
                    significant_figures: 4,
                };
                assert_eq!(details, expected, "{}", recording.name);
                let made = PackedJob::of(job.thread_number, job.group_id, &outline, &details, version).unwrap();
                assert_eq!(made.details(version), Some(details));
                assert_eq!(made.options.len(), job.options.len(), "{}", recording.name);
                assert_eq!(made.outline(), Some(outline));
                assert_eq!(made.options[64..2420], job.options[64..2420], "{}", recording.name);
            }
        }
    }
    for version in [97, 101, 103, 107, 120, 121] {
        assert!(
            names.iter().any(|(theirs, name)| *theirs == version && (name == "logs" || name == "prio")),
            "{names:?}"
        );
    }
}

/// Where a layout has the fields of a state, by version; the rest follows.
struct StatePlaces {
    depth: usize,
    files: Option<usize>,
    writes: usize,
    bytes: usize,
}

const STATE_PLACES: [(&str, StatePlaces); 4] = [
    ("3.33-trigger", StatePlaces { depth: 8, files: Some(12), writes: 16, bytes: 152 }),
    ("3.37-trigger", StatePlaces { depth: 8, files: Some(12), writes: 16, bytes: 152 }),
    ("3.39-trigger", StatePlaces { depth: 8, files: Some(16), writes: 24, bytes: 160 }),
    ("f5344384-trigger", StatePlaces { depth: 0, files: None, writes: 8, bytes: 144 }),
];

/// What fio sent in each of the layouts, read by hand, is what we send for the same job.
#[test]
fn verify_states_are_made_as_fio_makes_them() {
    for (name, places) in STATE_PLACES {
        let (version, said) = worker_messages(recordings().iter().find(|recording| recording.name == name).unwrap());
        let states = said.iter().find_map(|message| match message {
            WorkerMessage::VerifyStates(states) => Some(states),
            _ => None,
        });
        let theirs = states.unwrap_or_else(|| panic!("{name}: no states"));
        let number = |at: usize| u32::from_le_bytes(theirs.states[at..][..4].try_into().unwrap());
        let wide = |at: usize| u64::from_le_bytes(theirs.states[at..][..8].try_into().unwrap());
        let generator = places.writes + 16;
        assert_eq!(wide(generator), 0, "{name}: the generator of this job has 32 bits");
        let writes: Vec<_> = (places.bytes..theirs.states.len())
            .step_by(16)
            .take_while(|_| places.files.is_some())
            .map(|at| CompletedWrite { file: wide(at), offset: wide(at + 8) })
            .collect();
        let completed = if places.files.is_some() { usize::try_from(wide(0)).unwrap() } else { 0 };
        let state = VerifyState {
            name: FixedText::new("v"),
            index: wide(places.writes + 8),
            depth: number(places.depth),
            files: places.files.map_or(1, number),
            writes: wide(places.writes),
            generator: VerifyGenerator::Narrow([8, 12, 16].map(|at| number(generator + at))),
            completed: writes[..completed].to_vec(),
        };
        assert!(state.writes > 0 && theirs.jobs == 1, "{name}: {state:?}");
        let ours = VerifyStates::of([&state], version);
        assert_eq!(ours.jobs, 1);
        assert_same(name, &ours.states, &theirs.states);
    }
}
