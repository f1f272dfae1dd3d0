//! Write Zeroes: blocks read as zeros afterwards, without data being sent.
//!
//! Spec: NVM Command Set 1.0 §3.2.8.

use block::Operation;
use nvme::base::command::SubmissionQueueEntry;
use nvme::nvm::{NvmOpcode, ReadWrite};

use super::{CHANGES_BLOCKS, IoContext, NvmCommand, Step, check_writable};
use crate::failure::Failure;

pub(super) const COMMAND: NvmCommand =
    NvmCommand { opcode: NvmOpcode::WRITE_ZEROES, effects: CHANGES_BLOCKS, execute, with_data: None };

fn execute(context: &IoContext<'_>, entry: &SubmissionQueueEntry) -> Result<Step, Failure> {
    let parameters = ReadWrite::parse(entry);
    let (index, namespace, range) = context.blocks(entry, &parameters)?;
    check_writable(namespace)?;
    let force_unit_access = parameters.force_unit_access || context.pass.force_unit_access;
    let operation = Operation::WriteZeroes { range, deallocate: parameters.deallocate, force_unit_access };
    Ok(Step::Device { namespace: index, operation, length_bytes: 0 })
}
