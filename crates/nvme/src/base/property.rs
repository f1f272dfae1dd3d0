//! Controller properties: what a Fabrics host reads and writes with Property Get and Property Set where PCIe has registers.
//!
//! Spec: NVMe Base 2.0 §3.1.3, Figure 35.

open_enum! {
    /// A property, by its offset in bytes. Those marked are 8 bytes long, the others 4.
    ///
    /// Spec: NVMe Base 2.0 §3.1.3, Figure 35.
    pub struct PropertyOffset(u32) {
        /// 8 bytes: [`Capabilities`].
        CAPABILITIES = 0x00, "Controller Capabilities";
        /// 4 bytes: [`Version`].
        VERSION = 0x08, "Version";
        /// 4 bytes: [`ControllerConfiguration`].
        CONTROLLER_CONFIGURATION = 0x14, "Controller Configuration";
        /// 4 bytes: [`ControllerStatus`].
        CONTROLLER_STATUS = 0x1c, "Controller Status";
        /// 4 bytes: a host resets the NVM subsystem by writing 4E564D65h ("NVMe").
        NVM_SUBSYSTEM_RESET = 0x20, "NVM Subsystem Reset";
        /// 4 bytes: a host shuts the NVM subsystem down by writing 4E726D6Ch ("Nrml") or 41627074h ("Abpt").
        NVM_SUBSYSTEM_SHUTDOWN = 0x64, "NVM Subsystem Shutdown";
        /// 4 bytes: time limits for becoming ready.
        CONTROLLER_READY_TIMEOUTS = 0x68, "Controller Ready Timeouts";
    }
}

/// What the controller can do (CAP), 8 bytes, read only.
///
/// Spec: NVMe Base 2.0 §3.1.3.1, Figure 36.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Capabilities(pub u64);

impl Capabilities {
    /// Bit of [`Self::command_sets`]: the NVM command set.
    pub const COMMAND_SET_NVM: u64 = 1 << 0;
    /// Bit of [`Self::command_sets`]: the sets that Identify's I/O Command Set structure lists.
    pub const COMMAND_SET_LISTED: u64 = 1 << 6;
    /// Bit of [`Self::command_sets`]: no I/O command set; the controller has an Admin queue only.
    pub const COMMAND_SET_NONE: u64 = 1 << 7;

    bit_fields! { u64;
        /// Largest queue, less one (MQES).
        maximum_queue_entries_0based, with_maximum_queue_entries_0based: 0, 16;
        /// 1: queues must be physically contiguous (CQR); required over Fabrics.
        contiguous_queues_required, with_contiguous_queues_required: 16, 1;
        /// Arbitration besides round robin (AMS): bit 0 weighted with urgent class, bit 1 vendor specific.
        arbitration_mechanisms, with_arbitration_mechanisms: 17, 2;
        /// Longest wait for ready to follow enable, in units of 500 ms (TO).
        timeout_500ms, with_timeout_500ms: 24, 8;
        /// Doorbell stride, 2 to the power of (2 + value) bytes (DSTRD); zero over Fabrics.
        doorbell_stride, with_doorbell_stride: 32, 4;
        /// 1: NVM subsystem reset supported (NSSRS).
        subsystem_reset, with_subsystem_reset: 36, 1;
        /// Command sets supported (CSS), `COMMAND_SET_*` bits.
        command_sets, with_command_sets: 37, 8;
        /// 1: boot partitions supported (BPS).
        boot_partitions, with_boot_partitions: 45, 1;
        /// Scope of power loss on a controller's loss (CPS).
        controller_power_scope, with_controller_power_scope: 46, 2;
        /// Smallest host memory page, 2 to the power of (12 + value) bytes (MPSMIN).
        memory_page_minimum, with_memory_page_minimum: 48, 4;
        /// Largest host memory page, 2 to the power of (12 + value) bytes (MPSMAX).
        memory_page_maximum, with_memory_page_maximum: 52, 4;
        /// 1: persistent memory region supported (PMRS).
        persistent_memory_region, with_persistent_memory_region: 56, 1;
        /// 1: controller memory buffer supported (CMBS).
        controller_memory_buffer, with_controller_memory_buffer: 57, 1;
        /// 1: NVM subsystem shutdown supported (NSSS).
        subsystem_shutdown, with_subsystem_shutdown: 58, 1;
        /// Controller ready modes (CRMS): bit 0 with media, bit 1 independent of media.
        ready_modes, with_ready_modes: 59, 2;
    }
}

/// Specification version that a controller complies with (VS), 4 bytes, read only.
///
/// Displays as `2.0.0`. Spec: NVMe Base 2.0 §3.1.3.2, Figure 37.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version(pub u32);

impl Version {
    /// NVM Express 1.3.
    pub const V1_3: Self = Self::new(1, 3, 0);
    /// NVM Express 1.4.
    pub const V1_4: Self = Self::new(1, 4, 0);
    /// NVM Express Base 2.0.
    pub const V2_0: Self = Self::new(2, 0, 0);

    /// A version from its parts.
    #[must_use]
    pub const fn new(major: u16, minor: u8, tertiary: u8) -> Self {
        let [major_low, major_high] = major.to_le_bytes();
        Self(u32::from_le_bytes([tertiary, minor, major_low, major_high]))
    }

    /// Major version (MJR).
    #[must_use]
    pub const fn major(self) -> u16 {
        let [_, _, low, high] = self.0.to_le_bytes();
        u16::from_le_bytes([low, high])
    }

    /// Minor version (MNR).
    #[must_use]
    pub const fn minor(self) -> u8 {
        let [_, minor, ..] = self.0.to_le_bytes();
        minor
    }

    /// Tertiary version (TER).
    #[must_use]
    pub const fn tertiary(self) -> u8 {
        let [tertiary, ..] = self.0.to_le_bytes();
        tertiary
    }
}

impl core::fmt::Display for Version {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(formatter, "{}.{}.{}", self.major(), self.minor(), self.tertiary())
    }
}

/// What the host sets the controller to (CC), 4 bytes.
///
/// Spec: NVMe Base 2.0 §3.1.3.5, Figure 46.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ControllerConfiguration(pub u32);

impl ControllerConfiguration {
    /// Value of [`Self::command_set`]: the NVM command set.
    pub const COMMAND_SET_NVM: u32 = 0b000;
    /// Value of [`Self::command_set`]: all supported sets that the profile feature selects.
    pub const COMMAND_SET_ALL: u32 = 0b110;
    /// Value of [`Self::command_set`]: the Admin command set only.
    pub const COMMAND_SET_ADMIN_ONLY: u32 = 0b111;
    /// Value of [`Self::shutdown_notification`]: none.
    pub const SHUTDOWN_NONE: u32 = 0b00;
    /// Value of [`Self::shutdown_notification`]: normal shutdown.
    pub const SHUTDOWN_NORMAL: u32 = 0b01;
    /// Value of [`Self::shutdown_notification`]: abrupt shutdown.
    pub const SHUTDOWN_ABRUPT: u32 = 0b10;
    /// All bits that Base 2.0 reserves.
    pub const RESERVED: u32 = 0xfe00_000e;

    bit_fields! { u32;
        /// 1: process commands (EN); 1 to 0 is a controller reset.
        enable, with_enable: 0, 1;
        /// I/O command set selected (CSS), a `COMMAND_SET_*` value.
        command_set, with_command_set: 4, 3;
        /// Host memory page, 2 to the power of (12 + value) bytes (MPS).
        memory_page_size, with_memory_page_size: 7, 4;
        /// Arbitration mechanism selected (AMS): 0 round robin.
        arbitration_mechanism, with_arbitration_mechanism: 11, 3;
        /// Shutdown notification (SHN), a `SHUTDOWN_*` value.
        shutdown_notification, with_shutdown_notification: 14, 2;
        /// I/O submission queue entry, 2 to the power of value bytes (IOSQES): 6.
        io_submission_queue_entry_size, with_io_submission_queue_entry_size: 16, 4;
        /// I/O completion queue entry, 2 to the power of value bytes (IOCQES): 4.
        io_completion_queue_entry_size, with_io_completion_queue_entry_size: 20, 4;
        /// 1: become ready without waiting for media (CRIME).
        ready_independent_of_media, with_ready_independent_of_media: 24, 1;
    }
}

/// What state the controller is in (CSTS), 4 bytes.
///
/// Spec: NVMe Base 2.0 §3.1.3.6, Figure 47.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ControllerStatus(pub u32);

impl ControllerStatus {
    /// Value of [`Self::shutdown_status`]: no shutdown requested.
    pub const SHUTDOWN_NONE: u32 = 0b00;
    /// Value of [`Self::shutdown_status`]: shutdown is being processed.
    pub const SHUTDOWN_OCCURRING: u32 = 0b01;
    /// Value of [`Self::shutdown_status`]: shutdown is complete.
    pub const SHUTDOWN_COMPLETE: u32 = 0b10;

    bit_fields! { u32;
        /// 1: ready to process commands (RDY).
        ready, with_ready: 0, 1;
        /// 1: a fatal error that a reset must clear (CFS).
        fatal, with_fatal: 1, 1;
        /// Shutdown status (SHST), a `SHUTDOWN_*` value.
        shutdown_status, with_shutdown_status: 2, 2;
        /// 1: an NVM subsystem reset happened (NSSRO).
        subsystem_reset_occurred, with_subsystem_reset_occurred: 4, 1;
        /// 1: processing is paused (PP).
        processing_paused, with_processing_paused: 5, 1;
        /// 1: the shutdown status is that of an NVM subsystem shutdown (ST).
        shutdown_type, with_shutdown_type: 6, 1;
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::{Capabilities, ControllerConfiguration, ControllerStatus, Version};

    #[test]
    fn fields_of_8_bytes() {
        assert_bit_fields! { u64;
            Capabilities {
                maximum_queue_entries_0based, with_maximum_queue_entries_0based = 0x0000_0000_0000_ffff;
                contiguous_queues_required, with_contiguous_queues_required = 0x0000_0000_0001_0000;
                arbitration_mechanisms, with_arbitration_mechanisms = 0x0000_0000_0006_0000;
                timeout_500ms, with_timeout_500ms = 0x0000_0000_ff00_0000;
                doorbell_stride, with_doorbell_stride = 0x0000_000f_0000_0000;
                subsystem_reset, with_subsystem_reset = 0x0000_0010_0000_0000;
                command_sets, with_command_sets = 0x0000_1fe0_0000_0000;
                boot_partitions, with_boot_partitions = 0x0000_2000_0000_0000;
                controller_power_scope, with_controller_power_scope = 0x0000_c000_0000_0000;
                memory_page_minimum, with_memory_page_minimum = 0x000f_0000_0000_0000;
                memory_page_maximum, with_memory_page_maximum = 0x00f0_0000_0000_0000;
                persistent_memory_region, with_persistent_memory_region = 0x0100_0000_0000_0000;
                controller_memory_buffer, with_controller_memory_buffer = 0x0200_0000_0000_0000;
                subsystem_shutdown, with_subsystem_shutdown = 0x0400_0000_0000_0000;
                ready_modes, with_ready_modes = 0x1800_0000_0000_0000;
            }
        }
    }

    #[test]
    fn fields_of_4_bytes() {
        assert_bit_fields! { u32;
            ControllerConfiguration {
                enable, with_enable = 0x0000_0001;
                command_set, with_command_set = 0x0000_0070;
                memory_page_size, with_memory_page_size = 0x0000_0780;
                arbitration_mechanism, with_arbitration_mechanism = 0x0000_3800;
                shutdown_notification, with_shutdown_notification = 0x0000_c000;
                io_submission_queue_entry_size, with_io_submission_queue_entry_size = 0x000f_0000;
                io_completion_queue_entry_size, with_io_completion_queue_entry_size = 0x00f0_0000;
                ready_independent_of_media, with_ready_independent_of_media = 0x0100_0000;
            }
            ControllerStatus {
                ready, with_ready = 0x0000_0001;
                fatal, with_fatal = 0x0000_0002;
                shutdown_status, with_shutdown_status = 0x0000_000c;
                subsystem_reset_occurred, with_subsystem_reset_occurred = 0x0000_0010;
                processing_paused, with_processing_paused = 0x0000_0020;
                shutdown_type, with_shutdown_type = 0x0000_0040;
            }
        }
    }

    #[test]
    fn reserved_bits_of_the_configuration_are_those_of_no_field() {
        let all = ControllerConfiguration(0)
            .with_enable(u32::MAX)
            .with_command_set(u32::MAX)
            .with_memory_page_size(u32::MAX)
            .with_arbitration_mechanism(u32::MAX)
            .with_shutdown_notification(u32::MAX)
            .with_io_submission_queue_entry_size(u32::MAX)
            .with_io_completion_queue_entry_size(u32::MAX)
            .with_ready_independent_of_media(u32::MAX);
        assert_eq!(all.0, !ControllerConfiguration::RESERVED);
    }

    #[test]
    fn what_a_linux_host_writes_to_enable() {
        let configuration = ControllerConfiguration(0x0046_0001);
        assert_eq!(configuration.enable(), 1);
        assert_eq!(configuration.command_set(), ControllerConfiguration::COMMAND_SET_NVM);
        assert_eq!(configuration.io_submission_queue_entry_size(), 6);
        assert_eq!(configuration.io_completion_queue_entry_size(), 4);
    }

    #[test]
    fn versions() {
        assert_eq!(Version::new(0x0102, 3, 4).0, 0x0102_0304);
        assert_eq!(Version::V1_4.0, 0x0001_0400);
        let version = Version(0x0102_0304);
        assert_eq!((version.major(), version.minor(), version.tertiary()), (0x0102, 3, 4));
        assert_eq!(Version::V2_0.to_string(), "2.0.0");
        assert!(Version::V1_3 < Version::V1_4 && Version::V1_4 < Version::V2_0);
    }
}
