//! Asynchronous Event Request: waits until there is something to tell.
//!
//! Spec: NVMe Base 2.0 §5.2.

use nvme::base::command::{AdminOpcode, SubmissionQueueEntry};
use nvme::base::log_page::CommandEffects;

use super::{AdminCommand, AdminContext, AdminOutcome};
use crate::failure::Failure;

pub(super) const COMMAND: AdminCommand =
    AdminCommand { opcode: AdminOpcode::ASYNC_EVENT_REQUEST, effects: CommandEffects::SUPPORTED, execute };

fn execute(context: &mut AdminContext<'_>, entry: &SubmissionQueueEntry) -> Result<AdminOutcome, Failure> {
    context.controller.lock().events.request(context.tag, entry.command_id.get())?;
    Ok(AdminOutcome::Held)
}
