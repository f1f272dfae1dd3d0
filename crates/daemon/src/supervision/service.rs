//! What the supervisor knows of one service.

use std::time::{Duration, Instant};

use super::RestartPolicy;

/// How long a service may take for what it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ServiceTimes {
    /// From the start of the process to readiness; `None`: as long as it likes.
    pub start_up: Option<Duration>,
    /// From the request to end to the end; then the process is killed.
    pub stop: Duration,
    /// Between two signs of life; `None`: none are asked for.
    pub watchdog: Option<Duration>,
}

impl Default for ServiceTimes {
    /// No limit on start-up, as a large library or disk may take its time; 10 s to stop; no watchdog.
    fn default() -> Self {
        Self { start_up: None, stop: Duration::from_secs(10), watchdog: None }
    }
}

/// What a service is doing, for display.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServiceState {
    /// Its process is not ready yet.
    Starting,
    /// It serves.
    Ready,
    /// It crashed and is started again at that time.
    Throttled(Instant),
    /// Its process was asked to end.
    Stopping,
    /// The operator stopped it.
    Stopped,
    /// It ended by itself and is not started again.
    Ended,
    /// It crashed too often.
    GaveUp,
}

/// Why a service has no process and gets none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Idle {
    /// It is started with all others.
    NotYet,
    Operator,
    Ended,
    GaveUp,
}

/// What follows when a process that was asked to end has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AfterStop {
    Idle(Idle),
    Restart,
    /// It was the supervisor's doing, but the service's fault.
    Crashed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Idle(Idle),
    Starting { deadline: Option<Instant> },
    Ready { since: Instant, watchdog: Option<Instant> },
    Stopping { kill_at: Option<Instant>, then: AfterStop },
    Throttled { until: Instant },
}

#[derive(Debug)]
pub(super) struct Service {
    pub(super) policy: RestartPolicy,
    pub(super) times: ServiceTimes,
    pub(super) state: State,
    /// Between `Spawned` and `Ended`.
    pub(super) has_process: bool,
    /// Whether any process of this service has been ready.
    pub(super) was_ready: bool,
    pub(super) last_start: Option<Instant>,
    pub(super) crashes: u32,
    pub(super) crashes_in_a_row: u32,
    /// A hang-up came before the process was known to understand it.
    pub(super) hang_up_when_ready: bool,
}

impl Service {
    pub(super) fn new(policy: RestartPolicy, times: ServiceTimes) -> Self {
        Self {
            policy,
            times,
            state: State::Idle(Idle::NotYet),
            has_process: false,
            was_ready: false,
            last_start: None,
            crashes: 0,
            crashes_in_a_row: 0,
            hang_up_when_ready: false,
        }
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        match self.state {
            State::Idle(_) => None,
            State::Starting { deadline } => deadline,
            State::Ready { watchdog, .. } => watchdog,
            State::Stopping { kill_at, .. } => kill_at,
            State::Throttled { until } => Some(until),
        }
    }

    /// Counts a crash; health for long enough wipes out the crashes before it.
    pub(super) fn count_crash(&mut self, now: Instant, ready_since: Option<Instant>) {
        if ready_since.is_some_and(|since| now.duration_since(since) >= self.policy.healthy_after) {
            self.crashes_in_a_row = 0;
        }
        self.crashes = self.crashes.saturating_add(1);
        self.crashes_in_a_row = self.crashes_in_a_row.saturating_add(1);
    }

    pub(super) fn display_state(&self) -> ServiceState {
        match self.state {
            State::Idle(Idle::NotYet | Idle::Operator) => ServiceState::Stopped,
            State::Idle(Idle::Ended) => ServiceState::Ended,
            State::Idle(Idle::GaveUp) => ServiceState::GaveUp,
            State::Starting { .. } => ServiceState::Starting,
            State::Ready { .. } => ServiceState::Ready,
            State::Stopping { .. } => ServiceState::Stopping,
            State::Throttled { until } => ServiceState::Throttled(until),
        }
    }
}
