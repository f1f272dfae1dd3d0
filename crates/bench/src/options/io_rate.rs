//! How fast blocks follow each other.

use std::time::Duration;

use super::kind::{boolean, choice, microseconds, number, numbers, seconds, word};
use super::option::{Section, option};
use super::per_direction::PerDirection;

/// What `thinktime_blocks` counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ThinktimeBlocks {
    /// Blocks that are done.
    #[default]
    Complete,
    /// Blocks that are submitted.
    Issue,
}

/// How blocks of a fixed rate are spaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RateProcess {
    /// Evenly.
    #[default]
    Linear,
    /// As independent requests come: a Poisson process.
    Poisson,
}

/// Values of the options of this group.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct IoRate {
    /// The job pauses for this time.
    pub thinktime: Duration,
    /// So much of the pause it keeps the processor busy.
    pub thinktime_spin: Duration,
    /// It pauses after so many blocks.
    pub thinktime_blocks: u32,
    /// What `thinktime_blocks` counts.
    pub thinktime_blocks_type: ThinktimeBlocks,
    /// It pauses after so much time of I/O; 0 is by blocks alone.
    pub thinktime_iotime: Duration,
    /// Turns of an empty loop after each block.
    pub thinkcycles: u32,
    /// Most bytes a second; 0 is no limit.
    pub rate: PerDirection<u64>,
    /// The job fails below so many bytes a second.
    pub rate_min: PerDirection<u64>,
    /// Most blocks a second; 0 is no limit.
    pub rate_iops: PerDirection<u32>,
    /// The job fails below so many blocks a second.
    pub rate_iops_min: PerDirection<u32>,
    /// How blocks of a fixed rate are spaced.
    pub rate_process: RateProcess,
    /// Pauses are caught up.
    pub rate_ignore_thinktime: bool,
    /// `rate_min` and `rate_iops_min` are looked at over so many milliseconds.
    pub rate_cycle: u32,
}

pub(super) const SECTION: Section = Section {
    title: "I/O rate",
    options: &[
        option("thinktime", &microseconds(|options| &mut options.io_rate.thinktime), "Pause between blocks")
            .default("0"),
        option(
            "thinkcycles",
            &number(|options| &mut options.io_rate.thinkcycles),
            "Go through an empty loop so many times after each block",
        )
        .default("0")
        .below("thinktime"),
        option(
            "thinktime_spin",
            &microseconds(|options| &mut options.io_rate.thinktime_spin),
            "Keep the processor busy for so much of the pause",
        )
        .default("0")
        .below("thinktime"),
        option(
            "thinktime_blocks",
            &number(|options| &mut options.io_rate.thinktime_blocks),
            "Pause after so many blocks",
        )
        .default("1")
        .below("thinktime"),
        option(
            "thinktime_blocks_type",
            &choice(
                |options| &mut options.io_rate.thinktime_blocks_type,
                &[
                    word("complete", ThinktimeBlocks::Complete, "blocks that are done"),
                    word("issue", ThinktimeBlocks::Issue, "blocks that are submitted"),
                ],
            ),
            "What thinktime_blocks counts",
        )
        .default("complete")
        .below("thinktime"),
        option(
            "thinktime_iotime",
            &seconds(|options| &mut options.io_rate.thinktime_iotime),
            "Pause after so much time of I/O",
        )
        .default("0")
        .below("thinktime"),
        option("rate", &numbers(|options| &mut options.io_rate.rate), "Most bytes a second"),
        option("rate_min", &numbers(|options| &mut options.io_rate.rate_min), "Fail below so many bytes a second")
            .aliases(&["ratemin"])
            .below("rate"),
        option("rate_iops", &numbers(|options| &mut options.io_rate.rate_iops), "Most blocks a second"),
        option(
            "rate_iops_min",
            &numbers(|options| &mut options.io_rate.rate_iops_min),
            "Fail below so many blocks a second",
        )
        .below("rate_iops"),
        option(
            "rate_process",
            &choice(
                |options| &mut options.io_rate.rate_process,
                &[
                    word("linear", RateProcess::Linear, "evenly"),
                    word("poisson", RateProcess::Poisson, "as independent requests come"),
                ],
            ),
            "How blocks of a fixed rate are spaced",
        )
        .default("linear")
        .below("rate"),
        option(
            "rate_ignore_thinktime",
            &boolean(|options| &mut options.io_rate.rate_ignore_thinktime, false),
            "Do not catch up what a pause has cost",
        )
        .below("rate"),
        option(
            "rate_cycle",
            &number(|options| &mut options.io_rate.rate_cycle),
            "Milliseconds over which the least rate is looked at",
        )
        .aliases(&["ratecycle"])
        .default("1000")
        .below("rate"),
    ],
};
