//! Jobs from start to result: a thread for each, brought together by a coordinator.
//!
//! ```text
//!  run() ─ members ─► JobSetup (files, offsets) ─► worker thread: engine, Core (the I/O loop) ─► JobResult
//!    │ starts, waits, ends, tells ◄── Shared (numbers) ── each job
//!    └─► Observer (status), Journal (lines) ─► RunOutcome
//! ```
//!
//! - [`run()`]: the coordinator: who starts when (`stonewall`, `wait_for`, `startdelay`), who ends whom (`exitall`), progress.
//! - `core.rs`: the I/O loop; start reading there for what an I/O costs.
//! - `setup.rs`, `worker.rs`: the life of a job before and in its thread.
//! - `convert/`: options as the settings of each module. Everything else is one concern a file.
//!
//! Jobs are threads also where fio would fork (`thread=0`); docs/decisions/0003-bench-run.md says why, and what else differs.

mod absent;
mod calendar;
mod check_threads;
mod checker;
pub mod clock;
mod convert;
mod coordinator;
mod core;
mod debug;
mod disks;
mod ended;
mod file_locks;
mod flow;
mod gate;
mod idleness;
mod journal;
mod latency_target;
mod limits;
mod local_time;
mod members;
mod pace;
mod place;
mod priorities;
mod programs;
mod progress;
mod proof;
mod ramp;
mod rest;
mod samples;
mod saved_state;
mod setup;
mod shared;
mod slots;
mod stalls;
#[cfg(test)]
mod tests;
mod thinking;
mod timing;
mod tolerance;
mod total_bandwidth;
mod trigger;
mod worker;
mod writes;
mod written;

pub use self::absent::look_for;
pub use self::coordinator::{Observer, RunOutcome, RunView, run};
pub use self::debug::{Subject, Subjects};
pub use self::ended::chain;
pub use self::idleness::{IdleProfile, Idleness, calibration};
pub use self::journal::{JobLog, Journal, LogContent};
pub use self::local_time::local_time;
pub use self::members::{Member, members};
pub use self::setup::RunSettings;
pub use self::total_bandwidth::TotalBandwidth;
pub use self::trigger::{STATES_WITHIN_MS, Trigger};

use std::path::PathBuf;
use std::sync::Arc;

use crate::command_line::PlannedJob;
use crate::files::{self, FileError, JobFiles};
use crate::output::announcement::{JobAnnouncement, job_lines};

use self::convert::{Shape, measuring, offsets};

/// The names of the files of one member of a run, as its engine will open them: for whoever decides about them before anything
/// is opened. Empty for an engine that uses no files.
///
/// # Errors
/// A folder that is none, or cannot be read.
pub fn file_names(job: &PlannedJob, member: &Member, settings: &RunSettings) -> Result<Vec<PathBuf>, FileError> {
    let options = &job.resolved.options;
    if crate::engines::describe(&options.engine.ioengine).is_some_and(|engine| !engine.traits.uses_files) {
        return Ok(Vec::new());
    }
    files::file_names(&convert::files::names(options, &member.section, member.clone_number, &settings.front_end))
}

/// The files of one member of a run as they will be laid out, judged by what is there now; none is opened. `None` where they cannot be:
/// the job says why when it starts. Empty for an engine that uses no files.
#[must_use]
pub fn planned_files(job: &PlannedJob, member: &Member, settings: &RunSettings) -> Option<JobFiles> {
    let setup = setup::JobSetup::new(member.clone(), Arc::new(job.resolved.options.clone()), settings, 1).ok()?;
    Some(setup.files)
}

/// The line that announces a job of this group, and `...` when there are more like it. An engine that does no I/O says itself what it
/// does, when it starts.
#[must_use]
pub fn announce(job: &PlannedJob, name: &str, group: u32) -> String {
    let options = &job.resolved.options;
    if crate::engines::describe(&options.engine.ioengine).is_some_and(|engine| !engine.traits.does_io) {
        return if options.description.numjobs > 1 { "...\n".to_owned() } else { String::new() };
    }
    job_lines(&JobAnnouncement {
        name,
        group,
        workload: Shape::of(options).name(),
        block_sizes: offsets::block_sizes(options).map(|size| (size.minimum, size.maximum)),
        sequential_and_random: options.block_size.bs_is_seq_rand,
        engine: &options.engine.ioengine,
        depth: options.io_depth.iodepth,
        kilobyte: measuring::kilobyte(options),
        significant_figures: options.measurements.significant_figures as usize,
        jobs: options.description.numjobs,
    })
}
