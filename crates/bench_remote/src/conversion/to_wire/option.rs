//! Options as they were given, for the JSON of the front end.

use bench_wire::FixedText;
use bench_wire::message::{JobOption, WorkerMessage};

/// Most bytes of a value that are sent.
const VALUE_BYTES_MAX: usize = 127;

/// An option of the report with an index from 0, or of all jobs.
#[must_use]
pub fn message(report: Option<u32>, name: &str, value: &str) -> WorkerMessage {
    WorkerMessage::JobOption(JobOption {
        is_global: report.is_none(),
        is_truncated: value.len() > VALUE_BYTES_MAX,
        group_id: report.unwrap_or(0),
        name: FixedText::new(name),
        value: FixedText::new(value),
    })
}
