//! A target with hosts made of function calls. Time stands still unless a test moves it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use block::{BlockDevice, ByteRange, DeviceQueue, Geometry, Identity, Submission};
use nvme::base::command::{SglDescriptor, SubmissionQueueEntry};
use nvme::base::identify::{Identify, IdentifyDataStructure};
use nvme::base::log_page::{GetLogPage, LogPageIdentifier};
use nvme::base::property::{ControllerConfiguration, ControllerStatus, PropertyOffset};
use nvme::base::status::Status;
use nvme::fabrics::{ConnectCommand, ConnectData, Nqn, PropertyGet, PropertySet, PropertySize};
use nvme::tcp::{CommandTag, Response};
use reactor::clock::{self, Duration, Instant};
use zerocopy::IntoBytes;
use zerocopy::little_endian::{U16, U32};

use crate::queue::{ConnectionControl, ConnectionInfo, Disposition, IoCommand, Queue, QueueGrant};
use crate::subsystem::{Listener, ListenerKind, Target, TargetSettings};
use crate::{Limits, NamespaceSettings};

pub(super) const BLOCK_SIZE: u32 = 512;
pub(super) const BLOCK_COUNT: u64 = 10_000;
/// What a host that means to use it writes to the Controller Configuration.
pub(super) const ENABLE: ControllerConfiguration = ControllerConfiguration(0)
    .with_enable(1)
    .with_io_submission_queue_entry_size(6)
    .with_io_completion_queue_entry_size(4);

/// A device that has a size and does nothing.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sketch {
    pub(super) geometry: Geometry,
    pub(super) read_only: bool,
    pub(super) volatile_write_cache: bool,
    pub(super) number: u8,
}

impl Default for Sketch {
    fn default() -> Self {
        Self {
            geometry: Geometry { block_size_bytes: BLOCK_SIZE, block_count: BLOCK_COUNT },
            read_only: false,
            volatile_write_cache: true,
            number: 0,
        }
    }
}

impl BlockDevice for Sketch {
    fn description(&self) -> String {
        "a sketch".into()
    }

    fn geometry(&self) -> Geometry {
        self.geometry
    }

    fn identity(&self) -> Identity {
        Identity::new("sketch", &[self.number])
    }

    fn read_only(&self) -> bool {
        self.read_only
    }

    fn volatile_write_cache(&self) -> bool {
        self.volatile_write_cache
    }

    fn start(&self, _queue: &mut DeviceQueue, request: block::Request<ByteRange>) -> Submission {
        request.complete(Ok(()))
    }
}

pub(super) fn namespace(namespace_id: u32, device: Sketch) -> NamespaceSettings {
    NamespaceSettings { namespace_id, device: Arc::new(device), uuid: None }
}

pub(super) fn subsystem_nqn() -> Nqn {
    Nqn::parse("nqn.2026-11.com.example:subsystem").unwrap()
}

pub(super) fn address(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

/// Settings with namespace 1 and 3, a listener of each kind.
pub(super) fn settings() -> TargetSettings {
    TargetSettings {
        subsystem_nqn: subsystem_nqn(),
        serial_number: None,
        namespaces: vec![
            namespace(1, Sketch::default()),
            namespace(3, Sketch { number: 3, read_only: true, ..Sketch::default() }),
        ],
        limits: Limits::default(),
        listeners: vec![
            Listener { address: address("192.0.2.1:4420"), kind: ListenerKind::Io },
            Listener { address: address("192.0.2.1:8009"), kind: ListenerKind::Discovery },
        ],
    }
}

pub(super) fn target() -> Arc<Target> {
    Target::new(settings()).unwrap()
}

/// What a connection was asked for by other queues.
#[derive(Debug, Default)]
pub(super) struct Signals {
    closed: AtomicBool,
    woken: AtomicUsize,
}

impl ConnectionControl for Signals {
    fn close(&self) {
        self.closed.store(true, Ordering::Relaxed);
    }

    fn wake(&self) {
        self.woken.fetch_add(1, Ordering::Relaxed);
    }
}

/// What a command led to.
#[derive(Debug)]
pub(super) enum Reply {
    Response(Response),
    Data(Vec<u8>, Response),
    NeedsData(u32),
    Held,
    Io(IoCommand),
    Connected(Response, QueueGrant),
    ResponseAndClose(Response),
}

/// A host's end of a connection.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) queue: Queue,
    pub(super) signals: Arc<Signals>,
    pub(super) now: Instant,
    next_command_id: u16,
}

impl Connection {
    pub(super) fn new(target: &Arc<Target>, listener: ListenerKind) -> Self {
        Self::through(target, listener, "192.0.2.1:4420")
    }

    /// A connection that arrived at this address of the target.
    pub(super) fn through(target: &Arc<Target>, listener: ListenerKind, local_address: &str) -> Self {
        let signals = Arc::new(Signals::default());
        let info = ConnectionInfo {
            local_address: address(local_address),
            peer_address: address("198.51.100.7:50000"),
            listener,
        };
        let queue = Queue::new(Arc::clone(target), info, Arc::<Signals>::clone(&signals));
        Self { queue, signals, now: clock::now(), next_command_id: 0 }
    }

    /// The next command gets this identifier, and this tag.
    pub(super) fn next_command_id(&self) -> u16 {
        self.next_command_id
    }

    /// Has the next command get this identifier, which must be free.
    pub(super) fn use_command_id(&mut self, command_id: u16) {
        self.next_command_id = command_id;
    }

    pub(super) fn pass(&mut self, time: Duration) {
        self.now += time;
    }

    pub(super) fn is_closed(&self) -> bool {
        self.signals.closed.load(Ordering::Relaxed)
    }

    pub(super) fn times_woken(&self) -> usize {
        self.signals.woken.load(Ordering::Relaxed)
    }

    pub(super) fn send(&mut self, entry: &SubmissionQueueEntry) -> Reply {
        let mut entry = *entry;
        let command_id = self.next_command_id;
        self.next_command_id = command_id.wrapping_add(1);
        entry.command_id = U16::new(command_id);
        let disposition = self.queue.command(self.now, CommandTag(command_id), &entry);
        reply(disposition)
    }

    pub(super) fn send_with_data(&mut self, entry: &SubmissionQueueEntry, data: &[u8]) -> Reply {
        let mut entry = *entry;
        entry.data_pointer = SglDescriptor::transport(u32::try_from(data.len()).unwrap());
        let tag = CommandTag(self.next_command_id);
        entry.command_id = U16::new(self.next_command_id);
        match self.send(&entry) {
            Reply::NeedsData(length) => {
                assert_eq!(length as usize, data.len());
                reply(self.queue.data(self.now, tag, &entry, data))
            }
            other => other,
        }
    }

    /// The response to a command that has no data.
    pub(super) fn response(&mut self, entry: &SubmissionQueueEntry) -> Response {
        match self.send(entry) {
            Reply::Response(response) => response,
            other => panic!("expected a response, got {other:?}"),
        }
    }

    /// The result of a command that must succeed.
    pub(super) fn succeed(&mut self, entry: &SubmissionQueueEntry) -> u64 {
        let response = self.response(entry);
        assert!(response.status.is_success(), "{:?}", response.status);
        response.result
    }

    /// Checks that a command is refused for good with this code.
    pub(super) fn refused(&mut self, entry: &SubmissionQueueEntry, status: Status) {
        let response = self.response(entry);
        assert!(response.status.same_code(status), "{:?} instead of {status:?}", response.status);
        assert!(response.status.do_not_retry(), "{:?}", response.status);
        assert_eq!(response.result, 0);
    }

    /// The data of a command that must succeed with as many as it asks for.
    pub(super) fn read(&mut self, entry: &SubmissionQueueEntry, length: u32) -> Vec<u8> {
        match self.send(&with_transport(entry, length)) {
            Reply::Data(data, response) => {
                assert!(response.status.is_success());
                assert_eq!(data.len(), length as usize);
                data
            }
            other => panic!("expected data, got {other:?}"),
        }
    }

    pub(super) fn identify(&mut self, structure: IdentifyDataStructure, namespace_id: u32) -> Vec<u8> {
        self.read(&Identify::new(structure, namespace_id).command(), 4096)
    }

    pub(super) fn log_page(&mut self, page: LogPageIdentifier, length: u32) -> Vec<u8> {
        self.read(&GetLogPage::new(page, length.into()).command(), length)
    }

    pub(super) fn property(&mut self, offset: PropertyOffset, size: PropertySize) -> u64 {
        self.succeed(PropertyGet::new(offset, size).as_entry())
    }

    pub(super) fn status(&mut self) -> ControllerStatus {
        let value = self.property(PropertyOffset::CONTROLLER_STATUS, PropertySize::FOUR_BYTES);
        ControllerStatus(u32::try_from(value).unwrap())
    }

    pub(super) fn configure(&mut self, configuration: ControllerConfiguration) {
        assert_eq!(self.succeed(&set_configuration(configuration)), 0);
    }

    pub(super) fn close(&mut self) {
        self.queue.closed(self.now);
    }

    /// Says that the device has done a command.
    pub(super) fn complete(&mut self, command: &IoCommand) -> Response {
        self.queue.io_completed(command, Ok(()))
    }
}

pub(super) fn reply(disposition: Disposition) -> Reply {
    match disposition {
        Disposition::NeedData { length_bytes } => Reply::NeedsData(length_bytes),
        Disposition::Respond(response) => Reply::Response(response),
        Disposition::RespondWithData { data, response } => Reply::Data(data, response),
        Disposition::Hold => Reply::Held,
        Disposition::Io(command) => Reply::Io(command),
        Disposition::Connected { response, grant } => Reply::Connected(response, grant),
        Disposition::RespondAndClose(response) => Reply::ResponseAndClose(response),
    }
}

pub(super) fn set_configuration(configuration: ControllerConfiguration) -> SubmissionQueueEntry {
    let offset = PropertyOffset::CONTROLLER_CONFIGURATION;
    *PropertySet::new(offset, PropertySize::FOUR_BYTES, configuration.0.into()).as_entry()
}

pub(super) fn with_transport(entry: &SubmissionQueueEntry, length: u32) -> SubmissionQueueEntry {
    SubmissionQueueEntry { data_pointer: SglDescriptor::transport(length), ..*entry }
}

/// Who connects, and how.
#[derive(Debug, Clone)]
pub(super) struct Request {
    pub(super) command: ConnectCommand,
    pub(super) data: ConnectData,
}

impl Request {
    /// For a new controller of the NVM subsystem.
    pub(super) fn admin(host: &str) -> Self {
        Self::new(host, 0, 31, ConnectData::DYNAMIC_CONTROLLER, &subsystem_nqn())
    }

    /// For a new discovery controller.
    pub(super) fn discovery(host: &str) -> Self {
        Self::new(host, 0, 31, ConnectData::DYNAMIC_CONTROLLER, &Nqn::discovery())
    }

    /// For an I/O queue of a controller.
    pub(super) fn io(host: &str, controller_id: u16, queue_id: u16) -> Self {
        Self::new(host, queue_id, 127, controller_id, &subsystem_nqn())
    }

    fn new(host: &str, queue_id: u16, size_0based: u16, controller_id: u16, subsystem_nqn: &Nqn) -> Self {
        let host_nqn = Nqn::parse(&format!("nqn.2026-11.com.example:host:{host}")).unwrap();
        let mut host_id = [0; 16];
        host_id[..host.len()].copy_from_slice(host.as_bytes());
        Self {
            command: ConnectCommand::new(queue_id, size_0based),
            data: ConnectData::new(host_id, controller_id, subsystem_nqn, &host_nqn),
        }
    }

    pub(super) fn keep_alive_ms(mut self, timeout_ms: u32) -> Self {
        self.command.keep_alive_timeout_ms = U32::new(timeout_ms);
        self
    }

    pub(super) fn send(&self, connection: &mut Connection) -> Reply {
        connection.send_with_data(self.command.as_entry(), self.data.as_bytes())
    }

    /// Connects, which must succeed.
    pub(super) fn connect(&self, connection: &mut Connection) -> QueueGrant {
        match self.send(connection) {
            Reply::Connected(response, grant) => {
                assert!(response.status.is_success());
                assert_eq!(response.result, u64::from(grant.controller_id));
                grant
            }
            other => panic!("expected a connection, got {other:?}"),
        }
    }

    /// The response of a Connect that must fail.
    pub(super) fn fail(&self, connection: &mut Connection) -> Response {
        match self.send(connection) {
            Reply::Response(response) => {
                assert!(!response.status.is_success());
                response
            }
            other => panic!("expected a refusal, got {other:?}"),
        }
    }
}

/// A host with an enabled controller.
#[derive(Debug)]
pub(super) struct Host {
    pub(super) target: Arc<Target>,
    pub(super) name: &'static str,
    pub(super) admin: Connection,
    pub(super) controller_id: u16,
}

impl Host {
    pub(super) fn new(target: &Arc<Target>, name: &'static str) -> Self {
        Self::with(target, name, &Request::admin(name))
    }

    pub(super) fn discovery(target: &Arc<Target>, name: &'static str) -> Self {
        Self::with(target, name, &Request::discovery(name))
    }

    pub(super) fn with(target: &Arc<Target>, name: &'static str, request: &Request) -> Self {
        let mut admin = Connection::new(target, ListenerKind::Io);
        let controller_id = request.connect(&mut admin).controller_id;
        admin.configure(ENABLE);
        Self { target: Arc::clone(target), name, admin, controller_id }
    }

    /// A connection that is this I/O queue.
    pub(super) fn io_queue(&self, queue_id: u16) -> Connection {
        let mut connection = Connection::new(&self.target, ListenerKind::Io);
        self.io_request(queue_id).connect(&mut connection);
        connection
    }

    pub(super) fn io_request(&self, queue_id: u16) -> Request {
        Request::io(self.name, self.controller_id, queue_id)
    }
}
