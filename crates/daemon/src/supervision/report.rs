//! What the supervisor tells people.

use std::time::Duration;

use super::ServiceIndex;
use crate::process_end::{ProcessEnd, signal_description};

/// How loud a report is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// Worth knowing.
    Information,
    /// Something went wrong and is being dealt with.
    Warning,
    /// Something went wrong.
    Error,
}

/// One thing to tell, with the service that it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The service.
    pub service: ServiceIndex,
    /// What happened to it.
    pub happening: Happening,
}

/// What happened to a service.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Happening {
    /// It serves.
    #[error("ready")]
    Ready,
    /// It was asked to end and did.
    #[error("stopped, {0}")]
    Stopped(ProcessEnd),
    /// It ended by itself, in a way that is not followed by a restart.
    #[error("ended, {0}; not started again")]
    EndedForGood(ProcessEnd),
    /// It ended before it was ready for the first time.
    #[error("ended before it was ready, {0}")]
    StartUpFailed(ProcessEnd),
    /// It crashed while serving.
    #[error("crashed, {0}")]
    Crashed(ProcessEnd),
    /// A restarted process crashed before it was ready.
    #[error("crashed before it was ready, {0}")]
    CrashedBeforeReady(ProcessEnd),
    /// The kernel gave no process.
    #[error("no process could be started for it")]
    SpawnFailed,
    /// It is not ready in time.
    #[error("not ready within its start-up time, being ended")]
    StartUpTimeout,
    /// No sign of life.
    #[error("gave no sign of life in time, being ended")]
    Hangs,
    /// It does not end.
    #[error("did not end when asked, being killed ({})", signal_description(libc::SIGKILL))]
    Killing,
    /// It is started again now.
    #[error("{crashes} crashes so far, restarting")]
    Restarting {
        /// Since the supervisor started.
        crashes: u32,
    },
    /// It is started again later.
    #[error("waiting {:.1} s before the next start", .0.as_secs_f64())]
    Throttled(Duration),
    /// It crashed too often.
    #[error("{in_a_row} crashes in a row, given up")]
    GaveUp {
        /// Without a healthy time between them.
        in_a_row: u32,
    },
}

impl Happening {
    /// How loud to say it.
    #[must_use]
    pub fn severity(&self) -> Severity {
        match self {
            // It has said why by itself.
            Self::StartUpFailed(ProcessEnd::Exited(1..)) => Severity::Information,
            Self::Ready | Self::Stopped(_) | Self::EndedForGood(_) => Severity::Information,
            Self::Throttled(_) | Self::Restarting { .. } | Self::Killing => Severity::Warning,
            Self::StartUpFailed(_)
            | Self::Crashed(_)
            | Self::CrashedBeforeReady(_)
            | Self::SpawnFailed
            | Self::StartUpTimeout
            | Self::Hangs
            | Self::GaveUp { .. } => Severity::Error,
        }
    }
}
