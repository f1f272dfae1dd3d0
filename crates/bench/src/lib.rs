//! The load generator: runs fio's job files, says what fio says, and costs less per I/O.
//!
//! - [`direction`]: read, write, trim: the word that everything else is counted by.
//! - [`options`]: what a job can be told, in one table.

pub mod direction;
pub mod options;
