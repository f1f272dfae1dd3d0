//! What a namespace is: of the NVM command set, of any, and by which names it is known.
//!
//! An identifier that a namespace could have but none has gets a structure of zeros where the specification says so.
//! Spec: NVMe Base 2.0 §5.17.2.3, §5.17.2.8; NVM Command Set 1.0 §4.1.5.1, §4.1.5.3.

use nvme::base::command::CommandSetIdentifier;
use nvme::base::identify::{
    DeallocateFeatures, IDENTIFY_DATA_BYTES, Identify, IdentifyNamespace, IdentifyNamespaceIndependent,
    IdentifyNamespaceNvm, LbaFormat, NamespaceIdentifier, NamespaceSharing, NamespaceStatus, namespace_descriptors,
};
use zerocopy::little_endian::U64;
use zerocopy::{FromZeros, IntoBytes};

use crate::admin::AdminContext;
use crate::failure::Failure;
use crate::namespace::{Namespace, NamespaceState, invalid_namespace};

/// Bit 0 of a namespace's attributes: it is write protected.
const WRITE_PROTECTED: u8 = 1;

/// Identify Namespace of the NVM command set.
pub(super) fn namespace(context: &AdminContext<'_>, identify: &Identify) -> Result<Vec<u8>, Failure> {
    active_or_zeros(context, identify, |namespace| {
        let geometry = namespace.geometry();
        let mut data = IdentifyNamespace::new_zeroed();
        data.block_count = U64::new(geometry.block_count);
        data.capacity_blocks = data.block_count;
        data.utilization_blocks = data.block_count;
        data.sharing = NamespaceSharing::SHARED;
        data.deallocate_features = DeallocateFeatures::default()
            .with_read_behaviour(DeallocateFeatures::READS_ZEROES)
            .with_write_zeroes_deallocates(1);
        data.attributes = attributes(namespace);
        data.lba_formats[0] = LbaFormat::new(geometry.block_size_bytes)
            .unwrap_or_else(|| unreachable!("checked when the namespace was attached"));
        data.as_bytes().to_vec()
    })
}

/// What holds for a namespace of any command set.
pub(super) fn independent(context: &AdminContext<'_>, identify: &Identify) -> Result<Vec<u8>, Failure> {
    active_or_zeros(context, identify, |namespace| {
        let mut data = IdentifyNamespaceIndependent::new_zeroed();
        data.sharing = NamespaceSharing::SHARED;
        data.attributes = attributes(namespace);
        data.status = NamespaceStatus::READY;
        data.as_bytes().to_vec()
    })
}

/// What the NVM command set adds: nothing, as there is no protection information.
pub(super) fn nvm_namespace(context: &AdminContext<'_>, identify: &Identify) -> Result<Vec<u8>, Failure> {
    active_or_zeros(context, identify, |_| IdentifyNamespaceNvm::new_zeroed().as_bytes().to_vec())
}

/// The names of a namespace.
pub(super) fn descriptors(context: &AdminContext<'_>, identify: &Identify) -> Result<Vec<u8>, Failure> {
    let (_, namespace) = context.target.namespace_table().active(identify.namespace_id)?;
    let names =
        [NamespaceIdentifier::Uuid(namespace.uuid()), NamespaceIdentifier::CommandSet(CommandSetIdentifier::NVM)];
    Ok(namespace_descriptors(&names).to_vec())
}

fn active_or_zeros(
    context: &AdminContext<'_>,
    identify: &Identify,
    build: impl FnOnce(&Namespace) -> Vec<u8>,
) -> Result<Vec<u8>, Failure> {
    match context.target.namespace_table().find(identify.namespace_id) {
        NamespaceState::Active(_, namespace) => Ok(build(namespace)),
        NamespaceState::Inactive => Ok(vec![0; IDENTIFY_DATA_BYTES]),
        NamespaceState::Invalid => Err(invalid_namespace()),
    }
}

fn attributes(namespace: &Namespace) -> u8 {
    if namespace.read_only() { WRITE_PROTECTED } else { 0 }
}
