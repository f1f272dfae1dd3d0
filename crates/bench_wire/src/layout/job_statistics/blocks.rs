//! The blocks that every layout of a job's statistics consists of. Offsets are from the start of the block.

use zerocopy::little_endian::{U16, U32, U64};

use crate::fixed_text::FixedText;
use crate::layout::field::Float64;
use crate::message::{Histogram, JobStatistics, PriorityStatistics, SampleStatisticsWire, SteadyState};

wire_structure! {
    /// Which job it is.
    pub(super) struct Identity for JobStatistics, 268 bytes {
        0 name: FixedText<128> = name;
        128 error_text: FixedText<128> = error_text;
        256 error: U32 = error;
        260 thread_number: U32 = thread_number;
        264 group_id: U32 = group_id;
    }
}

wire_structure! {
    /// Its process, and how it is reported.
    pub(super) struct Process for JobStatistics, 276 bytes {
        0 process_id: U32 = process_id;
        4 description: FixedText<256> = description;
        260 members: U32 = members;
        264 unified_reporting: U32 = unified_reporting;
        268 priorities_disabled: U32 = priorities_disabled;
        272 padding: U32;
    }
}

wire_structure! {
    /// What was measured.
    pub(super) struct Measures for JobStatistics, 150_352 bytes {
        0 sync_latency: SampleStatisticsWire = sync_latency;
        56 completion_latency: [SampleStatisticsWire; 3] = completion_latency;
        224 submission_latency: [SampleStatisticsWire; 3] = submission_latency;
        392 total_latency: [SampleStatisticsWire; 3] = total_latency;
        560 bandwidth: [SampleStatisticsWire; 3] = bandwidth;
        728 iops: [SampleStatisticsWire; 3] = iops;
        896 user_time_ms: U64 = user_time_ms;
        904 system_time_ms: U64 = system_time_ms;
        912 context_switches: U64 = context_switches;
        920 minor_faults: U64 = minor_faults;
        928 major_faults: U64 = major_faults;
        936 completion_percentiles: U32 = completion_percentiles;
        940 total_percentiles: U32 = total_percentiles;
        944 submission_percentiles: U32 = submission_percentiles;
        948 padding: U32;
        952 percentile_precision: U64 = percentile_precision;
        960 percentiles: [Float64; 20] = percentiles;
        1280 depths: [U64; 7] = depths;
        1336 submit_batches: [U64; 7] = submit_batches;
        1392 complete_batches: [U64; 7] = complete_batches;
        1448 latency_below_ns: [U64; 10] = latency_below_ns;
        1528 latency_below_us: [U64; 10] = latency_below_us;
        1608 latency_below_ms: [U64; 12] = latency_below_ms;
        1704 histograms: [[[U64; Histogram::BUCKETS]; 3]; 3] = histograms;
        135_336 sync_histogram: [U64; Histogram::BUCKETS] = sync_histogram;
        150_184 ios: [U64; 4] = ios;
        150_216 short_ios: [U64; 3] = short_ios;
        150_240 dropped_ios: [U64; 3] = dropped_ios;
        150_264 submits: U64 = submits;
        150_272 completes: U64 = completes;
        150_280 bytes: [U64; 3] = bytes;
        150_304 runtime_ms: [U64; 3] = runtime_ms;
        150_328 total_run_time_ms: U64 = total_run_time_ms;
        150_336 continue_on_error: U16 = continue_on_error;
        150_338 padding2: U16;
        150_340 first_error: U32 = first_error;
        150_344 errors: U64 = errors;
    }
}

wire_structure! {
    /// The latency that was to be kept.
    pub(super) struct LatencyTarget for JobStatistics, 36 bytes {
        0 latency_target_ns: U64 = latency_target_ns;
        8 latency_percentile: Float64 = latency_percentile;
        24 latency_window_us: U64 = latency_window_us;
        32 significant_figures: U32 = significant_figures;
    }
}

wire_structure! {
    /// Steady state detection, without its samples.
    pub(super) struct Steady for SteadyState, 80 bytes {
        0 duration: U64 = duration;
        8 state: U32 = state;
        12 head: U32 = head;
        16 limit: Float64 = limit;
        32 slope: Float64 = slope;
        48 deviation: Float64 = deviation;
        64 criterion: Float64 = criterion;
    }
}

wire_structure! {
    /// The end of the fixed part.
    pub(super) struct Tail for JobStatistics, 32 bytes {
        0 priorities: [U32; 3];
        12 cache_hits: U64 = cache_hits;
        20 cache_misses: U64 = cache_misses;
        28 padding: U32;
    }
}

wire_structure! {
    /// Latency of one priority, appended.
    pub(super) struct PriorityWire for PriorityStatistics, 14_912 bytes {
        0 histogram: [U64; Histogram::BUCKETS] = histogram;
        14_848 completion_latency: SampleStatisticsWire = completion_latency;
        14_904 io_priority: U32 = io_priority;
        14_908 padding: U32;
    }
}
