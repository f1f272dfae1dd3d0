//! Versions 102 to 106: fio 3.37. A log says whether it is its job's own, a sample has an average and a maximum.
//!
//! Snapshots of version 102 had the older sample for ten weeks; they are not told apart.

use zerocopy::little_endian::{U16, U32, U64};

use crate::fixed_text::FixedText;
use crate::log::{LogEntry, LogHeader};

wire_structure! {
    /// The header of a log.
    pub(super) struct Header for LogHeader, 296 bytes {
        0 samples: U64 = samples;
        8 thread_number: U32 = thread_number;
        12 kind: U32 = kind;
        16 compression: U32 = compression;
        20 has_offsets: U32 = has_offsets;
        24 has_priorities: U32 = has_priorities;
        28 histogram_coarseness: U32 = histogram_coarseness;
        32 per_job_logs: U32 = per_job_logs;
        36 name: FixedText<256> = name;
        292 padding: U32;
    }
}

wire_structure! {
    /// A sample: the value, or the average of a window, and the maximum of the window. Later versions have it too.
    pub(super) struct Sample for LogEntry, 40 bytes {
        0 time_ms: U64 = time_ms;
        8 value: U64 = value;
        16 maximum: U64 = maximum;
        24 direction: U32;
        28 priority: U16 = priority;
        30 padding: U16;
        32 block_bytes: U64 = block_bytes;
    }
}
