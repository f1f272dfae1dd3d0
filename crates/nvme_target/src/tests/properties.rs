//! Properties, and the order of a controller's life.

use nvme::base::command::{AdminOpcode, SubmissionQueueEntry};
use nvme::base::property::{Capabilities, ControllerConfiguration, ControllerStatus, PropertyOffset, Version};
use nvme::base::status::Status;
use nvme::fabrics::{PropertyGet, PropertySet, PropertySize};
use nvme::nvm::{NvmOpcode, ReadWrite};

use super::harness::{Connection, ENABLE, Host, Reply, Request, set_configuration, target, with_transport};
use crate::subsystem::ListenerKind;

const FOUR: PropertySize = PropertySize::FOUR_BYTES;
const EIGHT: PropertySize = PropertySize::EIGHT_BYTES;

fn read_one_block() -> SubmissionQueueEntry {
    with_transport(&ReadWrite { block_count: 1, ..ReadWrite::default() }.command(NvmOpcode::READ, 1), 512)
}

fn keep_alive() -> SubmissionQueueEntry {
    SubmissionQueueEntry::new(AdminOpcode::KEEP_ALIVE.0, 0)
}

#[test]
fn the_capabilities_are_those_that_hosts_rely_on() {
    let mut host = Host::new(&target(), "a");
    let capabilities = Capabilities(host.admin.property(PropertyOffset::CAPABILITIES, EIGHT));
    assert_eq!(capabilities.maximum_queue_entries_0based(), 1023);
    assert_eq!(capabilities.contiguous_queues_required(), 1);
    assert_eq!(capabilities.command_sets(), Capabilities::COMMAND_SET_NVM);
    assert!(capabilities.timeout_500ms() > 0);
    assert_eq!((capabilities.memory_page_minimum(), capabilities.memory_page_maximum()), (0, 0));
    assert_eq!(host.admin.property(PropertyOffset::VERSION, FOUR), u64::from(Version::V2_0.0));
    // A host that sees ready modes in the capabilities waits as long as this says.
    assert_eq!(capabilities.ready_modes(), 1);
    let timeouts = host.admin.property(PropertyOffset::CONTROLLER_READY_TIMEOUTS, FOUR);
    assert_eq!(timeouts, capabilities.timeout_500ms());
    let configuration = host.admin.property(PropertyOffset::CONTROLLER_CONFIGURATION, FOUR);
    assert_eq!(configuration, u64::from(ENABLE.0));
}

#[test]
fn properties_have_one_size_and_unknown_ones_are_refused() {
    let mut host = Host::new(&target(), "a");
    for offset in 0..0x1100 {
        let offset = PropertyOffset(offset);
        let size = match offset {
            PropertyOffset::CAPABILITIES => Some(EIGHT),
            PropertyOffset::VERSION
            | PropertyOffset::CONTROLLER_CONFIGURATION
            | PropertyOffset::CONTROLLER_STATUS
            | PropertyOffset::CONTROLLER_READY_TIMEOUTS => Some(FOUR),
            _ => None,
        };
        for asked in (0..8).map(PropertySize) {
            let command = PropertyGet::new(offset, asked);
            if size == Some(asked) {
                host.admin.succeed(command.as_entry());
            } else {
                host.admin.refused(command.as_entry(), Status::INVALID_FIELD);
            }
        }
    }
}

#[test]
fn only_the_configuration_can_be_set() {
    let mut host = Host::new(&target(), "a");
    for (offset, size) in [
        (PropertyOffset::CAPABILITIES, EIGHT),
        (PropertyOffset::VERSION, FOUR),
        (PropertyOffset::CONTROLLER_STATUS, FOUR),
        (PropertyOffset::NVM_SUBSYSTEM_RESET, FOUR),
        (PropertyOffset::CONTROLLER_CONFIGURATION, EIGHT),
    ] {
        host.admin.refused(PropertySet::new(offset, size, 0).as_entry(), Status::INVALID_FIELD);
    }
    assert_eq!(host.admin.status(), ControllerStatus::default().with_ready(1));
}

#[test]
fn a_configuration_that_cannot_be_is_refused_and_leaves_the_controller_disabled() {
    let mut admin = Connection::new(&target(), ListenerKind::Io);
    Request::admin("a").connect(&mut admin);
    for configuration in [
        ENABLE.with_command_set(ControllerConfiguration::COMMAND_SET_ALL),
        ENABLE.with_command_set(ControllerConfiguration::COMMAND_SET_ADMIN_ONLY),
        ENABLE.with_memory_page_size(1),
        ENABLE.with_arbitration_mechanism(1),
        ENABLE.with_io_submission_queue_entry_size(7),
        ENABLE.with_io_completion_queue_entry_size(0),
    ] {
        admin.refused(&set_configuration(configuration), Status::INVALID_FIELD);
        assert_eq!(admin.status(), ControllerStatus::default());
    }
    admin.configure(ENABLE);
    assert_eq!(admin.status(), ControllerStatus::default().with_ready(1));
}

#[test]
fn a_discovery_controller_does_not_care_about_io_queue_entries() {
    let mut admin = Connection::new(&target(), ListenerKind::Discovery);
    Request::discovery("a").connect(&mut admin);
    admin.configure(ControllerConfiguration::default().with_enable(1));
    admin.succeed(&keep_alive());
}

#[test]
fn a_disabled_controller_takes_property_commands_only() {
    let mut admin = Connection::new(&target(), ListenerKind::Io);
    Request::admin("a").connect(&mut admin);
    admin.refused(&keep_alive(), Status::COMMAND_SEQUENCE_ERROR);
    admin.configure(ENABLE);
    admin.succeed(&keep_alive());
    admin.configure(ControllerConfiguration::default());
    admin.refused(&keep_alive(), Status::COMMAND_SEQUENCE_ERROR);
}

#[test]
fn a_reset_keeps_the_admin_queue_and_closes_the_io_queues_for_good() {
    let mut host = Host::new(&target(), "a");
    let mut io = host.io_queue(1);
    host.admin.configure(ControllerConfiguration::default());
    assert!(io.is_closed() && !host.admin.is_closed());
    assert_eq!(host.admin.status(), ControllerStatus::default());
    io.refused(&read_one_block(), Status::COMMAND_SEQUENCE_ERROR);
    host.admin.configure(ENABLE);
    // A queue from before the reset is not one of the controller that it has become.
    io.refused(&read_one_block(), Status::COMMAND_SEQUENCE_ERROR);
    let mut again = host.io_queue(1);
    assert!(matches!(again.send(&read_one_block()), Reply::Io(_)));
    io.close();
    assert_eq!(host.target.controllers()[0].io_queues, [1]);
}

#[test]
fn a_shutdown_is_complete_at_once_and_ends_commands_until_the_next_reset() {
    for notification in [ControllerConfiguration::SHUTDOWN_NORMAL, ControllerConfiguration::SHUTDOWN_ABRUPT] {
        let mut host = Host::new(&target(), "a");
        let mut io = host.io_queue(1);
        host.admin.configure(ENABLE.with_shutdown_notification(notification));
        assert_eq!(host.admin.status().shutdown_status(), ControllerStatus::SHUTDOWN_COMPLETE);
        host.admin.refused(&keep_alive(), Status::COMMAND_SEQUENCE_ERROR);
        io.refused(&read_one_block(), Status::COMMAND_SEQUENCE_ERROR);
        // Taking the notification back does not undo the shutdown.
        host.admin.configure(ENABLE);
        host.admin.refused(&keep_alive(), Status::COMMAND_SEQUENCE_ERROR);
        host.admin.configure(ControllerConfiguration::default());
        host.admin.configure(ENABLE);
        host.admin.succeed(&keep_alive());
        assert_eq!(host.admin.status(), ControllerStatus::default().with_ready(1));
    }
}

#[test]
fn an_io_queue_takes_no_property_commands() {
    let host = Host::new(&target(), "a");
    let command = PropertyGet::new(PropertyOffset::CAPABILITIES, EIGHT);
    host.io_queue(1).refused(command.as_entry(), Status::INVALID_OPCODE);
}
