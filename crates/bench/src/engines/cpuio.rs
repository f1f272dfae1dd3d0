//! No I/O: keeps a core busy for a part of the time, as the neighbours of the measured jobs would.
//!
//! An I/O is one stretch of work; the loop pauses after it, so that work and pause have the wanted ratio.

use reactor::clock::{self, Duration};

use super::{Description, Engine, EngineError, Io, Outcome, Queued, Setup, Traits};

/// Numbers that `cpumode=qsort` sorts in one stretch: 1 MiB of them.
const NUMBERS: usize = 256 * 1024;

/// What the work is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum CpuMode {
    /// Nothing but looking at the clock.
    #[default]
    Noop,
    /// Sorting numbers, four times, in orders that undo each other.
    Qsort,
}

/// The options.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CpuOptions {
    /// `cpuload`: percent of the time to be busy, 1 to 100. Must be given.
    pub load_percent: Option<u32>,
    /// `cpuchunks`: microseconds of one stretch of work, with [`CpuMode::Noop`]. Default 50000.
    pub chunk_us: u64,
    /// `cpumode`.
    pub mode: CpuMode,
    /// `exit_on_io_done`: end when no other job does I/O any more. The loop does this.
    pub exit_on_io_done: bool,
}

impl Default for CpuOptions {
    fn default() -> Self {
        Self { load_percent: None, chunk_us: 50_000, mode: CpuMode::Noop, exit_on_io_done: false }
    }
}

impl CpuOptions {
    /// How long to pause after a stretch of work that took this long.
    fn pause(&self, worked: Duration) -> Duration {
        let load = self.load_percent.unwrap_or(100).clamp(1, 100);
        worked * (100 - load) / load
    }

    /// fio's line about a job.
    fn announcement(&self, job_name: &str) -> String {
        let mode = match self.mode {
            CpuMode::Noop => "noop",
            CpuMode::Qsort => "qsort",
        };
        let load = self.load_percent.unwrap_or_default();
        format!("{job_name} ({mode}): ioengine=cpuio, cpuload={load}, cpucycle={}", self.chunk_us)
    }
}

/// The engine.
#[derive(Debug)]
pub(super) struct CpuEngine {
    options: CpuOptions,
    chunk: Duration,
    numbers: Vec<i32>,
}

impl Engine for CpuEngine {
    const DESCRIPTION: Description =
        Description { name: "cpuio", summary: "burns processor time, no I/O", traits: Traits::NO_IO };

    fn new(setup: &Setup<'_>) -> Result<Self, EngineError> {
        let options = setup.options.cpu;
        if options.load_percent.is_none_or(|percent| percent == 0) {
            let problem = "cpuload is missing: give the percentage of the time to be busy, 1 to 100";
            return Err(EngineError::Option { engine: "cpuio", problem });
        }
        let numbers = if options.mode == CpuMode::Qsort { shuffled() } else { Vec::new() };
        Ok(Self { options, chunk: Duration::from_micros(options.chunk_us), numbers })
    }

    fn queue(&mut self, _slot: u32, io: &mut Io) -> Queued {
        match self.options.mode {
            CpuMode::Noop => {
                let end = clock::now() + self.chunk;
                while clock::now() < end {
                    std::hint::spin_loop();
                }
            }
            CpuMode::Qsort => sort(&mut self.numbers),
        }
        Queued::Done(Outcome::complete(io))
    }

    fn pause(&self, worked: Duration) -> Duration {
        self.options.pause(worked)
    }

    fn announcement(&self, job_name: &str) -> Option<String> {
        Some(self.options.announcement(job_name))
    }
}

/// Numbers in no order, the same each time (multiply with carry).
fn shuffled() -> Vec<i32> {
    let (mut low, mut high) = (521_288_629_u32, 362_436_069_u32);
    let next = || {
        high = 36_969_u32.wrapping_mul(high & 0xffff).wrapping_add(high >> 16);
        low = 18_000_u32.wrapping_mul(low & 0xffff).wrapping_add(low >> 16);
        (high << 16).wrapping_add(low).cast_signed()
    };
    std::iter::repeat_with(next).take(NUMBERS).collect()
}

/// Sorts up, down, by the lowest byte, and down again: each undoes the order that the one before made.
fn sort(numbers: &mut [i32]) {
    numbers.sort_unstable();
    numbers.sort_unstable_by(|first, second| second.cmp(first));
    numbers.sort_unstable_by_key(|number| number.to_le_bytes()[0]);
    numbers.sort_unstable_by(|first, second| second.cmp(first));
    std::hint::black_box(numbers);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_and_pause_have_the_wanted_ratio() {
        let options = |percent| CpuOptions { load_percent: Some(percent), ..CpuOptions::default() };
        let worked = Duration::from_millis(50);
        assert_eq!(options(100).pause(worked), Duration::ZERO);
        assert_eq!(options(50).pause(worked), worked);
        assert_eq!(options(10).pause(worked), worked * 9);
        assert_eq!(options(250).pause(worked), Duration::ZERO);
    }

    #[test]
    fn jobs_are_announced_as_by_fio() {
        let options = CpuOptions { load_percent: Some(10), mode: CpuMode::Qsort, ..CpuOptions::default() };
        assert_eq!(options.announcement("a"), "a (qsort): ioengine=cpuio, cpuload=10, cpucycle=50000");
        let options = CpuOptions { mode: CpuMode::Noop, chunk_us: 1000, ..options };
        assert_eq!(options.announcement("b c"), "b c (noop): ioengine=cpuio, cpuload=10, cpucycle=1000");
    }

    #[test]
    fn sorting_moves_the_numbers_and_loses_none() {
        let mut numbers = shuffled();
        let sum = |numbers: &[i32]| numbers.iter().map(|&number| i64::from(number)).sum::<i64>();
        let before = sum(&numbers);
        assert!(!numbers.is_sorted());
        sort(&mut numbers);
        assert!(numbers.is_sorted_by(|first, second| first >= second));
        assert_eq!(sum(&numbers), before);
    }
}
