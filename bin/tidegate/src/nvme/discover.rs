//! `tidegate nvme discover`: which subsystems there are.

use clap::{ArgMatches, Command};
use nvme::discovery::DiscoveryLogEntry;
use nvme_host::discover;

use super::connection::{DISCOVERY_PORT, discovery_options, json, with_address};
use super::{Failure, Subcommand};
use crate::document::Document;

pub(super) const SUBCOMMAND: Subcommand = Subcommand { name: "discover", arguments, run };

fn arguments() -> Command {
    with_address(Command::new("discover").about("List the subsystems that a discovery service names"))
        .after_help("The port is 8009 unless ADDR names one.")
}

fn run(matches: &ArgMatches) -> Result<(), Failure> {
    let found = discover(discovery_options(matches, DISCOVERY_PORT)?)?;
    page(found.generation, &found.entries).print(json(matches));
    Ok(())
}

/// A discovery log page.
pub(super) fn page(generation: u64, entries: &[DiscoveryLogEntry]) -> Document {
    Document::new().with("generation", generation).with_sections("entries", entries.iter().map(entry).collect())
}

fn entry(entry: &DiscoveryLogEntry) -> Document {
    let nqn = entry.subsystem_nqn().map_or_else(|error| format!("invalid: {error}"), |nqn| nqn.to_string());
    Document::new()
        .with("subsystem_nqn", nqn)
        .with("subsystem_type", entry.subsystem_type.to_string())
        .with("transport", entry.transport_type.to_string())
        .with("address_family", entry.address_family.to_string())
        .with("address", entry.transport_address.to_string())
        .with("service", entry.transport_service_id.to_string())
        .with("port_id", entry.port_id.get())
        .with_text("controller_id", entry.controller_id.get(), format_args!("{:04X}h", entry.controller_id.get()))
        .with("admin_queue_entries", entry.admin_queue_entries.get())
        .with("security", entry.security_type.to_string())
}
