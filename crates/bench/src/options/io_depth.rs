//! How many blocks are under way at a time.

use super::kind::{boolean, choice, number, word};
use super::option::{Section, option};

/// Who submits blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SubmitMode {
    /// The job itself.
    #[default]
    Inline,
    /// Threads of their own.
    Offload,
}

/// Values of the options of this group.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct IoDepth {
    /// Most blocks under way at a time.
    pub iodepth: u32,
    /// Blocks submitted at once; 0 is all.
    pub iodepth_batch: u32,
    /// Fewest blocks waited for at once.
    pub iodepth_batch_complete_min: u32,
    /// Most blocks taken at once; 0 is as many as the fewest.
    pub iodepth_batch_complete_max: u32,
    /// New blocks are submitted once so few are under way; 0 is always.
    pub iodepth_low: u32,
    /// A block that overlaps one under way waits for it.
    pub serialize_overlap: bool,
    /// Who submits blocks.
    pub io_submit_mode: SubmitMode,
}

pub(super) const SECTION: Section = Section {
    title: "I/O depth",
    options: &[
        option(
            "iodepth",
            &number(|options| &mut options.io_depth.iodepth).at_least(1),
            "Most blocks under way at a time",
        )
        .default("1"),
        option(
            "iodepth_batch",
            &number(|options| &mut options.io_depth.iodepth_batch),
            "Blocks to submit at once; 0 is all",
        )
        .aliases(&["iodepth_batch_submit"])
        .default("1")
        .below("iodepth"),
        option(
            "iodepth_batch_complete_min",
            &number(|options| &mut options.io_depth.iodepth_batch_complete_min),
            "Fewest blocks to wait for at once",
        )
        .aliases(&["iodepth_batch_complete"])
        .default("1")
        .below("iodepth"),
        option(
            "iodepth_batch_complete_max",
            &number(|options| &mut options.io_depth.iodepth_batch_complete_max),
            "Most blocks to take at once",
        )
        .below("iodepth"),
        option(
            "iodepth_low",
            &number(|options| &mut options.io_depth.iodepth_low),
            "Submit again once so few blocks are under way",
        )
        .below("iodepth"),
        option(
            "serialize_overlap",
            &boolean(|options| &mut options.io_depth.serialize_overlap, false),
            "Let a block wait for those under way that it overlaps",
        )
        .default("0")
        .below("iodepth"),
        option(
            "io_submit_mode",
            &choice(
                |options| &mut options.io_depth.io_submit_mode,
                &[
                    word("inline", SubmitMode::Inline, "the job itself"),
                    word("offload", SubmitMode::Offload, "threads of their own"),
                ],
            ),
            "Who submits blocks",
        )
        .default("inline"),
    ],
};
