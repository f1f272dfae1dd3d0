//! What was typed in, as the settings of each module: one file a module. Defaults that depend on other options are
//! resolved here, once a job.

pub(super) mod content;
pub(super) mod engine;
pub(super) mod files;
pub(super) mod measuring;
pub(super) mod offsets;
pub(super) mod proving;

use crate::direction::Direction;
use crate::offsets::settings::Mix;
use crate::options::JobOptions;
use crate::options::io_type::Workload;

/// The directions and the order in `rw=`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shape {
    pub(super) mix: Mix,
    pub(super) random: bool,
}

impl Shape {
    pub(super) fn of(options: &JobOptions) -> Self {
        let (mix, random) = match options.io_type.rw {
            Workload::Read => (Mix::Read, false),
            Workload::Write => (Mix::Write, false),
            Workload::Trim => (Mix::Trim, false),
            Workload::RandomRead => (Mix::Read, true),
            Workload::RandomWrite => (Mix::Write, true),
            Workload::RandomTrim => (Mix::Trim, true),
            Workload::ReadWrite => (Mix::ReadWrite, false),
            Workload::RandomReadWrite => (Mix::ReadWrite, true),
            Workload::TrimWrite => (Mix::TrimWrite, false),
            Workload::RandomTrimWrite => (Mix::TrimWrite, true),
        };
        Self { mix, random }
    }

    pub(super) fn has(self, direction: Direction) -> bool {
        self.mix.has(direction)
    }

    /// Its name in `rw=`.
    pub(super) fn name(self) -> &'static str {
        match (self.mix, self.random) {
            (Mix::Read, false) => "read",
            (Mix::Write, false) => "write",
            (Mix::Trim, false) => "trim",
            (Mix::ReadWrite, false) => "rw",
            (Mix::TrimWrite, false) => "trimwrite",
            (Mix::Read, true) => "randread",
            (Mix::Write, true) => "randwrite",
            (Mix::Trim, true) => "randtrim",
            (Mix::ReadWrite, true) => "randrw",
            (Mix::TrimWrite, true) => "randtrimwrite",
        }
    }
}
