//! Proving that a device holds what was written to it, byte-compatible with fio 3.33 on disk.
//!
//! ```text
//!  write:  seed, number, time ──► Verifier::fill ──► block ──► device        History::record ─► completed
//!  check:  History ──► read ──► Verifier::check ──► Failure ──► report, dumps
//! ```
//!
//! - [`Method`]: the values of `verify=`, one file each.
//! - [`Verifier`]: fills blocks with data, digests and [`Header`]s; checks them and says in a [`Failure`] what was found and in its
//!   [`Diagnosis`] what that means: lost, stale, misdirected or changed, and whose write is there.
//! - [`History`]: which writes are to be read again, in which order; [`VerifyBacklog`], [`TrimBacklog`]: when to do so during the run.
//! - [`HeaderRules`], [`Phases`]: what is compared, and what is done at all, for which workload.
//! - [`StateFile`], [`CompletedWrites`], [`EarlierState`]: how far a run got when it was stopped (`verify_state_save`, `verify_state_load`).
//! - [`CheckQueue`]: blocks on their way to the threads of `verify_async`.
//!
//! What it is not: it reads and writes nothing, has no thread and no clock, and draws no random number. Seeds come from the job's
//! stream for verify by way of [`next_seed`](crate::buffers::next_seed).
//!
//! Cost: fill and check allocate nothing unless a block is wrong; a header and digest of a block that is in the processor's cache.
//! `cargo run --release -p bench --example verify_cost` has the figures: on one core of an AMD EPYC virtual machine, 4 KiB with crc32c
//! are filled at 27 GB/s and checked at 45 GB/s; SHA-3 (0.3 to 0.6 GB/s) and MD5 (0.7 GB/s) are the slowest.

mod backlog;
mod diagnosis;
mod failure;
mod header;
mod history;
mod method;
mod queue;
mod rules;
mod settings;
mod state;
mod trimmed;
mod verifier;

pub use backlog::{TrimBacklog, VerifyBacklog, chooses_trim};
pub use diagnosis::{Damage, Diagnosis};
pub use failure::{DumpKind, Failure, FailureKind, Place, Report, VERIFY_ERROR};
pub use header::{HEADER_LENGTH, Header, MAGIC, WriteIdentity};
pub use history::{History, HistoryOrder, LoggedWrite, WriteId};
pub use method::{DIGEST_MAXIMUM, Digest, METHODS, Method, Proof};
pub use queue::{CheckQueue, QueueFull};
pub use rules::{AfterRun, HeaderRules, Phases, Reaction, WorkloadShape};
pub use settings::{BlockSizes, SettingsError, VerifySettings, fitting_interval};
pub use state::{
    CompletedWrite, CompletedWrites, EarlierState, GeneratorState, STATE_FILE_MAXIMUM, StateError, StateFile,
    WritesUnderWay, state_checksum, state_file_name,
};
pub use trimmed::check_trimmed;
pub use verifier::{Expected, Verifier};
