//! Rows of attributes, and which recordings have them.

use rusqlite::{Connection, Result, params};

use super::natural_u32;
use crate::change::AttributeTable;
use crate::song::AttributeId;

/// All names.
pub(crate) fn attribute_table(connection: &Connection) -> Result<AttributeTable> {
    let mut statement = connection.prepare_cached("SELECT id, name FROM attribute")?;
    let rows = statement.query_map((), |row| Ok((AttributeId(natural_u32(row.get(0)?)), row.get(1)?)))?;
    rows.collect()
}

/// Adds a name. False: it is there already.
pub(crate) fn insert_attribute(connection: &Connection, name: &str) -> Result<bool> {
    let text = "INSERT INTO attribute (name) VALUES (?1) ON CONFLICT DO NOTHING";
    Ok(connection.prepare_cached(text)?.execute([name])? == 1)
}

/// Removes an attribute, also from the recordings that have it.
pub(crate) fn delete_attribute(connection: &Connection, id: AttributeId) -> Result<()> {
    connection.prepare_cached("DELETE FROM attribute WHERE id = ?1")?.execute([id.0])?;
    Ok(())
}

/// Gives an attribute another name, which has to be free.
pub(crate) fn rename_attribute(connection: &Connection, id: AttributeId, name: &str) -> Result<()> {
    connection.prepare_cached("UPDATE attribute SET name = ?2 WHERE id = ?1")?.execute(params![id.0, name])?;
    Ok(())
}

/// Gives an attribute to the recording of this hash, or takes it.
pub(crate) fn set_attribute(connection: &Connection, hash: &[u8; 32], id: AttributeId, set: bool) -> Result<()> {
    let text = if set {
        "INSERT OR IGNORE INTO recording_attribute SELECT id, ?2 FROM recording WHERE content_hash = ?1"
    } else {
        "DELETE FROM recording_attribute WHERE attribute_id = ?2 \
         AND recording_id = (SELECT id FROM recording WHERE content_hash = ?1)"
    };
    connection.prepare_cached(text)?.execute(params![hash, id.0])?;
    Ok(())
}
