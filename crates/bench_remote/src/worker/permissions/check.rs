//! Jobs held against what is allowed.

use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};

use bench::command_line::{Plan, PlannedJob};
use bench::options::pattern::PatternPiece;
use bench::options::{JobOptions, Share};
use bench::run::{self, Member, RunSettings};

use super::super::limits::SPACE_ENTRIES_MAX;
use super::place::{canonical, working_directory};
use super::space;
use super::{Files, Permissions};

/// What is not allowed, and which key of the configuration's section allows it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// A file elsewhere.
    #[error("job {job}: {option}: {} is not below a directory that is allowed; add one to {key} in [bench] to allow it", .path.display())]
    Path {
        /// The job.
        job: String,
        /// The option that names it.
        option: &'static str,
        /// What it names.
        path: PathBuf,
        /// The key.
        key: &'static str,
    },
    /// A path that leads nowhere, or cannot be followed.
    #[error("job {job}: {option}: {} cannot be followed to a place that is allowed by directories in [bench]", .path.display())]
    Unfollowed {
        /// The job.
        job: String,
        /// The option that names it.
        option: &'static str,
        /// What it names.
        path: PathBuf,
    },
    /// Files at all.
    #[error(
        "job {job}: ioengine={engine} uses files, and no directory is allowed; add one to directories in [bench] to allow it"
    )]
    NoDirectory {
        /// The job.
        job: String,
        /// Its engine.
        engine: String,
    },
    /// An engine.
    #[error("job {job}: ioengine={engine} is not allowed; add it to engines in [bench] to allow it")]
    Engine {
        /// The job.
        job: String,
        /// Its engine.
        engine: String,
    },
    /// A program.
    #[error("job {job}: {option} runs a program, which is not allowed; set allow_exec = true in [bench] to allow it")]
    Program {
        /// The job.
        job: String,
        /// The option.
        option: &'static str,
    },
    /// A job file of the worker's.
    #[error("{}: job files of the worker are not read; set allow_load_file = true in [bench] to allow it", .path.display())]
    LoadFile {
        /// The file.
        path: PathBuf,
    },
    /// A command for the shell.
    #[error("a trigger runs a command, which is not allowed; set allow_triggers = true in [bench] to allow it")]
    Trigger,
    /// More jobs than there may be.
    #[error("there are {count} jobs, at most {limit} are allowed; raise jobs_max in [bench] to allow more")]
    Jobs {
        /// How many there are.
        count: usize,
        /// How many there may be.
        limit: u32,
    },
    /// More memory than there may be.
    #[error(
        "the buffers of all jobs have {bytes} bytes, at most {limit} are allowed; raise buffer_bytes_max in [bench] to allow more"
    )]
    Buffers {
        /// How much it is.
        bytes: u64,
        /// How much it may be.
        limit: u64,
    },
    /// A larger file than there may be.
    #[error(
        "job {job}: {option}={bytes}: a file may have {limit} bytes; raise file_bytes_max in [bench] to allow more"
    )]
    FileSize {
        /// The job.
        job: String,
        /// The option.
        option: &'static str,
        /// How large it is.
        bytes: u64,
        /// How large it may be.
        limit: u64,
    },
    /// More in the directories than there may be.
    #[error(
        "the files of all jobs have {bytes} bytes, beside {there} bytes that are in the directories: at most {limit} are allowed; remove some, or raise space_bytes_max in [bench]"
    )]
    Space {
        /// Bytes of the files of these jobs.
        bytes: u64,
        /// Bytes of other files.
        there: u64,
        /// How many there may be.
        limit: u64,
    },
    /// How much there would be is not known.
    #[error(
        "the directories of jobs have more than {SPACE_ENTRIES_MAX} files, and their sizes are not added up: remove some, or leave space_bytes_max out in [bench]"
    )]
    TooManyFiles,
}

/// Holds all jobs of a plan against what is allowed. Reads symbolic links; opens nothing.
///
/// # Errors
/// The first thing that is not allowed.
pub fn check(permissions: &Permissions, plan: &Plan, settings: &RunSettings) -> Result<(), Refusal> {
    let limits = &permissions.limits;
    let count = plan.jobs.iter().map(|job| u64::from(job.resolved.options.description.numjobs.max(1))).sum::<u64>();
    if count > u64::from(limits.jobs) {
        return Err(Refusal::Jobs { count: usize::try_from(count).unwrap_or(usize::MAX), limit: limits.jobs });
    }
    let bytes = plan.jobs.iter().map(buffer_bytes).fold(0, u64::saturating_add);
    if bytes > limits.buffer_bytes {
        return Err(Refusal::Buffers { bytes, limit: limits.buffer_bytes });
    }
    plan.jobs.iter().try_for_each(|job| check_job(permissions, job, settings))?;
    let members = run::members(&plan.jobs);
    members.iter().try_for_each(|member| check_files(permissions, &plan.jobs[member.job], member, settings))?;
    space::check(permissions, plan, settings)
}

/// Bytes of the buffers of a job and its clones.
fn buffer_bytes(job: &PlannedJob) -> u64 {
    let options = &job.resolved.options;
    let largest = job.resolved.block_sizes.0.iter().map(|size| size.high).max().unwrap_or(0);
    let depth = u64::from(options.io_depth.iodepth.max(1));
    largest.saturating_mul(depth).saturating_mul(u64::from(options.description.numjobs.max(1)))
}

/// The name of a job in results.
fn name(job: &PlannedJob) -> String {
    job.resolved.options.description.name.clone().unwrap_or_else(|| job.name.clone())
}

fn check_job(permissions: &Permissions, job: &PlannedJob, settings: &RunSettings) -> Result<(), Refusal> {
    let options = &job.resolved.options;
    let engine = &options.engine.ioengine;
    let program = |option| Err(Refusal::Program { job: name(job), option });
    if !permissions.exec {
        if options.threads.exec_prerun.is_some() {
            return program("exec_prerun");
        }
        if options.threads.exec_postrun.is_some() {
            return program("exec_postrun");
        }
        if engine == "exec" {
            return program("ioengine=exec");
        }
    }
    if !permissions.allows_engine(engine) {
        return Err(Refusal::Engine { job: name(job), engine: engine.clone() });
    }
    if let Some(limit) = permissions.limits.file_bytes {
        let filesize = options.io_size.filesize.map_or(0, |range| range.high);
        let size = if let Share::Bytes(bytes) = options.io_size.size { bytes } else { 0 };
        for (option, bytes) in [("filesize", filesize), ("size", size)] {
            if bytes > limit {
                return Err(Refusal::FileSize { job: name(job), option, bytes, limit });
            }
        }
    }
    let file = &options.target_file;
    let named = [("opendir", file.opendir.as_deref()), ("mem", options.buffers.mem_file.as_deref())];
    let named = named.into_iter().filter_map(|(option, path)| Some((option, Path::new(path?))));
    let folders = file.directory.iter().map(|path| ("directory", Path::new(path)));
    let own = settings.aux_path.as_deref().map(|path| ("aux-path", path));
    let patterns = patterns(options).chain(named);
    patterns.chain(folders).chain(own).try_for_each(|(option, path)| check_path(permissions, &name(job), option, path))
}

/// The files whose contents are in patterns.
fn patterns(options: &JobOptions) -> impl Iterator<Item = (&'static str, &Path)> {
    let all =
        [("buffer_pattern", &options.buffers.buffer_pattern), ("verify_pattern", &options.verification.verify_pattern)];
    all.into_iter().flat_map(|(option, pattern)| {
        pattern.iter().flat_map(|pattern| &pattern.pieces).filter_map(move |piece| match piece {
            PatternPiece::File(path) => Some((option, path.as_path())),
            _ => None,
        })
    })
}

fn check_files(
    permissions: &Permissions,
    job: &PlannedJob,
    member: &Member,
    settings: &RunSettings,
) -> Result<(), Refusal> {
    // What cannot be read here cannot be when the job starts: that tells it.
    let files = run::file_names(job, member, settings).unwrap_or_default();
    let option = if job.resolved.options.target_file.filename.is_empty() { "name" } else { "filename" };
    for path in &files {
        if option == "name" && path.is_relative() && has_no_directory(permissions) {
            let engine = job.resolved.options.engine.ioengine.clone();
            return Err(Refusal::NoDirectory { job: member.name.clone(), engine });
        }
        check_path(permissions, &member.name, option, path)?;
    }
    Ok(())
}

fn has_no_directory(permissions: &Permissions) -> bool {
    matches!(&permissions.files, Files::Only { directories, .. } if directories.is_empty())
}

fn check_path(permissions: &Permissions, job: &str, option: &'static str, path: &Path) -> Result<(), Refusal> {
    let Files::Only { directories, devices } = &permissions.files else {
        return Ok(());
    };
    let unfollowed = || Refusal::Unfollowed { job: job.to_owned(), option, path: path.to_owned() };
    let from = working_directory(permissions).unwrap_or(Path::new("/"));
    let place = canonical(path, from).map_err(|_| unfollowed())?;
    let leads_to = |allowed: &PathBuf| canonical(allowed, from).is_ok_and(|allowed| place.starts_with(allowed));
    if directories.iter().any(leads_to) || devices.iter().any(leads_to) {
        return Ok(());
    }
    let is_device = place.metadata().is_ok_and(|found| {
        let kind = found.file_type();
        kind.is_block_device() || kind.is_char_device()
    });
    let key = if is_device { "devices" } else { "directories" };
    Err(Refusal::Path { job: job.to_owned(), option, path: path.to_owned(), key })
}
