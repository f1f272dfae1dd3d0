//! Options of `cpuio`.

use crate::options::kind::{boolean, choice, number, word};
use crate::options::option::{JobOption, option};

/// What the processor is kept busy with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CpuMode {
    /// Instructions that do nothing.
    #[default]
    Noop,
    /// Sorting.
    Qsort,
}

/// Values of these options.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CpuioOptions {
    /// How busy the processor is kept, in per cent; 0 is refused when the job starts.
    pub cpuload: u32,
    /// Microseconds of work at a time.
    pub cpuchunks: u32,
    /// What it is kept busy with.
    pub cpumode: CpuMode,
    /// The job ends when those that do I/O have.
    pub exit_on_io_done: bool,
}

pub(super) const OPTIONS: &[JobOption] = &[
    option("cpuload", &number(|options| &mut options.cpuio.cpuload), "How busy to keep the processor, in per cent"),
    option("cpuchunks", &number(|options| &mut options.cpuio.cpuchunks), "Microseconds of work at a time")
        .default("50000")
        .below("cpuload"),
    option(
        "cpumode",
        &choice(
            |options| &mut options.cpuio.cpumode,
            &[word("noop", CpuMode::Noop, "instructions that do nothing"), word("qsort", CpuMode::Qsort, "sorting")],
        ),
        "What to keep the processor busy with",
    )
    .default("noop"),
    option(
        "exit_on_io_done",
        &boolean(|options| &mut options.cpuio.exit_on_io_done, false),
        "End when the jobs that do I/O have",
    )
    .default("0"),
];
