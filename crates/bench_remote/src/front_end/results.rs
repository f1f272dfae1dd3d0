//! What a worker reports, put together from its messages.
//!
//! A report is: for each job its options and its statistics, then the groups, then the disks. fio's worker sends one at the end, and
//! one before whenever somebody there asks for the results so far; the last one counts.

use bench::statistics::{DiskUtilization, GroupResult, JobResult};
use bench_wire::message::{DiskUtilisation, GroupStatistics, JobOption, JobReport};

use super::Failure;
use crate::conversion::from_wire;

/// Most reports of jobs that one worker can have. fio has room for 4096 jobs.
pub const JOBS_MAX: usize = 4096;
/// Most options of one job, or of all jobs, that a worker can list. A job has some dozens.
pub const OPTIONS_MAX: usize = 4096;
/// Most disks that a worker can have been busy on.
pub const DISKS_MAX: usize = 4096;

/// The results of one worker.
#[derive(Debug, Default)]
pub struct WorkerResults {
    /// One for each job, or for each group where its jobs ask for that.
    pub jobs: Vec<JobResult>,
    /// The groups.
    pub groups: Vec<GroupResult>,
    /// The disks.
    pub disks: Vec<DiskUtilization>,
    /// The options of the global sections.
    pub global_options: Vec<(String, String)>,
    /// Options of the job whose statistics come next.
    options: Vec<(String, String)>,
}

impl WorkerResults {
    /// Takes an option.
    ///
    /// # Errors
    /// [`Failure::TooMuch`].
    pub(super) fn option(&mut self, option: &JobOption) -> Result<(), Failure> {
        let (name, value) = from_wire::option(option);
        if !option.is_global {
            return push(&mut self.options, (name, value), "options of a job", OPTIONS_MAX);
        }
        match self.global_options.iter_mut().find(|(known, _)| *known == name) {
            Some((_, known)) => {
                *known = value;
                Ok(())
            }
            None => push(&mut self.global_options, (name, value), "global options", OPTIONS_MAX),
        }
    }

    /// Takes the statistics of a job.
    ///
    /// # Errors
    /// [`Failure::TooMuch`].
    pub(super) fn job(&mut self, report: &JobReport) -> Result<(), Failure> {
        if !self.groups.is_empty() {
            self.jobs.clear();
            self.groups.clear();
            self.disks.clear();
        }
        let options = std::mem::take(&mut self.options);
        let mut given = options.iter().chain(&self.global_options);
        let started_ms = report.job.job_start_ms.filter(|_| given.any(|(name, _)| name == "job_start_clock_id"));
        let result = JobResult { options, started_ms, ..from_wire::job_result(&report.job, &report.group) };
        push(&mut self.jobs, result, "reports of jobs", JOBS_MAX)
    }

    /// Takes the statistics of a group.
    ///
    /// # Errors
    /// [`Failure::TooMuch`].
    pub(super) fn group(&mut self, group: &GroupStatistics) -> Result<(), Failure> {
        push(&mut self.groups, from_wire::group_result(group), "groups", JOBS_MAX)
    }

    /// Takes what a disk did.
    ///
    /// # Errors
    /// [`Failure::TooMuch`].
    pub(super) fn disk(&mut self, disk: &DiskUtilisation) -> Result<(), Failure> {
        push(&mut self.disks, from_wire::disk(disk), "disks", DISKS_MAX)
    }
}

fn push<T>(list: &mut Vec<T>, value: T, what: &'static str, limit: usize) -> Result<(), Failure> {
    if list.len() == limit {
        return Err(Failure::TooMuch { what, limit });
    }
    list.push(value);
    Ok(())
}

#[cfg(test)]
mod tests {
    use bench_wire::FixedText;
    use bench_wire::message::JobStatistics;

    use super::*;

    fn report(name: &str) -> JobReport {
        let job = JobStatistics { name: FixedText::new(name), members: 1, ..JobStatistics::default() };
        JobReport { job, ..JobReport::default() }
    }

    fn option(name: &str, value: &str, is_global: bool) -> JobOption {
        JobOption { name: FixedText::new(name), value: FixedText::new(value), is_global, ..JobOption::default() }
    }

    #[test]
    fn options_belong_to_the_job_that_follows_and_the_last_report_counts() {
        let mut results = WorkerResults::default();
        for round in ["1", "2"] {
            results.option(&option("size", "1m", true)).unwrap();
            results.option(&option("bs", round, false)).unwrap();
            results.job(&report("a")).unwrap();
            results.job(&report("b")).unwrap();
            results.group(&GroupStatistics::default()).unwrap();
            results.disk(&DiskUtilisation::default()).unwrap();
        }
        assert_eq!((results.jobs.len(), results.groups.len(), results.disks.len()), (2, 1, 1));
        assert_eq!(results.jobs[0].options, [("bs".to_owned(), "2".to_owned())]);
        assert!(results.jobs[1].options.is_empty());
        assert_eq!(results.global_options.len(), 1);
    }

    #[test]
    fn a_worker_cannot_fill_the_memory() {
        let mut results = WorkerResults::default();
        for number in 0..OPTIONS_MAX {
            results.option(&option("bs", &number.to_string(), false)).unwrap();
        }
        let refused = results.option(&option("bs", "one more", false));
        assert!(matches!(refused, Err(Failure::TooMuch { limit: OPTIONS_MAX, .. })));
    }
}
