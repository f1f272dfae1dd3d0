//! Every limit of the control socket, with its unit and its reason.

use reactor::clock::Duration;

/// Longest request, in bytes, from its first to its last brace. The longest real ones are log patterns.
pub const REQUEST_BYTES_MAX: usize = 1 << 20;

/// Deepest nesting of a request. A request needs two; the rest is for exotic ids. Below the JSON parser's own 128.
pub const NESTING_MAX: u32 = 100;

/// Longest reply that a client takes, in bytes. Memory grows with what has arrived, never with what is announced.
pub const REPLY_BYTES_MAX: usize = 64 << 20;

/// Connections at a time. One more closes the one that has been idle for longest.
pub const CONNECTIONS_MAX: usize = 512;

/// Connections accepted in one turn of the loop, so that a flood of them cannot starve the requests.
pub const ACCEPTS_PER_TURN: usize = 10;

/// Requests answered for one connection in one turn of the loop, so that one peer cannot starve the others.
pub const REQUESTS_PER_TURN: usize = 10;

/// Bytes read from one connection at a time.
pub const READ_BYTES: usize = 16 << 10;

/// No request is taken from a peer that has left more bytes than this unread.
pub const UNSENT_BYTES_MAX: usize = 1 << 20;

/// A connection without a command in progress that says nothing for this long is closed.
pub const IDLE_TIMEOUT: Duration = Duration::from_mins(10);

/// Connections that the kernel keeps waiting for us.
pub const BACKLOG: i32 = 64;

/// How long a server that is told to stop goes on to answer what it has received and to send its answers.
pub const DRAIN_TIMEOUT: Duration = Duration::from_secs(1);

/// How long to wait for another instance that is binding or cleaning up in the same directory.
pub const DIRECTORY_LOCK_TIMEOUT: Duration = Duration::from_secs(1);

/// How long the accept loop waits when neither a reserve descriptor nor an idle connection can be given up.
pub const ACCEPT_RETRY: Duration = Duration::from_secs(1);
