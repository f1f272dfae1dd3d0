//! Making a queue: TCP connection, negotiation, Connect.

use std::io;
use std::net::TcpStream;

use nvme::base::command::SubmissionQueueEntry;
use nvme::base::status::Status;
use nvme::fabrics::{ConnectCommand, ConnectData, ConnectResult};
use nvme::tcp::HostOptions;
use reactor::IdlePolicy;
use reactor::clock::Duration;
use zerocopy::IntoBytes;

use crate::buffer::DataBuffer;
use crate::error::{CommandError, ConnectError, ConnectionFailure, ConnectionLost};
use crate::options::ConnectOptions;
use crate::poll_group::{PollGroup, QueueKey, Wait};
use crate::queue::{Completion, Queue, QueueSettings, Request, Transfer};

/// A queue that has just been connected, in a group of its own.
pub(crate) struct Established {
    pub(crate) group: PollGroup,
    pub(crate) key: QueueKey,
    pub(crate) controller_id: u16,
}

/// What to connect.
pub(crate) struct QueuePlan {
    pub(crate) queue_id: u16,
    pub(crate) entries: u16,
    pub(crate) controller_id: u16,
    pub(crate) in_capsule_data_bytes: u32,
}

/// Connects a queue. Takes two times [`ConnectOptions::connect_timeout`] at most.
///
/// # Errors
/// [`ConnectError`] up to and including the answer to Connect.
pub(crate) fn establish(options: &ConnectOptions, plan: &QueuePlan) -> Result<Established, ConnectError> {
    let stream = open(options)?;
    let settings = QueueSettings {
        protocol: HostOptions {
            header_digest: options.header_digest,
            data_digest: options.data_digest,
            ..HostOptions::default()
        },
        peer: options.address,
        command_timeout: options.command_timeout,
    };
    // Set-up is a few round trips: spinning would cost more than it gains.
    let mut group = PollGroup::new(IdlePolicy { spin: Duration::ZERO }).map_err(ConnectError::Local)?;
    let queue = Queue::new(mio::net::TcpStream::from_std(stream), settings);
    let key = group.add(queue).map_err(ConnectError::Local)?;
    negotiate(&mut group, key, options)?;
    let controller_id = connect(&mut group, key, options, plan)?;
    group.queue_mut(key).configure(plan.entries, plan.in_capsule_data_bytes);
    Ok(Established { group, key, controller_id })
}

fn open(options: &ConnectOptions) -> Result<TcpStream, ConnectError> {
    let address = options.address;
    let stream = TcpStream::connect_timeout(&address, options.connect_timeout)
        .map_err(|source| ConnectError::Unreachable { address, source })?;
    options.socket.apply(&stream).map_err(ConnectError::Local)?;
    Ok(stream)
}

fn negotiate(group: &mut PollGroup, key: QueueKey, options: &ConnectOptions) -> Result<(), ConnectError> {
    let (address, limit) = (options.address, options.connect_timeout);
    let until = group.now() + limit;
    let mut completions = Vec::new();
    while !group.queue(key).is_established() {
        group.poll(Wait::Until(until), &mut completions).map_err(ConnectError::Local)?;
        if let Some(lost) = group.queue(key).lost() {
            return Err(ConnectError::Handshake { address, source: lost.clone() });
        }
        if until <= group.now() {
            return Err(ConnectError::TimedOut { address, limit });
        }
    }
    Ok(())
}

fn connect(
    group: &mut PollGroup,
    key: QueueKey,
    options: &ConnectOptions,
    plan: &QueuePlan,
) -> Result<u16, ConnectError> {
    let queue_id = plan.queue_id;
    let mut command = ConnectCommand::new(queue_id, plan.entries - 1);
    // Without flow control the controller may set SUCCESS, which spares a response capsule for each read.
    command.attributes |= ConnectCommand::DISABLE_FLOW_CONTROL;
    if queue_id == 0 {
        // A longer time-out than the field can hold is as good as the longest that it can.
        let keep_alive_ms = u32::try_from(options.keep_alive_timeout.as_millis()).unwrap_or(u32::MAX);
        command.keep_alive_timeout_ms = keep_alive_ms.into();
    }
    let data = ConnectData::new(options.host.id, plan.controller_id, &options.subsystem_nqn, &options.host.nqn);
    let transfer = Transfer::Write(DataBuffer::from(data.as_bytes().to_vec()));
    let completion = complete(group, key, *command.as_entry(), transfer).map_err(ConnectError::Local)?;
    let (status, result) = match completion.outcome {
        Ok(result) => (Status::SUCCESS, result),
        Err(CommandError::Status { status, result }) => (status, result),
        Err(source) => return Err(ConnectError::StartUp { command: "Connect", source }),
    };
    match ConnectResult::parse(status, low_dword(result)) {
        ConnectResult::Connected { authentication, .. } if authentication.is_required() => {
            Err(ConnectError::AuthenticationRequired)
        }
        ConnectResult::Connected { controller_id, .. } => Ok(controller_id),
        ConnectResult::InvalidParameter(parameter) => Err(ConnectError::InvalidParameter { queue_id, parameter }),
        ConnectResult::Failed(status) => Err(ConnectError::Refused { queue_id, status }),
    }
}

/// Carries out one command while no other is outstanding on the group's only queue.
fn complete(
    group: &mut PollGroup,
    key: QueueKey,
    command: SubmissionQueueEntry,
    transfer: Transfer,
) -> io::Result<Completion> {
    if group.submit(key, Request { token: 0, command, transfer }).is_err() {
        unreachable!("nothing is outstanding on a queue that is being set up");
    }
    let mut completions = Vec::new();
    loop {
        group.poll(Wait::Forever, &mut completions)?;
        if let Some(completion) = completions.pop() {
            return Ok(completion);
        }
    }
}

/// Carries out one command while no other is outstanding on the group's only queue, and returns result and data.
///
/// # Errors
/// [`CommandError`]; a failure of the event loop counts as a lost connection.
pub(crate) fn execute(
    group: &mut PollGroup,
    key: QueueKey,
    command: SubmissionQueueEntry,
    transfer: Transfer,
) -> Result<(u64, DataBuffer), CommandError> {
    let completion = complete(group, key, command, transfer)
        .map_err(|error| ConnectionLost::new(ConnectionFailure::Socket(error)))?;
    Ok((completion.outcome?, completion.buffer))
}

/// Lets some time pass while nothing is outstanding on the group's queues.
///
/// # Errors
/// When the event loop fails.
pub(crate) fn pause(group: &mut PollGroup, duration: Duration) -> io::Result<()> {
    let until = group.now() + duration;
    let mut completions = Vec::new();
    while group.now() < until {
        group.poll(Wait::Until(until), &mut completions)?;
    }
    Ok(())
}

/// Dword 0 of a result.
pub(crate) fn low_dword(result: u64) -> u32 {
    let [a, b, c, d, ..] = result.to_le_bytes();
    u32::from_le_bytes([a, b, c, d])
}
