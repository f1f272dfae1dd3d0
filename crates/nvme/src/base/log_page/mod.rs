//! Get Log Page: the command and the pages.
//!
//! The discovery log page is in [`crate::discovery`].
//!
//! Spec: NVMe Base 2.0 §5.16.

mod ana;
mod changed_namespaces;
mod command_effects;
mod error_information;
mod firmware_slot;
mod smart_health;
mod supported_log_pages;

use zerocopy::little_endian::U32;

pub use ana::{AnaGroupDescriptor, AnaLogHeader, AnaState};
pub use changed_namespaces::ChangedNamespaceList;
pub use command_effects::{CommandEffects, CommandsSupportedAndEffects};
pub use error_information::{ErrorInformationEntry, ParameterErrorLocation};
pub use firmware_slot::FirmwareSlotInformation;
pub use smart_health::{CriticalWarnings, SmartHealthInformation};
pub use supported_log_pages::{LogPageSupport, SupportedLogPages};

use super::command::{AdminOpcode, CommandSetIdentifier, SubmissionQueueEntry};

open_enum! {
    /// Log page identifier (LID).
    ///
    /// Spec: NVMe Base 2.0 §5.16.1, Figure 202.
    pub struct LogPageIdentifier(u8) {
        SUPPORTED_LOG_PAGES = 0x00, "Supported Log Pages";
        ERROR_INFORMATION = 0x01, "Error Information";
        SMART_HEALTH_INFORMATION = 0x02, "SMART / Health Information";
        FIRMWARE_SLOT_INFORMATION = 0x03, "Firmware Slot Information";
        CHANGED_NAMESPACE_LIST = 0x04, "Changed Namespace List";
        COMMANDS_SUPPORTED_AND_EFFECTS = 0x05, "Commands Supported and Effects";
        DEVICE_SELF_TEST = 0x06, "Device Self-test";
        TELEMETRY_HOST_INITIATED = 0x07, "Telemetry Host-Initiated";
        TELEMETRY_CONTROLLER_INITIATED = 0x08, "Telemetry Controller-Initiated";
        ENDURANCE_GROUP_INFORMATION = 0x09, "Endurance Group Information";
        PREDICTABLE_LATENCY_PER_NVM_SET = 0x0a, "Predictable Latency Per NVM Set";
        PREDICTABLE_LATENCY_EVENT_AGGREGATE = 0x0b, "Predictable Latency Event Aggregate";
        ASYMMETRIC_NAMESPACE_ACCESS = 0x0c, "Asymmetric Namespace Access";
        PERSISTENT_EVENT_LOG = 0x0d, "Persistent Event Log";
        LBA_STATUS_INFORMATION = 0x0e, "LBA Status Information";
        ENDURANCE_GROUP_EVENT_AGGREGATE = 0x0f, "Endurance Group Event Aggregate";
        MEDIA_UNIT_STATUS = 0x10, "Media Unit Status";
        SUPPORTED_CAPACITY_CONFIGURATION_LIST = 0x11, "Supported Capacity Configuration List";
        FEATURES_SUPPORTED_AND_EFFECTS = 0x12, "Feature Identifiers Supported and Effects";
        NVME_MI_COMMANDS_SUPPORTED_AND_EFFECTS = 0x13, "NVMe-MI Commands Supported and Effects";
        COMMAND_AND_FEATURE_LOCKDOWN = 0x14, "Command and Feature Lockdown";
        BOOT_PARTITION = 0x15, "Boot Partition";
        DISCOVERY = 0x70, "Discovery";
        RESERVATION_NOTIFICATION = 0x80, "Reservation Notification";
        SANITIZE_STATUS = 0x81, "Sanitize Status";
        CHANGED_ZONE_LIST = 0xbf, "Changed Zone List";
    }
}

/// Where in a log page to begin.
///
/// Spec: NVMe Base 2.0 §5.16 (LPOL, LPOU, OT).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogPageOffset {
    /// At this byte; a multiple of 4.
    Bytes(u64),
    /// At this entry of a page that is a list; what an entry is, the page defines.
    Index(u64),
}

/// The parameters of Get Log Page.
///
/// Spec: NVMe Base 2.0 §5.16.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GetLogPage {
    /// Log page asked for (LID).
    pub log_page: LogPageIdentifier,
    /// Namespace identifier (NSID): of the namespace whose page it is; 0 or FFFFFFFFh for that of the controller.
    pub namespace_id: u32,
    /// Bytes asked for: a multiple of 4 in `4..=2^34` (NUMD, a count of dwords less one).
    pub length_bytes: u64,
    /// Where to begin.
    pub offset: LogPageOffset,
    /// Retain Asynchronous Event (RAE): reading does not clear the event that pointed here.
    pub retain_async_event: bool,
    /// Log specific field (LSP), `0..=127`.
    pub log_specific_field: u8,
    /// Log specific identifier (LSI).
    pub log_specific_identifier: u16,
    /// Command set that the page is asked for (CSI), where it depends on one.
    pub command_set: CommandSetIdentifier,
    /// UUID index, `0..=127`; 0 is none.
    pub uuid_index: u8,
}

const DWORD10_RETAIN_ASYNC_EVENT: u8 = 1 << 7;
const DWORD14_OFFSET_TYPE: u8 = 1 << 7;

impl GetLogPage {
    /// Most bytes that one command can ask for.
    pub const MAXIMUM_LENGTH_BYTES: u64 = 1 << 34;

    /// Asks the controller for the first `length_bytes` of a page, with nothing else set.
    #[must_use]
    pub const fn new(log_page: LogPageIdentifier, length_bytes: u64) -> Self {
        Self {
            log_page,
            namespace_id: 0,
            length_bytes,
            offset: LogPageOffset::Bytes(0),
            retain_async_event: false,
            log_specific_field: 0,
            log_specific_identifier: 0,
            command_set: CommandSetIdentifier::NVM,
            uuid_index: 0,
        }
    }

    /// Reads the parameters of a command. Every 64 bytes have a meaning; what they ask for is the caller's to check.
    #[must_use]
    pub const fn parse(entry: &SubmissionQueueEntry) -> Self {
        let [log_page, specific_and_retain, count_0, count_1] = entry.dword10.to_bytes();
        let [count_2, count_3, identifier_low, identifier_high] = entry.dword11.to_bytes();
        let [uuid_index, _, offset_type, command_set] = entry.dword14.to_bytes();
        let dwords_0based = u32::from_le_bytes([count_0, count_1, count_2, count_3]);
        let offset = (entry.dword13.get() as u64) << 32 | entry.dword12.get() as u64;
        Self {
            log_page: LogPageIdentifier(log_page),
            namespace_id: entry.namespace_id.get(),
            length_bytes: (dwords_0based as u64 + 1) * 4,
            offset: if offset_type & DWORD14_OFFSET_TYPE == 0 {
                LogPageOffset::Bytes(offset)
            } else {
                LogPageOffset::Index(offset)
            },
            retain_async_event: specific_and_retain & DWORD10_RETAIN_ASYNC_EVENT != 0,
            log_specific_field: specific_and_retain & !DWORD10_RETAIN_ASYNC_EVENT,
            log_specific_identifier: u16::from_le_bytes([identifier_low, identifier_high]),
            command_set: CommandSetIdentifier(command_set),
            uuid_index: uuid_index & 0x7f,
        }
    }

    /// The command with these parameters, without command identifier and data pointer.
    ///
    /// # Panics
    /// When [`Self::length_bytes`] is not a multiple of 4 in `4..=2^34`, or [`Self::log_specific_field`] or [`Self::uuid_index`] is
    /// above 127.
    #[must_use]
    pub const fn command(&self) -> SubmissionQueueEntry {
        assert!(
            self.length_bytes.is_multiple_of(4)
                && self.length_bytes >= 4
                && self.length_bytes <= Self::MAXIMUM_LENGTH_BYTES,
            "a log page is asked for in whole dwords, 1 to 2^32"
        );
        assert!(self.log_specific_field <= 0x7f, "the log specific field has 7 bits");
        assert!(self.uuid_index <= 0x7f, "a UUID index has 7 bits");
        let [count_0, count_1, count_2, count_3, ..] = (self.length_bytes / 4 - 1).to_le_bytes();
        let [identifier_low, identifier_high] = self.log_specific_identifier.to_le_bytes();
        let (offset, offset_type) = match self.offset {
            LogPageOffset::Bytes(offset) => (offset, 0),
            LogPageOffset::Index(offset) => (offset, DWORD14_OFFSET_TYPE),
        };
        let [o0, o1, o2, o3, o4, o5, o6, o7] = offset.to_le_bytes();
        let retain = if self.retain_async_event { DWORD10_RETAIN_ASYNC_EVENT } else { 0 };
        let mut entry = SubmissionQueueEntry::new(AdminOpcode::GET_LOG_PAGE.0, self.namespace_id);
        entry.dword10 = U32::from_bytes([self.log_page.0, self.log_specific_field | retain, count_0, count_1]);
        entry.dword11 = U32::from_bytes([count_2, count_3, identifier_low, identifier_high]);
        entry.dword12 = U32::from_bytes([o0, o1, o2, o3]);
        entry.dword13 = U32::from_bytes([o4, o5, o6, o7]);
        entry.dword14 = U32::from_bytes([self.uuid_index, 0, offset_type, self.command_set.0]);
        entry
    }
}

#[cfg(test)]
mod tests {
    use zerocopy::IntoBytes;

    use super::{CommandSetIdentifier, GetLogPage, LogPageIdentifier, LogPageOffset};

    fn every_field() -> GetLogPage {
        GetLogPage {
            log_page: LogPageIdentifier::DISCOVERY,
            namespace_id: 0x0403_0201,
            length_bytes: (0x0807_0605 + 1) * 4,
            offset: LogPageOffset::Index(0x100f_0e0d_0c0b_0a09),
            retain_async_event: true,
            log_specific_field: 0x11,
            log_specific_identifier: 0x1312,
            command_set: CommandSetIdentifier::KEY_VALUE,
            uuid_index: 0x14,
        }
    }

    #[test]
    fn command_bytes() {
        let entry = every_field().command();
        let mut expected = [0; 64];
        expected[..2].copy_from_slice(&[0x02, 0x40]);
        expected[4..8].copy_from_slice(&[1, 2, 3, 4]);
        expected[40..48].copy_from_slice(&[0x70, 0x91, 5, 6, 7, 8, 0x12, 0x13]);
        expected[48..56].copy_from_slice(&[9, 0xa, 0xb, 0xc, 0xd, 0xe, 0xf, 0x10]);
        expected[56..60].copy_from_slice(&[0x14, 0, 0x80, 1]);
        assert_eq!(entry.as_bytes(), expected);
        assert_eq!(GetLogPage::parse(&entry), every_field());
    }

    #[test]
    fn lengths_from_the_smallest_to_the_largest() {
        for length_bytes in [4, 8, 1024, 0x4_0000, 0x4_0004, GetLogPage::MAXIMUM_LENGTH_BYTES] {
            let page = GetLogPage::new(LogPageIdentifier::ERROR_INFORMATION, length_bytes);
            assert_eq!(GetLogPage::parse(&page.command()), page);
        }
    }

    #[test]
    fn lengths_that_no_command_can_ask_for() {
        for length_bytes in [0, 1, 6, GetLogPage::MAXIMUM_LENGTH_BYTES + 4] {
            let page = GetLogPage::new(LogPageIdentifier::ERROR_INFORMATION, length_bytes);
            assert!(std::panic::catch_unwind(|| page.command()).is_err(), "{length_bytes}");
        }
    }

    #[test]
    fn reserved_bits_are_ignored() {
        let mut entry = every_field().command();
        entry.dword14 = (entry.dword14.get() | 0x007f_ff80).into();
        for dword in [&mut entry.dword2, &mut entry.dword3, &mut entry.dword15] {
            *dword = u32::MAX.into();
        }
        assert_eq!(GetLogPage::parse(&entry), every_field());
    }
}
