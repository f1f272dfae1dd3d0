//! I/O queues and the commands of the NVM command set: one file a command, one line in a table for each.
//!
//! This is the hot path of a target, up to the device: [`IoQueue::command`] and [`IoQueue::completed`].

use std::sync::Arc;

use block::{BlockError, BlockRange, Operation};
use nvme::base::command::SubmissionQueueEntry;
use nvme::base::log_page::CommandEffects;
use nvme::base::status::{Status, code_type};
use nvme::fabrics::FabricsCommandType;
use nvme::nvm::{NvmOpcode, ReadWrite};
use nvme::tcp::{CommandTag, Response};

use crate::controller::{Controller, ErrorReport, GateKey, GatePass, QueueHandle};
use crate::fabrics::disconnect;
use crate::failure::{Failure, Location, check_data_length, device_status};
use crate::namespace::{Namespace, NamespaceIndex};
use crate::queue::{Disposition, IoCommand, fabrics_command, success};
use crate::statistics::Totals;
use crate::subsystem::Target;

mod dataset_management;
mod flush;
mod read;
mod write;
mod write_zeroes;

/// Every command of the NVM command set that namespaces take.
pub(crate) const COMMANDS: &[NvmCommand] =
    &[flush::COMMAND, write::COMMAND, read::COMMAND, write_zeroes::COMMAND, dataset_management::COMMAND];

/// One command.
#[derive(Debug)]
pub(crate) struct NvmCommand {
    pub(crate) opcode: NvmOpcode,
    /// What the Commands Supported and Effects log page says about it.
    pub(crate) effects: CommandEffects,
    /// Decides on the command as it came.
    execute: Execute,
    /// Decides on it once its data are there; only of a command that asks for them.
    with_data: Option<ExecuteWithData>,
}

type Execute = fn(&IoContext<'_>, &SubmissionQueueEntry) -> Result<Step, Failure>;
type ExecuteWithData = fn(&IoContext<'_>, &SubmissionQueueEntry, &[u8]) -> Result<Step, Failure>;

/// Effects of a command that changes what blocks hold.
const CHANGES_BLOCKS: CommandEffects = CommandEffects::SUPPORTED.with_logical_block_content_change(1);

/// What a command works on.
#[derive(Debug)]
struct IoContext<'q> {
    target: &'q Target,
    pass: GatePass,
}

/// What is to be done for a command that is in order.
#[derive(Debug)]
enum Step {
    /// The device does this.
    Device { namespace: NamespaceIndex, operation: Operation, length_bytes: u32 },
    /// The device does all of these, one after the other.
    DeviceEach { namespace: NamespaceIndex, operations: Vec<Operation> },
    /// The data are needed first.
    NeedData { length_bytes: u32 },
    /// There is nothing to do.
    Done,
}

/// The place of each opcode in [`COMMANDS`].
const PLACES: [Option<u8>; 256] = {
    let mut places = [None; 256];
    let mut index = 0;
    while index < COMMANDS.len() {
        let opcode = COMMANDS[index].opcode.0 as usize;
        assert!(places[opcode].is_none() && index < u8::MAX as usize, "one command an opcode");
        #[expect(clippy::cast_possible_truncation, reason = "asserted; try_from is not const")]
        let place = index as u8;
        places[opcode] = Some(place);
        index += 1;
    }
    places
};

/// An I/O queue of a controller.
#[derive(Debug)]
pub(crate) struct IoQueue {
    controller: Arc<Controller>,
    handle: QueueHandle,
    queue_id: u16,
    gate_key: GateKey,
    counters: Totals,
    /// What is left to do of commands that ask the device for several things.
    remaining: Vec<Remaining>,
}

#[derive(Debug)]
struct Remaining {
    tag: CommandTag,
    /// The last one is next.
    operations: Vec<Operation>,
}

impl IoQueue {
    pub(crate) fn new(controller: Arc<Controller>, handle: QueueHandle, queue_id: u16, gate_key: GateKey) -> Self {
        Self { controller, handle, queue_id, gate_key, counters: Totals::default(), remaining: Vec::new() }
    }

    pub(crate) fn controller(&self) -> &Controller {
        &self.controller
    }

    pub(crate) fn queue_id(&self) -> u16 {
        self.queue_id
    }

    /// Decides on a command.
    #[inline]
    pub(crate) fn command(&mut self, target: &Target, tag: CommandTag, entry: &SubmissionQueueEntry) -> Disposition {
        let Some(place) = PLACES[usize::from(entry.opcode)] else {
            return self.other_command(entry);
        };
        let step =
            self.context(target, entry).and_then(|context| (COMMANDS[usize::from(place)].execute)(&context, entry));
        self.dispose(tag, entry, step)
    }

    /// Decides on a command whose data have come.
    pub(crate) fn data(
        &mut self,
        target: &Target,
        tag: CommandTag,
        entry: &SubmissionQueueEntry,
        data: &[u8],
    ) -> Disposition {
        let with_data = PLACES[usize::from(entry.opcode)].and_then(|place| COMMANDS[usize::from(place)].with_data);
        let Some(with_data) = with_data else {
            // A second Connect that was sent along with the first.
            return Disposition::Respond(self.refuse(entry, Failure::sequence()));
        };
        let step = self.context(target, entry).and_then(|context| with_data(&context, entry, data));
        self.dispose(tag, entry, step)
    }

    #[inline]
    fn context<'q>(&self, target: &'q Target, entry: &SubmissionQueueEntry) -> Result<IoContext<'q>, Failure> {
        let pass = self.controller.pass(self.gate_key).ok_or(Failure::sequence())?;
        if entry.fused() != 0 {
            return Err(Failure::invalid_field(Location::FUSED));
        }
        Ok(IoContext { target, pass })
    }

    #[inline]
    fn dispose(&mut self, tag: CommandTag, entry: &SubmissionQueueEntry, step: Result<Step, Failure>) -> Disposition {
        let command_id = entry.command_id.get();
        match step {
            Ok(Step::Device { namespace, operation, length_bytes }) => {
                Disposition::Io(IoCommand { namespace, operation, length_bytes, tag, command_id })
            }
            Ok(Step::DeviceEach { namespace, mut operations }) => match operations.pop() {
                Some(operation) => {
                    if !operations.is_empty() {
                        self.remaining.push(Remaining { tag, operations });
                    }
                    Disposition::Io(IoCommand { namespace, operation, length_bytes: 0, tag, command_id })
                }
                None => Disposition::Respond(success(0)),
            },
            Ok(Step::NeedData { length_bytes }) => Disposition::NeedData { length_bytes },
            Ok(Step::Done) => Disposition::Respond(success(0)),
            Err(failure) => Disposition::Respond(self.refuse(entry, failure)),
        }
    }

    /// A command that is not of the NVM command set.
    #[cold]
    fn other_command(&mut self, entry: &SubmissionQueueEntry) -> Disposition {
        let outcome = match fabrics_command(entry) {
            Some(FabricsCommandType::DISCONNECT) => disconnect::on_io_queue(entry),
            Some(FabricsCommandType::CONNECT) => Err(Failure::sequence()),
            Some(_) => Err(Failure::invalid_opcode(Location::COMMAND_TYPE)),
            None => Err(Failure::invalid_opcode(Location::OPCODE)),
        };
        match outcome {
            Ok(()) => {
                self.delete();
                Disposition::RespondAndClose(success(0))
            }
            Err(failure) => Disposition::Respond(self.refuse(entry, failure)),
        }
    }

    #[cold]
    fn refuse(&self, entry: &SubmissionQueueEntry, failure: Failure) -> Response {
        let is_fabrics = fabrics_command(entry).is_some();
        let status = self.controller.record(ErrorReport {
            queue_id: self.queue_id,
            command_id: entry.command_id.get(),
            opcode: entry.opcode,
            status: failure.status,
            location: failure.location,
            first_block: if is_fabrics { 0 } else { ReadWrite::parse(entry).first_block },
            namespace_id: if is_fabrics { 0 } else { entry.namespace_id.get() },
        });
        Response { result: 0, status }
    }

    /// What the device has to do next for a command of which it has just done a part, if there is more.
    pub(crate) fn next_part(&mut self, command: &IoCommand) -> Option<IoCommand> {
        let index = self.remaining.iter().position(|remaining| remaining.tag == command.tag)?;
        let remaining = &mut self.remaining[index];
        let operation = remaining.operations.pop();
        if remaining.operations.is_empty() {
            self.remaining.swap_remove(index);
        }
        operation.map(|operation| IoCommand { operation, ..*command })
    }

    /// Ends a command that the device has carried out, or failed to.
    #[inline]
    pub(crate) fn completed(
        &mut self,
        target: &Target,
        command: &IoCommand,
        result: Result<(), &BlockError>,
    ) -> Response {
        match result {
            Ok(()) => {
                self.count(command);
                success(0)
            }
            Err(error) => {
                self.remaining.retain(|remaining| remaining.tag != command.tag);
                let failure = Failure { status: device_status(error, command.operation), location: None };
                Response { result: 0, status: self.record(target, command, failure) }
            }
        }
    }

    /// Notes that a command's data were damaged on the way.
    pub(crate) fn abandoned(&mut self, target: &Target, command: &IoCommand) {
        self.record(target, command, Failure::passing(Status::TRANSIENT_TRANSPORT_ERROR));
    }

    #[inline]
    fn count(&mut self, command: &IoCommand) {
        match command.operation {
            Operation::Read(_) => {
                self.counters.read_commands += 1;
                self.counters.read_bytes += u64::from(command.length_bytes);
            }
            Operation::Write { .. } => {
                self.counters.write_commands += 1;
                self.counters.written_bytes += u64::from(command.length_bytes);
            }
            Operation::Flush | Operation::Deallocate(_) | Operation::WriteZeroes { .. } => {}
        }
    }

    #[cold]
    fn record(&mut self, target: &Target, command: &IoCommand, failure: Failure) -> Status {
        if failure.status.code_type() == code_type::MEDIA {
            self.counters.media_errors += 1;
        }
        self.controller.record(ErrorReport {
            queue_id: self.queue_id,
            command_id: command.command_id,
            opcode: opcode(command.operation).0,
            status: failure.status,
            location: failure.location,
            first_block: command.operation.range().map_or(0, |range| range.first_block),
            namespace_id: target.namespace(command.namespace).id(),
        })
    }

    /// Adds what has been counted to the statistics that others see.
    #[inline]
    pub(crate) fn end_pass(&mut self, target: &Target, commands_in_flight: u32) {
        self.handle.gauges.set_commands_in_flight(commands_in_flight);
        self.handle.gauges.count(&self.counters);
        target.count(&self.controller, &mut self.counters);
    }

    /// The connection is gone.
    pub(crate) fn closed(&mut self, target: &Target) {
        self.end_pass(target, 0);
        self.delete();
    }

    /// Takes no more commands, and gives its identifier back.
    fn delete(&mut self) {
        self.gate_key = GateKey::NONE;
        self.controller.remove_io_queue(self.queue_id, &self.handle.connection);
    }
}

/// The command that an operation comes from.
fn opcode(operation: Operation) -> NvmOpcode {
    match operation {
        Operation::Read(_) => NvmOpcode::READ,
        Operation::Write { .. } => NvmOpcode::WRITE,
        Operation::Flush => NvmOpcode::FLUSH,
        Operation::Deallocate(_) => NvmOpcode::DATASET_MANAGEMENT,
        Operation::WriteZeroes { .. } => NvmOpcode::WRITE_ZEROES,
    }
}

/// Where in the common form of commands on blocks a parameter stands.
const BLOCK_COUNT: Location = Location::DWORD12;
const FIRST_BLOCK: Location = Location::DWORD10;
const PROTECTION: Location = Location::byte(51).bit(2);

impl IoContext<'_> {
    /// The namespace and the blocks that a command is about, checked.
    #[inline]
    fn blocks(
        &self,
        entry: &SubmissionQueueEntry,
        parameters: &ReadWrite,
    ) -> Result<(NamespaceIndex, &Namespace, BlockRange), Failure> {
        let (index, namespace) = self.target.namespace_table().active(entry.namespace_id.get())?;
        // No namespace has protection information. A host that asks for it must not believe that it got it.
        if parameters.protection != 0 {
            return Err(Failure::at(Status::INVALID_PROTECTION_INFORMATION, PROTECTION));
        }
        let range = BlockRange { first_block: parameters.first_block, block_count: parameters.block_count.into() };
        check_range(namespace, range, FIRST_BLOCK)?;
        Ok((index, namespace, range))
    }

    /// The size of the data of a command on blocks, in bytes, which the data pointer must describe.
    #[inline]
    fn data_length(
        &self,
        entry: &SubmissionQueueEntry,
        namespace: &Namespace,
        parameters: &ReadWrite,
    ) -> Result<u32, Failure> {
        let length = parameters.block_count.checked_mul(namespace.geometry().block_size_bytes);
        let length = length.filter(|&length| length <= self.target.limits().transfer_bytes);
        let length = length.ok_or(Failure::invalid_field(BLOCK_COUNT))?;
        check_data_length(entry, length)?;
        Ok(length)
    }
}

/// Refuses blocks that the namespace does not have.
#[inline]
fn check_range(namespace: &Namespace, range: BlockRange, location: Location) -> Result<(), Failure> {
    match range.first_block.checked_add(range.block_count) {
        Some(end) if end <= namespace.geometry().block_count => Ok(()),
        _ => Err(Failure::at(Status::LBA_OUT_OF_RANGE, location)),
    }
}

/// Refuses to change a namespace that is read only.
#[inline]
fn check_writable(namespace: &Namespace) -> Result<(), Failure> {
    if namespace.read_only() { Err(Failure::lasting(Status::NAMESPACE_WRITE_PROTECTED)) } else { Ok(()) }
}
