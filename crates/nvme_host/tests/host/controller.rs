//! A small controller with one namespace in memory. It is right in everything but what its [`Script`] says.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use nvme::base::command::{AdminOpcode, SubmissionQueueEntry};
use nvme::base::feature::{FeatureIdentifier, NumberOfQueues, SetFeatures};
use nvme::base::identify::{
    Identify, IdentifyController, IdentifyDataStructure, IdentifyNamespace, LbaFormat, NamespaceIdentifier,
    NamespaceList, namespace_descriptors,
};
use nvme::base::log_page::{GetLogPage, LogPageOffset};
use nvme::base::property::{Capabilities, ControllerConfiguration, ControllerStatus, PropertyOffset, Version};
use nvme::base::status::Status;
use nvme::fabrics::{ConnectCommand, ConnectResult, FabricsCommandType, Nqn, PropertyGet, PropertySet};
use nvme::nvm::{NvmOpcode, ReadWrite};
use nvme::tcp::digest::crc32c;
use nvme::tcp::{
    CommandData, CommandTag, ControllerConnection, ControllerInput, ControllerOptions, OutputSegment, PayloadRange,
    Response,
};
use nvme_host::{ConnectOptions, HostIdentity};
use reactor::clock::Duration;
use zerocopy::{FromZeros, IntoBytes};

pub(crate) const BLOCK_BYTES: usize = 512;
pub(crate) const BLOCKS: usize = 4096;
pub(crate) const UUID: [u8; 16] = *b"sixteen bytes in";
pub(crate) const SUBSYSTEM: &str = "nqn.2026-11.com.example:test";
const CONTROLLER_ID: u16 = 0x0102;
/// Number of I/O queues that the controller grants.
pub(crate) const QUEUES: u16 = 2;

/// What the controller does that a usual one would not.
#[derive(Clone, Debug, Default)]
pub(crate) struct Script {
    /// Closes the connection instead of answering an I/O command, once for each of these: after so many I/O commands.
    pub(crate) close_after: Vec<usize>,
    /// Leaves I/O commands unanswered.
    pub(crate) silent: bool,
    /// Reads the ICReq and says nothing.
    pub(crate) mute: bool,
    /// Answers Connect for this queue with this.
    pub(crate) connect_result: Option<(u16, ConnectResult)>,
    /// CSTS never says ready.
    pub(crate) never_ready: bool,
    /// CSTS says fatal.
    pub(crate) fatal: bool,
    /// Sends half of the data of a read, and success.
    pub(crate) half_reads: bool,
    /// Sends data of reads with a digest of something else.
    pub(crate) wrong_digests: bool,
    /// Answers I/O commands with bytes that are no PDU.
    pub(crate) gibberish: bool,
    /// Answers reads from this block on with an error.
    pub(crate) bad_from_block: Option<u64>,
    /// The discovery log pages: one after another, from the header of the next on; the last one stays.
    pub(crate) discovery_pages: Vec<Vec<u8>>,
}

/// What the controller saw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Seen {
    KeepAlive,
    ShutdownNormal,
    HostTerminated,
}

#[derive(Debug)]
struct Shared {
    script: Script,
    disk: Mutex<Vec<u8>>,
    io_commands: Mutex<usize>,
    closings: Mutex<Vec<usize>>,
    discovery_headers_read: Mutex<usize>,
    streams: Mutex<Vec<TcpStream>>,
    seen: Mutex<Sender<Seen>>,
}

/// A running controller. Ends with the value.
pub(crate) struct Controller {
    pub(crate) address: SocketAddr,
    shared: Arc<Shared>,
    seen: Receiver<Seen>,
    accepting: Option<JoinHandle<()>>,
}

impl Controller {
    pub(crate) fn start(script: Script) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let (sender, seen) = channel();
        let shared = Arc::new(Shared {
            closings: Mutex::new(script.close_after.clone()),
            script,
            disk: Mutex::new(vec![0; BLOCKS * BLOCK_BYTES]),
            io_commands: Mutex::new(0),
            discovery_headers_read: Mutex::new(0),
            streams: Mutex::new(Vec::new()),
            seen: Mutex::new(sender),
        });
        let accepting = std::thread::spawn({
            let shared = Arc::clone(&shared);
            move || accept(&listener, &shared)
        });
        Self { address, shared, seen, accepting: Some(accepting) }
    }

    /// Usual terms, with time limits that a test can wait for.
    pub(crate) fn options(&self) -> ConnectOptions {
        let host = HostIdentity::random().unwrap();
        ConnectOptions {
            keep_alive_timeout: Duration::ZERO,
            ..ConnectOptions::new(self.address, Nqn::parse(SUBSYSTEM).unwrap(), host)
        }
    }

    /// Waits for the next thing that the controller sees.
    pub(crate) fn next_seen(&self) -> Seen {
        self.seen.recv_timeout(Duration::from_secs(20)).expect("the controller sees something")
    }

    pub(crate) fn disk(&self) -> std::sync::MutexGuard<'_, Vec<u8>> {
        self.shared.disk.lock().unwrap()
    }

    pub(crate) fn io_commands(&self) -> usize {
        *self.shared.io_commands.lock().unwrap()
    }
}

impl Drop for Controller {
    fn drop(&mut self) {
        // A connection that says nothing wakes the accepting thread, which finds that it is the only one left to ask.
        self.shared.closings.lock().unwrap().push(usize::MAX);
        drop(TcpStream::connect(self.address));
        for stream in self.shared.streams.lock().unwrap().drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
        if let Some(thread) = self.accepting.take() {
            let _ = thread.join();
        }
    }
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    for stream in listener.incoming() {
        if shared.closings.lock().unwrap().contains(&usize::MAX) {
            return;
        }
        let stream = stream.unwrap();
        stream.set_nodelay(true).unwrap();
        shared.streams.lock().unwrap().push(stream.try_clone().unwrap());
        let shared = Arc::clone(shared);
        std::thread::spawn(move || Connection::new(stream, shared).serve());
    }
}

struct Connection {
    stream: TcpStream,
    shared: Arc<Shared>,
    protocol: ControllerConnection,
    /// Data of writes on their way in.
    incoming: BTreeMap<CommandTag, (SubmissionQueueEntry, Vec<u8>)>,
    /// Data of reads on their way out.
    outgoing: BTreeMap<CommandTag, Vec<u8>>,
    enabled: bool,
    shut_down: bool,
    is_admin: bool,
    over: bool,
}

const SUCCESS: Response = Response { result: 0, status: Status::SUCCESS };

impl Connection {
    fn new(stream: TcpStream, shared: Arc<Shared>) -> Self {
        let options =
            ControllerOptions { header_digest: true, data_digest: true, controller_pda: 1, max_h2c_data_bytes: 8192 };
        Self {
            stream,
            shared,
            protocol: ControllerConnection::new(options),
            incoming: BTreeMap::new(),
            outgoing: BTreeMap::new(),
            enabled: false,
            shut_down: false,
            is_admin: true,
            over: false,
        }
    }

    fn serve(mut self) {
        let mut staging = vec![0; 65536];
        while !self.over {
            let count = match self.stream.read(&mut staging) {
                Ok(0) | Err(_) => break,
                Ok(count) => count,
            };
            if self.shared.script.mute {
                continue;
            }
            self.receive(&staging[..count]);
            if self.transmit().is_err() {
                break;
            }
        }
        let _ = self.stream.shutdown(Shutdown::Both);
    }

    fn receive(&mut self, mut bytes: &[u8]) {
        while !self.over {
            // The events borrow the bytes only, so they can be acted on at once.
            match self.protocol.next_input(&mut bytes) {
                Ok(Some(input)) => self.input(input),
                Ok(None) => return,
                Err(fault) => panic!("the host broke the protocol: {fault}"),
            }
        }
    }

    fn transmit(&mut self) -> std::io::Result<()> {
        let mut output = Vec::new();
        for segment in self.protocol.pending_output() {
            match segment {
                OutputSegment::Bytes(bytes) => output.extend_from_slice(bytes),
                OutputSegment::Payload(range) => output.extend_from_slice(part(&self.outgoing[&range.tag], range)),
            }
        }
        let outgoing = &mut self.outgoing;
        self.protocol.transmitted(output.len(), |tag| drop(outgoing.remove(&tag)));
        self.stream.write_all(&output)
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
                    self.protocol.request_data(tag);
                }
                CommandData::Transport { length } => self.command(tag, &entry, &[], length as usize),
                CommandData::None => self.command(tag, &entry, &[], 0),
            },
            ControllerInput::Payload { range, bytes } => {
                let (_, data) = self.incoming.get_mut(&range.tag).unwrap();
                data[range.offset as usize..][..bytes.len()].copy_from_slice(bytes);
            }
            ControllerInput::DataComplete { tag, intact } => {
                assert!(intact, "the host's data match their digest");
                let (entry, data) = self.incoming.remove(&tag).unwrap();
                self.command(tag, &entry, &data, 0);
            }
            ControllerInput::Rejected { entry, status, .. } => panic!("a malformed command {entry:?}: {status}"),
            ControllerInput::HostTerminated { .. } => {
                self.saw(Seen::HostTerminated);
                self.over = true;
            }
        }
    }

    fn saw(&self, seen: Seen) {
        let _ = self.shared.seen.lock().unwrap().send(seen);
    }

    fn complete(&mut self, tag: CommandTag, result: u64, status: Status) {
        self.protocol.complete(tag, Response { result, status });
    }

    fn send(&mut self, tag: CommandTag, data: &[u8]) {
        let mut digest = crc32c(data);
        if self.shared.script.wrong_digests && !self.is_admin {
            digest ^= 1;
        }
        let digest = self.protocol.data_digest().then_some(digest);
        self.protocol.send_data(tag, u32::try_from(data.len()).unwrap(), digest, SUCCESS);
        self.outgoing.insert(tag, data.to_vec());
    }

    fn command(&mut self, tag: CommandTag, entry: &SubmissionQueueEntry, data: &[u8], length: usize) {
        if entry.opcode == AdminOpcode::FABRICS.0 {
            self.fabrics(tag, entry);
        } else if self.is_admin {
            self.admin(tag, entry, length);
        } else {
            self.io(tag, entry, data, length);
        }
    }

    // ------------------------------------------------------------------ fabrics

    fn fabrics(&mut self, tag: CommandTag, entry: &SubmissionQueueEntry) {
        match entry.fabrics_command_type() {
            FabricsCommandType::CONNECT => self.connect(tag, ConnectCommand::from_entry(entry)),
            FabricsCommandType::PROPERTY_GET => {
                let value = self.property(PropertyGet::from_entry(entry).property());
                self.complete(tag, value, Status::SUCCESS);
            }
            FabricsCommandType::PROPERTY_SET => {
                let command = PropertySet::from_entry(entry);
                assert_eq!(command.property(), PropertyOffset::CONTROLLER_CONFIGURATION);
                let configuration = ControllerConfiguration(command.value_4_bytes());
                self.enabled = configuration.enable() == 1;
                if configuration.shutdown_notification() == ControllerConfiguration::SHUTDOWN_NORMAL {
                    self.shut_down = true;
                    self.saw(Seen::ShutdownNormal);
                }
                self.complete(tag, 0, Status::SUCCESS);
            }
            other => panic!("unexpected {other}"),
        }
    }

    fn connect(&mut self, tag: CommandTag, command: &ConnectCommand) {
        let queue_id = command.queue_id.get();
        let result = match self.shared.script.connect_result {
            Some((refused, result)) if refused == queue_id => result,
            _ => ConnectResult::connected(CONTROLLER_ID),
        };
        self.is_admin = queue_id == 0;
        self.complete(tag, result.to_result(), result.status());
        if result.status().is_success() {
            self.protocol.configure_queue(command.queue_size_0based.get() + 1, 4096, command.flow_control_disabled());
        }
    }

    fn property(&self, property: PropertyOffset) -> u64 {
        let script = &self.shared.script;
        match property {
            PropertyOffset::CAPABILITIES => {
                Capabilities(0).with_maximum_queue_entries_0based(63).with_timeout_500ms(1).0
            }
            PropertyOffset::VERSION => u64::from(Version::V2_0.0),
            PropertyOffset::CONTROLLER_STATUS => {
                let complete = if self.shut_down { ControllerStatus::SHUTDOWN_COMPLETE } else { 0 };
                let status = ControllerStatus(0)
                    .with_ready(u32::from(self.enabled && !script.never_ready))
                    .with_fatal(u32::from(script.fatal))
                    .with_shutdown_status(complete);
                u64::from(status.0)
            }
            other => panic!("unexpected {other}"),
        }
    }

    // -------------------------------------------------------------------- admin

    fn admin(&mut self, tag: CommandTag, entry: &SubmissionQueueEntry, length: usize) {
        match AdminOpcode(entry.opcode) {
            AdminOpcode::IDENTIFY => self.identify(tag, &Identify::parse(entry)),
            AdminOpcode::KEEP_ALIVE => {
                self.saw(Seen::KeepAlive);
                self.complete(tag, 0, Status::SUCCESS);
            }
            AdminOpcode::SET_FEATURES => {
                assert_eq!(SetFeatures::parse(entry).feature, FeatureIdentifier::NUMBER_OF_QUEUES);
                self.complete(tag, u64::from(NumberOfQueues::pairs(QUEUES).0), Status::SUCCESS);
            }
            AdminOpcode::GET_LOG_PAGE => self.log_page(tag, &GetLogPage::parse(entry), length),
            other => panic!("unexpected {other}"),
        }
    }

    fn identify(&mut self, tag: CommandTag, identify: &Identify) {
        let id = identify.namespace_id;
        match identify.structure {
            IdentifyDataStructure::CONTROLLER => {
                let mut structure = IdentifyController::new_zeroed();
                structure.io_command_capsule_16bytes = ((64 + 4096) / 16).into();
                structure.maximum_data_transfer_size = 4;
                self.send(tag, structure.as_bytes());
            }
            IdentifyDataStructure::ACTIVE_NAMESPACE_LIST => {
                self.send(tag, NamespaceList::after(id, [1]).as_bytes());
            }
            IdentifyDataStructure::NAMESPACE => {
                let mut structure = IdentifyNamespace::new_zeroed();
                if id == 1 {
                    structure.block_count = (BLOCKS as u64).into();
                    structure.lba_formats[0] = LbaFormat::new(512).unwrap();
                }
                self.send(tag, structure.as_bytes());
            }
            IdentifyDataStructure::NAMESPACE_DESCRIPTORS => {
                self.send(tag, &namespace_descriptors(&[NamespaceIdentifier::Uuid(UUID)]));
            }
            other => panic!("unexpected {other}"),
        }
    }

    fn log_page(&mut self, tag: CommandTag, page: &GetLogPage, length: usize) {
        let LogPageOffset::Bytes(offset) = page.offset else { panic!("unexpected offset {:?}", page.offset) };
        let pages = &self.shared.script.discovery_pages;
        let mut headers_read = self.shared.discovery_headers_read.lock().unwrap();
        // The page changes whenever its header has been read.
        let current = if offset == 0 {
            *headers_read += 1;
            *headers_read - 1
        } else {
            *headers_read
        };
        drop(headers_read);
        let offset = usize::try_from(offset).unwrap();
        let mut bytes = pages[current.min(pages.len() - 1)].clone();
        bytes.resize(offset + length, 0);
        self.send(tag, &bytes.split_off(offset));
    }

    // ---------------------------------------------------------------------- I/O

    fn io(&mut self, tag: CommandTag, entry: &SubmissionQueueEntry, data: &[u8], length: usize) {
        let shared = Arc::clone(&self.shared);
        let script = &shared.script;
        let mut count = shared.io_commands.lock().unwrap();
        *count += 1;
        let mut closings = shared.closings.lock().unwrap();
        if let Some(index) = closings.iter().position(|&after| after < *count) {
            closings.remove(index);
            self.over = true;
            return;
        }
        drop((count, closings));
        if script.gibberish {
            let _ = self.stream.write_all(&[0xee; 24]);
            return;
        }
        if script.silent {
            return;
        }
        let command = ReadWrite::parse(entry);
        let at = usize::try_from(command.first_block).unwrap() * BLOCK_BYTES;
        match NvmOpcode(entry.opcode) {
            NvmOpcode::FLUSH => self.complete(tag, 0, Status::SUCCESS),
            _ if script.bad_from_block.is_some_and(|bad| command.first_block >= bad) => {
                self.complete(tag, 0, Status::UNRECOVERED_READ_ERROR);
            }
            NvmOpcode::WRITE => {
                shared.disk.lock().unwrap()[at..at + data.len()].copy_from_slice(data);
                self.complete(tag, 0, Status::SUCCESS);
            }
            NvmOpcode::READ if script.half_reads => self.complete(tag, 0, Status::SUCCESS),
            NvmOpcode::READ => {
                let bytes = shared.disk.lock().unwrap()[at..at + length].to_vec();
                self.send(tag, &bytes);
            }
            other => panic!("unexpected {other}"),
        }
    }
}

fn part(data: &[u8], range: PayloadRange) -> &[u8] {
    &data[range.offset as usize..][..range.length as usize]
}

/// So many bytes that differ from one place to another.
pub(crate) fn pattern(seed: usize, length: usize) -> Vec<u8> {
    (0..length).map(|at| (at * 31 + at / 251 + seed * 7).to_le_bytes()[0]).collect()
}
