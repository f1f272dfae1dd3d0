//! Conversations and fleets, with workers whose words were recorded from real programs, and with made-up ones.

use std::path::Path;

use bench_wire::frame::MessageReader;
use bench_wire::log::LogCompression;
use bench_wire::message::{
    Eta, FileRequest, FrontEndMessage, JobFile, Start, Stop, Tag, TextOutput, WorkerMessage, WorkerProbe,
};
use bench_wire::session::WorkerSession;
use bench_wire::{FixedText, ProtocolVersion, Role};

use super::conversation::{Conversation, Event, SILENCE_MAX_S};
use super::fleet::{Fleet, News, State};
use super::jobs::{PermittedFiles, WorkerJobs};
use super::{Failure, Stage, log_file, verify_states};

/// What a worker sent in a session of `crates/bench_wire/tests/captured`, and the name of the session.
pub(crate) fn recordings() -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../bench_wire/tests/captured");
    let paths = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut found: Vec<_> = paths
        .filter(|path| path.extension().is_some_and(|extension| extension == "session"))
        .map(|path| {
            let text = std::fs::read_to_string(&path).unwrap();
            let worker = text.split("\nworker:\n").nth(1).unwrap().split("\nfront end:\n").next().unwrap().to_owned();
            (path.file_stem().unwrap().to_string_lossy().into_owned(), bytes(&worker))
        })
        .collect();
    found.sort();
    assert!(found.len() >= 29);
    found
}

/// Hexadecimal digits, and `*N` for zeros.
fn bytes(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    for token in text.split_ascii_whitespace() {
        if let Some(zeros) = token.strip_prefix('*') {
            bytes.resize(bytes.len() + zeros.parse::<usize>().unwrap(), 0);
        } else {
            let digits = token.as_bytes().chunks(2).map(|digits| std::str::from_utf8(digits).unwrap());
            bytes.extend(digits.map(|digits| u8::from_str_radix(digits, 16).unwrap()));
        }
    }
    bytes
}

/// How many messages with jobs the worker has understood.
fn understood(worker: &[u8]) -> usize {
    let mut reader = MessageReader::new(Role::Worker);
    let (mut input, mut count) = (worker, 0);
    while let Some(message) = reader.next_message(&mut input).unwrap() {
        count += usize::from(message.opcode == bench_wire::Opcode::Start);
    }
    count
}

fn jobs(messages: usize) -> WorkerJobs {
    let job = FrontEndMessage::Job(JobFile { bytes: b"[j]\nrw=read\n\0".to_vec(), ..JobFile::default() });
    WorkerJobs { messages: vec![job; messages], ..WorkerJobs::default() }
}

/// Plays the worker's part of a recording, in pieces; returns the conversation and what was told.
fn play(worker: &[u8], piece: usize) -> (Conversation, Vec<Event>) {
    let mut conversation = Conversation::new("127.0.0.1", &jobs(understood(worker)), 0);
    let mut told = Vec::new();
    for round in 0..2 {
        for mut input in worker.chunks(piece) {
            while let Some(event) = conversation.receive(&mut input, 5).unwrap() {
                if event == Event::Ready {
                    conversation.run(5);
                }
                let is_other = event == Event::Again;
                told.push(event);
                if is_other {
                    break;
                }
            }
            if told.last() == Some(&Event::Again) {
                break;
            }
        }
        if round == 0 && told == [Event::Again] {
            conversation.connected_again(5);
            told.clear();
        } else {
            break;
        }
    }
    (conversation, told)
}

#[test]
fn workers_of_every_release_are_understood_to_the_end() {
    for (name, worker) in recordings() {
        let (conversation, told) = play(&worker, usize::MAX);
        assert_eq!(told.last(), Some(&Event::Over), "{name}");
        assert!(told.contains(&Event::JobStarted) && told.contains(&Event::Ready), "{name}");
        assert!(conversation.stage().is_none());
        let results = conversation.results();
        assert!(!results.jobs.is_empty() && !results.groups.is_empty(), "{name}");
        for job in &results.jobs {
            assert!(job.error.is_none() && !job.name.is_empty() && job.members >= 1, "{name}");
            for direction in &job.measurement.directions {
                let counted = direction.clat.histogram.as_ref().map(|histogram| histogram.counts().iter().sum::<u64>());
                assert!(counted.is_none_or(|counted| counted == direction.clat.statistics.samples), "{name}");
            }
        }
        for group in &results.groups {
            let of_jobs: u64 =
                results.jobs.iter().filter(|job| job.group == group.number).map(|job| job.measurement.bytes()).sum();
            assert_eq!(group.directions.iter().map(|direction| direction.bytes).sum::<u64>(), of_jobs, "{name}");
        }
    }
}

#[test]
fn how_the_bytes_are_split_does_not_matter() {
    for (name, worker) in
        recordings().into_iter().filter(|(name, _)| name.starts_with("3.33") || name.ends_with("logs"))
    {
        let (whole, told) = play(&worker, usize::MAX);
        for piece in [1, 1047] {
            let (split, told_split) = play(&worker, piece);
            assert_eq!(told_split, told, "{name}");
            assert_eq!(split.results().jobs, whole.results().jobs, "{name}");
        }
    }
}

#[test]
fn logs_of_every_release_are_written_whole() {
    let mut logs = 0;
    for (name, worker) in recordings() {
        let (conversation, told) = play(&worker, usize::MAX);
        for event in told {
            let Event::Log(log) = event else { continue };
            logs += 1;
            let mut output = Vec::new();
            let missing =
                log_file::write(&log, conversation.version(), log_file::Histograms::Subtracted, &mut output).unwrap();
            assert_ne!(log.header.compression, LogCompression::AS_STORED);
            let lines = String::from_utf8(output).unwrap().lines().count() as u64;
            assert_eq!(lines + missing, log.header.samples, "{name}: {}", log.header.name);
        }
    }
    assert!(logs >= 20, "{logs}");
}

#[test]
fn states_that_a_trigger_leaves_can_be_loaded_again() {
    let mut found = Vec::new();
    for (name, worker) in recordings().into_iter().filter(|(name, _)| name.ends_with("trigger")) {
        let (conversation, told) = play(&worker, usize::MAX);
        let states = told.iter().find_map(|event| match event {
            Event::VerifyStates(states) => Some(states),
            _ => None,
        });
        let files = verify_states::files(states.unwrap(), "10.0.0.1", conversation.version()).unwrap();
        for file in &files {
            let read = bench::verify::EarlierState::decode(&file.bytes).unwrap();
            assert!(read.name() == "v" && read.writes() > 0, "{name}: {read:?}");
            let text = "[global]\nverify_state_load=1\n[v]\n";
            assert!(PermittedFiles::of(text).may_read("10.0.0.1", &file.name), "{name}: {}", file.name);
            found.push((name.clone(), file.bytes[0]));
        }
    }
    let expected = [("3.33", 3), ("3.37", 3), ("3.39", 4), ("f5344384", 7)];
    let expected: Vec<_> = expected.map(|(release, file)| (format!("{release}-trigger"), file)).to_vec();
    assert_eq!(found, expected);
}

/// A made-up worker of a version, on the other side of a conversation.
struct Puppet {
    session: WorkerSession,
    said: Vec<FrontEndMessage>,
}

impl Puppet {
    /// Takes what it is told, and says these.
    fn says(&mut self, conversation: &mut Conversation, messages: &[WorkerMessage]) -> Result<Vec<Event>, Failure> {
        self.hear(conversation);
        messages.iter().for_each(|message| self.session.send(message));
        let mut input = self.session.pending_output();
        let (total, mut told) = (input.len(), Vec::new());
        while let Some(event) = conversation.receive(&mut input, 9)? {
            told.push(event);
        }
        self.session.transmitted(total);
        Ok(told)
    }

    fn hear(&mut self, conversation: &mut Conversation) {
        let mut input = conversation.pending_output();
        let total = input.len();
        while let Some(message) = self.session.next_message(&mut input).unwrap() {
            self.said.push(message);
        }
        conversation.transmitted(total);
    }
}

fn meeting(messages: usize) -> (Conversation, Puppet) {
    let conversation = Conversation::new("10.0.0.1", &jobs(messages), 0);
    (conversation, Puppet { session: WorkerSession::new(), said: Vec::new() })
}

fn start() -> WorkerMessage {
    WorkerMessage::Start(Start { jobs: 1, reports: 1 })
}

fn text(text: &str) -> WorkerMessage {
    WorkerMessage::Text(TextOutput { bytes: text.into(), ..TextOutput::default() })
}

#[test]
fn a_worker_is_ready_when_it_has_understood_every_message() {
    let (mut conversation, mut worker) = meeting(2);
    assert_eq!(worker.says(&mut conversation, &[start()]).unwrap(), []);
    assert_eq!(conversation.stage(), Some(Stage::Asking));
    assert_eq!(worker.says(&mut conversation, &[start()]).unwrap(), [Event::Ready]);
    let (mut other, mut worker_of_few_words) = meeting(2);
    worker_of_few_words.hear(&mut other);
    let Some(FrontEndMessage::Probe(tag, _)) = worker_of_few_words.said.last().cloned() else { panic!() };
    let told = worker_of_few_words.says(&mut other, &[start(), WorkerMessage::Probe(tag, WorkerProbe::default())]);
    assert_eq!(told.unwrap(), [Event::Ready], "one START for all, and the answer to what was asked behind the jobs");
    conversation.ask_progress();
    conversation.run(10);
    conversation.ask_progress();
    worker.hear(&mut conversation);
    assert_eq!(worker.said.last(), Some(&FrontEndMessage::Run), "nothing runs yet, so nothing is asked");
    worker.says(&mut conversation, &[WorkerMessage::JobStarted]).unwrap();
    conversation.ask_progress();
    conversation.ask_progress();
    worker.hear(&mut conversation);
    let Some(FrontEndMessage::SendEta(tag)) = worker.said.pop() else { panic!("{:?}", worker.said) };
    assert_eq!(worker.said.last(), Some(&FrontEndMessage::Run), "one request at a time");
    let eta = Eta { running: 3, ..Eta::default() };
    let told = worker.says(&mut conversation, &[WorkerMessage::Eta(tag, eta.clone())]).unwrap();
    assert_eq!(told, [Event::Progress(eta)]);
}

#[test]
fn failures_say_what_happened() {
    let refused = |messages: &[WorkerMessage], has_run: bool| {
        let (mut conversation, mut worker) = meeting(1);
        if has_run {
            worker.says(&mut conversation, &[start()]).unwrap();
            conversation.run(1);
        }
        worker.says(&mut conversation, messages).unwrap_err().to_string()
    };
    assert_eq!(refused(&[text("no\n"), WorkerMessage::Quit], false), "it refuses the jobs");
    assert_eq!(refused(&[WorkerMessage::Stop(Stop { error: 3, signal: 0 })], true), "exited with error 3");
    assert_eq!(refused(&[WorkerMessage::Stop(Stop { error: 0, signal: 9 })], true), "its jobs were ended by signal 9");
    let (mut conversation, mut worker) = meeting(1);
    let closed = |conversation: &mut Conversation| conversation.closed().unwrap_err().to_string();
    worker.says(&mut conversation, &[text("busy\n")]).unwrap();
    assert!(closed(&mut conversation).contains("before it had understood the jobs"));
    worker.says(&mut conversation, &[start()]).unwrap();
    assert!(closed(&mut conversation).contains("before the jobs were started"));
    conversation.run(1);
    assert!(closed(&mut conversation).contains("while its jobs ran"));
    worker.says(&mut conversation, &[WorkerMessage::Stop(Stop::default())]).unwrap();
    assert!(closed(&mut conversation).contains("while its jobs ran"), "it has not said that it has said all");
}

#[test]
fn a_version_is_asked_for_once() {
    let mut conversation = Conversation::new("a", &jobs(1), 0);
    let refusal = |version| {
        let mut writer = bench_wire::frame::MessageWriter::new(ProtocolVersion::new(version).unwrap());
        text("bad server cmd version\n").encode(&mut writer);
        writer.pending().to_vec()
    };
    assert_eq!(conversation.receive(&mut &*refusal(97), 0).unwrap(), Some(Event::Again));
    conversation.connected_again(0);
    assert_eq!(conversation.version(), ProtocolVersion::OLDEST);
    assert!(matches!(conversation.receive(&mut &*refusal(101), 0), Err(Failure::VersionRefused)));
}

#[test]
fn a_refusal_that_is_lost_is_asked_for_again() {
    let mut conversation = Conversation::new("a", &jobs(1), 0);
    assert_eq!(conversation.closed().unwrap(), Some(Event::Again));
    conversation.connected_again(0);
    let probe_only = conversation.pending_output().len();
    assert_eq!(probe_only, 24 + 136, "nothing that could be left unread");
    let mut worker = Puppet { session: WorkerSession::new(), said: Vec::new() };
    worker.hear(&mut conversation);
    let Some(FrontEndMessage::Probe(tag, _)) = worker.said.pop() else { panic!() };
    let told = worker.says(&mut conversation, &[WorkerMessage::Probe(tag, WorkerProbe::default())]).unwrap();
    assert_eq!(told, [Event::Introduced(WorkerProbe::default())]);
    assert_eq!(worker.says(&mut conversation, &[start()]).unwrap(), [Event::Ready]);
    assert!(worker.said.iter().any(|said| matches!(said, FrontEndMessage::Job(_))));
    let mut conversation = Conversation::new("a", &jobs(1), 0);
    conversation.closed().unwrap();
    conversation.connected_again(0);
    assert!(matches!(conversation.closed(), Err(Failure::Disconnected(Stage::Asking))), "not for ever");
    assert!(Conversation::new("a", &jobs(1), 0).with_any_version().closed().is_err());
}

#[test]
fn silence_counts_where_an_answer_is_owed() {
    let late = SILENCE_MAX_S * 1000 + 9;
    let (mut conversation, mut worker) = meeting(1);
    assert!(matches!(conversation.check(late), Err(Failure::Silent(SILENCE_MAX_S))));
    worker.says(&mut conversation, &[text("2 are before you\n")]).unwrap();
    assert!(conversation.check(late).is_ok(), "it waits for its turn");
    worker.says(&mut conversation, &[start()]).unwrap();
    conversation.run(9);
    worker.says(&mut conversation, &[WorkerMessage::JobStarted]).unwrap();
    assert!(conversation.check(late).is_ok(), "nothing was asked");
    conversation.ask_progress();
    assert!(matches!(conversation.check(late), Err(Failure::Silent(SILENCE_MAX_S))));
    assert!(conversation.check(late - 1).is_ok());
}

#[test]
fn a_file_is_asked_for_and_answered() {
    let (mut conversation, mut worker) = meeting(1);
    worker.hear(&mut conversation);
    let request = FileRequest { path: FixedText::new("h-a-0-verify.state") };
    let told = worker.says(&mut conversation, &[start(), WorkerMessage::FileRequest(Tag(4), request)]).unwrap();
    assert_eq!(told, [Event::Ready, Event::FileWanted(Tag(4), "h-a-0-verify.state".to_owned())]);
    conversation.answer(Tag(4), Err(13));
    worker.hear(&mut conversation);
    assert!(matches!(worker.said.last(), Some(FrontEndMessage::File(Tag(4), reply)) if reply.error == 13));
}

/// A fleet of made-up workers.
fn fleet(count: usize) -> (Fleet, Vec<Puppet>) {
    let mut fleet = Fleet::default();
    let workers = (0..count)
        .map(|number| {
            let (conversation, worker) = meeting(1);
            assert_eq!(fleet.add(&format!("10.0.0.{number}"), 8765, conversation), number);
            worker
        })
        .collect();
    (fleet, workers)
}

fn say(fleet: &mut Fleet, workers: &mut [Puppet], number: usize, messages: &[WorkerMessage]) {
    let worker = &mut workers[number];
    worker.hear(fleet.conversation(number));
    messages.iter().for_each(|message| worker.session.send(message));
    let bytes = worker.session.pending_output().to_vec();
    worker.session.transmitted(bytes.len());
    fleet.receive(number, &bytes, 10);
    worker.hear(fleet.conversation(number));
}

fn has_run(workers: &[Puppet]) -> Vec<bool> {
    workers.iter().map(|worker| worker.said.contains(&FrontEndMessage::Run)).collect()
}

fn hear_all(fleet: &mut Fleet, workers: &mut [Puppet]) {
    for (number, worker) in workers.iter_mut().enumerate() {
        worker.hear(fleet.conversation(number));
    }
}

#[test]
fn all_start_when_the_last_is_ready() {
    let (mut fleet, mut workers) = fleet(3);
    let probe = WorkerProbe { host_name: FixedText::new("vm"), ..WorkerProbe::default() };
    workers[0].hear(fleet.conversation(0));
    let Some(FrontEndMessage::Probe(tag, _)) = workers[0].said.first().cloned() else { panic!() };
    say(&mut fleet, &mut workers, 0, &[WorkerMessage::Probe(tag, probe), start()]);
    say(&mut fleet, &mut workers, 1, &[start()]);
    hear_all(&mut fleet, &mut workers);
    assert_eq!(has_run(&workers), [false; 3]);
    say(&mut fleet, &mut workers, 2, &[start()]);
    hear_all(&mut fleet, &mut workers);
    assert_eq!(has_run(&workers), [true; 3]);
    assert_eq!((fleet.workers()[0].name(), fleet.workers()[1].name()), ("vm", "10.0.0.1"));
    for number in 0..3 {
        say(&mut fleet, &mut workers, number, &[WorkerMessage::Stop(Stop::default()), WorkerMessage::Quit]);
    }
    assert!(fleet.is_over() && !fleet.has_failures());
}

#[test]
fn who_fails_does_not_hold_others_up() {
    let (mut fleet, mut workers) = fleet(3);
    say(&mut fleet, &mut workers, 0, &[start()]);
    fleet.closed(1, 0);
    fleet.connected_again(1, 0);
    fleet.closed(1, 0);
    assert_eq!(has_run(&workers), [false; 3]);
    fleet.lost(2, Failure::Unreachable(std::io::ErrorKind::ConnectionRefused.into()), 0);
    hear_all(&mut fleet, &mut workers);
    assert_eq!(has_run(&workers), [true, false, false]);
    say(&mut fleet, &mut workers, 0, &[WorkerMessage::JobStarted, WorkerMessage::Quit]);
    assert!(fleet.is_over() && fleet.has_failures());
    let states: Vec<_> = fleet.workers().iter().map(|worker| worker.state).collect();
    assert_eq!(states, [State::Done, State::Failed, State::Failed]);
    let failed = std::iter::from_fn(|| fleet.next_news()).filter(|(_, news)| matches!(news, News::Failed(_))).count();
    assert_eq!(failed, 2);
}

#[test]
fn a_fleet_that_is_stopped_before_the_start_does_not_start() {
    let (mut fleet, mut workers) = fleet(2);
    say(&mut fleet, &mut workers, 0, &[start()]);
    fleet.stop();
    assert!(fleet.is_over());
    assert_eq!(has_run(&workers), [false; 2]);
    let mut checkers = Fleet::of_checkers();
    let (conversation, mut worker) = meeting(1);
    checkers.add("a", 1, conversation);
    say(&mut checkers, std::slice::from_mut(&mut worker), 0, &[start()]);
    assert!(checkers.is_over() && !checkers.has_failures() && !worker.said.contains(&FrontEndMessage::Run));
}

#[test]
fn a_silent_worker_is_given_up_by_the_clock() {
    let (mut fleet, mut workers) = fleet(2);
    say(&mut fleet, &mut workers, 0, &[start()]);
    fleet.tick(SILENCE_MAX_S * 1000 + 10);
    hear_all(&mut fleet, &mut workers);
    assert_eq!(has_run(&workers), [true, false]);
    assert_eq!(fleet.workers()[1].state, State::Failed);
}
