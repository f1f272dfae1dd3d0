//! SQLite's own look at its file.

use super::Examination;
use crate::error::LibraryError;
use crate::store;

pub(super) fn examine(examination: &mut Examination<'_>) -> Result<(), LibraryError> {
    let subject = examination.library.database().display().to_string();
    for problem in examination.library.read(store::integrity)? {
        examination.problem(
            &subject,
            problem,
            "export it as JSON and import that into a new library; what was damaged will be missing",
        );
    }
    for (table, count) in examination.library.read(store::broken_references)? {
        examination.problem(
            &subject,
            format_args!("{count} rows of the table {table} belong to nothing"),
            "export it as JSON and import that into a new library",
        );
    }
    Ok(())
}
