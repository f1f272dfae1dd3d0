//! Options that are taken, and do nothing yet: whoever sets one is told.

use crate::options::JobOptions;

/// Names of options, sorted.
const UNSERVED: &[&str] = &[
    "block_error_percentiles",
    "cmdprio",
    "cmdprio_bssplit",
    "cmdprio_class",
    "cmdprio_percentage",
    "gtod_cpu",
    "ioscheduler",
    "lockfile",
    "log_alternate_epoch",
    "log_unix_epoch",
    "numa_mem_policy",
    "random_sequence_stride",
    "write_barrier",
];

/// The options that the job sets to no effect.
pub(super) fn options(options: &JobOptions) -> impl Iterator<Item = &'static str> {
    UNSERVED.iter().copied().filter(|name| options.is_set(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_of_options_and_sorted() {
        assert!(UNSERVED.is_sorted());
        for name in UNSERVED {
            let of_an_engine = crate::options::engines::with_option(name).next().is_some();
            assert!(crate::options::find(name).is_some() || of_an_engine, "{name} is no option");
        }
    }

    #[test]
    fn who_sets_one_is_told() {
        let mut job = JobOptions::default();
        assert_eq!(options(&job).count(), 0);
        job.set(crate::options::find("lockfile").unwrap(), Some("exclusive")).unwrap();
        assert_eq!(options(&job).collect::<Vec<_>>(), ["lockfile"]);
    }
}
