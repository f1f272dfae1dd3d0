//! A letter a job, and `R(4),_(2)` for many.

use std::fmt::Write;

/// What a job does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunState {
    /// It waits for its turn.
    NotCreated,
    /// It has a thread or process.
    Created,
    /// It makes its files and waits for the others.
    SettingUp,
    /// It reads what it will use (`pre_read`).
    PreReading,
    /// It runs, but nothing counts yet (`ramp_time`).
    Ramping,
    /// It runs.
    Running(Workload),
    /// It reads what it wrote.
    Verifying,
    /// It syncs at its end.
    Syncing,
    /// It writes its logs.
    Finishing,
    /// It has ended and was not looked at.
    Exited,
    /// It has ended.
    Reaped,
    /// It has ended with an error.
    Failed,
    /// It was ended by a signal.
    Killed,
}

/// What a job that runs does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Workload {
    /// What it does to the data.
    pub kind: WorkloadKind,
    /// Not in sequence.
    pub random: bool,
}

/// What a job does to the data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WorkloadKind {
    /// It reads; or reads and writes, with reads only in the mix.
    Read,
    /// It writes; or reads and writes, with writes only in the mix. Trims with writes count as writes.
    Write,
    /// It reads and writes.
    Mixed,
    /// It trims.
    Trim,
}

impl RunState {
    /// Its letter.
    #[must_use]
    pub fn letter(self) -> char {
        match self {
            Self::NotCreated => 'P',
            Self::Created => 'C',
            Self::SettingUp => 'I',
            Self::PreReading => 'p',
            Self::Ramping => '/',
            Self::Running(workload) => workload.letter(),
            Self::Verifying => 'V',
            Self::Syncing => 'F',
            Self::Finishing => 'f',
            Self::Exited => 'E',
            Self::Reaped => '_',
            Self::Failed => 'X',
            Self::Killed => 'K',
        }
    }
}

impl Workload {
    fn letter(self) -> char {
        let letter = match self.kind {
            WorkloadKind::Read => 'R',
            WorkloadKind::Write => 'W',
            WorkloadKind::Mixed => 'M',
            WorkloadKind::Trim => 'D',
        };
        if self.random { letter.to_ascii_lowercase() } else { letter }
    }
}

/// The letters of all jobs, each with how many follow each other: `r(3),_(1)`.
#[must_use]
pub fn condensed(states: impl IntoIterator<Item = RunState>) -> String {
    let letters: Vec<_> = states.into_iter().map(RunState::letter).collect();
    let mut text = String::new();
    for run in letters.chunk_by(|one, next| one == next) {
        let separator = if text.is_empty() { "" } else { "," };
        let _ = write!(text, "{separator}{}({})", run[0], run.len());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_counted() {
        let running = RunState::Running(Workload { kind: WorkloadKind::Read, random: true });
        assert_eq!(condensed([running, running, RunState::Reaped, running]), "r(2),_(1),r(1)");
        assert_eq!(condensed([]), "");
    }

    #[test]
    fn every_state_has_its_own_letter() {
        let kinds = [WorkloadKind::Read, WorkloadKind::Write, WorkloadKind::Mixed, WorkloadKind::Trim];
        let workloads = kinds.into_iter().flat_map(|kind| [true, false].map(|random| Workload { kind, random }));
        let others = [
            RunState::NotCreated,
            RunState::Created,
            RunState::SettingUp,
            RunState::PreReading,
            RunState::Ramping,
            RunState::Verifying,
            RunState::Syncing,
            RunState::Finishing,
            RunState::Exited,
            RunState::Reaped,
            RunState::Failed,
            RunState::Killed,
        ];
        let letters: String = workloads.map(RunState::Running).chain(others).map(RunState::letter).collect();
        assert_eq!(letters, "rRwWmMdDPCIp/VFfE_XK");
    }
}
