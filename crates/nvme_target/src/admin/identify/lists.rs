//! Lists: of namespaces, and of command sets.
//!
//! Spec: NVMe Base 2.0 §5.17.2.2, §5.17.2.7, §5.17.2.21.

use nvme::base::identify::{CommandSets, Identify, IdentifyCommandSets, NamespaceList};
use zerocopy::{FromZeros, IntoBytes};

use crate::admin::AdminContext;
use crate::failure::Failure;
use crate::namespace::invalid_namespace;

/// The namespaces behind the given identifier. All are of the NVM command set.
pub(super) fn active_namespaces(context: &AdminContext<'_>, identify: &Identify) -> Result<Vec<u8>, Failure> {
    if identify.namespace_id > NamespaceList::LAST_BEGINNING {
        return Err(invalid_namespace());
    }
    let ids = context.target.namespaces().map(crate::Namespace::id);
    Ok(NamespaceList::after(identify.namespace_id, ids).as_bytes().to_vec())
}

/// The one combination of command sets that there is.
pub(super) fn command_sets(_context: &AdminContext<'_>, _identify: &Identify) -> Result<Vec<u8>, Failure> {
    let mut data = IdentifyCommandSets::new_zeroed();
    data.combinations[0] = CommandSets::NVM;
    Ok(data.as_bytes().to_vec())
}
