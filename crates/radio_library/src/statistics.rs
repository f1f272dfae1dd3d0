//! What happens to songs: they are played, touched, given each other's data, removed.

#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::Arc;

use crate::change::{BlobKind, Change, What};
use crate::error::LibraryError;
use crate::library::Library;
use crate::pattern::Pattern;
use crate::song::{Song, SongId};
use crate::store;

/// What is set by [`Library::touch`]. What is `None` stays.
///
/// Parity: paraslash's `touch`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Touch {
    /// How often it was played.
    pub play_count: Option<u64>,
    /// When it was last played, in seconds since 1970; 0: never.
    pub last_played_s: Option<u64>,
    /// The number of its image; 0: none.
    pub image: Option<i64>,
    /// The number of its lyrics; 0: none.
    pub lyrics: Option<i64>,
    /// Its amplification.
    pub amplification: Option<u8>,
}

/// What [`Library::copy_information`] takes over.
///
/// Parity: paraslash's `cpsi`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "these are what a user ticks, each by itself")]
pub struct CopySelection {
    /// Attributes: exactly those of the source.
    pub attributes: bool,
    /// The image.
    pub image: bool,
    /// The lyrics.
    pub lyrics: bool,
    /// When it was last played.
    pub last_played: bool,
    /// How often it was played.
    pub play_count: bool,
}

impl CopySelection {
    /// Everything.
    pub const ALL: Self = Self { attributes: true, image: true, lyrics: true, last_played: true, play_count: true };
}

/// One time that a song was played.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Played {
    /// The hash of what was heard.
    pub content_hash: [u8; 32],
    /// A song that sounds so, if there still is one.
    pub song: Option<Arc<Song>>,
    /// When, in seconds since 1970.
    pub played_s: u64,
}

impl Library {
    /// Notes that a song is played now: one time more, and in the history. Songs that sound the same are told of too.
    ///
    /// # Errors
    /// [`LibraryError::NoSuchSong`], or when the file cannot be written.
    pub fn played(&self, id: SongId, now_s: u64) -> Result<(), LibraryError> {
        self.write(|work| {
            let hash = work.song(id)?.content_hash;
            store::recordings::add_play(&work.transaction, &hash, now_s)?;
            work.change_statistics(&hash, What::Played, |song| {
                song.statistics.play_count += 1;
                song.statistics.last_played_s = Some(now_s);
            })?;
            for change in &mut work.changes {
                if let Change::Changed { song, what } = change
                    && song.id != id
                {
                    *what = What::Statistics;
                }
            }
            Ok(())
        })
    }

    /// The latest times that anything was played, the last one first; at most `count` of them.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn history(&self, count: usize) -> Result<Vec<Played>, LibraryError> {
        let plays = self.read(|connection| store::recordings::plays(connection, count))?;
        let catalogue = self.catalogue();
        let played = |(content_hash, played_s)| {
            let song = catalogue.songs_of(&content_hash).next().cloned();
            Played { content_hash, song, played_s }
        };
        Ok(plays.into_iter().map(played).collect())
    }

    /// Sets statistics of the songs that are like these patterns; without anything to set, they count as played now once more.
    /// Returns the songs.
    ///
    /// # Errors
    /// [`LibraryError::NothingMatches`], [`LibraryError::NoSuchBlob`], or when the file cannot be written.
    pub fn touch(&self, patterns: &[Pattern], touch: &Touch, now_s: u64) -> Result<Vec<Arc<Song>>, LibraryError> {
        self.write(|work| {
            for (kind, id) in [(BlobKind::Image, touch.image), (BlobKind::Lyrics, touch.lyrics)] {
                if let Some(id) = id.filter(|id| *id != 0) {
                    let known = store::blobs::blob_content(&work.transaction, kind, id)?;
                    known.ok_or_else(|| LibraryError::NoSuchBlob { kind, name: id.to_string(), nearest: None })?;
                }
            }
            for hash in work.recordings_like(patterns)? {
                work.change_statistics(&hash, touch.what(), |song| touch.apply(song, now_s))?;
            }
            work.songs_like(patterns)
        })
    }

    /// Copies what is known about one song to those that are like the patterns. Returns these.
    ///
    /// # Errors
    /// [`LibraryError::NoSuchSong`], [`LibraryError::NothingMatches`], or when the file cannot be written.
    pub fn copy_information(
        &self,
        source: &Path,
        targets: &[Pattern],
        selection: CopySelection,
    ) -> Result<Vec<Arc<Song>>, LibraryError> {
        self.write(|work| {
            let no_such = || LibraryError::NoSuchSong(source.display().to_string());
            let source = work.catalogue.song_at(source).cloned().ok_or_else(no_such)?;
            for hash in work.recordings_like(targets)? {
                if selection.attributes {
                    let of_target = work.catalogue.songs_of(&hash).next().map(|song| song.attributes.clone());
                    for id in of_target.into_iter().flatten().filter(|id| !source.attributes.contains(id)) {
                        store::attributes::set_attribute(&work.transaction, &hash, id, false)?;
                    }
                    for id in &source.attributes {
                        store::attributes::set_attribute(&work.transaction, &hash, *id, true)?;
                    }
                }
                work.change_statistics(&hash, selection.what(), |song| selection.apply(&source, song))?;
            }
            work.songs_like(targets)
        })
    }

    /// Removes the songs that are like these patterns from the library, not from the disk. What is known about them is kept until
    /// [`Library::forget`], for the case that they come back. Returns the songs that there were.
    ///
    /// # Errors
    /// [`LibraryError::NothingMatches`], or when the file cannot be written.
    pub fn remove(&self, patterns: &[Pattern]) -> Result<Vec<Arc<Song>>, LibraryError> {
        self.write(|work| {
            let songs = work.songs_like(patterns)?;
            for song in &songs {
                store::songs::delete_song(&work.transaction, song.id)?;
                work.changes.push(Change::Removed(song.id));
            }
            Ok(songs)
        })
    }

    /// Forgets what is known about recordings that have no file any more: statistics, attributes, history, stickers. Says how many
    /// there were.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn forget(&self) -> Result<usize, LibraryError> {
        self.write(|work| Ok(store::recordings::forget_recordings(&work.transaction)?))
    }

    /// Notes that a song could not be played: it is not chosen again before its file changes.
    ///
    /// # Errors
    /// [`LibraryError::NoSuchSong`], or when the file cannot be written.
    pub fn failed(&self, id: SongId, reason: &str) -> Result<(), LibraryError> {
        self.write(|work| {
            let old = work.song(id)?;
            let song = Song { fault: Some(reason.to_owned()), ..Song::clone(&old) };
            store::songs::set_fault(&work.transaction, id, Some(reason))?;
            work.changes.push(Change::Changed { song: Arc::new(song), what: What::File });
            Ok(())
        })
    }

    /// The song at a path, or the one that was there before it was renamed.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn resolve(&self, path: &Path) -> Result<Option<Arc<Song>>, LibraryError> {
        if let Some(song) = self.catalogue().song_at(path) {
            return Ok(Some(Arc::clone(song)));
        }
        let hash = self.read(|connection| store::recordings::former_path(connection, path))?;
        Ok(hash.and_then(|hash| self.catalogue().songs_of(&hash).next().cloned()))
    }
}

impl Touch {
    fn what(&self) -> What {
        let Self { play_count, last_played_s, image, lyrics, amplification } = self;
        let statistics = play_count.is_some() || last_played_s.is_some() || amplification.is_some();
        if !statistics && (image.is_some() || lyrics.is_some()) { What::Blobs } else { What::Statistics }
    }

    fn apply(&self, song: &mut Song, now_s: u64) {
        if *self == Self::default() {
            song.statistics.play_count += 1;
            song.statistics.last_played_s = Some(now_s);
            return;
        }
        let statistics = &mut song.statistics;
        statistics.play_count = self.play_count.unwrap_or(statistics.play_count);
        statistics.last_played_s =
            self.last_played_s.map_or(statistics.last_played_s, |last| Some(last).filter(|last| *last > 0));
        statistics.amplification = self.amplification.unwrap_or(statistics.amplification);
        song.image = self.image.map_or(song.image, |image| Some(image).filter(|image| *image != 0));
        song.lyrics = self.lyrics.map_or(song.lyrics, |lyrics| Some(lyrics).filter(|lyrics| *lyrics != 0));
    }
}

impl CopySelection {
    fn what(self) -> What {
        if self.attributes { What::Attributes } else { What::Statistics }
    }

    fn apply(self, source: &Song, target: &mut Song) {
        if self.attributes {
            target.attributes.clone_from(&source.attributes);
        }
        if self.image {
            target.image = source.image;
        }
        if self.lyrics {
            target.lyrics = source.lyrics;
        }
        if self.last_played {
            target.statistics.last_played_s = source.statistics.last_played_s;
        }
        if self.play_count {
            target.statistics.play_count = source.statistics.play_count;
        }
    }
}
