//! Keep Alive: the host says that it is there.
//!
//! Spec: NVMe Base 2.0 §5.18, §3.9.

use nvme::base::command::{AdminOpcode, SubmissionQueueEntry};
use nvme::base::log_page::CommandEffects;

use super::{AdminCommand, AdminContext, AdminOutcome};
use crate::failure::Failure;

pub(super) const COMMAND: AdminCommand =
    AdminCommand { opcode: AdminOpcode::KEEP_ALIVE, effects: CommandEffects::SUPPORTED, execute };

fn execute(context: &mut AdminContext<'_>, _entry: &SubmissionQueueEntry) -> Result<AdminOutcome, Failure> {
    context.keep_alive.restart(context.now);
    Ok(AdminOutcome::Done(0))
}
