//! How late a block may be.

use std::time::Duration;

use super::kind::{Fractions, boolean, floats, microseconds, times_per_direction};
use super::option::{Section, option};
use super::per_direction::PerDirection;

/// Values of the options of this group.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct IoLatency {
    /// The depth is sought at which blocks take no longer; 0 is no search.
    pub latency_target: Duration,
    /// How long a depth is tried.
    pub latency_window: Duration,
    /// How many of the blocks have to be in time, in per cent: one number.
    pub latency_percentile: Fractions,
    /// The search goes on once a depth is found.
    pub latency_run: bool,
    /// A block that takes longer ends the job; 0 is no limit.
    pub max_latency: PerDirection<Duration>,
}

pub(super) const SECTION: Section = Section {
    title: "I/O latency",
    options: &[
        option(
            "latency_target",
            &microseconds(|options| &mut options.io_latency.latency_target),
            "Seek the largest depth at which blocks take no longer",
        ),
        option(
            "latency_window",
            &microseconds(|options| &mut options.io_latency.latency_window),
            "How long to try a depth",
        ),
        option(
            "latency_percentile",
            &floats(|options| &mut options.io_latency.latency_percentile, 1, 0.0, 100.0),
            "How many of the blocks have to be in time, in per cent",
        )
        .default("100"),
        option(
            "latency_run",
            &boolean(|options| &mut options.io_latency.latency_run, false),
            "Go on seeking once a depth is found",
        )
        .default("0"),
        option(
            "max_latency",
            &times_per_direction(|options| &mut options.io_latency.max_latency),
            "End the job if a block takes longer",
        ),
    ],
};
