//! The tables of images, lyrics, moods and playlists, which are all the same.

use rusqlite::{Connection, OptionalExtension, Result, params};

use crate::change::BlobKind;

/// The table of a kind. Only these four words ever become part of a statement.
pub(crate) fn table(kind: BlobKind) -> &'static str {
    match kind {
        BlobKind::Image => "image",
        BlobKind::Lyrics => "lyrics",
        BlobKind::Mood => "mood",
        BlobKind::Playlist => "playlist",
    }
}

/// Number, name and size in bytes of each, in the order of names.
pub(crate) fn blobs(connection: &Connection, kind: BlobKind) -> Result<Vec<(i64, String, i64)>> {
    let text = format!("SELECT id, name, length(content) FROM {} ORDER BY name", table(kind));
    let mut statement = connection.prepare_cached(&text)?;
    let rows = statement.query_map((), |row| row.try_into())?;
    rows.collect()
}

/// The number of a name.
pub(crate) fn blob_id(connection: &Connection, kind: BlobKind, name: &str) -> Result<Option<i64>> {
    let text = format!("SELECT id FROM {} WHERE name = ?1", table(kind));
    connection.prepare_cached(&text)?.query_row([name], |row| row.get(0)).optional()
}

/// What is in one.
pub(crate) fn blob_content(connection: &Connection, kind: BlobKind, id: i64) -> Result<Option<Vec<u8>>> {
    let text = format!("SELECT content FROM {} WHERE id = ?1", table(kind));
    connection.prepare_cached(&text)?.query_row([id], |row| row.get(0)).optional()
}

/// Adds one, or puts other content into the one of this name, which keeps its number.
pub(crate) fn put_blob(connection: &Connection, kind: BlobKind, name: &str, content: &[u8]) -> Result<i64> {
    let text = format!(
        "INSERT INTO {} (name, content) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET content = excluded.content RETURNING id",
        table(kind)
    );
    connection.prepare_cached(&text)?.query_row(params![name, content], |row| row.get(0))
}

/// Gives one another name, which has to be free.
pub(crate) fn rename_blob(connection: &Connection, kind: BlobKind, id: i64, name: &str) -> Result<()> {
    let text = format!("UPDATE {} SET name = ?2 WHERE id = ?1", table(kind));
    connection.prepare_cached(&text)?.execute(params![id, name])?;
    Ok(())
}

/// Removes one, also from the recordings that have it.
pub(crate) fn delete_blob(connection: &Connection, kind: BlobKind, id: i64) -> Result<()> {
    let text = format!("DELETE FROM {} WHERE id = ?1", table(kind));
    connection.prepare_cached(&text)?.execute([id])?;
    Ok(())
}
