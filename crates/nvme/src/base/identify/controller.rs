//! Identify Controller: what a controller is and can do.
//!
//! Spec: NVMe Base 2.0 §5.17.2.1, Figure 275.

use zerocopy::little_endian::{U16, U32, U128};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use crate::base::async_event::AsyncEvents;
use crate::base::text::PaddedText;
use crate::fabrics::NQN_FIELD_BYTES;

/// Identify Controller, 4096 bytes. Build one from `FromZeros::new_zeroed`: all zero is a controller that supports nothing.
///
/// Spec: NVMe Base 2.0 Figure 275.
#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned, Clone, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct IdentifyController {
    /// PCI vendor identifier (VID); zero for a controller that is none.
    pub vendor_id: U16,
    /// PCI subsystem vendor identifier (SSVID).
    pub subsystem_vendor_id: U16,
    /// Serial number (SN).
    pub serial_number: PaddedText<20>,
    /// Model number (MN).
    pub model_number: PaddedText<40>,
    /// Firmware revision (FR): the one that is active.
    pub firmware_revision: PaddedText<8>,
    /// Recommended arbitration burst (RAB), 2 to the power of value commands.
    pub recommended_arbitration_burst: u8,
    /// IEEE organisation identifier (IEEE), least significant byte first.
    pub ieee_oui: [u8; 3],
    /// Ports, controllers and namespace access (CMIC).
    pub multipath_capabilities: MultipathCapabilities,
    /// Largest data transfer (MDTS), 2 to the power of value units of the smallest memory page; 0 is no limit.
    /// [`Self::maximum_data_transfer_bytes`] computes it.
    pub maximum_data_transfer_size: u8,
    /// Controller identifier (CNTLID).
    pub controller_id: U16,
    /// [`Version`](crate::base::property::Version) that the controller complies with (VER).
    pub version: U32,
    /// Typical time to resume from runtime D3, in µs (RTD3R).
    pub resume_latency_us: U32,
    /// Typical time to enter runtime D3, in µs (RTD3E). A Linux host waits that long for a shutdown, but 5 s at least.
    pub entry_latency_us: U32,
    /// Asynchronous events that the controller can report, besides critical warnings (OAES).
    pub async_events: AsyncEvents,
    /// Controller attributes (CTRATT).
    pub attributes: ControllerAttributes,
    /// Read recovery levels supported, a bit each (RRLS).
    pub read_recovery_levels: U16,
    /// Reserved.
    pub reserved102: [u8; 9],
    /// [`ControllerType`] (CNTRLTYPE).
    pub controller_type: ControllerType,
    /// Globally unique identifier of the field replaceable unit (FGUID).
    pub field_replaceable_unit_guid: [u8; 16],
    /// What each command retry delay of a status means, in units of 100 ms (CRDT1 to CRDT3).
    pub command_retry_delay_100ms: [U16; 3],
    /// Reserved.
    pub reserved134: [u8; 106],
    /// Reserved for the NVMe Management Interface.
    pub reserved240: [u8; 13],
    /// NVM subsystem report (NVMSR): bit 0 storage device, bit 1 enclosure.
    pub subsystem_report: u8,
    /// Writes left to the vital product data (VWCI).
    pub vpd_write_cycles: u8,
    /// Management endpoint capabilities (MEC).
    pub management_endpoint: u8,
    /// Optional Admin commands supported (OACS).
    pub optional_admin_commands: OptionalAdminCommands,
    /// Abort commands that may be outstanding, less one (ACL).
    pub abort_command_limit_0based: u8,
    /// Asynchronous Event Requests that may be outstanding, less one (AERL).
    pub async_event_request_limit_0based: u8,
    /// Firmware slots and updates (FRMW).
    pub firmware_updates: FirmwareUpdates,
    /// Log page attributes (LPA).
    pub log_page_attributes: LogPageAttributes,
    /// Entries of the Error Information log page, less one (ELPE).
    pub error_log_entries_0based: u8,
    /// Power states, less one (NPSS).
    pub power_states_0based: u8,
    /// 1: vendor specific Admin commands have the standard format (AVSCC).
    pub admin_vendor_command_format: u8,
    /// 1: autonomous power state transitions supported (APSTA).
    pub autonomous_power_state_transitions: u8,
    /// Temperature that raises a warning, in K; 0 is not reported (WCTEMP).
    pub warning_temperature_k: U16,
    /// Temperature that is critical, in K; 0 is not reported (CCTEMP).
    pub critical_temperature_k: U16,
    /// Longest time of not processing commands while firmware activates, in units of 100 ms (MTFA).
    pub maximum_firmware_activation_time_100ms: U16,
    /// Host memory buffer that the controller would like, in units of 4 KiB (HMPRE).
    pub host_memory_buffer_preferred_4kib: U32,
    /// Host memory buffer that the controller needs, in units of 4 KiB (HMMIN).
    pub host_memory_buffer_minimum_4kib: U32,
    /// Capacity of the subsystem in bytes (TNVMCAP).
    pub total_capacity_bytes: U128,
    /// Capacity not allocated to any namespace, in bytes (UNVMCAP).
    pub unallocated_capacity_bytes: U128,
    /// Replay protected memory block (RPMBS).
    pub replay_protected_memory_block: U32,
    /// Time of an extended device self-test, in minutes (EDSTT).
    pub extended_self_test_minutes: U16,
    /// Device self-test options (DSTO).
    pub self_test_options: u8,
    /// Firmware update granularity, in units of 4 KiB; FFh is any, 0 is not reported (FWUG).
    pub firmware_update_granularity_4kib: u8,
    /// Granularity of the Keep Alive Timer, in units of 100 ms; 0 is no keep alive (KAS).
    pub keep_alive_granularity_100ms: U16,
    /// Host controlled thermal management (HCTMA).
    pub thermal_management: U16,
    /// Lowest temperature for it, in K (MNTMT).
    pub minimum_thermal_management_k: U16,
    /// Highest temperature for it, in K (MXTMT).
    pub maximum_thermal_management_k: U16,
    /// Sanitize capabilities (SANICAP).
    pub sanitize_capabilities: U32,
    /// Smallest usable part of a host memory buffer, in units of 4 KiB (HMMINDS).
    pub host_memory_buffer_entry_minimum_4kib: U32,
    /// Most parts of a host memory buffer (HMMAXD).
    pub host_memory_buffer_entries: U16,
    /// Highest NVM Set identifier (NSETIDMAX).
    pub maximum_nvm_set_id: U16,
    /// Highest endurance group identifier (ENDGIDMAX).
    pub maximum_endurance_group_id: U16,
    /// Longest asymmetric access state Change, in seconds (ANATT).
    pub ana_transition_seconds: u8,
    /// Asymmetric namespace access capabilities (ANACAP).
    pub ana_capabilities: AnaCapabilities,
    /// Highest ANA group identifier (ANAGRPMAX).
    pub maximum_ana_group_id: U32,
    /// Number of ANA groups (NANAGRPID).
    pub ana_group_count: U32,
    /// Size of the persistent event log, in units of 64 KiB (PELS).
    pub persistent_event_log_64kib: U32,
    /// Domain that holds the controller (DOMAINID).
    pub domain_id: U16,
    /// Reserved.
    pub reserved358: [u8; 10],
    /// Capacity of the largest endurance group, in bytes (MEGCAP).
    pub maximum_endurance_group_capacity_bytes: U128,
    /// Reserved.
    pub reserved384: [u8; 128],
    /// Submission queue entry sizes (SQES): [`QueueEntrySizes::SUBMISSION`].
    pub submission_queue_entry_sizes: QueueEntrySizes,
    /// Completion queue entry sizes (CQES): [`QueueEntrySizes::COMPLETION`].
    pub completion_queue_entry_sizes: QueueEntrySizes,
    /// Commands that may be outstanding on one queue (MAXCMD); required over Fabrics.
    pub maximum_outstanding_commands: U16,
    /// Highest namespace identifier that may be valid (NN).
    pub namespace_count: U32,
    /// Optional NVM commands supported (ONCS).
    pub optional_nvm_commands: OptionalNvmCommands,
    /// Fused operations supported (FUSES).
    pub fused_operations: FusedOperations,
    /// What Format NVM affects (FNA).
    pub format_attributes: FormatAttributes,
    /// Volatile write cache (VWC).
    pub volatile_write_cache: VolatileWriteCache,
    /// Blocks that a write is atomic for in normal operation, less one (AWUN).
    pub atomic_write_blocks_0based: U16,
    /// Blocks that a write is atomic for when power fails, less one (AWUPF).
    pub atomic_write_blocks_power_fail_0based: U16,
    /// 1: vendor specific I/O commands have the standard format (ICSVSCC).
    pub io_vendor_command_format: u8,
    /// Namespace write protection (NWPC).
    pub namespace_write_protection: u8,
    /// Blocks that Compare and Write is atomic for, less one (ACWU).
    pub atomic_compare_and_write_blocks_0based: U16,
    /// Copy descriptor formats supported, a bit each (CDFS).
    pub copy_descriptor_formats: U16,
    /// SGL support (SGLS).
    pub sgl_support: SglSupport,
    /// Most namespaces; 0 means as many as the highest identifier (MNAN).
    pub maximum_allowed_namespaces: U32,
    /// Most namespace attachments of the domain, 0 no limit (MAXDNA).
    pub maximum_domain_attachments: U128,
    /// Most namespaces attached to this controller, 0 no limit (MAXCNA).
    pub maximum_controller_attachments: U32,
    /// Reserved.
    pub reserved564: [u8; 204],
    /// Name of the subsystem (SUBNQN), NUL terminated.
    pub subsystem_nqn: [u8; NQN_FIELD_BYTES],
    /// Reserved.
    pub reserved1024: [u8; 768],
    /// I/O queue command capsule size, in units of 16 bytes (IOCCSZ): the entry, and as much in-capsule data as the rest.
    pub io_command_capsule_16bytes: U32,
    /// I/O queue response capsule size, in units of 16 bytes (IORCSZ).
    pub io_response_capsule_16bytes: U32,
    /// Where in-capsule data begin, in units of 16 bytes after the entry (ICDOFF).
    pub in_capsule_data_offset_16bytes: U16,
    /// Fabrics controller attributes (FCATT).
    pub fabrics_attributes: FabricsControllerAttributes,
    /// Most SGL data block descriptors in a capsule; 0 is no limit (MSDBD).
    pub maximum_sgl_data_blocks: u8,
    /// Optional Fabrics commands supported (OFCS).
    pub optional_fabrics_commands: OptionalFabricsCommands,
    /// Discovery controller type (DCTYPE), in later versions than 2.0: 0 not reported, 1 direct, 2 central.
    pub discovery_controller_type: u8,
    /// Reserved.
    pub reserved1807: [u8; 241],
    /// Power states (PSD0 to PSD31).
    pub power_states: [PowerStateDescriptor; 32],
    /// Vendor specific.
    pub vendor_specific: [u8; 1024],
}

assert_layout!(
    IdentifyController, 4096,
    vendor_id @ 0, subsystem_vendor_id @ 2, serial_number @ 4, model_number @ 24, firmware_revision @ 64,
    recommended_arbitration_burst @ 72, ieee_oui @ 73, multipath_capabilities @ 76, maximum_data_transfer_size @ 77,
    controller_id @ 78, version @ 80, resume_latency_us @ 84, entry_latency_us @ 88, async_events @ 92, attributes @ 96,
    read_recovery_levels @ 100, reserved102 @ 102, controller_type @ 111, field_replaceable_unit_guid @ 112,
    command_retry_delay_100ms @ 128, reserved134 @ 134, reserved240 @ 240, subsystem_report @ 253, vpd_write_cycles @ 254,
    management_endpoint @ 255, optional_admin_commands @ 256, abort_command_limit_0based @ 258,
    async_event_request_limit_0based @ 259, firmware_updates @ 260, log_page_attributes @ 261, error_log_entries_0based @ 262,
    power_states_0based @ 263, admin_vendor_command_format @ 264, autonomous_power_state_transitions @ 265,
    warning_temperature_k @ 266, critical_temperature_k @ 268, maximum_firmware_activation_time_100ms @ 270,
    host_memory_buffer_preferred_4kib @ 272, host_memory_buffer_minimum_4kib @ 276, total_capacity_bytes @ 280,
    unallocated_capacity_bytes @ 296, replay_protected_memory_block @ 312, extended_self_test_minutes @ 316,
    self_test_options @ 318, firmware_update_granularity_4kib @ 319, keep_alive_granularity_100ms @ 320,
    thermal_management @ 322, minimum_thermal_management_k @ 324, maximum_thermal_management_k @ 326,
    sanitize_capabilities @ 328, host_memory_buffer_entry_minimum_4kib @ 332, host_memory_buffer_entries @ 336,
    maximum_nvm_set_id @ 338, maximum_endurance_group_id @ 340, ana_transition_seconds @ 342, ana_capabilities @ 343,
    maximum_ana_group_id @ 344, ana_group_count @ 348, persistent_event_log_64kib @ 352, domain_id @ 356, reserved358 @ 358,
    maximum_endurance_group_capacity_bytes @ 368, reserved384 @ 384, submission_queue_entry_sizes @ 512,
    completion_queue_entry_sizes @ 513, maximum_outstanding_commands @ 514, namespace_count @ 516,
    optional_nvm_commands @ 520, fused_operations @ 522, format_attributes @ 524, volatile_write_cache @ 525,
    atomic_write_blocks_0based @ 526, atomic_write_blocks_power_fail_0based @ 528, io_vendor_command_format @ 530,
    namespace_write_protection @ 531, atomic_compare_and_write_blocks_0based @ 532, copy_descriptor_formats @ 534,
    sgl_support @ 536, maximum_allowed_namespaces @ 540, maximum_domain_attachments @ 544,
    maximum_controller_attachments @ 560, reserved564 @ 564, subsystem_nqn @ 768, reserved1024 @ 1024,
    io_command_capsule_16bytes @ 1792, io_response_capsule_16bytes @ 1796, in_capsule_data_offset_16bytes @ 1800,
    fabrics_attributes @ 1802, maximum_sgl_data_blocks @ 1803, optional_fabrics_commands @ 1804,
    discovery_controller_type @ 1806, reserved1807 @ 1807, power_states @ 2048, vendor_specific @ 3072,
);

impl IdentifyController {
    /// Largest data transfer in bytes, for a controller whose smallest memory page is 2 to the power of (12 + `memory_page_minimum`)
    /// bytes (see [`Capabilities`](crate::base::property::Capabilities)). `None` is no limit, also when the value says more than
    /// 64 bits hold.
    #[must_use]
    pub const fn maximum_data_transfer_bytes(&self, memory_page_minimum: u32) -> Option<u64> {
        match (self.maximum_data_transfer_size as u32, memory_page_minimum.saturating_add(12)) {
            (0, _) => None,
            (exponent, page) => 1_u64.checked_shl(page.saturating_add(exponent)),
        }
    }

    /// In-capsule data that an I/O queue takes, in bytes: what IOCCSZ leaves behind the 64 bytes of the entry and the data offset.
    #[must_use]
    pub const fn in_capsule_data_bytes(&self) -> u64 {
        let capsule = self.io_command_capsule_16bytes.get() as u64 * 16;
        capsule.saturating_sub(64 + self.in_capsule_data_offset_16bytes.get() as u64 * 16)
    }
}

open_enum! {
    /// Kind of a controller (CNTRLTYPE).
    ///
    /// Spec: NVMe Base 2.0 Figure 275.
    #[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
    pub struct ControllerType(u8) {
        NOT_REPORTED = 0, "not reported";
        IO = 1, "I/O controller";
        DISCOVERY = 2, "discovery controller";
        ADMINISTRATIVE = 3, "administrative controller";
    }
}

flag_set! {
    /// What of the subsystem there may be more than one of (CMIC).
    pub struct MultipathCapabilities(u8) {
        SEVERAL_PORTS = 0, "several ports";
        SEVERAL_CONTROLLERS = 1, "several controllers";
        SR_IOV_VIRTUAL_FUNCTION = 2, "SR-IOV virtual function";
        ANA_REPORTING = 3, "asymmetric namespace access reporting";
    }
}

flag_set! {
    /// Controller attributes (CTRATT).
    pub struct ControllerAttributes(u32) {
        HOST_ID_128_BITS = 0, "128-bit host identifier";
        NON_OPERATIONAL_PERMISSIVE_MODE = 1, "non-operational power state permissive mode";
        NVM_SETS = 2, "NVM sets";
        READ_RECOVERY_LEVELS = 3, "read recovery levels";
        ENDURANCE_GROUPS = 4, "endurance groups";
        PREDICTABLE_LATENCY_MODE = 5, "predictable latency mode";
        TRAFFIC_BASED_KEEP_ALIVE = 6, "traffic based keep alive";
        NAMESPACE_GRANULARITY = 7, "namespace granularity";
        SUBMISSION_QUEUE_ASSOCIATIONS = 8, "submission queue associations";
        UUID_LIST = 9, "UUID list";
        MULTI_DOMAIN_SUBSYSTEM = 10, "multi-domain subsystem";
        FIXED_CAPACITY_MANAGEMENT = 11, "fixed capacity management";
        VARIABLE_CAPACITY_MANAGEMENT = 12, "variable capacity management";
        DELETE_ENDURANCE_GROUP = 13, "delete endurance group";
        DELETE_NVM_SET = 14, "delete NVM set";
        EXTENDED_LBA_FORMATS = 15, "extended LBA formats";
    }
}

flag_set! {
    /// Optional Admin commands supported (OACS).
    pub struct OptionalAdminCommands(u16) {
        SECURITY = 0, "Security Send and Receive";
        FORMAT_NVM = 1, "Format NVM";
        FIRMWARE = 2, "Firmware Commit and Image Download";
        NAMESPACE_MANAGEMENT = 3, "Namespace Management and Attachment";
        DEVICE_SELF_TEST = 4, "Device Self-test";
        DIRECTIVES = 5, "Directives";
        NVME_MI = 6, "NVMe-MI Send and Receive";
        VIRTUALIZATION_MANAGEMENT = 7, "Virtualization Management";
        DOORBELL_BUFFER_CONFIG = 8, "Doorbell Buffer Config";
        GET_LBA_STATUS = 9, "Get LBA Status";
        LOCKDOWN = 10, "Command and Feature Lockdown";
    }
}

/// Firmware slots and updates (FRMW).
#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(transparent)]
pub struct FirmwareUpdates(pub u8);

impl FirmwareUpdates {
    bit_fields! { u8;
        /// 1: slot 1 is read only.
        first_slot_read_only, with_first_slot_read_only: 0, 1;
        /// Number of slots, `1..=7`.
        slot_count, with_slot_count: 1, 3;
        /// 1: firmware activates without a reset.
        activates_without_reset, with_activates_without_reset: 4, 1;
        /// 1: overlapping images are detected (SMUD).
        overlap_detection, with_overlap_detection: 5, 1;
    }
}

flag_set! {
    /// Log page attributes (LPA).
    pub struct LogPageAttributes(u8) {
        SMART_PER_NAMESPACE = 0, "SMART / Health per namespace";
        COMMANDS_SUPPORTED_AND_EFFECTS = 1, "Commands Supported and Effects";
        EXTENDED_DATA = 2, "32-bit lengths and 64-bit offsets";
        TELEMETRY = 3, "telemetry";
        PERSISTENT_EVENT = 4, "persistent event log";
        SUPPORTED_LOG_PAGES = 5, "Supported Log Pages and Feature Identifiers";
        TELEMETRY_DATA_AREA_4 = 6, "telemetry data area 4";
    }
}

flag_set! {
    /// Asymmetric namespace access capabilities (ANACAP): which states there are, and how groups change.
    pub struct AnaCapabilities(u8) {
        OPTIMIZED = 0, "optimized";
        NON_OPTIMIZED = 1, "non-optimized";
        INACCESSIBLE = 2, "inaccessible";
        PERSISTENT_LOSS = 3, "persistent loss";
        CHANGE = 4, "change";
        GROUP_ID_STABLE = 6, "group identifier stable while attached";
        GROUP_ID_SETTABLE = 7, "group identifier settable";
    }
}

/// Sizes of queue entries (SQES, CQES).
#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(transparent)]
pub struct QueueEntrySizes(pub u8);

impl QueueEntrySizes {
    /// Submission queue entries of 64 bytes.
    pub const SUBMISSION: Self = Self(0x66);
    /// Completion queue entries of 16 bytes.
    pub const COMPLETION: Self = Self(0x44);

    bit_fields! { u8;
        /// Smallest entry, 2 to the power of value bytes.
        required, with_required: 0, 4;
        /// Largest entry, 2 to the power of value bytes.
        maximum, with_maximum: 4, 4;
    }
}

flag_set! {
    /// Optional commands of the NVM command set that are supported (ONCS).
    pub struct OptionalNvmCommands(u16) {
        COMPARE = 0, "Compare";
        WRITE_UNCORRECTABLE = 1, "Write Uncorrectable";
        DATASET_MANAGEMENT = 2, "Dataset Management";
        WRITE_ZEROES = 3, "Write Zeroes";
        SAVE_FEATURES = 4, "Save and Select in Set and Get Features";
        RESERVATIONS = 5, "reservations";
        TIMESTAMP = 6, "Timestamp";
        VERIFY = 7, "Verify";
        COPY = 8, "Copy";
    }
}

flag_set! {
    /// Fused operations supported (FUSES).
    pub struct FusedOperations(u16) {
        COMPARE_AND_WRITE = 0, "Compare and Write";
    }
}

flag_set! {
    /// What Format NVM affects (FNA).
    pub struct FormatAttributes(u8) {
        FORMAT_ALL = 0, "format applies to all namespaces";
        ERASE_ALL = 1, "secure erase applies to all namespaces";
        CRYPTOGRAPHIC_ERASE = 2, "cryptographic erase";
        BROADCAST_UNSUPPORTED = 3, "no format with namespace identifier FFFFFFFFh";
    }
}

flag_set! {
    /// Volatile write cache (VWC). Flush to all namespaces works when both of the last two are set; the last alone says that it does not.
    pub struct VolatileWriteCache(u8) {
        PRESENT = 0, "present";
        FLUSH_ALL = 1, "Flush of all namespaces";
        FLUSH_ALL_REPORTED = 2, "Flush of all namespaces reported";
    }
}

flag_set! {
    /// SGL support (SGLS). Bits 1:0 are one number: 1 any alignment, 2 only data of whole dwords; bits 15:8 are the most descriptors
    /// that are handled well, 0 not reported.
    pub struct SglSupport(u32) {
        ANY_ALIGNMENT = 0, "SGLs of any alignment";
        DWORD_ALIGNMENT = 1, "SGLs of whole dwords";
        KEYED = 2, "keyed data block descriptors";
        BIT_BUCKET = 16, "bit buckets";
        METADATA_BUFFER = 17, "byte aligned metadata buffer";
        LONGER_THAN_TRANSFER = 18, "SGLs longer than the transfer";
        METADATA_SGL = 19, "metadata SGL segment";
        OFFSET_ADDRESS = 20, "addresses that are offsets";
        TRANSPORT = 21, "transport data block descriptors";
    }
}

flag_set! {
    /// Fabrics controller attributes (FCATT).
    pub struct FabricsControllerAttributes(u8) {
        STATIC_CONTROLLERS = 0, "static controller model";
    }
}

flag_set! {
    /// Optional Fabrics commands supported (OFCS).
    pub struct OptionalFabricsCommands(u16) {
        DISCONNECT = 0, "Disconnect";
    }
}

/// One power state, 32 bytes. All zero reports nothing.
///
/// Spec: NVMe Base 2.0 §5.17.2.1 (power state descriptor).
#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned, Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct PowerStateDescriptor {
    /// Most power (MP), in units of 10 mW, or 100 µW where [`Self::FINE_POWER_SCALE`] is set.
    pub maximum_power: U16,
    /// Reserved.
    pub reserved2: u8,
    /// [`Self::FINE_POWER_SCALE`] and [`Self::NON_OPERATIONAL`].
    pub flags: u8,
    /// Longest time to enter the state, in µs (ENLAT).
    pub entry_latency_us: U32,
    /// Longest time to leave the state, in µs (EXLAT).
    pub exit_latency_us: U32,
    /// Relative read throughput, read latency, write throughput and write latency, `0..=31`, lower is better (RRT, RRL, RWT, RWL).
    pub relative_performance: [u8; 4],
    /// Typical idle power (IDLP), in the unit that [`Self::idle_power_scale`] gives.
    pub idle_power: U16,
    /// Unit of the idle power in bits 7:6 (IPS): 0 not reported, 1 is 100 µW, 2 is 10 mW.
    pub idle_power_scale: u8,
    /// Reserved.
    pub reserved19: u8,
    /// Typical active power (ACTP).
    pub active_power: U16,
    /// Workload that it holds for in bits 2:0 (APW), its unit in bits 7:6 (APS).
    pub active_power_scale: u8,
    /// Reserved.
    pub reserved23: [u8; 9],
}

assert_layout!(
    PowerStateDescriptor, 32,
    maximum_power @ 0, reserved2 @ 2, flags @ 3, entry_latency_us @ 4, exit_latency_us @ 8, relative_performance @ 12,
    idle_power @ 16, idle_power_scale @ 18, reserved19 @ 19, active_power @ 20, active_power_scale @ 22, reserved23 @ 23,
);

impl PowerStateDescriptor {
    /// Bit of [`Self::flags`]: the unit of the most power is 100 µW (MXPS).
    pub const FINE_POWER_SCALE: u8 = 1 << 0;
    /// Bit of [`Self::flags`]: no I/O commands are processed in this state (NOPS).
    pub const NON_OPERATIONAL: u8 = 1 << 1;
}
