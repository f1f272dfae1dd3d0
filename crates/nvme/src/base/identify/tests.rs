//! Each structure, filled as a controller fills it, against the bytes that a host reads at the offsets of the specification.

use alloc::vec;
use alloc::vec::Vec;

use zerocopy::{FromBytes, FromZeros, IntoBytes};

use super::{
    CommandSetIdentifier, CommandSets, ControllerAttributes, ControllerType, DeallocateFeatures, FirmwareUpdates,
    FormattedLbaSize, IDENTIFY_DATA_BYTES, Identify, IdentifyCommandSets, IdentifyController, IdentifyControllerNvm,
    IdentifyDataStructure, IdentifyNamespace, IdentifyNamespaceIndependent, IdentifyNamespaceNvm, LbaFormat,
    LogPageAttributes, MultipathCapabilities, NamespaceFeatures, NamespaceSharing, NamespaceStatus,
    OptionalFabricsCommands, OptionalNvmCommands, PowerStateDescriptor, QueueEntrySizes, SglSupport,
    SubmissionQueueEntry, VolatileWriteCache,
};
use crate::base::async_event::AsyncEvents;
use crate::base::property::Version;
use crate::base::text::PaddedText;
use crate::fabrics::Nqn;

#[test]
fn command_bytes() {
    let identify = Identify {
        structure: IdentifyDataStructure::COMMAND_SET_NAMESPACE,
        namespace_id: 0x0403_0201,
        controller_id: 0x0605,
        specific_id: 0x0807,
        command_set: CommandSetIdentifier::ZONED_NAMESPACE,
        uuid_index: 0x09,
    };
    let entry = identify.command();
    let mut expected = [0; 64];
    expected[..2].copy_from_slice(&[0x06, 0x40]);
    expected[4..8].copy_from_slice(&[1, 2, 3, 4]);
    expected[40..48].copy_from_slice(&[0x05, 0, 5, 6, 7, 8, 0, 2]);
    expected[56] = 9;
    assert_eq!(entry.as_bytes(), expected);
    assert_eq!(Identify::parse(&entry), identify);
}

#[test]
fn reserved_bits_are_ignored() {
    let identify = Identify::new(IdentifyDataStructure::CONTROLLER, 0);
    let mut entry = identify.command();
    entry.dword10 = (entry.dword10.get() | 0x0000_ff00).into();
    entry.dword11 = (entry.dword11.get() | 0x00ff_0000).into();
    entry.dword14 = (entry.dword14.get() | 0xffff_ff80).into();
    for dword in [&mut entry.dword2, &mut entry.dword3, &mut entry.dword12, &mut entry.dword13, &mut entry.dword15] {
        *dword = u32::MAX.into();
    }
    assert_eq!(Identify::parse(&entry), identify);
}

#[test]
#[should_panic(expected = "a UUID index has 7 bits")]
fn uuid_index_beyond_its_field() {
    let _: SubmissionQueueEntry =
        Identify { uuid_index: 0x80, ..Identify::new(IdentifyDataStructure::CONTROLLER, 0) }.command();
}

/// 4096 bytes, all zero but for those at these offsets.
fn structure(parts: &[(usize, &[u8])]) -> Vec<u8> {
    let mut bytes = vec![0; IDENTIFY_DATA_BYTES];
    for &(offset, part) in parts {
        bytes[offset..][..part.len()].copy_from_slice(part);
    }
    bytes
}

#[test]
fn identify_controller_bytes() {
    let mut controller = IdentifyController::new_zeroed();
    controller.serial_number = PaddedText::new("SERIAL").unwrap();
    controller.model_number = PaddedText::new("Model of a controller").unwrap();
    controller.firmware_revision = PaddedText::new("0.1.0").unwrap();
    controller.multipath_capabilities =
        MultipathCapabilities::SEVERAL_PORTS.with(MultipathCapabilities::SEVERAL_CONTROLLERS);
    controller.maximum_data_transfer_size = 8;
    controller.controller_id = 0x0102.into();
    controller.version = Version::V2_0.0.into();
    controller.async_events = AsyncEvents::NAMESPACE_ATTRIBUTE.with(AsyncEvents::DISCOVERY_LOG_PAGE);
    controller.attributes = ControllerAttributes::HOST_ID_128_BITS.with(ControllerAttributes::TRAFFIC_BASED_KEEP_ALIVE);
    controller.controller_type = ControllerType::IO;
    controller.command_retry_delay_100ms = [1.into(), 2.into(), 3.into()];
    controller.async_event_request_limit_0based = 3;
    controller.firmware_updates = FirmwareUpdates(0).with_first_slot_read_only(1).with_slot_count(1);
    controller.log_page_attributes =
        LogPageAttributes::COMMANDS_SUPPORTED_AND_EFFECTS.with(LogPageAttributes::EXTENDED_DATA);
    controller.error_log_entries_0based = 63;
    controller.keep_alive_granularity_100ms = 10.into();
    controller.submission_queue_entry_sizes = QueueEntrySizes::SUBMISSION;
    controller.completion_queue_entry_sizes = QueueEntrySizes::COMPLETION;
    controller.maximum_outstanding_commands = 128.into();
    controller.namespace_count = 0x0403.into();
    controller.optional_nvm_commands =
        OptionalNvmCommands::DATASET_MANAGEMENT.with(OptionalNvmCommands::WRITE_ZEROES).with(OptionalNvmCommands::COPY);
    controller.volatile_write_cache =
        VolatileWriteCache::PRESENT.with(VolatileWriteCache::FLUSH_ALL).with(VolatileWriteCache::FLUSH_ALL_REPORTED);
    controller.sgl_support = SglSupport::ANY_ALIGNMENT.with(SglSupport::OFFSET_ADDRESS).with(SglSupport::TRANSPORT);
    controller.maximum_allowed_namespaces = 0x0605.into();
    controller.subsystem_nqn = Nqn::discovery().to_field();
    controller.io_command_capsule_16bytes = ((64 + 8192) / 16).into();
    controller.io_response_capsule_16bytes = 1.into();
    controller.maximum_sgl_data_blocks = 1;
    controller.optional_fabrics_commands = OptionalFabricsCommands::DISCONNECT;
    let expected = structure(&[
        (4, b"SERIAL              "),
        (24, b"Model of a controller                   "),
        (64, b"0.1.0   "),
        (76, &[0x03, 8, 0x02, 0x01]),
        (80, &[0, 0, 2, 0]),
        (92, &[0x00, 0x01, 0x00, 0x80, 0x41]),
        (111, &[1]),
        (128, &[1, 0, 2, 0, 3, 0]),
        (259, &[3, 0x03, 0x06, 63]),
        (320, &[10]),
        (512, &[0x66, 0x44, 128, 0, 3, 4]),
        (520, &[0x0c, 0x01]),
        (525, &[0x07]),
        (536, &[0x01, 0, 0x30, 0, 5, 6]),
        (768, b"nqn.2014-08.org.nvmexpress.discovery\0"),
        (1792, &[0x04, 0x02, 0, 0, 1]),
        (1803, &[1, 1]),
    ]);
    assert_eq!(controller.as_bytes(), expected);
    assert_eq!(controller.in_capsule_data_bytes(), 8192);
    assert_eq!(IdentifyController::read_from_bytes(&expected).unwrap(), controller);
}

#[test]
fn sizes_that_a_controller_computes_do_not_overflow() {
    let mut controller = IdentifyController::new_zeroed();
    assert_eq!(controller.maximum_data_transfer_bytes(0), None);
    for (exponent, page, bytes) in
        [(8, 0, Some(1 << 20)), (1, 15, Some(1 << 28)), (51, 0, Some(1 << 63)), (52, 0, None), (255, u32::MAX, None)]
    {
        controller.maximum_data_transfer_size = exponent;
        assert_eq!(controller.maximum_data_transfer_bytes(page), bytes, "{exponent} {page}");
    }
    for (capsule, offset, bytes) in [(0, 0, 0), (4, 0, 0), (5, 0, 16), (5, 1, 0), (u32::MAX, 0, 16 * 0xffff_ffff - 64)]
    {
        controller.io_command_capsule_16bytes = capsule.into();
        controller.in_capsule_data_offset_16bytes = offset.into();
        assert_eq!(controller.in_capsule_data_bytes(), bytes, "{capsule} {offset}");
    }
}

#[test]
fn power_state_bytes() {
    let state = PowerStateDescriptor {
        maximum_power: 0x0102.into(),
        flags: PowerStateDescriptor::NON_OPERATIONAL,
        entry_latency_us: 0x0304_0506.into(),
        exit_latency_us: 0x0708_090a.into(),
        relative_performance: [1, 2, 3, 4],
        idle_power: 0x0b0c.into(),
        idle_power_scale: 0x40,
        active_power: 0x0d0e.into(),
        active_power_scale: 0x81,
        ..PowerStateDescriptor::new_zeroed()
    };
    let (used, unused) = state.as_bytes().split_at(23);
    assert_eq!(used, [2, 1, 0, 2, 6, 5, 4, 3, 0xa, 9, 8, 7, 1, 2, 3, 4, 0xc, 0xb, 0x40, 0, 0xe, 0xd, 0x81]);
    assert!(unused.iter().all(|&byte| byte == 0));
}

#[test]
fn identify_namespace_bytes() {
    let mut namespace = IdentifyNamespace::new_zeroed();
    assert!(!namespace.is_active());
    namespace.block_count = 0x0102_0304_0506_0708.into();
    namespace.capacity_blocks = 0x1112_1314_1516_1718.into();
    namespace.utilization_blocks = 0x2122_2324_2526_2728.into();
    namespace.features = NamespaceFeatures::THIN_PROVISIONING.with(NamespaceFeatures::PREFERRED_SIZES);
    namespace.lba_formats_0based = 1;
    namespace.formatted_lba_size = FormattedLbaSize(0).with_format_index_low(1);
    namespace.sharing = NamespaceSharing::SHARED;
    namespace.deallocate_features =
        DeallocateFeatures(0).with_read_behaviour(DeallocateFeatures::READS_ZEROES).with_write_zeroes_deallocates(1);
    namespace.optimal_io_boundary_blocks = 0x3132.into();
    namespace.storage_bytes = 0x33.into();
    namespace.preferred_write_granularity_0based = 7.into();
    namespace.optimal_write_blocks_0based = 255.into();
    namespace.ana_group_id = 1.into();
    namespace.attributes = 1;
    namespace.nguid = *b"NGUID89abcdef012";
    namespace.eui64 = *b"EUI64678";
    namespace.lba_formats[0] = LbaFormat::new(512).unwrap();
    namespace.lba_formats[1] = LbaFormat::new(4096).unwrap();
    let expected = structure(&[
        (0, &[8, 7, 6, 5, 4, 3, 2, 1]),
        (8, &[0x18, 0x17, 0x16, 0x15, 0x14, 0x13, 0x12, 0x11]),
        (16, &[0x28, 0x27, 0x26, 0x25, 0x24, 0x23, 0x22, 0x21]),
        (24, &[0x11, 1, 0x01, 0, 0, 0, 1, 0, 0, 0x09]),
        (46, &[0x32, 0x31, 0x33]),
        (64, &[7]),
        (72, &[255]),
        (92, &[1]),
        (99, &[1]),
        (104, b"NGUID89abcdef012EUI64678"),
        (128, &[0, 0, 9, 0, 0, 0, 12, 0]),
    ]);
    assert_eq!(namespace.as_bytes(), expected);
    assert!(namespace.is_active());
    assert_eq!(namespace.lba_format().and_then(LbaFormat::block_size_bytes), Some(4096));
    assert_eq!(IdentifyNamespace::read_from_bytes(&expected).unwrap(), namespace);
}

#[test]
fn the_lba_format_in_use_is_one_of_those_reported() {
    let mut namespace = IdentifyNamespace::new_zeroed();
    for (index, format) in namespace.lba_formats.iter_mut().enumerate() {
        format.metadata_bytes = u16::try_from(index).unwrap().into();
    }
    for index in 0..64 {
        namespace.formatted_lba_size =
            FormattedLbaSize(0x90).with_format_index_low(index & 0xf).with_format_index_high(index >> 4);
        assert_eq!(namespace.formatted_lba_size.format_index(), index);
        namespace.lba_formats_0based = 255;
        assert_eq!(namespace.lba_format().unwrap().metadata_bytes.get(), u16::from(index));
        namespace.lba_formats_0based = index;
        assert!(namespace.lba_format().is_some());
        if index > 0 {
            namespace.lba_formats_0based = index - 1;
            assert!(namespace.lba_format().is_none());
        }
    }
}

#[test]
fn block_sizes() {
    for exponent in 0..=u8::MAX {
        let format = LbaFormat { data_size_log2: exponent, ..LbaFormat::new(512).unwrap() };
        let bytes = if (9..32).contains(&exponent) { Some(1_u32 << exponent) } else { None };
        assert_eq!(format.block_size_bytes(), bytes, "{exponent}");
        if let Some(bytes) = bytes {
            assert_eq!(LbaFormat::new(bytes), Some(format));
        }
    }
    for bytes in [0, 1, 256, 511, 513, 520, 4095, u32::MAX] {
        assert_eq!(LbaFormat::new(bytes), None, "{bytes}");
    }
}

#[test]
fn identify_namespace_independent_bytes() {
    let mut namespace = IdentifyNamespaceIndependent::new_zeroed();
    namespace.sharing = NamespaceSharing::SHARED;
    namespace.ana_group_id = 0x0102_0304.into();
    namespace.attributes = 1;
    namespace.nvm_set_id = 0x0506.into();
    namespace.endurance_group_id = 0x0708.into();
    namespace.status = NamespaceStatus::READY;
    assert_eq!(namespace.as_bytes(), structure(&[(1, &[1, 0, 0, 4, 3, 2, 1, 1, 0, 6, 5, 8, 7, 1])]));
}

#[test]
fn structures_of_the_nvm_command_set() {
    let mut controller = IdentifyControllerNvm::new_zeroed();
    controller.verify_size_limit = 1;
    controller.write_zeroes_size_limit = 2;
    controller.write_uncorrectable_size_limit = 3;
    controller.dataset_management_ranges_limit = 4;
    controller.dataset_management_range_size_limit = 0x0506_0708.into();
    controller.dataset_management_size_limit = 0x090a_0b0c_0d0e_0f10.into();
    let expected = [1, 2, 3, 4, 8, 7, 6, 5, 16, 15, 14, 13, 12, 11, 10, 9];
    assert_eq!(controller.as_bytes(), structure(&[(0, &expected)]));

    let mut namespace = IdentifyNamespaceNvm::new_zeroed();
    namespace.storage_tag_mask = 1.into();
    namespace.extended_lba_formats[63] = 0x0102_0304.into();
    assert_eq!(namespace.as_bytes(), structure(&[(0, &[1]), (264, &[4, 3, 2, 1])]));

    let mut sets = IdentifyCommandSets::new_zeroed();
    sets.combinations[1] = CommandSets::NVM.with(CommandSets::ZONED_NAMESPACE);
    assert_eq!(sets.as_bytes(), structure(&[(8, &[5])]));
}
