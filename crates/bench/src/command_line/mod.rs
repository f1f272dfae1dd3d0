//! The command line of `bench`, which is fio's: options of the program, options of jobs, and job files.
//!
//! ```text
//! bench --output-format=json --name=a --rw=randread --size=1g --name=b --rw=write … more.fio
//!       options of the program    a job                        another job           a job file
//! ```
//!
//! Options of jobs before the first `--name` count for all jobs, also those of the first job file. Words are told apart as
//! `getopt_long_only` does (`words.rs`): one dash or two, `--option value` or `--option=value`, names cut short as long as they are
//! unique, job files anywhere between. Options of an engine can be used once `--ioengine` has named it.
//!
//! The result is an [`Invocation`], or an answer ([`Outcome::Answer`]) for what only asks: `--help`, `--cmdhelp`, `--showcmd` …
//! Parity: fio 3.33. Its profiles and self-tests are known by name and refused.
//! A command line with `--client` is for workers (`remote.rs`).

mod general;
mod help;
mod jobs;
mod plan;
mod remote;
mod words;

use std::ffi::OsString;

use crate::job_file::{JobError, Listed, Place, Problem, System};
use crate::options::JobOptions;

pub use general::{ETA_INTERVAL_MIN, Eta, GeneralOptions, OutputFormats};
pub use help::{AnswerOfFio, answer_of_fio, reference_page};
pub use plan::{Plan, PlannedJob};
pub use remote::{OrderedFile, RemoteInvocation, WorkerOrder};

use general::Effect;
use jobs::Jobs;
use words::{Known, Word, Words};

/// A job as it was given.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    /// The section, or the job's name on the command line: files that the job makes are called after it. The name in results
    /// is the option `name`, which a job file may set as well.
    pub name: String,
    /// What it is told, defaults and global options included.
    pub options: JobOptions,
    /// The options of the job itself, as results list them under `job options`.
    pub listed: Vec<Listed>,
    /// Where it stands.
    pub place: Place,
}

/// Everything that a command line asks to be done.
#[derive(Debug, Clone, PartialEq)]
pub struct Invocation {
    /// The jobs in their order: those of the command line, then those of the files. `numjobs` is not applied yet.
    pub jobs: Vec<Job>,
    /// Options of all jobs, as results list them under `global options`: those of the last file, as in fio.
    pub global_listed: Vec<Listed>,
    /// Options of the program.
    pub general: GeneralOptions,
}

/// What follows from a command line.
#[derive(Debug)]
pub enum Outcome {
    /// Jobs are to be run.
    Run(Box<Invocation>),
    /// Workers are to run jobs.
    Remote(Box<RemoteInvocation>),
    /// All was said: the text, whole lines, belongs on standard output.
    Answer(String),
}

/// Reads a command line, without the name of the program, and the job files that it names.
///
/// # Errors
/// Whatever is wrong with the first thing that is, with its place.
pub fn parse(arguments: Vec<OsString>, system: &mut dyn System) -> Result<Outcome, JobError> {
    let arguments = text(arguments)?;
    if let Some(outcome) = remote::parse(&arguments, system)? {
        return Ok(outcome);
    }
    let mut words = Words::new(arguments);
    let mut general = GeneralOptions::default();
    let mut jobs = Jobs::new();
    let mut files = Vec::new();
    let mut is_asked = false;
    while let Some(word) = words.next(jobs.engine()).map_err(|problem| JobError::new(jobs.place(), problem))? {
        match word {
            Word::File(name) => files.push(name),
            Word::Option { known: Known::Job(option), value } => jobs.option(option, value, &general)?,
            Word::Option { known: Known::General(option), value } => {
                let effect = option.apply(&mut general, value.as_deref());
                let effect = effect.and_then(|effect| option.check_alone().map(|()| effect));
                match effect.map_err(|reason| {
                    JobError::new(Place::default(), Problem::GeneralValue { option: option.name, reason })
                })? {
                    Effect::Set => {}
                    Effect::Asked => is_asked = true,
                    Effect::Answer(text) => return Ok(Outcome::Answer(text)),
                }
            }
        }
    }
    jobs.finish_job()?;
    for (index, file) in files.iter().enumerate() {
        jobs.file(file, index, &general, system)?;
    }
    let commands = jobs.commands();
    let (jobs, global_listed) = jobs.into_parts();
    if general.show_command {
        return Ok(Outcome::Answer(commands));
    }
    if jobs.is_empty() {
        // Whoever asks for nothing but parsing has been answered.
        return if is_asked {
            Ok(Outcome::Answer(String::new()))
        } else {
            Err(JobError::new(Place::default(), Problem::NoJobs))
        };
    }
    Ok(Outcome::Run(Box::new(Invocation { jobs, global_listed, general })))
}

fn text(arguments: Vec<OsString>) -> Result<Vec<String>, JobError> {
    let text = |argument: OsString| {
        argument.into_string().map_err(|argument| {
            let shown = argument.to_string_lossy().into_owned();
            JobError::new(Place::default(), Problem::NotTextArgument(shown))
        })
    };
    arguments.into_iter().map(text).collect()
}

#[cfg(test)]
mod random_tests;
#[cfg(test)]
mod tests;
