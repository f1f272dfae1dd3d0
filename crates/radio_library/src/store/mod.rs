//! The library's file: SQLite, as statements that the rest of the crate calls by what they do.
//!
//! One connection, behind the library's lock. The file is in WAL mode with `synchronous = FULL`: each transaction is on the disk
//! when it ends, so neither `kill -9` nor a power cut loses what somebody was told is done. That costs one wait for the disk a
//! transaction, and there are few: one a song that is played, one for every two thousand files of an import. `NORMAL` would spare
//! the wait and lose the last minutes of statistics to a power cut.
//!
//! Locking is exclusive: no shared memory beside the file, and a second process is told who has it instead of working on rows
//! that the first one holds in memory.

pub(crate) mod attributes;
pub(crate) mod blobs;
pub(crate) mod export;
pub(crate) mod files;
pub(crate) mod recordings;
pub(crate) mod songs;
pub(crate) mod stickers;

use std::path::Path;

use rusqlite::types::Type;
use rusqlite::{Connection, Error as SqlError};

use crate::error::LibraryError;
use crate::schema::{self, SchemaError};

/// Statements that stay compiled.
const CACHED_STATEMENTS: usize = 64;
/// Memory for pages of the file.
const PAGE_CACHE_KIB: i64 = 8192;

/// What is left of the journal when it was worked off; a large import makes it larger for a while.
const JOURNAL_BYTES_KEPT: i64 = 4 << 20;

/// Opens the file, makes it if it is not there, and brings its tables to today's.
pub(crate) fn open(path: &Path) -> Result<Connection, LibraryError> {
    let mut connection = Connection::open(path)?;
    connection.set_prepared_statement_cache_capacity(CACHED_STATEMENTS);
    connection.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "journal_size_limit", JOURNAL_BYTES_KEPT)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.pragma_update(None, "cache_size", -PAGE_CACHE_KIB)?;
    schema::migrate(&mut connection).map_err(|error| match error {
        SchemaError::Foreign => LibraryError::NotALibrary(path.to_owned()),
        SchemaError::Newer { found } => LibraryError::Newer { path: path.to_owned(), found, known: schema::newest() },
        SchemaError::Database(error) => error.into(),
    })?;
    Ok(connection)
}

/// A number as SQLite has them; what does not fit is the largest.
pub(crate) fn integer(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A number that is never negative in the tables.
fn natural(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

/// The same for smaller ones.
fn natural_u32(number: i64) -> u32 {
    u32::try_from(number.max(0)).unwrap_or(u32::MAX)
}

/// What is said of a column that holds what it cannot hold.
fn unreadable(column: usize, kind: Type, why: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> SqlError {
    SqlError::FromSqlConversionFailure(column, kind, why.into())
}

/// What SQLite finds wrong with its file.
pub(crate) fn integrity(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut statement = connection.prepare("PRAGMA integrity_check")?;
    let rows = statement.query_map((), |row| row.get::<_, String>(0))?;
    rows.filter(|row| row.as_ref().map_or(true, |text| text != "ok")).collect()
}

/// Tables with rows that belong to none, and how many.
pub(crate) fn broken_references(connection: &Connection) -> rusqlite::Result<Vec<(String, i64)>> {
    let text = "SELECT \"table\", count(*) FROM pragma_foreign_key_check GROUP BY 1";
    let mut statement = connection.prepare(text)?;
    let rows = statement.query_map((), |row| row.try_into())?;
    rows.collect()
}
