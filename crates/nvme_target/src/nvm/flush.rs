//! Flush: what has been written is on the media.
//!
//! Of one namespace at a time, as Identify Controller says. Spec: NVMe Base 2.0 §7.1.

use block::Operation;
use nvme::base::command::SubmissionQueueEntry;
use nvme::base::log_page::CommandEffects;
use nvme::nvm::NvmOpcode;

use super::{IoContext, NvmCommand, Step};
use crate::failure::Failure;

pub(super) const COMMAND: NvmCommand =
    NvmCommand { opcode: NvmOpcode::FLUSH, effects: CommandEffects::SUPPORTED, execute, with_data: None };

fn execute(context: &IoContext<'_>, entry: &SubmissionQueueEntry) -> Result<Step, Failure> {
    let (namespace, _) = context.target.namespace_table().active(entry.namespace_id.get())?;
    Ok(Step::Device { namespace, operation: Operation::Flush, length_bytes: 0 })
}
