//! All jobs of an invocation, resolved and in their groups.

use super::{Invocation, Job};
use crate::job_file::{JobError, Listed, Place, Problem};
use crate::options::resolve::{Contradiction, Resolved, Warning, resolve};

/// A job that can run.
#[derive(Debug, Clone, PartialEq)]
pub struct PlannedJob {
    /// What files of the job are called after.
    pub name: String,
    /// What it runs by.
    pub resolved: Resolved,
    /// The options of the job itself, as results list them.
    pub listed: Vec<Listed>,
    /// Where it begins.
    pub place: Place,
    /// Where that stands which says how much of its files it uses.
    pub place_of_size: Place,
    /// The group, from 0: results of jobs with `group_reporting` are told together by group.
    pub group: u32,
}

/// Everything that is to be run.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// The jobs in their order. `numjobs` is not applied yet.
    pub jobs: Vec<PlannedJob>,
    /// Remarks, each with the job that it is on.
    pub warnings: Vec<(Place, Warning)>,
}

impl Invocation {
    /// What follows from the options: of each job by itself, and of the jobs together. A new group starts with a job that has
    /// `stonewall` or `new_group`, unless it is the first.
    ///
    /// # Errors
    /// [`Problem::Contradiction`]; with `--warnings-fatal` [`Problem::FatalWarning`].
    pub fn plan(&self) -> Result<Plan, JobError> {
        let mut plan = Plan { jobs: Vec::with_capacity(self.jobs.len()), warnings: Vec::new() };
        let mut group = 0;
        for job in &self.jobs {
            let refuse = |contradiction: Contradiction| {
                JobError::new(self.place_of(job, contradiction.options()), Problem::Contradiction(contradiction))
            };
            let mut warnings = Vec::new();
            let resolved = resolve(&job.options, self.general.readonly, &mut warnings);
            let resolved = resolved.map_err(refuse)?;
            if let Some(warning) = warnings.iter().find(|warning| self.general.warnings_fatal && warning.can_be_fatal())
            {
                let place = self.place_of(job, &[warning.option()]);
                return Err(JobError::new(place, Problem::FatalWarning(*warning)));
            }
            let with_place = |warning: Warning| (self.place_of(job, &[warning.option()]), warning);
            plan.warnings.extend(warnings.into_iter().map(with_place));
            let starts_group = resolved.options.threads.stonewall || resolved.options.measurements.new_group;
            if starts_group && !plan.jobs.is_empty() {
                group += 1;
            }
            let (name, listed, place) = (job.name.clone(), job.listed.clone(), job.place.clone());
            let place_of_size = self.place_of(job, &["size", "filesize", "offset", "offset_increment"]);
            let planned = PlannedJob { name, resolved, listed, place, place_of_size, group };
            check(&plan.jobs, &planned).map_err(refuse)?;
            plan.jobs.push(planned);
        }
        Ok(plan)
    }

    /// Where the last of these options of a job stands; where the job begins if none is given.
    pub(crate) fn place_of(&self, job: &Job, options: &[&str]) -> Place {
        let place = self.given(job, options).map(|listed| listed.place.clone());
        place.map_or_else(|| job.place.clone(), |place| Place { job: job.place.job.clone(), ..place })
    }

    /// The last of these options of a job as it was given, in its own section or else in a global one.
    pub(crate) fn given<'i>(&'i self, job: &'i Job, options: &[&str]) -> Option<&'i Listed> {
        let last = |listed: &'i [Listed]| {
            let found = listed.iter().rev().filter(|listed| options.contains(&listed.name));
            found.max_by_key(|listed| listed.place.line)
        };
        last(&job.listed).or_else(|| last(&self.global_listed))
    }
}

/// What a job and those before it contradict each other in.
fn check(before: &[PlannedJob], job: &PlannedJob) -> Result<(), Contradiction> {
    let name = |job: &PlannedJob| job.resolved.options.description.name.clone().unwrap_or_else(|| job.name.clone());
    if let Some(awaited) = &job.resolved.options.threads.wait_for {
        if *awaited == job.name {
            return Err(Contradiction::WaitsForItself);
        }
        match before.iter().filter(|earlier| name(earlier) == *awaited).count() {
            0 => return Err(Contradiction::WaitsForUnknown(awaited.clone())),
            1 => {}
            _ => return Err(Contradiction::WaitsForSeveral(awaited.clone())),
        }
    }
    let measured = &job.resolved.options.measurements;
    let in_group = before.iter().filter(|other| other.group == job.group).map(|other| &other.resolved.options);
    for other in in_group.filter(|_| measured.group_reporting && measured.stats) {
        if other.measurements.lat_percentiles != measured.lat_percentiles {
            return Err(Contradiction::GroupDiffers("lat_percentiles"));
        }
        if other.time.ramp_size != job.resolved.options.time.ramp_size {
            return Err(Contradiction::GroupDiffers("ramp_size"));
        }
    }
    Ok(())
}
