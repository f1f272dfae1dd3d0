//! Whether the poll groups still come around: what a watchdog asks.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use crate::gauges::GroupGauges;
use crate::poll_group::Message;
use crate::service::GroupAddress;

/// Asks the poll groups for a sign of life. Made by [`Service::heartbeat`](crate::Service::heartbeat); each has its own
/// asker, so make one for each watchdog only.
///
/// ```no_run
/// # fn watch(service: &nvme_target::Service) {
/// let mut heartbeat = service.heartbeat();
/// loop {
///     // When the watchdog's time has come:
///     if heartbeat.silent().next().is_none() {
///         // … tell whoever watches that the service is alive …
///         heartbeat.ask();
///     }
/// #   break;
/// }
/// # }
/// ```
///
/// Cost: a message and a wake-up for each group and question. The data path has no part in it.
#[derive(Debug)]
pub struct Heartbeat {
    groups: Arc<[GroupAddress]>,
    gauges: Arc<[GroupGauges]>,
    asked: u64,
}

impl Heartbeat {
    pub(crate) fn new(groups: Arc<[GroupAddress]>, gauges: Arc<[GroupGauges]>) -> Self {
        Self { groups, gauges, asked: 0 }
    }

    /// Asks every group. To be called again once all have answered: a group that hangs would collect questions.
    pub fn ask(&mut self) {
        self.asked += 1;
        for group in &*self.groups {
            group.send(Message::Heartbeat(self.asked));
        }
    }

    /// The groups, by index, that have not begun a pass since they were last asked.
    pub fn silent(&self) -> impl Iterator<Item = usize> {
        let answered = |gauges: &GroupGauges| gauges.answered_heartbeat.load(Ordering::Relaxed);
        let silent = self.gauges.iter().enumerate().filter(move |(_, gauges)| answered(gauges) < self.asked);
        silent.map(|(index, _)| index)
    }
}
