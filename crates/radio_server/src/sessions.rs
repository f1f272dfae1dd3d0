//! Who is logged in and what they run: what `tasks` and the state tree show.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use reactor::clock::Instant;

/// What somebody does at the moment.
#[derive(Debug, Clone)]
pub struct Task {
    /// Number in the order of their beginning, from 1.
    pub number: u64,
    /// How the command came: `ssh`, `mpd`, `ctl`.
    pub front: &'static str,
    /// Who.
    pub user: Arc<str>,
    /// From where; empty for the control socket.
    pub peer: String,
    /// The command's words, or `(shell)`.
    pub command: String,
    /// Since when.
    pub since: Instant,
}

/// Every task. A handle; copies are of the same table.
#[derive(Debug, Clone, Default)]
pub struct Sessions {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    tasks: Mutex<BTreeMap<u64, Task>>,
    started: AtomicU64,
    counters: Counters,
}

/// Numbers that only grow.
#[derive(Debug, Default)]
pub struct Counters {
    /// Connections to the ssh port.
    pub connections: AtomicU64,
    /// Logins that succeeded.
    pub logins: AtomicU64,
    /// Attempts to log in that were refused.
    pub refused_logins: AtomicU64,
    /// Connections that were cut because nobody logged in in time.
    pub login_timeouts: AtomicU64,
    /// Connections that were turned away because there were too many.
    pub turned_away: AtomicU64,
    /// Commands, by whatever front.
    pub commands: AtomicU64,
    /// Commands that ended with another status than 0.
    pub failed_commands: AtomicU64,
}

/// A task that goes on; dropping it ends its entry.
#[derive(Debug)]
pub struct OngoingTask {
    sessions: Sessions,
    number: u64,
}

impl Sessions {
    /// Enters a task; its number is filled in.
    pub fn begin(&self, mut task: Task) -> OngoingTask {
        let number = self.shared.started.fetch_add(1, Ordering::Relaxed) + 1;
        task.number = number;
        self.lock().insert(number, task);
        OngoingTask { sessions: self.clone(), number }
    }

    /// What goes on at the moment, oldest first.
    #[must_use]
    pub fn tasks(&self) -> Vec<Task> {
        self.lock().values().cloned().collect()
    }

    /// Numbers that only grow.
    #[must_use]
    pub fn counters(&self) -> &Counters {
        &self.shared.counters
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<u64, Task>> {
        self.shared.tasks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for OngoingTask {
    fn drop(&mut self) {
        self.sessions.lock().remove(&self.number);
    }
}

/// One more of it.
pub(crate) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_is_seen_until_it_is_dropped() {
        let sessions = Sessions::default();
        let task = |command: &str| Task {
            number: 0,
            front: "ssh",
            user: "anna".into(),
            peer: String::new(),
            command: command.to_owned(),
            since: reactor::clock::now(),
        };
        let (first, second) = (sessions.begin(task("stat")), sessions.begin(task("ls")));
        drop(first);
        let left: Vec<_> = sessions.tasks().into_iter().map(|task| (task.number, task.command)).collect();
        assert_eq!(left, [(2, "ls".to_owned())]);
        drop(second);
        assert!(sessions.tasks().is_empty());
    }
}
