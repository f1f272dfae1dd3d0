//! What the library side is told.

use serde::{Deserialize, Serialize};

use super::{Answer, EntryId, Refusal, Song, Status};

/// A message from the stream side.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "message")]
pub enum ToLibrary {
    /// The answer to a request.
    Answer {
        /// The request's number.
        id: u64,
        /// What came of it.
        result: Result<Answer, Refusal>,
    },
    /// Something happened. Only after [`Request::Subscribe`](super::Request::Subscribe), but for commands.
    Event {
        /// What.
        event: Event,
    },
}

/// Something happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "event")]
pub enum Event {
    /// So many chosen songs are missing ahead. Told once for each number; the answer is
    /// [`Request::Ahead`](super::Request::Ahead), now or when there are songs again.
    SongsWanted {
        /// How many.
        count: u32,
    },
    /// The first chunk of a song was sent.
    Began {
        /// Its entry.
        id: EntryId,
        /// The song.
        song: Song,
        /// Wall-clock time, in milliseconds since 1970.
        wall_ms: u64,
    },
    /// A song that had begun has ended.
    Ended {
        /// Its entry.
        id: EntryId,
        /// The song.
        song: Song,
        /// Why.
        reason: EndReason,
        /// How much of it was sent, in milliseconds; what was jumped over does not count.
        played_ms: u64,
        /// Wall-clock time, in milliseconds since 1970.
        wall_ms: u64,
    },
    /// A song cannot be played and was passed over, or was given up in its middle (then [`Event::Ended`] comes too).
    Failed {
        /// Its entry.
        id: EntryId,
        /// The song.
        song: Song,
        /// What kind of trouble.
        kind: FailureKind,
        /// One line for people: what, where, what would be accepted.
        message: String,
    },
    /// The status has changed. Time passing is no change: see [`Status::position_ms_at`].
    Status {
        /// All of it.
        status: Box<Status>,
    },
    /// Somebody gave a command on the control socket: it is to be carried out with all rights. What it says goes back in
    /// [`ToStream::CommandOutput`](super::ToStream::CommandOutput) and ends with
    /// [`ToStream::CommandEnded`](super::ToStream::CommandEnded).
    Command {
        /// The stream side's number of the call.
        call: u64,
        /// The command and its arguments.
        arguments: Vec<String>,
    },
    /// Whoever gave that command is gone; what it still says is dropped.
    CommandCancelled {
        /// The call.
        call: u64,
    },
    /// The service was told to read its configuration, users and log again.
    Reload,
}

/// Why a song ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndReason {
    /// It was played to its end.
    Finished,
    /// Somebody went on to another one, removed it, or jumped beyond its end.
    Skipped,
    /// Somebody stopped the station.
    Stopped,
    /// Its file could not be read any further.
    Failed,
}

/// Why a song could not be played.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureKind {
    /// The file is not there.
    Missing,
    /// The file may not be read, or reading fails.
    Unreadable,
    /// It is not audio that can be streamed, or is corrupt.
    Corrupt,
    /// It ended before its time: somebody cut it short while it was played.
    Truncated,
}
