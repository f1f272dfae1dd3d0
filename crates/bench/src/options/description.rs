//! What a job is called, how often it runs, and what its numbers mean.

use super::kind::{choice, number, text, word};
use super::number::KbBase;
use super::option::{Order, Section, option};

/// What results count bandwidth in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum UnitBase {
    /// Bytes, or bits for engines that count in bits.
    #[default]
    Automatic,
    /// Bytes.
    Byte,
    /// Bits.
    Bit,
}

/// Values of the options of this group.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Description {
    /// Name of the job in results.
    pub name: Option<String>,
    /// Words about the job in results.
    pub description: Option<String>,
    /// How often the job does all of its work; 0 is once.
    pub loops: u32,
    /// How many jobs like this one run.
    pub numjobs: u32,
    /// What `k` is in the values of this job.
    pub kb_base: KbBase,
    /// What results count bandwidth in.
    pub unit_base: UnitBase,
}

pub(super) const SECTION: Section = Section {
    title: "Job description",
    options: &[
        option("name", &text(|options| &mut options.description.name), "Name of the job in results"),
        option("description", &text(|options| &mut options.description.description), "Words about the job in results"),
        option("loops", &number(|options| &mut options.description.loops), "Do all of the work this many times")
            .default("1"),
        option(
            "numjobs",
            &number(|options| &mut options.description.numjobs).at_least(1),
            "Run this many jobs like it",
        )
        .default("1"),
        option(
            "kb_base",
            &choice(
                |options| &mut options.description.kb_base,
                &[
                    word("1024", KbBase::Binary, "k and kb are 1024, kib is 1000"),
                    word("1000", KbBase::Decimal, "k and kb are 1000, kib is 1024"),
                ],
            ),
            "What k stands for in the values of this job",
        )
        .default("1024")
        .order(Order::Early),
        option(
            "unit_base",
            &choice(
                |options| &mut options.description.unit_base,
                &[
                    word("0", UnitBase::Automatic, "what suits the engine"),
                    word("8", UnitBase::Byte, "bytes"),
                    word("1", UnitBase::Bit, "bits"),
                ],
            ),
            "What results count bandwidth in",
        )
        .order(Order::Early),
    ],
};
