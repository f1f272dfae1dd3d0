//! Why there are no results, or not all, of a worker.

use std::io;

use bench_wire::Fault;

/// What a worker failed of. The message says all but which worker.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// Its name means nothing.
    #[error("cannot find its address")]
    Unknown(#[source] io::Error),
    /// Nobody answers there.
    #[error("cannot connect")]
    Unreachable(#[source] io::Error),
    /// The connection broke.
    #[error("the connection broke")]
    Broken(#[source] io::Error),
    /// It said something that is against the protocol.
    #[error("it broke the protocol")]
    Protocol(#[source] Fault),
    /// It refuses every version that we can speak.
    #[error("it refuses the version of the protocol that it asked for")]
    VersionRefused,
    /// It closed the connection before all was said.
    #[error("it closed the connection {0}; is it still running there?")]
    Disconnected(Stage),
    /// It did not take the jobs. Its own lines say why.
    #[error("it refuses the jobs")]
    JobsRefused,
    /// Its jobs ended with an error.
    #[error("exited with error {0}")]
    Exited(u32),
    /// Its jobs were ended by a signal.
    #[error("its jobs were ended by signal {0}")]
    Killed(u32),
    /// It said nothing for too long.
    #[error("it has said nothing for {0} seconds")]
    Silent(u64),
    /// It sends more than any run has.
    #[error("it sends more than {limit} {what}, which is the limit")]
    TooMuch {
        /// Of what.
        what: &'static str,
        /// How many are accepted.
        limit: usize,
    },
    /// The file that a log belongs into cannot be written.
    #[error("cannot write its log {path}")]
    Log {
        /// The file.
        path: String,
        /// Why not.
        source: io::Error,
    },
}

/// Where in a conversation something happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Before it had understood the jobs.
    Asking,
    /// Between that and the start.
    Ready,
    /// While jobs ran, or before their results were complete.
    Running,
}

impl std::fmt::Display for Stage {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.pad(match self {
            Self::Asking => "before it had understood the jobs",
            Self::Ready => "before the jobs were started",
            Self::Running => "while its jobs ran",
        })
    }
}
