//! What the normal output says before anything runs: a line a job, the version, how many are started.

use std::fmt::Write;

use super::number::{Prefix, Unit, format_number};
use crate::direction::Direction;

/// What is said of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobAnnouncement<'a> {
    /// Its name.
    pub name: &'a str,
    /// The group it belongs to, from 0.
    pub group: u32,
    /// The value of `rw`, without what stands behind a colon.
    pub workload: &'a str,
    /// Smallest and largest block in bytes, by direction.
    pub block_sizes: [(u64, u64); 3],
    /// Block sizes are for sequential and random I/O instead of reads and writes (`bs_is_seq_rand`).
    pub sequential_and_random: bool,
    /// The engine.
    pub engine: &'a str,
    /// I/Os that may be under way at once.
    pub depth: u32,
    /// Whether `k` is 1024 or 1000 (`kb_base`).
    pub kilobyte: u32,
    /// Digits of sizes.
    pub significant_figures: usize,
    /// How many jobs like this there are (`numjobs`).
    pub jobs: u32,
}

/// A job's line, and `...` when there are more like it. Engines that do no I/O have no line.
#[must_use]
pub fn job_lines(job: &JobAnnouncement<'_>) -> String {
    let prefix = Prefix::of_kilobyte(job.kilobyte);
    let size = |bytes: u64| format_number(bytes, job.significant_figures, 1, prefix, Unit::Bytes);
    let mut text = format!("{}: (g={}): rw={}, bs=", job.name, job.group, job.workload);
    let shown = if job.sequential_and_random { &Direction::ALL[..2] } else { &Direction::ALL[..] };
    for (letter, direction) in ["R", "W", "T"].iter().zip(shown) {
        let (smallest, largest) = job.block_sizes[direction.index()];
        let _ = write!(text, "({letter}) {}-{}, ", size(smallest), size(largest));
    }
    if job.sequential_and_random {
        text.push_str("bs_is_seq_rand, ");
    }
    let _ = writeln!(text, "ioengine={}, iodepth={}", job.engine, job.depth);
    if job.jobs > 1 {
        text.push_str("...\n");
    }
    text
}

/// The line before the first job starts.
#[must_use]
pub fn starting_line(threads: u32, processes: u32) -> String {
    let counted = |count: u32, one: &str, many: &str| match count {
        0 => None,
        1 => Some(format!("1 {one}")),
        _ => Some(format!("{count} {many}")),
    };
    let parts = [counted(threads, "thread", "threads"), counted(processes, "process", "processes")];
    format!("Starting {}\n", parts.into_iter().flatten().collect::<Vec<_>>().join(" and "))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lines of fio 3.33.
    #[test]
    fn lines_are_fios() {
        let job = JobAnnouncement {
            name: "a",
            group: 0,
            workload: "randrw",
            block_sizes: [(4096, 4096); 3],
            sequential_and_random: false,
            engine: "null",
            depth: 4,
            kilobyte: 1024,
            significant_figures: 4,
            jobs: 2,
        };
        let expected = "a: (g=0): rw=randrw, bs=(R) 4096B-4096B, (W) 4096B-4096B, (T) 4096B-4096B, ioengine=null, \
                        iodepth=4\n...\n";
        assert_eq!(job_lines(&job), expected);
        let both = JobAnnouncement { sequential_and_random: true, jobs: 1, ..job };
        let expected = "a: (g=0): rw=randrw, bs=(R) 4096B-4096B, (W) 4096B-4096B, bs_is_seq_rand, ioengine=null, \
                        iodepth=4\n";
        assert_eq!(job_lines(&both), expected);
    }

    #[test]
    fn what_is_started() {
        assert_eq!(starting_line(0, 1), "Starting 1 process\n");
        assert_eq!(starting_line(1, 0), "Starting 1 thread\n");
        assert_eq!(starting_line(3, 2), "Starting 3 threads and 2 processes\n");
    }
}
