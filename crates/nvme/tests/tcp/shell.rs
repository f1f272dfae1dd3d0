//! What a target does around a controller's connection, in memory: every command succeeds, reads give [`pattern`] bytes.

use std::collections::BTreeMap;

use nvme::base::command::{DataDirection, SubmissionQueueEntry};
use nvme::base::status::Status;
use nvme::tcp::{
    CommandData, CommandTag, ControllerConnection, ControllerInput, ControllerOptions, Fault, OutputSegment, Response,
};

use crate::wire::{FABRICS, Wire, crc32c, entry, in_capsule, initialize_request, pattern};

pub(crate) const OPTIONS: ControllerOptions =
    ControllerOptions { header_digest: true, data_digest: true, controller_pda: 0, max_h2c_data_bytes: 4096 };

pub(crate) const SUCCESS: Response = Response { result: 0, status: Status::SUCCESS };

/// Longer transfers are refused, as a target refuses them.
const TRANSFER_BYTES_MAX: u32 = 1 << 20;

/// What happened, with payload put together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    Established,
    Command { command_id: u16, data: CommandData },
    Data { command_id: u16, bytes: Vec<u8>, intact: bool },
    Rejected { command_id: u16, status: Status },
    Terminated { fes: u16, fei: u32 },
    Faulty(Fault),
}

#[derive(Debug)]
struct Incoming {
    command_id: u16,
    bytes: Vec<u8>,
    received: usize,
}

/// Where received payload goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reception {
    /// Through the connection.
    Staged,
    /// Straight into place wherever the connection lets it.
    Direct,
}

#[derive(Debug)]
pub(crate) struct Shell {
    pub(crate) connection: ControllerConnection,
    pub(crate) events: Vec<Event>,
    pub(crate) reception: Reception,
    /// Commands are answered as soon as they can be.
    pub(crate) answers: bool,
    incoming: BTreeMap<u16, Incoming>,
    outgoing: BTreeMap<u16, Vec<u8>>,
    pub(crate) sent: Vec<u8>,
}

impl Shell {
    pub(crate) fn new(options: ControllerOptions) -> Self {
        Self {
            connection: ControllerConnection::new(options),
            events: Vec::new(),
            reception: Reception::Staged,
            answers: true,
            incoming: BTreeMap::new(),
            outgoing: BTreeMap::new(),
            sent: Vec::new(),
        }
    }

    /// One that has answered ICReq and Connect, and has nothing left to send. `wire`: what the host sends.
    pub(crate) fn connected(wire: Wire, settings: Settings) -> Self {
        let options = ControllerOptions {
            header_digest: wire.header_digest,
            data_digest: wire.data_digest,
            controller_pda: u8::try_from(wire.alignment / 4 - 1).unwrap(),
            max_h2c_data_bytes: settings.max_host_data_bytes,
        };
        let mut shell = Self::new(options);
        shell.receive(&initialize_request(settings.host_alignment_0based, 3, settings.max_ready_to_transfer_0based));
        shell.receive(&connect(wire));
        assert_eq!(shell.events.len(), 3, "{:?}", shell.events);
        shell.connection.configure_queue(settings.entries, 8192, settings.flow_control_disabled);
        shell.take_output();
        shell.events.clear();
        shell
    }

    /// Takes bytes from the host and acts on them.
    pub(crate) fn receive(&mut self, mut bytes: &[u8]) {
        loop {
            self.receive_in_place(&mut bytes);
            match self.connection.next_input(&mut bytes) {
                Ok(Some(input)) => self.input(input),
                Ok(None) => break,
                Err(fault) => {
                    self.events.push(Event::Faulty(fault));
                    self.connection.terminate(&fault);
                    break;
                }
            }
        }
    }

    fn receive_in_place(&mut self, bytes: &mut &[u8]) {
        if self.reception == Reception::Direct
            && let Some(range) = self.connection.direct_payload()
            && !bytes.is_empty()
        {
            let (taken, rest) = bytes.split_at(bytes.len().min(range.length as usize));
            *bytes = rest;
            let incoming = self.incoming.get_mut(&range.tag.0).unwrap();
            assert_eq!(incoming.received, range.offset as usize);
            incoming.bytes[incoming.received..incoming.received + taken.len()].copy_from_slice(taken);
            incoming.received += taken.len();
            if let Some(input) = self.connection.received_direct(u32::try_from(taken.len()).unwrap()) {
                self.input(input);
            }
        }
    }

    fn input(&mut self, input: ControllerInput<'_>) {
        match input {
            ControllerInput::Established => self.events.push(Event::Established),
            ControllerInput::Command { tag, entry, data } => {
                let command_id = entry.command_id.get();
                self.events.push(Event::Command { command_id, data });
                self.command(tag, &entry, data);
            }
            ControllerInput::Payload { range, bytes } => {
                assert_eq!(range.length as usize, bytes.len());
                assert!(!bytes.is_empty());
                let incoming = self.incoming.get_mut(&range.tag.0).unwrap();
                assert_eq!(incoming.received, range.offset as usize);
                incoming.bytes[incoming.received..incoming.received + bytes.len()].copy_from_slice(bytes);
                incoming.received += bytes.len();
            }
            ControllerInput::DataComplete { tag, intact } => {
                let incoming = self.incoming.remove(&tag.0).unwrap();
                assert_eq!(incoming.received, incoming.bytes.len());
                self.events.push(Event::Data { command_id: incoming.command_id, bytes: incoming.bytes, intact });
                if self.answers {
                    let status = if intact { Status::SUCCESS } else { Status::TRANSIENT_TRANSPORT_ERROR };
                    self.connection.complete(tag, Response { result: 0, status });
                }
            }
            ControllerInput::Rejected { tag, entry, status } => {
                self.events.push(Event::Rejected { command_id: entry.command_id.get(), status });
                self.connection.complete(tag, Response { result: 0, status });
            }
            ControllerInput::HostTerminated { fes, fei } => self.events.push(Event::Terminated { fes: fes.0, fei }),
        }
    }

    fn command(&mut self, tag: CommandTag, entry: &SubmissionQueueEntry, data: CommandData) {
        let command_id = entry.command_id.get();
        match (data, entry.data_direction()) {
            (CommandData::None, _) if self.answers => self.connection.complete(tag, SUCCESS),
            (CommandData::None, _) => {}
            (CommandData::Transport { length }, _) if length > TRANSFER_BYTES_MAX => {
                self.connection.complete(tag, Response { result: 0, status: Status::INVALID_FIELD });
            }
            (CommandData::Transport { length }, DataDirection::ControllerToHost) => {
                self.send(tag, pattern(command_id, length as usize), SUCCESS);
            }
            (CommandData::Transport { length }, _) => {
                self.expect(tag, command_id, length);
                self.connection.request_data(tag);
            }
            (CommandData::InCapsule { length }, _) => self.expect(tag, command_id, length),
        }
    }

    fn expect(&mut self, tag: CommandTag, command_id: u16, length: u32) {
        let bytes = vec![0; length as usize];
        self.incoming.insert(tag.0, Incoming { command_id, bytes, received: 0 });
    }

    /// Answers a command with data.
    pub(crate) fn send(&mut self, tag: CommandTag, data: Vec<u8>, response: Response) {
        let digest = self.connection.data_digest().then(|| crc32c(&data));
        self.connection.send_data(tag, u32::try_from(data.len()).unwrap(), digest, response);
        self.outgoing.insert(tag.0, data);
    }

    /// Sends at most `limit` bytes.
    pub(crate) fn transmit(&mut self, limit: usize) {
        let mut bytes = Vec::new();
        for segment in self.connection.pending_output() {
            match segment {
                OutputSegment::Bytes(segment) => bytes.extend_from_slice(segment),
                OutputSegment::Payload(range) => {
                    let start = range.offset as usize;
                    bytes.extend_from_slice(&self.outgoing[&range.tag.0][start..start + range.length as usize]);
                }
            }
        }
        assert_eq!(bytes.len(), self.connection.pending_output_bytes());
        bytes.truncate(limit);
        let outgoing = &mut self.outgoing;
        self.connection.transmitted(bytes.len(), |tag| {
            outgoing.remove(&tag.0).unwrap();
        });
        self.sent.extend(bytes);
    }

    /// Sends everything. Returns what was sent since the last time.
    pub(crate) fn take_output(&mut self) -> Vec<u8> {
        self.transmit(usize::MAX);
        std::mem::take(&mut self.sent)
    }

    /// What happened since the last time.
    pub(crate) fn take_events(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }
}

/// What [`Shell::connected`] negotiates beyond digests and CPDA.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Settings {
    pub(crate) entries: u16,
    pub(crate) host_alignment_0based: u8,
    pub(crate) max_ready_to_transfer_0based: u32,
    pub(crate) max_host_data_bytes: u32,
    pub(crate) flow_control_disabled: bool,
}

pub(crate) const SETTINGS: Settings = Settings {
    entries: 8,
    host_alignment_0based: 0,
    max_ready_to_transfer_0based: 0,
    max_host_data_bytes: 4096,
    flow_control_disabled: false,
};

/// A Connect with its 1024 bytes.
pub(crate) fn connect(wire: Wire) -> Vec<u8> {
    let mut command = entry(FABRICS, 0, in_capsule(0, 1024));
    command[4] = 1;
    wire.command(&command, &[0; 1024])
}

/// Receives `stream` whole, then cut at each place, then byte by byte, staged and direct, and demands the same events and the same
/// output each time. Returns them.
pub(crate) fn however_cut(new: impl Fn() -> Shell, stream: &[u8]) -> (Vec<Event>, Vec<u8>) {
    let mut whole = new();
    whole.receive(stream);
    let expected = (whole.take_events(), whole.take_output());
    for reception in [Reception::Staged, Reception::Direct] {
        for cut in 0..stream.len() {
            let mut shell = new();
            shell.reception = reception;
            shell.receive(&stream[..cut]);
            shell.receive(&stream[cut..]);
            assert_eq!((shell.take_events(), shell.take_output()), expected, "{reception:?}, cut at {cut}");
        }
        let mut shell = new();
        shell.reception = reception;
        for byte in stream {
            shell.receive(std::slice::from_ref(byte));
        }
        assert_eq!((shell.take_events(), shell.take_output()), expected, "{reception:?}, byte by byte");
    }
    expected
}
