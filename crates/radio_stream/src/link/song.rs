//! Songs as the station knows them: a path, and what listeners are told.

use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::path;

/// A song that is to be played.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Song {
    /// The library's own number of it. It comes back in events and means nothing here.
    pub id: i64,
    /// The file, as an absolute path; at most [`PATH_BYTES_MAX`](crate::limits::PATH_BYTES_MAX) bytes.
    #[serde(with = "path")]
    pub path: PathBuf,
    /// What listeners read, usually `ARTIST - TITLE`. Cut at [`TITLE_BYTES_MAX`](crate::limits::TITLE_BYTES_MAX) bytes.
    pub title: String,
    /// What the library thinks it lasts, in milliseconds; 0 if it does not know. Only shown: the file decides.
    pub duration_ms: u64,
}

/// The number of an entry of the queue: unique for as long as the stream side runs. One song may be in the queue twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EntryId(pub u32);

impl fmt::Display for EntryId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// Why a song is in the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// Somebody asked for it. Such entries come first.
    Asked,
    /// The mood or the playlist chose it.
    Chosen,
}

/// An entry of the queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Its number.
    pub id: EntryId,
    /// What it plays.
    pub song: Song,
    /// Why.
    pub origin: Origin,
    /// The version of the queue in which it last was added, moved or changed.
    pub version: u32,
}
