//! What the status line is made of: how far each job is, and how fast all of them are.

use crate::direction::Direction;
use crate::offsets::settings::Mix;
use crate::options::JobOptions;
use crate::options::description::UnitBase;
use crate::output::number::Prefix;
use crate::output::status_line::estimate::{JobProgress, Stage, remaining, with_verify, without_gaps};
use crate::output::status_line::run_states::{WorkloadKind, condensed};
use crate::output::status_line::{RateMeter, Status};
use crate::statistics::BandwidthUnit;

use super::convert::{Shape, measuring, proving};
use super::shared::{Phase, Shared};

/// What is known of a job for its progress.
pub(super) struct Watched<'w> {
    pub(super) options: &'w JobOptions,
    pub(super) shared: &'w Shared,
    /// Bytes of one pass.
    pub(super) size: u64,
    /// It waits for others and has not begun.
    pub(super) waits: bool,
    /// Seconds of the run before it began.
    pub(super) seconds_before: u64,
}

/// The status of a run at a time, in milliseconds since it began.
pub(super) fn status(jobs: &[Watched<'_>], meter: &mut RateMeter, now_ms: u64) -> Status {
    let sum = |value: &dyn Fn(&Watched<'_>) -> u64| jobs.iter().filter(|job| counts(job)).map(value).sum::<u64>();
    let count =
        |phase: Phase| u32::try_from(jobs.iter().filter(|job| job.shared.phase() == phase).count()).unwrap_or(u32::MAX);
    let (mut bytes, mut ios) = ([0; 3], [0; 3]);
    for (job_bytes, job_ios) in jobs.iter().map(|job| job.shared.done()) {
        for direction in Direction::ALL {
            let index = direction.index();
            bytes[index] += job_bytes[index];
            ios[index] += job_ios[index];
        }
    }
    let (rate, iops) = meter.look(now_ms, bytes, ios);
    let elapsed_seconds = now_ms.div_ceil(1000);
    let progress: Vec<_> = jobs.iter().map(|job| progress(job, now_ms)).collect();
    let ends_with_the_first = jobs.iter().any(|job| job.options.threads.exitall);
    let last = jobs.last().map(|job| job.options);
    // Only directions that a job has are held to a rate.
    let limit = |value: &dyn Fn(&JobOptions) -> [u64; 3]| {
        sum(&|job| {
            let (shape, values) = (Shape::of(job.options), value(job.options));
            Direction::ALL.iter().filter(|direction| shape.has(**direction)).map(|way| values[way.index()]).sum()
        })
    };
    let narrow = |value: u64| u32::try_from(value).unwrap_or(u32::MAX);
    Status {
        running: narrow(jobs.iter().filter(|job| is_running(job)).count() as u64),
        ramping: count(Phase::Ramping),
        setting_up: count(Phase::SettingUp),
        files_open: jobs.iter().filter(|job| counts(job)).map(|job| job.shared.files_open()).sum(),
        minimum_rate: limit(&|options| options.io_rate.rate_min.0),
        target_rate: limit(&|options| options.io_rate.rate.0),
        minimum_iops: narrow(limit(&|options| options.io_rate.rate_iops_min.0.map(u64::from))),
        target_iops: narrow(limit(&|options| options.io_rate.rate_iops.0.map(u64::from))),
        rate,
        iops,
        elapsed_seconds,
        remaining: remaining(elapsed_seconds, &progress, ends_with_the_first),
        hangs_seconds: None,
        run_states: condensed(jobs.iter().map(|job| {
            let shape = Shape::of(job.options);
            job.shared.run_state(kind(shape), shape.random)
        })),
        prefix: Prefix::of_kilobyte(if jobs.iter().any(|job| measuring::kilobyte(job.options) == 1024) {
            1024
        } else {
            1000
        }),
        unit: match last.map(|options| options.description.unit_base) {
            Some(UnitBase::Bit) => BandwidthUnit::Bits,
            _ => BandwidthUnit::Bytes,
        },
        significant_figures: last.map_or(4, |options| options.measurements.significant_figures as usize),
    }
}

fn is_running(job: &Watched<'_>) -> bool {
    !matches!(job.shared.phase(), Phase::Waiting | Phase::SettingUp | Phase::Ended)
}

/// Whether its files and limits are shown. Parity: not in its ramp.
fn counts(job: &Watched<'_>) -> bool {
    is_running(job) && job.shared.phase() != Phase::Ramping
}

/// What the job does, for its letter.
fn kind(shape: Shape) -> WorkloadKind {
    match shape.mix {
        Mix::Read => WorkloadKind::Read,
        Mix::Write | Mix::TrimWrite => WorkloadKind::Write,
        Mix::ReadWrite => WorkloadKind::Mixed,
        Mix::Trim => WorkloadKind::Trim,
    }
}

/// Bytes that a job moves, what it reads back included, of files with so many.
fn bytes_total(options: &JobOptions, size: u64) -> u64 {
    let shape = Shape::of(options);
    let io_bytes = match options.io_size.io_size.bytes() {
        0 => size,
        bytes => bytes,
    };
    let passes = io_bytes.saturating_mul(u64::from(options.description.loops.max(1)));
    let once = without_gaps(passes, options.target_file.zonesize, options.target_file.zoneskip);
    let reads_back = options.verification.do_verify && proving::is_wanted(options) && shape.has(Direction::Write);
    let write_percent =
        (shape.mix == Mix::ReadWrite).then(|| u64::from(100_u32.saturating_sub(options.io_type.rwmixread)));
    if reads_back { with_verify(once, write_percent) } else { once }
}

fn progress(job: &Watched<'_>, now_ms: u64) -> JobProgress {
    let options = job.options;
    let phase = job.shared.phase();
    JobProgress {
        stage: match phase {
            Phase::Waiting | Phase::SettingUp | Phase::PreReading | Phase::Ramping => Stage::Before,
            Phase::Running | Phase::Verifying => Stage::Running,
            Phase::Syncing | Phase::Ended => Stage::After,
        },
        unmeasurable: false,
        waits: job.waits && phase == Phase::Waiting,
        bytes_total: bytes_total(options, job.size),
        bytes_done: job.shared.done().0.iter().sum(),
        elapsed_ms: now_ms.saturating_sub(job.shared.began_ns() / 1_000_000),
        runtime_seconds: options.time.runtime.as_secs(),
        time_based: options.time.time_based,
        seconds_before: job.seconds_before,
        start_delay_seconds: options.time.startdelay.low.as_secs(),
        ramp_seconds: options.time.ramp_time.as_secs(),
        ramping: phase == Phase::Ramping,
        rate: options.io_rate.rate.0.iter().sum(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_are_not_moved_and_passes_are_each() {
        let mut options = JobOptions::default();
        assert_eq!(bytes_total(&options, 1000), 1000);
        options.target_file.zonesize = 50;
        options.target_file.zoneskip = 50;
        assert_eq!(bytes_total(&options, 1000), 500);
        options.description.loops = 3;
        assert_eq!(bytes_total(&options, 1000), 1500);
    }
}
