//! Features: Get Features, Set Features, and what their dwords mean for each feature.
//!
//! Spec: NVMe Base 2.0 §5.15 (Get Features), §5.27 (Set Features).

mod dwords;

use zerocopy::little_endian::U32;

pub use dwords::{
    Arbitration, CommandSetProfile, ErrorRecovery, HostIdentifier, KeepAliveTimer, NumberOfQueues, PowerManagement,
    TemperatureThreshold, VolatileWriteCacheState, WriteAtomicity,
};

use super::command::{AdminOpcode, SubmissionQueueEntry};

open_enum! {
    /// Feature identifier (FID).
    ///
    /// Spec: NVMe Base 2.0 §5.27.1; NVM Command Set 1.0 §4.1.
    pub struct FeatureIdentifier(u8) {
        /// Dword 11: [`Arbitration`].
        ARBITRATION = 0x01, "Arbitration";
        /// Dword 11: [`PowerManagement`].
        POWER_MANAGEMENT = 0x02, "Power Management";
        LBA_RANGE_TYPE = 0x03, "LBA Range Type";
        /// Dword 11: [`TemperatureThreshold`].
        TEMPERATURE_THRESHOLD = 0x04, "Temperature Threshold";
        /// Dword 11: [`ErrorRecovery`].
        ERROR_RECOVERY = 0x05, "Error Recovery";
        /// Dword 11: [`VolatileWriteCacheState`].
        VOLATILE_WRITE_CACHE = 0x06, "Volatile Write Cache";
        /// Dword 11, and dword 0 of the completion: [`NumberOfQueues`].
        NUMBER_OF_QUEUES = 0x07, "Number of Queues";
        INTERRUPT_COALESCING = 0x08, "Interrupt Coalescing";
        INTERRUPT_VECTOR_CONFIGURATION = 0x09, "Interrupt Vector Configuration";
        /// Dword 11: [`WriteAtomicity`].
        WRITE_ATOMICITY_NORMAL = 0x0a, "Write Atomicity Normal";
        /// Dword 11: [`AsyncEvents`](super::async_event::AsyncEvents).
        ASYNC_EVENT_CONFIGURATION = 0x0b, "Asynchronous Event Configuration";
        AUTONOMOUS_POWER_STATE_TRANSITION = 0x0c, "Autonomous Power State Transition";
        HOST_MEMORY_BUFFER = 0x0d, "Host Memory Buffer";
        TIMESTAMP = 0x0e, "Timestamp";
        /// Dword 11: [`KeepAliveTimer`].
        KEEP_ALIVE_TIMER = 0x0f, "Keep Alive Timer";
        HOST_CONTROLLED_THERMAL_MANAGEMENT = 0x10, "Host Controlled Thermal Management";
        NON_OPERATIONAL_POWER_STATE_CONFIG = 0x11, "Non-Operational Power State Config";
        READ_RECOVERY_LEVEL_CONFIG = 0x12, "Read Recovery Level Config";
        PREDICTABLE_LATENCY_MODE_CONFIG = 0x13, "Predictable Latency Mode Config";
        PREDICTABLE_LATENCY_MODE_WINDOW = 0x14, "Predictable Latency Mode Window";
        LBA_STATUS_INFORMATION_REPORT_INTERVAL = 0x15, "LBA Status Information Report Interval";
        HOST_BEHAVIOR_SUPPORT = 0x16, "Host Behavior Support";
        SANITIZE_CONFIG = 0x17, "Sanitize Config";
        ENDURANCE_GROUP_EVENT_CONFIGURATION = 0x18, "Endurance Group Event Configuration";
        /// Dword 11: [`CommandSetProfile`].
        COMMAND_SET_PROFILE = 0x19, "I/O Command Set Profile";
        SPINUP_CONTROL = 0x1a, "Spinup Control";
        ENHANCED_CONTROLLER_METADATA = 0x7d, "Enhanced Controller Metadata";
        CONTROLLER_METADATA = 0x7e, "Controller Metadata";
        NAMESPACE_METADATA = 0x7f, "Namespace Metadata";
        SOFTWARE_PROGRESS_MARKER = 0x80, "Software Progress Marker";
        /// Dword 11: [`HostIdentifier`]; the identifier itself is the command's data.
        HOST_IDENTIFIER = 0x81, "Host Identifier";
        RESERVATION_NOTIFICATION_MASK = 0x82, "Reservation Notification Mask";
        RESERVATION_PERSISTENCE = 0x83, "Reservation Persistence";
        NAMESPACE_WRITE_PROTECTION_CONFIG = 0x84, "Namespace Write Protection Config";
    }
}

open_enum! {
    /// Which value Get Features asks for (SEL), `0..=7`.
    ///
    /// Spec: NVMe Base 2.0 §5.15.
    pub struct FeatureSelect(u8) {
        CURRENT = 0b000, "current";
        DEFAULT = 0b001, "default";
        SAVED = 0b010, "saved";
        /// Dword 0 of the completion: [`FeatureCapabilities`].
        SUPPORTED_CAPABILITIES = 0b011, "supported capabilities";
    }
}

flag_set! {
    /// What a feature can do: dword 0 of Get Features for [`FeatureSelect::SUPPORTED_CAPABILITIES`].
    ///
    /// Spec: NVMe Base 2.0 §5.15.1.
    pub struct FeatureCapabilities(u32) {
        SAVEABLE = 0, "saveable";
        NAMESPACE_SPECIFIC = 1, "namespace specific";
        CHANGEABLE = 2, "changeable";
    }
}

/// The parameters of Get Features.
///
/// Spec: NVMe Base 2.0 §5.15.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GetFeatures {
    /// Feature asked for (FID).
    pub feature: FeatureIdentifier,
    /// Namespace identifier (NSID), for a feature that is namespace specific.
    pub namespace_id: u32,
    /// Which value (SEL).
    pub select: FeatureSelect,
    /// Dword 11: some features are asked for one of several values.
    pub dword11: u32,
    /// UUID index, `0..=127`; 0 is none.
    pub uuid_index: u8,
}

impl GetFeatures {
    /// Asks for the current value of a feature of the controller.
    #[must_use]
    pub const fn new(feature: FeatureIdentifier) -> Self {
        Self { feature, namespace_id: 0, select: FeatureSelect::CURRENT, dword11: 0, uuid_index: 0 }
    }

    /// Reads the parameters of a command; reserved bits are ignored.
    #[must_use]
    pub const fn parse(entry: &SubmissionQueueEntry) -> Self {
        let [feature, select, ..] = entry.dword10.to_bytes();
        let [uuid_index, ..] = entry.dword14.to_bytes();
        Self {
            feature: FeatureIdentifier(feature),
            namespace_id: entry.namespace_id.get(),
            select: FeatureSelect(select & 0b111),
            dword11: entry.dword11.get(),
            uuid_index: uuid_index & 0x7f,
        }
    }

    /// The command with these parameters, without command identifier and data pointer.
    ///
    /// # Panics
    /// When [`Self::select`] is above 7 or [`Self::uuid_index`] above 127.
    #[must_use]
    pub const fn command(&self) -> SubmissionQueueEntry {
        assert!(self.select.0 <= 0b111, "the select field has 3 bits");
        assert!(self.uuid_index <= 0x7f, "a UUID index has 7 bits");
        let mut entry = SubmissionQueueEntry::new(AdminOpcode::GET_FEATURES.0, self.namespace_id);
        entry.dword10 = U32::from_bytes([self.feature.0, self.select.0, 0, 0]);
        entry.dword11 = U32::new(self.dword11);
        entry.dword14 = U32::from_bytes([self.uuid_index, 0, 0, 0]);
        entry
    }
}

/// The parameters of Set Features.
///
/// Spec: NVMe Base 2.0 §5.27.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SetFeatures {
    /// Feature to set (FID).
    pub feature: FeatureIdentifier,
    /// Namespace identifier (NSID), for a feature that is namespace specific.
    pub namespace_id: u32,
    /// Save (SV): keep the value over power cycles and resets.
    pub save: bool,
    /// Dword 11: the value, or part of it.
    pub dword11: u32,
    /// UUID index, `0..=127`; 0 is none.
    pub uuid_index: u8,
}

const DWORD10_SAVE: u8 = 1 << 7;

impl SetFeatures {
    /// Sets a feature of the controller, without saving it.
    #[must_use]
    pub const fn new(feature: FeatureIdentifier, dword11: u32) -> Self {
        Self { feature, namespace_id: 0, save: false, dword11, uuid_index: 0 }
    }

    /// Reads the parameters of a command; reserved bits are ignored.
    #[must_use]
    pub const fn parse(entry: &SubmissionQueueEntry) -> Self {
        let [feature, _, _, save] = entry.dword10.to_bytes();
        let [uuid_index, ..] = entry.dword14.to_bytes();
        Self {
            feature: FeatureIdentifier(feature),
            namespace_id: entry.namespace_id.get(),
            save: save & DWORD10_SAVE != 0,
            dword11: entry.dword11.get(),
            uuid_index: uuid_index & 0x7f,
        }
    }

    /// The command with these parameters, without command identifier and data pointer.
    ///
    /// # Panics
    /// When [`Self::uuid_index`] is above 127.
    #[must_use]
    pub const fn command(&self) -> SubmissionQueueEntry {
        assert!(self.uuid_index <= 0x7f, "a UUID index has 7 bits");
        let save = if self.save { DWORD10_SAVE } else { 0 };
        let mut entry = SubmissionQueueEntry::new(AdminOpcode::SET_FEATURES.0, self.namespace_id);
        entry.dword10 = U32::from_bytes([self.feature.0, 0, 0, save]);
        entry.dword11 = U32::new(self.dword11);
        entry.dword14 = U32::from_bytes([self.uuid_index, 0, 0, 0]);
        entry
    }
}

#[cfg(test)]
mod tests {
    use zerocopy::IntoBytes;

    use super::{FeatureIdentifier, FeatureSelect, GetFeatures, SetFeatures, SubmissionQueueEntry};

    /// Sets every bit of the dwords that both commands reserve.
    fn with_reserved_bits(mut entry: SubmissionQueueEntry, dword10: u32) -> SubmissionQueueEntry {
        entry.dword10 = (entry.dword10.get() | dword10).into();
        entry.dword14 = (entry.dword14.get() | 0xffff_ff80).into();
        for dword in [&mut entry.dword2, &mut entry.dword3, &mut entry.dword12, &mut entry.dword13, &mut entry.dword15]
        {
            *dword = u32::MAX.into();
        }
        entry
    }

    #[test]
    fn get_features_bytes() {
        let get = GetFeatures {
            feature: FeatureIdentifier::HOST_IDENTIFIER,
            namespace_id: 0x0403_0201,
            select: FeatureSelect::SUPPORTED_CAPABILITIES,
            dword11: 0x0807_0605,
            uuid_index: 9,
        };
        let entry = get.command();
        let mut expected = [0; 64];
        expected[..2].copy_from_slice(&[0x0a, 0x40]);
        expected[4..8].copy_from_slice(&[1, 2, 3, 4]);
        expected[40..48].copy_from_slice(&[0x81, 3, 0, 0, 5, 6, 7, 8]);
        expected[56] = 9;
        assert_eq!(entry.as_bytes(), expected);
        assert_eq!(GetFeatures::parse(&entry), get);
        assert_eq!(GetFeatures::parse(&with_reserved_bits(entry, 0xffff_f800)), get);
    }

    #[test]
    fn set_features_bytes() {
        let set = SetFeatures {
            feature: FeatureIdentifier::KEEP_ALIVE_TIMER,
            namespace_id: 0x0403_0201,
            save: true,
            dword11: 0x0807_0605,
            uuid_index: 9,
        };
        let entry = set.command();
        let mut expected = [0; 64];
        expected[..2].copy_from_slice(&[0x09, 0x40]);
        expected[4..8].copy_from_slice(&[1, 2, 3, 4]);
        expected[40..48].copy_from_slice(&[0x0f, 0, 0, 0x80, 5, 6, 7, 8]);
        expected[56] = 9;
        assert_eq!(entry.as_bytes(), expected);
        assert_eq!(SetFeatures::parse(&entry), set);
        assert_eq!(SetFeatures::parse(&with_reserved_bits(entry, 0x7fff_ff00)), set);
        let unsaved = SetFeatures { save: false, ..set };
        assert_eq!(SetFeatures::parse(&with_reserved_bits(unsaved.command(), 0x7fff_ff00)), unsaved);
    }
}
