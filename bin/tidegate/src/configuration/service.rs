//! `[target.service]`, and the same in every other section of a service: how it is kept alive, and as whom.

use std::path::PathBuf;

use serde::Deserialize;
use toml::Spanned;

/// `[….service]`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ServiceSection {
    /// `USER[:GROUP]` to become once everything is open.
    pub(crate) user: Option<Spanned<String>>,
    /// A log file of its own.
    pub(crate) log_file: Option<PathBuf>,
    /// Levels and patterns of its log, as `-v` takes them.
    #[serde(default)]
    pub(crate) log: Vec<Spanned<String>>,
    /// Layers of the sandbox that are off.
    #[serde(default)]
    pub(crate) sandbox_off: Vec<Spanned<String>>,
    /// Seconds from the start to readiness; then it counts as crashed. Absent: no limit.
    pub(crate) start_timeout_s: Option<Seconds>,
    /// Seconds to end in when asked; then it is killed. Default 10.
    pub(crate) stop_timeout_s: Option<Seconds>,
    /// Seconds without a sign of life after which it is killed and started again. Default 30; 0: none are asked for.
    pub(crate) watchdog_s: Option<Seconds>,
    /// When it is started again.
    #[serde(default)]
    pub(crate) restart: RestartSection,
}

/// `[….service.restart]`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RestartSection {
    /// Signals, such as `SEGV`, after which it is started again. Default: those of faults and of the out-of-memory killer.
    pub(crate) signals: Option<Spanned<Vec<String>>>,
    /// Exit statuses after which it is started again. Default: none.
    pub(crate) statuses: Option<Vec<u8>>,
    /// Seconds before the second restart in a row; doubles with each further one. Default 1.
    pub(crate) throttle_s: Option<Seconds>,
    /// Where the doubling ends, in seconds. Default 60.
    pub(crate) throttle_limit_s: Option<Seconds>,
    /// Crashes in a row after which it is given up. Default: never.
    pub(crate) give_up_after: Option<u32>,
    /// Seconds of health after which a crash counts as the first again. Default 60.
    pub(crate) healthy_after_s: Option<Seconds>,
}

/// A time, in seconds, which may have a fraction.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(try_from = "f64")]
pub(crate) struct Seconds(pub(crate) std::time::Duration);

impl TryFrom<f64> for Seconds {
    type Error = &'static str;

    fn try_from(seconds: f64) -> Result<Self, Self::Error> {
        std::time::Duration::try_from_secs_f64(seconds).map(Self).map_err(|_| "expected seconds, 0 or more")
    }
}
