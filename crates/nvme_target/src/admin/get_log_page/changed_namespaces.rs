//! Changed Namespace List: which namespaces have come or gone since the host last read it.
//!
//! Spec: NVMe Base 2.0 §5.16.1.5.

use nvme::base::log_page::{ChangedNamespaceList, GetLogPage, LogPageIdentifier};
use zerocopy::IntoBytes;

use super::LogPage;
use crate::admin::AdminContext;
use crate::controller::{ControllerState, Notice};
use crate::failure::Failure;

pub(super) const PAGE: LogPage = LogPage { identifier: LogPageIdentifier::CHANGED_NAMESPACE_LIST, build, acknowledge };

fn build(_context: &AdminContext<'_>, state: &ControllerState, _request: &GetLogPage) -> Result<Vec<u8>, Failure> {
    Ok(ChangedNamespaceList::new(state.changed_namespaces.iter().copied()).as_bytes().to_vec())
}

fn acknowledge(state: &mut ControllerState) {
    state.changed_namespaces.clear();
    state.events.acknowledge(Notice::NamespaceAttribute);
}
