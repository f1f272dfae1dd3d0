//! What the reactor of the http sender shares with whoever controls it.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::senders::access::AccessList;

/// Shared by the reactor's thread and the sender's handle.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) control: Mutex<Control>,
    pub(super) counters: Counters,
}

/// What can be changed while it runs. The reactor looks at it for each new connection.
#[derive(Debug)]
pub(super) struct Control {
    pub(super) on: bool,
    pub(super) access: AccessList,
    pub(super) clients_max: Option<u32>,
}

/// What has happened. Only the reactor writes.
#[derive(Debug, Default)]
pub(super) struct Counters {
    /// Who listens right now.
    pub(super) listeners: AtomicU64,
    /// The most that ever did.
    pub(super) listeners_max: AtomicU64,
    /// All who ever did.
    pub(super) joined: AtomicU64,
    /// Connections of all kinds.
    pub(super) connections: AtomicU64,
    /// Requests that were refused.
    pub(super) refused: AtomicU64,
    /// Listeners that were dropped because they were too slow.
    pub(super) too_slow: AtomicU64,
    /// Bytes that were handed to the kernel.
    pub(super) bytes: AtomicU64,
    /// Writes that were made.
    pub(super) writes: AtomicU64,
    /// Bytes of the ring.
    pub(super) ring_bytes: AtomicU64,
    /// Turns of the loop, as a sign of life.
    pub(super) beats: AtomicU64,
}

impl Counters {
    /// One more of something. The reactor alone writes, so that no locked instruction is needed.
    pub(super) fn add(counter: &AtomicU64, count: u64) {
        counter.store(counter.load(Relaxed).wrapping_add(count), Relaxed);
    }

    /// Sets the number of listeners.
    pub(super) fn set_listeners(&self, count: usize) {
        let count = count as u64;
        self.listeners.store(count, Relaxed);
        if count > self.listeners_max.load(Relaxed) {
            self.listeners_max.store(count, Relaxed);
        }
    }
}
