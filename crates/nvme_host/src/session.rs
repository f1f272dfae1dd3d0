//! One I/O queue that survives the loss of its connection.
//!
//! What was outstanding when a connection is lost is submitted again on the next one. That is right for reads, writes
//! and flushes that the caller has not yet been told about: carried out twice they leave what they leave once.
//!
//! Blocks the calling thread; a program with many queues drives them through a
//! [`PollGroup`](crate::PollGroup) itself.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::io;

use nvme::base::command::SubmissionQueueEntry;
use reactor::IdlePolicy;

use crate::backoff::{Backoff, ReconnectPolicy};
use crate::buffer::DataBuffer;
use crate::controller::Controller;
use crate::error::{CommandError, ConnectError};
use crate::establish::pause;
use crate::namespace::{Namespace, NamespaceError};
use crate::options::ConnectOptions;
use crate::poll_group::{PollGroup, QueueKey, Wait};
use crate::queue::{Completion, Request, Transfer};

/// How often one command is submitted again before its failure is told.
pub const LOSSES_MAXIMUM: u32 = 10;

/// Why a session cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// No connection, and the policy's patience is at its end.
    #[error("no connection to the controller")]
    Connect(#[from] ConnectError),
    /// The controller grants no I/O queue.
    #[error("cannot get an I/O queue")]
    Queues(#[source] CommandError),
    /// A command failed for a reason that another connection does not mend.
    #[error("{command} of {blocks} blocks from block {first_block} on failed")]
    Command {
        /// Its name.
        command: &'static str,
        /// First block.
        first_block: u64,
        /// Number of blocks.
        blocks: u64,
        /// Its fate.
        #[source]
        source: CommandError,
    },
    /// The event loop failed.
    #[error("cannot wait for the network")]
    EventLoop(#[source] io::Error),
    /// The namespace cannot be used.
    #[error(transparent)]
    Namespace(#[from] NamespaceError),
}

/// A connection, while there is one.
#[derive(Debug)]
struct Link {
    controller: Controller,
    group: PollGroup,
    key: QueueKey,
}

/// A command that has been handed over and not come back; its index in the table is its token on the queue.
#[derive(Debug)]
struct HandedOver {
    token: u64,
    command: SubmissionQueueEntry,
    direction: Direction,
    /// How often it was lost.
    losses: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Direction {
    None,
    Write,
    Read,
}

/// An I/O queue that survives the loss of its connection.
#[derive(Debug)]
pub struct Session {
    options: ConnectOptions,
    policy: ReconnectPolicy,
    link: Link,
    handed_over: Vec<Option<HandedOver>>,
    completions: Vec<Completion>,
}

impl Session {
    /// Connects, with one I/O queue for up to `depth` commands.
    ///
    /// # Errors
    /// [`SessionError::Connect`] or [`SessionError::Queues`]. The first connection is tried once: a wrong address
    /// should be told at once.
    pub fn connect(options: ConnectOptions, policy: ReconnectPolicy, depth: u16) -> Result<Self, SessionError> {
        let link = Link::new(&options, depth)?;
        let mut handed_over = Vec::new();
        handed_over.resize_with(usize::from(link.group.queue(link.key).depth()), || None);
        Ok(Self { options, policy, link, handed_over, completions: Vec::new() })
    }

    /// The controller, for admin commands. Not the same one after a reconnect.
    #[must_use]
    pub fn controller(&self) -> &Controller {
        &self.link.controller
    }

    /// Most commands that can be handed over at once.
    #[must_use]
    pub fn depth(&self) -> usize {
        self.handed_over.len()
    }

    /// Number of commands handed over.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.handed_over.iter().flatten().count()
    }

    /// Hands a command over.
    ///
    /// # Panics
    /// When [`depth`](Self::depth) commands are handed over already.
    pub fn submit(&mut self, request: Request) {
        let Request { token, command, transfer } = request;
        let (direction, buffer) = match transfer {
            Transfer::None => (Direction::None, DataBuffer::default()),
            Transfer::Write(buffer) => (Direction::Write, buffer),
            Transfer::Read(buffer) => (Direction::Read, buffer),
        };
        let Some(place) = self.handed_over.iter().position(Option::is_none) else {
            panic!("more than {} commands handed over", self.depth());
        };
        self.handed_over[place] = Some(HandedOver { token, command, direction, losses: 0 });
        self.resubmit(place, buffer);
    }

    fn resubmit(&mut self, place: usize, buffer: DataBuffer) {
        let Some(handed_over) = &self.handed_over[place] else {
            unreachable!("a command that is not handed over");
        };
        let transfer = match handed_over.direction {
            Direction::None => Transfer::None,
            Direction::Write => Transfer::Write(buffer),
            Direction::Read => Transfer::Read(buffer),
        };
        let request = Request { token: place as u64, command: handed_over.command, transfer };
        if self.link.group.submit(self.link.key, request).is_err() {
            unreachable!("the queue has an entry for each command that can be handed over");
        }
    }

    /// Waits for a command to be over, reconnecting where needed.
    ///
    /// # Errors
    /// [`SessionError::Connect`] when there is no connection to be had within the policy's patience; the commands that
    /// were handed over are then lost.
    ///
    /// # Panics
    /// When no command is handed over.
    pub fn wait(&mut self) -> Result<Completion, SessionError> {
        assert!(self.in_flight() > 0, "nothing to wait for");
        loop {
            if let Some(completion) = self.completions.pop() {
                if self.may_be_retried(&completion) {
                    self.retry(completion)?;
                    continue;
                }
                return Ok(self.hand_back(completion));
            }
            self.link.group.poll(Wait::Forever, &mut self.completions).map_err(SessionError::EventLoop)?;
        }
    }

    /// Whether a command failed on its way, and not so often that the command itself may be the cause.
    fn may_be_retried(&mut self, completion: &Completion) -> bool {
        let place = usize::try_from(completion.token).unwrap_or(usize::MAX);
        let Some(Some(handed_over)) = self.handed_over.get_mut(place) else {
            return false;
        };
        handed_over.losses += 1;
        is_transport_failure(completion) && handed_over.losses <= LOSSES_MAXIMUM
    }

    fn hand_back(&mut self, completion: Completion) -> Completion {
        let place = usize::try_from(completion.token).unwrap_or(usize::MAX);
        match self.handed_over.get_mut(place).and_then(Option::take) {
            Some(handed_over) => Completion { token: handed_over.token, ..completion },
            None => unreachable!("completion of a command that is not handed over"),
        }
    }

    /// Submits again what a lost connection, or damaged data, kept from being done.
    fn retry(&mut self, failed: Completion) -> Result<(), SessionError> {
        let mut again = vec![failed];
        if let Some(lost) = self.link.group.queue(self.link.key).lost() {
            tracing::warn!(peer = %self.options.address, cause = %lost.failure(), "reconnecting");
            // Everything that was outstanding has come back with the same cause.
            again.extend(self.completions.extract_if(.., |completion| is_transport_failure(completion)));
            self.reconnect()?;
        }
        for Completion { token, buffer, .. } in again {
            let place = usize::try_from(token).unwrap_or(usize::MAX);
            self.resubmit(place, buffer);
        }
        Ok(())
    }

    fn reconnect(&mut self) -> Result<(), SessionError> {
        let mut backoff = Backoff::new(self.policy);
        let depth = u16::try_from(self.depth()).unwrap_or(u16::MAX);
        loop {
            match Link::new(&self.options, depth) {
                Ok(link) if usize::from(link.group.queue(link.key).depth()) >= self.depth() => {
                    self.link = link;
                    return Ok(());
                }
                Ok(_) => {
                    return Err(ConnectError::Unusable("it grants a smaller queue than before").into());
                }
                Err(error) => match backoff.next_delay(random()) {
                    Some(delay) => {
                        tracing::info!(peer = %self.options.address, %error, ?delay, "trying again");
                        pause(&mut self.link.group, delay).map_err(SessionError::EventLoop)?;
                    }
                    None => return Err(error),
                },
            }
        }
    }

    // ------------------------------------------------------------- conveniences

    /// Asks about a namespace.
    ///
    /// # Errors
    /// [`SessionError::Namespace`].
    pub fn namespace(&self, id: u32) -> Result<Namespace, SessionError> {
        Ok(Namespace::identify(&self.link.controller, id)?)
    }

    /// Makes all that was written before durable.
    ///
    /// # Errors
    /// [`SessionError`].
    pub fn flush(&mut self, namespace: &Namespace) -> Result<(), SessionError> {
        self.submit(Request { token: 0, command: namespace.flush_command(), transfer: Transfer::None });
        let completion = self.wait()?;
        completion.outcome.map(|_| ()).map_err(|source| SessionError::Command {
            command: "Flush",
            first_block: 0,
            blocks: namespace.block_count,
            source,
        })
    }
}

impl Link {
    fn new(options: &ConnectOptions, depth: u16) -> Result<Self, SessionError> {
        let controller = Controller::connect(options.clone())?;
        controller.request_queues(1).map_err(SessionError::Queues)?;
        let queue = controller.connect_queue(depth)?;
        let mut group = PollGroup::new(IdlePolicy::DEFAULT).map_err(SessionError::EventLoop)?;
        let key = group.add(queue).map_err(SessionError::EventLoop)?;
        Ok(Self { controller, group, key })
    }
}

fn is_transport_failure(completion: &Completion) -> bool {
    completion.outcome.as_ref().is_err_and(CommandError::is_transport)
}

/// Random enough to spread hosts over time.
fn random() -> u32 {
    let [a, b, c, d, ..] = RandomState::new().build_hasher().finish().to_le_bytes();
    u32::from_le_bytes([a, b, c, d])
}
