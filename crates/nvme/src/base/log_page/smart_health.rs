//! SMART / Health Information: warnings, wear and counters of a controller or namespace.
//!
//! Spec: NVMe Base 2.0 §5.16.1.3.

use zerocopy::little_endian::{U16, U32, U128};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

/// SMART / Health Information, 512 bytes.
///
/// Spec: NVMe Base 2.0 §5.16.1.3.
#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned, Clone, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct SmartHealthInformation {
    /// Critical warnings.
    pub critical_warnings: CriticalWarnings,
    /// Temperature in K; 0 where there is none.
    pub temperature_k: U16,
    /// Spare left, in percent.
    pub available_spare_percent: u8,
    /// Spare below which there is a warning, in percent.
    pub available_spare_threshold_percent: u8,
    /// Life used, in percent; may be above 100 and stops at 255.
    pub used_percent: u8,
    /// Critical warnings of the endurance groups.
    pub endurance_group_warnings: u8,
    /// Reserved.
    pub reserved7: [u8; 25],
    /// Data that hosts read, in units of [`Self::DATA_UNIT_BYTES`] rounded up; 0 is not reported.
    pub data_units_read: U128,
    /// Data that hosts wrote, likewise.
    pub data_units_written: U128,
    /// Read (and Compare, Verify) commands completed.
    pub host_reads: U128,
    /// Write commands completed.
    pub host_writes: U128,
    /// Time that the controller was busy with I/O, in minutes.
    pub busy_minutes: U128,
    /// Power cycles.
    pub power_cycles: U128,
    /// Hours powered on.
    pub power_on_hours: U128,
    /// Shutdowns without notice.
    pub unsafe_shutdowns: U128,
    /// Unrecovered data integrity errors.
    pub media_errors: U128,
    /// Entries that the Error Information log page has had.
    pub error_log_entries: U128,
    /// Time above the warning temperature, in minutes.
    pub warning_temperature_minutes: U32,
    /// Time above the critical temperature, in minutes.
    pub critical_temperature_minutes: U32,
    /// Temperature sensors in K; 0 where there is none.
    pub temperature_sensors_k: [U16; 8],
    /// Transitions by thermal management, light and heavy.
    pub thermal_transitions: [U32; 2],
    /// Time in thermal management in seconds, light and heavy.
    pub thermal_seconds: [U32; 2],
    /// Reserved.
    pub reserved232: [u8; 280],
}

assert_layout!(
    SmartHealthInformation, 512,
    critical_warnings @ 0, temperature_k @ 1, available_spare_percent @ 3, available_spare_threshold_percent @ 4,
    used_percent @ 5, endurance_group_warnings @ 6, reserved7 @ 7, data_units_read @ 32, data_units_written @ 48,
    host_reads @ 64, host_writes @ 80, busy_minutes @ 96, power_cycles @ 112, power_on_hours @ 128, unsafe_shutdowns @ 144,
    media_errors @ 160, error_log_entries @ 176, warning_temperature_minutes @ 192, critical_temperature_minutes @ 196,
    temperature_sensors_k @ 200, thermal_transitions @ 216, thermal_seconds @ 224, reserved232 @ 232,
);

impl SmartHealthInformation {
    /// Size of a data unit in bytes: a thousand times 512.
    pub const DATA_UNIT_BYTES: u64 = 512_000;

    /// The data units that hold this many bytes, rounded up.
    #[must_use]
    pub const fn data_units(bytes: u128) -> u128 {
        bytes.div_ceil(Self::DATA_UNIT_BYTES as u128)
    }
}

flag_set! {
    /// Critical warnings.
    pub struct CriticalWarnings(u8) {
        SPARE_BELOW_THRESHOLD = 0, "spare below threshold";
        TEMPERATURE = 1, "temperature beyond threshold";
        RELIABILITY_DEGRADED = 2, "reliability degraded";
        READ_ONLY = 3, "media read only";
        VOLATILE_MEMORY_BACKUP_FAILED = 4, "volatile memory backup failed";
        PERSISTENT_MEMORY_REGION_UNRELIABLE = 5, "persistent memory region unreliable";
    }
}

#[cfg(test)]
mod tests {
    use zerocopy::{FromZeros, IntoBytes};

    use super::{CriticalWarnings, SmartHealthInformation};

    #[test]
    fn bytes() {
        let mut page = SmartHealthInformation::new_zeroed();
        page.critical_warnings = CriticalWarnings::READ_ONLY;
        page.temperature_k = 0x0102.into();
        page.available_spare_percent = 100;
        page.data_units_written = 0x0f0e_0d0c_0b0a_0908_0706_0504_0302_0100.into();
        page.error_log_entries = 7.into();
        page.temperature_sensors_k[7] = 0x0304.into();
        let mut expected = [0; 512];
        expected[..4].copy_from_slice(&[0x08, 2, 1, 100]);
        for (byte, value) in expected[48..64].iter_mut().zip(0..) {
            *byte = value;
        }
        expected[176] = 7;
        expected[214..216].copy_from_slice(&[4, 3]);
        assert_eq!(page.as_bytes(), expected);
    }

    #[test]
    fn data_units_round_up() {
        for (bytes, units) in [(0, 0), (1, 1), (512_000, 1), (512_001, 2), (u128::MAX, u128::MAX / 512_000 + 1)] {
            assert_eq!(SmartHealthInformation::data_units(bytes), units, "{bytes}");
        }
    }
}
