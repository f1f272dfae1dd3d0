//! Steady state and prepared workloads: known by name, not there yet.

use super::kind::unsupported;
use super::option::{Section, option};

const LATER: &str = "detection of a steady state comes later";

pub(super) const SECTION: Section = Section {
    title: "Steady state and prepared workloads",
    options: &[
        option("steadystate", &unsupported(LATER), "End once results do not change any more").aliases(&["ss"]),
        option("steadystate_duration", &unsupported(LATER), "How long they do not").aliases(&["ss_dur"]),
        option("steadystate_ramp_time", &unsupported(LATER), "When to start looking").aliases(&["ss_ramp"]),
        option("steadystate_check_interval", &unsupported(LATER), "How often to look").aliases(&["ss_interval"]),
        option("ramp_size", &unsupported("not yet"), "Run for this size before anything is counted"),
        option("job_start_clock_id", &unsupported("not yet"), "Clock of the time of the start in results"),
        option("profile", &unsupported("prepared workloads come later"), "Run a prepared workload"),
    ],
};
