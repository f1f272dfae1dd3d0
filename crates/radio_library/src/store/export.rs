//! Whole tables, for the document that has everything.

use rusqlite::{Connection, Result};

use super::natural;
use crate::song::Statistics;

/// A recording without what belongs to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RecordingRow {
    pub(crate) id: i64,
    pub(crate) content_hash: [u8; 32],
    pub(crate) statistics: Statistics,
    pub(crate) image: Option<i64>,
    pub(crate) lyrics: Option<i64>,
}

/// All recordings, also those without a file.
pub(crate) fn recordings(connection: &Connection) -> Result<Vec<RecordingRow>> {
    let text = "SELECT id, content_hash, added_s, play_count, last_played_s, amplification, image_id, lyrics_id \
                FROM recording ORDER BY id";
    let mut statement = connection.prepare(text)?;
    let rows = statement.query_map((), |row| {
        Ok(RecordingRow {
            id: row.get(0)?,
            content_hash: row.get(1)?,
            statistics: Statistics {
                added_s: natural(row.get(2)?),
                play_count: natural(row.get(3)?),
                last_played_s: row.get::<_, Option<i64>>(4)?.map(natural),
                amplification: row.get(5)?,
            },
            image: row.get(6)?,
            lyrics: row.get(7)?,
        })
    })?;
    rows.collect()
}

/// Recording and name of each attribute that one has.
pub(crate) fn attributes(connection: &Connection) -> Result<Vec<(i64, String)>> {
    let text = "SELECT recording_id, name FROM recording_attribute JOIN attribute ON attribute.id = attribute_id ORDER BY 1, 2";
    connection.prepare(text)?.query_map((), |row| row.try_into())?.collect()
}

/// Recording, name and value of each sticker on one.
pub(crate) fn stickers(connection: &Connection) -> Result<Vec<(i64, (String, String))>> {
    let mut statement = connection.prepare("SELECT recording_id, name, value FROM recording_sticker ORDER BY 1, 2")?;
    statement.query_map((), |row| Ok((row.get(0)?, (row.get(1)?, row.get(2)?))))?.collect()
}

/// Recording and time of each time that one was played.
pub(crate) fn plays(connection: &Connection) -> Result<Vec<(i64, u64)>> {
    let mut statement = connection.prepare("SELECT recording_id, played_s FROM play ORDER BY id")?;
    statement.query_map((), |row| Ok((row.get(0)?, natural(row.get(1)?))))?.collect()
}

/// Recording and path of each place where one was.
pub(crate) fn former_paths(connection: &Connection) -> Result<Vec<(i64, Vec<u8>)>> {
    connection
        .prepare("SELECT recording_id, path FROM former_path ORDER BY path")?
        .query_map((), |row| row.try_into())?
        .collect()
}

/// Kind, subject, name and value of each sticker on something else.
pub(crate) fn other_stickers(connection: &Connection) -> Result<Vec<(String, String, String, String)>> {
    let text = "SELECT kind, subject, name, value FROM other_sticker ORDER BY 1, 2, 3";
    connection.prepare(text)?.query_map((), |row| row.try_into())?.collect()
}

/// Name and value of everything that was noted.
pub(crate) fn settings(connection: &Connection) -> Result<Vec<(String, String)>> {
    connection.prepare("SELECT name, value FROM setting ORDER BY 1")?.query_map((), |row| row.try_into())?.collect()
}
