//! How deep, how fast, how long and how late: the options of a job that the I/O loop is held to.

use crate::direction::Direction;
use crate::options::JobOptions;
use crate::options::io_depth::SubmitMode;
use crate::options::io_rate::{RateProcess, ThinktimeBlocks};
use crate::options::measurements::{Log, LogWindowValue};
use crate::statistics::LatencyChoice;
use crate::statistics::log::{HistogramLogSettings, LogKind, LogSettings, WindowValue};

use super::calendar;
use super::convert::Shape;
use super::core::DepthSettings;
use super::latency_target::LatencyTargetSettings;
use super::pace::RateSettings;
use super::samples::{LogFile, SampleSettings};
use super::thinking::ThinkSettings;

/// Most slots of a job.
pub(super) const DEPTH_MAX: u32 = 1 << 20;

/// I/Os that are submitted together to a device that works meanwhile. The kernel holds them back until it has the last one:
/// with 32, direct I/O to a virtual disk was a fifth slower than one by one; with four it is as fast, for fewer calls.
const BATCH_BESIDE_WORK: u32 = 4;

/// How the job keeps its slots busy.
///
/// What is free is submitted together, and what is over is taken together, unless the job says otherwise: nobody waits for
/// a batch to be full. A device that works by itself gets its I/Os a few at a time.
pub(super) fn depth(options: &JobOptions, at_once: bool) -> DepthSettings {
    let io = &options.io_depth;
    let depth = if at_once { 1 } else { io.iodepth.clamp(1, DEPTH_MAX) };
    let or_all = |count: u32| if count == 0 { depth } else { count.min(depth) };
    let reap_min = io.iodepth_batch_complete_min.min(depth);
    let given = options.is_set("iodepth_batch").then(|| or_all(io.iodepth_batch));
    DepthSettings {
        depth,
        batch: given.unwrap_or(depth),
        batch_beside_work: given.unwrap_or(BATCH_BESIDE_WORK.min(depth)),
        reap_min,
        reap_max: if options.is_set("iodepth_batch_complete_max") || options.is_set("iodepth_batch_complete_min") {
            io.iodepth_batch_complete_max.clamp(reap_min.max(1), depth)
        } else {
            depth
        },
        low: or_all(io.iodepth_low),
        serialize_overlap: io.serialize_overlap,
    }
}

/// Whether the clock has to be read for something else than latencies.
pub(super) fn needs_time(options: &JobOptions) -> bool {
    !options.io_latency.latency_target.is_zero()
        || options.io_latency.max_latency.0.iter().any(|limit| !limit.is_zero())
}

pub(super) fn rates(options: &JobOptions) -> RateSettings {
    let rate = &options.io_rate;
    let shape = Shape::of(options);
    // A direction that the job does not have is never too slow.
    let bytes_min = Direction::ALL.map(|way| if shape.has(way) { rate.rate_min.0[way.index()] } else { 0 });
    let ios_min = Direction::ALL.map(|way| if shape.has(way) { rate.rate_iops_min.0[way.index()] } else { 0 });
    RateSettings {
        bytes: rate.rate.0,
        ios: rate.rate_iops.0,
        bytes_min,
        ios_min,
        cycle_ms: u64::from(rate.rate_cycle),
        poisson: rate.rate_process == RateProcess::Poisson,
        mixed: shape.has(Direction::Read) && shape.has(Direction::Write),
    }
}

/// Whether latencies count from the time at which I/Os were due: what submitting by threads of their own
/// (`io_submit_mode=offload`) is for.
pub(super) fn latency_from_due(options: &JobOptions) -> bool {
    options.io_depth.io_submit_mode == SubmitMode::Offload
}

pub(super) fn thinking(options: &JobOptions) -> ThinkSettings {
    let rate = &options.io_rate;
    ThinkSettings {
        pause: rate.thinktime,
        spin: rate.thinktime_spin,
        blocks: rate.thinktime_blocks,
        counts_issued: rate.thinktime_blocks_type == ThinktimeBlocks::Issue,
        io_time: rate.thinktime_iotime,
    }
}

pub(super) fn latency_target(options: &JobOptions) -> LatencyTargetSettings {
    let latency = &options.io_latency;
    LatencyTargetSettings {
        target: latency.latency_target,
        window: latency.latency_window,
        percentile: latency.latency_percentile.values.first().copied().unwrap_or(100.0),
        runs_on: latency.latency_run,
    }
}

pub(super) fn sync_range_flags(options: &JobOptions) -> u32 {
    let range = &options.io_type.sync_file_range;
    [
        (range.wait_before, libc::SYNC_FILE_RANGE_WAIT_BEFORE),
        (range.write, libc::SYNC_FILE_RANGE_WRITE),
        (range.wait_after, libc::SYNC_FILE_RANGE_WAIT_AFTER),
    ]
    .into_iter()
    .filter_map(|(wanted, flag)| wanted.then_some(flag))
    .fold(0, |flags, flag| flags | flag)
}

/// What is sampled, and which logs are written.
pub(super) fn samples(options: &JobOptions, number: u32, section: &str, measured: LatencyChoice) -> SampleSettings {
    let measurements = &options.measurements;
    let off = measurements.disable_bw_measurement || options.time.gtod_reduce;
    let window = |milliseconds: u32| (!off).then_some(u64::from(milliseconds));
    let kinds = [
        (&measurements.write_lat_log, LogKind::Latency),
        (&measurements.write_lat_log, LogKind::CompletionLatency),
        (&measurements.write_lat_log, LogKind::SubmissionLatency),
        (&measurements.write_bw_log, LogKind::Bandwidth),
        (&measurements.write_iops_log, LogKind::Iops),
    ];
    let logs = kinds.into_iter().filter_map(|(log, kind)| {
        let prefix = match log {
            Log::Off => return None,
            Log::NamedByJob => section.to_owned(),
            Log::Named(prefix) => prefix.clone(),
        };
        // Parity: what is not measured on purpose has no log; what cannot be measured has an empty one.
        let is_off = match kind {
            LogKind::Latency => measurements.disable_lat,
            LogKind::CompletionLatency => measurements.disable_clat,
            LogKind::SubmissionLatency => measurements.disable_slat,
            LogKind::Bandwidth | LogKind::Iops | LogKind::Histogram => false,
        };
        let is_latency = matches!(kind, LogKind::Latency | LogKind::CompletionLatency | LogKind::SubmissionLatency);
        if is_off || is_latency && options.time.gtod_reduce {
            return None;
        }
        let job = measurements.per_job_logs.then_some(number);
        Some(LogFile { settings: log_settings(options, kind), prefix, job })
    });
    SampleSettings {
        bandwidth_ms: window(measurements.bwavgtime),
        iops_ms: window(measurements.iopsavgtime),
        logs: logs.collect(),
        measured,
        measures_bandwidth: !off,
        measures_iops: !options.time.gtod_reduce,
        histograms: histograms(options, number, section),
    }
}

fn histograms(options: &JobOptions, number: u32, section: &str) -> Option<(HistogramLogSettings, String, Option<u32>)> {
    let measurements = &options.measurements;
    let prefix = match &measurements.write_hist_log {
        Log::Off => return None,
        Log::NamedByJob => section.to_owned(),
        Log::Named(prefix) => prefix.clone(),
    };
    let settings = HistogramLogSettings {
        window_ms: u64::from(measurements.log_hist_msec),
        coarseness: measurements.log_hist_coarseness,
        epoch_ms: epoch_ms(options),
        store_compressed: measurements.log_store_compressed,
    };
    Some((settings, prefix, measurements.per_job_logs.then_some(number)))
}

fn log_settings(options: &JobOptions, kind: LogKind) -> LogSettings {
    let measurements = &options.measurements;
    LogSettings {
        window_ms: u64::from(measurements.log_avg_msec),
        window_value: match measurements.log_max_value {
            LogWindowValue::Average => WindowValue::Average,
            LogWindowValue::Maximum => WindowValue::Maximum,
            LogWindowValue::Both => WindowValue::Both,
        },
        offsets: measurements.log_offset,
        priorities: measurements.log_prio,
        issue_times: measurements.log_issue_time,
        entries: measurements.log_entries as usize,
        epoch_ms: epoch_ms(options),
        compressed_chunk_bytes: usize::try_from(measurements.log_compression).unwrap_or(usize::MAX),
        store_compressed: measurements.log_store_compressed,
        ..LogSettings::new(kind)
    }
}

/// Where the times of logs count from, in milliseconds (`log_unix_epoch`, `log_alternate_epoch`): the job's start as
/// another clock has it.
fn epoch_ms(options: &JobOptions) -> u64 {
    let measurements = &options.measurements;
    let id = match (measurements.log_unix_epoch, measurements.log_alternate_epoch) {
        (false, false) => return 0,
        (true, _) => calendar::REAL_TIME,
        (false, true) => measurements.log_alternate_epoch_clock_id,
    };
    calendar::milliseconds(id).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn depth_of(settings: &[(&str, &str)]) -> DepthSettings {
        let mut job = JobOptions::default();
        for (name, value) in settings {
            job.set(crate::options::find(name).unwrap(), Some(value)).unwrap();
        }
        depth(&job, false)
    }

    #[test]
    fn a_least_rate_is_for_the_directions_of_the_job() {
        let mut job = JobOptions::default();
        for (name, value) in [("rate_min", "1k"), ("rate_iops_min", "1,2,3")] {
            job.set(crate::options::find(name).unwrap(), Some(value)).unwrap();
        }
        assert_eq!((rates(&job).bytes_min, rates(&job).ios_min), ([1024, 0, 0], [1, 0, 0]));
        job.set(crate::options::find("rw").unwrap(), Some("trimwrite")).unwrap();
        assert_eq!((rates(&job).bytes_min, rates(&job).ios_min), ([0, 1024, 1024], [0, 2, 3]));
    }

    #[test]
    fn a_device_that_works_by_itself_gets_small_batches_unless_told_otherwise() {
        let deep = depth_of(&[("iodepth", "32")]);
        assert_eq!((deep.batch, deep.batch_beside_work), (32, 4));
        let shallow = depth_of(&[("iodepth", "2")]);
        assert_eq!((shallow.batch, shallow.batch_beside_work), (2, 2));
        let told = depth_of(&[("iodepth", "32"), ("iodepth_batch", "16")]);
        assert_eq!((told.batch, told.batch_beside_work), (16, 16));
    }
}
