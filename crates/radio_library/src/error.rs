//! What can go wrong with a library.

use std::io;
use std::path::PathBuf;

use rusqlite::ErrorCode;
use thiserror::Error;

use crate::change::BlobKind;
use crate::pattern::PatternError;

/// Why something was not done. The library is as it was before, and usable.
#[derive(Debug, Error)]
pub enum LibraryError {
    /// Another process has it open.
    #[error("{}: the library is in use{}: ask the process that runs it, or end it", .directory.display(), process_text(*.process))]
    InUse {
        /// The library's directory.
        directory: PathBuf,
        /// Which process, where that is known.
        process: Option<u32>,
    },
    /// The file is somebody else's database.
    #[error("{}: not a library of the radio", .0.display())]
    NotALibrary(PathBuf),
    /// The file was written by a later version.
    #[error("{}: written by a later version of this program (its tables are number {found}, this one knows {known})", .path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: usize,
        /// Ours.
        known: usize,
    },
    /// The file is damaged.
    #[error("the library's file is damaged; export what can be read and import it into a new one")]
    Damaged(#[source] rusqlite::Error),
    /// There is no room left where the library is. What SQLite says of it says no more.
    #[error(
        "no room left on the device of the library; this step is undone, earlier ones stay: make room and do the same again"
    )]
    DiskFull(rusqlite::Error),
    /// The library's directory or file cannot be written to.
    #[error("the library cannot be written to")]
    ReadOnly(#[source] rusqlite::Error),
    /// Anything else that the database says.
    #[error("the library's database: {0}")]
    Database(#[source] rusqlite::Error),
    /// A file or directory that has to be read or made.
    #[error("{}", .path.display())]
    File {
        /// Which one.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// No song has this path or number.
    #[error("{0}: no such song in the library")]
    NoSuchSong(String),
    /// No attribute has this name.
    #[error("there is no attribute '{name}'{}", nearest_text(.nearest.as_deref()))]
    NoSuchAttribute {
        /// The name that was given.
        name: String,
        /// The one that was meant, perhaps.
        nearest: Option<String>,
    },
    /// No blob of this kind has this name.
    #[error("there is no {kind} '{name}'{}", nearest_text(.nearest.as_deref()))]
    NoSuchBlob {
        /// Which table.
        kind: BlobKind,
        /// The name or number that was given.
        name: String,
        /// The one that was meant, perhaps.
        nearest: Option<String>,
    },
    /// The name is taken already.
    #[error("there is {what} '{name}' already")]
    NameTaken {
        /// Of what, with its article.
        what: String,
        /// The name.
        name: String,
    },
    /// A name that nothing can have.
    #[error(
        "'{name}' cannot be a name: it has to have 1 to {} bytes without control characters or slashes",
        crate::limits::NAME_BYTES_MAX
    )]
    BadName {
        /// The name, with its control characters escaped.
        name: String,
    },
    /// A blob that is larger than any should be.
    #[error("'{name}' has {length_bytes} bytes; a blob may have {}", crate::limits::BLOB_BYTES_MAX)]
    BlobTooLarge {
        /// Its name.
        name: String,
        /// Its size in bytes.
        length_bytes: usize,
    },
    /// A sticker that is larger than any should be.
    #[error("a sticker's name or value has {length_bytes} bytes; it may have {}", crate::limits::STICKER_BYTES_MAX)]
    StickerTooLarge {
        /// Its size in bytes.
        length_bytes: usize,
    },
    /// A pattern that is none.
    #[error(transparent)]
    Pattern(#[from] PatternError),
    /// Nothing is like the pattern.
    #[error("nothing matches '{0}'")]
    NothingMatches(String),
}

impl From<rusqlite::Error> for LibraryError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::DiskFull(error),
            Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => Self::ReadOnly(error),
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Self::Damaged(error),
            _ => Self::Database(error),
        }
    }
}

fn process_text(process: Option<u32>) -> String {
    process.map_or(String::new(), |process| format!(" by process {process}"))
}

fn nearest_text(nearest: Option<&str>) -> String {
    nearest.map_or(String::new(), |nearest| format!("; did you mean '{nearest}'?"))
}

/// The candidate that is most like `name`, if one is near enough to have been meant.
pub(crate) fn nearest<'a>(name: &str, candidates: impl Iterator<Item = &'a str>) -> Option<String> {
    candidates
        .map(|candidate| (strsim::jaro_winkler(name, candidate), candidate))
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|(one, _), (other, _)| one.total_cmp(other))
        .map(|(_, candidate)| candidate.to_owned())
}
