//! Identify: what there is. One file a group of structures, one line in a table for each.
//!
//! Spec: NVMe Base 2.0 §5.17.

use nvme::base::command::{AdminOpcode, CommandSetIdentifier, SubmissionQueueEntry};
use nvme::base::identify::{IDENTIFY_DATA_BYTES, Identify, IdentifyDataStructure};
use nvme::base::log_page::CommandEffects;
use nvme::base::property::Version;
use nvme::base::status::Status;

use super::{AdminCommand, AdminContext, AdminOutcome};
use crate::failure::{Failure, Location, check_data_length};

mod controller;
mod lists;
mod namespace;

pub(crate) use controller::FIRMWARE_REVISION;

/// The version of the specification that controllers follow.
pub(crate) const VERSION: Version = Version::V2_0;

pub(super) const COMMAND: AdminCommand =
    AdminCommand { opcode: AdminOpcode::IDENTIFY, effects: CommandEffects::SUPPORTED, execute };

/// Where the structure that is asked for stands.
const STRUCTURE: Location = Location::DWORD10;
/// Where the command set stands.
const COMMAND_SET: Location = Location::byte(47);

/// One structure.
#[derive(Debug)]
pub(crate) struct Structure {
    structure: IdentifyDataStructure,
    /// It is asked for with a command set; there is one for the NVM command set only.
    of_command_set: bool,
    build: fn(&AdminContext<'_>, &Identify) -> Result<Vec<u8>, Failure>,
}

/// The structures of an I/O controller.
pub(super) const IO_CONTROLLER: &[Structure] = &[
    structure(IdentifyDataStructure::NAMESPACE, namespace::namespace),
    structure(IdentifyDataStructure::CONTROLLER, controller::controller),
    structure(IdentifyDataStructure::ACTIVE_NAMESPACE_LIST, lists::active_namespaces),
    structure(IdentifyDataStructure::NAMESPACE_DESCRIPTORS, namespace::descriptors),
    of_command_set(IdentifyDataStructure::COMMAND_SET_NAMESPACE, namespace::nvm_namespace),
    of_command_set(IdentifyDataStructure::COMMAND_SET_CONTROLLER, controller::nvm_controller),
    of_command_set(IdentifyDataStructure::COMMAND_SET_ACTIVE_NAMESPACE_LIST, lists::active_namespaces),
    structure(IdentifyDataStructure::NAMESPACE_INDEPENDENT, namespace::independent),
    structure(IdentifyDataStructure::COMMAND_SETS, lists::command_sets),
];

/// The structures of a discovery controller.
pub(super) const DISCOVERY_CONTROLLER: &[Structure] =
    &[structure(IdentifyDataStructure::CONTROLLER, controller::discovery_controller)];

const fn structure(
    structure: IdentifyDataStructure,
    build: fn(&AdminContext<'_>, &Identify) -> Result<Vec<u8>, Failure>,
) -> Structure {
    Structure { structure, of_command_set: false, build }
}

const fn of_command_set(
    structure: IdentifyDataStructure,
    build: fn(&AdminContext<'_>, &Identify) -> Result<Vec<u8>, Failure>,
) -> Structure {
    Structure { structure, of_command_set: true, build }
}

fn execute(context: &mut AdminContext<'_>, entry: &SubmissionQueueEntry) -> Result<AdminOutcome, Failure> {
    const LENGTH_BYTES: u32 = 4096;
    const { assert!(LENGTH_BYTES as usize == IDENTIFY_DATA_BYTES) };
    let identify = Identify::parse(entry);
    let structures = context.controller.command_set().identify;
    let structure = structures.iter().find(|structure| structure.structure == identify.structure);
    let structure = structure.ok_or(Failure::invalid_field(STRUCTURE))?;
    if structure.of_command_set && identify.command_set != CommandSetIdentifier::NVM {
        return Err(Failure::at(Status::INVALID_COMMAND_SET, COMMAND_SET));
    }
    check_data_length(entry, LENGTH_BYTES)?;
    let data = (structure.build)(context, &identify)?;
    assert_eq!(data.len(), IDENTIFY_DATA_BYTES, "every structure has this size");
    Ok(AdminOutcome::Data(data))
}
