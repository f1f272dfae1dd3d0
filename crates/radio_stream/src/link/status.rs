//! What the station does right now.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Entry, EntryId};

/// What the station does. Sent whole whenever a part of it changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// Playing, paused or stopped.
    pub playback: Playback,
    /// Paraslash's four flags.
    pub flags: Flags,
    /// The song that is being played or paused.
    pub current: Option<Current>,
    /// The entry that comes after it.
    pub next: Option<EntryId>,
    /// Where that one stands in the queue.
    pub next_position: u32,
    /// Whether what was asked for is played at random.
    pub random: bool,
    /// The version of the queue; grows by one with each change.
    pub queue_version: u32,
    /// Entries in the queue, the current one included.
    pub queue_length: u32,
    /// Each sender, in the order of the table.
    pub senders: Vec<SenderStatus>,
    /// Songs that have begun since the stream side started.
    pub songs_begun: u64,
    /// Times at which the clock had to wait for a file.
    pub late_files: u64,
    /// When the stream side started: wall clock, in milliseconds since 1970.
    pub started_wall_ms: u64,
}

impl Status {
    /// How far the current song is at a wall-clock time, in milliseconds from its beginning.
    #[must_use]
    pub fn position_ms_at(&self, wall_ms: u64) -> Option<u64> {
        let current = self.current.as_ref()?;
        let passed = if self.playback == Playback::Playing { wall_ms.saturating_sub(current.at_wall_ms) } else { 0 };
        Some((current.position_ms + passed).min(current.duration_ms))
    }
}

/// Whether anything is heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Playback {
    /// Chunks are sent, or would be if there were a song.
    Playing,
    /// A song waits in its middle.
    Paused,
    /// Nothing is current.
    Stopped,
}

/// Paraslash's four flags.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "they are four flags, shown as such")]
pub struct Flags {
    /// P: playing.
    pub playing: bool,
    /// N: the next chunk will be the first of another song.
    pub next: bool,
    /// R: somebody jumped within the song and the chunk is not yet sent.
    pub reposition: bool,
    /// O: the station stops after this song.
    pub no_more: bool,
}

impl fmt::Display for Flags {
    /// Four characters: `P`, `N`, `R`, `O`, each or an underscore.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (letter, set) in [('P', self.playing), ('N', self.next), ('R', self.reposition), ('O', self.no_more)] {
            write!(formatter, "{}", if set { letter } else { '_' })?;
        }
        Ok(())
    }
}

/// The current song.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Current {
    /// Its entry; at position 0 of the queue.
    pub entry: Entry,
    /// Its format: `mp3`, `ogg`, `opus`, `flac`, `aac` or `m4a`; empty, as the type is, and no chunks, until its file is open.
    pub format: String,
    /// What http listeners see as its type, such as `audio/mpeg`.
    pub media_type: String,
    /// Its length in milliseconds, as its frames say (as the library says until the file is open); of the part that is played, as are all places in it.
    pub duration_ms: u64,
    /// Chunks that are played of it.
    pub chunks: u64,
    /// The first chunk that is not yet sent.
    pub next_chunk: u64,
    /// The largest chunk, in bytes.
    pub chunk_bytes_max: u32,
    /// How far it was, in milliseconds, …
    pub position_ms: u64,
    /// … at this wall-clock time, in milliseconds since 1970.
    pub at_wall_ms: u64,
    /// When its first chunk was sent (paraslash's stream start; a jump moves it so that it fits the position): wall clock, in
    /// milliseconds since 1970.
    pub stream_start_wall_ms: u64,
    /// When it really began, in milliseconds since 1970.
    pub began_wall_ms: u64,
}

/// A sender.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SenderStatus {
    /// `http`, `udp`.
    pub name: String,
    /// Whether it sends.
    pub on: bool,
    /// Listeners or targets.
    pub listeners: u32,
    /// Where it can be reached or how it is set, in a few words.
    pub detail: String,
}
