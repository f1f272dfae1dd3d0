//! How idle processors are while jobs run (`--idle-prof`).
//!
//! The kernel counts that already (`/proc/stat`): nothing runs for it and nothing is disturbed. fio keeps every processor busy with
//! threads of the lowest priority and reckons from how far these get. The time of a unit of work, which fio needs for that, is
//! told as well: programs read it.

use std::fs;
use std::hint::black_box;

use reactor::clock;

use crate::output::CpuIdleness;

/// What is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdleProfile {
    /// All processors together.
    System,
    /// Each of them as well.
    EachProcessor,
}

/// Measurements of a unit of work.
const CALIBRATIONS: u32 = 100;
/// A unit of work: so many words are added up, so often.
const WORDS: u64 = 4096;
const ROUNDS: u64 = 4;

/// The ticks of a processor: idle, and all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Ticks {
    idle: u64,
    all: u64,
}

/// Measures from its making to its end.
#[derive(Debug)]
pub struct Idleness {
    profile: IdleProfile,
    unit: (f64, f64),
    before: Vec<Ticks>,
}

impl Idleness {
    /// Begins.
    #[must_use]
    pub fn begin(profile: IdleProfile) -> Self {
        let unit = calibrate();
        Self { profile, unit, before: ticks(&fs::read_to_string("/proc/stat").unwrap_or_default()) }
    }

    /// What was measured.
    #[must_use]
    pub fn end(&self) -> CpuIdleness {
        self.result(&ticks(&fs::read_to_string("/proc/stat").unwrap_or_default()))
    }

    fn result(&self, after: &[Ticks]) -> CpuIdleness {
        let mut shares = self.before.iter().zip(after).map(|(before, after)| {
            let all = after.all.saturating_sub(before.all);
            let idle = after.idle.saturating_sub(before.idle);
            if all == 0 { 0.0 } else { idle as f64 * 100.0 / all as f64 }
        });
        CpuIdleness {
            system: shares.next().unwrap_or(0.0),
            processors: if self.profile == IdleProfile::EachProcessor { shares.collect() } else { Vec::new() },
            unit_mean_us: self.unit.0,
            unit_deviation_us: self.unit.1,
        }
    }
}

/// All processors, then each: `cpu0 user nice system idle iowait …`.
fn ticks(text: &str) -> Vec<Ticks> {
    let lines = text.lines().filter(|line| line.starts_with("cpu"));
    lines
        .map(|line| {
            // What guests got is in the user's share already.
            let counts: Vec<u64> = line.split_whitespace().skip(1).take(8).flat_map(str::parse).collect();
            Ticks { idle: counts.iter().skip(3).take(2).sum(), all: counts.iter().sum() }
        })
        .collect()
}

/// Mean and deviation of the microseconds that a unit of work takes.
fn calibrate() -> (f64, f64) {
    let times: Vec<f64> = (0..CALIBRATIONS)
        .map(|_| {
            let began = clock::now();
            let sum: u64 = (0..WORDS * ROUNDS).map(black_box).fold(0, u64::wrapping_add);
            black_box(sum);
            clock::now().duration_since(began).as_secs_f64() * 1e6
        })
        .collect();
    let mean = times.iter().sum::<f64>() / f64::from(CALIBRATIONS);
    let variance = times.iter().map(|time| (time - mean).powi(2)).sum::<f64>() / f64::from(CALIBRATIONS);
    (mean, variance.sqrt())
}

/// The text of `--idle-prof=calibrate`.
#[must_use]
pub fn calibration() -> String {
    let (mean, deviation) = calibrate();
    format!("CPU idleness:\n  unit work: mean={mean:.2}us, stddev={deviation:.2}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_of_what_was_counted_in_between() {
        let before = ticks("cpu  10 0 10 70 10 0 0 0 5 0\ncpu0 5 0 5 40 0 0 0 0 0 0\nintr 5\n");
        assert_eq!(before, [Ticks { idle: 80, all: 100 }, Ticks { idle: 40, all: 50 }]);
        let after = [Ticks { idle: 155, all: 200 }, Ticks { idle: 40, all: 50 }];
        let idleness = |profile| Idleness { profile, unit: (2.0, 1.0), before: before.clone() }.result(&after);
        assert_eq!(idleness(IdleProfile::System).system, 75.0);
        assert!(idleness(IdleProfile::System).processors.is_empty());
        assert_eq!(idleness(IdleProfile::EachProcessor).processors, [0.0]);
        assert!(calibration().contains("unit work: mean="));
    }
}
