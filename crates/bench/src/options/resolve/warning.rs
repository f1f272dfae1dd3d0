//! What is done in another way than it was asked for.

use thiserror::Error;

/// A remark on a job that runs. `--warnings-fatal` makes errors of most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Warning {
    /// `ba` is not the smallest block.
    #[error("blockalign turns the map of random blocks off: blocks may come twice (norandommap)")]
    AlignmentWithoutMap,
    /// `norandommap` and `verify` with blocks of several sizes.
    #[error("norandommap with blocks of several sizes: blocks that overlap cannot all be verified")]
    VerifyWithoutMap,
    /// `bs_unaligned` and `direct`.
    #[error("bs_unaligned may not work with direct I/O")]
    UnalignedAndDirect,
    /// `time_based` without `runtime`.
    #[error("time_based has no effect without runtime")]
    TimeBasedWithoutRuntime,
    /// Several jobs write the same files and verify them.
    #[error("several jobs write the same files: verification may find blocks of another job wrong")]
    WritersShareFiles,
    /// The run leaves no time to read back what it wrote. Parity: fio 3.33 says so of all jobs that only write, though those whose
    /// engine works in the background do read back, and not of those that read and write, whose own reads are not checked.
    #[error("nothing will be verified: the run takes all of runtime; use verify_backlog, or leave out time_based")]
    VerifyNeverStarts,
    /// `gtod_cpu`.
    #[error("gtod_cpu: the clock is the processor's own counter, so no thread reads it for others, and none is bound")]
    NoClockThread,
    /// An option without effect.
    #[error("{0} has no effect any more; leave it out")]
    Deprecated(&'static str),
}

impl Warning {
    /// The option that it is about.
    #[must_use]
    pub const fn option(self) -> &'static str {
        match self {
            Self::AlignmentWithoutMap => "ba",
            Self::VerifyWithoutMap => "norandommap",
            Self::UnalignedAndDirect => "bs_unaligned",
            Self::TimeBasedWithoutRuntime => "time_based",
            Self::WritersShareFiles | Self::VerifyNeverStarts => "verify",
            Self::NoClockThread => "gtod_cpu",
            Self::Deprecated(name) => name,
        }
    }

    /// Whether `--warnings-fatal` is about it: not about what has no bearing on the results.
    #[must_use]
    pub const fn can_be_fatal(self) -> bool {
        !matches!(self, Self::UnalignedAndDirect | Self::NoClockThread | Self::Deprecated(_))
    }
}
