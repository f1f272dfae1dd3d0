//! After an upgrade: every service gets a process of the new program, one after the other, so that never more than one is
//! restarting.

use std::collections::VecDeque;

use rustix::process::Pid;

use super::Supervisor;
use crate::supervision::{Event, ServiceIndex, ServiceState};

/// The services that still run the old program.
#[derive(Debug, Default)]
pub(super) struct Renewals {
    waiting: VecDeque<ServiceIndex>,
    /// The one being restarted, and its old process.
    current: Option<(ServiceIndex, Option<Pid>)>,
}

impl Renewals {
    pub(super) fn of(services: impl Iterator<Item = ServiceIndex>) -> Self {
        Self { waiting: services.collect(), current: None }
    }
}

impl Supervisor {
    /// Restarts the next service once the one before is ready again, or cannot become so.
    pub(super) fn renew(&mut self) {
        if let Some((index, old)) = self.renewals.current {
            let under_way = match self.supervision.state(index) {
                ServiceState::Starting | ServiceState::Stopping => true,
                ServiceState::Ready => self.services[index.0].process_id() == old,
                _ => false,
            };
            if under_way {
                return;
            }
            self.renewals.current = None;
        }
        let Some(index) = self.renewals.waiting.pop_front() else { return };
        let managed = &self.services[index.0];
        tracing::info!("{}: being restarted as the new program", managed.definition.name);
        self.renewals.current = Some((index, managed.process_id()));
        self.handle(Event::RestartService(index));
    }
}
