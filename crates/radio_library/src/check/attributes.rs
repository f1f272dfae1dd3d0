//! Attributes that no song has, and numbers of blobs and attributes that are none.

use super::{Examination, pattern, word};
use crate::change::BlobKind;
use crate::error::LibraryError;

pub(super) fn examine(examination: &mut Examination<'_>) -> Result<(), LibraryError> {
    for (_, name, songs) in examination.library.attribute_counts() {
        if songs == 0 {
            let (given, removed) = (format!("{name}+"), pattern(&name));
            let remedy = format!("`setatt {} PATTERN` gives it to songs, `rmatt {removed}` removes it", word(&given));
            examination.note(format_args!("attribute '{name}'"), "no song has it", remedy);
        }
    }
    let ids = |kind| -> Result<Vec<i64>, LibraryError> {
        Ok(examination.library.blobs(kind, &[])?.into_iter().map(|blob| blob.id).collect())
    };
    let (images, lyrics) = (ids(BlobKind::Image)?, ids(BlobKind::Lyrics)?);
    let catalogue = examination.library.catalogue();
    let mut dangling = Vec::new();
    for song in catalogue.songs() {
        let attributes = song.attributes.iter().filter(|id| !catalogue.attributes().contains_key(id));
        dangling.extend(attributes.map(|id| (song.clone(), format!("attribute {}", id.0))));
        for (kind, id, known) in [("image", song.image, &images), ("lyrics", song.lyrics, &lyrics)] {
            if let Some(id) = id.filter(|id| !known.contains(id)) {
                dangling.push((song.clone(), format!("{kind} {id}")));
            }
        }
    }
    drop(catalogue);
    for (song, what) in dangling {
        examination.problem(
            song.path.display(),
            format_args!("it has {what}, which is not there"),
            "export the library as JSON and import that into a new one",
        );
    }
    Ok(())
}
