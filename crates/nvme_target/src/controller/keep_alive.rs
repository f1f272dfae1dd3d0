//! The Keep Alive Timer: when to give a silent host up.
//!
//! It runs from Connect until the association ends, and starts again with each Keep Alive, each Set Features of its
//! timeout and each write to the Controller Configuration. Spec: NVMe Base 2.0 §3.9.

use nvme::base::feature::KeepAliveTimer;
use reactor::clock::{Duration, Instant};

use super::ControllerKind;
use crate::limits::{DISCOVERY_ACTIVITY_TIMEOUT_MS, KEEP_ALIVE_GRANULARITY_100MS};

/// The timer of one controller.
#[derive(Debug)]
pub(crate) struct KeepAlive {
    kind: ControllerKind,
    timeout_ms: u32,
    due: Option<Instant>,
}

impl KeepAlive {
    /// A timer that starts now. `timeout_ms` is what the host asked for; 0: it will send no Keep Alive.
    pub(crate) fn new(kind: ControllerKind, timeout_ms: u32, now: Instant) -> Self {
        let mut timer = Self { kind, timeout_ms: 0, due: None };
        timer.set_timeout(timeout_ms, now);
        timer
    }

    /// The timeout in milliseconds, rounded up to the granularity. 0: switched off.
    pub(crate) fn timeout_ms(&self) -> u32 {
        self.timeout_ms
    }

    /// Sets the timeout, and starts again.
    pub(crate) fn set_timeout(&mut self, timeout_ms: u32, now: Instant) {
        self.timeout_ms = KeepAliveTimer { timeout_ms }.rounded_ms(KEEP_ALIVE_GRANULARITY_100MS);
        self.due = None;
        self.restart(now);
    }

    /// The host has said that it is alive.
    pub(crate) fn restart(&mut self, now: Instant) {
        self.due = match (self.timeout_ms, self.kind) {
            (0, ControllerKind::Io) => None,
            (0, ControllerKind::Discovery) => Some(DISCOVERY_ACTIVITY_TIMEOUT_MS),
            (timeout_ms, _) => Some(timeout_ms),
        }
        .map(|timeout_ms| now + Duration::from_millis(timeout_ms.into()));
    }

    /// The host has sent a command. Counts for a discovery controller without Keep Alive only.
    pub(crate) fn activity(&mut self, now: Instant) {
        if self.timeout_ms == 0 {
            self.restart(now);
        }
    }

    /// When the host has been silent for too long; `None`: never.
    pub(crate) fn due(&self) -> Option<Instant> {
        self.due
    }

    /// The association has ended; nothing is due any more.
    pub(crate) fn stop(&mut self) {
        self.due = None;
    }
}
