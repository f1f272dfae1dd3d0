//! Admin queues: the commands of I/O controllers and of discovery controllers.
//!
//! A [`CommandSet`] is all that one kind of controller can do: its commands, Identify structures, log pages and
//! features, each a table. A new one is a file and a line. What a controller says about itself (Commands Supported and
//! Effects, Supported Log Pages) is made from the same tables.

use nvme::base::async_event::AsyncEvents;
use nvme::base::command::{AdminOpcode, SubmissionQueueEntry};
use nvme::base::log_page::CommandEffects;
use nvme::fabrics::FabricsCommandType;
use nvme::tcp::{CommandTag, Response};
use reactor::clock::Instant;
use std::sync::Arc;

use crate::controller::{Controller, ControllerKind, ErrorReport, KeepAlive};
use crate::fabrics::{disconnect, property};
use crate::failure::{Failure, Location};
use crate::gauges::QueueGauges;
use crate::queue::{ConnectionInfo, Disposition, fabrics_command, success};
use crate::subsystem::Target;

mod abort;
mod async_event_request;
pub(crate) mod features;
mod get_features;
mod get_log_page;
pub(crate) mod identify;
mod keep_alive;
mod set_features;

/// What one kind of controller can do.
#[derive(Debug)]
pub(crate) struct CommandSet {
    pub(crate) commands: &'static [AdminCommand],
    pub(crate) identify: &'static [identify::Structure],
    pub(crate) log_pages: &'static [get_log_page::LogPage],
    pub(crate) features: &'static [features::Feature],
    /// Notices that it can send.
    pub(crate) notices: AsyncEvents,
}

static IO_CONTROLLER: CommandSet = CommandSet {
    commands: &[
        get_log_page::COMMAND,
        identify::COMMAND,
        abort::COMMAND,
        set_features::COMMAND,
        get_features::COMMAND,
        async_event_request::COMMAND,
        keep_alive::COMMAND,
    ],
    identify: identify::IO_CONTROLLER,
    log_pages: get_log_page::IO_CONTROLLER,
    features: features::IO_CONTROLLER,
    notices: AsyncEvents::NAMESPACE_ATTRIBUTE,
};

static DISCOVERY_CONTROLLER: CommandSet = CommandSet {
    commands: &[
        get_log_page::COMMAND,
        identify::COMMAND,
        set_features::COMMAND,
        get_features::COMMAND,
        async_event_request::COMMAND,
        keep_alive::COMMAND,
    ],
    identify: identify::DISCOVERY_CONTROLLER,
    log_pages: get_log_page::DISCOVERY_CONTROLLER,
    features: features::DISCOVERY_CONTROLLER,
    notices: AsyncEvents::DISCOVERY_LOG_PAGE,
};

impl CommandSet {
    /// What a controller of this kind can do.
    pub(crate) fn of(kind: ControllerKind) -> &'static Self {
        match kind {
            ControllerKind::Io => &IO_CONTROLLER,
            ControllerKind::Discovery => &DISCOVERY_CONTROLLER,
        }
    }
}

/// One Admin command.
#[derive(Debug)]
pub(crate) struct AdminCommand {
    pub(crate) opcode: AdminOpcode,
    /// What the Commands Supported and Effects log page says about it.
    pub(crate) effects: CommandEffects,
    pub(crate) execute: fn(&mut AdminContext<'_>, &SubmissionQueueEntry) -> Result<AdminOutcome, Failure>,
}

/// What an Admin command that does not fail leads to.
#[derive(Debug)]
pub(crate) enum AdminOutcome {
    /// It is done, with this result.
    Done(u64),
    /// These data, as many as the command's data pointer says.
    Data(Vec<u8>),
    /// Its response comes later.
    Held,
}

/// What an Admin command works on.
#[derive(Debug)]
pub(crate) struct AdminContext<'q> {
    pub(crate) now: Instant,
    pub(crate) target: &'q Target,
    pub(crate) info: &'q ConnectionInfo,
    pub(crate) controller: &'q Controller,
    pub(crate) keep_alive: &'q mut KeepAlive,
    pub(crate) tag: CommandTag,
}

/// The Admin queue of a controller.
#[derive(Debug)]
pub(crate) struct AdminQueue {
    controller: Arc<Controller>,
    gauges: Arc<QueueGauges>,
    keep_alive: KeepAlive,
}

impl AdminQueue {
    pub(crate) fn new(
        controller: Arc<Controller>,
        gauges: Arc<QueueGauges>,
        keep_alive_timeout_ms: u32,
        now: Instant,
    ) -> Self {
        let keep_alive = KeepAlive::new(controller.association.kind, keep_alive_timeout_ms, now);
        controller.show_keep_alive(keep_alive.timeout_ms());
        Self { controller, gauges, keep_alive }
    }

    pub(crate) fn controller(&self) -> &Controller {
        &self.controller
    }

    /// Carries out a command.
    pub(crate) fn command(
        &mut self,
        now: Instant,
        target: &Target,
        info: &ConnectionInfo,
        tag: CommandTag,
        entry: &SubmissionQueueEntry,
    ) -> Disposition {
        self.keep_alive.activity(now);
        let Self { controller, keep_alive, .. } = self;
        let context = &mut AdminContext { now, target, info, controller, keep_alive, tag };
        let outcome = match fabrics_command(entry) {
            Some(command_type) => execute_fabrics(context, command_type, entry),
            None => execute(context, entry),
        };
        self.controller.show_keep_alive(self.keep_alive.timeout_ms());
        match outcome {
            Ok(AdminOutcome::Done(result)) => Disposition::Respond(success(result)),
            Ok(AdminOutcome::Data(data)) => Disposition::RespondWithData { data, response: success(0) },
            Ok(AdminOutcome::Held) => Disposition::Hold,
            Err(failure) => Disposition::Respond(self.fail(entry, failure)),
        }
    }

    fn fail(&self, entry: &SubmissionQueueEntry, failure: Failure) -> Response {
        let status = self.controller.record(ErrorReport {
            queue_id: 0,
            command_id: entry.command_id.get(),
            opcode: entry.opcode,
            status: failure.status,
            location: failure.location,
            first_block: 0,
            namespace_id: if fabrics_command(entry).is_some() { 0 } else { entry.namespace_id.get() },
        });
        Response { result: 0, status }
    }

    pub(crate) fn end_pass(&self, commands_in_flight: u32) {
        self.gauges.set_commands_in_flight(commands_in_flight);
    }

    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        self.keep_alive.due()
    }

    /// Gives the host up when it has been silent for too long.
    pub(crate) fn handle_timeout(&mut self, now: Instant, target: &Target, info: &ConnectionInfo) {
        if self.keep_alive.due().is_some_and(|due| due <= now) {
            tracing::info!(
                peer = %info.peer_address,
                controller = self.controller.id,
                host = %self.controller.association.host_nqn,
                timeout_ms = self.keep_alive.timeout_ms(),
                "no sign of life from the host in time, ending its controller"
            );
            self.keep_alive.stop();
            target.end_controller(&self.controller, true);
        }
    }

    pub(crate) fn poll_response(&mut self) -> Option<(CommandTag, Response)> {
        self.controller.lock().events.poll_response()
    }
}

/// Property commands work in every state of the controller: they are what changes it.
fn execute_fabrics(
    context: &mut AdminContext<'_>,
    command_type: FabricsCommandType,
    entry: &SubmissionQueueEntry,
) -> Result<AdminOutcome, Failure> {
    match command_type {
        FabricsCommandType::PROPERTY_GET => property::get(context, entry).map(AdminOutcome::Done),
        FabricsCommandType::PROPERTY_SET => property::set(context, entry).map(AdminOutcome::Done),
        FabricsCommandType::CONNECT => Err(Failure::sequence()),
        FabricsCommandType::DISCONNECT => Err(disconnect::on_admin_queue()),
        _ => Err(Failure::invalid_opcode(Location::COMMAND_TYPE)),
    }
}

fn execute(context: &mut AdminContext<'_>, entry: &SubmissionQueueEntry) -> Result<AdminOutcome, Failure> {
    let set = context.controller.command_set();
    let command = set.commands.iter().find(|command| command.opcode.0 == entry.opcode);
    let command = command.ok_or(Failure::invalid_opcode(Location::OPCODE))?;
    if entry.fused() != 0 {
        return Err(Failure::invalid_field(Location::FUSED));
    }
    if !context.controller.lock().admits_commands() {
        return Err(Failure::sequence());
    }
    (command.execute)(context, entry)
}
