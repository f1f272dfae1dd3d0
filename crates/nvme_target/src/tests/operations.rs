//! Random operations of many hosts on one target, against a model of what must hold after each.
//!
//! A failure prints `SEED=…`; running the test with that variable set repeats it.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{BuildHasher, RandomState};
use std::panic::catch_unwind;
use std::sync::Arc;

use block::{BlockError, Operation};
use nvme::base::command::{AdminOpcode, SglDescriptor, SubmissionQueueEntry};
use nvme::base::property::ControllerConfiguration;
use nvme::fabrics::DisconnectCommand;
use nvme::nvm::NvmOpcode;
use nvme::tcp::CommandTag;
use reactor::clock::Duration;
use rustix::io::Errno;
use zerocopy::IntoBytes;
use zerocopy::little_endian::{U16, U32};

use super::harness::{
    BLOCK_COUNT, Connection, ENABLE, Reply, Request, Sketch, address, namespace, set_configuration, settings,
};
use crate::queue::IoCommand;
use crate::subsystem::{Listener, ListenerKind, Target};
use crate::{ControllerKind, Limits, TargetSettings};

const LAST_BLOCK: u32 = 9_999;
const HOSTS: [&str; 3] = ["a", "b", "c"];
const CONTROLLERS: u16 = 5;
const CONNECTIONS: usize = 24;
const OPERATIONS: usize = 2500;
const WORLDS: u64 = 16;

/// A sequence of numbers that depends on its seed only (splitmix64).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound as u64).unwrap()
    }

    fn one_in(&mut self, bound: usize) -> bool {
        self.below(bound) == 0
    }

    fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }

    fn u8(&mut self) -> u8 {
        self.next().to_le_bytes()[0]
    }

    fn u32(&mut self) -> u32 {
        u32::from_le_bytes(*self.next().to_le_bytes().first_chunk().unwrap())
    }
}

/// What the model knows of a connection.
struct Peer {
    connection: Connection,
    role: Role,
    /// Commands that have had no response yet.
    outstanding: BTreeMap<u16, Outstanding>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Opening,
    Admin {
        controller_id: u16,
        kind: ControllerKind,
    },
    Io {
        controller_id: u16,
        queue_id: u16,
        host: &'static str,
    },
    /// An I/O queue that the host has deleted.
    Deleted,
}

#[derive(Debug, Clone)]
enum Outstanding {
    Held,
    AtDevice(IoCommand),
}

struct World {
    target: Arc<Target>,
    peers: Vec<Peer>,
    random: Random,
}

impl World {
    fn new(seed: u64) -> Self {
        let limits = Limits { controllers: CONTROLLERS, io_queues: 6, ..Limits::default() };
        let target = Target::new(TargetSettings { limits, ..settings() }).unwrap();
        Self { target, peers: Vec::new(), random: Random(seed) }
    }

    fn step(&mut self) {
        if self.peers.is_empty() || (self.peers.len() < CONNECTIONS && self.random.one_in(8)) {
            let listener = self.random.pick(&[ListenerKind::Io, ListenerKind::Io, ListenerKind::Discovery]);
            let connection = Connection::new(&self.target, listener);
            self.peers.push(Peer { connection, role: Role::Opening, outstanding: BTreeMap::new() });
        }
        let index = self.random.below(self.peers.len());
        match self.random.below(100) {
            0..20 => self.connect(index),
            20..28 => self.configure(index),
            28..75 => self.command(index),
            75..90 => self.complete(index),
            90..94 => self.close(index),
            94..97 => self.time(),
            97 => self.disconnect(index),
            _ => self.change_target(),
        }
        self.collect_responses();
    }

    fn connect(&mut self, index: usize) {
        let host = self.random.pick(&HOSTS);
        let controllers = self.target.controllers();
        let id = match controllers.len() {
            0 => 7,
            count => controllers[self.random.below(count)].id,
        };
        let mut request = match self.random.below(4) {
            0 => Request::admin(host),
            1 => Request::discovery(host),
            _ => Request::io(host, id, u16::try_from(self.random.below(9)).unwrap()),
        };
        if self.random.one_in(2) {
            request = request.keep_alive_ms(1000);
        }
        if self.random.one_in(4) {
            let at = self.random.below(64);
            let mut bytes = *request.command.as_entry();
            bytes.as_mut_bytes()[at] ^= 1 << self.random.below(8);
            // Only what still is a Connect gets here; everything else is sent by `command`.
            if bytes.opcode == AdminOpcode::FABRICS.0 && bytes.namespace_id.as_bytes()[0] == 1 {
                request.command = *nvme::fabrics::ConnectCommand::from_entry(&bytes);
            }
        }
        if self.random.one_in(4) {
            let at = self.random.below(1024);
            request.data.as_mut_bytes()[at] ^= 1 << self.random.below(8);
        }
        let taken: BTreeSet<u16> = controllers.iter().map(|controller| controller.id).collect();
        let peer = &mut self.peers[index];
        match request.send(&mut peer.connection) {
            Reply::Connected(_, grant) => {
                assert_eq!(peer.role, Role::Opening);
                assert!(grant.entries >= 2);
                peer.role = if grant.queue_id == 0 {
                    assert!(!taken.contains(&grant.controller_id), "{} is taken", grant.controller_id);
                    let controllers = self.target.controllers();
                    let summary = controllers.iter().find(|summary| summary.id == grant.controller_id).unwrap();
                    Role::Admin { controller_id: grant.controller_id, kind: summary.kind }
                } else {
                    assert!(taken.contains(&grant.controller_id));
                    Role::Io { controller_id: grant.controller_id, queue_id: grant.queue_id, host }
                };
            }
            Reply::Response(response) => assert!(!response.status.is_success()),
            other => panic!("Connect led to {other:?}"),
        }
    }

    fn configure(&mut self, index: usize) {
        let configuration = match self.random.below(6) {
            0 => ControllerConfiguration::default(),
            1 => ENABLE.with_shutdown_notification(self.random.u32() & 3),
            2 => ControllerConfiguration(self.random.u32()),
            _ => ENABLE,
        };
        let peer = &mut self.peers[index];
        match peer.connection.send(&set_configuration(configuration)) {
            Reply::Response(response) => {
                assert!(!response.status.is_success() || matches!(peer.role, Role::Admin { .. }));
            }
            other => panic!("Property Set led to {other:?}"),
        }
    }

    /// An entry that may mean something, or may not.
    fn entry(&mut self) -> SubmissionQueueEntry {
        let random = &mut self.random;
        let opcode = match random.below(4) {
            0 => random.pick(&AdminOpcode::NAMED.iter().map(|opcode| opcode.0).collect::<Vec<_>>()),
            1 => random.pick(&[2, 6, 9, 10, 12, 12, 24]),
            _ => random.pick(&NvmOpcode::NAMED.iter().map(|opcode| opcode.0).collect::<Vec<_>>()),
        };
        let mut entry = SubmissionQueueEntry::new(opcode, random.pick(&[0, 1, 1, 1, 2, 3, 0xffff_ffff]));
        let length = random.pick(&[0, 16, 64, 512, 512, 1024, 2048, 4096, 4096, 1 << 20, u32::MAX]);
        entry.data_pointer = SglDescriptor::transport(length);
        entry.dword10 = U32::new(random.pick(&[0, 1, 2, 3, 5, 7, 11, 15, 0x70, 0x03ff_0004, LAST_BLOCK]));
        entry.dword11 = U32::new(random.pick(&[0, 0, 0, 1, 4, 0x100, 0x0003_0003, u32::MAX]));
        entry.dword12 = U32::new(random.pick(&[0, 0, 1, 3, 7, 0xffff, 0x4000_0000, u32::MAX]));
        if random.one_in(8) {
            let at = random.below(64);
            entry.as_mut_bytes()[at] = random.u8();
        }
        entry
    }

    fn command(&mut self, index: usize) {
        let entry = self.entry();
        let data: Vec<u8> = (0..4096).map(|_| self.random.u8() & 1).collect();
        let peer = &mut self.peers[index];
        let tag = peer.connection.next_command_id();
        let mut reply = peer.connection.send(&entry);
        let length = entry.data_pointer.length.get();
        if let Reply::NeedsData(asked) = reply {
            assert_eq!(asked, length, "what is asked for is what the host offers");
            assert!(asked <= 4096, "{asked} bytes are collected");
            let mut entry = entry;
            entry.command_id = U16::new(tag);
            let disposition =
                peer.connection.queue.data(peer.connection.now, CommandTag(tag), &entry, &data[..asked as usize]);
            reply = super::harness::reply(disposition);
            assert!(!matches!(reply, Reply::NeedsData(_)), "data are asked for once");
        }
        match reply {
            Reply::Response(_) | Reply::NeedsData(_) => {}
            Reply::Data(data, response) => {
                assert!(response.status.is_success() && matches!(peer.role, Role::Admin { .. }));
                assert_eq!(data.len(), length as usize);
            }
            Reply::Held => {
                assert!(matches!(peer.role, Role::Admin { .. }));
                assert!(peer.outstanding.insert(tag, Outstanding::Held).is_none());
            }
            Reply::Io(command) => {
                assert!(matches!(peer.role, Role::Io { .. }), "{:?} took {command:?}", peer.role);
                assert!(!peer.connection.is_closed(), "a queue without a controller took {command:?}");
                check_io(&command, length);
                assert_eq!(command.tag, CommandTag(tag));
                assert!(peer.outstanding.insert(tag, Outstanding::AtDevice(command)).is_none());
            }
            Reply::Connected(..) => panic!("{entry:?} connected"),
            Reply::ResponseAndClose(_) => peer.role = Role::Deleted,
        }
    }

    fn disconnect(&mut self, index: usize) {
        let peer = &mut self.peers[index];
        if let Reply::ResponseAndClose(_) = peer.connection.send(DisconnectCommand::new().as_entry()) {
            assert!(matches!(peer.role, Role::Io { .. } | Role::Deleted));
            peer.role = Role::Deleted;
        }
    }

    /// A device is done with a command.
    fn complete(&mut self, index: usize) {
        let outcome = self.random.below(6);
        let peer = &mut self.peers[index];
        let at_device = peer.outstanding.iter().find_map(|(&tag, outstanding)| match outstanding {
            Outstanding::AtDevice(command) => Some((tag, *command)),
            Outstanding::Held => None,
        });
        let Some((tag, command)) = at_device else { return };
        match outcome {
            0 => {
                let response = peer.connection.queue.io_completed(&command, Err(&BlockError::Io(Errno::IO)));
                assert!(!response.status.is_success());
            }
            1 if matches!(command.operation, Operation::Write { .. }) => peer.connection.queue.io_abandoned(&command),
            _ => {
                if let Some(next) = peer.connection.queue.next_part(&command) {
                    assert!(matches!(next.operation, Operation::Deallocate(_)));
                    peer.outstanding.insert(tag, Outstanding::AtDevice(next));
                    return;
                }
                assert!(peer.connection.complete(&command).status.is_success());
            }
        }
        peer.outstanding.remove(&tag);
        peer.connection.queue.end_pass(peer.connection.now, 0);
    }

    fn close(&mut self, index: usize) {
        let mut peer = self.peers.swap_remove(index);
        peer.connection.close();
        assert!(peer.connection.queue.poll_response().is_none(), "no answers after the end");
    }

    fn time(&mut self) {
        let time = Duration::from_millis(self.random.pick(&[10, 300, 900, 200_000]));
        for peer in &mut self.peers {
            peer.connection.pass(time);
            let now = peer.connection.now;
            if peer.connection.queue.next_deadline().is_some_and(|due| due <= now) {
                peer.connection.queue.handle_timeout(now);
                assert!(peer.connection.queue.next_deadline().is_none_or(|due| due > now), "the timer fires for ever");
            }
        }
    }

    fn change_target(&mut self) {
        match self.random.below(3) {
            0 => {
                let number = u8::try_from(self.random.below(255)).unwrap();
                let device = Sketch { number, ..Sketch::default() };
                let _ = self.target.attach_namespace(namespace(u32::from(number), device));
            }
            1 => {
                // Namespaces 1 and 3 stay, for commands to have somewhere to go.
                let id = 4 + self.random.u32() % 200;
                self.target.detach_namespace(id);
            }
            _ => {
                let port = self.random.below(3);
                let address = address(&format!("192.0.2.1:{}", 4420 + port));
                self.target.set_listeners(vec![Listener { address, kind: ListenerKind::Io }]);
            }
        }
    }

    /// Takes in what held commands are answered with: each once, and only those that are held.
    fn collect_responses(&mut self) {
        for peer in &mut self.peers {
            while let Some((tag, _)) = peer.connection.queue.poll_response() {
                let outstanding = peer.outstanding.remove(&tag.0);
                assert!(
                    matches!(outstanding, Some(Outstanding::Held)),
                    "an answer to {tag:?}, which is {outstanding:?}"
                );
            }
        }
    }

    /// What must hold between any two operations.
    fn check(&self) {
        let mut controllers: BTreeMap<u16, (ControllerKind, BTreeSet<u16>)> = BTreeMap::new();
        for peer in self.peers.iter().filter(|peer| !peer.connection.is_closed()) {
            if let Role::Admin { controller_id, kind } = peer.role {
                assert!(controllers.insert(controller_id, (kind, BTreeSet::new())).is_none(), "two Admin queues");
            }
        }
        for peer in self.peers.iter().filter(|peer| !peer.connection.is_closed()) {
            if let Role::Io { controller_id, queue_id, .. } = peer.role {
                let (kind, queues) = controllers.get_mut(&controller_id).expect("a queue outlives its controller");
                assert_eq!(*kind, ControllerKind::Io);
                assert!(queues.insert(queue_id), "queue {queue_id} is there twice");
            }
        }
        assert!(controllers.len() <= usize::from(CONTROLLERS));
        let summaries = self.target.controllers();
        let found: BTreeMap<_, _> = summaries
            .iter()
            .map(|summary| (summary.id, (summary.kind, summary.io_queues.iter().copied().collect())))
            .collect();
        assert_eq!(found, controllers);
        for peer in &self.peers {
            if let Role::Io { controller_id, host, .. } = peer.role
                && let Some(summary) = summaries.iter().find(|summary| summary.id == controller_id)
            {
                assert!(summary.host_nqn.as_str().ends_with(host), "a queue of another host's controller");
            }
        }
    }

    /// Closes everything; nothing may be left.
    fn end(mut self) {
        while !self.peers.is_empty() {
            self.close(0);
        }
        self.check();
        assert_eq!(Arc::strong_count(&self.target), 1, "nothing holds the target any more");
    }
}

fn check_io(command: &IoCommand, length: u32) {
    match command.operation {
        Operation::Read(range) | Operation::Write { range, .. } => {
            assert_eq!(command.length_bytes, length);
            assert_eq!(u64::from(length), range.block_count * 512);
            assert!(length > 0 && length <= 1 << 20);
            assert!(range.first_block + range.block_count <= BLOCK_COUNT);
        }
        Operation::Deallocate(range) | Operation::WriteZeroes { range, .. } => {
            assert_eq!(command.length_bytes, 0);
            assert!(range.block_count > 0 && range.first_block + range.block_count <= BLOCK_COUNT);
        }
        Operation::Flush => assert_eq!(command.length_bytes, 0),
    }
}

fn run(seed: u64) {
    let mut world = World::new(seed);
    for _ in 0..OPERATIONS {
        world.step();
        world.check();
    }
    world.end();
}

#[test]
fn whatever_hosts_do_the_target_stays_consistent() {
    let given = std::env::var("SEED").ok().map(|seed| seed.parse().unwrap());
    let first = given.unwrap_or_else(|| RandomState::new().hash_one(0));
    let worlds = if given.is_some() { 1 } else { WORLDS };
    for seed in (0..worlds).map(|world| first.wrapping_add(world)) {
        if catch_unwind(|| run(seed)).is_err() {
            panic!("SEED={seed}");
        }
    }
}
