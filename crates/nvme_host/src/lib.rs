//! An NVMe/TCP host in user space: what `tidegate nvme` and the load generator's NVMe engine are made of.
//!
//! ```text
//!  Controller ── admin thread ── Admin queue        connect, Identify, log pages, features, Keep Alive
//!      └─ connect_queue ─► Queue ─► PollGroup       any number of queues a thread: submit, poll
//!  Session = Controller + one queue                 blocking, survives lost connections
//!      └─ read_blocks, write_blocks                 streams of blocks, several commands at a time
//! ```
//!
//! The data path is [`PollGroup::submit`] and [`PollGroup::poll`]: one thread, its queues, one write and one read for
//! each connection and pass, no lock and no allocation. Buffers move with the commands, so there is no unsafe code.
//!
//! Invariants: a command is completed exactly once, whatever happens to the connection, and its buffer comes back with
//! it. A command that takes too long costs its whole queue: only the end of the connection makes its buffer safe to use.
//!
//! # What it does not implement
//! Authentication, TLS, multipath, asynchronous events, metadata and protection information, fused commands, Abort.
//!
//! Start reading at [`queue`](Queue), then `poll_group`. Specifications: NVM Express Base 2.0, NVMe/TCP 1.0.

mod admin_thread;
mod backoff;
mod buffer;
mod controller;
mod copy;
mod discovery;
mod error;
mod establish;
mod namespace;
mod options;
mod poll_group;
mod queue;
mod session;

pub use backoff::{Backoff, ReconnectPolicy};
pub use buffer::DataBuffer;
pub use controller::{ADMIN_QUEUE_ENTRIES, Controller, Digests, TRANSFER_BYTES_MAXIMUM};
pub use copy::{CopyError, CopyPlan, read_blocks, write_blocks};
pub use discovery::{DISCOVERY_ENTRIES_MAXIMUM, DiscoverError, Discovered, discover, read_discovery_log};
pub use error::{CommandError, ConnectError, ConnectionFailure, ConnectionLost};
pub use namespace::{Namespace, NamespaceError};
pub use options::{ConnectOptions, HostIdentity, IdentityError, QUEUE_ENTRIES_MINIMUM, SocketOptions};
pub use poll_group::{PollGroup, QueueKey, RECEIVE_BYTES_PER_PASS, Wait};
pub use queue::{Completion, Queue, QueueFull, Request, SEND_BYTES_PER_PASS, Transfer};
pub use session::{LOSSES_MAXIMUM, Session, SessionError};
