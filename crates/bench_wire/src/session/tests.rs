//! Both ends against each other, and each against what it must not be told.

use super::{FrontEndSession, WorkerSession};
use crate::fault::Fault;
use crate::message::{
    CommandLine, Eta, FileReply, FileRequest, FrontEndKind, FrontEndMessage, FrontEndProbe, JobFile, JobReport,
    PackedJob, Start, Stop, Tag, UpdateReply, VerifyTrigger, WorkerMessage, WorkerProbe, WorkersJobFile,
};
use crate::opcode::Opcode;
use crate::version::ProtocolVersion;

/// Takes what the front end has said to the worker.
fn to_worker(front_end: &mut FrontEndSession, worker: &mut WorkerSession) -> Result<Vec<FrontEndMessage>, Fault> {
    let mut input = front_end.pending_output();
    let (total, mut said) = (input.len(), Vec::new());
    while let Some(message) = worker.next_message(&mut input)? {
        said.push(message);
    }
    front_end.transmitted(total);
    Ok(said)
}

/// Takes what the worker has said to the front end.
fn to_front_end(worker: &mut WorkerSession, front_end: &mut FrontEndSession) -> Result<Vec<WorkerMessage>, Fault> {
    let mut input = worker.pending_output();
    let (total, mut said) = (input.len(), Vec::new());
    while let Some(message) = front_end.next_message(&mut input)? {
        said.push(message);
    }
    worker.transmitted(total);
    Ok(said)
}

fn job() -> FrontEndMessage {
    FrontEndMessage::Job(JobFile { bytes: b"[j]\nrw=read\n\0rest".to_vec(), ..JobFile::default() })
}

fn running(version: ProtocolVersion) -> (FrontEndSession, WorkerSession) {
    let (mut front_end, mut worker) = (FrontEndSession::new(version), WorkerSession::new());
    front_end.send(&job());
    front_end.send(&FrontEndMessage::Run);
    to_worker(&mut front_end, &mut worker).unwrap();
    (front_end, worker)
}

#[test]
fn a_whole_run_in_every_version() {
    for version in ProtocolVersion::all() {
        let (mut front_end, mut worker) = (FrontEndSession::new(version), WorkerSession::new());
        let wanted = [
            FrontEndMessage::Probe(Tag(7), FrontEndProbe::default()),
            FrontEndMessage::JobLine(CommandLine {
                front_end: FrontEndKind::COMMAND_LINE,
                arguments: vec![b"fio".to_vec(), Vec::new(), b"--output-format=json".to_vec()],
            }),
            FrontEndMessage::LoadFile(WorkersJobFile { path: b"/etc/a.fio".to_vec(), ..WorkersJobFile::default() }),
            job(),
            FrontEndMessage::UpdateJob(Tag(9), PackedJob { options: vec![1; 600], ..PackedJob::default() }),
            FrontEndMessage::Run,
            FrontEndMessage::SendEta(Tag(8)),
            FrontEndMessage::VerifyTrigger(VerifyTrigger { bytes: b"true".to_vec() }),
            FrontEndMessage::Quit,
            FrontEndMessage::Exit,
        ];
        wanted.iter().for_each(|message| front_end.send(message));
        assert_eq!(to_worker(&mut front_end, &mut worker).unwrap(), wanted);
        assert_eq!((worker.version(), front_end.unanswered_etas()), (Some(version), 1));
        assert_eq!(worker.unanswered_etas().collect::<Vec<_>>(), [Tag(8)]);
        let answers = [
            WorkerMessage::Probe(Tag(7), WorkerProbe::default()),
            WorkerMessage::Start(Start { jobs: 1, reports: 1 }),
            WorkerMessage::UpdateReply(Tag(9), UpdateReply { error: 22 }),
            WorkerMessage::JobStarted,
            WorkerMessage::Eta(Tag(8), Eta::default()),
            WorkerMessage::FileRequest(Tag(10), FileRequest::default()),
            WorkerMessage::Stop(Stop::default()),
            WorkerMessage::Quit,
        ];
        answers.iter().for_each(|message| worker.send(message));
        assert_eq!(to_front_end(&mut worker, &mut front_end).unwrap(), answers);
        assert_eq!(front_end.announced(), Some(Start { jobs: 1, reports: 1 }));
        assert!(front_end.is_over() && worker.is_over() && front_end.unanswered_etas() == 0);
        let file = FrontEndMessage::File(Tag(10), FileReply { error: 2, bytes: Vec::new() });
        front_end.send(&file);
        assert_eq!(to_worker(&mut front_end, &mut worker).unwrap(), [file]);
    }
}

#[test]
fn the_least_that_makes_a_run() {
    let (mut front_end, mut worker) = running(ProtocolVersion::OLDEST);
    worker.send(&WorkerMessage::JobReport(Box::<JobReport>::default()));
    worker.send(&WorkerMessage::Quit);
    assert_eq!(to_front_end(&mut worker, &mut front_end).unwrap().len(), 2);
    assert!(front_end.is_over());
}

#[test]
fn the_text_of_a_job_ends_at_its_nul() {
    let (mut front_end, mut worker) = (FrontEndSession::new(ProtocolVersion::OLDEST), WorkerSession::new());
    front_end.send(&job());
    let said = to_worker(&mut front_end, &mut worker).unwrap();
    let [FrontEndMessage::Job(file)] = &said[..] else { panic!("a job") };
    assert_eq!(file.text(), b"[j]\nrw=read\n");
}

#[test]
fn a_front_end_learns_the_version_of_a_worker_that_refuses_it() {
    let (mut front_end, mut worker) = (FrontEndSession::new(ProtocolVersion::OLDEST), WorkerSession::new());
    front_end.send(&FrontEndMessage::Run);
    // As if it had come from a version that nobody here speaks.
    let mut foreign = front_end.pending_output().to_vec();
    foreign[0] = 90;
    let checksum = crate::frame::checksum(&foreign[..20]).to_le_bytes();
    foreign[20..22].copy_from_slice(&checksum);
    let fault = worker.next_message(&mut &*foreign).unwrap_err();
    assert_eq!(fault, Fault::Version { theirs: 90, ours: None });
    assert_eq!(fault.to_string(), "the peer speaks protocol version 90; 97 to 121 are accepted");
    assert_eq!(fault.version_to_retry_with(), None);
    assert!(worker.is_over());
    let words = worker.pending_output();
    assert!(words.windows(26).any(|window| window == b"bad server cmd version 90\n"));
    let fault = front_end.next_message(&mut &*words).unwrap_err();
    let shown = "the peer speaks protocol version 121; this connection is of version 97 (fio 3.33)";
    assert_eq!(fault.to_string(), shown);
    assert_eq!(fault.version_to_retry_with(), Some(ProtocolVersion::NEWEST));
}

#[test]
fn a_worker_refuses_what_comes_at_the_wrong_time_and_says_so() {
    for wrong in [job(), FrontEndMessage::Run, FrontEndMessage::File(Tag(1), FileReply::default())] {
        let (mut front_end, mut worker) = running(ProtocolVersion::OLDEST);
        wrong.encode(front_end.writer_for_tests());
        let fault = to_worker(&mut front_end, &mut worker).unwrap_err();
        assert!(matches!(fault, Fault::OutOfOrder { opcode, .. } if opcode == wrong.opcode()), "{fault}");
        let mut orderly = crate::frame::MessageWriter::new(ProtocolVersion::OLDEST);
        FrontEndMessage::Quit.encode(&mut orderly);
        assert_eq!(worker.next_message(&mut orderly.pending()), Err(fault), "a fault is for good");
        let said = to_front_end(&mut worker, &mut front_end).unwrap();
        let [WorkerMessage::Text(text)] = &said[..] else { panic!("words about it") };
        assert_eq!(text.text(), format!("fio: {fault}\n").as_bytes());
    }
}

#[test]
fn a_worker_complains_in_the_front_ends_version_even_about_its_first_word() {
    let (mut front_end, mut worker) = (FrontEndSession::new(ProtocolVersion::OLDEST), WorkerSession::new());
    front_end.writer_for_tests().write(Opcode::Probe, 1, b"too short");
    assert!(matches!(to_worker(&mut front_end, &mut worker), Err(Fault::Malformed { opcode: Opcode::Probe, .. })));
    let said = to_front_end(&mut worker, &mut front_end).unwrap();
    let [WorkerMessage::Text(text)] = &said[..] else { panic!("words about it") };
    assert_eq!(text.text(), b"fio: PROBE: 9 bytes of payload where 136 are expected\n");
}

#[test]
fn a_worker_does_not_remember_requests_without_end() {
    let (mut front_end, mut worker) = running(ProtocolVersion::OLDEST);
    for tag in 0..=crate::limits::UNANSWERED_REQUESTS_MAX as u64 {
        FrontEndMessage::SendEta(Tag(tag)).encode(front_end.writer_for_tests());
    }
    let fault = to_worker(&mut front_end, &mut worker).unwrap_err();
    assert!(matches!(fault, Fault::OutOfOrder { opcode: Opcode::SendEta, .. }));
}

#[test]
fn a_front_end_refuses_what_comes_at_the_wrong_time() {
    for message in [WorkerMessage::JobStarted, WorkerMessage::Stop(Stop::default())] {
        let mut front_end = FrontEndSession::new(ProtocolVersion::OLDEST);
        let mut output = crate::frame::MessageWriter::new(ProtocolVersion::OLDEST);
        message.encode(&mut output);
        let fault = front_end.next_message(&mut output.pending()).unwrap_err();
        assert!(matches!(fault, Fault::OutOfOrder { opcode, .. } if opcode == message.opcode()));
        let mut text = crate::frame::MessageWriter::new(ProtocolVersion::OLDEST);
        WorkerMessage::Quit.encode(&mut text);
        assert_eq!(front_end.next_message(&mut text.pending()), Err(fault), "a fault is for good");
    }
}

#[test]
fn answers_to_nothing_and_words_after_quit_are_dropped() {
    let (mut front_end, _) = running(ProtocolVersion::OLDEST);
    let mut output = crate::frame::MessageWriter::new(ProtocolVersion::OLDEST);
    WorkerMessage::Eta(Tag(5), Eta::default()).encode(&mut output);
    WorkerMessage::Probe(Tag(5), WorkerProbe::default()).encode(&mut output);
    WorkerMessage::Quit.encode(&mut output);
    WorkerMessage::Eta(Tag(6), Eta::default()).encode(&mut output);
    let mut input = output.pending();
    assert_eq!(front_end.next_message(&mut input), Ok(Some(WorkerMessage::Quit)));
    assert_eq!(front_end.next_message(&mut input), Ok(None));
    assert!(input.is_empty());
}

#[test]
#[should_panic(expected = "after QUIT")]
fn a_worker_that_goes_on_after_quit_is_a_bug() {
    let (_, mut worker) = running(ProtocolVersion::OLDEST);
    worker.send(&WorkerMessage::Quit);
    worker.send(&WorkerMessage::Stop(Stop::default()));
}

#[test]
#[should_panic(expected = "an answer has a request")]
fn an_answer_to_nothing_is_a_bug() {
    let (_, mut worker) = running(ProtocolVersion::OLDEST);
    worker.send(&WorkerMessage::Eta(Tag(1), Eta::default()));
}
