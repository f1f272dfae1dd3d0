//! The line that a terminal shows while jobs run:
//!
//! ```text
//! Jobs: 4 (f=4): [r(4)][50.0%][r=390MiB/s][r=99.8k IOPS][eta 00m:05s]
//! ```
//!
//! A [`Status`] comes in once a second or so; [`StatusLine`] remembers what is needed between two lines: how long the last
//! one was, and when a new line was begun (`--eta-newline`). Parity: fio 3.33.
//!
//! - [`run_states`]: a letter a job.
//! - [`estimate`]: how long it will still take.
//! - [`RateMeter`]: what was done between two lines.

pub mod estimate;
mod meter;
pub mod run_states;

use std::fmt::Write;

pub use self::meter::RateMeter;
use super::normal::rate_unit;
use super::number::{Prefix, Unit, format_number};
use crate::statistics::BandwidthUnit;

/// When the line is shown (`--eta`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ShowStatus {
    /// On a terminal.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl ShowStatus {
    /// Whether to show it. `normal_output`: the normal format was chosen, or reports go elsewhere than the line does.
    #[must_use]
    pub fn shows(self, is_terminal: bool, normal_output: bool) -> bool {
        match self {
            Self::Auto => is_terminal && normal_output,
            Self::Always => normal_output,
            Self::Never => false,
        }
    }
}

/// How long it will still take.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Remaining {
    /// Nobody knows yet; there is little to show.
    #[default]
    Unknown,
    /// Nobody will: a job makes no progress that can be measured.
    Unmeasurable,
    /// So many seconds.
    Seconds(u64),
}

/// What is shown.
#[derive(Debug, Clone, PartialEq)]
pub struct Status {
    /// Jobs that run, those in their ramp included.
    pub running: u32,
    /// Those in their ramp.
    pub ramping: u32,
    /// Those that are being set up.
    pub setting_up: u32,
    /// Files that are open.
    pub files_open: u32,
    /// The bandwidth that jobs have to keep, in bytes a second (`rate_min`).
    pub minimum_rate: u64,
    /// The bandwidth that jobs are held to, in bytes a second (`rate`).
    pub target_rate: u64,
    /// The IOPS that jobs have to keep (`rate_iops_min`).
    pub minimum_iops: u32,
    /// The IOPS that jobs are held to (`rate_iops`).
    pub target_iops: u32,
    /// Bandwidth in KiB a second, by direction.
    pub rate: [u64; 3],
    /// I/Os a second, by direction.
    pub iops: [u64; 3],
    /// Seconds since the run began, rounded up.
    pub elapsed_seconds: u64,
    /// How long it will still take.
    pub remaining: Remaining,
    /// For how many seconds an I/O has been under way, when it hangs. fio does not tell.
    pub hangs_seconds: Option<u64>,
    /// The letters of all jobs ([`run_states::condensed`]).
    pub run_states: String,
    /// The prefix of rates: binary as soon as one job's `kb_base` is.
    pub prefix: Prefix,
    /// What bandwidth is counted in: the last job's.
    pub unit: BandwidthUnit,
    /// Digits of limits: the last job's.
    pub significant_figures: usize,
}

/// What one line leaves to the next.
#[derive(Debug, Default)]
pub struct StatusLine {
    /// Milliseconds between new lines; 0 for none (`--eta-newline`).
    newline_ms: u64,
    line_begun_ms: Option<u64>,
    newline_due: bool,
    last_length: usize,
    /// An estimate was shown: from now on 0 seconds are meant.
    estimated: bool,
}

impl StatusLine {
    /// A line that begins anew every so many milliseconds; 0 for never.
    #[must_use]
    pub fn new(newline_ms: u64) -> Self {
        Self { newline_ms, ..Self::default() }
    }

    /// The bytes to write: the line, blanks over the rest of the last one, and a carriage return.
    pub fn render(&mut self, status: &Status, now_ms: u64) -> String {
        let mut line = String::new();
        let begin = if std::mem::take(&mut self.newline_due) { "\n" } else { "" };
        if !begin.is_empty() {
            self.last_length = 0;
        }
        let _ = write!(line, "{begin}Jobs: {} (f={})", status.running, status.files_open);
        line.push_str(&limits(status));
        if status.remaining != Remaining::Unknown && status.running != 0 {
            self.details(&mut line, status);
        }
        line.push('\r');
        match self.line_begun_ms {
            None => self.line_begun_ms = Some(now_ms),
            Some(begun) if self.newline_ms != 0 && now_ms.saturating_sub(begun) > self.newline_ms => {
                self.line_begun_ms = Some(now_ms);
                self.newline_due = true;
            }
            Some(_) => {}
        }
        line
    }

    fn details(&mut self, line: &mut String, status: &Status) {
        let share = self.share(status);
        let _ = write!(line, ": [{}][{share}]{}", status.run_states, rates(status));
        if let Some(seconds) = status.hangs_seconds {
            let _ = write!(line, "[an I/O hangs for {seconds}s]");
        }
        let _ = write!(line, "[eta {}]", duration(status.remaining));
        // Parity: the newline at the front counts as a column.
        let length = line.len();
        let blanks = self.last_length.saturating_sub(length);
        line.extend(std::iter::repeat_n(' ', blanks));
        self.last_length = length;
    }

    /// How much is done, or that nobody knows.
    fn share(&mut self, status: &Status) -> String {
        let Remaining::Seconds(remaining) = status.remaining else {
            return "-.-%".to_owned();
        };
        if (remaining == 0 && !self.estimated) || status.ramping == status.running {
            return "-.-%".to_owned();
        }
        self.estimated = true;
        let elapsed = status.elapsed_seconds as f64;
        let done = if status.elapsed_seconds == 0 { 0.0 } else { elapsed / (elapsed + remaining as f64) };
        let ready = 1.0 - f64::from(status.setting_up) / f64::from(status.running);
        format!("{:.1}%", done * 100.0 * ready)
    }
}

fn limits(status: &Status) -> String {
    if status.minimum_rate != 0 || status.target_rate != 0 {
        let rate = |rate| format_number(rate, status.significant_figures, 1, status.prefix, Unit::BytesPerSecond);
        return format!(", {}-{}", rate(status.minimum_rate), rate(status.target_rate));
    }
    if status.minimum_iops != 0 || status.target_iops != 0 {
        return format!(", {}-{} IOPS", status.minimum_iops, status.target_iops);
    }
    String::new()
}

/// Bandwidth and IOPS of each direction in which anything was done.
fn rates(status: &Status) -> String {
    let shown: Vec<_> = (0..3).filter(|&index| status.rate[index] != 0 || status.iops[index] != 0).collect();
    if shown.is_empty() {
        return String::new();
    }
    let list = |value: &dyn Fn(usize) -> String| {
        shown.iter().map(|&index| format!("{}={}", ["r", "w", "t"][index], value(index))).collect::<Vec<_>>().join(",")
    };
    let rates = list(&|index| format_number(status.rate[index], 4, 1024, status.prefix, rate_unit(status.unit)));
    let iops = list(&|index| format_number(status.iops[index], 4, 1, Prefix::Decimal, Unit::None));
    format!("[{rates}][{iops} IOPS]")
}

/// `01d:02h:03m:04s`, without days and hours that are none.
fn duration(remaining: Remaining) -> String {
    let Remaining::Seconds(seconds) = remaining else {
        return "--".to_owned();
    };
    let (days, hours, minutes) = (seconds / 86400, seconds / 3600 % 24, seconds / 60 % 60);
    let mut text = String::new();
    if days != 0 {
        let _ = write!(text, "{days:02}d:");
    }
    if hours != 0 || days != 0 {
        let _ = write!(text, "{hours:02}h:");
    }
    let _ = write!(text, "{minutes:02}m:{:02}s", seconds % 60);
    text
}

#[cfg(test)]
mod tests;
