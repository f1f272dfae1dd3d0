//! Read.
//!
//! Spec: NVM Command Set 1.0 §3.2.4. With Force Unit Access the data come from the media, where they are already as far as
//! any later loss of power is concerned; there is nothing to do for it.

use block::Operation;
use nvme::base::command::SubmissionQueueEntry;
use nvme::base::log_page::CommandEffects;
use nvme::nvm::{NvmOpcode, ReadWrite};

use super::{IoContext, NvmCommand, Step};
use crate::failure::Failure;

pub(super) const COMMAND: NvmCommand =
    NvmCommand { opcode: NvmOpcode::READ, effects: CommandEffects::SUPPORTED, execute, with_data: None };

#[inline]
fn execute(context: &IoContext<'_>, entry: &SubmissionQueueEntry) -> Result<Step, Failure> {
    let parameters = ReadWrite::parse(entry);
    let (index, namespace, range) = context.blocks(entry, &parameters)?;
    let length_bytes = context.data_length(entry, namespace, &parameters)?;
    Ok(Step::Device { namespace: index, operation: Operation::Read(range), length_bytes })
}
