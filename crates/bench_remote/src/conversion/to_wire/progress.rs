//! How far jobs are.

use bench::output::number::Prefix;
use bench::output::status_line::{Remaining, Status};
use bench_wire::message::Eta;

use super::{digits, unit_base};

/// What fio's front end takes for "nobody knows": it shows no time then.
const UNKNOWN_S: u64 = i32::MAX as u64;

/// What fio's front end takes for "nobody will know": it shows `--`.
const NEVER_KNOWN_S: u64 = u64::MAX;

/// Progress of `jobs` jobs. Limits of rates are not told by direction here and stand with the reads, which front ends add up.
#[must_use]
pub fn eta(status: &Status, jobs: u32) -> Eta {
    Eta {
        running: status.running,
        ramping: status.ramping,
        setting_up: status.setting_up,
        pending: jobs.saturating_sub(status.running),
        minimum_rate: [status.minimum_rate, 0, 0],
        target_rate: [status.target_rate, 0, 0],
        minimum_iops: [status.minimum_iops, 0, 0],
        target_iops: [status.target_iops, 0, 0],
        rate: status.rate,
        iops: status.iops.map(|iops| u32::try_from(iops).unwrap_or(u32::MAX)),
        elapsed_s: status.elapsed_seconds,
        remaining_s: match status.remaining {
            Remaining::Seconds(seconds) => seconds,
            Remaining::Unknown => UNKNOWN_S,
            Remaining::Unmeasurable => NEVER_KNOWN_S,
        },
        is_binary: status.prefix == Prefix::of_kilobyte(1024),
        unit_base: unit_base(status.unit),
        significant_figures: digits(status.significant_figures),
        open_files: status.files_open,
        jobs,
        states: status.run_states.clone().into_bytes(),
    }
}
