//! What happens in the library, told to whoever keeps something that follows from it: the choice, `stat`, MPD's `idle`.
//!
//! Changes are told in batches, one batch for each transaction, after it is durable and visible to queries, and in the order of
//! the transactions. A subscriber that is given all songs when it subscribes (`Library::subscribe`) misses none and sees none
//! twice. Rows are shared, not copied.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::song::{AttributeId, Song, SongId};

/// The names of all attributes.
pub type AttributeTable = BTreeMap<AttributeId, String>;

/// One change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// A song came into the library.
    Added(Arc<Song>),
    /// Something of a song is different; this is the whole of it from now on.
    Changed {
        /// The song as it is now.
        song: Arc<Song>,
        /// What of it changed.
        what: What,
    },
    /// A song left the library. Its number is not given to another.
    Removed(SongId),
    /// The table of attributes changed: an attribute came, went, or has another name. Whoever compiled a mood compiles it again.
    /// Songs that lost an attribute with it are told of before this, each with [`What::Attributes`].
    AttributeTable(Arc<AttributeTable>),
    /// A blob was added, replaced, renamed or removed: `name` is the one to read again. A renaming is two changes, old name first.
    Blob {
        /// Which table.
        kind: BlobKind,
        /// Its name there.
        name: String,
    },
    /// Other directories are looked through and watched.
    Roots,
    /// A sticker was set or removed. Which one is not told: MPD's `idle` does not either.
    Sticker,
}

/// What of a song changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum What {
    /// It was played: its statistics, and nothing else.
    Played,
    /// Its statistics: they were set by somebody, perhaps with its blobs, or another song that sounds the same was played.
    Statistics,
    /// Its attributes; perhaps its statistics and blobs too, when they were copied from another song.
    Attributes,
    /// Its image or its lyrics.
    Blobs,
    /// The file: path, tags, technical data, whether it could be played; and perhaps everything else.
    File,
}

/// The tables of named contents. All of them can do the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BlobKind {
    /// Pictures.
    Image,
    /// Lyrics.
    Lyrics,
    /// Moods.
    Mood,
    /// Playlists.
    Playlist,
}
