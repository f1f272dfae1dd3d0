//! Reading a document into the library.

use std::collections::BTreeMap;
use std::io::{BufReader, Read};
use std::path::Path;
use std::sync::Arc;

use super::document::{BlobRecord, Bytes, Document, FileRecord, RecordingRecord};
use super::{ExchangeError, Loaded, VERSION};
use crate::attributes::tell_table;
use crate::blobs::check_name;
use crate::change::{BlobKind, Change, What};
use crate::error::LibraryError;
use crate::library::{Library, Work};
use crate::limits::BLOB_BYTES_MAX;
use crate::song::{AttributeId, FileState, Song, SongId, Statistics};
use crate::store::files::RefusedFile;
use crate::store::stickers::StickerSubject;
use crate::store::{self, integer};

impl Library {
    /// Reads a document that [`Library::export`] wrote, to its end before anything is done. All of it is done, or nothing.
    ///
    /// # Errors
    /// [`ExchangeError::Read`] with line and column of what is no document, [`ExchangeError::Record`] for what cannot be, and
    /// whatever keeps the library from being written.
    pub fn load(&self, input: &mut dyn Read) -> Result<Loaded, ExchangeError> {
        let document: Document = serde_json::from_reader(BufReader::new(input)).map_err(ExchangeError::Read)?;
        if document.tidegate_radio_library > VERSION {
            return Err(ExchangeError::Newer { found: document.tidegate_radio_library });
        }
        check(&document)?;
        Ok(self.write(|work| Loading { work, attributes: BTreeMap::new(), loaded: Loaded::default() }.load(document))?)
    }
}

/// What can be wrong with records by themselves.
fn check(document: &Document) -> Result<(), ExchangeError> {
    for name in &document.attributes {
        check_name(name)?;
    }
    for (kind, blobs) in [
        (BlobKind::Image, &document.images),
        (BlobKind::Lyrics, &document.lyrics),
        (BlobKind::Mood, &document.moods),
        (BlobKind::Playlist, &document.playlists),
    ] {
        for BlobRecord { name, content } in blobs {
            check_name(name)?;
            if content.0.len() > BLOB_BYTES_MAX {
                let what = store::blobs::table(kind);
                return Err(ExchangeError::Record {
                    what,
                    name: name.clone(),
                    problem: "is larger than a blob may be",
                });
            }
        }
    }
    for recording in &document.recordings {
        for name in &recording.attributes {
            check_name(name)?;
        }
        let files = recording.files.iter().map(|file| &file.path);
        files.chain(&recording.former_paths).try_for_each(check_path)?;
    }
    document.roots.iter().chain(document.refused_files.iter().map(|refused| &refused.path)).try_for_each(check_path)
}

fn check_path(path: &Bytes) -> Result<(), ExchangeError> {
    if path.0.starts_with(b"/") {
        return Ok(());
    }
    let name = String::from_utf8_lossy(&path.0).into_owned();
    Err(ExchangeError::Record { what: "the path", name, problem: "is not absolute" })
}

struct Loading<'a, 'b> {
    work: &'a mut Work<'b>,
    attributes: BTreeMap<String, AttributeId>,
    loaded: Loaded,
}

impl Loading<'_, '_> {
    fn load(mut self, document: Document) -> Result<Loaded, LibraryError> {
        let named = document.recordings.iter().flat_map(|recording| &recording.attributes);
        for name in document.attributes.iter().chain(named) {
            store::attributes::insert_attribute(&self.work.transaction, name)?;
        }
        tell_table(self.work)?;
        let table = store::attributes::attribute_table(&self.work.transaction)?;
        self.attributes = table.into_iter().map(|(id, name)| (name, id)).collect();
        self.blobs(BlobKind::Image, document.images)?;
        self.blobs(BlobKind::Lyrics, document.lyrics)?;
        self.blobs(BlobKind::Mood, document.moods)?;
        self.blobs(BlobKind::Playlist, document.playlists)?;
        for record in document.recordings {
            self.recording(record)?;
        }
        for sticker in document.stickers {
            let subject = StickerSubject::Other { kind: &sticker.kind, subject: &sticker.subject };
            store::stickers::put_sticker(&self.work.transaction, subject, &sticker.name, &sticker.value)?;
        }
        for root in document.roots.into_iter().map(Bytes::into_path) {
            store::files::add_root(&self.work.transaction, &root)?;
        }
        for refused in document.refused_files {
            let file = FileState { size_bytes: refused.size_bytes, modified_ns: refused.modified_ns };
            let refused = RefusedFile { path: refused.path.into_path(), file, reason: refused.reason };
            store::files::put_refused_file(&self.work.transaction, &refused)?;
        }
        for setting in document.settings {
            store::files::put_setting(&self.work.transaction, &setting.name, &setting.value)?;
        }
        self.work.changes.extend([Change::Sticker, Change::Roots]);
        Ok(self.loaded)
    }

    fn blobs(&mut self, kind: BlobKind, blobs: Vec<BlobRecord>) -> Result<(), LibraryError> {
        for BlobRecord { name, content } in blobs {
            store::blobs::put_blob(&self.work.transaction, kind, &name, &content.0)?;
            self.work.changes.push(Change::Blob { kind, name });
            self.loaded.blobs += 1;
        }
        Ok(())
    }

    fn recording(&mut self, record: RecordingRecord) -> Result<(), LibraryError> {
        let hash = record.content_hash.0;
        let known = store::recordings::recording(&self.work.transaction, &hash, record.added_s)?;
        let statistics = Statistics {
            last_played_s: record.last_played_s,
            play_count: record.play_count,
            added_s: record.added_s,
            amplification: record.amplification,
        };
        let blob = |kind, name: &Option<String>| match name {
            Some(name) => store::blobs::blob_id(&self.work.transaction, kind, name),
            None => Ok(None),
        };
        let (image, lyrics) = (blob(BlobKind::Image, &record.image)?, blob(BlobKind::Lyrics, &record.lyrics)?);
        store::recordings::set_statistics(&self.work.transaction, &hash, &statistics, image, lyrics)?;
        let mut attributes: Vec<_> =
            record.attributes.iter().filter_map(|name| self.attributes.get(name).copied()).collect();
        attributes.sort_unstable();
        attributes.dedup();
        for id in known.attributes.iter().chain(&attributes) {
            store::attributes::set_attribute(&self.work.transaction, &hash, *id, attributes.contains(id))?;
        }
        for (name, value) in &record.stickers {
            store::stickers::put_sticker(&self.work.transaction, StickerSubject::Recording(&hash), name, value)?;
        }
        for played_s in &record.played_s {
            store::recordings::add_play_once(&self.work.transaction, known.id, integer(*played_s))?;
        }
        for path in record.former_paths {
            store::recordings::note_former_path(&self.work.transaction, &path.into_path(), known.id)?;
        }
        let common = |song: &mut Song| {
            (song.statistics, song.attributes) = (statistics.clone(), attributes.clone());
            (song.image, song.lyrics) = (image, lyrics);
        };
        self.work.change_songs(&hash, What::Attributes, common);
        for file in record.files {
            self.file(hash, known.id, file, common)?;
        }
        self.loaded.recordings += 1;
        Ok(())
    }

    fn file(
        &mut self,
        content_hash: [u8; 32],
        recording: i64,
        file: FileRecord,
        common: impl Fn(&mut Song),
    ) -> Result<(), LibraryError> {
        let (state, technical, tags) = (file.file(), file.technical(), file.tags());
        let path = file.path.into_path();
        if self.is_song(&path)? {
            self.loaded.songs_known += 1;
            return Ok(());
        }
        let mut song = Song {
            id: SongId(0),
            content_hash,
            path,
            file: state,
            tags,
            technical,
            statistics: Statistics::default(),
            attributes: Vec::new(),
            image: None,
            lyrics: None,
            fault: file.fault,
        };
        common(&mut song);
        song.id = store::songs::insert_song(&self.work.transaction, recording, &song)?;
        self.work.changes.push(Change::Added(Arc::new(song)));
        self.loaded.songs_added += 1;
        Ok(())
    }

    /// Also one that the document had before.
    fn is_song(&self, path: &Path) -> Result<bool, LibraryError> {
        Ok(store::songs::is_song(&self.work.transaction, path)?)
    }
}
