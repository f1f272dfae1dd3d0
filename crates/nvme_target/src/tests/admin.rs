//! Identify, log pages and features, and the errors of Admin commands.

use nvme::base::command::{
    AdminOpcode, BROADCAST_NAMESPACE, CommandSetIdentifier, SglDescriptor, SubmissionQueueEntry,
};
use nvme::base::feature::{
    FeatureCapabilities, FeatureIdentifier, FeatureSelect, GetFeatures, HostIdentifier, NumberOfQueues, SetFeatures,
};
use nvme::base::identify::{
    ControllerType, Identify, IdentifyController, IdentifyDataStructure, IdentifyNamespace,
    IdentifyNamespaceIndependent, NamespaceIdentifier, NamespaceList, NamespaceStatus, OptionalNvmCommands,
    namespace_identifiers,
};
use nvme::base::log_page::{
    CommandsSupportedAndEffects, ErrorInformationEntry, FirmwareSlotInformation, GetLogPage, LogPageIdentifier,
    LogPageOffset,
};
use nvme::base::property::Version;
use nvme::base::status::Status;
use nvme::discovery::DiscoveryLog;
use nvme::fabrics::Nqn;
use nvme::nvm::NvmOpcode;
use zerocopy::FromBytes;

use super::harness::{
    BLOCK_COUNT, Connection, ENABLE, Host, Reply, Request, Sketch, address, namespace, settings, subsystem_nqn, target,
    with_transport,
};
use crate::limits::{ERROR_LOG_ENTRIES, NAMESPACES_MAXIMUM};
use crate::subsystem::{Listener, ListenerKind, Target};
use crate::{Limits, TargetSettings};

fn identify_controller(admin: &mut Connection) -> IdentifyController {
    IdentifyController::read_from_bytes(&admin.identify(IdentifyDataStructure::CONTROLLER, 0)).unwrap()
}

fn newest_error(admin: &mut Connection) -> ErrorInformationEntry {
    ErrorInformationEntry::read_from_bytes(&admin.log_page(LogPageIdentifier::ERROR_INFORMATION, 64)).unwrap()
}

// --------------------------------------------------------------- Identify

#[test]
fn identify_controller_says_what_the_target_can_do() {
    let limits =
        Limits { transfer_bytes: 128 << 10, in_capsule_data_bytes: 4096, queue_entries: 64, ..Limits::default() };
    let target = Target::new(TargetSettings { limits, ..settings() }).unwrap();
    let mut host = Host::new(&target, "a");
    let data = identify_controller(&mut host.admin);
    assert_eq!(data.controller_id.get(), host.controller_id);
    assert_eq!(data.controller_type, ControllerType::IO);
    assert_eq!(data.version.get(), Version::V2_0.0);
    assert_eq!(data.maximum_data_transfer_bytes(0), Some(128 << 10));
    assert_eq!(data.in_capsule_data_bytes(), 4096);
    assert_eq!(data.io_response_capsule_16bytes.get(), 1);
    assert_eq!(data.maximum_outstanding_commands.get(), 64);
    assert_eq!(data.namespace_count.get(), NAMESPACES_MAXIMUM);
    assert_eq!(Nqn::from_field(&data.subsystem_nqn).unwrap(), subsystem_nqn());
    assert_eq!(data.serial_number.as_str().map(str::len), Some(16));
    assert_eq!(data.firmware_revision.as_str(), Some(env!("CARGO_PKG_VERSION")));
    let optional = OptionalNvmCommands::DATASET_MANAGEMENT.with(OptionalNvmCommands::WRITE_ZEROES);
    assert!(data.optional_nvm_commands.contains(optional));
    assert!(!data.optional_nvm_commands.contains(OptionalNvmCommands::COMPARE));
    assert_eq!(data.volatile_write_cache.bits(), 0b101);
}

#[test]
fn a_write_cache_is_reported_when_a_namespace_has_one() {
    let device = Sketch { volatile_write_cache: false, ..Sketch::default() };
    let target = Target::new(TargetSettings { namespaces: vec![namespace(1, device)], ..settings() }).unwrap();
    let mut host = Host::new(&target, "a");
    assert_eq!(identify_controller(&mut host.admin).volatile_write_cache.bits(), 0b100);
    let get = GetFeatures::new(FeatureIdentifier::VOLATILE_WRITE_CACHE);
    host.admin.refused(&get.command(), Status::INVALID_FIELD);
}

#[test]
fn a_discovery_controller_says_that_it_is_one() {
    let mut host = Host::discovery(&target(), "a");
    let data = identify_controller(&mut host.admin);
    assert_eq!(data.controller_type, ControllerType::DISCOVERY);
    assert!(Nqn::from_field(&data.subsystem_nqn).unwrap().is_discovery());
    assert_eq!(data.namespace_count.get(), 0);
    for structure in (0..=u8::MAX).map(IdentifyDataStructure).filter(|&cns| cns != IdentifyDataStructure::CONTROLLER) {
        let entry = with_transport(&Identify::new(structure, 1).command(), 4096);
        host.admin.refused(&entry, Status::INVALID_FIELD);
    }
}

#[test]
fn namespaces_are_listed_in_order_from_behind_the_one_that_is_named() {
    let mut host = Host::new(&target(), "a");
    let structures =
        [IdentifyDataStructure::ACTIVE_NAMESPACE_LIST, IdentifyDataStructure::COMMAND_SET_ACTIVE_NAMESPACE_LIST];
    for structure in structures {
        for (after, expected) in [(0, vec![1, 3]), (1, vec![3]), (3, vec![]), (0xffff_fffd, vec![])] {
            let list = NamespaceList::read_from_bytes(&host.admin.identify(structure, after)).unwrap();
            assert_eq!(list.iter().collect::<Vec<_>>(), expected);
        }
        for after in [0xffff_fffe, BROADCAST_NAMESPACE] {
            let entry = with_transport(&Identify::new(structure, after).command(), 4096);
            host.admin.refused(&entry, Status::INVALID_NAMESPACE_OR_FORMAT);
        }
    }
}

#[test]
fn identify_namespace_gives_size_and_sharing() {
    let mut host = Host::new(&target(), "a");
    let data = host.admin.identify(IdentifyDataStructure::NAMESPACE, 3);
    let data = IdentifyNamespace::read_from_bytes(&data).unwrap();
    assert_eq!((data.block_count.get(), data.capacity_blocks.get()), (BLOCK_COUNT, BLOCK_COUNT));
    assert_eq!(data.lba_format().unwrap().block_size_bytes(), Some(512));
    assert_eq!(data.sharing.bits(), 1);
    assert_eq!(data.attributes, 1, "namespace 3 is write protected");
    let data = host.admin.identify(IdentifyDataStructure::NAMESPACE_INDEPENDENT, 1);
    let data = IdentifyNamespaceIndependent::read_from_bytes(&data).unwrap();
    assert_eq!((data.attributes, data.status), (0, NamespaceStatus::READY));
}

#[test]
fn identifiers_without_a_namespace_give_zeros_or_are_refused() {
    let mut host = Host::new(&target(), "a");
    assert!(host.target.detach_namespace(3));
    for structure in [
        IdentifyDataStructure::NAMESPACE,
        IdentifyDataStructure::COMMAND_SET_NAMESPACE,
        IdentifyDataStructure::NAMESPACE_INDEPENDENT,
    ] {
        for inactive in [2, 3, NAMESPACES_MAXIMUM] {
            assert_eq!(host.admin.identify(structure, inactive), [0; 4096]);
        }
        for invalid in [0, NAMESPACES_MAXIMUM + 1, 0xffff_fffe, BROADCAST_NAMESPACE] {
            let entry = with_transport(&Identify::new(structure, invalid).command(), 4096);
            host.admin.refused(&entry, Status::INVALID_NAMESPACE_OR_FORMAT);
        }
    }
    let descriptors =
        |id| with_transport(&Identify::new(IdentifyDataStructure::NAMESPACE_DESCRIPTORS, id).command(), 4096);
    host.admin.refused(&descriptors(2), Status::INVALID_FIELD);
    host.admin.refused(&descriptors(0), Status::INVALID_NAMESPACE_OR_FORMAT);
}

#[test]
fn a_namespace_has_the_same_uuid_at_each_start_and_another_in_another_subsystem() {
    let uuid = |settings: TargetSettings| {
        let mut host = Host::with(&Target::new(settings).unwrap(), "a", &Request::admin("a"));
        let data = host.admin.identify(IdentifyDataStructure::NAMESPACE_DESCRIPTORS, 1);
        let names: Vec<_> = namespace_identifiers(&data).map(Result::unwrap).collect();
        let [NamespaceIdentifier::Uuid(uuid), NamespaceIdentifier::CommandSet(CommandSetIdentifier::NVM)] = names[..]
        else {
            panic!("{names:?}");
        };
        uuid
    };
    let first = uuid(settings());
    assert_eq!(first, uuid(settings()));
    assert_eq!((first[6] >> 4, first[8] >> 6), (8, 0b10), "version and variant");
    let other = Nqn::parse("nqn.2026-11.com.example:other").unwrap();
    let target = Target::new(TargetSettings { subsystem_nqn: other, ..settings() }).unwrap();
    assert_ne!(target.namespaces().next().unwrap().uuid(), first);
}

#[test]
fn unknown_structures_command_sets_and_lengths_are_refused() {
    let mut host = Host::new(&target(), "a");
    for structure in [0x04, 0x09, 0x10, 0x13, 0x1d, 0xff].map(IdentifyDataStructure) {
        let entry = with_transport(&Identify::new(structure, 1).command(), 4096);
        host.admin.refused(&entry, Status::INVALID_FIELD);
    }
    let identify = Identify {
        command_set: CommandSetIdentifier::ZONED_NAMESPACE,
        ..Identify::new(IdentifyDataStructure::COMMAND_SET_CONTROLLER, 0)
    };
    host.admin.refused(&with_transport(&identify.command(), 4096), Status::INVALID_COMMAND_SET);
    let identify = Identify::new(IdentifyDataStructure::CONTROLLER, 0).command();
    for length in [0, 4095, 4097] {
        host.admin.refused(&with_transport(&identify, length), Status::DATA_SGL_LENGTH_INVALID);
    }
}

// -------------------------------------------------------------- log pages

#[test]
fn a_log_page_is_read_from_any_dword_and_ends_in_zeros() {
    let mut host = Host::new(&target(), "a");
    let page = LogPageIdentifier::FIRMWARE_SLOT_INFORMATION;
    let whole = host.admin.log_page(page, 512);
    assert_eq!(FirmwareSlotInformation::read_from_bytes(&whole).unwrap().active_slot(), 1);
    for offset in [0_usize, 4, 8, 12, 508, 512] {
        let request = GetLogPage { offset: LogPageOffset::Bytes(offset as u64), ..GetLogPage::new(page, 16) };
        let mut expected = whole[offset..].to_vec();
        expected.resize(16, 0);
        assert_eq!(host.admin.read(&request.command(), 16), expected, "from {offset}");
    }
    for offset in [1, 2, 3, 6, 514, 516, u64::MAX - 3] {
        let request = GetLogPage { offset: LogPageOffset::Bytes(offset), ..GetLogPage::new(page, 16) };
        host.admin.refused(&with_transport(&request.command(), 16), Status::INVALID_FIELD);
    }
    let by_index = GetLogPage { offset: LogPageOffset::Index(0), ..GetLogPage::new(page, 16) };
    host.admin.refused(&with_transport(&by_index.command(), 16), Status::INVALID_FIELD);
}

#[test]
fn no_more_of_a_log_page_is_read_than_a_transfer_may_have() {
    let mut host = Host::new(&target(), "a");
    let page = LogPageIdentifier::SMART_HEALTH_INFORMATION;
    assert_eq!(host.admin.log_page(page, 1 << 20).len(), 1 << 20);
    for length in [(1 << 20) + 4, 1 << 34] {
        let entry = GetLogPage::new(page, length).command();
        let pointer = SglDescriptor::transport(u32::try_from(length).unwrap_or(0));
        host.admin.refused(&SubmissionQueueEntry { data_pointer: pointer, ..entry }, Status::INVALID_FIELD);
    }
    let entry = GetLogPage::new(page, 512).command();
    host.admin.refused(&with_transport(&entry, 508), Status::DATA_SGL_LENGTH_INVALID);
}

#[test]
fn each_kind_of_controller_has_its_own_pages() {
    let target = target();
    let mut io = Host::new(&target, "a");
    let mut discovery = Host::discovery(&target, "b");
    for page in (0..=u8::MAX).map(LogPageIdentifier) {
        let entry = with_transport(&GetLogPage::new(page, 64).command(), 64);
        for (admin, has_page) in
            [(&mut io.admin, matches!(page.0, 1..=5)), (&mut discovery.admin, matches!(page.0, 1 | 0x70))]
        {
            if has_page {
                admin.read(&entry, 64);
            } else {
                admin.refused(&entry, Status::INVALID_LOG_PAGE);
            }
        }
    }
}

#[test]
fn smart_is_of_the_controller_and_not_of_a_namespace() {
    let mut host = Host::new(&target(), "a");
    let page = GetLogPage::new(LogPageIdentifier::SMART_HEALTH_INFORMATION, 512);
    host.admin.read(&GetLogPage { namespace_id: BROADCAST_NAMESPACE, ..page }.command(), 512);
    let entry = GetLogPage { namespace_id: 1, ..page }.command();
    host.admin.refused(&with_transport(&entry, 512), Status::INVALID_FIELD);
}

#[test]
fn the_effects_page_names_exactly_the_commands_that_are_taken() {
    let mut host = Host::new(&target(), "a");
    let mut io = host.io_queue(1);
    let data = host.admin.log_page(LogPageIdentifier::COMMANDS_SUPPORTED_AND_EFFECTS, 4096);
    let page = CommandsSupportedAndEffects::read_from_bytes(&data).unwrap();
    let admin: Vec<u8> = page.supported_admin().map(|(opcode, _)| opcode).collect();
    let nvm: Vec<u8> = page.supported_io().map(|(opcode, _)| opcode).collect();
    let is_unknown =
        |reply: Reply| matches!(reply, Reply::Response(response) if response.status.same_code(Status::INVALID_OPCODE));
    for opcode in (0..=u8::MAX).filter(|&opcode| opcode != AdminOpcode::FABRICS.0) {
        let entry = SubmissionQueueEntry::new(opcode, 1);
        assert_eq!(is_unknown(host.admin.send(&entry)), !admin.contains(&opcode), "Admin command {opcode:#x}");
        assert_eq!(is_unknown(io.send(&entry)), !nvm.contains(&opcode), "I/O command {opcode:#x}");
    }
    let changes: Vec<u8> = page
        .supported_io()
        .filter_map(|(opcode, effects)| (effects.logical_block_content_change() == 1).then_some(opcode))
        .collect();
    let expected = [NvmOpcode::WRITE, NvmOpcode::WRITE_ZEROES, NvmOpcode::DATASET_MANAGEMENT];
    assert_eq!(changes, expected.map(|opcode| opcode.0));
}

#[test]
fn each_error_is_in_the_log_with_where_it_was() {
    let mut host = Host::new(&target(), "a");
    let command_id = host.admin.next_command_id();
    let entry = with_transport(&Identify::new(IdentifyDataStructure(0x99), 0x55).command(), 4096);
    let response = host.admin.response(&entry);
    assert!(response.status.more(), "the log has more");
    let error = newest_error(&mut host.admin);
    assert_eq!(error.error_count.get(), 1);
    assert_eq!((error.queue_id.get(), error.command_id.get()), (0, command_id));
    assert_eq!(error.status(), Status::INVALID_FIELD.with_do_not_retry());
    assert_eq!((error.parameter_error_location().byte(), error.parameter_error_location().bit()), (40, 0));
    assert_eq!((error.namespace_id.get(), error.opcode), (0x55, AdminOpcode::IDENTIFY.0));
}

#[test]
fn the_error_log_keeps_the_last_errors() {
    let mut host = Host::new(&target(), "a");
    let length = u32::from(ERROR_LOG_ENTRIES) * 64;
    assert_eq!(host.admin.log_page(LogPageIdentifier::ERROR_INFORMATION, length), vec![0; length as usize]);
    for _ in 0..100 {
        host.admin.refused(&SubmissionQueueEntry::new(0xff, 0), Status::INVALID_OPCODE);
    }
    let page = host.admin.log_page(LogPageIdentifier::ERROR_INFORMATION, length);
    let entries = <[ErrorInformationEntry]>::ref_from_bytes(&page).unwrap();
    let numbers: Vec<u64> = entries.iter().map(|entry| entry.error_count.get()).collect();
    assert_eq!(numbers, (37..=100).rev().collect::<Vec<u64>>());
    assert_eq!(host.target.controllers()[0].errors, 100);
}

// -------------------------------------------------------------- discovery

fn discovery_log(target: &std::sync::Arc<Target>, local_address: &str) -> (u64, Vec<String>) {
    let mut admin = Connection::through(target, ListenerKind::Discovery, local_address);
    Request::discovery("a").connect(&mut admin);
    admin.configure(ENABLE);
    let page = admin.log_page(LogPageIdentifier::DISCOVERY, 16384);
    let header = DiscoveryLog::parse(&page).unwrap().header;
    let count = usize::try_from(header.record_count.get()).unwrap();
    let log = DiscoveryLog::parse(&page[..1024 * (count + 1)]).unwrap();
    assert!(log.is_complete());
    let entries = log.entries.iter().map(|entry| {
        assert_eq!(entry.subsystem_nqn().unwrap(), subsystem_nqn());
        assert_eq!(entry.controller_id.get(), 0xffff);
        entry.socket_address().unwrap().to_string()
    });
    (header.generation.get(), entries.collect())
}

#[test]
fn every_way_to_the_subsystem_is_in_the_discovery_log() {
    let io = |text| Listener { address: address(text), kind: ListenerKind::Io };
    let listeners = vec![
        io("192.0.2.1:4420"),
        io("[2001:db8::1]:4420"),
        io("0.0.0.0:4421"),
        io("[::]:4422"),
        Listener { address: address("192.0.2.1:8009"), kind: ListenerKind::Discovery },
    ];
    let target = Target::new(TargetSettings { listeners, ..settings() }).unwrap();
    let (generation, entries) = discovery_log(&target, "192.0.2.1:8009");
    // The IPv6 wildcard has no address that this host is known to reach.
    assert_eq!(entries, ["192.0.2.1:4420", "[2001:db8::1]:4420", "192.0.2.1:4421"]);
    let (_, entries) = discovery_log(&target, "[2001:db8::7]:8009");
    assert_eq!(entries, ["192.0.2.1:4420", "[2001:db8::1]:4420", "[2001:db8::7]:4422"]);
    target.set_listeners(vec![io("192.0.2.1:4420")]);
    let (later, entries) = discovery_log(&target, "192.0.2.1:8009");
    assert_eq!(entries, ["192.0.2.1:4420"]);
    assert!(later > generation);
}

#[test]
fn the_discovery_log_is_read_in_parts() {
    let target = target();
    let mut host = Host::discovery(&target, "a");
    let whole = host.admin.log_page(LogPageIdentifier::DISCOVERY, 2048);
    let part = GetLogPage { offset: LogPageOffset::Bytes(1024), ..GetLogPage::new(LogPageIdentifier::DISCOVERY, 1024) };
    assert_eq!(host.admin.read(&part.command(), 1024), whole[1024..]);
    let beyond = GetLogPage { offset: LogPageOffset::Bytes(2052), ..part };
    host.admin.refused(&with_transport(&beyond.command(), 1024), Status::INVALID_FIELD);
}

// --------------------------------------------------------------- features

#[test]
fn as_many_queues_are_allotted_as_the_limit_allows() {
    let limits = Limits { io_queues: 8, ..Limits::default() };
    let target = Target::new(TargetSettings { limits, ..settings() }).unwrap();
    let mut host = Host::new(&target, "a");
    let get = GetFeatures::new(FeatureIdentifier::NUMBER_OF_QUEUES).command();
    assert_eq!(host.admin.succeed(&get), u64::from(NumberOfQueues::pairs(8).0));
    for (submission, completion, allotted) in [(1, 1, 1), (4, 4, 4), (4, 2, 2), (2, 4, 2), (100, 100, 8), (65535, 3, 3)]
    {
        let request = NumberOfQueues(((completion - 1) << 16) | (submission - 1));
        let set = SetFeatures::new(FeatureIdentifier::NUMBER_OF_QUEUES, request.0).command();
        assert_eq!(host.admin.succeed(&set), u64::from(NumberOfQueues::pairs(allotted).0));
        assert_eq!(host.admin.succeed(&get), u64::from(NumberOfQueues::pairs(allotted).0));
        host.io_request(allotted + 1).fail(&mut Connection::new(&target, ListenerKind::Io));
    }
    for invalid in [0xffff, 0xffff_0000, 0xffff_ffff] {
        let set = SetFeatures::new(FeatureIdentifier::NUMBER_OF_QUEUES, invalid).command();
        host.admin.refused(&set, Status::INVALID_FIELD);
    }
    let io = host.io_queue(1);
    let set = SetFeatures::new(FeatureIdentifier::NUMBER_OF_QUEUES, 0).command();
    host.admin.refused(&set, Status::COMMAND_SEQUENCE_ERROR);
    drop(io);
}

#[test]
fn features_keep_what_is_set_until_a_reset() {
    let mut host = Host::new(&target(), "a");
    for (feature, value, default) in [
        (FeatureIdentifier::ARBITRATION, 0x0102_0303, 7),
        (FeatureIdentifier::POWER_MANAGEMENT, 0x20, 0),
        (FeatureIdentifier::VOLATILE_WRITE_CACHE, 0, 1),
        (FeatureIdentifier::WRITE_ATOMICITY_NORMAL, 1, 0),
        (FeatureIdentifier::ASYNC_EVENT_CONFIGURATION, 0x1ff, 0),
    ] {
        let select = |select| GetFeatures { select, ..GetFeatures::new(feature) }.command();
        assert_eq!(host.admin.succeed(&SetFeatures::new(feature, value).command()), 0);
        assert_eq!(host.admin.succeed(&select(FeatureSelect::CURRENT)), u64::from(value), "{feature}");
        assert_eq!(host.admin.succeed(&select(FeatureSelect::DEFAULT)), default, "{feature}");
        assert_eq!(host.admin.succeed(&select(FeatureSelect::SAVED)), default, "{feature}");
        let capabilities = host.admin.succeed(&select(FeatureSelect::SUPPORTED_CAPABILITIES));
        assert_eq!(capabilities, u64::from(FeatureCapabilities::CHANGEABLE.bits()));
        host.admin.refused(&select(FeatureSelect(0b100)), Status::INVALID_FIELD);
        let save = SetFeatures { save: true, ..SetFeatures::new(feature, value) };
        host.admin.refused(&save.command(), Status::FEATURE_NOT_SAVEABLE);
        host.admin.configure(nvme::base::property::ControllerConfiguration::default());
        host.admin.configure(ENABLE);
        assert_eq!(host.admin.succeed(&select(FeatureSelect::CURRENT)), default, "{feature}");
    }
}

#[test]
fn features_that_are_not_there_and_values_that_cannot_be_are_refused() {
    let target = target();
    let mut host = Host::new(&target, "a");
    for feature in [0x00, 0x03, 0x08, 0x0c, 0x0e, 0x19, 0x82, 0xff].map(FeatureIdentifier) {
        host.admin.refused(&GetFeatures::new(feature).command(), Status::INVALID_FIELD);
        host.admin.refused(&SetFeatures::new(feature, 0).command(), Status::INVALID_FIELD);
    }
    let set = SetFeatures::new(FeatureIdentifier::POWER_MANAGEMENT, 1);
    host.admin.refused(&set.command(), Status::INVALID_FIELD);
    let mut discovery = Host::discovery(&target, "b");
    let get = GetFeatures::new(FeatureIdentifier::NUMBER_OF_QUEUES);
    discovery.admin.refused(&get.command(), Status::INVALID_FIELD);
}

#[test]
fn the_host_identifier_is_that_of_connect() {
    let mut host = Host::new(&target(), "a");
    let extended = HostIdentifier::default().with_extended(1).0;
    let get = GetFeatures { dword11: extended, ..GetFeatures::new(FeatureIdentifier::HOST_IDENTIFIER) };
    assert_eq!(host.admin.read(&get.command(), 16), Request::admin("a").data.host_id);
    host.admin.refused(&with_transport(&get.command(), 8), Status::DATA_SGL_LENGTH_INVALID);
    let short = GetFeatures::new(FeatureIdentifier::HOST_IDENTIFIER).command();
    host.admin.refused(&with_transport(&short, 8), Status::INVALID_FIELD);
    let set = SetFeatures::new(FeatureIdentifier::HOST_IDENTIFIER, extended).command();
    host.admin.refused(&set, Status::COMMAND_SEQUENCE_ERROR);
}

#[test]
fn fused_admin_commands_are_refused() {
    let mut host = Host::new(&target(), "a");
    for fused in 1..=3 {
        let mut entry = SubmissionQueueEntry::new(AdminOpcode::KEEP_ALIVE.0, 0);
        entry.flags |= fused;
        host.admin.refused(&entry, Status::INVALID_FIELD);
    }
}
