//! Moods that cannot be selected: what is no mood, and what names attributes that there are not.

use std::sync::Arc;

use super::{Examination, word};
use crate::change::BlobKind;
use crate::error::LibraryError;
use crate::mood::{Mood, Problem};

pub(super) fn examine(examination: &mut Examination<'_>) -> Result<(), LibraryError> {
    let attributes = Arc::clone(examination.library.catalogue().attributes());
    for blob in examination.library.blobs(BlobKind::Mood, &[])? {
        let content = examination.library.blob_of(BlobKind::Mood, blob.id)?;
        let (name, subject) = (&blob.name, format!("mood '{}'", blob.name));
        let put_right = format!("put a right one with `addmood {}`", word(name));
        let text = match std::str::from_utf8(&content) {
            Ok(text) => text,
            Err(error) => {
                let wrong = format_args!("byte {} is no UTF-8", error.valid_up_to());
                examination.problem(subject, wrong, put_right);
                continue;
            }
        };
        let resolved = Mood::parse(text).and_then(|mut mood| mood.resolve(&attributes));
        if let Err(error) = resolved {
            let remedy = match &error.problem {
                Problem::UnknownAttribute { name, .. } => format!("`addatt {}`, or {put_right}", word(name)),
                _ => put_right,
            };
            examination.problem(subject, error, remedy);
        }
    }
    Ok(())
}
