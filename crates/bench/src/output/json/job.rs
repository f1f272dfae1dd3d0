//! A job's object.

use super::super::Report;
use super::super::share::{BATCH_NAMES, DEPTH_NAMES, LATENCY_NAMES, bandwidth_share, depth_shares, latency_shares};
use super::options;
use super::value::{Object, Value};
use crate::direction::Direction;
use crate::statistics::{
    BatchSizes, DirectionResult, GroupDirection, JobResult, LatencyResult, Measurement, PriorityResult, Reporting,
    UnifiedReporting,
};

/// A job's results.
pub(super) fn job(report: &Report, job: &JobResult, bins: bool) -> Object {
    let mut object = Object::default();
    object.add("jobname", &job.name);
    object.add("groupid", job.group);
    if let Some(started_ms) = job.started_ms {
        object.add("job_start", started_ms);
    }
    object.add("error", job.error.as_ref().map_or(0, |error| error.number));
    if let Some(progress) = &report.progress {
        object.add("eta", progress.remaining_seconds);
        object.add("elapsed", progress.elapsed_seconds);
    }
    if !job.options.is_empty() {
        object.add("job options", options(&job.options));
    }
    directions(&mut object, report, job, bins);
    processor(&mut object, job);
    distributions(&mut object, &job.measurement);
    if let Some(errors) = &job.continued_errors {
        object.add("total_err", errors.total);
        object.add("first_error", errors.first);
    }
    let target = &job.latency_target;
    if target.depth != 0 {
        object.add("latency_depth", target.depth);
        object.add("latency_target", target.target_ns);
        object.add("latency_percentile", target.percentile);
        object.add("latency_window", target.window_us);
    }
    object.add("desc", &job.description);
    blocks(&mut object, job);
    object
}

fn blocks(object: &mut Object, job: &JobResult) {
    let list = &job.reporting.percentile_list;
    let values = job.blocks.percentiles(list);
    if values.is_empty() {
        return;
    }
    let percentiles = list.as_slice().iter().map(|percentile| format!("{percentile:.6}")).zip(values);
    let states = job.blocks.states().map(|(name, count)| (name, u64::try_from(count).unwrap_or(u64::MAX)));
    let mut block = Object::default();
    block.add("percentiles", percentiles.collect::<Object>());
    block.add("states", states.into_iter().collect::<Object>());
    object.add("block", block);
}

fn directions(object: &mut Object, report: &Report, job: &JobResult, bins: bool) {
    let Measurement { directions, syncs, sync, .. } = &job.measurement;
    let shown = Shown { job, bins };
    let group =
        |direction: usize| report.group(job.group).map_or_else(Default::default, |found| found.directions[direction]);
    if job.reporting.unified == UnifiedReporting::Mixed {
        object.add("mixed", shown.direction(&directions[0], &group(0)));
        return;
    }
    for direction in Direction::ALL {
        let index = direction.index();
        object.add(direction.name(), shown.direction(&directions[index], &group(index)));
    }
    let mut syncing = Object::default();
    syncing.add("total_ios", *syncs);
    syncing.add("lat_ns", shown.latency(sync, shown.reporting().percentiles.lat || shown.reporting().percentiles.clat));
    object.add("sync", syncing);
    if job.reporting.unified == UnifiedReporting::Both {
        object.add("mixed", shown.direction(&job.measurement.mixed().directions[0], &group(0)));
    }
}

/// What decides how directions and latencies look.
struct Shown<'a> {
    job: &'a JobResult,
    bins: bool,
}

impl Shown<'_> {
    fn reporting(&self) -> &Reporting {
        &self.job.reporting
    }

    fn direction(&self, direction: &DirectionResult, group: &GroupDirection) -> Object {
        let percentiles = self.reporting().percentiles;
        let mut object = Object::default();
        let rate = direction.bytes_per_second();
        let milliseconds = direction.runtime_ms as f64;
        let iops = if direction.runtime_ms == 0 { 0.0 } else { 1000.0 * direction.ios as f64 / milliseconds };
        object.add("io_bytes", direction.bytes);
        object.add("io_kbytes", direction.bytes >> 10);
        object.add("bw_bytes", rate);
        object.add("bw", rate / 1024);
        object.add("iops", iops);
        object.add("runtime", direction.runtime_ms);
        object.add("total_ios", direction.ios);
        object.add("short_ios", direction.short);
        object.add("drop_ios", direction.dropped);
        object.add("slat_ns", self.latency(&direction.slat, percentiles.slat));
        object.add("clat_ns", self.latency(&direction.clat, percentiles.clat));
        object.add("lat_ns", self.latency(&direction.lat, percentiles.lat));
        self.priorities(&mut object, direction);
        rates(&mut object, direction, group);
        let (hits, misses) = (self.job.cache_hits, self.job.cache_misses);
        if hits > 0 || misses > 0 {
            object.add("cachehit", hits as f64 / (hits as f64 + misses as f64) * 100.0);
        }
        object
    }

    fn priorities(&self, object: &mut Object, direction: &DirectionResult) {
        let percentiles = self.reporting().percentiles;
        let priorities = direction.priorities_in_use();
        if priorities.is_empty() {
            return;
        }
        let name = if percentiles.lat { "lat_ns" } else { "clat_ns" };
        let entry = |known: &&PriorityResult| {
            let mut entry = Object::default();
            entry.add("prioclass", known.class());
            entry.add("prio", known.level());
            entry.add(name, self.latency(&known.latency, percentiles.clat || percentiles.lat));
            Value::from(entry)
        };
        object.add("prios", priorities.iter().map(entry).collect::<Vec<Value>>());
    }

    fn latency(&self, latency: &LatencyResult, percentiles: bool) -> Object {
        let statistics = &latency.statistics;
        let mut object = Object::default();
        object.add("min", if statistics.is_empty() { 0 } else { statistics.minimum });
        object.add("max", statistics.maximum);
        object.add("mean", statistics.mean);
        object.add("stddev", statistics.standard_deviation());
        object.add("N", statistics.samples);
        if percentiles && !statistics.is_empty() {
            let list = &self.reporting().percentile_list;
            let values = list.values(latency.histogram.as_ref(), statistics.samples);
            let members = list.as_slice().iter().map(|percentile| format!("{percentile:.6}")).zip(values);
            object.add("percentile", members.collect::<Object>());
            if self.bins {
                let bins = latency.histogram.iter().flat_map(|histogram| histogram.bins());
                object.add("bins", bins.map(|(value, count)| (value.to_string(), count)).collect::<Object>());
            }
        }
        object
    }
}

fn rates(object: &mut Object, direction: &DirectionResult, group: &GroupDirection) {
    let bandwidth = &direction.bandwidth;
    let share = if bandwidth.is_empty() { 0.0 } else { bandwidth_share(bandwidth.mean, group.aggregate) };
    object.add("bw_min", if bandwidth.is_empty() { 0 } else { bandwidth.minimum });
    object.add("bw_max", bandwidth.maximum);
    object.add("bw_agg", share);
    object.add("bw_mean", bandwidth.mean);
    object.add("bw_dev", bandwidth.standard_deviation());
    object.add("bw_samples", bandwidth.samples);
    let iops = &direction.iops;
    object.add("iops_min", if iops.is_empty() { 0 } else { iops.minimum });
    object.add("iops_max", iops.maximum);
    object.add("iops_mean", iops.mean);
    object.add("iops_stddev", iops.standard_deviation());
    object.add("iops_samples", iops.samples);
}

fn processor(object: &mut Object, job: &JobResult) {
    let (user, system) = job.processor_shares();
    object.add("job_runtime", job.runtime_ms);
    object.add("usr_cpu", user);
    object.add("sys_cpu", system);
    object.add("ctx", job.usage.context_switches);
    object.add("majf", job.usage.major_faults);
    object.add("minf", job.usage.minor_faults);
}

fn distributions(object: &mut Object, measurement: &Measurement) {
    let ios = measurement.ios();
    let table = |names: &[&str], shares: &[f64]| names.iter().copied().zip(shares.iter().copied()).collect::<Object>();
    let batches = |batches: &BatchSizes| table(&BATCH_NAMES, &depth_shares(&batches.levels, batches.total));
    object.add("iodepth_level", table(&DEPTH_NAMES, &depth_shares(&measurement.depth.0, ios)));
    object.add("iodepth_submit", batches(&measurement.submissions));
    object.add("iodepth_complete", batches(&measurement.completions));
    let ranges = &measurement.ranges;
    object.add("latency_ns", table(&LATENCY_NAMES, &latency_shares(&ranges.nanoseconds, ios)));
    object.add("latency_us", table(&LATENCY_NAMES, &latency_shares(&ranges.microseconds, ios)));
    object.add("latency_ms", table(&LATENCY_NAMES, &latency_shares(&ranges.milliseconds, ios)));
}
