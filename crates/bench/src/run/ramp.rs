//! The bytes that a job, or a group of jobs together, moves before anything counts (`ramp_size`).
//!
//! Looked at about once a millisecond: one addition to a number that the jobs of a group share.
//!
//! Parity: fio's HEAD, which looks about ten times a second; 3.33 has no such option.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::options::JobOptions;

#[derive(Debug, Default)]
struct Group {
    moved: AtomicU64,
    is_over: AtomicBool,
}

/// The ramp of one job.
#[derive(Debug)]
pub(super) struct SizeRamp {
    bytes: u64,
    group: Arc<Group>,
    /// Bytes of this job that the group knows of.
    told: u64,
}

impl SizeRamp {
    /// Whether it is over, now that the job has moved so many bytes.
    pub(super) fn is_over(&mut self, moved: u64) -> bool {
        let more = moved.saturating_sub(self.told);
        self.told = moved;
        if self.group.moved.fetch_add(more, Ordering::Relaxed).saturating_add(more) >= self.bytes {
            self.group.is_over.store(true, Ordering::Relaxed);
        }
        self.group.is_over.load(Ordering::Relaxed)
    }
}

/// The ramps of a run: jobs of a group that are told as one have one ramp.
#[derive(Debug, Default)]
pub(super) struct SizeRamps {
    groups: HashMap<u32, Arc<Group>>,
}

impl SizeRamps {
    /// The ramp of a job of that group; `None` without `ramp_size`.
    pub(super) fn join(&mut self, options: &JobOptions, group: u32) -> Option<SizeRamp> {
        let bytes = options.time.ramp_size;
        if bytes == 0 {
            return None;
        }
        let group = if options.measurements.group_reporting {
            Arc::clone(self.groups.entry(group).or_default())
        } else {
            Arc::default()
        };
        Some(SizeRamp { bytes, group, told: 0 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jobs_of_a_group_add_up_and_others_do_not() {
        let mut options = JobOptions::default();
        let mut ramps = SizeRamps::default();
        assert!(ramps.join(&options, 0).is_none());
        options.time.ramp_size = 100;
        let (mut alone, mut other) = (ramps.join(&options, 0).unwrap(), ramps.join(&options, 0).unwrap());
        assert!(!alone.is_over(60) && !other.is_over(60) && alone.is_over(100) && !other.is_over(99));
        options.measurements.group_reporting = true;
        let mut members: Vec<_> = [0, 0, 1].map(|group| ramps.join(&options, group).unwrap()).into();
        assert!(!members[0].is_over(60) && !members[0].is_over(60));
        assert!(members[1].is_over(40) && members[0].is_over(60), "the end is that of both");
        assert!(!members[2].is_over(99));
    }
}
