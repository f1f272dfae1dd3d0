//! Where a file that was read belongs: which song, which recording.

use std::collections::HashSet;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use super::Placed;
use super::read::{Facts, Reading};
use crate::change::{Change, What};
use crate::error::LibraryError;
use crate::library::Work;
use crate::limits::COPIES_LOOKED_AT_MAX;
use crate::song::{Song, SongId};
use crate::store;
use crate::store::files::RefusedFile;
use crate::store::recordings::KnownRecording;

/// Places files within one transaction.
pub(super) struct Placing<'a, 'b> {
    work: &'a mut Work<'b>,
    now_s: u64,
    /// Songs that were given another path in this transaction; the catalogue has them under the old one.
    moved: HashSet<SongId>,
    /// Songs whose files this import has found where they were: a library of many copies is not to ask for each of them each time.
    present: &'a mut HashSet<SongId>,
}

impl<'a, 'b> Placing<'a, 'b> {
    pub(super) fn new(work: &'a mut Work<'b>, now_s: u64, present: &'a mut HashSet<SongId>) -> Self {
        Self { work, now_s, moved: HashSet::new(), present }
    }

    pub(super) fn place(&mut self, reading: Reading) -> Result<(PathBuf, Placed), LibraryError> {
        let path = reading.path.clone();
        let known = self.work.catalogue.song_at(&path).filter(|song| !self.moved.contains(&song.id)).cloned();
        let placed = match (known, &reading.result) {
            (known, Err(error)) => {
                let reason = error.to_string();
                self.refuse(known, reading, &reason)?;
                Placed::Refused { reason }
            }
            (Some(song), Ok(_)) => self.renew(&song, reading)?,
            (None, Ok(_)) => self.add(reading)?,
        };
        Ok((path, placed))
    }

    /// It cannot be played. A song that could stays, with its fault, until it is gone or mended.
    fn refuse(&mut self, known: Option<Arc<Song>>, reading: Reading, reason: &str) -> Result<(), LibraryError> {
        let Reading { path, file, .. } = reading;
        let Some(old) = known else {
            let refused = RefusedFile { path, file, reason: reason.to_owned() };
            return Ok(store::files::put_refused_file(&self.work.transaction, &refused)?);
        };
        let recording = self.recording(&old.content_hash)?;
        let song = Song { file, fault: Some(reason.to_owned()), ..Song::clone(&old) };
        self.update(recording.id, song)
    }

    /// A path that is a song already.
    fn renew(&mut self, old: &Arc<Song>, reading: Reading) -> Result<Placed, LibraryError> {
        let Ok(Facts { content_hash, tags, technical }) = reading.result else {
            return Ok(Placed::Updated);
        };
        let same = content_hash == old.content_hash;
        if !same && self.work.catalogue.songs_of(&old.content_hash).count() == 1 {
            // Nothing else sounds as it did. When nothing sounds as it does now either, it is the same song in a new form.
            store::recordings::replace_hash(&self.work.transaction, &old.content_hash, &content_hash)?;
        }
        let recording = self.recording(&content_hash)?;
        let id = recording.id;
        let song = Song {
            id: old.id,
            content_hash,
            path: reading.path,
            file: reading.file,
            tags,
            technical,
            fault: None,
            statistics: recording.statistics,
            attributes: recording.attributes,
            image: recording.image,
            lyrics: recording.lyrics,
        };
        self.update(id, song)?;
        Ok(if same { Placed::Updated } else { Placed::Replaced })
    }

    /// A path that is no song yet: one that was renamed, or a new one.
    fn add(&mut self, reading: Reading) -> Result<Placed, LibraryError> {
        let Ok(Facts { content_hash, tags, technical }) = reading.result else {
            return Ok(Placed::Added);
        };
        if reading.was_refused {
            store::files::delete_refused_file(&self.work.transaction, &reading.path)?;
        }
        let recording = self.recording(&content_hash)?;
        let recording_id = recording.id;
        let song = Song {
            id: SongId(0),
            content_hash,
            path: reading.path,
            file: reading.file,
            tags,
            technical,
            statistics: recording.statistics,
            attributes: recording.attributes,
            image: recording.image,
            lyrics: recording.lyrics,
            fault: None,
        };
        match self.renamed(&content_hash) {
            Some(old) => {
                let from = old.path.clone();
                store::recordings::note_former_path(&self.work.transaction, &from, recording_id)?;
                self.moved.insert(old.id);
                self.update(recording_id, Song { id: old.id, ..song })?;
                Ok(Placed::Renamed { from })
            }
            None => {
                let id = store::songs::insert_song(&self.work.transaction, recording_id, &song)?;
                self.work.changes.push(Change::Added(Arc::new(Song { id, ..song })));
                Ok(Placed::Added)
            }
        }
    }

    /// The song that sounds so and whose file is gone: it is this one.
    fn renamed(&mut self, content_hash: &[u8; 32]) -> Option<Arc<Song>> {
        let present = &mut *self.present;
        let is_gone = |song: &&Arc<Song>| {
            if present.contains(&song.id) {
                return false;
            }
            let is_gone = song
                .path
                .symlink_metadata()
                .is_err_and(|error| matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory));
            if !is_gone {
                present.insert(song.id);
            }
            is_gone
        };
        let songs = self.work.catalogue.songs_of(content_hash).filter(|song| !self.moved.contains(&song.id));
        songs.take(COPIES_LOOKED_AT_MAX).find(is_gone).cloned()
    }

    fn recording(&self, content_hash: &[u8; 32]) -> Result<KnownRecording, LibraryError> {
        Ok(store::recordings::recording(&self.work.transaction, content_hash, self.now_s)?)
    }

    fn update(&mut self, recording: i64, song: Song) -> Result<(), LibraryError> {
        store::songs::update_song(&self.work.transaction, recording, &song)?;
        self.work.changes.push(Change::Changed { song: Arc::new(song), what: What::File });
        Ok(())
    }
}
