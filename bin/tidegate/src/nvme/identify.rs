//! `tidegate nvme identify`: what a controller, or one of its namespaces, says about itself.

use clap::{ArgMatches, Command};
use nvme::fabrics::Nqn;
use nvme_host::{Controller, Namespace};
use serde_json::Value;

use super::connection::{connect, json, namespace, namespace_argument, with_subsystem};
use super::{Failure, Subcommand};
use crate::document::Document;

pub(super) const SUBCOMMAND: Subcommand = Subcommand { name: "identify", arguments, run };

fn arguments() -> Command {
    with_subsystem(Command::new("identify").about("Show what a controller, or a namespace of it, says about itself"))
        .arg(namespace_argument().help("The namespace to identify; default: the controller"))
}

fn run(matches: &ArgMatches) -> Result<(), Failure> {
    let controller = connect(matches)?;
    let document = match matches.get_one::<u32>("namespace") {
        Some(_) => of_namespace(&namespace(matches, &controller)?),
        None => of_controller(&controller),
    };
    document.print(json(matches));
    Ok(())
}

fn of_controller(controller: &Controller) -> Document {
    let identity = controller.identity();
    let capabilities = controller.capabilities();
    let subsystem_nqn = Nqn::from_field(&identity.subsystem_nqn);
    Document::new()
        .with("subsystem_nqn", subsystem_nqn.map_or_else(|error| format!("invalid: {error}"), |nqn| nqn.to_string()))
        .with("controller_id", controller.id())
        .with("controller_type", identity.controller_type.to_string())
        .with("version", controller.version().to_string())
        .with("model_number", identity.model_number.to_string())
        .with("serial_number", identity.serial_number.to_string())
        .with("firmware_revision", identity.firmware_revision.to_string())
        .with("multipath", identity.multipath_capabilities.to_string())
        .with("attributes", identity.attributes.to_string())
        .with("async_events", identity.async_events.to_string())
        .with("optional_admin_commands", identity.optional_admin_commands.to_string())
        .with("optional_nvm_commands", identity.optional_nvm_commands.to_string())
        .with("log_page_attributes", identity.log_page_attributes.to_string())
        .with("error_log_entries", u16::from(identity.error_log_entries_0based) + 1)
        .with("abort_command_limit", u16::from(identity.abort_command_limit_0based) + 1)
        .with("async_event_request_limit", u16::from(identity.async_event_request_limit_0based) + 1)
        .with("keep_alive_granularity_ms", u32::from(identity.keep_alive_granularity_100ms.get()) * 100)
        .with("volatile_write_cache", identity.volatile_write_cache.to_string())
        .with("namespaces_at_most", identity.namespace_count.get())
        .with("maximum_transfer_bytes", controller.maximum_transfer_bytes())
        .with("maximum_queue_entries", capabilities.maximum_queue_entries_0based() + 1)
        .with("maximum_outstanding_commands", identity.maximum_outstanding_commands.get())
        .with("in_capsule_data_bytes", identity.in_capsule_data_bytes())
        .with("ready_within_ms", capabilities.timeout_500ms() * 500)
        .with("sgl_support", identity.sgl_support.to_string())
        .with("header_digest", controller.digests().header)
        .with("data_digest", controller.digests().data)
}

fn of_namespace(namespace: &Namespace) -> Document {
    let identity = &namespace.identity;
    let size = u64::try_from(namespace.size_bytes()).unwrap_or(u64::MAX);
    Document::new()
        .with("namespace", namespace.id)
        .with_text("size_bytes", size, block::describe_size(size))
        .with("block_size_bytes", namespace.block_size_bytes)
        .with("blocks", namespace.block_count)
        .with("capacity_blocks", identity.capacity_blocks.get())
        .with("utilization_blocks", identity.utilization_blocks.get())
        .with("uuid", namespace.uuid.map_or(Value::Null, |uuid| uuid_text(uuid).into()))
        .with("nguid", identifier(&identity.nguid))
        .with("eui64", identifier(&identity.eui64))
        .with("features", identity.features.to_string())
        .with("sharing", identity.sharing.to_string())
        .with("optimal_io_boundary_blocks", identity.optimal_io_boundary_blocks.get())
}

/// An identifier in hexadecimal; one that is all zero is none.
fn identifier(bytes: &[u8]) -> Value {
    if bytes.iter().all(|&byte| byte == 0) {
        return Value::Null;
    }
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>().into()
}

/// A UUID as it is written.
pub(super) fn uuid_text(uuid: [u8; 16]) -> String {
    let digits: String = uuid.iter().map(|byte| format!("{byte:02x}")).collect();
    [&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]].join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uuid_is_written_in_five_groups() {
        let uuid = std::array::from_fn(|index| u8::try_from(index * 17).unwrap());
        assert_eq!(uuid_text(uuid), "00112233-4455-6677-8899-aabbccddeeff");
    }

    #[test]
    fn an_identifier_of_zeroes_is_none() {
        assert_eq!(identifier(&[0; 8]), Value::Null);
        assert_eq!(identifier(&[0, 1]), Value::from("0001"));
    }
}
