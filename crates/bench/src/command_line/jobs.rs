//! The jobs of a command line and of the job files, one after the other.

use std::path::Path;

use super::Job;
use super::general::GeneralOptions;
use crate::job_file::{self, JobError, Listed, Place, Problem, RawSection, STANDARD_INPUT, System, is_global};
use crate::options::kind::Argument;
use crate::options::limits::JOBS_MAX;
use crate::options::{JobOption, JobOptions, ValueError};

/// What options of the command line belong to.
enum Current {
    /// All jobs.
    Global,
    /// This one.
    Job(Box<Job>),
    /// A job that is not to be run.
    Skipped,
}

pub(super) struct Jobs {
    jobs: Vec<Job>,
    global: JobOptions,
    global_listed: Vec<Listed>,
    current: Current,
    commands: String,
}

impl Jobs {
    pub(super) fn new() -> Self {
        Self {
            jobs: Vec::new(),
            global: JobOptions::default(),
            global_listed: Vec::new(),
            current: Current::Global,
            commands: String::new(),
        }
    }

    /// The engine whose options can be given now.
    pub(super) fn engine(&self) -> &str {
        match &self.current {
            Current::Job(job) => &job.options.engine.ioengine,
            Current::Global | Current::Skipped => &self.global.engine.ioengine,
        }
    }

    /// Where on the command line we are.
    pub(super) fn place(&self) -> Place {
        match &self.current {
            Current::Job(job) => job.place.clone(),
            Current::Global | Current::Skipped => Place::default(),
        }
    }

    /// Takes an option of the command line.
    pub(super) fn option(
        &mut self,
        option: &'static JobOption,
        value: Option<String>,
        general: &GeneralOptions,
    ) -> Result<(), JobError> {
        let text = match &value {
            Some(value) => format!("{}={value}", option.name),
            None => option.name.to_owned(),
        };
        if option.argument() == Argument::Required && value.as_deref().unwrap_or("").is_empty() {
            let reason = ValueError::Missing { accepted: option.kind.accepted() };
            return Err(JobError::new(self.place(), Problem::Value { text, reason }));
        }
        if option.name == "name" {
            self.finish_job()?;
            let name = value.unwrap_or_default();
            let is_wanted = general.sections.is_empty() || general.sections.contains(&name);
            self.current = if is_global(&name) {
                Current::Global
            } else if is_wanted {
                let place = Place::default().job(&name);
                let options = self.global.clone();
                Current::Job(Box::new(Job { name, options, listed: Vec::new(), place }))
            } else {
                Current::Skipped
            };
        }
        let place = self.place();
        match &mut self.current {
            Current::Global => {
                let listed = job_file::apply(&mut self.global, option, &text, &place)?;
                self.global_listed.push(listed);
            }
            Current::Job(job) => job.listed.push(job_file::apply(&mut job.options, option, &text, &place)?),
            Current::Skipped => {}
        }
        Ok(())
    }

    /// The job of the command line is complete.
    pub(super) fn finish_job(&mut self) -> Result<(), JobError> {
        match std::mem::replace(&mut self.current, Current::Global) {
            Current::Job(job) => self.push(*job),
            Current::Global | Current::Skipped => Ok(()),
        }
    }

    fn push(&mut self, job: Job) -> Result<(), JobError> {
        if self.jobs.len() == JOBS_MAX {
            return Err(JobError::new(job.place, Problem::TooManyJobs));
        }
        self.jobs.push(job);
        Ok(())
    }

    /// Takes the jobs of the file that is the `index`th of the command line. What the command line says of all jobs is for the
    /// first file; the first job of a further file waits for those before it.
    pub(super) fn file(
        &mut self,
        name: &str,
        index: usize,
        general: &GeneralOptions,
        system: &mut dyn System,
    ) -> Result<(), JobError> {
        if index > 0 {
            self.global = JobOptions::default();
            self.global_listed.clear();
        }
        let is_wanted = |name: &str| general.sections.is_empty() || general.sections.iter().any(|known| known == name);
        let path = Path::new(if name.is_empty() { STANDARD_INPUT } else { name });
        let mut waits = index > 0;
        let mut command = String::new();
        for section in job_file::read(path, system, is_wanted)? {
            if section.is_global() {
                let listed = job_file::apply_all(&mut self.global, &section.assignments, system)?;
                command.extend(listed.iter().map(as_argument));
                self.global_listed.extend(listed);
            } else {
                let job = self.job(section, waits, system)?;
                waits = false;
                command.push_str(&format!("--name={} ", job.name));
                command.extend(job.listed.iter().map(as_argument));
                self.push(job)?;
            }
        }
        if !command.is_empty() {
            self.commands.push_str("fio ");
        }
        self.commands.push_str(&command);
        self.commands.push('\n');
        Ok(())
    }

    fn job(&self, section: RawSection, waits: bool, system: &dyn System) -> Result<Job, JobError> {
        let mut options = self.global.clone();
        options.description.name = Some(section.name.clone());
        options.threads.stonewall |= waits;
        let listed = job_file::apply_all(&mut options, &section.assignments, system)?;
        let place = section.place.job(&section.name);
        Ok(Job { name: section.name, options, listed, place })
    }

    /// Each file as a command line: what `--showcmd` says.
    pub(super) fn commands(&self) -> String {
        self.commands.clone()
    }

    pub(super) fn into_parts(self) -> (Vec<Job>, Vec<Listed>) {
        (self.jobs, self.global_listed)
    }
}

/// An option as `--showcmd` shows it.
fn as_argument(listed: &Listed) -> String {
    match &listed.value {
        None => format!("--{} ", listed.name),
        Some(value) if listed.name == "description" => format!("--{}=\"{value}\" ", listed.name),
        Some(value) => format!("--{}={value} ", listed.name),
    }
}
