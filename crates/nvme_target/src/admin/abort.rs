//! Abort: gives a command up, if that is possible.
//!
//! Commands are carried out as they come, so what can be aborted is what waits: Asynchronous Event Requests. A command
//! that is at its device runs to its end. An Abort is over at once, so their number needs no limit.
//!
//! Spec: NVMe Base 2.0 §5.1.

use nvme::base::command::{AdminOpcode, SubmissionQueueEntry};
use nvme::base::log_page::CommandEffects;

use super::{AdminCommand, AdminContext, AdminOutcome};
use crate::failure::Failure;

pub(super) const COMMAND: AdminCommand =
    AdminCommand { opcode: AdminOpcode::ABORT, effects: CommandEffects::SUPPORTED, execute };

/// Bit 0 of the result: the command was not aborted.
const NOT_ABORTED: u64 = 1;

fn execute(context: &mut AdminContext<'_>, entry: &SubmissionQueueEntry) -> Result<AdminOutcome, Failure> {
    let [queue_low, queue_high, command_low, command_high] = entry.dword10.to_bytes();
    let queue_id = u16::from_le_bytes([queue_low, queue_high]);
    let command_id = u16::from_le_bytes([command_low, command_high]);
    let aborted = queue_id == 0 && context.controller.lock().events.abort(command_id);
    Ok(AdminOutcome::Done(if aborted { 0 } else { NOT_ABORTED }))
}
