//! Who takes part in a run: each job as often as `numjobs` says, with its number and its group.

use crate::command_line::PlannedJob;
use crate::options::JobOptions;
use crate::statistics::JobResult;

use super::convert::measuring;
use super::place;

/// One of the jobs that run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Its name in results.
    pub name: String,
    /// The section it comes from: files are called after it.
    pub section: String,
    /// Its number in the run, from 1.
    pub number: u32,
    /// Its number among the clones of its job, from 0.
    pub clone_number: u32,
    /// The group that it is reported in, from 0.
    pub group: u32,
    /// Which of the jobs it is a clone of.
    pub job: usize,
    /// It waits for everything before it (`stonewall`).
    pub waits: bool,
    /// Its stretch between two that wait for everything: what `exit_what=stonewall` ends.
    pub stretch: u32,
}

impl Member {
    /// Its result before it has done anything.
    pub(super) fn blank_result(&self, options: &JobOptions) -> JobResult {
        JobResult {
            name: self.name.clone(),
            description: options.description.description.clone().unwrap_or_default(),
            group: self.group,
            members: 1,
            reporting: measuring::reporting(options),
            priority: place::io_priority(options).unwrap_or(0),
            ..JobResult::default()
        }
    }
}

/// The members of a run, in their order.
#[must_use]
pub fn members(jobs: &[PlannedJob]) -> Vec<Member> {
    let mut members = Vec::new();
    let mut stretch = 0;
    for (index, job) in jobs.iter().enumerate() {
        let options = &job.resolved.options;
        if options.threads.stonewall && !members.is_empty() {
            stretch += 1;
        }
        for clone_number in 0..options.description.numjobs.max(1) {
            let number = u32::try_from(members.len() + 1).unwrap_or(u32::MAX);
            members.push(Member {
                name: options.description.name.clone().unwrap_or_else(|| job.name.clone()),
                section: job.name.clone(),
                number,
                clone_number,
                group: job.group,
                job: index,
                // Clones wait for the first of them no more than for each other.
                waits: options.threads.stonewall && clone_number == 0,
                stretch,
            });
        }
    }
    members
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use super::*;
    use crate::command_line::{Outcome, parse};
    use crate::job_file::Host;

    #[test]
    fn clones_are_numbered_and_stretches_begin_where_somebody_waits() {
        let line = "--ioengine=null --size=4k --name=a --numjobs=2 --name=b --name=c --numjobs=2 --stonewall --name=d --new_group";
        let Outcome::Run(invocation) = parse(line.split(' ').map(OsString::from).collect(), &mut Host).unwrap() else {
            panic!("jobs are to be run");
        };
        let members = members(&invocation.plan().unwrap().jobs);
        let shown: Vec<_> = members
            .iter()
            .map(|member| (member.name.as_str(), member.number, member.clone_number, member.group, member.stretch))
            .collect();
        assert_eq!(
            shown,
            [
                ("a", 1, 0, 0, 0),
                ("a", 2, 1, 0, 0),
                ("b", 3, 0, 0, 0),
                ("c", 4, 0, 1, 1),
                ("c", 5, 1, 1, 1),
                ("d", 6, 0, 2, 1)
            ]
        );
        assert_eq!(
            members.iter().map(|member| member.waits).collect::<Vec<_>>(),
            [false, false, false, true, false, false]
        );
    }
}
