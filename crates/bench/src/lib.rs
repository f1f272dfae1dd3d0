//! The load generator: runs fio's job files, says what fio says, and costs less per I/O.
//!
//! - [`direction`]: read, write, trim: the word that everything else is counted by.
//! - [`output`]: what people and scripts read: normal, terse, JSON, the status line, as fio writes them.
//! - [`statistics`]: what is counted while I/O runs, and what becomes of it: latencies, rates, groups, logs.

pub mod direction;
pub mod output;
pub mod statistics;
