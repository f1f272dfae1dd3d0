//! The load generator: runs fio's job files, says what fio says, and costs less per I/O.
//!
//! - [`buffers`]: what a write carries, byte for byte as fio's.
//! - [`command_line`]: everything that is asked for, jobs of job files included.
//! - [`direction`]: read, write, trim: the word that everything else is counted by.
//! - [`engines`]: what carries an I/O out, one file each.
//! - [`files`]: the files of a job: names, sizes, laying out, opening.
//! - [`job_file`]: sections of options, as fio's users write them.
//! - [`offsets`]: which I/O is next.
//! - [`options`]: what a job can be told, in one table.
//! - [`output`]: what people and scripts read: normal, terse, JSON, the status line, as fio writes them.
//! - [`random`]: fio's random numbers, bit for bit.
//! - [`run`]: jobs from start to result.
//! - [`statistics`]: what is counted while I/O runs, and what becomes of it: latencies, rates, groups, logs.
//! - [`verify`]: proving that a device holds what was written to it.

pub mod buffers;
pub mod command_line;
pub mod direction;
pub mod engines;
pub mod files;
pub mod job_file;
pub mod offsets;
pub mod options;
pub mod output;
pub mod random;
pub mod run;
pub mod statistics;
pub mod verify;
