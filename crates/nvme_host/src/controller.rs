//! A controller that this host is connected to: start-up, admin commands, I/O queues.
//!
//! [`Controller::connect`] brings it up: Admin queue, CAP and VS, enable, wait until ready, Identify. From then on a
//! thread owns the Admin queue (see [`crate::admin_thread`]), and the handle can be used from any thread.

use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel, sync_channel};
use std::thread::JoinHandle;

use nvme::base::command::SubmissionQueueEntry;
use nvme::base::feature::{FeatureIdentifier, NumberOfQueues, SetFeatures};
use nvme::base::identify::{IDENTIFY_DATA_BYTES, Identify, IdentifyController, IdentifyDataStructure};
use nvme::base::log_page::{GetLogPage, LogPageOffset};
use nvme::base::property::{Capabilities, ControllerConfiguration, PropertyOffset, Version};
use nvme::fabrics::{ConnectData, PropertyGet, PropertySize};
use nvme::tcp::limits::ADMIN_IN_CAPSULE_BYTES;
use reactor::RemoteWaker;
use reactor::clock::Duration;
use zerocopy::FromBytes;

use crate::admin_thread::{AdminRequest, AdminThread, STATUS_PAUSE, gone, read_status, write_configuration};
use crate::buffer::DataBuffer;
use crate::error::{CommandError, ConnectError};
use crate::establish::{Established, QueuePlan, establish, execute, low_dword, pause};
use crate::options::{ConnectOptions, QUEUE_ENTRIES_MINIMUM};
use crate::poll_group::{PollGroup, QueueKey};
use crate::queue::{Queue, Transfer};

/// Entries of the Admin queue: the least that the specification allows, and plenty.
///
/// Spec: NVMe Base 2.0 §6.3 (SQSIZE of an Admin queue is 31 at least).
pub const ADMIN_QUEUE_ENTRIES: u16 = 32;
/// Unit of the time that a controller needs to become ready (CAP.TO).
const READY_UNIT: Duration = Duration::from_millis(500);
/// Most bytes of a log page that one command asks for.
const LOG_PAGE_PIECE_BYTES: u32 = 4096;
/// Largest transfer of one command where the controller names no limit, or a larger one.
pub const TRANSFER_BYTES_MAXIMUM: u32 = 1 << 20;

/// A controller that this host is connected to. Dropping it shuts the controller down; queues live on until then only.
#[derive(Debug)]
pub struct Controller {
    options: ConnectOptions,
    started: Started,
    next_queue_id: AtomicU16,
    granted_queues: AtomicU16,
    requests: Option<Sender<AdminRequest>>,
    thread: Option<JoinHandle<()>>,
}

/// Which digests the controller agreed to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Digests {
    /// PDU headers carry one.
    pub header: bool,
    /// PDU data carry one.
    pub data: bool,
}

impl Controller {
    /// Connects to a controller of the subsystem and brings it up.
    ///
    /// # Errors
    /// [`ConnectError`] names the step that failed.
    pub fn connect(options: ConnectOptions) -> Result<Self, ConnectError> {
        let (requests, inbox) = channel();
        let (announce, started) = sync_channel(1);
        let thread_options = options.clone();
        // The event loop belongs to its thread from the start.
        let thread = std::thread::Builder::new()
            .name("nvme-admin".to_owned())
            .spawn(move || match start(&thread_options, inbox) {
                Ok((admin, started)) => {
                    if announce.send(Ok(started)).is_ok() {
                        admin.run();
                    }
                }
                // Who asked waits for this, or has gone away.
                Err(error) => drop(announce.send(Err(error))),
            })
            .map_err(ConnectError::Local)?;
        let started = started.recv().unwrap_or(Err(ConnectError::Unusable("its thread ended")))?;
        Ok(Self {
            options,
            started,
            next_queue_id: AtomicU16::new(1),
            granted_queues: AtomicU16::new(0),
            requests: Some(requests),
            thread: Some(thread),
        })
    }

    /// What it was connected with.
    #[must_use]
    pub fn options(&self) -> &ConnectOptions {
        &self.options
    }

    /// The controller's identifier within its subsystem.
    #[must_use]
    pub fn id(&self) -> u16 {
        self.started.id
    }

    /// What the controller can do (CAP).
    #[must_use]
    pub fn capabilities(&self) -> Capabilities {
        self.started.capabilities
    }

    /// The specification that the controller complies with (VS).
    #[must_use]
    pub fn version(&self) -> Version {
        self.started.version
    }

    /// The Identify Controller structure, as it was at start-up.
    #[must_use]
    pub fn identity(&self) -> &IdentifyController {
        &self.started.identity
    }

    /// Which digests are in force on the Admin queue, and will be on others.
    #[must_use]
    pub fn digests(&self) -> Digests {
        self.started.digests
    }

    /// Largest transfer of one command in bytes: what the controller says, [`TRANSFER_BYTES_MAXIMUM`] at most.
    #[must_use]
    pub fn maximum_transfer_bytes(&self) -> u32 {
        let [memory_page_minimum, ..] = self.started.capabilities.memory_page_minimum().to_le_bytes();
        let limit = self.started.identity.maximum_data_transfer_bytes(u32::from(memory_page_minimum));
        limit.and_then(|limit| u32::try_from(limit).ok()).unwrap_or(u32::MAX).min(TRANSFER_BYTES_MAXIMUM)
    }

    // ---------------------------------------------------------- admin commands

    /// Carries out an admin command and waits for it. Returns its result (dwords 0 and 1) and its buffer.
    ///
    /// # Errors
    /// [`CommandError`].
    pub fn admin(&self, command: SubmissionQueueEntry, transfer: Transfer) -> Result<(u64, DataBuffer), CommandError> {
        let (reply, answer) = sync_channel(1);
        let requests = self.requests.as_ref().ok_or_else(gone)?;
        requests.send(AdminRequest { command, transfer, reply }).map_err(|_| gone())?;
        self.started.waker.wake();
        answer.recv().map_err(|_| gone())?
    }

    /// Identify: one of the structures of [`IdentifyDataStructure`], as raw bytes.
    ///
    /// # Errors
    /// [`CommandError`].
    pub fn identify_bytes(&self, identify: &Identify) -> Result<DataBuffer, CommandError> {
        self.admin(identify.command(), Transfer::Read(identify_buffer())).map(|(_, buffer)| buffer)
    }

    /// Identify: a structure of 4096 bytes, typed by the caller. Nothing but the size is checked.
    ///
    /// # Errors
    /// [`CommandError`].
    pub fn identify<T: FromBytes>(
        &self,
        structure: IdentifyDataStructure,
        namespace_id: u32,
    ) -> Result<T, CommandError> {
        const { assert!(size_of::<T>() == IDENTIFY_DATA_BYTES) };
        let buffer = self.identify_bytes(&Identify::new(structure, namespace_id))?;
        Ok(read_structure(&buffer))
    }

    /// Get Log Page: `length_bytes` of a page from byte `offset` on, in as many commands as it takes. Events that point
    /// to the page stay as they are (Retain Asynchronous Event).
    ///
    /// # Errors
    /// [`CommandError`].
    ///
    /// # Panics
    /// When `offset` or `length_bytes` is no multiple of 4.
    pub fn log_page(&self, page: GetLogPage, length_bytes: u32) -> Result<Vec<u8>, CommandError> {
        let LogPageOffset::Bytes(offset) = page.offset else {
            panic!("a log page is read by bytes");
        };
        let mut bytes = Vec::new();
        while bytes.len() < length_bytes as usize {
            let done = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
            let piece_bytes = (length_bytes - done).min(LOG_PAGE_PIECE_BYTES);
            let piece = GetLogPage {
                length_bytes: u64::from(piece_bytes),
                offset: LogPageOffset::Bytes(offset + u64::from(done)),
                retain_async_event: true,
                ..page
            };
            let (_, buffer) = self.admin(piece.command(), Transfer::Read(DataBuffer::zeroed(piece_bytes)))?;
            bytes.extend_from_slice(&buffer);
        }
        Ok(bytes)
    }

    // ------------------------------------------------------------------ queues

    /// Asks for I/O queues and returns how many the controller grants, which may be more or fewer. Call it once, before
    /// the first [`connect_queue`](Self::connect_queue).
    ///
    /// # Errors
    /// [`CommandError`].
    ///
    /// # Panics
    /// When `count` is 0.
    pub fn request_queues(&self, count: u16) -> Result<u16, CommandError> {
        let wanted = SetFeatures::new(FeatureIdentifier::NUMBER_OF_QUEUES, NumberOfQueues::pairs(count).0);
        let (result, _) = self.admin(wanted.command(), Transfer::None)?;
        let granted = NumberOfQueues(low_dword(result));
        let count = granted.submission_queues().min(granted.completion_queues());
        let count = u16::try_from(count).unwrap_or(u16::MAX);
        self.granted_queues.store(count, Ordering::Relaxed);
        Ok(count)
    }

    /// Connects the next I/O queue, with room for `depth` commands, or fewer when the controller allows fewer
    /// ([`Queue::depth`] tells).
    ///
    /// # Errors
    /// [`ConnectError`]; [`ConnectError::TooManyQueues`] beyond what [`request_queues`](Self::request_queues) granted.
    pub fn connect_queue(&self, depth: u16) -> Result<Queue, ConnectError> {
        let granted = self.granted_queues.load(Ordering::Relaxed);
        let queue_id = self.next_queue_id.load(Ordering::Relaxed);
        if queue_id > granted {
            return Err(ConnectError::TooManyQueues { queue_id, granted });
        }
        let [low, high, ..] = self.started.capabilities.maximum_queue_entries_0based().to_le_bytes();
        let entries_most = u16::from_le_bytes([low, high]).saturating_add(1).max(QUEUE_ENTRIES_MINIMUM);
        let plan = QueuePlan {
            queue_id,
            // One entry always stays free.
            entries: depth.saturating_add(1).clamp(QUEUE_ENTRIES_MINIMUM, entries_most),
            controller_id: self.started.id,
            in_capsule_data_bytes: u32::try_from(self.started.identity.in_capsule_data_bytes()).unwrap_or(u32::MAX),
        };
        let Established { mut group, key, .. } = establish(&self.options, &plan)?;
        self.next_queue_id.store(queue_id + 1, Ordering::Relaxed);
        Ok(group.remove(key))
    }
}

impl Drop for Controller {
    fn drop(&mut self) {
        // Without a sender the thread shuts the controller down and ends.
        drop(self.requests.take());
        self.started.waker.wake();
        if let Some(thread) = self.thread.take() {
            // It ends by a panic only where the panic has been reported already.
            let _ = thread.join();
        }
    }
}

/// What is known once a controller is up.
#[derive(Debug)]
struct Started {
    id: u16,
    capabilities: Capabilities,
    version: Version,
    identity: Box<IdentifyController>,
    digests: Digests,
    waker: RemoteWaker,
}

/// Connects the Admin queue and brings its controller up.
fn start(options: &ConnectOptions, inbox: Receiver<AdminRequest>) -> Result<(AdminThread, Started), ConnectError> {
    let plan = QueuePlan {
        queue_id: 0,
        entries: ADMIN_QUEUE_ENTRIES,
        controller_id: ConnectData::DYNAMIC_CONTROLLER,
        in_capsule_data_bytes: ADMIN_IN_CAPSULE_BYTES,
    };
    let Established { mut group, key, controller_id } = establish(options, &plan)?;
    let capabilities =
        Capabilities(property(&mut group, key, PropertyOffset::CAPABILITIES, PropertySize::EIGHT_BYTES)?);
    let version = property(&mut group, key, PropertyOffset::VERSION, PropertySize::FOUR_BYTES)?;
    // Over Fabrics both entry sizes are fixed, and the host's pages do not matter.
    let configuration = ControllerConfiguration(0)
        .with_io_submission_queue_entry_size(6)
        .with_io_completion_queue_entry_size(4)
        .with_enable(1);
    write_configuration(&mut group, key, configuration)
        .map_err(|source| ConnectError::StartUp { command: "Property Set of CC", source })?;
    wait_until_ready(&mut group, key, capabilities)?;
    let started = Started {
        id: controller_id,
        capabilities,
        version: Version(low_dword(version)),
        identity: identify_controller(&mut group, key)?,
        digests: Digests { header: group.queue(key).header_digest(), data: group.queue(key).data_digest() },
        waker: group.waker(),
    };
    let keep_alive_every = (!options.keep_alive_timeout.is_zero()).then(|| options.keep_alive_timeout / 2);
    Ok((AdminThread { group, key, inbox, keep_alive_every, configuration }, started))
}

fn property(
    group: &mut PollGroup,
    key: QueueKey,
    offset: PropertyOffset,
    size: PropertySize,
) -> Result<u64, ConnectError> {
    let command = PropertyGet::new(offset, size);
    execute(group, key, *command.as_entry(), Transfer::None)
        .map(|(value, _)| value)
        .map_err(|source| ConnectError::StartUp { command: "Property Get", source })
}

fn identify_controller(group: &mut PollGroup, key: QueueKey) -> Result<Box<IdentifyController>, ConnectError> {
    let command = Identify::new(IdentifyDataStructure::CONTROLLER, 0).command();
    let (_, buffer) = execute(group, key, command, Transfer::Read(identify_buffer()))
        .map_err(|source| ConnectError::StartUp { command: "Identify Controller", source })?;
    let identity: Box<IdentifyController> = Box::new(read_structure(&buffer));
    if identity.in_capsule_data_offset_16bytes.get() != 0 {
        return Err(ConnectError::Unusable(
            "it wants in-capsule data at an offset (ICDOFF), which NVMe/TCP does not have",
        ));
    }
    Ok(identity)
}

fn wait_until_ready(group: &mut PollGroup, key: QueueKey, capabilities: Capabilities) -> Result<(), ConnectError> {
    let [units, ..] = capabilities.timeout_500ms().to_le_bytes();
    let limit = READY_UNIT * u32::from(units.max(1));
    let until = group.now() + limit;
    loop {
        let status = read_status(group, key)
            .map_err(|source| ConnectError::StartUp { command: "Property Get of CSTS", source })?;
        if status.fatal() != 0 {
            return Err(ConnectError::Fatal);
        }
        if status.ready() != 0 {
            return Ok(());
        }
        if until <= group.now() {
            return Err(ConnectError::NotReady(limit));
        }
        pause(group, STATUS_PAUSE).map_err(ConnectError::Local)?;
    }
}

fn identify_buffer() -> DataBuffer {
    // A constant of 4096.
    DataBuffer::from(vec![0; IDENTIFY_DATA_BYTES])
}

fn read_structure<T: FromBytes>(bytes: &[u8]) -> T {
    match T::read_from_bytes(bytes) {
        Ok(structure) => structure,
        Err(_) => unreachable!("a structure of {} bytes in a buffer of {}", size_of::<T>(), bytes.len()),
    }
}
