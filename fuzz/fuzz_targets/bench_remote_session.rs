//! A worker that allows the least, and a front end that sends anything at all: nothing runs that is not allowed, and what follows a
//! fault is nothing.
#![no_main]

use std::time::Duration;

use bench_remote::worker::permissions::Permissions;
use bench_remote::worker::session::{Action, Session, WorkerIdentity};
use bench_wire::frame::MessageWriter;
use bench_wire::message::{CommandLine, FrontEndMessage, FrontEndProbe, JobFile, Tag, VerifyTrigger};
use bench_wire::{Opcode, ProtocolVersion};
use libfuzzer_sys::arbitrary::{self, Arbitrary};
use libfuzzer_sys::fuzz_target;

/// Lines that make jobs, allowed ones and others.
const LINES: [&str; 16] = [
    "[a]",
    "[b]",
    "[global]",
    "ioengine=null",
    "ioengine=exec",
    "ioengine=psync",
    "size=1m",
    "filename=/dev/zero",
    "exec_prerun=true",
    "program=/bin/true",
    "numjobs=3",
    "group_reporting",
    "thread",
    "rw=randrw",
    "verify=crc32c",
    "include /etc/hostname",
];

#[derive(Arbitrary, Debug)]
enum Step<'a> {
    Probe,
    Job(Vec<u8>, &'a str),
    Line(Vec<u8>),
    Run,
    Quit,
    Eta(u8),
    Trigger,
    Bytes(&'a [u8]),
    Command { opcode: u8, payload: &'a [u8] },
    Started,
    Ended,
}

fn words(lines: &[u8], prefix: &str) -> Vec<String> {
    lines.iter().take(24).map(|line| format!("{prefix}{}", LINES[usize::from(*line) % LINES.len()])).collect()
}

fn message(step: &Step<'_>) -> Option<FrontEndMessage> {
    Some(match step {
        Step::Probe => FrontEndMessage::Probe(Tag(1), FrontEndProbe::default()),
        Step::Job(lines, rest) => {
            let bytes = format!("{}\n{rest}", words(lines, "").join("\n")).into_bytes();
            FrontEndMessage::Job(JobFile { bytes, ..JobFile::default() })
        }
        Step::Line(lines) => {
            let words = words(lines, "--").into_iter().map(String::into_bytes);
            let arguments = std::iter::once(b"fio".to_vec()).chain(words).collect();
            FrontEndMessage::JobLine(CommandLine { arguments, ..CommandLine::default() })
        }
        Step::Run => FrontEndMessage::Run,
        Step::Quit => FrontEndMessage::Quit,
        Step::Eta(tag) => FrontEndMessage::SendEta(Tag(u64::from(*tag))),
        Step::Trigger => FrontEndMessage::VerifyTrigger(VerifyTrigger { bytes: b"true".to_vec() }),
        _ => return None,
    })
}

fn check(action: &Action) {
    match action {
        Action::Run(order) => {
            assert!(!order.jobs.settings.allow_exec && !order.jobs.parse_only && order.members > 0);
            for job in &order.jobs.plan.jobs {
                let engine = &job.resolved.options.engine.ioengine;
                assert!(!["exec", "nvme_tcp", "psync"].contains(&engine.as_str()), "{engine}");
            }
        }
        Action::Trigger(command) => panic!("{command:?} is not allowed"),
        Action::End | Action::Exit | Action::File(..) => {}
    }
}

fuzz_target!(|input: (u8, u8, Vec<Step<'_>>)| {
    let Some(version) = ProtocolVersion::new(97 + u16::from(input.0 % 25)) else { return };
    let piece = usize::from(input.1).max(1);
    let mut session = Session::new(WorkerIdentity::default(), Permissions::least(), "192.0.2.1".into());
    let mut is_running = false;
    for step in &input.2 {
        let bytes = match (step, message(step)) {
            (_, Some(message)) => {
                let mut writer = MessageWriter::new(version);
                message.encode(&mut writer);
                writer.pending().to_vec()
            }
            (Step::Bytes(bytes), _) => bytes.to_vec(),
            (Step::Command { opcode, payload }, _) => {
                let Some(opcode) = Opcode::from_number(u16::from(opcode % 24)) else { continue };
                let mut writer = MessageWriter::new(version);
                writer.write(opcode, 1, payload);
                writer.pending().to_vec()
            }
            _ => Vec::new(),
        };
        match step {
            Step::Started => session.started(),
            Step::Ended if is_running => session.ended(true),
            _ => {}
        }
        for piece in bytes.chunks(piece) {
            let Ok(actions) = session.receive(piece, Duration::ZERO) else {
                assert!(session.receive(&bytes, Duration::ZERO).is_err(), "a fault is the end");
                return;
            };
            is_running |= actions.iter().any(|action| matches!(action, Action::Run(_)));
            actions.iter().for_each(check);
        }
        assert!(!session.is_over() || !session.is_running());
    }
});
