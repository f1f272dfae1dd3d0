//! Preconditioning of solid-state disks: written once, as if they had been written at random for a long time.
//!
//! The options of fio's HEAD, which 3.33 has not. What they do is in [`crate::offsets`].

use super::kind::{Fractions, boolean, floats, number};
use super::limits::SPRANDOM_REGIONS_MAX;
use super::option::{Section, option};

/// Values of the options of this group.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SpRandom {
    /// Writes go where they leave the device as many random writes would.
    pub sprandom: bool,
    /// Parts of equal size that the device is taken as.
    pub spr_num_regions: u32,
    /// How much larger the device is than it says, above 0 and below 1.
    pub spr_op: Fractions,
    /// Bytes of the device's cache; 0 is none.
    pub spr_cs: u64,
}

impl SpRandom {
    /// How much larger the device is than it says.
    #[must_use]
    pub fn over_provisioning(&self) -> f64 {
        self.spr_op.values.first().copied().unwrap_or_default()
    }
}

pub(super) const SECTION: Section = Section {
    title: "Preconditioning",
    options: &[
        option(
            "sprandom",
            &boolean(|options| &mut options.sprandom.sprandom, false),
            "Write a solid-state disk once, as if it had been written at random for long",
        )
        .default("0")
        .below("rw"),
        option(
            "spr_num_regions",
            &number(|options| &mut options.sprandom.spr_num_regions).within(1, SPRANDOM_REGIONS_MAX),
            "Parts of equal size that sprandom takes the disk as",
        )
        .default("100")
        .below("sprandom"),
        option(
            "spr_op",
            &floats(|options| &mut options.sprandom.spr_op, 1, 0.0, 1.0),
            "How much larger the disk is than it says: its over-provisioning, above 0 and below 1",
        )
        .default("0.15")
        .below("sprandom"),
        option(
            "spr_cs",
            &number(|options| &mut options.sprandom.spr_cs),
            "Bytes of the disk's cache: a block is written again only once more than that came after it; 0 is none",
        )
        .default("0")
        .below("sprandom"),
    ],
};
