//! What the controller is: Identify Controller of both kinds, and that of the NVM command set.
//!
//! Spec: NVMe Base 2.0 §5.17.2.1, §5.17.2.6; NVM Command Set 1.0 §4.1.5.4.

use nvme::base::identify::{
    ControllerAttributes, ControllerType, FirmwareUpdates, Identify, IdentifyController, IdentifyControllerNvm,
    LogPageAttributes, MultipathCapabilities, OptionalFabricsCommands, OptionalNvmCommands, QueueEntrySizes,
    SglSupport, VolatileWriteCache,
};
use nvme::base::text::PaddedText;
use nvme::fabrics::Nqn;
use zerocopy::little_endian::{U16, U32};
use zerocopy::{FromZeros, IntoBytes};

use super::VERSION;
use crate::admin::AdminContext;
use crate::failure::Failure;
use crate::limits::{
    ADMIN_QUEUE_ENTRIES_MAXIMUM, ASYNC_EVENT_REQUESTS_MAXIMUM, ERROR_LOG_ENTRIES, IN_CAPSULE_UNIT_BYTES,
    KEEP_ALIVE_GRANULARITY_100MS, NAMESPACES_MAXIMUM,
};

const SUBMISSION_ENTRY_BYTES: u32 = 64;
const COMPLETION_ENTRY_BYTES: u32 = 16;
/// Unit of the largest transfer, in bytes: the smallest memory page that the capabilities name.
const PAGE_BYTES: u32 = 4096;
/// Abort commands at once, less one: as many as the specification recommends. Each is over when it is answered.
const ABORT_LIMIT_0BASED: u8 = 3;

const MODEL_NUMBER: PaddedText<40> = match PaddedText::new("Tidegate NVMe/TCP target") {
    Some(text) => text,
    None => panic!("the model number fits its field"),
};

/// The version of this software, as much of it as the field holds.
pub(crate) const FIRMWARE_REVISION: PaddedText<8> = match PaddedText::new(env!("CARGO_PKG_VERSION")) {
    Some(text) => text,
    None => panic!("the version fits its field"),
};

/// Identify Controller of an I/O controller.
pub(super) fn controller(context: &AdminContext<'_>, _identify: &Identify) -> Result<Vec<u8>, Failure> {
    let limits = context.target.limits();
    let mut data = both_kinds(context, ControllerType::IO, context.target.subsystem_nqn());
    data.multipath_capabilities = MultipathCapabilities::SEVERAL_PORTS.with(MultipathCapabilities::SEVERAL_CONTROLLERS);
    data.abort_command_limit_0based = ABORT_LIMIT_0BASED;
    data.firmware_updates = FirmwareUpdates::default().with_first_slot_read_only(1).with_slot_count(1);
    data.log_page_attributes = LogPageAttributes::EXTENDED_DATA.with(LogPageAttributes::COMMANDS_SUPPORTED_AND_EFFECTS);
    data.submission_queue_entry_sizes = QueueEntrySizes::SUBMISSION;
    data.completion_queue_entry_sizes = QueueEntrySizes::COMPLETION;
    data.maximum_outstanding_commands = U16::new(limits.queue_entries);
    data.namespace_count = U32::new(NAMESPACES_MAXIMUM);
    data.maximum_allowed_namespaces = U32::new(NAMESPACES_MAXIMUM);
    data.optional_nvm_commands = OptionalNvmCommands::DATASET_MANAGEMENT
        .with(OptionalNvmCommands::WRITE_ZEROES)
        .with(OptionalNvmCommands::SAVE_FEATURES);
    data.volatile_write_cache = volatile_write_cache(context);
    data.io_command_capsule_16bytes =
        U32::new((SUBMISSION_ENTRY_BYTES + limits.in_capsule_data_bytes) / IN_CAPSULE_UNIT_BYTES);
    data.io_response_capsule_16bytes = U32::new(COMPLETION_ENTRY_BYTES / IN_CAPSULE_UNIT_BYTES);
    data.optional_fabrics_commands = OptionalFabricsCommands::DISCONNECT;
    Ok(data.as_bytes().to_vec())
}

/// Identify Controller of a discovery controller.
pub(super) fn discovery_controller(context: &AdminContext<'_>, _identify: &Identify) -> Result<Vec<u8>, Failure> {
    let mut data = both_kinds(context, ControllerType::DISCOVERY, &Nqn::discovery());
    data.log_page_attributes = LogPageAttributes::EXTENDED_DATA;
    data.maximum_outstanding_commands = U16::new(ADMIN_QUEUE_ENTRIES_MAXIMUM);
    Ok(data.as_bytes().to_vec())
}

fn both_kinds(context: &AdminContext<'_>, kind: ControllerType, subsystem_nqn: &Nqn) -> IdentifyController {
    let target = context.target;
    let mut data = IdentifyController::new_zeroed();
    data.serial_number = target.serial_number();
    data.model_number = MODEL_NUMBER;
    data.firmware_revision = FIRMWARE_REVISION;
    data.maximum_data_transfer_size = transfer_exponent(target.limits().transfer_bytes);
    data.controller_id = U16::new(context.controller.id);
    data.version = U32::new(VERSION.0);
    data.async_events = context.controller.command_set().notices;
    data.attributes = ControllerAttributes::HOST_ID_128_BITS;
    data.controller_type = kind;
    data.async_event_request_limit_0based = ASYNC_EVENT_REQUESTS_MAXIMUM - 1;
    data.error_log_entries_0based = ERROR_LOG_ENTRIES - 1;
    data.keep_alive_granularity_100ms = U16::new(KEEP_ALIVE_GRANULARITY_100MS);
    data.sgl_support = SglSupport::ANY_ALIGNMENT.with(SglSupport::OFFSET_ADDRESS).with(SglSupport::TRANSPORT);
    data.maximum_sgl_data_blocks = 1;
    data.subsystem_nqn = subsystem_nqn.to_field();
    data
}

/// The largest transfer as a power of two of memory pages. The limit is a power of two, a page at least.
fn transfer_exponent(transfer_bytes: u32) -> u8 {
    let exponent = (transfer_bytes / PAGE_BYTES).trailing_zeros();
    u8::try_from(exponent).unwrap_or(u8::MAX)
}

/// Flush works on one namespace at a time.
fn volatile_write_cache(context: &AdminContext<'_>) -> VolatileWriteCache {
    let present =
        if context.target.has_volatile_write_cache() { VolatileWriteCache::PRESENT } else { VolatileWriteCache::EMPTY };
    present.with(VolatileWriteCache::FLUSH_ALL_REPORTED)
}

/// What the NVM command set adds: how much one command may do without data. Limits of zero are none.
pub(super) fn nvm_controller(_context: &AdminContext<'_>, _identify: &Identify) -> Result<Vec<u8>, Failure> {
    Ok(IdentifyControllerNvm::new_zeroed().as_bytes().to_vec())
}
