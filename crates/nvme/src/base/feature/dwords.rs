//! What dword 11 of Set Features, and dword 0 of the completion of Get Features, hold for each feature that has its value there.
//!
//! Asynchronous Event Configuration is [`AsyncEvents`](crate::base::async_event::AsyncEvents).

/// Arbitration: bursts and weights of the queues' priority classes.
///
/// Spec: NVMe Base 2.0 §5.27.1.1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Arbitration(pub u32);

impl Arbitration {
    /// Value of [`Self::burst`]: no limit.
    pub const BURST_UNLIMITED: u32 = 0b111;

    bit_fields! { u32;
        /// Commands taken from a queue at a time, 2 to the power of value (AB).
        burst, with_burst: 0, 3;
        /// Weight of the low priority class, less one (LPW).
        low_priority_weight_0based, with_low_priority_weight_0based: 8, 8;
        /// Weight of the medium priority class, less one (MPW).
        medium_priority_weight_0based, with_medium_priority_weight_0based: 16, 8;
        /// Weight of the high priority class, less one (HPW).
        high_priority_weight_0based, with_high_priority_weight_0based: 24, 8;
    }
}

/// Power Management: the power state that the host wants.
///
/// Spec: NVMe Base 2.0 §5.27.1.2.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PowerManagement(pub u32);

impl PowerManagement {
    bit_fields! { u32;
        /// Power state (PS).
        power_state, with_power_state: 0, 5;
        /// Workload hint (WH).
        workload_hint, with_workload_hint: 5, 3;
    }
}

/// Temperature Threshold: beyond which temperature there is a critical warning.
///
/// Spec: NVMe Base 2.0 §5.27.1.3.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TemperatureThreshold(pub u32);

impl TemperatureThreshold {
    /// Value of [`Self::sensor`]: the composite temperature.
    pub const COMPOSITE: u32 = 0;
    /// Value of [`Self::sensor`]: all sensors; of Set Features only.
    pub const ALL_SENSORS: u32 = 0b1111;
    /// Value of [`Self::threshold_type`]: a warning above it.
    pub const OVER: u32 = 0b00;
    /// Value of [`Self::threshold_type`]: a warning below it.
    pub const UNDER: u32 = 0b01;

    bit_fields! { u32;
        /// Temperature in K (TMPTH).
        threshold_k, with_threshold_k: 0, 16;
        /// Sensor (TMPSEL): [`Self::COMPOSITE`], `1..=8`, or [`Self::ALL_SENSORS`].
        sensor, with_sensor: 16, 4;
        /// [`Self::OVER`] or [`Self::UNDER`] (THSEL).
        threshold_type, with_threshold_type: 20, 2;
    }
}

/// Error Recovery: how long to try, of one namespace.
///
/// Spec: NVM Command Set 1.0 §4.1 (Error Recovery).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ErrorRecovery(pub u32);

impl ErrorRecovery {
    bit_fields! { u32;
        /// Longest time for recovery in units of 100 ms; 0 is no limit (TLER).
        time_limit_100ms, with_time_limit_100ms: 0, 16;
        /// 1: reading a deallocated or unwritten block is an error (DULBE).
        deallocated_block_error, with_deallocated_block_error: 16, 1;
    }
}

/// Volatile Write Cache: whether it is in use.
///
/// Spec: NVMe Base 2.0 §5.27.1.4.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct VolatileWriteCacheState(pub u32);

impl VolatileWriteCacheState {
    bit_fields! { u32;
        /// 1: enabled (WCE).
        enabled, with_enabled: 0, 1;
    }
}

/// Number of Queues: how many I/O queues the host asks for, and how many the controller allots.
///
/// Spec: NVMe Base 2.0 §5.27.1.5.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NumberOfQueues(pub u32);

impl NumberOfQueues {
    bit_fields! { u32;
        /// I/O submission queues, less one (NSQR, NSQA).
        submission_queues_0based, with_submission_queues_0based: 0, 16;
        /// I/O completion queues, less one (NCQR, NCQA).
        completion_queues_0based, with_completion_queues_0based: 16, 16;
    }

    /// The same number of I/O submission and completion queues, as queues over Fabrics come in pairs.
    ///
    /// # Panics
    /// When `queues` is 0, which cannot be said.
    #[must_use]
    pub const fn pairs(queues: u16) -> Self {
        assert!(queues > 0, "no fewer than one queue can be asked for or allotted");
        let queues_0based = queues as u32 - 1;
        Self(queues_0based << 16 | queues_0based)
    }

    /// I/O submission queues, `1..=65536`.
    #[must_use]
    pub const fn submission_queues(self) -> u32 {
        self.submission_queues_0based() + 1
    }

    /// I/O completion queues, `1..=65536`.
    #[must_use]
    pub const fn completion_queues(self) -> u32 {
        self.completion_queues_0based() + 1
    }

    /// Whether a host may ask for it: 65536 of either is an Invalid Field in Command.
    #[must_use]
    pub const fn is_valid_request(self) -> bool {
        self.submission_queues_0based() != 0xffff && self.completion_queues_0based() != 0xffff
    }
}

/// Write Atomicity Normal: whether the host needs writes to be atomic while power lasts.
///
/// Spec: NVM Command Set 1.0 §4.1 (Write Atomicity Normal).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WriteAtomicity(pub u32);

impl WriteAtomicity {
    bit_fields! { u32;
        /// 1: the host needs atomicity only for when power fails (DN).
        normal_disabled, with_normal_disabled: 0, 1;
    }
}

/// Keep Alive Timer: the timeout in milliseconds, 0 for none. All 32 bits are the number.
///
/// Spec: NVMe Base 2.0 §5.27.1.12.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KeepAliveTimer {
    /// Keep Alive Timeout (KATO) in milliseconds.
    pub timeout_ms: u32,
}

impl KeepAliveTimer {
    /// The timeout that takes effect on a controller whose timer has this granularity in units of 100 ms (KAS), in milliseconds:
    /// rounded up to a multiple, 0 stays 0. More than 32 bits hold stays as it is.
    ///
    /// Spec: NVMe Base 2.0 §3.9.
    #[must_use]
    pub const fn rounded_ms(self, granularity_100ms: u16) -> u32 {
        let granularity = granularity_100ms as u32 * 100;
        if granularity == 0 {
            return self.timeout_ms;
        }
        match self.timeout_ms.checked_next_multiple_of(granularity) {
            Some(rounded) => rounded,
            None => self.timeout_ms,
        }
    }
}

/// I/O Command Set Profile: which combination of command sets is enabled.
///
/// Spec: NVMe Base 2.0 §5.27.1.21.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CommandSetProfile(pub u32);

impl CommandSetProfile {
    bit_fields! { u32;
        /// Index of the combination (IOCSCI).
        combination, with_combination: 0, 9;
    }
}

/// Host Identifier: the size of the identifier in the data.
///
/// Spec: NVMe Base 2.0 §5.27.1 (Host Identifier).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HostIdentifier(pub u32);

impl HostIdentifier {
    bit_fields! { u32;
        /// 1: 16 bytes, as Fabrics require; 0: 8 bytes (EXHID).
        extended, with_extended: 0, 1;
    }
}

#[cfg(test)]
mod tests {
    use super::{
        Arbitration, CommandSetProfile, ErrorRecovery, HostIdentifier, KeepAliveTimer, NumberOfQueues, PowerManagement,
        TemperatureThreshold, VolatileWriteCacheState, WriteAtomicity,
    };

    #[test]
    fn fields() {
        assert_bit_fields! { u32;
            Arbitration {
                burst, with_burst = 0x0000_0007;
                low_priority_weight_0based, with_low_priority_weight_0based = 0x0000_ff00;
                medium_priority_weight_0based, with_medium_priority_weight_0based = 0x00ff_0000;
                high_priority_weight_0based, with_high_priority_weight_0based = 0xff00_0000;
            }
            PowerManagement {
                power_state, with_power_state = 0x0000_001f;
                workload_hint, with_workload_hint = 0x0000_00e0;
            }
            TemperatureThreshold {
                threshold_k, with_threshold_k = 0x0000_ffff;
                sensor, with_sensor = 0x000f_0000;
                threshold_type, with_threshold_type = 0x0030_0000;
            }
            ErrorRecovery {
                time_limit_100ms, with_time_limit_100ms = 0x0000_ffff;
                deallocated_block_error, with_deallocated_block_error = 0x0001_0000;
            }
            VolatileWriteCacheState { enabled, with_enabled = 0x0000_0001; }
            NumberOfQueues {
                submission_queues_0based, with_submission_queues_0based = 0x0000_ffff;
                completion_queues_0based, with_completion_queues_0based = 0xffff_0000;
            }
            WriteAtomicity { normal_disabled, with_normal_disabled = 0x0000_0001; }
            CommandSetProfile { combination, with_combination = 0x0000_01ff; }
            HostIdentifier { extended, with_extended = 0x0000_0001; }
        }
    }

    #[test]
    fn queues_count_from_one() {
        assert_eq!(NumberOfQueues::pairs(1).0, 0);
        assert_eq!(NumberOfQueues::pairs(128).0, 0x007f_007f);
        assert_eq!(NumberOfQueues::pairs(u16::MAX).0, 0xfffe_fffe);
        assert_eq!(NumberOfQueues(0x0001_ffff).submission_queues(), 65536);
        assert_eq!(NumberOfQueues(0x0001_ffff).completion_queues(), 2);
        for (dword, valid) in [(0, true), (0xfffe_fffe, true), (0x0000_ffff, false), (0xffff_0000, false)] {
            assert_eq!(NumberOfQueues(dword).is_valid_request(), valid, "{dword:08x}");
        }
    }

    #[test]
    #[should_panic(expected = "no fewer than one queue")]
    fn no_queues_cannot_be_said() {
        let _ = NumberOfQueues::pairs(0);
    }

    #[test]
    fn keep_alive_rounds_up_to_the_granularity() {
        for (timeout_ms, granularity_100ms, rounded) in
            [(0, 10, 0), (1, 10, 1000), (1000, 10, 1000), (1001, 10, 2000), (5, 0, 5), (u32::MAX, 10, u32::MAX)]
        {
            assert_eq!(KeepAliveTimer { timeout_ms }.rounded_ms(granularity_100ms), rounded, "{timeout_ms}");
        }
    }
}
