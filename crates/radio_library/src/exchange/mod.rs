//! The whole library as JSON, to keep, to look through, to take elsewhere.
//!
//! One document. Each record is a line of its own, so `grep` and `diff` see records, and what is wrong with one is named by its line.
//! A recording stands with everything that is known about it: names instead of numbers, its files within it. Bytes that are no
//! UTF-8 are in hexadecimal digits.
//!
//! Reading one in adds to what there is. Where both know something, the document has it; what it does not mention stays. A path that
//! is a song already stays what it is: the disk knows better. All of it is done, or nothing.

mod document;
mod load;
mod save;
#[cfg(test)]
mod tests;

use std::io;

use thiserror::Error;

use crate::error::LibraryError;

/// The number of the document's form.
const VERSION: u32 = 1;

/// Why a library was not written or read.
#[derive(Debug, Error)]
pub enum ExchangeError {
    /// The document cannot be written.
    #[error("the document cannot be written")]
    Write(#[source] io::Error),
    /// The document cannot be read, or is none: where, and what would have been one.
    #[error("the document cannot be read")]
    Read(#[source] serde_json::Error),
    /// It was written by a later version of the program.
    #[error("the document was written by a later version of this program (form {found}, this one knows {VERSION})")]
    Newer {
        /// Its number.
        found: u32,
    },
    /// A record that cannot be.
    #[error("the document: {what} '{name}': {problem}")]
    Record {
        /// What kind of record.
        what: &'static str,
        /// Which one.
        name: String,
        /// What is wrong.
        problem: &'static str,
    },
    /// The library.
    #[error(transparent)]
    Library(#[from] LibraryError),
}

/// What was read in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Loaded {
    /// Recordings in the document.
    pub recordings: u64,
    /// Songs that are new.
    pub songs_added: u64,
    /// Songs in the document that were there already.
    pub songs_known: u64,
    /// Images, lyrics, moods and playlists.
    pub blobs: u64,
}
