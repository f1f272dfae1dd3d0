//! All jobs of an invocation, resolved and in their groups.

use super::Invocation;
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
            let refuse = |problem| JobError::new(job.place.clone(), problem);
            let mut warnings = Vec::new();
            let resolved = resolve(&job.options, self.general.readonly, &mut warnings);
            let resolved = resolved.map_err(|contradiction| refuse(Problem::Contradiction(contradiction)))?;
            if let Some(warning) = warnings.iter().find(|warning| self.general.warnings_fatal && warning.can_be_fatal())
            {
                return Err(refuse(Problem::FatalWarning(*warning)));
            }
            plan.warnings.extend(warnings.into_iter().map(|warning| (job.place.clone(), warning)));
            let starts_group = resolved.options.threads.stonewall || resolved.options.measurements.new_group;
            if starts_group && !plan.jobs.is_empty() {
                group += 1;
            }
            let planned = PlannedJob { name: job.name.clone(), resolved, listed: job.listed.clone(), group };
            check(&plan.jobs, &planned).map_err(|contradiction| refuse(Problem::Contradiction(contradiction)))?;
            plan.jobs.push(planned);
        }
        Ok(plan)
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
