//! Steady state and prepared workloads: known by name, not there yet.

use super::kind::{deprecated, unsupported};
use super::option::{Section, option};

const LATER: &str = "detection of a steady state comes later";
const PREPARED: &str = "prepared workloads come later";

pub(super) const SECTION: Section = Section {
    title: "Steady state and prepared workloads",
    options: &[
        option("steadystate", &unsupported(LATER), "End once results do not change any more").aliases(&["ss"]),
        option("steadystate_duration", &unsupported(LATER), "How long they do not").aliases(&["ss_dur"]),
        option("steadystate_ramp_time", &unsupported(LATER), "When to start looking").aliases(&["ss_ramp"]),
        option("steadystate_check_interval", &unsupported(LATER), "How often to look").aliases(&["ss_interval"]),
        option("profile", &unsupported(PREPARED), "Run a prepared workload"),
        option(
            "threads",
            &deprecated(),
            "Without effect outside of a prepared workload, in fio too; see thread and numjobs",
        ),
        option("device-names", &unsupported(PREPARED), "Devices of the workload act"),
        option("load", &unsupported(PREPARED), "Load of the workload act"),
        option("test-duration", &unsupported(PREPARED), "Length of the workload act"),
        option("threads-per-queue", &unsupported(PREPARED), "Jobs a device of the workload act"),
        option("read-req-num-512-blocks", &unsupported(PREPARED), "Size of reads of the workload act"),
        option("large-block-op-kbytes", &unsupported(PREPARED), "Size of large blocks of the workload act"),
        option("prep", &unsupported(PREPARED), "Prepare the devices for the workload act"),
        option("block", &unsupported(PREPARED), "Block size of the workload tiobench"),
        option("numruns", &unsupported(PREPARED), "Repetitions of the workload tiobench"),
        option("dir", &unsupported(PREPARED), "Directory of the workload tiobench; that of a job is directory"),
    ],
};
