//! The monotonic clock. Everything else is given the time, which is what makes it testable on a clock of its own.

pub use std::time::{Duration, Instant, SystemTime};

/// The current monotonic time. Costs some 20 ns (vDSO): read it once a pass and hand it on.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the clock")]
pub fn now() -> Instant {
    Instant::now()
}

/// The current wall-clock time, for people: log lines and reports. It may jump; nothing may be timed by it.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the clock")]
pub fn wall() -> SystemTime {
    SystemTime::now()
}
