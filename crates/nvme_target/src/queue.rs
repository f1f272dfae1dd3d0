//! One queue: what a connection's commands mean and what becomes of them.
//!
//! The I/O shell hands in each command ([`Queue::command`]) and does what the [`Disposition`] says. A queue begins
//! without a controller, takes Connect only, and is then the Admin queue of a new controller or an I/O queue of an
//! existing one.
//!
//! Cost of an I/O command that succeeds: a table look-up by opcode, one relaxed load for the controller, two loads for the
//! namespace, a handful of comparisons; no lock, no allocation, no reference count. Statistics are plain integers that
//! [`Queue::end_pass`] adds to the controller's.
//!
//! Invariants: every command gets exactly one response, by way of a disposition, [`Queue::io_completed`],
//! [`Queue::io_abandoned`] or [`Queue::poll_response`]. Nothing here blocks, reads a clock or touches a socket.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use block::{BlockError, Operation};
use nvme::base::command::{AdminOpcode, SubmissionQueueEntry};
use nvme::base::status::Status;
use nvme::fabrics::{ConnectCommand, FabricsCommandType};
use nvme::tcp::{CommandTag, Response};
use reactor::clock::Instant;

use crate::admin::AdminQueue;
use crate::controller::QueueHandle;
use crate::fabrics::connect;
use crate::failure::Failure;
use crate::namespace::NamespaceIndex;
use crate::nvm::IoQueue;
use crate::subsystem::{ListenerKind, Target};

/// What others may ask of a connection, from any thread. Both return at once.
pub trait ConnectionControl: Send + Sync + fmt::Debug {
    /// The controller is gone: take no more commands, get out what there is to say, and close.
    fn close(&self);

    /// [`Queue::poll_response`] has something.
    fn wake(&self);
}

/// Where a connection comes from and where it arrived.
#[derive(Debug, Clone, Copy)]
pub struct ConnectionInfo {
    /// Its address on this machine.
    pub local_address: SocketAddr,
    /// The host's address.
    pub peer_address: SocketAddr,
    /// What the listener that accepted it offers.
    pub listener: ListenerKind,
}

/// A command for a device.
#[derive(Debug, Clone, Copy)]
pub struct IoCommand {
    /// Whose device.
    pub namespace: NamespaceIndex,
    /// What to do.
    pub operation: Operation,
    /// Data to move between host and device, in bytes.
    pub length_bytes: u32,
    /// The command's slot.
    pub tag: CommandTag,
    /// The host's identifier of the command.
    pub command_id: u16,
}

/// What a queue is given with a successful Connect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueueGrant {
    /// Entries, at least 2.
    pub entries: u16,
    /// Most data inside one capsule, in bytes.
    pub in_capsule_data_bytes: u32,
    /// The host does not want to know how many entries are free.
    pub sq_flow_control_disabled: bool,
    /// 0: the Admin queue.
    pub queue_id: u16,
    /// The controller's identifier.
    pub controller_id: u16,
}

/// What becomes of a command.
#[derive(Debug)]
pub enum Disposition {
    /// Collect the data that come with it, then call [`Queue::data`].
    NeedData {
        /// How many bytes; what the command's data pointer says.
        length_bytes: u32,
    },
    /// Answer.
    Respond(Response),
    /// Send these data, then answer.
    RespondWithData {
        /// As many bytes as the command's data pointer says.
        data: Vec<u8>,
        /// Always a success.
        response: Response,
    },
    /// Keep the command; its response comes from [`Queue::poll_response`].
    Hold,
    /// Have the device do it, then call [`Queue::io_completed`].
    Io(IoCommand),
    /// Answer a Connect that succeeded; the connection is a queue now.
    Connected {
        /// The answer.
        response: Response,
        /// What the queue may do.
        grant: QueueGrant,
    },
    /// Answer, then close the connection.
    RespondAndClose(Response),
}

/// A connection's queue.
#[derive(Debug)]
pub struct Queue {
    target: Arc<Target>,
    info: ConnectionInfo,
    connection: Arc<dyn ConnectionControl>,
    role: Role,
}

#[derive(Debug)]
enum Role {
    /// Connect has not succeeded yet. Only the first refusal goes to the log for everyone: a peer may go on trying.
    Opening {
        refused: bool,
    },
    Admin(Box<AdminQueue>),
    Io(IoQueue),
    Closed,
}

impl Queue {
    /// The queue of a connection that has just been accepted.
    #[must_use]
    pub fn new(target: Arc<Target>, info: ConnectionInfo, connection: Arc<dyn ConnectionControl>) -> Self {
        Self { target, info, connection, role: Role::Opening { refused: false } }
    }

    /// Takes in a command. `tag` identifies it until its response is out.
    #[inline]
    pub fn command(&mut self, now: Instant, tag: CommandTag, entry: &SubmissionQueueEntry) -> Disposition {
        match &mut self.role {
            Role::Io(queue) => queue.command(&self.target, tag, entry),
            Role::Admin(queue) => queue.command(now, &self.target, &self.info, tag, entry),
            Role::Opening { .. } => connect::before(entry),
            Role::Closed => refuse(Failure::sequence()),
        }
    }

    /// Takes in the data of a command whose disposition was [`Disposition::NeedData`]: as many bytes as that said.
    pub fn data(&mut self, now: Instant, tag: CommandTag, entry: &SubmissionQueueEntry, data: &[u8]) -> Disposition {
        match &mut self.role {
            &mut Role::Opening { refused } => self.connect(now, entry, data, refused),
            Role::Io(queue) => queue.data(&self.target, tag, entry, data),
            // No Admin command asks for data; only a second Connect that was sent along with the first gets here.
            Role::Admin(_) | Role::Closed => refuse(Failure::sequence()),
        }
    }

    fn connect(
        &mut self,
        now: Instant,
        entry: &SubmissionQueueEntry,
        data: &[u8],
        refused_before: bool,
    ) -> Disposition {
        let request = ConnectCommand::from_entry(entry);
        let accepted = connect::accept(&self.target, &self.info, &self.connection, request, data);
        match accepted {
            Ok(accepted) => {
                let (response, grant) = (accepted.response(), accepted.grant);
                self.role = match accepted.gate_key {
                    Some(key) => {
                        let connection = Arc::clone(&self.connection);
                        let handle = QueueHandle { connection, gauges: accepted.gauges };
                        Role::Io(IoQueue::new(accepted.controller, handle, grant.queue_id, key))
                    }
                    None => {
                        let timeout_ms = request.keep_alive_timeout_ms.get();
                        Role::Admin(Box::new(AdminQueue::new(accepted.controller, accepted.gauges, timeout_ms, now)))
                    }
                };
                Disposition::Connected { response, grant }
            }
            Err(refusal) => {
                let response = refusal.response();
                let peer = self.info.peer_address;
                if refused_before {
                    tracing::debug!(%peer, %refusal, "refused Connect again");
                } else {
                    tracing::info!(%peer, %refusal, "refused Connect");
                }
                self.role = Role::Opening { refused: true };
                Disposition::Respond(response)
            }
        }
    }

    /// What the device has to do next for a command of which it has just done a part, without an error. `None`: that was
    /// all; call [`Queue::io_completed`]. Only Dataset Management has several parts.
    #[inline]
    pub fn next_part(&mut self, command: &IoCommand) -> Option<IoCommand> {
        match &mut self.role {
            Role::Io(queue) => queue.next_part(command),
            Role::Opening { .. } | Role::Admin(_) | Role::Closed => None,
        }
    }

    /// The device has done all that a command asks for, or has failed. Returns the command's response.
    ///
    /// # Panics
    /// When this is not an I/O queue.
    #[inline]
    pub fn io_completed(&mut self, command: &IoCommand, result: Result<(), &BlockError>) -> Response {
        let Role::Io(queue) = &mut self.role else {
            unreachable!("an I/O command of a queue that is none");
        };
        queue.completed(&self.target, command, result)
    }

    /// An [`IoCommand`] will not reach its device, because its data were damaged on the way; the shell answers it with
    /// "Transient Transport Error".
    pub fn io_abandoned(&mut self, command: &IoCommand) {
        if let Role::Io(queue) = &mut self.role {
            queue.abandoned(&self.target, command);
        }
    }

    /// To be called once a pass, after the last command, with the number of commands that are under way.
    #[inline]
    pub fn end_pass(&mut self, _now: Instant, commands_in_flight: u32) {
        match &mut self.role {
            Role::Io(queue) => queue.end_pass(&self.target, commands_in_flight),
            Role::Admin(queue) => queue.end_pass(commands_in_flight),
            Role::Opening { .. } | Role::Closed => {}
        }
    }

    /// When [`Queue::handle_timeout`] wants to be called.
    #[inline]
    #[must_use]
    pub fn next_deadline(&self) -> Option<Instant> {
        match &self.role {
            Role::Admin(queue) => queue.next_deadline(),
            Role::Opening { .. } | Role::Io(_) | Role::Closed => None,
        }
    }

    /// Acts on what is due.
    pub fn handle_timeout(&mut self, now: Instant) {
        if let Role::Admin(queue) = &mut self.role {
            queue.handle_timeout(now, &self.target, &self.info);
        }
    }

    /// The next response to a command that was held, if there is one.
    #[inline]
    pub fn poll_response(&mut self) -> Option<(CommandTag, Response)> {
        match &mut self.role {
            Role::Admin(queue) => queue.poll_response(),
            Role::Opening { .. } | Role::Io(_) | Role::Closed => None,
        }
    }

    /// The connection is gone. With an Admin queue its controller goes, and with that the I/O queues' connections.
    pub fn closed(&mut self, _now: Instant) {
        match std::mem::replace(&mut self.role, Role::Closed) {
            Role::Admin(queue) => self.target.end_controller(queue.controller(), false),
            Role::Io(mut queue) => queue.closed(&self.target),
            Role::Opening { .. } | Role::Closed => {}
        }
    }

    /// The host's address and what the queue is, for logs.
    #[must_use]
    pub fn description(&self) -> impl fmt::Display {
        Description(self)
    }
}

struct Description<'q>(&'q Queue);

impl fmt::Display for Description<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.0.info.peer_address)?;
        let (controller, queue_id) = match &self.0.role {
            Role::Admin(queue) => (queue.controller(), 0),
            Role::Io(queue) => (queue.controller(), queue.queue_id()),
            Role::Opening { .. } | Role::Closed => return Ok(()),
        };
        write!(formatter, " controller {} queue {queue_id}", controller.id)?;
        if queue_id == 0 { write!(formatter, " of {}", controller.association.host_nqn) } else { Ok(()) }
    }
}

/// The answer to a command that fails where there is no controller to note it.
pub(crate) fn refuse(failure: Failure) -> Disposition {
    Disposition::Respond(Response { result: 0, status: failure.status })
}

/// Which Fabrics command an entry is, if it is one.
pub(crate) fn fabrics_command(entry: &SubmissionQueueEntry) -> Option<FabricsCommandType> {
    (entry.opcode == AdminOpcode::FABRICS.0).then(|| entry.fabrics_command_type())
}

/// A success with this result.
pub(crate) const fn success(result: u64) -> Response {
    Response { result, status: Status::SUCCESS }
}
