//! The discovery log page: an entry for each address through which the NVM subsystem can be reached.
//!
//! A wildcard address is given as the one that the asking host came through, as that is one that works for it.
//! Spec: NVMe Base 2.0 §5.16.1.23.

use std::net::SocketAddr;

use nvme::base::log_page::{GetLogPage, LogPageIdentifier};
use nvme::discovery::{DiscoveryLogEntry, SubsystemType, discovery_log_page};

use super::LogPage;
use crate::admin::AdminContext;
use crate::controller::{ControllerState, Notice};
use crate::failure::Failure;
use crate::limits::ADMIN_QUEUE_ENTRIES_MAXIMUM;
use crate::subsystem::{Listener, ListenerKind};

pub(super) const PAGE: LogPage = LogPage {
    identifier: LogPageIdentifier::DISCOVERY,
    build,
    acknowledge: |state| state.events.acknowledge(Notice::DiscoveryLogChange),
};

fn build(context: &AdminContext<'_>, _state: &ControllerState, _request: &GetLogPage) -> Result<Vec<u8>, Failure> {
    let discovery = context.target.discovery_state();
    let entries: Vec<DiscoveryLogEntry> = (1..)
        .zip(&discovery.listeners)
        .filter(|(_, listener)| listener.kind == ListenerKind::Io)
        .filter_map(|(port_id, listener)| {
            let address = reachable_address(listener, context.info.local_address)?;
            let nqn = context.target.subsystem_nqn();
            Some(DiscoveryLogEntry::tcp(SubsystemType::NVM, address, port_id, ADMIN_QUEUE_ENTRIES_MAXIMUM, nqn))
        })
        .collect();
    Ok(discovery_log_page(discovery.generation, &entries))
}

/// Where a host that came through `local_address` reaches a listener. `None`: the listener takes every address of a
/// family that this host has not used, so that there is no knowing one that works.
fn reachable_address(listener: &Listener, local_address: SocketAddr) -> Option<SocketAddr> {
    let address = listener.address;
    if !address.ip().is_unspecified() {
        return Some(address);
    }
    (address.is_ipv4() == local_address.is_ipv4()).then(|| SocketAddr::new(local_address.ip(), address.port()))
}
