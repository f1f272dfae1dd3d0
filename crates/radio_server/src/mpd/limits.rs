//! Limits on what MPD clients can make the server hold.

use std::time::Duration;

/// Longest line of a client, in bytes. The longest that clients send are filters and paths; a path has at most 4096 bytes.
pub(super) const LINE_BYTES_MAX: usize = 64 << 10;

/// Words of a line, the command's name included.
pub(super) const WORDS_MAX: usize = 1024;

/// Bytes of all lines of one command list. Parity: MPD's `max_command_list_size`.
pub(super) const LIST_BYTES_MAX: usize = 2 << 20;

/// Clients at a time. Parity: MPD's `max_connections`.
pub(super) const CLIENTS_MAX: usize = 100;

/// How long a client may be silent that does not wait for something. Parity: MPD's `connection_timeout`.
pub(super) const SILENCE_MAX: Duration = Duration::from_secs(60);

/// Bytes that the answer to one command, or one list of commands, may have. A listing of 200,000 songs has some 60 MiB.
pub(super) const ANSWER_BYTES_MAX: usize = 256 << 20;

/// Most bytes of a picture in one answer that a client can ask for, and how many it gets without asking. Parity: MPD.
pub(super) const BINARY_BYTES_MAX: usize = 4 << 20;

/// Least bytes of a picture in one answer that a client can ask for. Parity: MPD.
pub(super) const BINARY_BYTES_LEAST: usize = 64;

/// Largest picture that is sent, in bytes.
pub(super) const PICTURE_BYTES_MAX: u64 = 64 << 20;

/// Deepest nesting of parentheses in a filter.
pub(super) const FILTER_DEPTH_MAX: usize = 32;

/// Channels that one client subscribes to. Parity: MPD.
pub(super) const SUBSCRIPTIONS_MAX: usize = 16;

/// Messages that wait for one client; further ones are dropped. Parity: MPD.
pub(super) const MESSAGES_MAX: usize = 64;
