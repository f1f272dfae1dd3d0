//! How long jobs will still take, as fio guesses it.

use super::Remaining;

/// Seconds from the start in which no estimate is worth showing.
const SETTLING_SECONDS: u64 = 3;

/// Where a job is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Stage {
    /// It has not begun to do I/O, or is in its ramp.
    #[default]
    Before,
    /// It does I/O or verifies.
    Running,
    /// It has ended, or syncs and ends.
    After,
}

/// What an estimate is made of.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct JobProgress {
    /// Where it is.
    pub stage: Stage,
    /// It has no measure of progress (an engine that waits for others).
    pub unmeasurable: bool,
    /// It waits for the jobs before it (`stonewall`) and has not been created.
    pub waits: bool,
    /// Bytes that it will move; with a verify afterwards those too ([`with_verify`]).
    pub bytes_total: u64,
    /// Bytes that it has moved.
    pub bytes_done: u64,
    /// Milliseconds since it began.
    pub elapsed_ms: u64,
    /// Seconds that it may run at most; 0 for no limit (`runtime`).
    pub runtime_seconds: u64,
    /// It runs that long whatever it does (`time_based`).
    pub time_based: bool,
    /// Seconds that jobs before it ran.
    pub seconds_before: u64,
    /// Seconds until it begins (`startdelay`).
    pub start_delay_seconds: u64,
    /// Seconds of its ramp that are to come (`ramp_time`).
    pub ramp_seconds: u64,
    /// It is in its ramp.
    pub ramping: bool,
    /// Bytes a second that it is held to in all directions; 0 for no limit (`rate`).
    pub rate: u64,
}

/// Bytes that a job moves when it reads what it wrote: all again, or the share of its writes.
#[must_use]
pub fn with_verify(bytes: u64, mixed_write_percent: Option<u64>) -> u64 {
    match mixed_write_percent {
        None => bytes.saturating_mul(2),
        Some(percent) => bytes.saturating_add(bytes / 100 * if percent == 0 { 50 } else { percent }),
    }
}

/// Bytes that a job with gaps (`zonesize`, `zoneskip`) moves of so many that it goes over.
#[must_use]
pub fn without_gaps(bytes: u64, zone_size: u64, zone_skip: u64) -> u64 {
    let period = zone_size.saturating_add(zone_skip);
    if zone_size == 0 || zone_skip == 0 {
        return bytes;
    }
    // Rounded up where the bytes last for that many gaps.
    let zones = bytes.div_ceil(period);
    let zones = if bytes < zones.saturating_mul(zone_skip) { bytes / period } else { zones };
    bytes.saturating_sub(zones.saturating_mul(zone_skip))
}

impl JobProgress {
    /// Seconds that the job will still take.
    fn remaining(&self) -> Remaining {
        if self.unmeasurable {
            return Remaining::Unmeasurable;
        }
        Remaining::Seconds(match self.stage {
            Stage::Before => self.planned(),
            Stage::Running => self.extrapolated(),
            Stage::After => 0,
        })
    }

    /// From what was done in which time.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "seconds, saturating")]
    fn extrapolated(&self) -> u64 {
        let elapsed = self.elapsed_ms.div_ceil(1000);
        let mut done = match self.bytes_total {
            0 => 0.0,
            total => (self.bytes_done as f64 / total as f64).min(1.0),
        };
        if self.time_based {
            let share = if self.runtime_seconds == 0 { 0.0 } else { elapsed as f64 / self.runtime_seconds as f64 };
            done = done.min(share);
        }
        let estimate = if done == 0.0 {
            self.runtime_seconds
        } else {
            ((elapsed as f64 * (1.0 / done)) as u64).saturating_sub(elapsed)
        };
        if self.runtime_seconds == 0 {
            return estimate;
        }
        estimate.min((self.runtime_seconds + self.seconds_before).saturating_sub(elapsed))
    }

    /// From its limits: nothing is known yet.
    fn planned(&self) -> u64 {
        let mut timed = 0;
        if self.runtime_seconds != 0 {
            timed = self.runtime_seconds + self.start_delay_seconds + self.ramp_seconds;
            let passed = self.elapsed_ms.div_ceil(1000);
            if self.ramping && passed <= timed {
                timed -= passed;
            }
        }
        let rated = self.bytes_total.checked_div(self.rate).map_or(0, |seconds| seconds + self.start_delay_seconds);
        match (rated, timed) {
            (0, seconds) | (seconds, 0) => seconds,
            (rated, timed) => rated.min(timed),
        }
    }
}

/// Seconds that the run will still take: until the last job ends, or the first one when it ends all (`exitall`). Jobs that
/// wait for others come after them.
#[must_use]
pub fn remaining(elapsed_seconds: u64, jobs: &[JobProgress], ends_with_the_first: bool) -> Remaining {
    if elapsed_seconds < SETTLING_SECONDS {
        return Remaining::Unknown;
    }
    let estimates = || jobs.iter().map(|job| (job.waits, job.remaining()));
    let seconds = |estimate: Remaining| match estimate {
        Remaining::Seconds(seconds) => Some(seconds),
        Remaining::Unknown | Remaining::Unmeasurable => None,
    };
    if ends_with_the_first {
        let first = estimates().filter_map(|(_, estimate)| seconds(estimate)).min();
        return first.map_or(Remaining::Unknown, Remaining::Seconds);
    }
    if estimates().any(|(_, estimate)| estimate == Remaining::Unmeasurable) {
        return Remaining::Unmeasurable;
    }
    let (mut longest, mut after) = (0, 0);
    for (waits, estimate) in estimates() {
        let seconds = seconds(estimate).unwrap_or(0);
        if waits {
            after += seconds;
        } else {
            longest = longest.max(seconds);
        }
    }
    Remaining::Seconds(longest + after)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn running(bytes_done: u64, elapsed_ms: u64) -> JobProgress {
        JobProgress { stage: Stage::Running, bytes_total: 1000, bytes_done, elapsed_ms, ..JobProgress::default() }
    }

    fn seconds(job: JobProgress) -> Remaining {
        remaining(10, &[job], false)
    }

    #[test]
    fn progress_goes_on_as_it_went() {
        assert_eq!(seconds(running(250, 10_000)), Remaining::Seconds(30));
        assert_eq!(seconds(running(1000, 10_000)), Remaining::Seconds(0));
        assert_eq!(seconds(running(0, 10_000)), Remaining::Seconds(0));
        let limited = JobProgress { runtime_seconds: 15, ..running(250, 10_000) };
        assert_eq!(seconds(limited), Remaining::Seconds(5));
        let timed = JobProgress { runtime_seconds: 40, time_based: true, ..running(900, 10_000) };
        assert_eq!(seconds(timed), Remaining::Seconds(30));
    }

    #[test]
    fn what_has_not_begun_is_planned() {
        let waiting = JobProgress { bytes_total: 1000, rate: 10, start_delay_seconds: 5, ..JobProgress::default() };
        assert_eq!(seconds(waiting), Remaining::Seconds(105));
        let timed = JobProgress { runtime_seconds: 20, ramp_seconds: 5, ..waiting };
        assert_eq!(seconds(timed), Remaining::Seconds(30));
        let ramping = JobProgress { ramping: true, elapsed_ms: 1500, ..timed };
        assert_eq!(seconds(ramping), Remaining::Seconds(28));
        assert_eq!(seconds(JobProgress::default()), Remaining::Seconds(0));
        assert_eq!(seconds(JobProgress { stage: Stage::After, ..running(1, 1000) }), Remaining::Seconds(0));
    }

    #[test]
    fn jobs_are_put_together() {
        let jobs =
            [running(500, 10_000), running(250, 10_000), JobProgress { waits: true, rate: 100, ..running(0, 0) }];
        let jobs = jobs.map(|job| if job.waits { JobProgress { stage: Stage::Before, ..job } } else { job });
        assert_eq!(remaining(10, &jobs, false), Remaining::Seconds(40));
        assert_eq!(remaining(10, &jobs[..2], true), Remaining::Seconds(10));
        assert_eq!(remaining(2, &jobs, false), Remaining::Unknown);
        let endless = [jobs[0], JobProgress { unmeasurable: true, ..jobs[1] }];
        assert_eq!(remaining(10, &endless, false), Remaining::Unmeasurable);
        assert_eq!(remaining(10, &endless, true), Remaining::Seconds(10));
    }

    #[test]
    fn verifies_and_gaps_change_the_bytes() {
        assert_eq!(with_verify(1000, None), 2000);
        assert_eq!(with_verify(1000, Some(30)), 1300);
        assert_eq!(with_verify(1000, Some(0)), 1500);
        assert_eq!(without_gaps(1000, 0, 50), 1000);
        assert_eq!(without_gaps(1000, 50, 50), 500);
        assert_eq!(without_gaps(60, 10, 90), 60);
    }
}
