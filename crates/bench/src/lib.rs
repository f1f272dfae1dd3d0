//! The load generator: runs fio's job files, says what fio says, and costs less per I/O.
//!
//! - [`direction`]: read, write, trim: the word that everything else is counted by.
//! - [`random`]: fio's random numbers, bit for bit.
//! - [`offsets`]: which I/O is next.

pub mod direction;
pub mod offsets;
pub mod random;
