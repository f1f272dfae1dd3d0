//! The clock of the I/O loop: nanoseconds since the run began, out of the processor's counter where that can be trusted.
//!
//! A reading costs the counter's instruction and one multiplication, about a third of `clock_gettime`. The counter is
//! trusted when it ticks at one rate (`constant_tsc`) and does not stop (`nonstop_tsc`); its rate is measured once a
//! process against the kernel's clock. Elsewhere, and with `clocksource=clock_gettime`, the kernel's clock is read.
//!
//! Parity: fio's `clocksource=cpu`, which is its default under the same conditions.

use std::fs;
use std::hint::cold_path;
use std::sync::OnceLock;

use reactor::clock::{self, Duration, Instant};

/// How long the counter is watched to learn its rate. The kernel's clock is read within some 50 ns, which makes the rate
/// good to 10 in a million.
const CALIBRATION: Duration = Duration::from_millis(10);

/// Where time comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClockSource {
    /// The processor's counter, if it can be trusted.
    Processor,
    /// `clock_gettime`.
    Kernel,
}

/// A clock, and when it began. Copies agree.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    began: Instant,
    counter: Option<Counter>,
}

/// The processor's counter at the beginning, and how long a tick is.
#[derive(Debug, Clone, Copy)]
struct Counter {
    began: u64,
    rate: Rate,
}

/// Nanoseconds of a tick, in units of 2^-32.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Rate(u64);

impl Clock {
    /// A clock that begins now.
    #[must_use]
    pub fn new(source: ClockSource) -> Self {
        let rate = match source {
            ClockSource::Processor => counter_rate(),
            ClockSource::Kernel => None,
        };
        Self { began: clock::now(), counter: rate.map(|rate| Counter { began: counter::read(), rate }) }
    }

    /// Nanoseconds since it began.
    #[inline(always)]
    #[must_use]
    pub fn now(&self) -> u64 {
        match self.counter {
            Some(Counter { began, rate }) => rate.nanoseconds(counter::read().wrapping_sub(began)),
            None => {
                cold_path();
                nanoseconds(clock::now() - self.began)
            }
        }
    }

    /// When it began.
    #[must_use]
    pub fn began(&self) -> Instant {
        self.began
    }
}

/// A duration in nanoseconds, 584 years at most.
#[must_use]
pub fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

impl Rate {
    fn of(ticks: u64, time: Duration) -> Option<Self> {
        let scaled = (time.as_nanos() << 32).checked_div(u128::from(ticks))?;
        u64::try_from(scaled).ok().filter(|&rate| rate > 0).map(Self)
    }

    #[inline(always)]
    fn nanoseconds(self, ticks: u64) -> u64 {
        let [low, high] = {
            let product = u128::from(ticks) * u128::from(self.0);
            [product >> 32, product >> 96]
        };
        debug_assert_eq!(high, 0, "a run takes less than centuries");
        #[expect(clippy::cast_possible_truncation, reason = "less than 2^64, as asserted")]
        let nanoseconds = low as u64;
        nanoseconds
    }
}

/// The rate of the counter, if there is one that can be trusted. Measured at the first call.
fn counter_rate() -> Option<Rate> {
    static RATE: OnceLock<Option<Rate>> = OnceLock::new();
    *RATE.get_or_init(|| if is_trusted(&fs::read_to_string("/proc/cpuinfo").ok()?) { calibrate() } else { None })
}

/// Whether `/proc/cpuinfo` vouches for the counter.
fn is_trusted(text: &str) -> bool {
    let flags = text.lines().find_map(|line| line.strip_prefix("flags")).unwrap_or_default();
    let has = |flag| flags.split_ascii_whitespace().any(|word| word == flag);
    cfg!(target_arch = "x86_64") && has("constant_tsc") && has("nonstop_tsc")
}

fn calibrate() -> Option<Rate> {
    let (began, first) = (clock::now(), counter::read());
    loop {
        let (now, last) = (clock::now(), counter::read());
        if now - began >= CALIBRATION {
            return Rate::of(last.checked_sub(first)?, now - began);
        }
        std::hint::spin_loop();
    }
}

#[cfg(target_arch = "x86_64")]
mod counter {
    /// The processor's time stamp counter.
    #[inline(always)]
    #[expect(unsafe_code, reason = "an instruction that every processor of this kind has")]
    pub(super) fn read() -> u64 {
        // SAFETY: RDTSC has no precondition; a kernel that forbids it to user space does not report it as trusted.
        unsafe { std::arch::x86_64::_rdtsc() }
    }
}

#[cfg(not(target_arch = "x86_64"))]
mod counter {
    /// There is none that this program knows.
    pub(super) fn read() -> u64 {
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_become_nanoseconds() {
        let rate = Rate::of(3_000_000, Duration::from_millis(1)).unwrap();
        assert_eq!(rate.nanoseconds(3), 0, "cut, not rounded");
        assert_eq!(rate.nanoseconds(3_000_000_000), 999_999_999);
        // Ten years at 3 GHz.
        let ticks = 3_000_000_000 * 86_400 * 3650;
        assert_eq!(rate.nanoseconds(ticks) / 1_000_000_000 / 86_400, 3649);
        assert_eq!(Rate::of(0, Duration::from_millis(1)), None);
    }

    #[test]
    fn a_counter_needs_both_flags() {
        assert!(!is_trusted("processor : 0\nflags : fpu tsc constant_tsc\n"));
        assert!(!is_trusted(""));
        assert_eq!(is_trusted("flags\t\t: fpu constant_tsc nonstop_tsc\n"), cfg!(target_arch = "x86_64"));
    }

    #[test]
    fn clocks_agree_and_never_go_back() {
        for source in [ClockSource::Processor, ClockSource::Kernel] {
            let clock = Clock::new(source);
            let copy = clock;
            let mut last = 0;
            for _ in 0..1000 {
                let now = clock.now();
                assert!(now >= last);
                last = copy.now();
                assert!(last >= now);
            }
            assert!(clock.counter.is_some() <= (source == ClockSource::Processor));
        }
    }
}
