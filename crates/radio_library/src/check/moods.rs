//! Moods that cannot be loaded.

use super::Examination;
use crate::change::BlobKind;
use crate::error::LibraryError;

pub(super) fn examine(examination: &mut Examination<'_>) -> Result<(), LibraryError> {
    for blob in examination.library.blobs(BlobKind::Mood, &[])? {
        let content = examination.library.blob_of(BlobKind::Mood, blob.id)?;
        let wrong = match std::str::from_utf8(&content) {
            Ok(text) => (examination.mood)(text).err(),
            Err(error) => Some(format!("byte {} is no UTF-8", error.valid_up_to())),
        };
        if let Some(wrong) = wrong {
            let name = blob.name;
            examination.problem(
                format_args!("mood '{name}'"),
                wrong,
                format_args!("put a right one with `addmood {name}`"),
            );
        }
    }
    Ok(())
}
