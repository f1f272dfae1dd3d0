//! NVMe/TCP from user space: each job thread has a queue of its own on every controller that its targets name.
//!
//! A target is `tcp:ADDRESS:PORT/NQN[/NAMESPACE]`; the namespace is 1 where none is given, an IPv6 address stands in
//! brackets. In `filename=` it stands as it is; in a list of several, colons that belong to a name are escaped:
//! `filename=tcp\:127.0.0.1\:4420/NQN/1:tcp\:…`.
//!
//! Data are never copied: the buffers are those of the host library ([`Engine::own_buffer`]); a buffer moves into the
//! queue with its command and comes back with the completion. A reap is one write and one read for each connection.
//!
//! Costs an I/O beyond the host library: one array access each way.

use std::net::{SocketAddr, ToSocketAddrs};
use std::path::Path;
use std::ptr::NonNull;

use nvme::fabrics::Nqn;
use nvme::nvm::{DatasetManagement, DatasetManagementRange};
use nvme_host::{
    CommandError, ConnectOptions, Controller, DataBuffer, HostIdentity, Namespace, PollGroup, QueueKey, Request,
    Transfer, Wait,
};
use reactor::IdlePolicy;
use reactor::clock::{self, Duration};
use rustix::io::Errno;
use zerocopy::IntoBytes;

use super::{
    Completion, Description, Engine, EngineError, EngineOptions, Io, OpenedFile, Operation, Outcome, Queued, Setup,
    Traits, Wanted,
};

const ENGINE: &str = "nvme_tcp";
/// Bytes that a buffer has at least: a trim sends a range of 16 bytes.
const BUFFER_BYTES_MINIMUM: u32 = 512;

/// The options.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NvmeTcpOptions {
    /// `header_digest`: ask for digests on PDU headers.
    pub header_digest: bool,
    /// `data_digest`: ask for digests on PDU data.
    pub data_digest: bool,
    /// `host_nqn`: who connects; `None`: as the machine is set up.
    pub host_nqn: Option<String>,
    /// `command_timeout`: seconds for one command; a connection on which one takes longer is given up. Default 30.
    pub command_timeout_seconds: u64,
    /// `spin_us`: microseconds of looking for completions before sleeping. Default 50.
    pub spin_us: u64,
}

impl Default for NvmeTcpOptions {
    fn default() -> Self {
        Self { header_digest: false, data_digest: false, host_nqn: None, command_timeout_seconds: 30, spin_us: 50 }
    }
}

/// A namespace of a subsystem at an address.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Target {
    address: SocketAddr,
    nqn: Nqn,
    namespace: u32,
}

/// The engine: connections, buffers, and what came back and was not reaped yet.
pub(super) struct NvmeTcpEngine {
    depth: u32,
    length_bytes_max: u32,
    options: EngineOptions,
    // Queues end before the controllers that they are part of.
    group: PollGroup,
    connections: Vec<Connection>,
    files: Vec<Option<OpenTarget>>,
    buffers: Vec<DataBuffer>,
    completed: Vec<nvme_host::Completion>,
    under_way: u32,
    latest_error: Option<CommandError>,
}

struct Connection {
    address: SocketAddr,
    nqn: Nqn,
    key: QueueKey,
    controller: Controller,
}

struct OpenTarget {
    connection: usize,
    namespace: Namespace,
    block_bytes: u64,
}

impl Engine for NvmeTcpEngine {
    const DESCRIPTION: Description = Description {
        name: ENGINE,
        summary: "NVMe/TCP from user space: filename=tcp:ADDRESS:PORT/NQN/NAMESPACE",
        traits: Traits { uses_files: false, sizes_targets: true, extends_files: false, ..Traits::ASYNCHRONOUS },
    };

    fn new(setup: &Setup<'_>) -> Result<Self, EngineError> {
        let idle = IdlePolicy { spin: Duration::from_micros(setup.options.nvme_tcp.spin_us) };
        let group = PollGroup::new(idle).map_err(|source| EngineError::System {
            engine: ENGINE,
            what: "making an event loop",
            source,
        })?;
        let length_bytes_max = setup.length_bytes_max.max(BUFFER_BYTES_MINIMUM);
        let mut files = Vec::new();
        files.resize_with(setup.file_count as usize, || None);
        Ok(Self {
            depth: setup.depth,
            length_bytes_max: setup.length_bytes_max,
            options: setup.options.clone(),
            group,
            connections: Vec::new(),
            files,
            buffers: (0..setup.depth).map(|_| DataBuffer::zeroed(length_bytes_max)).collect(),
            completed: Vec::with_capacity(setup.depth as usize),
            under_way: 0,
            latest_error: None,
        })
    }

    fn target_bytes(target: &Path, options: &EngineOptions) -> Result<Option<u64>, EngineError> {
        let target = Target::parse(target)?;
        let controller = connect(&target, options)?;
        let size = identify(&target, &controller)?.size_bytes();
        Ok(Some(u64::try_from(size).unwrap_or(u64::MAX)))
    }

    fn open_file(&mut self, file: &OpenedFile<'_>) -> Result<(), EngineError> {
        let target = Target::parse(file.path)?;
        let connection = self.connection(&target)?;
        let controller = &self.connections[connection].controller;
        let allowed = controller.maximum_transfer_bytes();
        if self.length_bytes_max > allowed {
            let (allowed, wanted) = (u64::from(allowed), u64::from(self.length_bytes_max));
            return Err(EngineError::Limit { address: target.address, what: "bytes a command", allowed, wanted });
        }
        let namespace = identify(&target, controller)?;
        let block_bytes = u64::from(namespace.block_size_bytes);
        self.files[file.index as usize] = Some(OpenTarget { connection, namespace, block_bytes });
        Ok(())
    }

    fn close_file(&mut self, file: u32) {
        self.files[file as usize] = None;
    }

    #[inline]
    fn own_buffer(&mut self, slot: u32) -> Option<NonNull<u8>> {
        let buffer = &mut self.buffers[slot as usize];
        assert!(buffer.capacity() > 0, "a command of slot {slot} is under way");
        // All of it can be used until the I/O says how long it is.
        buffer.set_length(buffer.capacity());
        Some(NonNull::from(&mut **buffer).cast())
    }

    #[inline]
    fn queue(&mut self, slot: u32, io: &mut Io) -> Queued {
        let Some(target) = &self.files[io.file_index()] else {
            return Queued::Done(Outcome::failed(Errno::BADF));
        };
        let length = io.length_bytes();
        let blocks = u64::from(length) / target.block_bytes;
        let first_block = io.offset() / target.block_bytes;
        let aligned = blocks * target.block_bytes == u64::from(length)
            && first_block * target.block_bytes == io.offset()
            && blocks > 0;
        let blocks = u32::try_from(blocks).unwrap_or(u32::MAX);
        if !aligned && !matches!(io.operation(), Operation::Sync | Operation::DataSync | Operation::SyncRange(_)) {
            return Queued::Done(Outcome::failed(Errno::INVAL));
        }
        let mut buffer = || std::mem::take(&mut self.buffers[slot as usize]);
        let namespace = &target.namespace;
        let (command, transfer) = match io.operation() {
            Operation::Read => {
                (namespace.read_command(first_block, blocks), Transfer::Read(with_length(buffer(), length)))
            }
            Operation::Write => {
                (namespace.write_command(first_block, blocks, false), Transfer::Write(with_length(buffer(), length)))
            }
            Operation::Trim => {
                let range = DatasetManagementRange {
                    context_attributes: 0.into(),
                    block_count: blocks.into(),
                    first_block: first_block.into(),
                };
                let mut data = with_length(buffer(), 16);
                data.copy_from_slice(range.as_bytes());
                let command = DatasetManagement { range_count: 1, deallocate: true, ..DatasetManagement::default() };
                (command.command(namespace.id), Transfer::Write(data))
            }
            Operation::Sync | Operation::DataSync | Operation::SyncRange(_) => {
                (namespace.flush_command(), Transfer::None)
            }
        };
        let key = self.connections[target.connection].key;
        match self.group.submit(key, Request { token: token(slot, length), command, transfer }) {
            Ok(()) => {
                self.under_way += 1;
                Queued::Accepted
            }
            Err(full) => {
                self.take_back(slot, full.0.transfer);
                Queued::Busy
            }
        }
    }

    /// Commands are sent by the pass that looks for completions: a pass of their own would find few of those, and the next
    /// commands would go out one by one.
    fn reap(&mut self, wanted: Wanted, completions: &mut Vec<Completion>) -> Result<(), Errno> {
        let at_most = wanted.at_most.min(self.under_way) as usize;
        let at_least = (wanted.at_least as usize).min(at_most);
        let deadline = match wanted.timeout {
            Some(timeout) if at_least > self.completed.len() => Some(clock::now() + timeout),
            _ => None,
        };
        if at_least == 0 || self.completed.len() >= at_least {
            self.pass(Wait::No)?;
        }
        while self.completed.len() < at_least {
            self.pass(deadline.map_or(Wait::Forever, Wait::Until))?;
            if deadline.is_some_and(|deadline| self.group.now() >= deadline) {
                break;
            }
        }
        let count = self.completed.len().min(at_most);
        for completion in self.completed.drain(..count) {
            let (slot, length) = from_token(completion.token);
            if completion.buffer.capacity() > 0 {
                self.buffers[slot as usize] = completion.buffer;
            }
            let outcome = match completion.outcome {
                Ok(_) => Outcome::moved(length as usize),
                Err(error) => {
                    let number = error_number(&error);
                    self.latest_error = Some(error);
                    Outcome::failed(number)
                }
            };
            completions.push(Completion { slot, outcome });
        }
        self.under_way -= u32::try_from(count).unwrap_or(u32::MAX);
        Ok(())
    }

    fn explain(&mut self) -> Option<String> {
        let error = self.latest_error.take()?;
        let mut text = error.to_string();
        let mut cause = std::error::Error::source(&error);
        while let Some(deeper) = cause {
            text = format!("{text}: {deeper}");
            cause = deeper.source();
        }
        Some(text)
    }
}

impl NvmeTcpEngine {
    fn pass(&mut self, wait: Wait) -> Result<(), Errno> {
        self.group.poll(wait, &mut self.completed).map_err(|error| Errno::from_io_error(&error).unwrap_or(Errno::IO))
    }

    /// Puts the buffer of a request that was not taken back into its slot.
    fn take_back(&mut self, slot: u32, transfer: Transfer) {
        if let Transfer::Read(buffer) | Transfer::Write(buffer) = transfer {
            self.buffers[slot as usize] = buffer;
        }
    }

    /// The queue on the target's controller, made if there is none yet.
    fn connection(&mut self, target: &Target) -> Result<usize, EngineError> {
        let known = |connection: &Connection| connection.address == target.address && connection.nqn == target.nqn;
        if let Some(index) = self.connections.iter().position(known) {
            return Ok(index);
        }
        let address = target.address;
        let controller = connect(target, &self.options)?;
        let limit = |what, allowed, wanted| EngineError::Limit { address, what, allowed, wanted };
        let wrong = |source| EngineError::Connect { address, source };
        let refused = |source| wrong(nvme_host::ConnectError::StartUp { command: "Set Features", source });
        if controller.request_queues(1).map_err(refused)? == 0 {
            return Err(limit("I/O queues", 0, 1));
        }
        let depth = u16::try_from(self.depth).map_err(|_| limit("commands a queue", 65535, u64::from(self.depth)))?;
        let queue = controller.connect_queue(depth).map_err(wrong)?;
        if queue.depth() < depth {
            return Err(limit("commands a queue (iodepth)", u64::from(queue.depth()), u64::from(depth)));
        }
        let key = self.group.add(queue).map_err(|source| EngineError::System {
            engine: ENGINE,
            what: "registering a socket",
            source,
        })?;
        self.connections.push(Connection { address, nqn: target.nqn.clone(), key, controller });
        Ok(self.connections.len() - 1)
    }
}

fn with_length(mut buffer: DataBuffer, length_bytes: u32) -> DataBuffer {
    buffer.set_length(length_bytes);
    buffer
}

/// A command remembers its slot and its length.
fn token(slot: u32, length_bytes: u32) -> u64 {
    u64::from(slot) << 32 | u64::from(length_bytes)
}

fn from_token(token: u64) -> (u32, u32) {
    let [a, b, c, d, e, f, g, h] = token.to_be_bytes();
    (u32::from_be_bytes([a, b, c, d]), u32::from_be_bytes([e, f, g, h]))
}

/// The error number that says most about the fate of a command.
fn error_number(error: &CommandError) -> Errno {
    use nvme::base::status::Status;
    const NUMBERS: [(Status, Errno); 6] = [
        (Status::LBA_OUT_OF_RANGE, Errno::RANGE),
        (Status::CAPACITY_EXCEEDED, Errno::NOSPC),
        (Status::INVALID_FIELD, Errno::INVAL),
        (Status::INVALID_OPCODE, Errno::OPNOTSUPP),
        (Status::NAMESPACE_WRITE_PROTECTED, Errno::ROFS),
        (Status::INVALID_NAMESPACE_OR_FORMAT, Errno::NODEV),
    ];
    match error {
        CommandError::Status { status, .. } => {
            NUMBERS.iter().find(|(known, _)| status.same_code(*known)).map_or(Errno::IO, |(_, number)| *number)
        }
        CommandError::DataDigest => Errno::BADMSG,
        CommandError::DataMissing { .. } => Errno::IO,
        CommandError::TimedOut(_) => Errno::TIMEDOUT,
        CommandError::ConnectionLost(_) => Errno::CONNRESET,
    }
}

fn connect(target: &Target, options: &EngineOptions) -> Result<Controller, EngineError> {
    let options = &options.nvme_tcp;
    let host = match &options.host_nqn {
        Some(text) => {
            let nqn = Nqn::parse(text).map_err(|source| EngineError::Nqn { target: text.clone(), source })?;
            HostIdentity { nqn, ..HostIdentity::random()? }
        }
        None => HostIdentity::of_this_machine()?,
    };
    let connect = ConnectOptions {
        header_digest: options.header_digest,
        data_digest: options.data_digest,
        command_timeout: Duration::from_secs(options.command_timeout_seconds),
        ..ConnectOptions::new(target.address, target.nqn.clone(), host)
    };
    Controller::connect(connect).map_err(|source| EngineError::Connect { address: target.address, source })
}

fn identify(target: &Target, controller: &Controller) -> Result<Namespace, EngineError> {
    let (address, namespace) = (target.address, target.namespace);
    Namespace::identify(controller, namespace).map_err(|source| EngineError::Namespace { address, namespace, source })
}

impl Target {
    fn parse(path: &Path) -> Result<Self, EngineError> {
        let text = path.to_string_lossy();
        let wrong = |problem| EngineError::Target { engine: ENGINE, target: text.to_string(), problem };
        let rest = text.strip_prefix("tcp:").ok_or(wrong("it does not begin with tcp:"))?;
        let (address, rest) = rest.split_once('/').ok_or(wrong("there is no NQN"))?;
        let (nqn, namespace) = match rest.rsplit_once('/') {
            Some((nqn, number)) => {
                let number = number.parse().ok().filter(|&number| number > 0 && number < u32::MAX);
                (nqn, number.ok_or(wrong("the namespace is no number"))?)
            }
            None => (rest, 1),
        };
        let resolved = address.to_socket_addrs().map_err(|_| wrong("ADDRESS:PORT cannot be resolved"))?.next();
        let address = resolved.ok_or(wrong("ADDRESS has no address"))?;
        let nqn = Nqn::parse(nqn).map_err(|source| EngineError::Nqn { target: text.to_string(), source })?;
        Ok(Self { address, nqn, namespace })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_an_address_an_nqn_and_a_namespace() {
        let parse = |text: &str| Target::parse(Path::new(text));
        let target = parse("tcp:127.0.0.1:4420/nqn.2016-06.io.example:one/7").unwrap();
        assert_eq!((target.address.to_string().as_str(), target.namespace), ("127.0.0.1:4420", 7));
        assert_eq!(target.nqn.to_string(), "nqn.2016-06.io.example:one");
        let short = parse("tcp:[::1]:4420/nqn.2016-06.io.example:one").unwrap();
        assert_eq!((short.address.to_string().as_str(), short.namespace), ("[::1]:4420", 1));
        for (text, problem) in [
            ("/dev/nvme0n1", "does not begin with tcp:"),
            ("tcp:127.0.0.1:4420", "there is no NQN"),
            ("tcp:127.0.0.1:4420/nqn.2016-06.io.example:one/0", "the namespace is no number"),
            ("tcp:127.0.0.1/nqn.2016-06.io.example:one/1", "cannot be resolved"),
        ] {
            let error = parse(text).unwrap_err().to_string();
            assert!(error.contains(problem), "{error}");
        }
        assert!(matches!(parse("tcp:127.0.0.1:4420/one"), Err(EngineError::Nqn { .. })));
    }

    #[test]
    fn a_token_is_a_slot_and_a_length() {
        assert_eq!(from_token(token(65_535, u32::MAX)), (65_535, u32::MAX));
        assert_eq!(from_token(token(0, 4096)), (0, 4096));
    }
}
