//! Images, lyrics, moods and playlists: contents with a name and a number. All kinds can do the same.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fmt;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rusqlite::Connection;

use crate::change::{BlobKind, Change, What};
use crate::error::{LibraryError, nearest};
use crate::library::{Library, Work};
use crate::limits::{BLOB_BYTES_MAX, NAME_BYTES_MAX};
use crate::pattern::Pattern;
use crate::song::Song;
use crate::store;

/// A blob without its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blob {
    /// Its number: positive, and never another's.
    pub id: i64,
    /// Its name.
    pub name: String,
    /// Its size in bytes.
    pub length_bytes: u64,
}

impl BlobKind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Image, Self::Lyrics, Self::Mood, Self::Playlist];
}

impl fmt::Display for BlobKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(store::blobs::table(*self))
    }
}

impl Library {
    /// Adds a blob, or puts this content into the one of this name. Returns its number.
    ///
    /// # Errors
    /// [`LibraryError::BadName`], [`LibraryError::BlobTooLarge`], or when the file cannot be written.
    pub fn put_blob(&self, kind: BlobKind, name: &str, content: &[u8]) -> Result<i64, LibraryError> {
        check_name(name)?;
        if content.len() > BLOB_BYTES_MAX {
            return Err(LibraryError::BlobTooLarge { name: name.to_owned(), length_bytes: content.len() });
        }
        self.write(|work| {
            tell(work, kind, name);
            Ok(store::blobs::put_blob(&work.transaction, kind, name, content)?)
        })
    }

    /// The blobs of a kind that are like any of these patterns, in the order of names; of no patterns, all.
    ///
    /// # Errors
    /// [`LibraryError::NothingMatches`], or when the file cannot be read.
    pub fn blobs(&self, kind: BlobKind, patterns: &[Pattern]) -> Result<Vec<Blob>, LibraryError> {
        self.read(|connection| like(connection, kind, patterns))
    }

    /// What is in a blob.
    ///
    /// # Errors
    /// [`LibraryError::NoSuchBlob`], or when the file cannot be read.
    pub fn blob(&self, kind: BlobKind, name: &str) -> Result<Vec<u8>, LibraryError> {
        self.read(|connection| {
            let id = known(connection, kind, name)?;
            store::blobs::blob_content(connection, kind, id)?.ok_or_else(|| no_such(kind, id))
        })
    }

    /// What is in the blob of a number.
    ///
    /// # Errors
    /// [`LibraryError::NoSuchBlob`], or when the file cannot be read.
    pub fn blob_of(&self, kind: BlobKind, id: i64) -> Result<Vec<u8>, LibraryError> {
        self.read(|connection| store::blobs::blob_content(connection, kind, id)?.ok_or_else(|| no_such(kind, id)))
    }

    /// Gives a blob another name; it keeps its number.
    ///
    /// # Errors
    /// [`LibraryError::NoSuchBlob`], [`LibraryError::NameTaken`], [`LibraryError::BadName`], or when the file cannot be written.
    pub fn rename_blob(&self, kind: BlobKind, old: &str, new: &str) -> Result<(), LibraryError> {
        check_name(new)?;
        self.write(|work| {
            let id = known(&work.transaction, kind, old)?;
            if store::blobs::blob_id(&work.transaction, kind, new)?.is_some() {
                return Err(LibraryError::NameTaken { what: kind.with_article().to_owned(), name: new.to_owned() });
            }
            store::blobs::rename_blob(&work.transaction, kind, id, new)?;
            tell(work, kind, old);
            tell(work, kind, new);
            Ok(())
        })
    }

    /// Removes the blobs that are like a pattern. Songs that have such an image or such lyrics have none then. Returns what there was.
    ///
    /// # Errors
    /// [`LibraryError::NothingMatches`], or when the file cannot be written.
    pub fn remove_blobs(&self, kind: BlobKind, patterns: &[Pattern]) -> Result<Vec<Blob>, LibraryError> {
        self.write(|work| {
            // All are meant by no pattern when they are listed, none when they are removed.
            let gone = if patterns.is_empty() { Vec::new() } else { like(&work.transaction, kind, patterns)? };
            for blob in &gone {
                take_from_songs(work, kind, blob.id);
                store::blobs::delete_blob(&work.transaction, kind, blob.id)?;
                tell(work, kind, &blob.name);
            }
            Ok(gone)
        })
    }

    /// The paths of a playlist in its order, whether or not there is a song: a path a line; empty lines and lines that begin with `#`
    /// (as in m3u files) are none.
    ///
    /// # Errors
    /// [`LibraryError::NoSuchBlob`], or when the file cannot be read.
    pub fn playlist(&self, name: &str) -> Result<Vec<PathBuf>, LibraryError> {
        Ok(playlist_paths(&self.blob(BlobKind::Playlist, name)?))
    }
}

impl BlobKind {
    fn with_article(self) -> &'static str {
        match self {
            Self::Image => "an image",
            Self::Lyrics => "a text of lyrics",
            Self::Mood => "a mood",
            Self::Playlist => "a playlist",
        }
    }
}

/// The paths in the content of a playlist.
#[must_use]
pub fn playlist_paths(content: &[u8]) -> Vec<PathBuf> {
    let lines = content.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    let paths = lines.filter(|line| !line.is_empty() && !line.starts_with(b"#"));
    paths.map(|line| Path::new(OsStr::from_bytes(line)).to_owned()).collect()
}

/// A name that stands in one line, and after `m/` and `p/`.
pub(crate) fn check_name(name: &str) -> Result<(), LibraryError> {
    if name.is_empty()
        || name.len() > NAME_BYTES_MAX
        || name.chars().any(|character| character.is_control() || character == '/')
    {
        return Err(LibraryError::BadName { name: name.escape_debug().to_string() });
    }
    Ok(())
}

/// The number of a name, or what is most like it.
fn known(connection: &Connection, kind: BlobKind, name: &str) -> Result<i64, LibraryError> {
    if let Some(id) = store::blobs::blob_id(connection, kind, name)? {
        return Ok(id);
    }
    let names = store::blobs::blobs(connection, kind)?;
    let nearest = nearest(name, names.iter().map(|(_, name, _)| name.as_str()));
    Err(LibraryError::NoSuchBlob { kind, name: name.to_owned(), nearest })
}

fn no_such(kind: BlobKind, id: i64) -> LibraryError {
    LibraryError::NoSuchBlob { kind, name: id.to_string(), nearest: None }
}

fn like(connection: &Connection, kind: BlobKind, patterns: &[Pattern]) -> Result<Vec<Blob>, LibraryError> {
    let rows = store::blobs::blobs(connection, kind)?.into_iter();
    let all = rows.map(|(id, name, length)| Blob { id, name, length_bytes: length.unsigned_abs() });
    if patterns.is_empty() {
        return Ok(all.collect());
    }
    let all: Vec<Blob> = all.collect();
    if let Some(pattern) = patterns.iter().find(|pattern| !all.iter().any(|blob| pattern.matches(&blob.name))) {
        return Err(LibraryError::NothingMatches(pattern.to_string()));
    }
    Ok(all.into_iter().filter(|blob| patterns.iter().any(|pattern| pattern.matches(&blob.name))).collect())
}

fn tell(work: &mut Work<'_>, kind: BlobKind, name: &str) {
    work.changes.push(Change::Blob { kind, name: name.to_owned() });
}

/// The file does this by itself; this is what is told.
fn take_from_songs(work: &mut Work<'_>, kind: BlobKind, id: i64) {
    let field = |song: &Song| match kind {
        BlobKind::Image => song.image,
        BlobKind::Lyrics => song.lyrics,
        BlobKind::Mood | BlobKind::Playlist => None,
    };
    let songs = work.catalogue.songs().filter(|song| field(song) == Some(id));
    let hashes: BTreeSet<_> = songs.map(|song| song.content_hash).collect();
    for hash in hashes {
        work.change_songs(&hash, What::Blobs, |song| match kind {
            BlobKind::Image => song.image = None,
            BlobKind::Lyrics => song.lyrics = None,
            BlobKind::Mood | BlobKind::Playlist => {}
        });
    }
}
