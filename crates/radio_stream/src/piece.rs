//! What the station hands to the senders, each at its time.

use std::sync::Arc;

use radio_media::Container;

/// A point in time: nanoseconds since the stream side started. It lasts for 584 years.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Time(pub u64);

impl Time {
    /// As many nanoseconds later.
    #[must_use]
    pub fn after(self, nanoseconds: u64) -> Self {
        Self(self.0.saturating_add(nanoseconds))
    }

    /// Nanoseconds since `earlier`; 0 if that is later.
    #[must_use]
    pub fn since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// One stream: a song from where it was begun or jumped to, up to its end or to where it is broken off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamInfo {
    /// Its number; never 0, and never that of the one before. Ogg streams have it as their serial number.
    pub id: u32,
    /// The format of the file: `mp3`, `ogg`, `opus`, `flac`, `aac` or `m4a`.
    pub format: &'static str,
    /// What it is sent as.
    pub container: Container,
    /// What is played, for people.
    pub title: String,
    /// What comes before its first chunk, and before the first chunk of whoever joins later.
    pub header: Vec<u8>,
}

/// A chunk that is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentChunk {
    /// Its stream.
    pub stream: u32,
    /// What is sent.
    pub bytes: Vec<u8>,
    /// When it is heard, counted from the beginning of its stream: nanoseconds.
    pub start_ns: u64,
    /// How long it is heard: nanoseconds.
    pub duration_ns: u64,
}

/// What the station hands to the senders. Cheap to clone: one copy of the bytes is shared by all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// This stream will begin in a moment, unless something comes between.
    Announce(Arc<StreamInfo>),
    /// This stream begins; its first chunk follows at once.
    Begin(Arc<StreamInfo>),
    /// A chunk of the stream that has begun.
    Chunk(Arc<SentChunk>),
    /// The stream has ended.
    End {
        /// Which.
        stream: u32,
        /// What a stream that was broken off has to end with; else empty.
        bytes: Arc<[u8]>,
    },
    /// Nothing is played from now on: paused, stopped, or nothing to play.
    Silence,
}
