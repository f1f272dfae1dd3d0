//! Limits on what peers can make the server hold.

use std::time::Duration;

/// How long a connection may take until somebody has logged in. Parity: `para_server`'s 10 s.
pub const LOGIN_TIMEOUT: Duration = Duration::from_secs(10);

/// How long accepting waits when the kernel has no descriptors left: that passes when connections end.
pub const ACCEPT_PAUSE: Duration = Duration::from_secs(1);

/// Connections on which nobody has logged in yet; beyond it, new ones are closed at once. Each costs some 30 kB for
/// [`LOGIN_TIMEOUT`].
pub const HALF_OPEN_CONNECTIONS_MAXIMUM: usize = 4096;

/// Connections on which somebody is logged in.
pub const SESSIONS_MAXIMUM: usize = 256;

/// Channels of one connection: commands and shells that run beside each other.
pub const CHANNELS_PER_SESSION_MAXIMUM: usize = 10;

/// Threads that commands run on.
pub const COMMAND_THREADS_MAXIMUM: usize = 512;

/// How long the end of the server waits for connections over ssh to end by themselves: whoever asked for the end with `term` is
/// told that it was done, and leaves.
pub const LAST_WORDS_TIMEOUT: Duration = Duration::from_secs(1);

/// Attempts to log in on one connection.
pub const LOGIN_ATTEMPTS_MAXIMUM: usize = 6;

/// The longest command line, in bytes.
pub const COMMAND_LINE_BYTES_MAXIMUM: usize = 64 << 10;

/// Lines of a user's shell history that are kept.
pub const HISTORY_LINES_MAXIMUM: usize = 1000;

/// The longest answer of a command on the control socket, in bytes.
pub const CONTROL_ANSWER_BYTES_MAXIMUM: usize = 16 << 20;
