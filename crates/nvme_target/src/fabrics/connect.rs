//! Connect: makes a connection a queue.
//!
//! Each parameter that is refused is named by its offset in the command or in its data, as the specification demands.
//! A connection whose Connect was refused may try again until its time for that is up.
//!
//! Spec: NVMe Base 2.0 §6.3, §3.3.2.2 (order of creation).

use std::fmt;
use std::sync::Arc;

use nvme::base::command::SubmissionQueueEntry;
use nvme::base::status::Status;
use nvme::fabrics::{ConnectCommand, ConnectData, ConnectResult, FabricsCommandType, InvalidParameter, Nqn};
use nvme::tcp::Response;
use zerocopy::FromBytes;

use crate::controller::{Association, Controller, ControllerKind, GateKey, QueueHandle, QueueRefusal};
use crate::failure::{Failure, check_data_length};
use crate::gauges::QueueGauges;
use crate::limits::{ADMIN_IN_CAPSULE_DATA_BYTES, ADMIN_QUEUE_ENTRIES_MAXIMUM, ADMIN_QUEUE_ENTRIES_MINIMUM};
use crate::queue::{ConnectionControl, ConnectionInfo, Disposition, QueueGrant, fabrics_command, refuse};
use crate::subsystem::{ListenerKind, Target};

/// Size of the data of Connect, in bytes.
const CONNECT_DATA_BYTES: u32 = 1024;
/// The only layout of the command that there is (RECFMT).
const RECORD_FORMAT: u16 = 0;

/// A Connect that has been accepted.
#[derive(Debug)]
pub(crate) struct Accepted {
    pub(crate) controller: Arc<Controller>,
    pub(crate) grant: QueueGrant,
    pub(crate) gauges: Arc<QueueGauges>,
    /// Of an I/O queue: what opens its controller's gate.
    pub(crate) gate_key: Option<GateKey>,
}

impl Accepted {
    pub(crate) fn response(&self) -> Response {
        let result = ConnectResult::connected(self.controller.id);
        Response { result: result.to_result(), status: result.status() }
    }
}

/// Why a Connect is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Refusal(ConnectResult);

impl Refusal {
    pub(crate) fn response(self) -> Response {
        Response { result: self.0.to_result(), status: self.0.status() }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            ConnectResult::InvalidParameter(parameter) => write!(formatter, "invalid {parameter}"),
            other => write!(formatter, "{}", other.status()),
        }
    }
}

/// A command on a connection that is no queue yet: only Connect goes on, to its data.
pub(crate) fn before(entry: &SubmissionQueueEntry) -> Disposition {
    if fabrics_command(entry) != Some(FabricsCommandType::CONNECT) {
        return refuse(Failure::sequence());
    }
    if ConnectCommand::from_entry(entry).record_format.get() != RECORD_FORMAT {
        return refuse(Failure::lasting(Status::CONNECT_INCOMPATIBLE_FORMAT));
    }
    match check_data_length(entry, CONNECT_DATA_BYTES) {
        Ok(()) => Disposition::NeedData { length_bytes: CONNECT_DATA_BYTES },
        Err(failure) => refuse(failure),
    }
}

/// Decides on a Connect.
///
/// # Errors
/// The refusal to send.
pub(crate) fn accept(
    target: &Target,
    info: &ConnectionInfo,
    connection: &Arc<dyn ConnectionControl>,
    command: &ConnectCommand,
    data: &[u8],
) -> Result<Accepted, Refusal> {
    let Ok(data) = ConnectData::ref_from_bytes(data) else {
        return Err(failed(Status::DATA_SGL_LENGTH_INVALID.with_do_not_retry()));
    };
    let host_nqn = Nqn::from_field(&data.host_nqn).map_err(|_| invalid(InvalidParameter::HOST_NQN))?;
    let kind = subsystem_kind(target, info, data)?;
    let entries = queue_entries(target, command)?;
    let association = Association { kind, host_nqn, host_id: data.host_id };
    let gauges = Arc::new(QueueGauges::new(entries, info.peer_address));
    let queue = QueueHandle { connection: Arc::clone(connection), gauges: Arc::clone(&gauges) };
    let (controller, gate_key) = match command.queue_id.get() {
        0 => (create_controller(target, queue, association, data)?, None),
        queue_id => join_controller(target, queue, &association, data, queue_id)?,
    };
    let queue_id = command.queue_id.get();
    let grant = QueueGrant {
        entries,
        in_capsule_data_bytes: if queue_id == 0 {
            ADMIN_IN_CAPSULE_DATA_BYTES
        } else {
            target.limits().in_capsule_data_bytes
        },
        sq_flow_control_disabled: command.flow_control_disabled(),
        queue_id,
        controller_id: controller.id,
    };
    Ok(Accepted { controller, grant, gauges, gate_key })
}

/// Which of the two subsystems is asked for. The NVM subsystem is not reached through a listener for discovery.
fn subsystem_kind(target: &Target, info: &ConnectionInfo, data: &ConnectData) -> Result<ControllerKind, Refusal> {
    let unknown = invalid(InvalidParameter::SUBSYSTEM_NQN);
    let Ok(subsystem_nqn) = Nqn::from_field(&data.subsystem_nqn) else {
        return Err(unknown);
    };
    if subsystem_nqn.is_discovery() {
        Ok(ControllerKind::Discovery)
    } else if subsystem_nqn == *target.subsystem_nqn() && info.listener == ListenerKind::Io {
        Ok(ControllerKind::Io)
    } else {
        Err(unknown)
    }
}

/// The number of entries that is asked for, which is what the queue gets.
fn queue_entries(target: &Target, command: &ConnectCommand) -> Result<u16, Refusal> {
    let accepted = if command.queue_id.get() == 0 {
        ADMIN_QUEUE_ENTRIES_MINIMUM..=ADMIN_QUEUE_ENTRIES_MAXIMUM
    } else {
        2..=target.limits().queue_entries
    };
    let entries = command.queue_size_0based.get().checked_add(1);
    entries.filter(|entries| accepted.contains(entries)).ok_or(invalid(InvalidParameter::QUEUE_SIZE))
}

/// Controllers are dynamic: a host takes the one that it gets.
fn create_controller(
    target: &Target,
    queue: QueueHandle,
    association: Association,
    data: &ConnectData,
) -> Result<Arc<Controller>, Refusal> {
    if data.controller_id.get() != ConnectData::DYNAMIC_CONTROLLER {
        return Err(invalid(InvalidParameter::CONTROLLER_ID));
    }
    target.create_controller(association, queue).ok_or(failed(Status::CONNECT_CONTROLLER_BUSY))
}

/// An I/O queue belongs to the host that created the controller, and to no other.
fn join_controller(
    target: &Target,
    queue: QueueHandle,
    association: &Association,
    data: &ConnectData,
    queue_id: u16,
) -> Result<(Arc<Controller>, Option<GateKey>), Refusal> {
    if association.kind == ControllerKind::Discovery {
        return Err(invalid(InvalidParameter::QUEUE_ID));
    }
    let controller = target
        .controller(data.controller_id.get())
        .filter(|controller| controller.association.kind == association.kind)
        .ok_or(invalid(InvalidParameter::CONTROLLER_ID))?;
    if controller.association.host_nqn != association.host_nqn {
        return Err(invalid(InvalidParameter::HOST_NQN));
    }
    if controller.association.host_id != association.host_id {
        return Err(invalid(InvalidParameter::HOST_ID));
    }
    match controller.add_io_queue(queue_id, queue) {
        Ok(key) => Ok((controller, Some(key))),
        Err(QueueRefusal::Parameter(parameter)) => Err(invalid(parameter)),
        Err(QueueRefusal::Status(status)) => Err(failed(status)),
    }
}

const fn invalid(parameter: InvalidParameter) -> Refusal {
    Refusal(ConnectResult::InvalidParameter(parameter))
}

const fn failed(status: Status) -> Refusal {
    Refusal(ConnectResult::Failed(status))
}
