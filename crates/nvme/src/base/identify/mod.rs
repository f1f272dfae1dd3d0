//! Identify: the command and the data structures that it returns, each 4096 bytes.
//!
//! What is asked for is a [`IdentifyDataStructure`] (CNS); which structures a controller has is its own business.
//!
//! Spec: NVMe Base 2.0 §5.17; NVM Command Set 1.0 §4.1.5.

mod command_set;
mod controller;
mod list;
mod namespace;
mod namespace_descriptor;
mod namespace_independent;
mod nvm;

use zerocopy::little_endian::U32;

pub use command_set::{CommandSets, IdentifyCommandSets};
pub use controller::{
    AnaCapabilities, ControllerAttributes, ControllerType, FabricsControllerAttributes, FirmwareUpdates,
    FormatAttributes, FusedOperations, IdentifyController, LogPageAttributes, MultipathCapabilities,
    OptionalAdminCommands, OptionalFabricsCommands, OptionalNvmCommands, PowerStateDescriptor, QueueEntrySizes,
    SglSupport, VolatileWriteCache,
};
pub use list::{ControllerList, NamespaceList};
pub use namespace::{
    DeallocateFeatures, FormattedLbaSize, IdentifyNamespace, LbaFormat, NamespaceFeatures, NamespaceSharing,
};
pub use namespace_descriptor::{
    DescriptorError, NamespaceDescriptorHeader, NamespaceIdentifier, NamespaceIdentifierType, namespace_descriptors,
    namespace_identifiers,
};
pub use namespace_independent::{IdentifyNamespaceIndependent, NamespaceStatus};
pub use nvm::{IdentifyControllerNvm, IdentifyNamespaceNvm};

use super::command::{AdminOpcode, CommandSetIdentifier, SubmissionQueueEntry};

/// Size of every structure that Identify returns, in bytes.
pub const IDENTIFY_DATA_BYTES: usize = 4096;

open_enum! {
    /// Which structure an Identify asks for (CNS, Controller or Namespace Structure).
    ///
    /// Spec: NVMe Base 2.0 §5.17.1, Figure 273.
    pub struct IdentifyDataStructure(u8) {
        NAMESPACE = 0x00, "Identify Namespace";
        CONTROLLER = 0x01, "Identify Controller";
        ACTIVE_NAMESPACE_LIST = 0x02, "Active Namespace ID list";
        NAMESPACE_DESCRIPTORS = 0x03, "Namespace Identification Descriptor list";
        NVM_SET_LIST = 0x04, "NVM Set List";
        COMMAND_SET_NAMESPACE = 0x05, "I/O Command Set specific Identify Namespace";
        COMMAND_SET_CONTROLLER = 0x06, "I/O Command Set specific Identify Controller";
        COMMAND_SET_ACTIVE_NAMESPACE_LIST = 0x07, "I/O Command Set specific Active Namespace ID list";
        NAMESPACE_INDEPENDENT = 0x08, "I/O Command Set Independent Identify Namespace";
        ALLOCATED_NAMESPACE_LIST = 0x10, "Allocated Namespace ID list";
        ALLOCATED_NAMESPACE = 0x11, "Identify Namespace of an allocated namespace";
        NAMESPACE_CONTROLLER_LIST = 0x12, "Namespace Attached Controller list";
        CONTROLLER_LIST = 0x13, "Controller list";
        PRIMARY_CONTROLLER_CAPABILITIES = 0x14, "Primary Controller Capabilities";
        SECONDARY_CONTROLLER_LIST = 0x15, "Secondary Controller list";
        NAMESPACE_GRANULARITY_LIST = 0x16, "Namespace Granularity List";
        UUID_LIST = 0x17, "UUID List";
        DOMAIN_LIST = 0x18, "Domain List";
        ENDURANCE_GROUP_LIST = 0x19, "Endurance Group List";
        COMMAND_SET_ALLOCATED_NAMESPACE_LIST = 0x1a, "I/O Command Set specific Allocated Namespace ID list";
        COMMAND_SET_ALLOCATED_NAMESPACE = 0x1b, "I/O Command Set specific Identify Namespace of an allocated namespace";
        COMMAND_SETS = 0x1c, "Identify I/O Command Set";
    }
}

/// The parameters of Identify.
///
/// Spec: NVMe Base 2.0 §5.17.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identify {
    /// Structure asked for (CNS).
    pub structure: IdentifyDataStructure,
    /// Namespace identifier (NSID): of the namespace asked for, or the one that a list begins after.
    pub namespace_id: u32,
    /// Controller identifier (CNTID): the first of a controller list; FFFFh is the controller itself in
    /// [`IdentifyDataStructure::COMMAND_SETS`].
    pub controller_id: u16,
    /// Identifier specific to the structure (CNS Specific Identifier): of an NVM Set, a domain or an endurance group.
    pub specific_id: u16,
    /// Command set of a structure that is specific to one (CSI).
    pub command_set: CommandSetIdentifier,
    /// UUID index, `0..=127`; 0 is none.
    pub uuid_index: u8,
}

impl Identify {
    /// Asks for a structure of the namespace, with nothing else set and the NVM command set.
    #[must_use]
    pub const fn new(structure: IdentifyDataStructure, namespace_id: u32) -> Self {
        Self {
            structure,
            namespace_id,
            controller_id: 0,
            specific_id: 0,
            command_set: CommandSetIdentifier::NVM,
            uuid_index: 0,
        }
    }

    /// Reads the parameters of a command; reserved bits are ignored.
    #[must_use]
    pub const fn parse(entry: &SubmissionQueueEntry) -> Self {
        let [structure, _, controller_low, controller_high] = entry.dword10.to_bytes();
        let [specific_low, specific_high, _, command_set] = entry.dword11.to_bytes();
        let [uuid_index, ..] = entry.dword14.to_bytes();
        Self {
            structure: IdentifyDataStructure(structure),
            namespace_id: entry.namespace_id.get(),
            controller_id: u16::from_le_bytes([controller_low, controller_high]),
            specific_id: u16::from_le_bytes([specific_low, specific_high]),
            command_set: CommandSetIdentifier(command_set),
            uuid_index: uuid_index & 0x7f,
        }
    }

    /// The command with these parameters, without command identifier and data pointer.
    ///
    /// # Panics
    /// When [`Self::uuid_index`] is above 127.
    #[must_use]
    pub const fn command(&self) -> SubmissionQueueEntry {
        assert!(self.uuid_index <= 0x7f, "a UUID index has 7 bits");
        let [controller_low, controller_high] = self.controller_id.to_le_bytes();
        let [specific_low, specific_high] = self.specific_id.to_le_bytes();
        let mut entry = SubmissionQueueEntry::new(AdminOpcode::IDENTIFY.0, self.namespace_id);
        entry.dword10 = U32::from_bytes([self.structure.0, 0, controller_low, controller_high]);
        entry.dword11 = U32::from_bytes([specific_low, specific_high, 0, self.command_set.0]);
        entry.dword14 = U32::from_bytes([self.uuid_index, 0, 0, 0]);
        entry
    }
}

#[cfg(test)]
mod tests;
