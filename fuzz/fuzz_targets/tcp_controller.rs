//! The controller's end of an NVMe/TCP connection against any host and any pace of its caller. Nothing panics; payload comes in order,
//! within its command, and completely; the output is as long as it says.
#![no_main]

use std::collections::BTreeMap;

use libfuzzer_sys::arbitrary::{self, Arbitrary};
use libfuzzer_sys::fuzz_target;
use nvme::base::command::{DataDirection, SglDescriptor, SubmissionQueueEntry};
use nvme::base::status::Status;
use nvme::tcp::pdu::{InitializeRequest, flags};
use nvme::tcp::{
    CommandData, CommandTag, ControllerConnection, ControllerInput, ControllerOptions, OutputSegment, Response,
};
use zerocopy::IntoBytes;
use zerocopy::little_endian::U16;

#[derive(Arbitrary, Debug)]
enum Step {
    /// Bytes as they are.
    Bytes(Vec<u8>),
    /// A command capsule that is right as far as the stream goes.
    Command { opcode: u8, command_id: u8, sgl: Sgl, data_bytes: u16 },
    /// Data for one of the R2Ts that were sent, or nearly.
    Data { tag: u8, command_id: u8, offset: u16, data_bytes: u16, last: bool },
    /// So many of the bytes that wait are received, straight into place where that is possible.
    Receive { count: u16, direct: bool },
    /// So many bytes are sent.
    Transmit(u16),
    /// A command that the caller holds is completed.
    Complete(u8),
}

#[derive(Arbitrary, Debug)]
enum Sgl {
    InCapsule,
    Transport(u16),
    Other([u8; 16]),
}

const MAX_HOST_DATA_BYTES: u32 = 4096;
const SUCCESS: Response = Response { result: 0, status: Status::SUCCESS };

struct Caller {
    connection: ControllerConnection,
    /// Commands that wait for their answer.
    held: Vec<CommandTag>,
    /// Commands whose data are coming: length, and how much has come.
    incoming: BTreeMap<u16, (u32, u32)>,
    over: bool,
}

impl Caller {
    fn received(&mut self, tag: CommandTag, offset: u32, length: u32) {
        let (total, received) = self.incoming.get_mut(&tag.0).expect("payload of a command that awaits some");
        assert_eq!(offset, *received);
        *received += length;
        assert!(*received <= *total);
    }

    fn input(&mut self, input: ControllerInput<'_>) {
        match input {
            ControllerInput::Established => {}
            ControllerInput::Command { tag, entry, data } => match (data, entry.data_direction()) {
                (CommandData::None, _) => self.held.push(tag),
                (CommandData::InCapsule { length }, _) => {
                    self.incoming.insert(tag.0, (length, 0));
                }
                (CommandData::Transport { length }, DataDirection::ControllerToHost) => {
                    let digest = self.connection.data_digest().then_some(length);
                    self.connection.send_data(tag, length.min(1 << 20), digest, SUCCESS);
                }
                (CommandData::Transport { length }, _) => {
                    self.incoming.insert(tag.0, (length, 0));
                    self.connection.request_data(tag);
                    if entry.command_id.get() == 9 {
                        self.connection.discard_data(tag);
                        self.incoming.insert(tag.0, (length, length));
                    }
                }
            },
            ControllerInput::Payload { range, bytes } => {
                assert_eq!(range.length as usize, bytes.len());
                self.received(range.tag, range.offset, range.length);
            }
            ControllerInput::DataComplete { tag, .. } => {
                let (total, received) = self.incoming.remove(&tag.0).expect("the end of data that were coming");
                assert_eq!(total, received);
                self.held.push(tag);
            }
            ControllerInput::Rejected { tag, status, .. } => {
                self.connection.complete(tag, Response { result: 0, status });
            }
            ControllerInput::HostTerminated { .. } => self.over = true,
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
        self.connection.transmitted(count.min(total), |_| {});
    }
}

/// A PDU without header digest, with its data all zero and a data digest that is right for one length only.
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

fuzz_target!(|input: (u8, u8, Vec<Step>)| {
    let (digests, max_ready_to_transfer_0based, steps) = input;
    let data_digest = digests & 2 != 0;
    let mut caller = Caller {
        connection: ControllerConnection::new(ControllerOptions {
            header_digest: false,
            data_digest,
            controller_pda: 0,
            max_h2c_data_bytes: MAX_HOST_DATA_BYTES,
        }),
        held: Vec::new(),
        incoming: BTreeMap::new(),
        over: false,
    };
    let request = InitializeRequest::new(0, digests, u32::from(max_ready_to_transfer_0based));
    caller.receive(request.as_bytes(), false);
    caller.connection.configure_queue(4, 8192, digests & 1 != 0);
    let mut waiting = Vec::new();
    for step in steps {
        match step {
            Step::Bytes(bytes) => waiting.extend(bytes),
            Step::Command { opcode, command_id, sgl, data_bytes } => {
                let mut entry = SubmissionQueueEntry::new(opcode, 1);
                entry.command_id = U16::new(u16::from(command_id));
                entry.data_pointer = match sgl {
                    Sgl::InCapsule => SglDescriptor::in_capsule(0, u32::from(data_bytes)),
                    Sgl::Transport(length) => SglDescriptor::transport(u32::from(length) * 4),
                    Sgl::Other(bytes) => zerocopy::transmute!(bytes),
                };
                let data_bytes = if matches!(sgl, Sgl::Transport(_)) { 0 } else { data_bytes };
                waiting.extend(pdu(4, 0, entry.as_bytes(), data_bytes, data_digest));
            }
            Step::Data { tag, command_id, offset, data_bytes, last } => {
                let mut specific = vec![command_id, 0, tag, 0];
                specific.extend((u32::from(offset) * 4).to_le_bytes());
                specific.extend(u32::from(data_bytes).to_le_bytes());
                specific.extend([0; 4]);
                waiting.extend(pdu(6, if last { flags::LAST } else { 0 }, &specific, data_bytes, data_digest));
            }
            Step::Receive { count, direct } => {
                let rest = waiting.split_off(waiting.len().min(usize::from(count)));
                caller.receive(&waiting, direct);
                waiting = rest;
            }
            Step::Transmit(count) => caller.transmit(usize::from(count)),
            Step::Complete(index) => {
                if !caller.held.is_empty() {
                    let tag = caller.held.swap_remove(usize::from(index) % caller.held.len());
                    caller.connection.complete(tag, SUCCESS);
                }
            }
        }
    }
    caller.receive(&waiting, false);
    caller.transmit(usize::MAX);
});
