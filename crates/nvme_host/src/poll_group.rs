//! The queues that one thread drives.
//!
//! A pass ([`PollGroup::poll`]) writes what was submitted since the last one, one system call for each connection with
//! something to say, waits for readiness (it spins, then blocks), and reads what came, one system call for each
//! connection. Completions are handed out in a list that the caller keeps.
//!
//! ```text
//!  submit, submit, submit ─► poll: send ─► wait ─► receive ─► completions ─► submit, …
//! ```

use std::io;

use mio::Token;
use reactor::clock::Instant;
use reactor::event_loop::WAKER_TOKEN;
use reactor::vectored::{DestinationList, SourceList};
use reactor::{EventLoop, IdlePolicy, RemoteWaker};

use crate::queue::{Completion, Queue, QueueFull, Request, Resources};

/// Bytes that one pass receives from one socket, at most, beside those received straight into place.
pub const RECEIVE_BYTES_PER_PASS: usize = 256 * 1024;

/// Names a queue within its group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueueKey(usize);

/// How long a pass may wait for something to happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wait {
    /// Only look.
    No,
    /// Until then.
    Until(Instant),
    /// As long as it takes.
    Forever,
}

/// The queues of one thread, and the event loop that drives them.
#[derive(Debug)]
pub struct PollGroup {
    event_loop: EventLoop,
    queues: Vec<Option<Queue>>,
    resources: Resources,
    /// Completions of commands that were over before they were sent.
    early: Vec<Completion>,
}

impl PollGroup {
    /// A group without queues.
    ///
    /// # Errors
    /// When the kernel grants no event loop (usually: too many open files).
    pub fn new(policy: IdlePolicy) -> io::Result<Self> {
        let event_loop = EventLoop::new(policy)?;
        let resources = Resources {
            now: event_loop.now(),
            staging: vec![0; RECEIVE_BYTES_PER_PASS].into_boxed_slice(),
            sources: SourceList::new(),
            destinations: DestinationList::new(),
        };
        Ok(Self { event_loop, queues: Vec::new(), resources, early: Vec::new() })
    }

    /// Takes a queue in.
    ///
    /// # Errors
    /// When its socket cannot be registered. The queue is then closed.
    pub fn add(&mut self, mut queue: Queue) -> io::Result<QueueKey> {
        let index = self.queues.iter().position(Option::is_none).unwrap_or(self.queues.len());
        queue.register(self.event_loop.registry(), Token(index))?;
        if index == self.queues.len() {
            self.queues.push(Some(queue));
        } else {
            self.queues[index] = Some(queue);
        }
        Ok(QueueKey(index))
    }

    /// Takes a queue out, with whatever is outstanding on it.
    ///
    /// # Panics
    /// When the key is not of a queue in this group.
    pub fn remove(&mut self, key: QueueKey) -> Queue {
        let Some(mut queue) = self.queues[key.0].take() else {
            panic!("{key:?} was removed before");
        };
        queue.deregister(self.event_loop.registry());
        queue
    }

    /// The queue with this key.
    ///
    /// # Panics
    /// When the key is not of a queue in this group.
    #[must_use]
    pub fn queue(&self, key: QueueKey) -> &Queue {
        match &self.queues[key.0] {
            Some(queue) => queue,
            None => panic!("{key:?} was removed before"),
        }
    }

    pub(crate) fn queue_mut(&mut self, key: QueueKey) -> &mut Queue {
        match &mut self.queues[key.0] {
            Some(queue) => queue,
            None => panic!("{key:?} was removed before"),
        }
    }

    /// Queues a command; the next pass sends it.
    ///
    /// # Errors
    /// [`QueueFull`] gives the request back when [`Queue::depth`] commands are outstanding.
    ///
    /// # Panics
    /// When the key is not of a queue in this group.
    #[inline]
    pub fn submit(&mut self, key: QueueKey, request: Request) -> Result<(), QueueFull> {
        let Some(queue) = &mut self.queues[key.0] else {
            panic!("{key:?} was removed before");
        };
        queue.submit(request, self.resources.now, &mut self.early)
    }

    /// The time of the latest pass.
    #[must_use]
    pub fn now(&self) -> Instant {
        self.event_loop.now()
    }

    /// Makes the current or next pass of another thread's group return.
    #[must_use]
    pub fn waker(&self) -> RemoteWaker {
        self.event_loop.waker()
    }

    /// One pass. Adds the commands that are over to `completions`; there may be none even though time was left.
    ///
    /// # Errors
    /// When waiting for events fails, which leaves nothing to be done with the group.
    pub fn poll(&mut self, wait: Wait, completions: &mut Vec<Completion>) -> io::Result<()> {
        completions.append(&mut self.early);
        for queue in self.queues.iter_mut().flatten() {
            queue.transmit(&mut self.resources, completions);
        }
        self.wait(wait, !completions.is_empty())?;
        for queue in self.queues.iter_mut().flatten() {
            queue.receive(&mut self.resources, completions);
            queue.handle_timeout(self.resources.now, completions);
        }
        Ok(())
    }

    fn wait(&mut self, wait: Wait, more_to_do: bool) -> io::Result<()> {
        let busy = self.queues.iter().flatten().any(Queue::has_work);
        let limit = match wait {
            Wait::No => Some(self.resources.now),
            Wait::Until(at) => Some(at),
            Wait::Forever => None,
        };
        let due = self.queues.iter().flatten().filter_map(Queue::next_deadline);
        let deadline = due.chain(limit).min();
        for event in self.event_loop.turn(more_to_do || busy || wait == Wait::No, deadline)? {
            if event.token() == WAKER_TOKEN {
                continue;
            }
            if let Some(Some(queue)) = self.queues.get_mut(event.token().0) {
                queue.ready(event);
            }
        }
        self.resources.now = self.event_loop.now();
        Ok(())
    }
}
