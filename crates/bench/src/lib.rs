//! The load generator: runs fio's job files, says what fio says, and costs less per I/O.
//!
//! - [`buffers`]: what a write carries, byte for byte as fio's.
//! - [`direction`]: read, write, trim: the word that everything else is counted by.
//! - [`verify`]: proving that a device holds what was written to it.

pub mod buffers;
pub mod direction;
pub mod verify;
