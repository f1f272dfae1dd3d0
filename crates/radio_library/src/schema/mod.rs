//! The tables, and how a file that an older version wrote becomes one of today.
//!
//! A change of the tables is one more file `NNNN_NAME.sql` and one more line in [`MIGRATIONS`]; a file that was ever released is
//! never edited. SQLite's `user_version` counts those that were applied. Each is applied in a transaction of its own together
//! with its number, so a migration that is cut short starts again from where it was.

use rusqlite::{Connection, TransactionBehavior};

/// Every step, the first from an empty file.
const MIGRATIONS: &[&str] = &[include_str!("0001_library.sql"), include_str!("0002_history.sql")];

/// Marks a file as ours, so that somebody else's database is not taken for a library: "TgRl".
const APPLICATION_ID: i64 = 0x5467_526c;

/// Why a file has not today's tables.
#[derive(Debug)]
pub(crate) enum SchemaError {
    /// It has tables, but not ours.
    Foreign,
    /// It was written by a later version of the program.
    Newer {
        /// Its number.
        found: usize,
    },
    /// SQLite says why.
    Database(rusqlite::Error),
}

impl From<rusqlite::Error> for SchemaError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Database(error)
    }
}

/// The number of today's tables.
pub(crate) const fn newest() -> usize {
    MIGRATIONS.len()
}

/// Brings the tables to today's.
pub(crate) fn migrate(connection: &mut Connection) -> Result<(), SchemaError> {
    migrate_with(connection, MIGRATIONS)
}

fn migrate_with(connection: &mut Connection, migrations: &[&str]) -> Result<(), SchemaError> {
    let found = version(connection)?;
    if found > migrations.len() {
        return Err(SchemaError::Newer { found });
    }
    for (index, step) in migrations.iter().enumerate().skip(found) {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        transaction.execute_batch(step)?;
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.pragma_update(None, "user_version", index + 1)?;
        transaction.commit()?;
    }
    Ok(())
}

/// How many steps the file has seen.
fn version(connection: &Connection) -> Result<usize, SchemaError> {
    let application: i64 = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let version: usize = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", (), |row| row.get(0))?;
    match (application, tables) {
        (APPLICATION_ID, _) => Ok(version),
        (0, 0) if version == 0 => Ok(0),
        _ => Err(SchemaError::Foreign),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a file of a version held, in that version's own words.
    const CONTENTS: &[&str] = &[
        "INSERT INTO image (id, name, content) VALUES (7, 'cover', x'ff00');
         INSERT INTO recording (id, content_hash, added_s, play_count, last_played_s, amplification, image_id)
             VALUES (3, zeroblob(32), 100, 5, 200, 9, 7);
         INSERT INTO song VALUES (4, 3, x'2f6d', 10, -5, 'mp3', 1000, 128, 44100, 2, 'a', '', 't', 'b', 1999, '1999-01-01',
             'g', 1, NULL, '', '', NULL);
         INSERT INTO attribute VALUES (2, 'calm');
         INSERT INTO recording_attribute VALUES (3, 2);",
        "INSERT INTO play VALUES (1, 3, 200);
         INSERT INTO recording_sticker VALUES (3, 'rating', '8');",
    ];

    fn memory() -> Connection {
        let connection = Connection::open_in_memory().unwrap();
        connection.pragma_update(None, "foreign_keys", true).unwrap();
        connection
    }

    #[test]
    fn a_file_of_every_version_becomes_one_of_today_and_keeps_what_it_holds() {
        assert_eq!(CONTENTS.len(), MIGRATIONS.len(), "a new version comes with what a file of it may hold");
        for version in 1..=MIGRATIONS.len() {
            let mut connection = memory();
            migrate_with(&mut connection, &MIGRATIONS[..version]).unwrap();
            for contents in &CONTENTS[..version] {
                connection.execute_batch(contents).unwrap();
            }
            migrate(&mut connection).unwrap();
            let columns = "path, play_count, last_played_s, name, image_id";
            let from = "song JOIN recording ON recording.id = recording_id JOIN recording_attribute USING (recording_id) \
                        JOIN attribute ON attribute.id = attribute_id";
            let row: (Vec<u8>, i64, i64, String, i64) =
                connection.query_row(&format!("SELECT {columns} FROM {from}"), (), |row| row.try_into()).unwrap();
            assert_eq!(row, (b"/m".to_vec(), 5, 200, "calm".to_owned(), 7), "from version {version}");
            let check: String = connection.query_row("PRAGMA integrity_check", (), |row| row.get(0)).unwrap();
            assert_eq!(check, "ok");
        }
    }

    #[test]
    fn a_migrated_file_has_the_tables_of_a_new_one() {
        let tables = |connection: &Connection| {
            let mut statement = connection.prepare("SELECT name, sql FROM sqlite_schema ORDER BY name").unwrap();
            let rows = statement.query_map((), |row| <(String, Option<String>)>::try_from(row)).unwrap();
            rows.map(Result::unwrap).collect::<Vec<_>>()
        };
        let (mut new, mut old) = (memory(), memory());
        migrate(&mut new).unwrap();
        migrate_with(&mut old, &MIGRATIONS[..1]).unwrap();
        assert_ne!(tables(&new), tables(&old));
        migrate(&mut old).unwrap();
        assert_eq!(tables(&new), tables(&old));
    }

    #[test]
    fn a_step_that_fails_leaves_the_file_as_it_was() {
        let mut connection = memory();
        let broken = [MIGRATIONS[0], "CREATE TABLE half (a); CREATE TABLE half (a);"];
        assert!(matches!(migrate_with(&mut connection, &broken), Err(SchemaError::Database(_))));
        assert_eq!(version(&connection).unwrap(), 1);
        migrate(&mut connection).unwrap();
        assert_eq!(version(&connection).unwrap(), MIGRATIONS.len());
    }

    #[test]
    fn files_of_others_and_of_the_future_are_refused() {
        let mut foreign = memory();
        foreign.execute_batch("CREATE TABLE mail (text)").unwrap();
        assert!(matches!(migrate(&mut foreign), Err(SchemaError::Foreign)));

        let mut future = memory();
        migrate(&mut future).unwrap();
        future.pragma_update(None, "user_version", MIGRATIONS.len() + 1).unwrap();
        assert!(matches!(migrate(&mut future), Err(SchemaError::Newer { found }) if found == MIGRATIONS.len() + 1));
    }
}
