//! Writing the document.

use std::collections::HashMap;
use std::io::{self, Write};

use rusqlite::Connection;
use serde::Serialize;

use super::document::{
    BlobRecord, Bytes, FileRecord, Hash, RecordingRecord, RefusedRecord, SettingRecord, StickerRecord,
};
use super::{ExchangeError, VERSION};
use crate::change::BlobKind;
use crate::error::LibraryError;
use crate::library::Library;
use crate::store::{self, export::RecordingRow};

impl Library {
    /// Writes everything as JSON. The library can be used meanwhile, however slow the other end of `output` is: the document has it
    /// as it was at the beginning, but for blobs, which are read one by one.
    ///
    /// # Errors
    /// When `output` cannot be written, or the library not read.
    pub fn export(&self, output: &mut dyn Write) -> Result<(), ExchangeError> {
        let mut output = Sections { output };
        let (recordings, attributes) = self.recordings()?;
        output.begin()?;
        output.section("attributes", attributes)?;
        for kind in BlobKind::ALL {
            let blobs = self.blobs(kind, &[])?;
            let records = blobs.into_iter().filter_map(|blob| {
                // One that was removed meanwhile is in no document.
                let content = Bytes(self.blob_of(kind, blob.id).ok()?);
                Some(BlobRecord { name: blob.name, content })
            });
            output.section(section_of(kind), records)?;
        }
        output.section("recordings", recordings)?;
        let stickers = self.read(store::export::other_stickers)?.into_iter();
        output.section(
            "stickers",
            stickers.map(|(kind, subject, name, value)| StickerRecord { kind, subject, name, value }),
        )?;
        output.section("roots", self.roots()?.iter().map(|root| Bytes::of(root)))?;
        let refused = self.refused_files()?.into_iter().map(|refused| RefusedRecord {
            path: Bytes::of(&refused.path),
            size_bytes: refused.file.size_bytes,
            modified_ns: refused.file.modified_ns,
            reason: refused.reason,
        });
        output.section("refused_files", refused)?;
        let settings = self.read(store::export::settings)?.into_iter();
        output.section("settings", settings.map(|(name, value)| SettingRecord { name, value }))?;
        output.end()
    }

    /// All recordings and attributes as of one moment.
    fn recordings(&self) -> Result<(Vec<RecordingRecord>, Vec<String>), LibraryError> {
        self.read(|connection| {
            let catalogue = self.catalogue();
            let mut details = Details::read(connection)?;
            let mut records = Vec::new();
            for row in store::export::recordings(connection)? {
                let files = catalogue.songs_of(&row.content_hash).map(|song| FileRecord::new(song)).collect();
                records.push(details.record(row, files));
            }
            Ok::<_, LibraryError>((records, catalogue.attributes().values().cloned().collect()))
        })
    }
}

/// What belongs to recordings, by their numbers, and names by numbers.
struct Details {
    attributes: HashMap<i64, Vec<String>>,
    stickers: HashMap<i64, Vec<(String, String)>>,
    plays: HashMap<i64, Vec<u64>>,
    former_paths: HashMap<i64, Vec<Bytes>>,
    images: HashMap<i64, String>,
    lyrics: HashMap<i64, String>,
}

impl Details {
    fn read(connection: &Connection) -> Result<Self, LibraryError> {
        let names = |kind| -> Result<HashMap<i64, String>, LibraryError> {
            Ok(store::blobs::blobs(connection, kind)?.into_iter().map(|(id, name, _)| (id, name)).collect())
        };
        Ok(Self {
            attributes: gathered(store::export::attributes(connection)?),
            stickers: gathered(store::export::stickers(connection)?),
            plays: gathered(store::export::plays(connection)?),
            former_paths: gathered(
                store::export::former_paths(connection)?.into_iter().map(|(id, path)| (id, Bytes(path))),
            ),
            images: names(BlobKind::Image)?,
            lyrics: names(BlobKind::Lyrics)?,
        })
    }

    fn record(&mut self, row: RecordingRow, files: Vec<FileRecord>) -> RecordingRecord {
        let RecordingRow { id, content_hash, statistics, image, lyrics } = row;
        RecordingRecord {
            content_hash: Hash(content_hash),
            added_s: statistics.added_s,
            play_count: statistics.play_count,
            last_played_s: statistics.last_played_s,
            amplification: statistics.amplification,
            image: image.and_then(|id| self.images.get(&id).cloned()),
            lyrics: lyrics.and_then(|id| self.lyrics.get(&id).cloned()),
            attributes: self.attributes.remove(&id).unwrap_or_default(),
            stickers: self.stickers.remove(&id).unwrap_or_default().into_iter().collect(),
            played_s: self.plays.remove(&id).unwrap_or_default(),
            former_paths: self.former_paths.remove(&id).unwrap_or_default(),
            files,
        }
    }
}

fn gathered<T>(rows: impl IntoIterator<Item = (i64, T)>) -> HashMap<i64, Vec<T>> {
    let mut found: HashMap<i64, Vec<T>> = HashMap::new();
    for (id, value) in rows {
        found.entry(id).or_default().push(value);
    }
    found
}

/// The name of the section of a kind of blob.
fn section_of(kind: BlobKind) -> &'static str {
    match kind {
        BlobKind::Image => "images",
        BlobKind::Lyrics => "lyrics",
        BlobKind::Mood => "moods",
        BlobKind::Playlist => "playlists",
    }
}

/// A document being written, a record a line.
struct Sections<'a> {
    output: &'a mut dyn Write,
}

impl Sections<'_> {
    fn begin(&mut self) -> Result<(), ExchangeError> {
        self.write(format_args!("{{\"tidegate_radio_library\": {VERSION}"))
    }

    fn section<R: Serialize>(&mut self, name: &str, records: impl IntoIterator<Item = R>) -> Result<(), ExchangeError> {
        self.write(format_args!(",\n\"{name}\": ["))?;
        let mut separator = "\n";
        for record in records {
            let text = serde_json::to_string(&record).map_err(|error| ExchangeError::Write(error.into()))?;
            self.write(format_args!("{separator}{text}"))?;
            separator = ",\n";
        }
        self.write(format_args!("]"))
    }

    fn end(&mut self) -> Result<(), ExchangeError> {
        self.write(format_args!("}}\n"))?;
        self.output.flush().map_err(ExchangeError::Write)
    }

    fn write(&mut self, text: std::fmt::Arguments<'_>) -> Result<(), ExchangeError> {
        let result: io::Result<()> = self.output.write_fmt(text);
        result.map_err(ExchangeError::Write)
    }
}
