//! Stickers: what MPD's clients note about songs and other things, such as ratings. The library does not know what they mean.
//!
//! Parity: MPD's `sticker` commands, with the kinds of 0.24: `song`, and any other kind of thing that has a name. Those of songs
//! belong to what is heard, so renaming and retagging keep them, and two files of one recording share them.

use std::sync::Arc;

use crate::change::Change;
use crate::error::LibraryError;
use crate::library::Library;
use crate::limits::STICKER_BYTES_MAX;
use crate::song::{Song, SongId};
use crate::store::stickers::{
    StickerSubject as Row, delete_sticker, others_with_sticker, put_sticker, recordings_with_sticker, sticker,
    sticker_names, stickers,
};

/// What a sticker is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StickerSubject<'a> {
    /// A song.
    Song(SongId),
    /// Something else: a playlist, an album.
    Other {
        /// What kind of thing.
        kind: &'a str,
        /// Which one.
        name: &'a str,
    },
}

impl Library {
    /// The value under a name.
    ///
    /// # Errors
    /// [`LibraryError::NoSuchSong`], or when the file cannot be read.
    pub fn sticker(&self, subject: StickerSubject<'_>, name: &str) -> Result<Option<String>, LibraryError> {
        let hash = self.hash_of(subject)?;
        self.read(|connection| sticker(connection, row(subject, &hash), name))
    }

    /// All names and values, in the order of names.
    ///
    /// # Errors
    /// [`LibraryError::NoSuchSong`], or when the file cannot be read.
    pub fn stickers(&self, subject: StickerSubject<'_>) -> Result<Vec<(String, String)>, LibraryError> {
        let hash = self.hash_of(subject)?;
        self.read(|connection| stickers(connection, row(subject, &hash)))
    }

    /// Puts a value under a name.
    ///
    /// # Errors
    /// [`LibraryError::NoSuchSong`], [`LibraryError::StickerTooLarge`], or when the file cannot be written.
    pub fn set_sticker(&self, subject: StickerSubject<'_>, name: &str, value: &str) -> Result<(), LibraryError> {
        for text in [name, value] {
            if text.len() > STICKER_BYTES_MAX {
                return Err(LibraryError::StickerTooLarge { length_bytes: text.len() });
            }
        }
        let hash = self.hash_of(subject)?;
        self.write(|work| {
            put_sticker(&work.transaction, row(subject, &hash), name, value)?;
            work.changes.push(Change::Sticker);
            Ok(())
        })
    }

    /// Removes the value under a name, or under all of them. Says how many there were.
    ///
    /// # Errors
    /// [`LibraryError::NoSuchSong`], or when the file cannot be written.
    pub fn remove_sticker(&self, subject: StickerSubject<'_>, name: Option<&str>) -> Result<usize, LibraryError> {
        let hash = self.hash_of(subject)?;
        self.write(|work| {
            let removed = delete_sticker(&work.transaction, row(subject, &hash), name)?;
            if removed > 0 {
                work.changes.push(Change::Sticker);
            }
            Ok(removed)
        })
    }

    /// The songs that have a value under a name, with the value, in the order of paths.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn songs_with_sticker(&self, name: &str) -> Result<Vec<(Arc<Song>, String)>, LibraryError> {
        let rows = self.read(|connection| recordings_with_sticker(connection, name))?;
        let catalogue = self.catalogue();
        let mut found: Vec<_> = rows
            .iter()
            .flat_map(|(hash, value)| catalogue.songs_of(hash).map(move |song| (Arc::clone(song), value.clone())))
            .collect();
        found.sort_by(|(one, _), (other, _)| one.path.as_os_str().cmp(other.path.as_os_str()));
        Ok(found)
    }

    /// The other things of a kind that have a value under a name, with the value, in the order of their names.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn others_with_sticker(&self, kind: &str, name: &str) -> Result<Vec<(String, String)>, LibraryError> {
        self.read(|connection| others_with_sticker(connection, kind, name))
    }

    /// Every name under which there is a value, in order.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn sticker_names(&self) -> Result<Vec<String>, LibraryError> {
        self.read(sticker_names)
    }

    /// The hash that a song's stickers belong to; of anything else, one that is not looked at.
    fn hash_of(&self, subject: StickerSubject<'_>) -> Result<[u8; 32], LibraryError> {
        match subject {
            StickerSubject::Song(id) => {
                let hash = self.catalogue().song(id).map(|song| song.content_hash);
                hash.ok_or_else(|| LibraryError::NoSuchSong(format!("song {}", id.0)))
            }
            StickerSubject::Other { .. } => Ok([0; 32]),
        }
    }
}

fn row<'a>(subject: StickerSubject<'a>, hash: &'a [u8; 32]) -> Row<'a> {
    match subject {
        StickerSubject::Song(_) => Row::Recording(hash),
        StickerSubject::Other { kind, name } => Row::Other { kind, subject: name },
    }
}
