//! What the jobs of a group did together: the summary behind all jobs.

use super::job::{BandwidthUnit, JobResult, Reporting, UnifiedReporting};

/// A group's figures in one direction.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct GroupDirection {
    /// Milliseconds of the job that ran shortest.
    pub shortest_ms: u64,
    /// Milliseconds of the job that ran longest; 0 when none did anything.
    pub longest_ms: u64,
    /// Bytes a second of the slowest job.
    pub slowest: u64,
    /// Bytes a second of the fastest job.
    pub fastest: u64,
    /// Bytes of all jobs.
    pub bytes: u64,
    /// Bytes a second of all jobs together, over the longest time.
    pub aggregate: u64,
}

/// A group's figures.
#[derive(Debug, Clone, PartialEq)]
pub struct GroupResult {
    /// Its number, from 0.
    pub number: u32,
    /// By [`crate::direction::Direction`].
    pub directions: [GroupDirection; 3],
    /// As its last job has it.
    pub kilobyte: u32,
    /// As its last job has it.
    pub unit: BandwidthUnit,
    /// As its last job has it.
    pub significant_figures: usize,
    /// As its last job that does not split has it.
    pub unified: UnifiedReporting,
}

impl GroupResult {
    fn new(number: u32) -> Self {
        let Reporting { kilobyte, unit, significant_figures, .. } = Reporting::default();
        let directions = Default::default();
        Self { number, directions, kilobyte, unit, significant_figures, unified: UnifiedReporting::Split }
    }

    fn add(&mut self, job: &JobResult) {
        self.kilobyte = job.reporting.kilobyte;
        self.unit = job.reporting.unit;
        self.significant_figures = job.reporting.significant_figures;
        if job.reporting.unified != UnifiedReporting::Split {
            self.unified = job.reporting.unified;
        }
        for (sum, direction) in self.directions.iter_mut().zip(&job.measurement.directions) {
            if direction.runtime_ms == 0 {
                continue;
            }
            let rate = direction.bytes_per_second();
            let first = sum.longest_ms == 0;
            sum.shortest_ms = if first { direction.runtime_ms } else { sum.shortest_ms.min(direction.runtime_ms) };
            sum.longest_ms = sum.longest_ms.max(direction.runtime_ms);
            sum.slowest = if first { rate } else { sum.slowest.min(rate) };
            sum.fastest = sum.fastest.max(rate);
            sum.bytes = sum.bytes.saturating_add(direction.bytes);
        }
    }

    /// All directions as one, for `unified_rw_reporting=both`.
    #[must_use]
    pub fn mixed(&self) -> GroupDirection {
        let mut mixed = GroupDirection::default();
        for direction in self.directions.iter().filter(|direction| direction.longest_ms != 0) {
            let first = mixed.longest_ms == 0;
            mixed.shortest_ms =
                if first { direction.shortest_ms } else { mixed.shortest_ms.min(direction.shortest_ms) };
            mixed.longest_ms = mixed.longest_ms.max(direction.longest_ms);
            mixed.slowest = if first { direction.slowest } else { mixed.slowest.min(direction.slowest) };
            mixed.fastest = mixed.fastest.max(direction.fastest);
            mixed.bytes = mixed.bytes.saturating_add(direction.bytes);
            mixed.aggregate = mixed.aggregate.saturating_add(direction.aggregate);
        }
        mixed
    }
}

/// The groups of results that are shown ([`super::results_to_show`]); at least `groups` of them, for groups none of whose
/// jobs has results.
#[must_use]
pub fn group_results(results: &[JobResult], groups: u32) -> Vec<GroupResult> {
    let count = results.iter().map(|job| job.group.saturating_add(1)).max().unwrap_or(0).max(groups);
    (0..count)
        .map(|number| {
            let mut group = GroupResult::new(number);
            results.iter().filter(|job| job.group == number).for_each(|job| group.add(job));
            for direction in &mut group.directions {
                let total = u128::from(direction.bytes) * 1000;
                let rate = total.checked_div(u128::from(direction.longest_ms)).unwrap_or(0);
                direction.aggregate = u64::try_from(rate).unwrap_or(u64::MAX);
            }
            group
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(group: u32, bytes: u64, runtime_ms: u64) -> JobResult {
        let mut job = JobResult { group, ..JobResult::default() };
        job.measurement.directions[1].bytes = bytes;
        job.measurement.directions[1].runtime_ms = runtime_ms;
        job
    }

    #[test]
    fn a_groups_rate_is_over_its_longest_job() {
        let groups = group_results(&[job(0, 4000, 2000), job(0, 1000, 1000), job(2, 10, 10)], 4);
        assert_eq!(groups.iter().map(|group| group.number).collect::<Vec<_>>(), [0, 1, 2, 3]);
        let expected = GroupDirection {
            shortest_ms: 1000,
            longest_ms: 2000,
            slowest: 1000,
            fastest: 2000,
            bytes: 5000,
            aggregate: 2500,
        };
        assert_eq!(groups[0].directions[1], expected);
        assert_eq!(groups[0].directions[0], GroupDirection::default());
        assert_eq!(groups[0].mixed(), expected);
    }
}
