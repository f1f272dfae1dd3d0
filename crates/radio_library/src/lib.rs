//! The audio file selector: what there is to play, what is known about it, and what is played next.
//!
//! - [`library`]: the file, who is told of changes; start here.
//! - [`song`], [`change`]: one audio file as everything else sees it, and what happens to it.
//! - [`catalogue`], [`search`]: all songs in memory, and questions about them.
//! - [`statistics`], [`attributes`], [`blobs`], [`stickers`]: what is known about songs besides their files.
//! - [`import`]: bringing files in, and the library to what the disk has.
//! - [`watch`]: following the disk without being told.
//! - [`check`]: what is wrong, and how it is mended.
//! - [`exchange`]: everything as JSON.
//! - [`mood`]: which songs may be played, and which rather than others.
//! - [`score`]: how much a song's turn it is, from its statistics.
//! - [`choice`]: what is played next.
//! - [`pattern`]: paths and names as shells write them.
//! - [`limits`]: every limit with its reason.
//!
//! # A file and what is heard
//! What is known about a song belongs to what is heard, the hash of its audio payload. So a file that is renamed or retagged keeps
//! its statistics, and one that comes back after it was away finds them again. Two files that sound the same are two songs with one
//! set of statistics: when one of them is played, both were. A file that is changed in place into something unheard of (by a program
//! that adjusts its gain, say) keeps what was known under its name, unless another file still sounds as it did.

pub mod attributes;
pub mod blobs;
pub mod catalogue;
pub mod change;
pub mod check;
pub mod choice;
pub mod error;
pub mod exchange;
pub mod import;
pub mod library;
pub mod limits;
pub mod mood;
pub mod pattern;
mod schema;
pub mod score;
pub mod search;
pub mod song;
pub mod statistics;
pub mod stickers;
mod store;
#[cfg(test)]
mod testing;
pub mod watch;

pub use error::LibraryError;
pub use library::Library;
