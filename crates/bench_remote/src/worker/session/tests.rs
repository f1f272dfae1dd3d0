//! A front end's session against a worker's.

use bench_wire::message::{CommandLine, FrontEndProbe, JobDetails, JobFile, JobOutline, VerifyTrigger, WorkersJobFile};
use bench_wire::session::FrontEndSession;

use super::*;

const NOW: Duration = Duration::from_micros(1_500_000);

struct Pair {
    front_end: FrontEndSession,
    worker: Session,
}

impl Pair {
    fn new(permissions: Permissions, version: ProtocolVersion) -> Self {
        let identity = WorkerIdentity { host_name: "box".into(), version: "fio-3.33".into(), processors: 2 };
        Self {
            front_end: FrontEndSession::new(version),
            worker: Session::new(identity, permissions, "192.0.2.1".into()),
        }
    }

    fn say(&mut self, message: &FrontEndMessage) -> Vec<Action> {
        self.front_end.send(message);
        let bytes = self.front_end.pending_output().to_vec();
        self.front_end.transmitted(bytes.len());
        // As it may come: byte by byte.
        let mut actions = Vec::new();
        for byte in bytes {
            actions.extend(self.worker.receive(&[byte], NOW).unwrap());
        }
        actions
    }

    fn heard(&mut self) -> Vec<WorkerMessage> {
        let bytes = self.worker.pending_output().to_vec();
        self.worker.transmitted(bytes.len());
        let (mut input, mut heard) = (bytes.as_slice(), Vec::new());
        while let Some(message) = self.front_end.next_message(&mut input).unwrap() {
            heard.push(message);
        }
        heard
    }
}

fn job(text: &str) -> FrontEndMessage {
    FrontEndMessage::Job(JobFile { bytes: text.as_bytes().to_vec(), ..JobFile::default() })
}

fn text(message: &WorkerMessage) -> String {
    match message {
        WorkerMessage::Text(text) => String::from_utf8_lossy(text.text()).into_owned(),
        other => panic!("{} is no text", other.opcode()),
    }
}

/// Jobs that are announced: number, group, what can be read in all versions, and bytes of the options.
fn readable(messages: &[WorkerMessage]) -> Vec<(u32, u32, JobOutline, usize)> {
    let packed = messages.iter().filter_map(|message| match message {
        WorkerMessage::AddJob(job) => Some(job),
        _ => None,
    });
    packed.map(|job| (job.thread_number, job.group_id, job.outline().unwrap(), job.options.len())).collect()
}

#[test]
fn a_run_in_the_version_of_each_front_end() {
    for version in ProtocolVersion::all() {
        let mut pair = Pair::new(Permissions::least(), version);
        let probe = FrontEndProbe { flags: PROBE_COMPRESSION, ..FrontEndProbe::default() };
        assert!(pair.say(&FrontEndMessage::Probe(Tag(7), probe)).is_empty());
        let [WorkerMessage::Probe(Tag(7), probe)] = pair.heard()[..] else { panic!("no probe") };
        assert_eq!((probe.host_name.to_text().as_ref(), probe.flags, probe.processors), ("box", PROBE_COMPRESSION, 2));

        let line = ["fio", "--output-format=normal,json"].map(|word| word.as_bytes().to_vec()).to_vec();
        pair.say(&FrontEndMessage::JobLine(CommandLine { arguments: line, ..CommandLine::default() }));
        assert!(pair.heard().is_empty(), "there is no job yet");
        pair.say(&job(
            "[a]\nioengine=null\nsize=1m\nbsrange=8k-8k,16k-32k\ndirect=1\nnumjobs=2\ngroup_reporting\n[b]\nioengine=null\nsize=1m\nthread\n",
        ));
        let (added, heard): (Vec<_>, Vec<_>) =
            pair.heard().into_iter().partition(|message| matches!(message, WorkerMessage::AddJob(_)));
        let has_size = version.releases().is_some() || version == ProtocolVersion::NEWEST;
        let numbers: &[_] = if has_size { &[(1, 0), (3, 0)] } else { &[] };
        assert_eq!(readable(&added).iter().map(|job| (job.0, job.1)).collect::<Vec<_>>(), numbers, "{version}");
        if let Some(WorkerMessage::AddJob(first)) = added.first() {
            let expected = JobDetails {
                smallest_blocks: [8192, 16384, 16384],
                largest_blocks: [8192, 32768, 32768],
                is_direct: true,
                significant_figures: 4,
            };
            assert_eq!(first.details(version), Some(expected), "{version}");
        }
        assert!(text(&heard[0]).starts_with("a: (g=0): rw=read") && text(&heard[1]) == "...\n");
        assert!(text(&heard[2]).starts_with("b: (g=0): rw=read"));
        assert_eq!(heard[3], WorkerMessage::Start(Start { jobs: 3, reports: 2 }));

        let actions = pair.say(&FrontEndMessage::Run);
        let [Action::Run(order)] = &actions[..] else { panic!("{actions:?}") };
        assert_eq!(order.transfer, LogTransfer { version, compresses: true });
        assert_eq!((order.members, order.jobs.settings.front_end.as_str()), (3, "192.0.2.1"));
        assert_eq!(text(&pair.heard()[0]), "Starting 1 thread and 2 processes\n");
        pair.worker.started();
        assert_eq!(pair.heard(), [WorkerMessage::JobStarted, WorkerMessage::JobStarted, WorkerMessage::JobStarted]);

        pair.worker.progress(Eta { running: 3, ..Eta::default() });
        pair.say(&FrontEndMessage::SendEta(Tag(9)));
        assert_eq!(pair.heard(), [WorkerMessage::Eta(Tag(9), Eta { running: 3, ..Eta::default() })]);
        pair.worker.ended(true);
        assert_eq!(pair.heard(), [WorkerMessage::Stop(Stop { error: 0, signal: 0 }), WorkerMessage::Quit]);
        assert!(pair.worker.is_over() && !pair.worker.is_running());
    }
}

#[test]
fn a_front_end_that_wants_json_only_is_told_nothing_for_people_but_errors() {
    let mut pair = Pair::new(Permissions::least(), ProtocolVersion::OLDEST);
    let line = ["fio", "--output-format=json"].map(|word| word.as_bytes().to_vec()).to_vec();
    pair.say(&FrontEndMessage::JobLine(CommandLine { arguments: line, ..CommandLine::default() }));
    pair.say(&job("[a]\nioengine=null\nsize=1m\n"));
    pair.say(&FrontEndMessage::Run);
    assert_eq!(pair.heard(), [WorkerMessage::Start(Start { jobs: 1, reports: 1 })]);
    pair.worker.tell(TextOutput::ERROR, "a\nb\n", NOW);
    let heard = pair.heard();
    assert_eq!((text(&heard[0]), text(&heard[1])), ("a\n".to_owned(), "b\n".to_owned()));
}

#[test]
fn what_is_refused_is_told_by_name_and_makes_the_run_fail() {
    let own = WorkersJobFile { path: b"/etc/a.fio".to_vec(), ..WorkersJobFile::default() };
    for (message, words) in [
        (job("[a]\nioengine=null\nsize=1m\nexec_prerun=true"), "allow_exec"),
        (job("[a]\nrw=raed"), "job file:2"),
        (FrontEndMessage::LoadFile(own), "allow_load_file"),
    ] {
        let mut pair = Pair::new(Permissions::least(), ProtocolVersion::OLDEST);
        assert!(pair.say(&message).is_empty());
        let heard = pair.heard();
        assert!(text(&heard[0]).starts_with("fio: ") && text(&heard[0]).contains(words), "{}", text(&heard[0]));
        assert_eq!(heard[1..], [WorkerMessage::Start(Start::default())]);
        // What comes later changes nothing.
        assert!(pair.say(&job("[a]\nioengine=null\nsize=1m\n")).is_empty() && pair.heard().is_empty());
        assert!(pair.say(&FrontEndMessage::Run).is_empty());
        assert_eq!(pair.heard(), [WorkerMessage::Stop(Stop { error: 1, signal: 0 }), WorkerMessage::Quit]);
        assert!(pair.worker.is_over());
    }
}

#[test]
fn a_trigger_is_refused_unless_it_is_allowed_and_jobs_go_on() {
    let trigger = FrontEndMessage::VerifyTrigger(VerifyTrigger { bytes: b"reboot".to_vec() });
    let mut pair = Pair::new(Permissions::least(), ProtocolVersion::OLDEST);
    assert!(pair.say(&trigger).is_empty());
    let heard = pair.heard();
    assert!(text(&heard[0]).contains("allow_triggers") && heard.len() == 1, "{heard:?}");
    let mut pair = Pair::new(Permissions { triggers: true, ..Permissions::least() }, ProtocolVersion::OLDEST);
    let actions = pair.say(&trigger);
    assert!(matches!(&actions[..], [Action::Trigger(command)] if command == "reboot"), "{actions:?}");
    assert!(pair.heard().is_empty(), "the jobs have not ended");
    let left = VerifyState { name: FixedText::new("a"), depth: 1, files: 1, writes: 9, ..VerifyState::default() };
    pair.worker.answer_trigger(std::slice::from_ref(&left));
    assert_eq!(pair.heard(), [WorkerMessage::VerifyStates(VerifyStates::of([&left], ProtocolVersion::OLDEST))]);
}

#[test]
fn a_state_is_asked_for_by_the_front_ends_name_for_the_worker_and_nothing_else_is() {
    let mut pair = Pair::new(Permissions::least(), ProtocolVersion::OLDEST);
    let probe = FrontEndProbe { flags: 0, worker_name: FixedText::new("192.0.2.9") };
    pair.say(&FrontEndMessage::Probe(Tag(7), probe));
    assert_eq!(pair.worker.ask_for_state("a", 0), None, "no job runs");
    pair.say(&job("[a]\nioengine=null\nsize=1m\n"));
    pair.say(&FrontEndMessage::Run);
    pair.heard();
    let tag = pair.worker.ask_for_state("a/b", 2).unwrap();
    let path = FixedText::new("192.0.2.9-a.b-2-verify.state");
    assert_eq!(pair.heard(), [WorkerMessage::FileRequest(tag, FileRequest { path })]);
    let reply = FileReply { error: 2, bytes: Vec::new() };
    let actions = pair.say(&FrontEndMessage::File(tag, reply.clone()));
    assert!(matches!(&actions[..], [Action::File(of, came)] if (*of, came) == (tag, &reply)), "{actions:?}");
}

#[test]
fn run_without_jobs_and_quit_without_run_end_the_session() {
    let mut pair = Pair::new(Permissions::least(), ProtocolVersion::NEWEST);
    assert!(pair.say(&FrontEndMessage::Run).is_empty());
    assert_eq!(pair.heard(), [WorkerMessage::Stop(Stop::default()), WorkerMessage::Quit]);
    let mut pair = Pair::new(Permissions::least(), ProtocolVersion::NEWEST);
    assert!(pair.say(&FrontEndMessage::Quit).is_empty());
    assert_eq!(pair.heard(), [WorkerMessage::Quit]);
    // While jobs run, their results come first.
    let mut pair = Pair::new(Permissions::least(), ProtocolVersion::NEWEST);
    pair.say(&job("[a]\nioengine=null\nsize=1m\n"));
    pair.say(&FrontEndMessage::Run);
    assert!(matches!(pair.say(&FrontEndMessage::Quit)[..], [Action::End]));
    assert!(pair.worker.is_running());
    pair.worker.ended(false);
    assert!(pair.heard().contains(&WorkerMessage::Stop(Stop { error: 1, signal: 0 })));
}

#[test]
fn whatever_comes_is_no_panic_and_ends_the_session_when_it_is_a_fault() {
    let mut faults = 0;
    for seed in 0..2_000_u64 {
        let mut random = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        let mut next = || {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            random
        };
        let mut pair = Pair::new(Permissions::least(), ProtocolVersion::OLDEST);
        let messages = [job("[a]\nioengine=null\nsize=4k\n"), FrontEndMessage::Run, FrontEndMessage::SendEta(Tag(1))];
        messages.iter().for_each(|message| pair.front_end.send(message));
        let mut bytes = pair.front_end.pending_output().to_vec();
        for _ in 0..=next() % 3 {
            let place = usize::try_from(next()).unwrap_or(0) % bytes.len();
            bytes[place] ^= 1 << (next() % 8);
        }
        // The checksum of an empty payload is not looked at, as in fio.
        if pair.worker.receive(&bytes, NOW).is_err() {
            faults += 1;
            assert!(pair.worker.is_over(), "seed {seed}");
            assert!(pair.worker.receive(&bytes, NOW).is_err(), "seed {seed}");
            pair.worker.say(&WorkerMessage::JobStarted, NOW);
            pair.worker.ended(true);
        }
    }
    assert!(faults > 1_800, "{faults} of 2000 were seen");
}

/// The job file of a recorded session.
fn recorded_job(session: &str) -> String {
    let file = match session.split_once('-').unwrap().1 {
        "histogram-log" => "histogram",
        "trigger" => "verify",
        "verify-state" => "load",
        "remote-config" => "null",
        "json" => "small",
        other => other,
    };
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../bench_wire/tests/captured/jobs");
    let text = std::fs::read_to_string(format!("{folder}/{file}.fio")).unwrap();
    // Files are named by where they were when it was recorded; steady states are not looked for here.
    let lines = text.lines().filter(|line| !line.starts_with("ss"));
    lines.map(|line| line.replace("filename=/tmp/", "filename=/tmp/wirecap/") + "\n").collect()
}

/// Every job of the sessions that fio announced, we announce: number, group, and what can be read in all versions.
#[test]
fn jobs_are_added_as_fio_adds_them() {
    let mut compared = 0;
    for (name, recorded) in crate::front_end::tests::recordings().iter().filter(|(name, _)| !name.ends_with("json")) {
        let mut reader = bench_wire::frame::MessageReader::new(bench_wire::Role::Worker);
        let (mut input, mut theirs) = (recorded.as_slice(), Vec::new());
        while let Some(message) = reader.next_message(&mut input).unwrap() {
            if message.opcode == bench_wire::Opcode::AddJob {
                // The layout of this command is the same in all versions.
                theirs.push(WorkerMessage::decode(&message, ProtocolVersion::OLDEST).unwrap());
            }
        }
        let mut pair = Pair::new(Permissions::of_own_user(false), reader.version().unwrap());
        pair.say(&job(&recorded_job(name)));
        let ours = pair.heard();
        assert_eq!(readable(&ours), readable(&theirs), "{name}: {ours:?}");
        compared += theirs.len();
    }
    assert!(compared >= 20, "{compared} jobs");
}
