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

/// A part of a song. Playing is exact to a chunk: it begins with the one that has the start and ends with the one that has the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// From the beginning of the song, in milliseconds.
    pub start_ms: u64,
    /// From the beginning of the song, in milliseconds; none: to its end.
    pub end_ms: Option<u64>,
}

impl Part {
    /// How long it is, in a song that lasts so many milliseconds.
    #[must_use]
    pub fn duration_ms(&self, song_ms: u64) -> u64 {
        self.end_ms.unwrap_or(song_ms).min(song_ms).saturating_sub(self.start_ms)
    }
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
    /// Which of those that were asked for come first while the order is random: those with the highest.
    pub priority: u8,
    /// What of the song is played; none: all.
    pub part: Option<Part>,
    /// The version of the queue in which it last was added, moved or changed.
    pub version: u32,
}
