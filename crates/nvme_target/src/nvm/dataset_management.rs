//! Dataset Management: hints on ranges of blocks, of which Deallocate is acted on.
//!
//! All ranges are checked before anything is done. Hosts send a whole table of [`DEALLOCATE_RANGES_MAXIMUM`] ranges
//! however many of them count, so the data may be longer than the ranges. Spec: NVM Command Set 1.0 §3.2.3.

use block::{BlockRange, Operation};
use nvme::base::command::SubmissionQueueEntry;
use nvme::base::status::Status;
use nvme::nvm::{DatasetManagement, DatasetManagementRange, NvmOpcode};
use zerocopy::FromBytes;

use super::{CHANGES_BLOCKS, IoContext, NvmCommand, Step, check_range, check_writable};
use crate::failure::{Failure, Location};
use crate::limits::DEALLOCATE_RANGES_MAXIMUM;

pub(super) const COMMAND: NvmCommand =
    NvmCommand { opcode: NvmOpcode::DATASET_MANAGEMENT, effects: CHANGES_BLOCKS, execute, with_data: Some(with_data) };

/// Size of a range, in bytes.
const RANGE_BYTES: u32 = 16;

fn execute(context: &IoContext<'_>, entry: &SubmissionQueueEntry) -> Result<Step, Failure> {
    let parameters = DatasetManagement::parse(entry);
    let (_, namespace) = context.target.namespace_table().active(entry.namespace_id.get())?;
    if parameters.deallocate {
        check_writable(namespace)?;
    }
    let length_bytes = entry.data_pointer.length.get();
    let accepted = u32::from(parameters.range_count) * RANGE_BYTES..=u32::from(DEALLOCATE_RANGES_MAXIMUM) * RANGE_BYTES;
    if !accepted.contains(&length_bytes) {
        return Err(Failure::at(Status::DATA_SGL_LENGTH_INVALID, Location::DATA_LENGTH));
    }
    Ok(Step::NeedData { length_bytes })
}

fn with_data(context: &IoContext<'_>, entry: &SubmissionQueueEntry, data: &[u8]) -> Result<Step, Failure> {
    let (index, namespace) = context.target.namespace_table().active(entry.namespace_id.get())?;
    let parameters = DatasetManagement::parse(entry);
    let count = usize::from(parameters.range_count);
    let Ok((ranges, _)) = <[DatasetManagementRange]>::ref_from_prefix_with_elems(data, count) else {
        unreachable!("as many bytes came as were asked for");
    };
    let mut operations = Vec::with_capacity(ranges.len());
    for range in ranges {
        let range = BlockRange { first_block: range.first_block.get(), block_count: range.block_count.get().into() };
        check_range(namespace, range, Location::DATA_POINTER)?;
        if range.block_count > 0 {
            operations.push(Operation::Deallocate(range));
        }
    }
    if !parameters.deallocate {
        return Ok(Step::Done);
    }
    // They are taken from the end.
    operations.reverse();
    Ok(Step::DeviceEach { namespace: index, operations })
}
