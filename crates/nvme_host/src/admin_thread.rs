//! The thread that owns a controller's Admin queue.
//!
//! Commands come in through a channel and a waker, so any thread may ask; Keep Alives are sent whether or not anybody
//! does. When the last handle is gone the thread shuts the controller down and ends. It sleeps while there is nothing
//! to do.

use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError};

use nvme::base::command::{AdminOpcode, SubmissionQueueEntry};
use nvme::base::property::{ControllerConfiguration, ControllerStatus, PropertyOffset};
use nvme::fabrics::{PropertyGet, PropertySet, PropertySize};
use reactor::clock::{Duration, Instant};

use crate::buffer::DataBuffer;
use crate::error::{CommandError, ConnectionFailure, ConnectionLost};
use crate::establish::{execute, low_dword, pause};
use crate::poll_group::{PollGroup, QueueKey, Wait};
use crate::queue::{Completion, Request, Transfer};

/// Longest wait for a controller to say that it has shut down. It is a courtesy to the controller, not a need.
const SHUTDOWN_LIMIT: Duration = Duration::from_secs(1);
/// Pause between two looks at the controller's status.
pub(crate) const STATUS_PAUSE: Duration = Duration::from_millis(10);
/// Token of the commands that this thread sends of its own accord.
const OWN_TOKEN: u64 = u64::MAX;

/// What the other side of a request waits for.
pub(crate) type AdminOutcome = Result<(u64, DataBuffer), CommandError>;

/// A command for the Admin queue.
#[derive(Debug)]
pub(crate) struct AdminRequest {
    pub(crate) command: SubmissionQueueEntry,
    pub(crate) transfer: Transfer,
    pub(crate) reply: SyncSender<AdminOutcome>,
}

/// The state of the thread.
pub(crate) struct AdminThread {
    pub(crate) group: PollGroup,
    pub(crate) key: QueueKey,
    pub(crate) inbox: Receiver<AdminRequest>,
    /// Time between two Keep Alives.
    pub(crate) keep_alive_every: Option<Duration>,
    pub(crate) configuration: ControllerConfiguration,
}

impl AdminThread {
    /// Serves until every sender of requests is gone.
    pub(crate) fn run(mut self) {
        let mut waiting = VecDeque::new();
        let mut replies: Vec<Option<SyncSender<AdminOutcome>>> = Vec::new();
        replies.resize_with(usize::from(self.group.queue(self.key).depth()), || None);
        let mut completions = Vec::new();
        let mut keep_alive_at = self.keep_alive_every.map(|every| self.group.now() + every);
        while self.take_requests(&mut waiting) {
            self.submit_waiting(&mut waiting, &mut replies);
            self.keep_alive(&mut keep_alive_at);
            let wait = keep_alive_at.map_or(Wait::Forever, Wait::Until);
            if let Err(error) = self.group.poll(wait, &mut completions) {
                self.group.queue_mut(self.key).fail(ConnectionFailure::Socket(error), &mut completions);
            }
            for completion in completions.drain(..) {
                answer(completion, &mut replies);
            }
        }
        self.shut_down();
    }

    /// Returns whether there are still senders.
    fn take_requests(&self, waiting: &mut VecDeque<AdminRequest>) -> bool {
        loop {
            match self.inbox.try_recv() {
                Ok(request) => waiting.push_back(request),
                Err(TryRecvError::Empty) => return true,
                Err(TryRecvError::Disconnected) => return false,
            }
        }
    }

    fn submit_waiting(
        &mut self,
        waiting: &mut VecDeque<AdminRequest>,
        replies: &mut [Option<SyncSender<AdminOutcome>>],
    ) {
        for (token, place) in (0..).zip(replies) {
            if place.is_some() {
                continue;
            }
            let Some(AdminRequest { command, transfer, reply }) = waiting.pop_front() else {
                return;
            };
            match self.group.submit(self.key, Request { token, command, transfer }) {
                Ok(()) => *place = Some(reply),
                // A Keep Alive has taken the entry; the next pass finds it free again.
                Err(full) => {
                    waiting.push_front(AdminRequest { command, transfer: full.0.transfer, reply });
                    return;
                }
            }
        }
    }

    fn keep_alive(&mut self, at: &mut Option<Instant>) {
        let (Some(every), Some(due)) = (self.keep_alive_every, *at) else {
            return;
        };
        if self.group.queue(self.key).lost().is_some() {
            *at = None;
        } else if due <= self.group.now() {
            let command = SubmissionQueueEntry::new(AdminOpcode::KEEP_ALIVE.0, 0);
            // With the queue full the controller is busy with commands of ours, which is a sign of life as well.
            let _ = self.group.submit(self.key, Request { token: OWN_TOKEN, command, transfer: Transfer::None });
            *at = Some(due + every);
        }
    }

    /// Tells the controller that the host is done with it. Whether that arrives changes nothing: the controller learns
    /// it from the closed connection too.
    fn shut_down(&mut self) {
        if self.group.queue(self.key).lost().is_some() || self.group.queue(self.key).outstanding_count() > 0 {
            return;
        }
        let configuration = self.configuration.with_shutdown_notification(ControllerConfiguration::SHUTDOWN_NORMAL);
        let until = self.group.now() + SHUTDOWN_LIMIT;
        if write_configuration(&mut self.group, self.key, configuration).is_err() {
            return;
        }
        while self.group.now() < until {
            match read_status(&mut self.group, self.key) {
                Ok(status) if status.shutdown_status() != ControllerStatus::SHUTDOWN_COMPLETE => {}
                _ => return,
            }
            if pause(&mut self.group, STATUS_PAUSE).is_err() {
                return;
            }
        }
    }
}

fn answer(completion: Completion, replies: &mut [Option<SyncSender<AdminOutcome>>]) {
    let place = usize::try_from(completion.token).ok().and_then(|token| replies.get_mut(token));
    match place.map(Option::take) {
        Some(Some(reply)) => {
            // Who asked may have gone away.
            let _ = reply.send(completion.outcome.map(|result| (result, completion.buffer)));
        }
        _ => {
            if let Err(error) = completion.outcome {
                tracing::warn!(%error, "Keep Alive failed");
            }
        }
    }
}

/// Sets CC on a queue on which nothing else is outstanding.
pub(crate) fn write_configuration(
    group: &mut PollGroup,
    key: QueueKey,
    configuration: ControllerConfiguration,
) -> Result<(), CommandError> {
    let value = u64::from(configuration.0);
    let command = PropertySet::new(PropertyOffset::CONTROLLER_CONFIGURATION, PropertySize::FOUR_BYTES, value);
    execute(group, key, *command.as_entry(), Transfer::None).map(|_| ())
}

/// Reads CSTS on a queue on which nothing else is outstanding.
pub(crate) fn read_status(group: &mut PollGroup, key: QueueKey) -> Result<ControllerStatus, CommandError> {
    let command = PropertyGet::new(PropertyOffset::CONTROLLER_STATUS, PropertySize::FOUR_BYTES);
    execute(group, key, *command.as_entry(), Transfer::None).map(|(value, _)| ControllerStatus(low_dword(value)))
}

/// The outcome of a command that could not even be handed over.
pub(crate) fn gone() -> CommandError {
    ConnectionLost::new(ConnectionFailure::ClosedByHost).into()
}
