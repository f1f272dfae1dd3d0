//! Playlists with paths that are no songs.

use super::{Examination, pattern, word};
use crate::blobs::playlist_paths;
use crate::change::BlobKind;
use crate::error::LibraryError;

pub(super) fn examine(examination: &mut Examination<'_>) -> Result<(), LibraryError> {
    for blob in examination.library.blobs(BlobKind::Playlist, &[])? {
        let name = format!("playlist '{}'", blob.name);
        let paths = playlist_paths(&examination.library.blob_of(BlobKind::Playlist, blob.id)?);
        if paths.is_empty() {
            examination.note(&name, "it is empty", format_args!("`rmpl {}` removes it", pattern(&blob.name)));
        }
        for path in paths {
            match examination.library.resolve(&path)? {
                Some(song) if song.path == path => {}
                Some(song) => examination.note(
                    &name,
                    format_args!("{} is {} now", path.display(), song.path.display()),
                    "it is played; write the new path into the playlist at leisure",
                ),
                None if path.is_relative() => examination.problem(
                    &name,
                    format_args!("{} is not an absolute path", path.display()),
                    "a playlist has one absolute path a line",
                ),
                None => examination.problem(
                    &name,
                    format_args!("{} is not in the library", path.display()),
                    format_args!(
                        "it is skipped; `add {}` if it is there, or remove the line",
                        word(&path.to_string_lossy())
                    ),
                ),
            }
        }
    }
    Ok(())
}
