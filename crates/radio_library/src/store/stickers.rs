//! Rows of stickers. Those of songs belong to their recordings; all others to a kind and a name.

use rusqlite::{Connection, OptionalExtension, Result, params};

/// What a sticker is on.
#[derive(Debug, Clone, Copy)]
pub(crate) enum StickerSubject<'a> {
    Recording(&'a [u8; 32]),
    Other { kind: &'a str, subject: &'a str },
}

/// The value under a name.
pub(crate) fn sticker(connection: &Connection, subject: StickerSubject<'_>, name: &str) -> Result<Option<String>> {
    match subject {
        StickerSubject::Recording(hash) => {
            let text = "SELECT value FROM recording_sticker JOIN recording ON recording.id = recording_id \
                        WHERE content_hash = ?1 AND name = ?2";
            connection.prepare_cached(text)?.query_row(params![hash, name], |row| row.get(0)).optional()
        }
        StickerSubject::Other { kind, subject } => {
            let text = "SELECT value FROM other_sticker WHERE kind = ?1 AND subject = ?2 AND name = ?3";
            connection.prepare_cached(text)?.query_row([kind, subject, name], |row| row.get(0)).optional()
        }
    }
}

/// All names and values, in the order of names.
pub(crate) fn stickers(connection: &Connection, subject: StickerSubject<'_>) -> Result<Vec<(String, String)>> {
    match subject {
        StickerSubject::Recording(hash) => {
            let text = "SELECT name, value FROM recording_sticker JOIN recording ON recording.id = recording_id \
                        WHERE content_hash = ?1 ORDER BY name";
            connection.prepare_cached(text)?.query_map([hash], |row| row.try_into())?.collect()
        }
        StickerSubject::Other { kind, subject } => {
            let text = "SELECT name, value FROM other_sticker WHERE kind = ?1 AND subject = ?2 ORDER BY name";
            connection.prepare_cached(text)?.query_map([kind, subject], |row| row.try_into())?.collect()
        }
    }
}

/// Puts a value under a name.
pub(crate) fn put_sticker(connection: &Connection, subject: StickerSubject<'_>, name: &str, value: &str) -> Result<()> {
    match subject {
        StickerSubject::Recording(hash) => {
            let text =
                "INSERT OR REPLACE INTO recording_sticker SELECT id, ?2, ?3 FROM recording WHERE content_hash = ?1";
            connection.prepare_cached(text)?.execute(params![hash, name, value])?;
        }
        StickerSubject::Other { kind, subject } => {
            let text = "INSERT OR REPLACE INTO other_sticker VALUES (?1, ?2, ?3, ?4)";
            connection.prepare_cached(text)?.execute([kind, subject, name, value])?;
        }
    }
    Ok(())
}

/// Removes the value under a name, or all of them; says how many there were.
pub(crate) fn delete_sticker(
    connection: &Connection,
    subject: StickerSubject<'_>,
    name: Option<&str>,
) -> Result<usize> {
    match subject {
        StickerSubject::Recording(hash) => {
            let text = "DELETE FROM recording_sticker WHERE (?2 IS NULL OR name = ?2) \
                        AND recording_id = (SELECT id FROM recording WHERE content_hash = ?1)";
            connection.prepare_cached(text)?.execute(params![hash, name])
        }
        StickerSubject::Other { kind, subject } => {
            let text = "DELETE FROM other_sticker WHERE kind = ?1 AND subject = ?2 AND (?3 IS NULL OR name = ?3)";
            connection.prepare_cached(text)?.execute(params![kind, subject, name])
        }
    }
}

/// The recordings that have a value under a name.
pub(crate) fn recordings_with_sticker(connection: &Connection, name: &str) -> Result<Vec<([u8; 32], String)>> {
    let text = "SELECT content_hash, value FROM recording_sticker JOIN recording ON recording.id = recording_id WHERE name = ?1";
    connection.prepare_cached(text)?.query_map([name], |row| row.try_into())?.collect()
}

/// The others of a kind that have a value under a name.
pub(crate) fn others_with_sticker(connection: &Connection, kind: &str, name: &str) -> Result<Vec<(String, String)>> {
    let text = "SELECT subject, value FROM other_sticker WHERE kind = ?1 AND name = ?2 ORDER BY subject";
    connection.prepare_cached(text)?.query_map([kind, name], |row| row.try_into())?.collect()
}

/// Every name under which there is a value, in order.
pub(crate) fn sticker_names(connection: &Connection) -> Result<Vec<String>> {
    let text = "SELECT name FROM recording_sticker UNION SELECT name FROM other_sticker ORDER BY name";
    connection.prepare_cached(text)?.query_map((), |row| row.get(0))?.collect()
}
