//! `tidegate nvme list`: the namespaces of every subsystem that is found.

use clap::{ArgMatches, Command};
use nvme::fabrics::Nqn;
use nvme_host::{ConnectOptions, Controller, Namespace, discover};
use serde_json::Value;

use super::connection::{IO_PORT, discovery_options, json, nvm_subsystem, subsystem_options, with_subsystem};
use super::identify::uuid_text;
use super::{Failure, Subcommand};
use crate::document::Document;

pub(super) const SUBCOMMAND: Subcommand = Subcommand { name: "list", arguments, run };

fn arguments() -> Command {
    with_subsystem(Command::new("list").about("List namespaces: of the subsystem --nqn, or of all that are discovered"))
}

fn run(matches: &ArgMatches) -> Result<(), Failure> {
    let mut rows = Vec::new();
    for options in subsystems(matches)? {
        let subsystem_nqn = options.subsystem_nqn.to_string();
        let address = options.address.to_string();
        let controller = Controller::connect(options)?;
        for id in Namespace::list(&controller)? {
            rows.push(row(&controller, &subsystem_nqn, &address, &Namespace::identify(&controller, id)?));
        }
    }
    Document::new().with_table("namespaces", rows).print(json(matches));
    Ok(())
}

/// How to connect to each subsystem, once each.
fn subsystems(matches: &ArgMatches) -> Result<Vec<ConnectOptions>, Failure> {
    if matches.contains_id("nqn") && matches.get_one::<Nqn>("nqn").is_some() {
        return Ok(vec![subsystem_options(matches)?]);
    }
    let discovery = discovery_options(matches, IO_PORT)?;
    let mut subsystems: Vec<ConnectOptions> = Vec::new();
    for entry in discover(discovery.clone())?.entries {
        let Some((address, nqn)) = nvm_subsystem(&entry, discovery.address) else {
            continue;
        };
        if subsystems.iter().all(|known| known.subsystem_nqn != nqn) {
            subsystems.push(ConnectOptions {
                header_digest: discovery.header_digest,
                data_digest: discovery.data_digest,
                command_timeout: discovery.command_timeout,
                ..ConnectOptions::new(address, nqn, discovery.host.clone())
            });
        }
    }
    Ok(subsystems)
}

fn row(controller: &Controller, subsystem_nqn: &str, address: &str, namespace: &Namespace) -> Document {
    let size = u64::try_from(namespace.size_bytes()).unwrap_or(u64::MAX);
    Document::new()
        .with("subsystem_nqn", subsystem_nqn)
        .with("address", address)
        .with("namespace", namespace.id)
        .with_text("size_bytes", size, block::describe_size(size))
        .with("block_size_bytes", namespace.block_size_bytes)
        .with("blocks", namespace.block_count)
        .with("uuid", namespace.uuid.map_or(Value::Null, |uuid| uuid_text(uuid).into()))
        .with("model", controller.identity().model_number.to_string())
        .with("serial", controller.identity().serial_number.to_string())
}
