//! Property Get and Property Set: the registers of a controller.
//!
//! Spec: NVMe Base 2.0 §6.5, §6.6, §3.1.3.

use nvme::base::command::SubmissionQueueEntry;
use nvme::base::property::{Capabilities, ControllerConfiguration, PropertyOffset};
use nvme::fabrics::{PropertyGet, PropertySet, PropertySize};

use crate::admin::AdminContext;
use crate::admin::features::FeatureValues;
use crate::admin::identify::VERSION;
use crate::failure::{Failure, Location};
use crate::limits::READY_TIMEOUT_500MS;

const SIZE: Location = Location::DWORD10;
const OFFSET: Location = Location::DWORD11;

/// One property: its size, how it is read, and how it is written if it can be.
struct Property {
    offset: PropertyOffset,
    size: PropertySize,
    read: fn(&AdminContext<'_>) -> u64,
    write: Option<Write>,
}

type Write = fn(&mut AdminContext<'_>, u32) -> Result<(), Failure>;

/// Every property of a controller. Bit 0 of the ready modes in the capabilities promises the ready time-outs.
const PROPERTIES: &[Property] = &[
    Property {
        offset: PropertyOffset::CAPABILITIES,
        size: PropertySize::EIGHT_BYTES,
        read: |context| capabilities(context.target.limits().queue_entries).0,
        write: None,
    },
    Property {
        offset: PropertyOffset::VERSION,
        size: PropertySize::FOUR_BYTES,
        read: |_| VERSION.0.into(),
        write: None,
    },
    Property {
        offset: PropertyOffset::CONTROLLER_CONFIGURATION,
        size: PropertySize::FOUR_BYTES,
        read: |context| context.controller.lock().configuration().0.into(),
        write: Some(configure),
    },
    Property {
        offset: PropertyOffset::CONTROLLER_STATUS,
        size: PropertySize::FOUR_BYTES,
        read: |context| context.controller.lock().status().0.into(),
        write: None,
    },
    Property {
        offset: PropertyOffset::CONTROLLER_READY_TIMEOUTS,
        size: PropertySize::FOUR_BYTES,
        read: |_| READY_TIMEOUT_500MS.into(),
        write: None,
    },
];

/// Property Get. Returns the value.
pub(crate) fn get(context: &AdminContext<'_>, entry: &SubmissionQueueEntry) -> Result<u64, Failure> {
    let command = PropertyGet::from_entry(entry);
    Ok((find(command.property(), command.size())?.read)(context))
}

/// Property Set.
pub(crate) fn set(context: &mut AdminContext<'_>, entry: &SubmissionQueueEntry) -> Result<u64, Failure> {
    let command = PropertySet::from_entry(entry);
    let property = find(command.property(), command.size())?;
    let write = property.write.ok_or(Failure::invalid_field(OFFSET))?;
    write(context, command.value_4_bytes())?;
    Ok(0)
}

fn find(offset: PropertyOffset, size: PropertySize) -> Result<&'static Property, Failure> {
    let property = PROPERTIES.iter().find(|property| property.offset == offset);
    let property = property.ok_or(Failure::invalid_field(OFFSET))?;
    if property.size == size { Ok(property) } else { Err(Failure::invalid_field(SIZE)) }
}

fn configure(context: &mut AdminContext<'_>, value: u32) -> Result<(), Failure> {
    let features = FeatureValues::new(context.target.limits());
    context.controller.configure(ControllerConfiguration(value), features)?;
    context.keep_alive.restart(context.now);
    Ok(())
}

fn capabilities(queue_entries: u16) -> Capabilities {
    /// Bit 0: ready comes with the media.
    const READY_WITH_MEDIA: u64 = 1;
    Capabilities::default()
        .with_maximum_queue_entries_0based(u64::from(queue_entries) - 1)
        .with_contiguous_queues_required(1)
        .with_timeout_500ms(READY_TIMEOUT_500MS.into())
        .with_command_sets(Capabilities::COMMAND_SET_NVM)
        .with_ready_modes(READY_WITH_MEDIA)
}
