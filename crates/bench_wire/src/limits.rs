//! Every limit of the protocol, with its unit and its reason: what a peer's number is held against before it sizes anything.
//!
//! Memory grows with what has arrived, never with what is announced. A limit ends what a peer could make us keep.

use crate::opcode::Opcode;

/// Payload of one frame, in bytes. Fixed by the protocol: receivers refuse more.
pub const FRAGMENT_BYTES_MAX: usize = 1024;

/// Bytes of a job file or command line that a front end sends. fio's own job files have a few kilobytes; long bssplit or
/// filename lists reach a few hundred.
pub const JOB_BYTES_MAX: usize = 16 << 20;

/// Payload of a command without a length of its own that is larger than any known form, in bytes: text lines, progress with
/// one character for each job, packed options with patterns.
pub const SMALL_PAYLOAD_BYTES_MAX: usize = 1 << 20;

/// Payload of one job's statistics, in bytes: 180 KiB, 15 KiB for each priority and direction, 24 bytes for each second of
/// steady state. The rest of it is room for thousands of priorities.
pub const STATISTICS_BYTES_MAX: usize = 64 << 20;

/// Payload of one log, in bytes, as it is sent: six million samples without compression, a hundred million with it.
pub const LOG_BYTES_MAX: usize = 256 << 20;

/// Bytes that one compressed log may become. A stream that inflates to more is refused where it passes this.
pub const LOG_INFLATED_BYTES_MAX: usize = 1 << 30;

/// Bytes of a file with verify states: some kilobytes for each job.
pub const VERIFY_STATE_BYTES_MAX: usize = 16 << 20;

/// Payload memory that a reader keeps for the next command, in bytes. A statistics command fits; a log's memory is given back.
pub const RETAINED_BYTES_MAX: usize = 256 << 10;

/// Requests for progress without an answer. fio's front end gives up after seven.
pub const UNANSWERED_REQUESTS_MAX: usize = 64;

/// Most bytes that the payload of a command may have, whoever sends it.
#[must_use]
pub const fn payload_bytes_max(opcode: Opcode) -> usize {
    match opcode {
        Opcode::Job | Opcode::JobLine => JOB_BYTES_MAX,
        Opcode::JobStatistics => STATISTICS_BYTES_MAX,
        Opcode::Log => LOG_BYTES_MAX,
        Opcode::SendFile | Opcode::VerifyTrigger => VERIFY_STATE_BYTES_MAX,
        _ => SMALL_PAYLOAD_BYTES_MAX,
    }
}
