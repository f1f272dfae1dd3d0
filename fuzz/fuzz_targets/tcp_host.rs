//! The host's end of an NVMe/TCP connection against any controller and any pace of its caller. Nothing panics; data come in order and
//! within the command's buffer; no more is asked for than the command has; each command ends once.
#![no_main]

use std::collections::BTreeMap;

use libfuzzer_sys::arbitrary::{self, Arbitrary};
use libfuzzer_sys::fuzz_target;
use nvme::base::command::SubmissionQueueEntry;
use nvme::tcp::pdu::{InitializeResponse, flags};
use nvme::tcp::{CommandTag, HostConnection, HostData, HostInput, HostOptions, OutputSegment};
use zerocopy::IntoBytes;

const ENTRIES: u16 = 4;

#[derive(Arbitrary, Debug)]
enum Step {
    /// Bytes as they are.
    Bytes(Vec<u8>),
    /// C2HData, right as far as the stream goes.
    Data { command_id: u8, offset: u16, data_bytes: u16, last: bool, success: bool },
    /// R2T.
    Request { command_id: u8, tag: u8, offset: u16, length: u16 },
    /// CapsuleResp.
    Response { command_id: u8, status: u16 },
    /// So many of the bytes that wait are received, straight into place where that is possible.
    Receive { count: u16, direct: bool },
    /// So many bytes are sent.
    Transmit(u16),
    /// A command is submitted, if its tag is free.
    Submit { tag: u8, write: bool, length: u16 },
}

struct Caller {
    connection: HostConnection,
    established: bool,
    /// Outstanding commands: length of their data, and how much of them has moved.
    commands: BTreeMap<u16, (u32, u32)>,
    over: bool,
}

impl Caller {
    fn moved(&mut self, tag: CommandTag, offset: u32, length: u32) {
        let (total, moved) = self.commands.get_mut(&tag.0).expect("data of a command that is outstanding");
        assert_eq!(offset, *moved);
        *moved += length;
        assert!(*moved <= *total);
    }

    fn input(&mut self, input: HostInput<'_>) {
        match input {
            HostInput::Established => {
                self.established = true;
                self.connection.configure_queue(ENTRIES, 1024);
            }
            HostInput::Payload { range, bytes } => {
                assert_eq!(range.length as usize, bytes.len());
                self.moved(range.tag, range.offset, range.length);
            }
            HostInput::DataWanted { range } => {
                self.moved(range.tag, range.offset, range.length);
                self.connection.send_data(range, |range| range.length);
            }
            HostInput::Completed { tag, .. } => {
                self.commands.remove(&tag.0).expect("the end of a command that is outstanding");
            }
            HostInput::ControllerTerminated { .. } => self.over = true,
        }
    }

    fn receive(&mut self, mut bytes: &[u8], direct: bool) {
        while !self.over {
            if direct && let Some(range) = self.connection.direct_payload() {
                let count = bytes.len().min(range.length as usize);
                bytes = &bytes[count..];
                if count > 0 {
                    let count = u32::try_from(count).expect("bounded by a u32");
                    self.moved(range.tag, range.offset, count);
                    if let Some(input) = self.connection.received_direct(count) {
                        self.input(input);
                    }
                }
            }
            match self.connection.next_input(&mut bytes) {
                Ok(Some(input)) => self.input(input),
                Ok(None) => break,
                Err(fault) => {
                    self.connection.terminate(&fault);
                    self.over = true;
                }
            }
        }
    }

    fn transmit(&mut self, count: usize) {
        let mut total = 0;
        for segment in self.connection.pending_output() {
            let length = match segment {
                OutputSegment::Bytes(bytes) => bytes.len(),
                OutputSegment::Payload(range) => range.length as usize,
            };
            assert!(length > 0);
            total += length;
        }
        assert_eq!(total, self.connection.pending_output_bytes());
        let commands = &mut self.commands;
        self.connection.transmitted(count.min(total), |tag, _| {
            commands.remove(&tag.0).expect("the end of a command that is outstanding");
        });
    }

    fn submit(&mut self, tag: CommandTag, write: bool, length: u32) {
        if self.established && !self.over && !self.commands.contains_key(&tag.0) {
            let (data, in_capsule) = match length {
                0 => (HostData::None, false),
                length if write => (HostData::Write { length }, length <= 1024),
                length => (HostData::Read { length }, false),
            };
            let entry = SubmissionQueueEntry::new(if write { 1 } else { 2 }, 1);
            self.connection.submit(tag, &entry, data, |range| range.length);
            self.commands.insert(tag.0, (length, if in_capsule { length } else { 0 }));
        }
    }
}

/// A PDU without header digest, with its data and its data digest all zero.
fn pdu(pdu_type: u8, flags: u8, specific: &[u8], data_bytes: u16, data_digest: bool) -> Vec<u8> {
    let header_bytes = u8::try_from(8 + specific.len()).expect("a short header");
    let digest = data_digest && data_bytes > 0;
    let total = u32::from(header_bytes) + u32::from(data_bytes) + if digest { 4 } else { 0 };
    let mut pdu = vec![pdu_type, flags | if digest { flags::DATA_DIGEST } else { 0 }, header_bytes, header_bytes];
    pdu.extend(total.to_le_bytes());
    pdu.extend(specific);
    pdu.resize(total as usize, 0);
    pdu
}

fn data_header(command_id: u8, tag: u8, offset: u16, length: u32) -> Vec<u8> {
    let mut specific = vec![command_id, 0, tag, 0];
    specific.extend((u32::from(offset) * 4).to_le_bytes());
    specific.extend(length.to_le_bytes());
    specific.extend([0; 4]);
    specific
}

fuzz_target!(|input: (bool, u8, Vec<Step>)| {
    let (data_digest, max_ready_to_transfer_0based, steps) = input;
    let mut caller = Caller {
        connection: HostConnection::new(HostOptions {
            data_digest,
            max_ready_to_transfer_0based: u32::from(max_ready_to_transfer_0based),
            ..HostOptions::default()
        }),
        established: false,
        commands: BTreeMap::new(),
        over: false,
    };
    let mut waiting = Vec::new();
    let response = InitializeResponse::new(0, if data_digest { 2 } else { 0 }, 4096);
    if !matches!(steps.first(), Some(Step::Bytes(_))) {
        caller.receive(response.as_bytes(), false);
    }
    for step in steps {
        match step {
            Step::Bytes(bytes) => waiting.extend(bytes),
            Step::Data { command_id, offset, data_bytes, last, success } => {
                let flags = if last { flags::LAST } else { 0 } | if success { flags::SUCCESS } else { 0 };
                let specific = data_header(command_id, 0, offset, u32::from(data_bytes));
                waiting.extend(pdu(7, flags, &specific, data_bytes, data_digest));
            }
            Step::Request { command_id, tag, offset, length } => {
                let specific = data_header(command_id, tag, offset, u32::from(length) * 4);
                waiting.extend(pdu(9, 0, &specific, 0, false));
            }
            Step::Response { command_id, status } => {
                let mut specific = vec![0; 16];
                specific[12] = command_id;
                specific[14..].copy_from_slice(&status.to_le_bytes());
                waiting.extend(pdu(5, 0, &specific, 0, false));
            }
            Step::Receive { count, direct } => {
                let rest = waiting.split_off(waiting.len().min(usize::from(count)));
                caller.receive(&waiting, direct);
                waiting = rest;
            }
            Step::Transmit(count) => caller.transmit(usize::from(count)),
            Step::Submit { tag, write, length } => {
                caller.submit(CommandTag(u16::from(tag) % ENTRIES), write, u32::from(length) * 4);
            }
        }
    }
    caller.receive(&waiting, false);
    caller.transmit(usize::MAX);
});
