//! The load generator: runs fio's job files, says what fio says, and costs less per I/O.
//!
//! - [`direction`]: read, write, trim: the word that everything else is counted by.
//! - [`statistics`]: what is counted while I/O runs, and what becomes of it: latencies, rates, groups, logs.

pub mod direction;
pub mod statistics;
