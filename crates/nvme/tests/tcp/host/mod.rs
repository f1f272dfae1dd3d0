//! The host's connection seen from outside. [`Shell`] does what a host does around it: it has the data of the commands, acts on
//! events at once, and notes what happened.

mod faults;
mod fuzz;
mod transfers;

use std::collections::BTreeMap;

use nvme::base::command::SubmissionQueueEntry;
use nvme::tcp::{
    CommandTag, Fault, HostCompletion, HostConnection, HostData, HostInput, HostOptions, OutputSegment, PayloadRange,
};

use crate::wire::{Wire, crc32c, initialize_response};

pub(crate) const ENTRIES: u16 = 8;
pub(crate) const IN_CAPSULE_BYTES: u32 = 8192;
pub(crate) const MAX_HOST_DATA_BYTES: u32 = 4096;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    Established,
    Completed(u16, HostCompletion),
    Terminated { status: u16, information: u32 },
    Faulty(Fault),
}

/// How bytes are handed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reception {
    /// All of them to `next_input`.
    Staged,
    /// As many as possible past the connection.
    Direct,
}

pub(crate) struct Shell {
    pub(crate) connection: HostConnection,
    pub(crate) data: BTreeMap<u16, Vec<u8>>,
    pub(crate) events: Vec<Event>,
    /// Parts that the controller asked for.
    pub(crate) wanted: Vec<PayloadRange>,
    pub(crate) sent: Vec<u8>,
}

impl Shell {
    pub(crate) fn new(options: HostOptions) -> Self {
        let mut connection = HostConnection::new(options);
        connection.configure_queue(ENTRIES, IN_CAPSULE_BYTES);
        Self { connection, data: BTreeMap::new(), events: vec![], wanted: vec![], sent: vec![] }
    }

    /// After a negotiation in which both sides got what `wire` says, and up to two R2Ts a command.
    pub(crate) fn connected(wire: Wire) -> Self {
        let alignment = u8::try_from(wire.alignment / 4 - 1).unwrap();
        let mut shell = Self::new(HostOptions {
            header_digest: wire.header_digest,
            data_digest: wire.data_digest,
            data_alignment_0based: alignment,
            max_ready_to_transfer_0based: 1,
        });
        shell.receive(&initialize_response(alignment, digests(wire), MAX_HOST_DATA_BYTES), Reception::Staged);
        shell.transmit(usize::MAX);
        assert_eq!(shell.events, [Event::Established]);
        shell.events.clear();
        shell.sent.clear();
        shell
    }

    pub(crate) fn submit(&mut self, tag: u16, opcode: u8, data: HostData, bytes: Vec<u8>) {
        let entry = SubmissionQueueEntry::new(opcode, 1);
        self.connection.submit(CommandTag(tag), &entry, data, |range| crc32c(part(&bytes, range)));
        self.data.insert(tag, bytes);
    }

    pub(crate) fn read(&mut self, tag: u16, length: u32) {
        self.submit(tag, 2, HostData::Read { length }, vec![0xa5; length as usize]);
    }

    pub(crate) fn write(&mut self, tag: u16, bytes: Vec<u8>) {
        let length = u32::try_from(bytes.len()).unwrap();
        self.submit(tag, 1, HostData::Write { length }, bytes);
    }

    pub(crate) fn receive(&mut self, mut bytes: &[u8], reception: Reception) {
        loop {
            if reception == Reception::Direct
                && !bytes.is_empty()
                && let Some(range) = self.connection.direct_payload()
            {
                let (taken, rest) = bytes.split_at(bytes.len().min(range.length as usize));
                bytes = rest;
                self.place(range.tag, range.offset, taken);
                if let Some(input) = self.connection.received_direct(u32::try_from(taken.len()).unwrap()) {
                    self.input(input);
                }
            }
            match self.connection.next_input(&mut bytes) {
                Ok(Some(input)) => self.input(input),
                Ok(None) => return assert!(bytes.is_empty()),
                Err(fault) => {
                    self.connection.terminate(&fault);
                    return self.events.push(Event::Faulty(fault));
                }
            }
        }
    }

    fn input(&mut self, input: HostInput<'_>) {
        match input {
            HostInput::Established => self.events.push(Event::Established),
            HostInput::Payload { range, bytes } => {
                assert_eq!(range.length as usize, bytes.len());
                self.place(range.tag, range.offset, bytes);
            }
            HostInput::DataWanted { range } => {
                self.wanted.push(range);
                let data = &self.data[&range.tag.0];
                self.connection.send_data(range, |piece| crc32c(part(data, piece)));
            }
            HostInput::Completed { tag, completion } => self.events.push(Event::Completed(tag.0, completion)),
            HostInput::ControllerTerminated { fes, fei } => {
                self.events.push(Event::Terminated { status: fes.0, information: fei });
            }
        }
    }

    fn place(&mut self, tag: CommandTag, offset: u32, bytes: &[u8]) {
        self.data.get_mut(&tag.0).unwrap()[offset as usize..][..bytes.len()].copy_from_slice(bytes);
    }

    /// Sends up to `count` bytes of the output.
    pub(crate) fn transmit(&mut self, count: usize) {
        let mut output = Vec::new();
        for segment in self.connection.pending_output() {
            match segment {
                OutputSegment::Bytes(bytes) => output.extend_from_slice(bytes),
                OutputSegment::Payload(range) => output.extend_from_slice(part(&self.data[&range.tag.0], range)),
            }
        }
        assert_eq!(output.len(), self.connection.pending_output_bytes());
        output.truncate(count);
        let events = &mut self.events;
        self.connection.transmitted(output.len(), |tag, completion| events.push(Event::Completed(tag.0, completion)));
        self.sent.append(&mut output);
    }

    /// Everything that was and would be sent, and what happened.
    pub(crate) fn outcome(mut self) -> (Vec<Event>, Vec<u8>, BTreeMap<u16, Vec<u8>>) {
        self.transmit(usize::MAX);
        (self.events, self.sent, self.data)
    }
}

fn part(data: &[u8], range: PayloadRange) -> &[u8] {
    &data[range.offset as usize..][..range.length as usize]
}

pub(crate) fn digests(wire: Wire) -> u8 {
    u8::from(wire.header_digest) | u8::from(wire.data_digest) << 1
}

/// Runs `stream` through shells made by `new`, whole, byte by byte and cut in two at every place, staged and past the connection. All
/// come to the same, which is returned.
pub(crate) fn however_cut(new: impl Fn() -> Shell, stream: &[u8]) -> (Vec<Event>, Vec<u8>, BTreeMap<u16, Vec<u8>>) {
    let mut whole = new();
    whole.receive(stream, Reception::Staged);
    let expected = whole.outcome();
    for reception in [Reception::Staged, Reception::Direct] {
        let mut bytewise = new();
        for byte in stream.chunks(1) {
            if !matches!(bytewise.events.last(), Some(Event::Faulty(_))) {
                bytewise.receive(byte, reception);
            }
        }
        assert_eq!(bytewise.outcome(), expected, "byte by byte, {reception:?}");
        for cut in 0..=stream.len() {
            let mut shell = new();
            shell.receive(&stream[..cut], reception);
            if !matches!(shell.events.last(), Some(Event::Faulty(_))) {
                shell.receive(&stream[cut..], reception);
            }
            assert_eq!(shell.outcome(), expected, "cut at {cut}, {reception:?}");
        }
    }
    expected
}
