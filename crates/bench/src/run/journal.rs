//! Where a run's words go: whoever runs jobs decides what becomes of them.

/// Takes what a run has to say while it runs. Threads of jobs share it.
pub trait Journal: Sync {
    /// A line for people that belongs to the normal output, without its end.
    fn note(&self, line: &str);

    /// A line about something that is wrong, without its end.
    fn complain(&self, line: &str);
}
