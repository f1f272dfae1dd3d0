//! Options of `pvsync2`.

use crate::options::kind::{boolean, flag, number};
use crate::options::option::{JobOption, option};

/// Values of these options.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Pvsync2Options {
    /// The device is asked for results instead of interrupting.
    pub hipri: bool,
    /// How many of the blocks that is for, in per cent.
    pub hipri_percentage: u32,
    /// Pages leave the cache after the I/O.
    pub uncached: u32,
    /// A block that would have to wait fails.
    pub nowait: bool,
}

pub(super) const OPTIONS: &[JobOption] = &[
    option("hipri", &flag(|options| &mut options.pvsync2.hipri), "Ask the device for results (RWF_HIPRI)"),
    option(
        "hipri_percentage",
        &number(|options| &mut options.pvsync2.hipri_percentage).within(0, 100),
        "How many of the blocks hipri is for, in per cent",
    )
    .default("100"),
    option("uncached", &number(|options| &mut options.pvsync2.uncached), "Have pages leave the cache after the I/O"),
    option(
        "nowait",
        &boolean(|options| &mut options.pvsync2.nowait, false),
        "Fail where a block would have to wait (RWF_NOWAIT)",
    ),
];
