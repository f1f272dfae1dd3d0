//! Asynchronous events: which there are, which of them a host wants, and what the completion of an Asynchronous Event Request says.
//!
//! Spec: NVMe Base 2.0 §5.2 (Asynchronous Event Request), §5.27.1.8 (Asynchronous Event Configuration).

use super::log_page::LogPageIdentifier;

flag_set! {
    /// Asynchronous events, as bits of Identify Controller's OAES (what the controller can report) and of dword 11 of the
    /// Asynchronous Event Configuration feature (what the host wants to hear of). Bits 7:0 are critical warnings, which every
    /// controller can report and which OAES leaves zero.
    ///
    /// Spec: NVMe Base 2.0 Figure 275 (OAES), §5.27.1.8.
    pub struct AsyncEvents(u32) {
        SPARE_BELOW_THRESHOLD = 0, "spare below threshold";
        TEMPERATURE = 1, "temperature";
        RELIABILITY_DEGRADED = 2, "reliability degraded";
        READ_ONLY = 3, "media read only";
        VOLATILE_MEMORY_BACKUP_FAILED = 4, "volatile memory backup failed";
        PERSISTENT_MEMORY_REGION_UNRELIABLE = 5, "persistent memory region unreliable";
        NAMESPACE_ATTRIBUTE = 8, "namespace attribute notices";
        FIRMWARE_ACTIVATION = 9, "firmware activation notices";
        TELEMETRY_LOG = 10, "telemetry log notices";
        ASYMMETRIC_NAMESPACE_ACCESS = 11, "asymmetric namespace access change notices";
        PREDICTABLE_LATENCY = 12, "predictable latency event aggregate notices";
        LBA_STATUS = 13, "LBA status information notices";
        ENDURANCE_GROUP = 14, "endurance group event aggregate notices";
        SUBSYSTEM_SHUTDOWN = 15, "normal NVM subsystem shutdown";
        ZONE_DESCRIPTOR = 27, "zone descriptor changed notices";
        DISCOVERY_LOG_PAGE = 31, "discovery log page change notices";
    }
}

impl AsyncEvents {
    /// The critical warnings, bits 7:0.
    pub const CRITICAL_WARNINGS: Self = Self::from_bits(0xff);
}

open_enum! {
    /// Asynchronous event type (AET), `0..=7`.
    ///
    /// Spec: NVMe Base 2.0 §5.2.1.
    pub struct AsyncEventType(u8) {
        ERROR = 0, "Error status";
        SMART_HEALTH = 1, "SMART / Health status";
        NOTICE = 2, "Notice";
        IMMEDIATE = 3, "Immediate";
        ONE_SHOT = 4, "One-Shot";
        COMMAND_SET = 6, "I/O Command Specific status";
        VENDOR = 7, "Vendor specific";
    }
}

/// What happened: dword 0 of the completion of an Asynchronous Event Request. Reading the log page clears the event.
///
/// Spec: NVMe Base 2.0 §5.2.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AsyncEvent {
    /// Type (AET): only bits 2:0 fit on the wire.
    pub event_type: AsyncEventType,
    /// Information (AEI): its meaning depends on the type.
    pub information: u8,
    /// The log page that tells more (LID).
    pub log_page: LogPageIdentifier,
}

impl AsyncEvent {
    /// The controller saw an internal error that it recovered from.
    pub const TRANSIENT_INTERNAL_ERROR: Self =
        Self::new(AsyncEventType::ERROR, 0x04, LogPageIdentifier::ERROR_INFORMATION);
    /// The NVM subsystem's reliability is compromised.
    pub const RELIABILITY: Self =
        Self::new(AsyncEventType::SMART_HEALTH, 0x00, LogPageIdentifier::SMART_HEALTH_INFORMATION);
    /// Namespaces came, went or changed: see [`ChangedNamespaceList`](super::log_page::ChangedNamespaceList).
    pub const NAMESPACE_ATTRIBUTE_CHANGED: Self =
        Self::new(AsyncEventType::NOTICE, 0x00, LogPageIdentifier::CHANGED_NAMESPACE_LIST);
    /// The discovery log page changed.
    pub const DISCOVERY_LOG_PAGE_CHANGED: Self = Self::new(AsyncEventType::NOTICE, 0xf0, LogPageIdentifier::DISCOVERY);

    /// An event from its parts.
    #[must_use]
    pub const fn new(event_type: AsyncEventType, information: u8, log_page: LogPageIdentifier) -> Self {
        Self { event_type, information, log_page }
    }

    /// Dword 0 of the completion: type in bits 2:0, information in bits 15:8, log page in bits 23:16.
    #[must_use]
    pub const fn to_dword0(self) -> u32 {
        u32::from_le_bytes([self.event_type.0 & 0b111, self.information, self.log_page.0, 0])
    }

    /// The reverse of [`Self::to_dword0`]; reserved bits are ignored.
    #[must_use]
    pub const fn from_dword0(dword0: u32) -> Self {
        let [event_type, information, log_page, _] = dword0.to_le_bytes();
        Self::new(AsyncEventType(event_type & 0b111), information, LogPageIdentifier(log_page))
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::{AsyncEvent, AsyncEventType, AsyncEvents, LogPageIdentifier};

    #[test]
    fn dword0_of_the_events_that_hosts_act_on() {
        assert_eq!(AsyncEvent::NAMESPACE_ATTRIBUTE_CHANGED.to_dword0(), 0x0004_0002);
        assert_eq!(AsyncEvent::DISCOVERY_LOG_PAGE_CHANGED.to_dword0(), 0x0070_f002);
        assert_eq!(AsyncEvent::TRANSIENT_INTERNAL_ERROR.to_dword0(), 0x0001_0400);
        assert_eq!(AsyncEvent::RELIABILITY.to_dword0(), 0x0002_0001);
    }

    #[test]
    fn every_type_and_page_survives_and_reserved_bits_do_not_matter() {
        for event_type in 0..8 {
            for byte in 0..=u8::MAX {
                let event = AsyncEvent::new(AsyncEventType(event_type), byte, LogPageIdentifier(!byte));
                assert_eq!(AsyncEvent::from_dword0(event.to_dword0()), event);
                assert_eq!(AsyncEvent::from_dword0(event.to_dword0() | 0xff00_00f8), event);
            }
        }
    }

    #[test]
    fn flags_are_shown_by_name() {
        let events = AsyncEvents::NAMESPACE_ATTRIBUTE.with(AsyncEvents::from_bits(1 << 20));
        assert_eq!(events.bits(), 0x0010_0100);
        assert_eq!(events.to_string(), "namespace attribute notices, 100000h");
        assert_eq!(AsyncEvents::EMPTY.to_string(), "none");
    }
}
