//! The host's end of an NVMe/TCP connection against any controller and any pace of its caller. Nothing panics; data come in order and
//! within their command; a command is completed once; the output is as long as it says.
#![no_main]

use std::collections::BTreeMap;

use libfuzzer_sys::arbitrary::{self, Arbitrary};
use libfuzzer_sys::fuzz_target;
use nvme::base::command::SubmissionQueueEntry;
use nvme::tcp::pdu::InitializeResponse;
use nvme::tcp::{CommandTag, HostConnection, HostData, HostInput, HostOptions, OutputSegment};
use zerocopy::IntoBytes;

const ENTRIES: u16 = 4;

#[derive(Arbitrary, Debug)]
enum Step {
    /// Bytes as they are.
    Bytes(Vec<u8>),
    /// A PDU of a controller that is right as far as the stream goes: its type, flags, and header after the common header.
    Pdu { kind: u8, flags: u8, command_id: u8, offset: u16, length: u16, data_bytes: u16 },
    /// A command, when its tag is free.
    Submit { tag: u8, write: bool, dwords: u16 },
    /// So many of the bytes that wait are received, straight into place where that is possible.
    Receive { count: u16, direct: bool },
    /// So many bytes are sent.
    Transmit(u16),
}

struct Caller {
    connection: HostConnection,
    established: bool,
    /// Outstanding commands: length of what they read, and how much has come.
    outstanding: BTreeMap<u16, (u32, u32)>,
    over: bool,
}

impl Caller {
    fn received(&mut self, tag: CommandTag, offset: u32, length: u32) {
        let (total, received) = self.outstanding.get_mut(&tag.0).expect("data of an outstanding command");
        assert_eq!(offset, *received);
        *received += length;
        assert!(*received <= *total);
    }

    fn input(&mut self, input: HostInput<'_>) {
        match input {
            HostInput::Established => self.established = true,
            HostInput::Payload { range, bytes } => {
                assert_eq!(range.length as usize, bytes.len());
                self.received(range.tag, range.offset, range.length);
            }
            HostInput::DataWanted { range } => self.connection.send_data(range, |piece| piece.length),
            HostInput::Completed { tag, completion } => {
                let (_, received) = self.outstanding.remove(&tag.0).expect("a command is completed once");
                assert_eq!(completion.data_received, received);
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
                    self.received(range.tag, range.offset, count);
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

    fn submit(&mut self, tag: u16, write: bool, length: u32) {
        if self.over || !self.established || tag >= ENTRIES || self.outstanding.contains_key(&tag) {
            return;
        }
        let (data, reads) = match (length, write) {
            (0, _) => (HostData::None, 0),
            (_, true) => (HostData::Write { length }, 0),
            (_, false) => (HostData::Read { length }, length),
        };
        self.connection.submit(CommandTag(tag), &SubmissionQueueEntry::new(1, 1), data, |range| range.length);
        self.outstanding.insert(tag, (reads, 0));
    }

    fn transmit(&mut self, count: usize) {
        let length = |segment| match segment {
            OutputSegment::Bytes(bytes) => <[u8]>::len(bytes),
            OutputSegment::Payload(range) => {
                assert!(self.outstanding.contains_key(&range.tag.0), "output of a command that is over");
                range.length as usize
            }
        };
        let total = self.connection.pending_output().map(length).sum();
        assert_eq!(total, self.connection.pending_output_bytes());
        let outstanding = &mut self.outstanding;
        self.connection.transmitted(count.min(total), |tag, _| {
            outstanding.remove(&tag.0).expect("a command is completed once");
        });
    }
}

/// A PDU with its data all zero and a data digest that is right for one length only.
fn pdu(kind: u8, flags: u8, specific: &[u8; 16], data_bytes: u16, data_digest: bool) -> Vec<u8> {
    let pdu_type = [5, 7, 9, 7][usize::from(kind % 4)];
    let data_bytes = if pdu_type == 7 { u32::from(data_bytes) } else { 0 };
    let digest = data_digest && data_bytes > 0;
    let total = 24 + data_bytes + if digest { 4 } else { 0 };
    let mut pdu = vec![pdu_type, flags & 0xc | if digest { 2 } else { 0 }, 24, if data_bytes > 0 { 24 } else { 0 }];
    pdu.extend(total.to_le_bytes());
    pdu.extend(specific);
    if pdu_type == 5 {
        // A response has its command identifier elsewhere.
        pdu[20..22].copy_from_slice(&specific[..2]);
    }
    pdu.resize(total as usize, 0);
    pdu
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
        outstanding: BTreeMap::new(),
        over: false,
    };
    caller.connection.configure_queue(ENTRIES, 8192);
    caller.receive(InitializeResponse::new(0, if data_digest { 2 } else { 0 }, 4096).as_bytes(), false);
    let mut waiting = Vec::new();
    for step in steps {
        match step {
            Step::Bytes(bytes) => waiting.extend(bytes),
            Step::Pdu { kind, flags, command_id, offset, length, data_bytes } => {
                let mut specific = [0; 16];
                specific[0] = command_id;
                specific[4..8].copy_from_slice(&(u32::from(offset) * 4).to_le_bytes());
                specific[8..12].copy_from_slice(&u32::from(length).to_le_bytes());
                waiting.extend(pdu(kind, flags, &specific, data_bytes, data_digest));
            }
            Step::Submit { tag, write, dwords } => caller.submit(u16::from(tag), write, u32::from(dwords) * 4),
            Step::Receive { count, direct } => {
                let rest = waiting.split_off(waiting.len().min(usize::from(count)));
                caller.receive(&waiting, direct);
                waiting = rest;
            }
            Step::Transmit(count) => caller.transmit(usize::from(count)),
        }
    }
    caller.receive(&waiting, false);
    caller.transmit(usize::MAX);
});
