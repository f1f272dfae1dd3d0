//! The options of a job: one table, from which the parser, the help and the reference page follow.
//!
//! A group of options is one file here: a struct with a field for each option, under the option's name, and a
//! [`Section`] whose entries say how a text is read into the field. A new option is a field and an entry; a new kind of value
//! is a file in `kind/`; an engine's own options are a file in `engines/`. [`JobOptions`] is what was typed in; what follows
//! from it (defaults that depend on others, contradictions) is resolved in one step afterwards ([`resolve`]).
//!
//! Parity: fio 3.33, whose names, aliases, defaults, units and order of application these are. Where fio takes a text for
//! something that was hardly meant (`1.5g` for 1, ` 4k` for 4), this refuses it or reads it as meant. Options that fio has
//! and this program has not are in the table too, and are refused by name.
//!
//! Everything here is done once an invocation; nothing of it is on the path of an I/O.

pub mod block_size;
pub mod buffers;
pub mod cpu_list;
pub mod description;
pub mod engine;
pub mod engines;
pub mod error_handling;
pub mod io_depth;
pub mod io_latency;
pub mod io_rate;
pub mod io_size;
pub mod io_type;
pub mod kind;
pub mod limits;
pub mod measurements;
pub mod number;
pub mod option;
pub mod pattern;
pub mod per_direction;
mod reference;
mod replay;
pub mod resolve;
pub mod split;
pub mod sprandom;
mod steady_state;
pub mod target_file;
pub mod threads;
pub mod time;
pub mod verification;

use std::collections::BTreeSet;

pub use kind::{Between, Fractions, Share, ValueError};
pub use number::KbBase;
pub use option::{JobOption, Order, Section};
pub use per_direction::PerDirection;
pub use reference::reference_page;

/// Every group, in the order of fio's manual.
pub const SECTIONS: &[&Section] = &[
    &description::SECTION,
    &time::SECTION,
    &target_file::SECTION,
    &io_type::SECTION,
    &sprandom::SECTION,
    &block_size::SECTION,
    &buffers::SECTION,
    &io_size::SECTION,
    &engine::SECTION,
    &io_depth::SECTION,
    &io_rate::SECTION,
    &io_latency::SECTION,
    &replay::SECTION,
    &threads::SECTION,
    &verification::SECTION,
    &steady_state::SECTION,
    &measurements::SECTION,
    &error_handling::SECTION,
];

/// What a job is to do, as typed in: a group of options a field, in it a field an option.
#[derive(Debug, Clone, PartialEq)]
pub struct JobOptions {
    /// Name, repetitions, units.
    pub description: description::Description,
    /// Start, end, clock.
    pub time: time::Time,
    /// Files and devices.
    pub target_file: target_file::TargetFile,
    /// Directions, offsets, syncs.
    pub io_type: io_type::IoType,
    /// Preconditioning.
    pub sprandom: sprandom::SpRandom,
    /// Sizes of blocks.
    pub block_size: block_size::BlockSize,
    /// Contents and place of buffers.
    pub buffers: buffers::Buffers,
    /// How much.
    pub io_size: io_size::IoSize,
    /// What does the I/O.
    pub engine: engine::Engine,
    /// How many at a time.
    pub io_depth: io_depth::IoDepth,
    /// How fast.
    pub io_rate: io_rate::IoRate,
    /// How late at most.
    pub io_latency: io_latency::IoLatency,
    /// Where it runs, and what it waits for.
    pub threads: threads::Threads,
    /// How data is checked.
    pub verification: verification::Verification,
    /// What is measured.
    pub measurements: measurements::Measurements,
    /// What happens after errors.
    pub error_handling: error_handling::ErrorHandling,
    /// Of the engine `cpuio`.
    pub cpuio: engines::cpuio::CpuioOptions,
    /// Of the engine `exec`.
    pub exec: engines::exec::ExecOptions,
    /// Of the engine `io_uring`.
    pub io_uring: engines::io_uring::IoUringOptions,
    /// Of the engine `libaio`.
    pub libaio: engines::libaio::LibaioOptions,
    /// Of the engine `mmap`.
    pub mmap: engines::mmap::MmapOptions,
    /// Of the engine `nvme_tcp`.
    pub nvme_tcp: engines::nvme_tcp::NvmeTcpOptions,
    /// Of the engine `pvsync2`.
    pub pvsync2: engines::pvsync2::Pvsync2Options,
    /// Names of the options that somebody has set.
    set: BTreeSet<&'static str>,
}

impl Default for JobOptions {
    /// What a job is without any option: every default of the table.
    ///
    /// # Panics
    /// When a default of the table is none that its option takes, which a test excludes.
    fn default() -> Self {
        let mut options = Self {
            description: description::Description::default(),
            time: time::Time::default(),
            target_file: target_file::TargetFile::default(),
            io_type: io_type::IoType::default(),
            sprandom: sprandom::SpRandom::default(),
            block_size: block_size::BlockSize::default(),
            buffers: buffers::Buffers::default(),
            io_size: io_size::IoSize::default(),
            engine: engine::Engine::default(),
            io_depth: io_depth::IoDepth::default(),
            io_rate: io_rate::IoRate::default(),
            io_latency: io_latency::IoLatency::default(),
            threads: threads::Threads::default(),
            verification: verification::Verification::default(),
            measurements: measurements::Measurements::default(),
            error_handling: error_handling::ErrorHandling::default(),
            cpuio: engines::cpuio::CpuioOptions::default(),
            exec: engines::exec::ExecOptions::default(),
            io_uring: engines::io_uring::IoUringOptions::default(),
            libaio: engines::libaio::LibaioOptions::default(),
            mmap: engines::mmap::MmapOptions::default(),
            nvme_tcp: engines::nvme_tcp::NvmeTcpOptions::default(),
            pvsync2: engines::pvsync2::Pvsync2Options::default(),
            set: BTreeSet::new(),
        };
        for option in all().chain(engines::ENGINES.iter().flat_map(|engine| engine.options)) {
            if let Some(text) = option.default {
                let result = option.set(&mut options, Some(text));
                assert!(result.is_ok(), "the default of {} is not one: {result:?}", option.name);
            }
        }
        options
    }
}

impl JobOptions {
    /// Whether somebody has set the option: what follows from others is then left alone. `name` is the option's own, no alias.
    #[must_use]
    pub fn is_set(&self, name: &str) -> bool {
        self.set.contains(name)
    }

    /// Reads `text` into the field of `option`, and remembers that it was set.
    ///
    /// # Errors
    /// See [`ValueError`]. The fields may have changed.
    pub fn set(&mut self, option: &'static JobOption, text: Option<&str>) -> Result<(), ValueError> {
        option.set(self, text)?;
        self.set.insert(option.name);
        Ok(())
    }
}

/// Every option of jobs but those of engines, section by section.
pub fn all() -> impl Iterator<Item = &'static JobOption> {
    SECTIONS.iter().flat_map(|section| section.options)
}

/// The option of that name or alias; not those of engines, for which see [`engines::find_option`].
#[must_use]
pub fn find(name: &str) -> Option<&'static JobOption> {
    all().find(|option| option.is_called(name))
}

#[cfg(test)]
pub(crate) mod seeded;
#[cfg(test)]
mod tests;
