//! Both ends of a connection against each other: a host that writes and reads, a controller with a small disk, and a wire between
//! them that cuts at random and, where digests are on, flips bits. Commands never end well with wrong data. A failure names its seed;
//! `SEED=n` runs that one alone.

use std::collections::{BTreeMap, VecDeque};

use nvme::base::command::{AdminOpcode, SubmissionQueueEntry};
use nvme::base::status::Status;
use nvme::nvm::NvmOpcode;
use nvme::tcp::digest::crc32c;
use nvme::tcp::{
    CommandData, CommandTag, ControllerConnection, ControllerInput, ControllerOptions, HostCompletion, HostConnection,
    HostData, HostInput, HostOptions, OutputSegment, PayloadRange, Response,
};

use crate::fuzz::{Random, seeds};

/// Each command of the host has a part of the disk to itself, so that what it reads is known whatever the order.
const REGION_BYTES: usize = 20_000;
const ENTRIES: u16 = 6;

/// One direction of the wire.
#[derive(Debug, Default)]
struct Pipe {
    bytes: VecDeque<u8>,
    /// One in so many bytes gets a bit flipped; 0: none.
    flip_one_in: usize,
    flipped: usize,
}

impl Pipe {
    fn push(&mut self, random: &mut Random, bytes: &[u8]) {
        for &byte in bytes {
            let flip = self.flip_one_in > 0 && random.one_in(self.flip_one_in);
            self.flipped += usize::from(flip);
            self.bytes.push_back(if flip { byte ^ 1 << random.below(8) } else { byte });
        }
    }

    fn pull(&mut self, random: &mut Random) -> Vec<u8> {
        let most = if random.one_in(2) { 40 } else { 30_000 };
        let count = random.below(most + 1).min(self.bytes.len());
        self.bytes.drain(..count).collect()
    }
}

fn flatten<'c>(segments: impl Iterator<Item = OutputSegment<'c>>, data: impl Fn(PayloadRange) -> Vec<u8>) -> Vec<u8> {
    let mut bytes = Vec::new();
    for segment in segments {
        match segment {
            OutputSegment::Bytes(segment) => bytes.extend_from_slice(segment),
            OutputSegment::Payload(range) => bytes.extend(data(range)),
        }
    }
    bytes
}

fn part(data: &[u8], range: PayloadRange) -> &[u8] {
    &data[range.offset as usize..][..range.length as usize]
}

fn place(data: &mut [u8], range: PayloadRange, bytes: &[u8]) {
    data[range.offset as usize..][..bytes.len()].copy_from_slice(bytes);
}

// ------------------------------------------------------------------ controller

#[derive(Debug)]
struct ReadyCommand {
    tag: CommandTag,
    entry: SubmissionQueueEntry,
    written: Option<Written>,
}

#[derive(Debug)]
struct Written {
    data: Vec<u8>,
    intact: bool,
}

#[derive(Debug)]
struct Controller {
    connection: ControllerConnection,
    disk: Vec<u8>,
    in_capsule_bytes: u32,
    flow_control_disabled: bool,
    /// Data of a command on their way in.
    incoming: BTreeMap<CommandTag, (SubmissionQueueEntry, Vec<u8>)>,
    outgoing: BTreeMap<CommandTag, Vec<u8>>,
    /// Commands to be carried out; writes with their data.
    ready: Vec<ReadyCommand>,
    over: bool,
}

impl Controller {
    fn receive(&mut self, mut bytes: &[u8], direct: bool) {
        while !self.over {
            if direct
                && !bytes.is_empty()
                && let Some(range) = self.connection.direct_payload()
            {
                let (taken, rest) = bytes.split_at(bytes.len().min(range.length as usize));
                bytes = rest;
                place(&mut self.incoming.get_mut(&range.tag).unwrap().1, range, taken);
                if let Some(input) = self.connection.received_direct(u32::try_from(taken.len()).unwrap()) {
                    self.input(input);
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

    fn input(&mut self, input: ControllerInput<'_>) {
        match input {
            ControllerInput::Established => {}
            ControllerInput::Command { tag, entry, data } => match data {
                CommandData::InCapsule { length } => {
                    self.incoming.insert(tag, (entry, vec![0; length as usize]));
                }
                CommandData::Transport { length } if entry.opcode == NvmOpcode::WRITE.0 => {
                    self.incoming.insert(tag, (entry, vec![0; length as usize]));
                    self.connection.request_data(tag);
                }
                CommandData::Transport { .. } | CommandData::None => {
                    self.ready.push(ReadyCommand { tag, entry, written: None })
                }
            },
            ControllerInput::Payload { range, bytes } => {
                place(&mut self.incoming.get_mut(&range.tag).unwrap().1, range, bytes);
            }
            ControllerInput::DataComplete { tag, intact } => {
                let (entry, data) = self.incoming.remove(&tag).unwrap();
                self.ready.push(ReadyCommand { tag, entry, written: Some(Written { data, intact }) });
            }
            ControllerInput::Rejected { status, .. } => panic!("refused a good command: {status}"),
            ControllerInput::HostTerminated { .. } => self.over = true,
        }
    }

    fn carry_out(&mut self, random: &mut Random) {
        if self.ready.is_empty() || self.over {
            return;
        }
        let ReadyCommand { tag, entry, written } = self.ready.swap_remove(random.below(self.ready.len()));
        let respond = |status| Response { result: 0, status };
        let (start, length) = (entry.dword10.get() as usize, entry.dword12.get() as usize);
        match written {
            Some(Written { intact: false, .. }) => {
                self.connection.complete(tag, respond(Status::TRANSIENT_TRANSPORT_ERROR))
            }
            Some(_) if entry.opcode == AdminOpcode::FABRICS.0 => {
                self.connection.complete(tag, respond(Status::SUCCESS));
                self.connection.configure_queue(ENTRIES, self.in_capsule_bytes, self.flow_control_disabled);
            }
            Some(Written { data, intact: true }) => {
                assert_eq!(data.len(), length);
                self.disk[start..start + length].copy_from_slice(&data);
                self.connection.complete(tag, respond(Status::SUCCESS));
            }
            None if entry.opcode == NvmOpcode::READ.0 => {
                let data = self.disk[start..start + length].to_vec();
                let digest = self.connection.data_digest().then(|| crc32c(&data));
                self.outgoing.insert(tag, data);
                self.connection.send_data(tag, entry.dword12.get(), digest, respond(Status::SUCCESS));
            }
            None => self.connection.complete(tag, respond(Status::SUCCESS)),
        }
    }

    fn transmit(&mut self, random: &mut Random, pipe: &mut Pipe) {
        let bytes = flatten(self.connection.pending_output(), |range| part(&self.outgoing[&range.tag], range).to_vec());
        let count = random.below(bytes.len() + 1);
        pipe.push(random, &bytes[..count]);
        let outgoing = &mut self.outgoing;
        self.connection.transmitted(count, |tag| assert!(outgoing.remove(&tag).is_some()));
    }
}

// ------------------------------------------------------------------------ host

#[derive(Debug)]
struct Operation {
    write: bool,
    /// Where in the tag's region.
    start: usize,
    data: Vec<u8>,
}

#[derive(Debug)]
struct Host {
    connection: HostConnection,
    established: bool,
    connected: bool,
    /// What the disk has in each tag's region.
    regions: Vec<Vec<u8>>,
    operations: BTreeMap<CommandTag, Operation>,
    in_capsule_bytes: u32,
    succeeded: usize,
    failed: usize,
    over: bool,
}

impl Host {
    fn submit(&mut self, random: &mut Random) {
        if self.over || !self.established {
            return;
        }
        if !self.connected {
            if self.operations.is_empty() {
                self.connection.configure_queue(1, 8192);
                let entry = SubmissionQueueEntry::new(AdminOpcode::FABRICS.0, 1);
                self.start(CommandTag(0), entry, Operation { write: true, start: 0, data: vec![0; 1024] });
            }
            return;
        }
        let tag = CommandTag(u16::try_from(random.below(usize::from(ENTRIES))).unwrap());
        if self.operations.contains_key(&tag) {
            return;
        }
        let (write, start) = (random.one_in(2), random.below(REGION_BYTES / 2) / 4 * 4);
        let most = if random.one_in(2) { 100 } else { (REGION_BYTES - start) / 4 };
        let length = random.below(most) * 4;
        let data = (0..length).map(|_| if write { random.next().to_le_bytes()[0] } else { 0 }).collect();
        let opcode = if length == 0 {
            NvmOpcode::FLUSH
        } else if write {
            NvmOpcode::WRITE
        } else {
            NvmOpcode::READ
        };
        let mut entry = SubmissionQueueEntry::new(opcode.0, 1);
        entry.dword10.set(u32::try_from(usize::from(tag.0) * REGION_BYTES + start).unwrap());
        entry.dword12.set(u32::try_from(length).unwrap());
        self.start(tag, entry, Operation { write, start, data });
    }

    fn start(&mut self, tag: CommandTag, entry: SubmissionQueueEntry, operation: Operation) {
        let length = u32::try_from(operation.data.len()).unwrap();
        let data = match operation.write {
            _ if length == 0 => HostData::None,
            true => HostData::Write { length },
            false => HostData::Read { length },
        };
        self.connection.submit(tag, &entry, data, |range| crc32c(part(&operation.data, range)));
        self.operations.insert(tag, operation);
    }

    fn receive(&mut self, mut bytes: &[u8], direct: bool) {
        while !self.over {
            if direct
                && !bytes.is_empty()
                && let Some(range) = self.connection.direct_payload()
            {
                let (taken, rest) = bytes.split_at(bytes.len().min(range.length as usize));
                bytes = rest;
                place(&mut self.operations.get_mut(&range.tag).unwrap().data, range, taken);
                if let Some(input) = self.connection.received_direct(u32::try_from(taken.len()).unwrap()) {
                    self.input(input);
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

    fn input(&mut self, input: HostInput<'_>) {
        match input {
            HostInput::Established => self.established = true,
            HostInput::Payload { range, bytes } => {
                place(&mut self.operations.get_mut(&range.tag).unwrap().data, range, bytes);
            }
            HostInput::DataWanted { range } => {
                let data = &self.operations[&range.tag].data;
                self.connection.send_data(range, |range| crc32c(part(data, range)));
            }
            HostInput::Completed { tag, completion } => self.completed(tag, completion),
            HostInput::ControllerTerminated { .. } => self.over = true,
        }
    }

    fn completed(&mut self, tag: CommandTag, completion: HostCompletion) {
        let operation = self.operations.remove(&tag).unwrap();
        if !completion.entry.status().is_success() || !completion.data_intact {
            self.failed += 1;
            return;
        }
        if !self.connected {
            self.connection.configure_queue(ENTRIES, self.in_capsule_bytes);
            self.connected = true;
            return;
        }
        let known = &mut self.regions[usize::from(tag.0)][operation.start..][..operation.data.len()];
        if operation.write {
            known.copy_from_slice(&operation.data);
        } else {
            assert_eq!(completion.data_received as usize, operation.data.len());
            assert!(known == operation.data, "read wrong data and was told that they are right");
        }
        self.succeeded += 1;
    }

    fn transmit(&mut self, random: &mut Random, pipe: &mut Pipe) {
        let bytes =
            flatten(self.connection.pending_output(), |range| part(&self.operations[&range.tag].data, range).to_vec());
        let count = random.below(bytes.len() + 1);
        pipe.push(random, &bytes[..count]);
        let mut completions = Vec::new();
        self.connection.transmitted(count, |tag, completion| completions.push((tag, completion)));
        for (tag, completion) in completions {
            self.completed(tag, completion);
        }
    }
}

// ------------------------------------------------------------------------ pair

#[derive(Debug)]
struct Pair {
    host: Host,
    controller: Controller,
    to_controller: Pipe,
    to_host: Pipe,
}

impl Pair {
    fn new(random: &mut Random, digests: [bool; 2]) -> Self {
        let disk: Vec<u8> = (0..usize::from(ENTRIES) * REGION_BYTES).map(|_| random.next().to_le_bytes()[0]).collect();
        let alignment = |random: &mut Random| u8::try_from(random.below(32)).unwrap();
        let host_options = HostOptions {
            header_digest: digests[0],
            data_digest: digests[1],
            data_alignment_0based: alignment(random),
            max_ready_to_transfer_0based: u32::try_from(random.below(4)).unwrap(),
        };
        let controller_options = ControllerOptions {
            header_digest: true,
            data_digest: true,
            controller_pda: alignment(random),
            max_h2c_data_bytes: 4096 + u32::try_from(random.below(3000) * 4).unwrap(),
        };
        let in_capsule_bytes = if random.one_in(2) { 0 } else { 8192 };
        Self {
            host: Host {
                connection: HostConnection::new(host_options),
                established: false,
                connected: false,
                regions: disk.chunks(REGION_BYTES).map(<[u8]>::to_vec).collect(),
                operations: BTreeMap::new(),
                in_capsule_bytes,
                succeeded: 0,
                failed: 0,
                over: false,
            },
            controller: Controller {
                connection: ControllerConnection::new(controller_options),
                disk,
                in_capsule_bytes,
                flow_control_disabled: random.one_in(2),
                incoming: BTreeMap::new(),
                outgoing: BTreeMap::new(),
                ready: Vec::new(),
                over: false,
            },
            to_controller: Pipe::default(),
            to_host: Pipe::default(),
        }
    }

    fn step(&mut self, random: &mut Random, submit: bool) {
        match random.below(6) {
            0 if submit => self.host.submit(random),
            0 | 1 => self.host.transmit(random, &mut self.to_controller),
            2 => self.controller.transmit(random, &mut self.to_host),
            3 => {
                let direct = random.one_in(2);
                self.controller.receive(&self.to_controller.pull(random), direct);
            }
            4 => {
                let direct = random.one_in(2);
                self.host.receive(&self.to_host.pull(random), direct);
            }
            _ => self.controller.carry_out(random),
        }
    }

    /// Runs until the host has done so many commands and nothing is under way, or one end has ended the connection.
    fn run(&mut self, random: &mut Random, commands: usize) {
        for _ in 0..200_000 {
            if self.host.over || self.controller.over {
                return;
            }
            let enough = self.host.succeeded + self.host.failed >= commands;
            if enough && self.host.operations.is_empty() {
                return;
            }
            self.step(random, !enough);
        }
        panic!("stuck: {self:?}");
    }
}

#[test]
fn a_host_and_a_controller_understand_each_other() {
    for seed in seeds(300) {
        let result = std::panic::catch_unwind(|| {
            let mut random = Random(seed);
            let digests = [random.one_in(2), random.one_in(2)];
            let mut pair = Pair::new(&mut random, digests);
            pair.run(&mut random, 30);
            assert!(!pair.host.over && !pair.controller.over);
            assert_eq!(pair.host.failed, 0);
            assert_eq!(pair.controller.disk, pair.host.regions.concat());
            assert!(!pair.host.connection.header_digest() || digests[0]);
            assert_eq!(pair.controller.connection.data_digest(), digests[1]);
            assert!(!pair.controller.connection.awaits_host());
        });
        assert!(result.is_ok(), "SEED={seed}");
    }
}

#[test]
fn flipped_bits_are_never_taken_for_data() {
    let (mut ended, mut failed, mut unharmed) = (0, 0, 0);
    for seed in seeds(1000) {
        let result = std::panic::catch_unwind(|| {
            let mut random = Random(seed);
            let mut pair = Pair::new(&mut random, [true, true]);
            while !pair.host.connected {
                pair.step(&mut random, true);
            }
            // From here on: ICReq and ICResp are not protected.
            pair.to_controller.flip_one_in = 30_000;
            pair.to_host.flip_one_in = 30_000;
            pair.run(&mut random, 30);
            let over = pair.host.over || pair.controller.over;
            if !over && pair.host.failed == 0 {
                assert_eq!(pair.controller.disk, pair.host.regions.concat());
            }
            let flipped = pair.to_controller.flipped + pair.to_host.flipped;
            assert!(flipped > 0 || !over && pair.host.failed == 0, "failed without a reason");
            (over, pair.host.failed, flipped)
        });
        let Ok((over, failures, flipped)) = result else { panic!("SEED={seed}") };
        ended += usize::from(over);
        failed += failures;
        unharmed += usize::from(flipped == 0);
    }
    if std::env::var("SEED").is_err() {
        assert!(ended > 10 && failed > 100 && unharmed > 10, "{ended} ended, {failed} failed, {unharmed} unharmed");
    }
}
