//! One audio file as everything else sees it.

pub use radio_media::tags::Tags;

/// A row of the library. Never used again after the song is removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SongId(pub i64);

/// The number of an attribute; attributes have no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AttributeId(pub u32);

/// What is known about one audio file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Song {
    /// Its row.
    pub id: SongId,
    /// Hash of its audio payload, without container and tags.
    pub content_hash: [u8; 32],
    /// Absolute path. Bytes that are no UTF-8 are kept.
    pub path: std::path::PathBuf,
    /// What the file system said when it was read last.
    pub file: FileState,
    /// What its tags say.
    pub tags: Tags,
    /// What its frames say.
    pub technical: Technical,
    /// What happened to it.
    pub statistics: Statistics,
    /// Its attributes, ascending.
    pub attributes: Vec<AttributeId>,
    /// Its picture, if one was given to it.
    pub image: Option<i64>,
    /// Its lyrics, if some were given to it.
    pub lyrics: Option<i64>,
    /// Why it could not be played, until its file changes. A song with a fault is not chosen.
    pub fault: Option<String>,
}

/// What tells a file that changed from one that did not.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct FileState {
    /// Its size in bytes.
    pub size_bytes: u64,
    /// When its content was modified last, in nanoseconds since 1970 (before: negative).
    pub modified_ns: i64,
}

/// What the frames say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Technical {
    /// `mp3`, `ogg`, `opus`, `flac`, `aac` or `m4a`.
    pub format: String,
    /// Playing time in milliseconds.
    pub duration_ms: u64,
    /// Mean bit rate in kbit/s.
    pub bitrate_kbit: u32,
    /// Sampling rate in Hz.
    pub frequency_hz: u32,
    /// Channels.
    pub channels: u32,
}

/// What happened to a song.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Statistics {
    /// When it was last played, in seconds since 1970; none: never.
    pub last_played_s: Option<u64>,
    /// How often it was played.
    pub play_count: u64,
    /// When it came into the library, in seconds since 1970.
    pub added_s: u64,
    /// Amplification that players are told, 0 (none) to 255.
    pub amplification: u8,
}
