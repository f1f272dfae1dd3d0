//! What a job did.

use bench::statistics::{
    DirectionResult, Histogram as Buckets, JobResult, LatencyResult, PercentileList, SampleStatistics as Samples,
};
use bench_wire::FixedText;
use bench_wire::message::{Histogram, JobStatistics, PriorityStatistics, SampleStatistics};

use super::{digits, unified, unit_base};

/// The bits that say that errors of reads, writes and verification do not end the job (fio's `error_type_bit`). Results know
/// only whether any of them does not.
const CONTINUES_ON_ANY: u16 = 7;

/// A job's statistics. `number` is its number in the report, from 1; `began_ms` its begin in milliseconds since 1970.
#[must_use]
pub fn statistics(result: &JobResult, number: u32, began_ms: u64) -> JobStatistics {
    let measured = &result.measurement;
    let each = |value: fn(&DirectionResult) -> u64| measured.directions.each_ref().map(value);
    let samples =
        |value: fn(&DirectionResult) -> &Samples| measured.directions.each_ref().map(|way| sampled(value(way)));
    let [reads, writes, trims] = each(|way| way.ios);
    JobStatistics {
        unified_reporting: unified(result.reporting.unified),
        sync_latency: sampled(&measured.sync.statistics),
        completion_latency: samples(|way| &way.clat.statistics),
        submission_latency: samples(|way| &way.slat.statistics),
        total_latency: samples(|way| &way.lat.statistics),
        bandwidth: samples(|way| &way.bandwidth),
        iops: samples(|way| &way.iops),
        depths: measured.depth.0,
        submit_batches: measured.submissions.levels,
        complete_batches: measured.completions.levels,
        submits: measured.submissions.total,
        completes: measured.completions.total,
        latency_below_ns: measured.ranges.nanoseconds,
        latency_below_us: measured.ranges.microseconds,
        latency_below_ms: measured.ranges.milliseconds,
        histograms: [
            measured.directions.each_ref().map(|way| buckets(&way.slat)),
            measured.directions.each_ref().map(|way| buckets(&way.clat)),
            measured.directions.each_ref().map(|way| buckets(&way.lat)),
        ],
        sync_histogram: buckets(&measured.sync),
        ios: [reads, writes, trims, measured.syncs],
        short_ios: each(|way| way.short),
        dropped_ios: each(|way| way.dropped),
        bytes: each(|way| way.bytes),
        runtime_ms: each(|way| way.runtime_ms),
        priorities: measured.directions.each_ref().map(priorities),
        ..described(result, number, began_ms)
    }
}

/// All that is not measured in a direction.
fn described(result: &JobResult, number: u32, began_ms: u64) -> JobStatistics {
    let (reporting, usage, target) = (&result.reporting, &result.usage, &result.latency_target);
    let error = result.error.as_ref();
    let continued = result.continued_errors.unwrap_or_default();
    JobStatistics {
        name: FixedText::new(&result.name),
        error_text: error.map(|error| FixedText::new(&error.message)).unwrap_or_default(),
        error: error.map_or(0, |error| error.number.unsigned_abs()),
        thread_number: number,
        group_id: result.group,
        job_start_ms: Some(result.started_ms.unwrap_or(began_ms)),
        process_id: result.process,
        description: FixedText::new(&result.description),
        members: result.members.max(1),
        priorities_disabled: result.measurement.directions.iter().all(|way| way.priorities.is_empty()),
        user_time_ms: usage.user_ms,
        system_time_ms: usage.system_ms,
        context_switches: usage.context_switches,
        minor_faults: usage.minor_faults,
        major_faults: usage.major_faults,
        completion_percentiles: reporting.percentiles.clat,
        total_percentiles: reporting.percentiles.lat,
        submission_percentiles: reporting.percentiles.slat,
        percentile_precision: reporting.percentile_precision as u64,
        percentiles: percentiles(&reporting.percentile_list),
        total_run_time_ms: result.runtime_ms,
        continue_on_error: if result.continued_errors.is_some() { CONTINUES_ON_ANY } else { 0 },
        first_error: continued.first.unsigned_abs(),
        errors: continued.total,
        zone_resets: result.zone_resets,
        count_zone_resets: Some(0),
        block_states: result.blocks.packed(),
        kb_base: reporting.kilobyte,
        unit_base: unit_base(reporting.unit),
        latency_depth: target.depth,
        latency_target_ns: target.target_ns,
        latency_percentile: target.percentile,
        latency_window_us: target.window_us,
        significant_figures: digits(reporting.significant_figures),
        io_priority: u32::from(result.priority),
        cache_hits: result.cache_hits,
        cache_misses: result.cache_misses,
        ..JobStatistics::default()
    }
}

fn sampled(samples: &Samples) -> SampleStatistics {
    SampleStatistics {
        maximum: samples.maximum,
        minimum: samples.minimum,
        samples: samples.samples,
        mean: samples.mean,
        squared_deviations: samples.squared_deviations,
    }
}

fn buckets(latency: &LatencyResult) -> Histogram {
    let counts = latency.histogram.as_ref().map(Buckets::counts);
    counts.map(|counts| Histogram::from_buckets(counts.iter().copied())).unwrap_or_default()
}

fn priorities(way: &DirectionResult) -> Vec<PriorityStatistics> {
    let priority = |known: &bench::statistics::PriorityResult| PriorityStatistics {
        histogram: buckets(&known.latency),
        completion_latency: sampled(&known.latency.statistics),
        io_priority: u32::from(known.priority),
    };
    way.priorities.iter().map(priority).collect()
}

/// The list ends with the first zero, or is full.
fn percentiles(list: &PercentileList) -> [f64; 20] {
    let mut values = [0.0; 20];
    for (value, percentile) in values.iter_mut().zip(list.as_slice()) {
        *value = *percentile;
    }
    values
}

#[cfg(test)]
mod tests {
    use bench::direction::Direction;
    use bench::statistics::{Completion, JobError, LatencyChoice, Recorder, RecorderSettings};

    use super::*;

    #[test]
    fn what_was_measured_is_what_is_said() {
        let mut recorder = Recorder::new(&RecorderSettings {
            directions: [false, true, false],
            measured: LatencyChoice::ALL,
            percentiles: LatencyChoice::ALL,
            priorities: Vec::new(),
        });
        recorder.record_issue(Direction::Write);
        let io = Completion { bytes: 4096, slat_ns: 3, clat_ns: 80_000, lat_ns: 80_003 };
        recorder.record_completion(Direction::Write, io);
        recorder.record_depth(4, 1);
        let mut result =
            JobResult { name: "a".into(), group: 3, measurement: recorder.measurement(), ..JobResult::default() };
        result.error = Some(JobError { number: 28, message: "no space".into() });
        result.measurement.directions[1].runtime_ms = 7;
        let said = statistics(&result, 2, 1_000);
        assert_eq!((said.thread_number, said.group_id, said.members, said.job_start_ms), (2, 3, 1, Some(1_000)));
        assert_eq!((said.error, said.error_text.to_text().as_ref()), (28, "no space"));
        assert_eq!((said.ios, said.bytes, said.runtime_ms), ([0, 1, 0, 0], [0, 4096, 0], [0, 7, 0]));
        assert_eq!(said.completion_latency[1].maximum, 80_000);
        assert_eq!(said.completion_latency[0].minimum, u64::MAX, "nothing was read");
        assert_eq!((said.submission_latency[1].mean, said.total_latency[1].mean), (3.0, 80_003.0));
        for (kind, nanoseconds) in [(0, 3), (1, 80_000), (2, 80_003)] {
            assert_eq!(said.histograms[kind][1].buckets()[bench::statistics::bucket_of(nanoseconds)], 1, "{kind}");
        }
        assert_eq!((said.depths[2], said.unit_base, said.kb_base, said.significant_figures), (1, 4, 1024, 4));
        assert!(said.percentiles.contains(&99.99) && said.percentiles.contains(&0.0));
    }
}
