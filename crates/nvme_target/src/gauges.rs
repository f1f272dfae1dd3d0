//! What queues and poll groups show of themselves while they run.
//!
//! Each gauge has one writer, the thread that owns the queue or group, which stores plain values once a pass; anybody may
//! read. Cost: a relaxed store is an ordinary store, into a cache line that nobody else writes; no atomic addition.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use crate::statistics::Totals;

/// What a queue looks like from outside, for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueueSummary {
    /// Its identifier; 0 is the Admin queue.
    pub id: u16,
    /// Its size.
    pub entries: u16,
    /// The host's end of its connection.
    pub peer_address: SocketAddr,
    /// Commands that have no response yet, or whose response has not left, as of the last pass.
    pub commands_in_flight: u32,
    /// What the host has read and written through it.
    pub totals: Totals,
}

/// The gauges of a queue.
#[derive(Debug)]
pub(crate) struct QueueGauges {
    entries: u16,
    peer_address: SocketAddr,
    commands_in_flight: AtomicU32,
    read_commands: AtomicU64,
    read_bytes: AtomicU64,
    write_commands: AtomicU64,
    written_bytes: AtomicU64,
    media_errors: AtomicU64,
}

impl QueueGauges {
    pub(crate) fn new(entries: u16, peer_address: SocketAddr) -> Self {
        Self {
            entries,
            peer_address,
            commands_in_flight: AtomicU32::new(0),
            read_commands: AtomicU64::new(0),
            read_bytes: AtomicU64::new(0),
            write_commands: AtomicU64::new(0),
            written_bytes: AtomicU64::new(0),
            media_errors: AtomicU64::new(0),
        }
    }

    /// Adds counts. For the queue's own thread only.
    pub(crate) fn count(&self, totals: &Totals) {
        raise(&self.read_commands, totals.read_commands);
        raise(&self.read_bytes, totals.read_bytes);
        raise(&self.write_commands, totals.write_commands);
        raise(&self.written_bytes, totals.written_bytes);
        raise(&self.media_errors, totals.media_errors);
    }

    /// Says how many commands are under way. For the queue's own thread only.
    #[inline]
    pub(crate) fn set_commands_in_flight(&self, count: u32) {
        self.commands_in_flight.store(count, Ordering::Relaxed);
    }

    pub(crate) fn summary(&self, id: u16) -> QueueSummary {
        QueueSummary {
            id,
            entries: self.entries,
            peer_address: self.peer_address,
            commands_in_flight: self.commands_in_flight.load(Ordering::Relaxed),
            totals: Totals {
                read_commands: self.read_commands.load(Ordering::Relaxed),
                read_bytes: self.read_bytes.load(Ordering::Relaxed),
                write_commands: self.write_commands.load(Ordering::Relaxed),
                written_bytes: self.written_bytes.load(Ordering::Relaxed),
                media_errors: self.media_errors.load(Ordering::Relaxed),
            },
        }
    }
}

/// The gauges of a poll group. On a cache line of its own: each group writes its own in every pass.
#[derive(Debug, Default)]
#[repr(align(64))]
pub(crate) struct GroupGauges {
    /// Rounds of its loop.
    pub(crate) passes: AtomicU64,
    /// Rounds in which it went to sleep, having found nothing to do.
    pub(crate) sleeps: AtomicU64,
    /// Open connections.
    pub(crate) connections: AtomicU64,
    /// Connections that became its own since the start.
    pub(crate) adopted: AtomicU64,
    /// Requests at its devices.
    pub(crate) at_devices: AtomicU64,
    /// Commands that wait for a buffer.
    pub(crate) waiting_for_buffers: AtomicU64,
    /// The latest heartbeat that it has answered.
    pub(crate) answered_heartbeat: AtomicU64,
}

impl GroupGauges {
    /// Counts one more. For the group's own thread only.
    pub(crate) fn count_one(counter: &AtomicU64) {
        raise(counter, 1);
    }
}

/// Adds to a counter that has no other writer.
#[inline]
fn raise(counter: &AtomicU64, count: u64) {
    if count != 0 {
        counter.store(counter.load(Ordering::Relaxed).wrapping_add(count), Ordering::Relaxed);
    }
}
