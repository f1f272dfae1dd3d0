//! Rows of songs.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use rusqlite::types::Type;
use rusqlite::{Connection, Result, Row, params};

use super::{integer, natural, natural_u32, unreadable};
use crate::song::{AttributeId, FileState, Song, SongId, Statistics, Tags, Technical};

const COLUMNS: &str = "size_bytes, modified_ns, format, duration_ms, bitrate_kbit, frequency_hz, channels, artist, album_artist, \
                       title, album, year, date, genre, track, disc, comment, others, fault, path, recording_id";

/// As many values as there are columns.
const VALUES: &str = "?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21";

/// All of them, with what is known about their recordings.
pub(crate) fn all_songs(connection: &Connection) -> Result<Vec<Song>> {
    let attributes = attributes_by_recording(connection)?;
    let text = format!(
        "SELECT song.id, content_hash, added_s, play_count, last_played_s, amplification, image_id, lyrics_id, {COLUMNS} \
         FROM song JOIN recording ON recording.id = recording_id"
    );
    let mut statement = connection.prepare(&text)?;
    let rows = statement.query_map((), |row| read(row, &attributes))?;
    rows.collect()
}

fn attributes_by_recording(connection: &Connection) -> Result<HashMap<i64, Vec<AttributeId>>> {
    let mut found: HashMap<i64, Vec<AttributeId>> = HashMap::new();
    let text = "SELECT recording_id, attribute_id FROM recording_attribute ORDER BY recording_id, attribute_id";
    let mut statement = connection.prepare(text)?;
    let mut rows = statement.query(())?;
    while let Some(row) = rows.next()? {
        found.entry(row.get(0)?).or_default().push(AttributeId(natural_u32(row.get(1)?)));
    }
    Ok(found)
}

fn read(row: &Row<'_>, attributes: &HashMap<i64, Vec<AttributeId>>) -> Result<Song> {
    let others: String = row.get(25)?;
    let recording: i64 = row.get(28)?;
    Ok(Song {
        id: SongId(row.get(0)?),
        content_hash: row.get(1)?,
        statistics: Statistics {
            added_s: natural(row.get(2)?),
            play_count: natural(row.get(3)?),
            last_played_s: row.get::<_, Option<i64>>(4)?.map(natural),
            amplification: row.get(5)?,
        },
        image: row.get(6)?,
        lyrics: row.get(7)?,
        file: FileState { size_bytes: natural(row.get(8)?), modified_ns: row.get(9)? },
        technical: Technical {
            format: row.get(10)?,
            duration_ms: natural(row.get(11)?),
            bitrate_kbit: natural_u32(row.get(12)?),
            frequency_hz: natural_u32(row.get(13)?),
            channels: natural_u32(row.get(14)?),
        },
        tags: Tags {
            artist: row.get(15)?,
            album_artist: row.get(16)?,
            title: row.get(17)?,
            album: row.get(18)?,
            year: row.get(19)?,
            date: row.get(20)?,
            genre: row.get(21)?,
            track: row.get::<_, Option<i64>>(22)?.map(natural_u32),
            disc: row.get::<_, Option<i64>>(23)?.map(natural_u32),
            comment: row.get(24)?,
            others: read_others(&others)?,
        },
        fault: row.get(26)?,
        path: Path::new(OsStr::from_bytes(row.get_ref(27)?.as_blob()?)).to_owned(),
        attributes: attributes.get(&recording).cloned().unwrap_or_default(),
    })
}

fn read_others(text: &str) -> Result<Vec<(String, String)>> {
    if text.is_empty() {
        return Ok(Vec::new());
    }
    serde_json::from_str(text).map_err(|error| unreadable(25, Type::Text, error))
}

fn write_others(others: &[(String, String)]) -> String {
    if others.is_empty() { String::new() } else { serde_json::json!(others).to_string() }
}

/// Adds a file of a recording; the song's number is given by the table.
pub(crate) fn insert_song(connection: &Connection, recording: i64, song: &Song) -> Result<SongId> {
    let text = format!("INSERT INTO song (id, {COLUMNS}) VALUES (?22, {VALUES})");
    write(connection, &text, recording, song, None)?;
    Ok(SongId(connection.last_insert_rowid()))
}

/// Writes the row of a song anew.
pub(crate) fn update_song(connection: &Connection, recording: i64, song: &Song) -> Result<()> {
    let text = format!("UPDATE song SET ({COLUMNS}) = ({VALUES}) WHERE id = ?22");
    write(connection, &text, recording, song, Some(song.id))
}

/// Removes the row of a song. Its recording stays.
pub(crate) fn delete_song(connection: &Connection, id: SongId) -> Result<()> {
    connection.prepare_cached("DELETE FROM song WHERE id = ?1")?.execute([id.0])?;
    Ok(())
}

/// A statement that takes [`COLUMNS`] and then the number of the row.
fn write(connection: &Connection, text: &str, recording: i64, song: &Song, id: Option<SongId>) -> Result<()> {
    let Song { path, file, technical, tags, fault, .. } = song;
    connection.prepare_cached(text)?.execute(params![
        integer(file.size_bytes),
        file.modified_ns,
        technical.format,
        integer(technical.duration_ms),
        technical.bitrate_kbit,
        technical.frequency_hz,
        technical.channels,
        tags.artist,
        tags.album_artist,
        tags.title,
        tags.album,
        tags.year,
        tags.date,
        tags.genre,
        tags.track,
        tags.disc,
        tags.comment,
        write_others(&tags.others),
        fault,
        path.as_os_str().as_bytes(),
        recording,
        id.map(|id| id.0),
    ])?;
    Ok(())
}

/// Notes why a song could not be played.
pub(crate) fn set_fault(connection: &Connection, id: SongId, fault: Option<&str>) -> Result<()> {
    connection.prepare_cached("UPDATE song SET fault = ?2 WHERE id = ?1")?.execute(params![id.0, fault])?;
    Ok(())
}

/// Whether there is a song at this path.
pub(crate) fn is_song(connection: &Connection, path: &Path) -> Result<bool> {
    let mut statement = connection.prepare_cached("SELECT 1 FROM song WHERE path = ?1")?;
    statement.exists([path.as_os_str().as_bytes()])
}
