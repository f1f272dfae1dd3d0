//! What hosts have read and written.
//!
//! Each queue counts for itself in plain integers ([`Totals`]) and adds them to its controller's and the target's atomics
//! once a pass, so that a command costs no atomic operation.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counts of one kind of use, or of several added together. Bytes are bytes: units are made when a page is built, so
/// that nothing is lost between commands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// Read commands that succeeded.
    pub read_commands: u64,
    /// Bytes that they returned.
    pub read_bytes: u64,
    /// Write commands that succeeded.
    pub write_commands: u64,
    /// Bytes that they stored.
    pub written_bytes: u64,
    /// Commands that ended with a media or data integrity error.
    pub media_errors: u64,
}

/// Counts that several queues add to.
#[derive(Debug, Default)]
pub(crate) struct Statistics {
    read_commands: AtomicU64,
    read_bytes: AtomicU64,
    write_commands: AtomicU64,
    written_bytes: AtomicU64,
    media_errors: AtomicU64,
}

impl Statistics {
    /// Adds counts. Most queues only read or only write for a while: what is zero costs no atomic operation.
    pub(crate) fn add(&self, totals: &Totals) {
        add(&self.read_commands, totals.read_commands);
        add(&self.read_bytes, totals.read_bytes);
        add(&self.write_commands, totals.write_commands);
        add(&self.written_bytes, totals.written_bytes);
        add(&self.media_errors, totals.media_errors);
    }

    pub(crate) fn totals(&self) -> Totals {
        Totals {
            read_commands: self.read_commands.load(Ordering::Relaxed),
            read_bytes: self.read_bytes.load(Ordering::Relaxed),
            write_commands: self.write_commands.load(Ordering::Relaxed),
            written_bytes: self.written_bytes.load(Ordering::Relaxed),
            media_errors: self.media_errors.load(Ordering::Relaxed),
        }
    }
}

fn add(counter: &AtomicU64, count: u64) {
    if count != 0 {
        counter.fetch_add(count, Ordering::Relaxed);
    }
}
