//! Versions 107 to 121: fio 3.38 and after. A log says whether its samples have the time of issue.

use zerocopy::little_endian::{U32, U64};

use crate::fixed_text::FixedText;
use crate::log::LogHeader;

wire_structure! {
    /// The header of a log.
    pub(super) struct Header for LogHeader, 296 bytes {
        0 samples: U64 = samples;
        8 thread_number: U32 = thread_number;
        12 kind: U32 = kind;
        16 compression: U32 = compression;
        20 has_offsets: U32 = has_offsets;
        24 has_priorities: U32 = has_priorities;
        28 has_issue_times: U32 = has_issue_times;
        32 histogram_coarseness: U32 = histogram_coarseness;
        36 per_job_logs: U32 = per_job_logs;
        40 name: FixedText<256> = name;
    }
}
