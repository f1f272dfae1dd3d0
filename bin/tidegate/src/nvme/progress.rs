//! How far a long copy has come, on a terminal.

use std::io::{IsTerminal, Write};

use reactor::clock::{self, Duration, Instant};

/// A copy that takes less than this says nothing.
const QUIET_FOR: Duration = Duration::from_millis(500);
/// Time between two lines.
const EVERY: Duration = Duration::from_millis(200);

/// Shows progress on standard error when that is a terminal, and measures how long it took.
pub(super) struct Progress {
    started: Instant,
    next_at: Instant,
    total_bytes: Option<u64>,
    shown: bool,
    terminal: bool,
}

impl Progress {
    /// Starts to measure. `total_bytes`: how much there is to do, where that is known.
    pub(super) fn start(total_bytes: Option<u64>) -> Self {
        let started = clock::now();
        let terminal = std::io::stderr().is_terminal();
        Self { started, next_at: started + QUIET_FOR, total_bytes, shown: false, terminal }
    }

    /// Notes how many bytes are done.
    pub(super) fn update(&mut self, done_bytes: u64) {
        if !self.terminal {
            return;
        }
        let now = clock::now();
        if now >= self.next_at {
            self.next_at = now + EVERY;
            self.shown = true;
            let text = line(done_bytes, self.total_bytes, now - self.started);
            // Progress that cannot be shown is no reason to stop.
            let _ = write!(std::io::stderr(), "\r{text}\x1b[K");
        }
    }

    /// Removes the line and returns how long it took.
    pub(super) fn finish(self) -> Duration {
        if self.shown {
            let _ = write!(std::io::stderr(), "\r\x1b[K");
        }
        clock::now() - self.started
    }
}

fn line(done_bytes: u64, total_bytes: Option<u64>, elapsed: Duration) -> String {
    let rate = rate_text(bytes_per_second(done_bytes, elapsed));
    match total_bytes {
        Some(total) if total > 0 => {
            let percent = u128::from(done_bytes) * 100 / u128::from(total);
            format!("{} MiB of {} MiB ({percent} %), {rate}", done_bytes >> 20, total >> 20)
        }
        _ => format!("{} MiB, {rate}", done_bytes >> 20),
    }
}

/// Bytes per second, rounded down; of an unmeasurably short time, none.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a rate is not negative; saturates")]
#[expect(clippy::cast_precision_loss, reason = "a rate for people")]
pub(super) fn bytes_per_second(bytes: u64, elapsed: Duration) -> u64 {
    if elapsed.is_zero() { 0 } else { (bytes as f64 / elapsed.as_secs_f64()) as u64 }
}

/// A rate for people.
pub(super) fn rate_text(bytes_per_second: u64) -> String {
    match bytes_per_second {
        0..1_000_000 => format!("{} kB/s", bytes_per_second / 1000),
        1_000_000..10_000_000_000 => format!("{} MB/s", bytes_per_second / 1_000_000),
        _ => format!("{} GB/s", bytes_per_second / 1_000_000_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_tells_how_far_and_how_fast() {
        let elapsed = Duration::from_secs(2);
        assert_eq!(line(50 << 20, Some(200 << 20), elapsed), "50 MiB of 200 MiB (25 %), 26 MB/s");
        assert_eq!(line(1 << 20, None, elapsed), "1 MiB, 524 kB/s");
        assert_eq!(line(0, Some(0), Duration::ZERO), "0 MiB, 0 kB/s");
    }
}
