//! Songs and their files.

use std::io;

use super::Examination;
use crate::error::LibraryError;
use crate::song::FileState;
use crate::store;

pub(super) fn examine(examination: &mut Examination<'_>) -> Result<(), LibraryError> {
    let songs: Vec<_> = examination.library.catalogue().songs().cloned().collect();
    for song in songs {
        let subject = &song.path.display();
        match song.path.metadata() {
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                examination.problem(
                    subject,
                    "its file is gone",
                    "import its directory again: it is found where it was moved to, or removed and its statistics kept",
                );
            }
            Err(error) => examination.problem(subject, error, "make it readable for the user of the station"),
            Ok(metadata) if FileState::of(&metadata) != song.file => {
                examination.note(subject, "its file changed since it was read", "import its directory again");
            }
            Ok(_) => {}
        }
        if let Some(fault) = &song.fault {
            examination.problem(
                subject,
                fault,
                "it is not chosen; replace its file and import it, or remove it with rm",
            );
        }
    }
    for refused in examination.library.refused_files()? {
        examination.note(
            refused.path.display(),
            refused.reason,
            "it is not in the library; it is read again when it changes",
        );
    }
    let lost = examination.library.read(store::recordings::recordings_without_file)?;
    if lost > 0 {
        examination.note(
            format_args!("{lost} recordings"),
            "they have no file any more; what is known about them is kept for the case that one comes back",
            "nothing needs to be done; `init` forgets them, as `tidegate radio check --forget` does without a service",
        );
    }
    Ok(())
}
