//! Rows of recordings: statistics, history, and where their files were before.

use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use rusqlite::{Connection, OptionalExtension, Result, params};

use super::{integer, natural, natural_u32};
use crate::song::{AttributeId, Statistics};

/// What is known about a recording besides its files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KnownRecording {
    pub(crate) id: i64,
    pub(crate) statistics: Statistics,
    pub(crate) attributes: Vec<AttributeId>,
    pub(crate) image: Option<i64>,
    pub(crate) lyrics: Option<i64>,
}

/// The recording of this hash, made new if there is none.
pub(crate) fn recording(connection: &Connection, hash: &[u8; 32], now_s: u64) -> Result<KnownRecording> {
    let insert = "INSERT INTO recording (content_hash, added_s) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
    if connection.prepare_cached(insert)?.execute(params![hash, integer(now_s)])? == 1 {
        return Ok(KnownRecording {
            id: connection.last_insert_rowid(),
            statistics: Statistics { added_s: now_s, ..Statistics::default() },
            attributes: Vec::new(),
            image: None,
            lyrics: None,
        });
    }
    let text = "SELECT id, added_s, play_count, last_played_s, amplification, image_id, lyrics_id FROM recording \
                WHERE content_hash = ?1";
    let known = connection.prepare_cached(text)?.query_row([hash], |row| {
        Ok(KnownRecording {
            id: row.get(0)?,
            statistics: Statistics {
                added_s: natural(row.get(1)?),
                play_count: natural(row.get(2)?),
                last_played_s: row.get::<_, Option<i64>>(3)?.map(natural),
                amplification: row.get(4)?,
            },
            attributes: Vec::new(),
            image: row.get(5)?,
            lyrics: row.get(6)?,
        })
    })?;
    let text = "SELECT attribute_id FROM recording_attribute WHERE recording_id = ?1 ORDER BY attribute_id";
    let mut statement = connection.prepare_cached(text)?;
    let attributes = statement.query_map([known.id], |row| Ok(AttributeId(natural_u32(row.get(0)?))))?;
    Ok(KnownRecording { attributes: attributes.collect::<Result<_>>()?, ..known })
}

/// Writes what is known about the recording of this hash.
pub(crate) fn set_statistics(
    connection: &Connection,
    hash: &[u8; 32],
    statistics: &Statistics,
    image: Option<i64>,
    lyrics: Option<i64>,
) -> Result<()> {
    let text = "UPDATE recording SET added_s = ?2, play_count = ?3, last_played_s = ?4, amplification = ?5, image_id = ?6, \
                lyrics_id = ?7 WHERE content_hash = ?1";
    connection.prepare_cached(text)?.execute(params![
        hash,
        integer(statistics.added_s),
        integer(statistics.play_count),
        statistics.last_played_s.map(integer),
        statistics.amplification,
        image,
        lyrics,
    ])?;
    Ok(())
}

/// The recording is heard differently from now on: its only file was changed in place. False when there is a recording of the new
/// hash already.
pub(crate) fn replace_hash(connection: &Connection, old: &[u8; 32], new: &[u8; 32]) -> Result<bool> {
    let text = "UPDATE OR IGNORE recording SET content_hash = ?2 WHERE content_hash = ?1";
    Ok(connection.prepare_cached(text)?.execute([old, new])? == 1)
}

/// Notes that a recording was played.
pub(crate) fn add_play(connection: &Connection, hash: &[u8; 32], now_s: u64) -> Result<()> {
    let text = "INSERT INTO play (recording_id, played_s) SELECT id, ?2 FROM recording WHERE content_hash = ?1";
    connection.prepare_cached(text)?.execute(params![hash, integer(now_s)])?;
    Ok(())
}

/// Notes that a recording was played at a time, unless that is noted already.
pub(crate) fn add_play_once(connection: &Connection, recording: i64, played_s: i64) -> Result<()> {
    let text = "INSERT INTO play (recording_id, played_s) SELECT ?1, ?2 \
                WHERE NOT EXISTS (SELECT 1 FROM play WHERE recording_id = ?1 AND played_s = ?2)";
    connection.prepare_cached(text)?.execute([recording, played_s])?;
    Ok(())
}

/// When recordings were played, the latest first, at most `count` of them: hash and time in seconds since 1970.
pub(crate) fn plays(connection: &Connection, count: usize) -> Result<Vec<([u8; 32], u64)>> {
    let text = "SELECT content_hash, played_s FROM play JOIN recording ON recording.id = recording_id \
                ORDER BY play.id DESC LIMIT ?1";
    let mut statement = connection.prepare_cached(text)?;
    let rows = statement
        .query_map([i64::try_from(count).unwrap_or(i64::MAX)], |row| Ok((row.get(0)?, natural(row.get(1)?))))?;
    rows.collect()
}

/// Forgets the recordings that have no file, with their history and stickers; says how many there were.
pub(crate) fn forget_recordings(connection: &Connection) -> Result<usize> {
    connection.execute("DELETE FROM recording WHERE id NOT IN (SELECT recording_id FROM song)", ())
}

/// Notes that a file of the recording was at this path.
pub(crate) fn note_former_path(connection: &Connection, path: &Path, recording: i64) -> Result<()> {
    let text = "INSERT OR REPLACE INTO former_path VALUES (?1, ?2)";
    connection.prepare_cached(text)?.execute(params![path.as_os_str().as_bytes(), recording])?;
    Ok(())
}

/// The recording whose file was at this path once.
pub(crate) fn former_path(connection: &Connection, path: &Path) -> Result<Option<[u8; 32]>> {
    let text = "SELECT content_hash FROM former_path JOIN recording ON recording.id = recording_id WHERE path = ?1";
    connection.prepare_cached(text)?.query_row([path.as_os_str().as_bytes()], |row| row.get(0)).optional()
}

/// How many recordings have no file.
pub(crate) fn recordings_without_file(connection: &Connection) -> Result<i64> {
    let text = "SELECT count(*) FROM recording WHERE id NOT IN (SELECT recording_id FROM song)";
    connection.query_row(text, (), |row| row.get(0))
}
