//! Versions 97 to 101: fio 3.33 to 3.36.

use zerocopy::little_endian::{U16, U32, U64};

use crate::fixed_text::FixedText;
use crate::log::{LogEntry, LogHeader};

wire_structure! {
    /// The header of a log.
    pub(super) struct Header for LogHeader, 288 bytes {
        0 samples: U64 = samples;
        8 thread_number: U32 = thread_number;
        12 kind: U32 = kind;
        16 compression: U32 = compression;
        20 has_offsets: U32 = has_offsets;
        24 has_priorities: U32 = has_priorities;
        28 histogram_coarseness: U32 = histogram_coarseness;
        32 name: FixedText<256> = name;
    }
}

wire_structure! {
    /// A sample: one value.
    pub(super) struct Sample for LogEntry, 32 bytes {
        0 time_ms: U64 = time_ms;
        8 value: U64 = value;
        16 direction: U32;
        20 priority: U16 = priority;
        22 padding: U16;
        24 block_bytes: U64 = block_bytes;
    }
}
