//! Both ends of fio's protocol against any peer: raw bytes, whole commands with right checksums, in any pieces, between orderly words
//! of our own. Nothing panics; after a fault nothing is understood any more.
#![no_main]

use bench_wire::frame::MessageWriter;
use bench_wire::message::{Eta, FrontEndMessage, JobFile, Tag, WorkerMessage};
use bench_wire::session::{FrontEndSession, WorkerSession};
use bench_wire::{Opcode, ProtocolVersion};
use libfuzzer_sys::arbitrary::{self, Arbitrary};
use libfuzzer_sys::fuzz_target;

#[derive(Arbitrary, Debug)]
enum Step {
    /// Bytes as they are.
    Bytes(Vec<u8>),
    /// A command that is right as far as the frames go.
    Command { opcode: u8, tag: u8, payload: Vec<u8>, zeros: u16 },
    /// So many bytes of what waits are received.
    Receive(u16),
    /// Our end answers what it owes, or asks.
    Speak,
}

struct Ends {
    worker: WorkerSession,
    front_end: FrontEndSession,
    worker_failed: bool,
    front_end_failed: bool,
    asked: u64,
}

impl Ends {
    fn receive(&mut self, bytes: &[u8]) {
        let mut input = bytes;
        loop {
            match self.worker.next_message(&mut input) {
                Ok(Some(_)) => assert!(!self.worker_failed),
                Ok(None) => break assert!(input.is_empty() && !self.worker_failed),
                Err(_) => break self.worker_failed = true,
            }
        }
        let mut input = bytes;
        loop {
            match self.front_end.next_message(&mut input) {
                Ok(Some(_)) => assert!(!self.front_end_failed),
                Ok(None) => break assert!(input.is_empty()),
                Err(_) => break self.front_end_failed = true,
            }
        }
    }

    fn speak(&mut self) {
        if !self.worker.is_over() {
            let owed: Vec<_> = self.worker.unanswered_etas().collect();
            for tag in owed {
                self.worker.send(&WorkerMessage::Eta(tag, Eta::default()));
            }
            assert_eq!(self.worker.unanswered_etas().count(), 0);
        }
        if self.asked < 8 {
            self.front_end.send(&FrontEndMessage::SendEta(Tag(self.asked)));
            self.asked += 1;
        }
        let pending = self.worker.pending_output().len();
        self.worker.transmitted(pending / 2);
        assert_eq!(self.worker.pending_output().len(), pending - pending / 2);
    }
}

fuzz_target!(|input: (u8, bool, Vec<Step>)| {
    let (version, runs, steps) = input;
    let Some(version) = ProtocolVersion::new(97 + u16::from(version % 25)) else { return };
    let mut ends = Ends {
        worker: WorkerSession::new(),
        front_end: FrontEndSession::new(version),
        worker_failed: false,
        front_end_failed: false,
        asked: 0,
    };
    if runs {
        ends.front_end.send(&FrontEndMessage::Job(JobFile::default()));
        ends.front_end.send(&FrontEndMessage::Run);
    }
    let mut waiting = Vec::new();
    for step in steps {
        match step {
            Step::Bytes(bytes) => waiting.extend(bytes),
            Step::Command { opcode, tag, mut payload, zeros } => {
                let Some(opcode) = Opcode::from_number(u16::from(opcode % 24)) else { continue };
                payload.resize(payload.len() + usize::from(zeros % 2048), 0);
                let mut writer = MessageWriter::new(version);
                writer.write(opcode, u64::from(tag % 8), &payload);
                waiting.extend_from_slice(writer.pending());
            }
            Step::Receive(count) => {
                let rest = waiting.split_off(waiting.len().min(usize::from(count)));
                ends.receive(&waiting);
                waiting = rest;
            }
            Step::Speak => ends.speak(),
        }
    }
    ends.receive(&waiting);
});
