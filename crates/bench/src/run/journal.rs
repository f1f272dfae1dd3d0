//! Where a run's words go: whoever runs jobs decides what becomes of them.

use std::io;

use crate::statistics::log::{HistogramLog, SampleLog};
use crate::verify::StateFile;

/// What a log is of.
#[derive(Debug, Clone, Copy)]
pub enum LogContent<'l> {
    /// Values.
    Samples(&'l SampleLog),
    /// Histograms.
    Histograms(&'l HistogramLog),
}

/// A log that is complete.
#[derive(Debug, Clone)]
pub struct JobLog<'l> {
    /// The name of its file.
    pub file_name: String,
    /// The number of the job, from 1; `None`: jobs share the file, and each adds to it.
    pub job: Option<u32>,
    /// What is in it.
    pub content: LogContent<'l>,
}

/// Takes what a run has to say while it runs. Threads of jobs share it.
pub trait Journal: Sync {
    /// A line for people that belongs to the normal output, without its end.
    fn note(&self, line: &str);

    /// A line about something that is wrong, without its end.
    fn complain(&self, line: &str);

    /// A log is complete. True when it is taken; else it goes to its file.
    fn take_log(&self, _: &JobLog<'_>) -> bool {
        false
    }

    /// A job has ended and leaves this state (`verify_state_save`), which goes to its file in any case.
    fn state_left(&self, _: &StateFile) {}

    /// The state that an earlier run of a job left (`verify_state_load`), for whoever keeps it elsewhere than in its file. `index` is
    /// the job's number in its run, from 0. May take as long as it takes.
    fn earlier_state(&self, _job: &str, _index: u64) -> Option<io::Result<Vec<u8>>> {
        None
    }
}
