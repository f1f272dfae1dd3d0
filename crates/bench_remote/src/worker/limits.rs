//! Every limit of a worker, with its unit and its reason. Those that an operator sets are in
//! [`SessionLimits`](super::permissions::SessionLimits) and [`ListenerSettings`](super::listener::ListenerSettings).

use std::time::Duration;

/// Bytes of all job files and command lines of a session together. One alone meets a limit of the protocol.
pub const JOB_TEXT_BYTES_MAX: usize = 16 << 20;

/// Bytes of output that a session holds before it stops reading requests and taking results: several statistics of jobs. What a
/// front end does not read is not made.
pub const OUTPUT_BYTES_MAX: usize = 1 << 20;

/// Messages of a run that wait to be put into the output, each with at most one job's statistics or one log.
pub const MESSAGES_WAITING_MAX: usize = 16;

/// A front end that says nothing for so long before RUN is not coming back.
pub const SILENCE_BEFORE_RUN: Duration = Duration::from_secs(120);

/// How long a session whose run is over waits for the front end to take the rest and go.
pub const FAREWELL: Duration = Duration::from_secs(60);

/// How long a connection on which all is said is kept for the other end to close it.
pub const LINGER: Duration = Duration::from_secs(2);

/// How long a job waits for the verify state that it has asked the front end for.
pub const STATE_PATIENCE: Duration = Duration::from_secs(30);

/// How long jobs may take to end when they are told to.
pub const STOP_PATIENCE: Duration = Duration::from_secs(30);

/// A connection that has not sent a whole frame header for so long is closed: it occupies a place.
pub const SILENCE_BEFORE_HEADER: Duration = Duration::from_secs(10);

/// A front end that says nothing for so long is asked by the kernel whether it is there.
pub const KEEPALIVE_IDLE: Duration = Duration::from_secs(30);

/// How long after one unanswered question the next is asked.
pub const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(10);

/// Unanswered questions after which it is gone.
pub const KEEPALIVE_PROBES: u32 = 3;

/// Connections without a frame header that are held. The oldest goes when another comes; front ends send theirs at once.
pub const UNKNOWN_CONNECTIONS_MAX: usize = 256;

/// Bytes of one line between listener and session: a list of directories is the longest.
pub const LINK_LINE_BYTES_MAX: usize = 1 << 20;

/// Runs that are over and still shown.
pub const ENDED_RUNS_SHOWN: usize = 32;

/// Files and directories that are looked at for what directories hold already: some seconds of a cold disk.
pub const SPACE_ENTRIES_MAX: usize = 1_000_000;
