//! What was imported, and what could not be.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OptionalExtension, Result, params};

use super::{integer, natural};
use crate::song::FileState;

/// A file that is no audio that could be played.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedFile {
    /// Where it is.
    pub path: PathBuf,
    /// What was seen of it.
    pub file: FileState,
    /// Why it was refused.
    pub reason: String,
}

/// The directories and files that were imported, in order.
pub(crate) fn roots(connection: &Connection) -> Result<Vec<PathBuf>> {
    let mut statement = connection.prepare_cached("SELECT path FROM root ORDER BY path")?;
    let rows =
        statement.query_map((), |row| Ok(Path::new(OsStr::from_bytes(row.get_ref(0)?.as_blob()?)).to_owned()))?;
    rows.collect()
}

/// Adds one, unless it is within another, and drops those that are within it.
pub(crate) fn add_root(connection: &Connection, path: &Path) -> Result<()> {
    let known = roots(connection)?;
    if known.iter().any(|root| path.starts_with(root)) {
        return Ok(());
    }
    for within in known.iter().filter(|root| root.starts_with(path)) {
        delete_root(connection, within)?;
    }
    connection.prepare_cached("INSERT OR IGNORE INTO root VALUES (?1)")?.execute([path.as_os_str().as_bytes()])?;
    Ok(())
}

/// Removes one; its songs stay.
pub(crate) fn delete_root(connection: &Connection, path: &Path) -> Result<()> {
    connection.prepare_cached("DELETE FROM root WHERE path = ?1")?.execute([path.as_os_str().as_bytes()])?;
    Ok(())
}

/// All that were refused, in the order of paths.
pub(crate) fn refused_files(connection: &Connection) -> Result<Vec<RefusedFile>> {
    let text = "SELECT path, size_bytes, modified_ns, reason FROM refused_file ORDER BY path";
    let mut statement = connection.prepare_cached(text)?;
    let rows = statement.query_map((), |row| {
        Ok(RefusedFile {
            path: Path::new(OsStr::from_bytes(row.get_ref(0)?.as_blob()?)).to_owned(),
            file: FileState { size_bytes: natural(row.get(1)?), modified_ns: row.get(2)? },
            reason: row.get(3)?,
        })
    })?;
    rows.collect()
}

/// Notes one.
pub(crate) fn put_refused_file(connection: &Connection, refused: &RefusedFile) -> Result<()> {
    let text = "INSERT OR REPLACE INTO refused_file VALUES (?1, ?2, ?3, ?4)";
    let RefusedFile { path, file, reason } = refused;
    let values = params![path.as_os_str().as_bytes(), integer(file.size_bytes), file.modified_ns, reason];
    connection.prepare_cached(text)?.execute(values)?;
    Ok(())
}

/// Forgets one.
pub(crate) fn delete_refused_file(connection: &Connection, path: &Path) -> Result<()> {
    let text = "DELETE FROM refused_file WHERE path = ?1";
    connection.prepare_cached(text)?.execute([path.as_os_str().as_bytes()])?;
    Ok(())
}

/// What was noted under a name.
pub(crate) fn setting(connection: &Connection, name: &str) -> Result<Option<String>> {
    let text = "SELECT value FROM setting WHERE name = ?1";
    connection.prepare_cached(text)?.query_row([name], |row| row.get(0)).optional()
}

/// Notes something under a name.
pub(crate) fn put_setting(connection: &Connection, name: &str, value: &str) -> Result<()> {
    connection.prepare_cached("INSERT OR REPLACE INTO setting VALUES (?1, ?2)")?.execute([name, value])?;
    Ok(())
}
