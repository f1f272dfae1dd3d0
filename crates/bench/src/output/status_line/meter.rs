//! What was done between two lines.

/// Measures rates between looks.
#[derive(Debug, Clone, Default)]
pub struct RateMeter {
    last_ms: u64,
    bytes: [u64; 3],
    ios: [u64; 3],
}

impl RateMeter {
    /// Starts at a time in milliseconds.
    #[must_use]
    pub fn new(now_ms: u64) -> Self {
        Self { last_ms: now_ms, ..Self::default() }
    }

    /// KiB and I/Os a second since the last look, by direction, from how much was done since the start. Whoever wants one
    /// figure for all directions (`unified_rw_reporting`) gives them as one.
    pub fn look(&mut self, now_ms: u64, bytes: [u64; 3], ios: [u64; 3]) -> ([u64; 3], [u64; 3]) {
        let spent = now_ms.saturating_sub(self.last_ms);
        let rate = |now: u64, last: u64, unit: u64| {
            let done = u128::from(now.saturating_sub(last)) * 1000;
            let per_second = done.checked_div(u128::from(spent)).unwrap_or(0) / u128::from(unit);
            u64::try_from(per_second).unwrap_or(u64::MAX)
        };
        let rates = std::array::from_fn(|index| rate(bytes[index], self.bytes[index], 1024));
        let iops = std::array::from_fn(|index| rate(ios[index], self.ios[index], 1));
        *self = Self { last_ms: now_ms, bytes, ios };
        (rates, iops)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_between_looks() {
        let mut meter = RateMeter::new(100);
        assert_eq!(meter.look(600, [1 << 20, 0, 0], [256, 0, 0]), ([2048, 0, 0], [512, 0, 0]));
        assert_eq!(meter.look(1600, [1 << 20, 4096, 0], [256, 1, 0]), ([0, 4, 0], [0, 1, 0]));
        assert_eq!(meter.look(1600, [1 << 30, 4096, 0], [999, 1, 0]), ([0; 3], [0; 3]));
    }
}
