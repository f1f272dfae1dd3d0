//! What is known of sessions, for whoever asks: the state tree and the commands.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use control::{Inspect, Node};

use crate::worker::limits::ENDED_RUNS_SHOWN;
use crate::worker::link::{Progress, Totals};

/// How far a session is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// Its front end sends jobs.
    Connected,
    /// Its run waits, in this place.
    Queued(usize),
    Running,
    Ended(Outcome),
}

/// How a run has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    Succeeded,
    Failed,
    /// The front end went away, or the process ended, before the results were told.
    BrokenOff,
    /// There never was one.
    NoRun,
}

impl Stage {
    pub(super) fn words(self) -> String {
        match self {
            Self::Connected => "connected".into(),
            Self::Queued(place) => format!("queued, place {place}"),
            Self::Running => "running".into(),
            Self::Ended(Outcome::Succeeded) => "succeeded".into(),
            Self::Ended(Outcome::Failed) => "failed".into(),
            Self::Ended(Outcome::BrokenOff) => "broken off".into(),
            Self::Ended(Outcome::NoRun) => "ended without a run".into(),
        }
    }

    pub(super) fn is_over(self) -> bool {
        matches!(self, Self::Ended(_))
    }
}

/// A session as it is shown.
#[derive(Debug, Clone)]
pub(super) struct View {
    pub(super) number: u32,
    pub(super) peer: String,
    pub(super) process: u32,
    pub(super) version: u16,
    pub(super) jobs: Vec<String>,
    pub(super) stage: Stage,
    pub(super) progress: Progress,
    pub(super) totals: Totals,
    pub(super) note: String,
}

/// Sums since the start.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Counters {
    pub(super) accepted: u64,
    pub(super) not_let_in: u64,
    pub(super) strangers: u64,
    pub(super) silent: u64,
    pub(super) too_many: u64,
    runs: u64,
    faults: u64,
}

#[derive(Debug, Default)]
struct Shared {
    views: VecDeque<View>,
    counters: Counters,
    /// The listener's thread has come round since somebody asked.
    came_round: bool,
}

/// A handle of it.
#[derive(Debug, Clone, Default)]
pub(super) struct Board(Arc<Mutex<Shared>>);

impl Board {
    fn lock(&self) -> MutexGuard<'_, Shared> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn with(&self, number: u32, change: impl FnOnce(&mut View)) {
        if let Some(view) = self.lock().views.iter_mut().find(|view| view.number == number) {
            change(view);
        }
    }

    pub(super) fn count(&self, change: impl FnOnce(&mut Counters)) {
        change(&mut self.lock().counters);
    }

    pub(super) fn round(&self) {
        self.lock().came_round = true;
    }

    /// Whether the listener's thread has come round since the last call.
    pub(super) fn came_round(&self) -> bool {
        std::mem::take(&mut self.lock().came_round)
    }

    pub(super) fn add(&self, number: u32, peer: String, process: u32) {
        let mut shared = self.lock();
        let ended = shared.views.iter().filter(|view| view.stage.is_over()).count();
        if ended >= ENDED_RUNS_SHOWN
            && let Some(oldest) = shared.views.iter().position(|view| view.stage.is_over())
        {
            shared.views.remove(oldest);
        }
        shared.views.push_back(View {
            number,
            peer,
            process,
            version: 0,
            jobs: Vec::new(),
            stage: Stage::Connected,
            progress: Progress::default(),
            totals: Totals::default(),
            note: String::new(),
        });
    }

    pub(super) fn wants(&self, number: u32, jobs: Vec<String>, version: u16) {
        self.with(number, |view| (view.jobs, view.version) = (jobs, version));
    }

    pub(super) fn stage(&self, number: u32, stage: Stage) {
        if stage == Stage::Running {
            self.count(|counters| counters.runs += 1);
        }
        self.with(number, |view| view.stage = stage);
    }

    pub(super) fn progress(&self, number: u32, progress: Progress) {
        self.with(number, |view| view.progress = progress);
    }

    pub(super) fn refused(&self, number: u32, words: String) {
        self.count(|counters| counters.faults += 1);
        self.with(number, |view| view.note = words);
    }

    pub(super) fn note(&self, number: u32, words: String) {
        self.with(number, |view| view.note = words);
    }

    pub(super) fn ended(&self, number: u32, outcome: Outcome, totals: Totals) {
        let (ios, bytes) = (totals.ios, totals.bytes);
        tracing::info!(session = number, outcome = Stage::Ended(outcome).words(), ?ios, ?bytes, "a run has ended");
        self.with(number, |view| (view.stage, view.totals) = (Stage::Ended(outcome), totals));
    }

    /// The process has ended.
    pub(super) fn gone(&self, number: u32, how: &str) {
        self.with(number, |view| {
            view.stage = match view.stage {
                Stage::Ended(outcome) => Stage::Ended(outcome),
                Stage::Connected => Stage::Ended(Outcome::NoRun),
                Stage::Queued(_) | Stage::Running => Stage::Ended(Outcome::BrokenOff),
            };
            if view.note.is_empty() {
                how.clone_into(&mut view.note);
            }
            tracing::info!(session = number, stage = view.stage.words(), how, "a session is over");
        });
    }

    pub(super) fn views(&self) -> Vec<View> {
        self.lock().views.iter().cloned().collect()
    }

    pub(super) fn view(&self, number: u32) -> Option<View> {
        self.lock().views.iter().find(|view| view.number == number).cloned()
    }
}

impl Inspect for Board {
    fn inspect(&self, node: &mut Node<'_>) {
        let (views, counters) = {
            let shared = self.lock();
            (shared.views.iter().cloned().collect::<Vec<_>>(), shared.counters)
        };
        node.child("sessions", |node| {
            for view in &views {
                node.child(view.number.to_string(), |node| inspect_view(view, node));
            }
        });
        node.child("counters", |node| {
            for (name, value) in [
                ("connections_accepted", counters.accepted),
                ("connections_not_let_in", counters.not_let_in),
                ("connections_of_strangers", counters.strangers),
                ("connections_silent", counters.silent),
                ("connections_too_many", counters.too_many),
                ("runs_started", counters.runs),
                ("protocol_faults", counters.faults),
            ] {
                node.value(name, value);
            }
        });
        node.child("memory", |node| node.value("sessions", views.iter().filter(|view| !view.stage.is_over()).count()));
    }
}

/// One session as a tree of its own.
pub(super) fn inspected(view: View) -> impl Inspect {
    move |node: &mut Node<'_>| inspect_view(&view, node)
}

fn inspect_view(view: &View, node: &mut Node<'_>) {
    node.value("front_end", view.peer.as_str());
    node.value("process", view.process);
    node.value("protocol_version", view.version);
    node.value("jobs", view.jobs.clone());
    node.value("state", view.stage.words());
    node.value("running_jobs", view.progress.running);
    node.value("elapsed_s", view.progress.elapsed_s);
    for (name, index) in [("read", 0), ("write", 1), ("trim", 2)] {
        node.value(format!("{name}_kib_per_s"), view.progress.rate_kib[index]);
        node.value(format!("{name}_iops"), view.progress.iops[index]);
        node.value(format!("{name}_ios_in_all"), view.totals.ios[index]);
        node.value(format!("{name}_bytes_in_all"), view.totals.bytes[index]);
    }
    node.value("note", view.note.as_str());
}
