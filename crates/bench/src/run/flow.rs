//! Jobs that keep step with each other (`flow`, `flow_id`, `flow_sleep`): each does I/Os in proportion to its weight.
//!
//! The jobs of a number share one counter, which costs each I/O of such a job an atomic addition.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The jobs of one `flow_id`.
#[derive(Debug, Default)]
struct Group {
    ios: AtomicU64,
    /// Weights of the jobs that run.
    weight: AtomicU64,
}

/// The groups of a run.
#[derive(Debug, Default)]
pub(super) struct Flows(BTreeMap<i32, Arc<Group>>);

impl Flows {
    /// A job's part in the group of that number; `None` without a weight.
    pub(super) fn join(&mut self, number: i32, weight: u32) -> Option<Flow> {
        let group = self.0.entry(number).or_default();
        (weight > 0).then(|| Flow { group: Arc::clone(group), weight: u64::from(weight), ios: 0, running: false })
    }
}

/// One job of a group.
#[derive(Debug)]
pub(super) struct Flow {
    group: Arc<Group>,
    weight: u64,
    ios: u64,
    running: bool,
}

impl Flow {
    /// The job begins: from now on others wait for it.
    pub(super) fn begin(&mut self) {
        if !self.running {
            self.running = true;
            self.group.weight.fetch_add(self.weight, Ordering::Relaxed);
        }
    }

    /// Whether the job is ahead of its share and has to wait.
    pub(super) fn is_ahead(&self) -> bool {
        let (total, weight) = (self.group.ios.load(Ordering::Relaxed), self.group.weight.load(Ordering::Relaxed));
        u128::from(self.ios) * u128::from(weight) > u128::from(total) * u128::from(self.weight)
    }

    /// The job issues an I/O.
    pub(super) fn issue(&mut self) {
        self.ios += 1;
        self.group.ios.fetch_add(1, Ordering::Relaxed);
    }
}

impl Drop for Flow {
    /// Nobody waits for a job that has ended: what it did goes with it.
    fn drop(&mut self) {
        if self.running {
            self.group.weight.fetch_sub(self.weight, Ordering::Relaxed);
            self.group.ios.fetch_sub(self.ios, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ios_are_in_proportion_to_weights_and_the_last_job_runs_free() {
        let mut flows = Flows::default();
        assert!(flows.join(3, 0).is_none());
        let mut heavy = flows.join(3, 8).unwrap();
        let mut light = flows.join(3, 2).unwrap();
        heavy.begin();
        light.begin();
        for _ in 0..10_000 {
            for flow in [&mut heavy, &mut light] {
                if !flow.is_ahead() {
                    flow.issue();
                }
            }
        }
        let (heavy_ios, light_ios) = (heavy.ios, light.ios);
        assert!(heavy_ios == 10_000 && light_ios.abs_diff(2500) < 3, "{heavy_ios} and {light_ios}");
        drop(heavy);
        for _ in 0..100 {
            assert!(!light.is_ahead());
            light.issue();
        }
    }
}
