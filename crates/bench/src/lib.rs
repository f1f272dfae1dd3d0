//! The load generator: runs fio's job files, says what fio says, and costs less per I/O.
//!
//! - [`command_line`]: everything that is asked for, jobs of job files included.
//! - [`direction`]: read, write, trim: the word that everything else is counted by.
//! - [`job_file`]: sections of options, as fio's users write them.
//! - [`options`]: what a job can be told, in one table.

pub mod command_line;
pub mod direction;
pub mod job_file;
pub mod options;
