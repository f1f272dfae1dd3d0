//! Bytes are a list of operations of several hosts on one target: connections, commands of any 64 bytes, completions, silence.
//! Whatever they do, each command is answered once, nothing goes to a device that is not within it, and nothing is left.
#![no_main]

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, LazyLock};

use block::{BlockDevice, Operation};
use libfuzzer_sys::fuzz_target;
use nvme::base::command::{SglDescriptor, SubmissionQueueEntry};
use nvme::base::property::{ControllerConfiguration, PropertyOffset};
use nvme::fabrics::{ConnectCommand, ConnectData, Nqn, PropertySet, PropertySize};
use nvme::tcp::CommandTag;
use nvme_target::queue::{ConnectionControl, ConnectionInfo, Disposition, IoCommand, Queue};
use nvme_target::{Limits, ListenerKind, NamespaceSettings, Target, TargetSettings};
use reactor::clock::{Duration, Instant};
use zerocopy::{FromBytes, IntoBytes};

const CONNECTIONS: usize = 8;
const ENABLE: u32 = ControllerConfiguration(0)
    .with_enable(1)
    .with_io_submission_queue_entry_size(6)
    .with_io_completion_queue_entry_size(4)
    .0;

static DEVICE: LazyLock<Arc<dyn BlockDevice>> =
    LazyLock::new(|| block::open("memory:1M", 0).unwrap_or_else(|error| panic!("{error}")));

#[derive(Debug)]
struct Deaf;

impl ConnectionControl for Deaf {
    fn close(&self) {}
    fn wake(&self) {}
}

struct Peer {
    queue: Queue,
    /// Commands that have had no response, with what their device does.
    outstanding: BTreeMap<u16, Option<IoCommand>>,
    next_tag: u16,
}

struct Input<'a>(&'a [u8]);

impl Input<'_> {
    fn byte(&mut self) -> Option<u8> {
        let (&first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(first)
    }

    /// So many bytes, with zeros where the input has ended.
    fn bytes(&mut self, count: usize) -> Vec<u8> {
        let (head, rest) = self.0.split_at(count.min(self.0.len()));
        self.0 = rest;
        let mut bytes = head.to_vec();
        bytes.resize(count, 0);
        bytes
    }
}

fn nqn(text: &str) -> Nqn {
    Nqn::parse(text).unwrap_or_else(|error| panic!("{error}"))
}

fn target() -> Arc<Target> {
    let settings = TargetSettings {
        subsystem_nqn: nqn("nqn.2026-11.com.example:subsystem"),
        serial_number: None,
        namespaces: vec![NamespaceSettings { namespace_id: 1, device: Arc::clone(&DEVICE), uuid: None }],
        limits: Limits { controllers: 3, ..Limits::default() },
        listeners: Vec::new(),
    };
    Target::new(settings).unwrap_or_else(|error| panic!("{error}"))
}

fn connect(input: &mut Input<'_>) -> Option<(SubmissionQueueEntry, ConnectData)> {
    let (kind, queue_id) = (input.byte()?, input.byte()?);
    let host = nqn(if kind & 1 == 0 { "nqn.2026-11.com.example:a" } else { "nqn.2026-11.com.example:b" });
    let subsystem = if kind & 2 == 0 { nqn("nqn.2026-11.com.example:subsystem") } else { Nqn::discovery() };
    let queue_id = u16::from(queue_id % 5);
    let controller_id = if queue_id == 0 { ConnectData::DYNAMIC_CONTROLLER } else { u16::from(kind >> 4) };
    let mut entry = *ConnectCommand::new(queue_id, 31).as_entry();
    entry.data_pointer = SglDescriptor::transport(1024);
    Some((entry, ConnectData::new([kind & 1; 16], controller_id, &subsystem, &host)))
}

fn send(peer: &mut Peer, now: Instant, mut entry: SubmissionQueueEntry, data: impl FnOnce(usize) -> Vec<u8>) {
    let tag = peer.next_tag;
    peer.next_tag = tag.wrapping_add(1);
    entry.command_id = tag.into();
    let length = entry.data_pointer.length.get();
    let mut disposition = peer.queue.command(now, CommandTag(tag), &entry);
    if let Disposition::NeedData { length_bytes } = disposition {
        assert!(length_bytes == length && length <= 4096);
        disposition = peer.queue.data(now, CommandTag(tag), &entry, &data(length as usize));
    }
    let outstanding = match disposition {
        Disposition::NeedData { .. } => panic!("data are asked for once"),
        Disposition::RespondWithData { data, response } => {
            assert!(data.len() == length as usize && response.status.is_success());
            return;
        }
        Disposition::Respond(_) | Disposition::RespondAndClose(_) | Disposition::Connected { .. } => return,
        Disposition::Hold => None,
        Disposition::Io(command) => {
            check(&command, length);
            Some(command)
        }
    };
    // Tags come round after 65536 commands; no input is that long.
    assert!(peer.outstanding.insert(tag, outstanding).is_none());
}

fn check(command: &IoCommand, length: u32) {
    let geometry = DEVICE.geometry();
    if let Some(range) = command.operation.range() {
        assert!(range.first_block.checked_add(range.block_count).is_some_and(|end| end <= geometry.block_count));
    }
    if let Operation::Read(range) | Operation::Write { range, .. } = command.operation {
        assert_eq!(range.block_count * u64::from(geometry.block_size_bytes), u64::from(length));
        assert_eq!(command.length_bytes, length);
    }
}

fn complete(peer: &mut Peer) {
    let Some((&tag, &Some(command))) = peer.outstanding.iter().find(|(_, command)| command.is_some()) else {
        return;
    };
    match peer.queue.next_part(&command) {
        Some(next) => _ = peer.outstanding.insert(tag, Some(next)),
        None => {
            assert!(peer.queue.io_completed(&command, Ok(())).status.is_success());
            peer.outstanding.remove(&tag);
        }
    }
}

fn run(target: &Arc<Target>, input: &mut Input<'_>) -> Option<()> {
    let info = ConnectionInfo {
        local_address: SocketAddr::from((Ipv4Addr::LOCALHOST, 4420)),
        peer_address: SocketAddr::from((Ipv4Addr::LOCALHOST, 50_000)),
        listener: ListenerKind::Io,
    };
    let mut now = reactor::clock::now();
    let mut peers: Vec<Peer> = Vec::new();
    while let Some(operation) = input.byte() {
        if peers.is_empty() || (operation == 0 && peers.len() < CONNECTIONS) {
            let queue = Queue::new(Arc::clone(target), info, Arc::new(Deaf));
            peers.push(Peer { queue, outstanding: BTreeMap::new(), next_tag: 0 });
        }
        let index = usize::from(input.byte()?) % peers.len();
        let peer = peers.get_mut(index)?;
        match operation % 8 {
            0 | 1 => {
                let (entry, data) = connect(input)?;
                send(peer, now, entry, |_| data.as_bytes().to_vec());
            }
            2 => {
                let offset = PropertyOffset::CONTROLLER_CONFIGURATION;
                let command = PropertySet::new(offset, PropertySize::FOUR_BYTES, ENABLE.into());
                send(peer, now, *command.as_entry(), |_| Vec::new());
            }
            3..=5 => {
                let entry = SubmissionQueueEntry::read_from_bytes(&input.bytes(64)).ok()?;
                send(peer, now, entry, |length| input.bytes(length));
            }
            6 => complete(peer),
            _ if operation & 8 == 0 => {
                peer.queue.closed(now);
                peers.swap_remove(index);
            }
            _ => {
                now += Duration::from_secs(200);
                peer.queue.handle_timeout(now);
                peer.queue.end_pass(now, 0);
                assert!(peer.queue.next_deadline().is_none_or(|due| due > now));
            }
        }
        for peer in &mut peers {
            while let Some((tag, _)) = peer.queue.poll_response() {
                assert!(matches!(peer.outstanding.remove(&tag.0), Some(None)), "{tag:?} was not held");
            }
        }
        assert!(target.controllers().len() <= 3);
    }
    for peer in &mut peers {
        peer.queue.closed(now);
    }
    Some(())
}

fuzz_target!(|bytes: &[u8]| {
    let target = target();
    let ended = run(&target, &mut Input(bytes));
    // A list that breaks off drops its connections without saying so.
    if ended.is_some() {
        assert!(target.controllers().is_empty());
        assert_eq!(Arc::strong_count(&target), 1);
    }
});
