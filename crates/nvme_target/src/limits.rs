//! Every limit of a target in one place: what a host may ask for, and what it is given.
//!
//! [`Limits`] is what an operator may choose; the constants are fixed by the specification or by what a larger value
//! would cost.

use std::ops::RangeInclusive;

use reactor::clock::Duration;

/// Namespace identifiers go from 1 to this (Identify Controller's NN). The table of namespaces has a place for each, so
/// that finding one is an index and no search.
pub const NAMESPACES_MAXIMUM: u32 = 1024;
/// Largest Admin queue, in entries. Hosts use 32; an entry costs some 200 bytes.
pub const ADMIN_QUEUE_ENTRIES_MAXIMUM: u16 = 256;
/// Smallest Admin queue, in entries. Spec: NVMe Base 2.0 §3.3.1.3.
pub const ADMIN_QUEUE_ENTRIES_MINIMUM: u16 = 32;
/// In-capsule data of an Admin queue, in bytes; fixed by the transport. Spec: NVMe/TCP 1.0 §3.3.1.
pub const ADMIN_IN_CAPSULE_DATA_BYTES: u32 = nvme::tcp::limits::ADMIN_IN_CAPSULE_BYTES;
/// Asynchronous Event Requests that a controller holds at once (Identify Controller's AERL + 1). The specification
/// recommends four.
pub const ASYNC_EVENT_REQUESTS_MAXIMUM: u8 = 4;
/// Entries in a controller's error log (Identify Controller's ELPE + 1); 64 bytes each.
pub const ERROR_LOG_ENTRIES: u8 = 64;
/// Granularity of the Keep Alive Timer in units of 100 ms (Identify Controller's KAS): timeouts are rounded up to it.
pub const KEEP_ALIVE_GRANULARITY_100MS: u16 = 1;
/// A discovery controller without Keep Alive Timeout lives this long, in milliseconds, after the last command.
/// Spec: NVMe Base 2.0 §3.1.2.3 (activity timeout).
pub const DISCOVERY_ACTIVITY_TIMEOUT_MS: u32 = 120_000;
/// Longest wait for a controller to become ready, in units of 500 ms (CAP.TO). It is ready at once; the rest is for a
/// host whose request is stuck in a busy network.
pub const READY_TIMEOUT_500MS: u8 = 10;
/// Ranges of one Dataset Management command. Spec: NVM Command Set 1.0 §3.2.3.
pub const DEALLOCATE_RANGES_MAXIMUM: u16 = 256;

/// A connection that has not completed Connect by then is closed.
pub const CONNECT_LIMIT: Duration = Duration::from_secs(10);
/// A connection on which the host owes bytes (half a PDU, data that were asked for) or takes none, and nothing has moved
/// for this long, is closed. Half of the Linux host's own I/O timeout of 30 s, so that it still recovers in time.
pub const STALL_LIMIT: Duration = Duration::from_secs(15);
/// How long a closing connection may take to get its last words out and to be closed by the host, which the
/// specification allows up to 30 s. Spec: NVMe/TCP 1.0 §3.5 (connection termination).
pub const LAST_WORDS_LIMIT: Duration = Duration::from_secs(5);
/// Most bytes that one pass writes to one connection while its payloads are small.
pub const SEND_BYTES_PER_PASS_MAXIMUM: usize = 512 * 1024;
/// The same once a payload of [`LARGE_PAYLOAD_BYTES`] or more is among them: more would only fall out of the cache.
pub const SEND_LARGE_BYTES_PER_PASS_MAXIMUM: usize = 256 * 1024;
/// From this size on a payload counts as large.
pub const LARGE_PAYLOAD_BYTES: u32 = 64 * 1024;
/// Bytes that one pass receives from one socket, at most, and so the size of a group's staging buffer.
pub const RECEIVE_BYTES_PER_PASS_MAXIMUM: usize = 256 * 1024;
/// How long accepting pauses when the process has no descriptors left.
pub const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// Requests that one group may have at its devices at once. More wait in the device queue.
pub const DEVICE_REQUESTS_MAXIMUM: u32 = 1024;
/// How long [`Service::stop`](crate::Service::stop) lets commands in flight end before it closes their connections.
pub const DRAIN_LIMIT: Duration = Duration::from_secs(2);

/// I/O queues for each controller, as the Number of Queues feature can express them.
pub const IO_QUEUES_RANGE: RangeInclusive<u16> = 1..=1024;
/// Entries for each I/O queue.
pub const QUEUE_ENTRIES_RANGE: RangeInclusive<u16> = 2..=4096;
/// In-capsule data for each I/O command, in bytes: a multiple of [`IN_CAPSULE_UNIT_BYTES`].
pub const IN_CAPSULE_DATA_RANGE: RangeInclusive<u32> = 0..=65_536;
/// Unit in which Identify Controller counts capsule sizes. Spec: NVMe Base 2.0 §5.17.2.1 (IOCCSZ).
pub const IN_CAPSULE_UNIT_BYTES: u32 = 16;
/// Data of one command, in bytes: a power of two. More than 1 MiB is more than the buffer pool's largest class.
pub const TRANSFER_RANGE: RangeInclusive<u32> = 4096..=1 << 20;
/// Controllers at once; the identifiers from FFF0h on are reserved.
pub const CONTROLLERS_RANGE: RangeInclusive<u16> = 1..=0xffef;

/// What an operator may choose for a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Most I/O queues of one controller, in [`IO_QUEUES_RANGE`].
    pub io_queues: u16,
    /// Most entries of one I/O queue, in [`QUEUE_ENTRIES_RANGE`].
    pub queue_entries: u16,
    /// Most data inside one I/O command's capsule, in bytes, in [`IN_CAPSULE_DATA_RANGE`].
    pub in_capsule_data_bytes: u32,
    /// Most data of one command, in bytes, in [`TRANSFER_RANGE`].
    pub transfer_bytes: u32,
    /// Most controllers at once, discovery controllers included, in [`CONTROLLERS_RANGE`].
    pub controllers: u16,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            io_queues: 128,
            queue_entries: 1024,
            in_capsule_data_bytes: 8192,
            transfer_bytes: 1 << 20,
            controllers: 1024,
        }
    }
}

/// A limit that is outside of what it may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{name} is {value}; {accepted} is accepted")]
pub struct LimitError {
    /// Which limit.
    pub name: &'static str,
    /// What it was set to.
    pub value: u32,
    /// What would be accepted.
    pub accepted: &'static str,
}

impl Limits {
    /// Checks each limit.
    ///
    /// # Errors
    /// The first one that is outside of its range.
    pub fn check(&self) -> Result<(), LimitError> {
        let refuse = |name, value, accepted| Err(LimitError { name, value, accepted });
        if !IO_QUEUES_RANGE.contains(&self.io_queues) {
            return refuse("the number of I/O queues", self.io_queues.into(), "1 to 1024");
        }
        if !QUEUE_ENTRIES_RANGE.contains(&self.queue_entries) {
            return refuse("the number of queue entries", self.queue_entries.into(), "2 to 4096");
        }
        let in_capsule = self.in_capsule_data_bytes;
        if !IN_CAPSULE_DATA_RANGE.contains(&in_capsule) || !in_capsule.is_multiple_of(IN_CAPSULE_UNIT_BYTES) {
            return refuse("the in-capsule data size", in_capsule, "a multiple of 16 up to 65536 bytes");
        }
        if !TRANSFER_RANGE.contains(&self.transfer_bytes) || !self.transfer_bytes.is_power_of_two() {
            return refuse("the transfer size", self.transfer_bytes, "a power of two from 4096 to 1048576 bytes");
        }
        if !CONTROLLERS_RANGE.contains(&self.controllers) {
            return refuse("the number of controllers", self.controllers.into(), "1 to 65519");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_within_the_ranges() {
        Limits::default().check().unwrap();
    }

    #[test]
    fn each_limit_is_checked_and_named() {
        let good = Limits::default();
        for (limits, name) in [
            (Limits { io_queues: 0, ..good }, "the number of I/O queues"),
            (Limits { queue_entries: 1, ..good }, "the number of queue entries"),
            (Limits { in_capsule_data_bytes: 8, ..good }, "the in-capsule data size"),
            (Limits { in_capsule_data_bytes: 1 << 20, ..good }, "the in-capsule data size"),
            (Limits { transfer_bytes: 4097, ..good }, "the transfer size"),
            (Limits { transfer_bytes: 2 << 20, ..good }, "the transfer size"),
            (Limits { controllers: 0, ..good }, "the number of controllers"),
        ] {
            assert_eq!(limits.check().unwrap_err().name, name);
        }
    }
}
