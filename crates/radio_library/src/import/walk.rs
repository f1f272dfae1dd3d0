//! Which files have to be read.

use std::collections::{HashMap, HashSet};
use std::fs::Metadata;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use walkdir::{DirEntry, WalkDir};

use super::{Effort, ImportOptions, ImportProblem, Missing, Progress, Report, SUFFIXES, Selection};
use crate::error::LibraryError;
use crate::library::Library;
use crate::song::{FileState, SongId};

/// Files between two words of how far it is.
const FILES_PER_WORD: u64 = 1000;

/// A file that has to be read.
#[derive(Debug)]
pub(super) struct Candidate {
    pub(super) path: PathBuf,
    /// What was said of it when it could not be played.
    pub(super) was_refused: bool,
}

/// Looks through the directories. What was seen is not missing.
pub(super) fn walk(
    library: &Library,
    paths: &[PathBuf],
    options: &ImportOptions,
    missing: &mut Missing,
    report: &mut Report<'_, '_>,
) -> Result<Vec<Candidate>, LibraryError> {
    let refused = library.refused_files()?.into_iter().map(|refused| (refused.path, refused.file)).collect();
    let mut walk = Walk { library, options, refused, seen: HashSet::new(), candidates: Vec::new() };
    for path in paths {
        for entry in WalkDir::new(path).follow_links(true).sort_by_file_name() {
            match entry {
                Ok(entry) => walk.entry(&entry, report),
                Err(error) => walk.failed(error, report),
            }
            if report.summary.stopped {
                return Ok(Vec::new());
            }
        }
    }
    missing.retain(|(id, _)| !walk.seen.contains(id));
    Ok(walk.candidates)
}

struct Walk<'a> {
    library: &'a Library,
    options: &'a ImportOptions,
    refused: HashMap<PathBuf, FileState>,
    /// Songs that are there.
    seen: HashSet<SongId>,
    candidates: Vec<Candidate>,
}

impl Walk<'_> {
    fn entry(&mut self, entry: &DirEntry, report: &mut Report<'_, '_>) {
        if !entry.file_type().is_file() || !self.is_wanted(entry) {
            return;
        }
        report.summary.seen += 1;
        if report.summary.seen.is_multiple_of(FILES_PER_WORD) {
            report.tell(Progress::Looking { files: report.summary.seen });
        }
        let path = entry.path();
        let song = self.library.catalogue().song_at(path).map(|song| (song.id, song.file, song.fault.is_some()));
        self.seen.extend(song.map(|(id, ..)| id));
        let refused = self.refused.get(path).copied();
        let is_unplayable = refused.is_some() || song.is_some_and(|(.., is_faulty)| is_faulty);
        let read = match (self.options.effort, song.map(|(_, file, _)| file).or(refused)) {
            (_, None) | (Effort::Force, _) => true,
            (Effort::Lazy, Some(_)) => false,
            // Whoever names it is told why it is no song, also if a look at its directory came before.
            (Effort::Changed, Some(_)) if is_unplayable && entry.depth() == 0 => true,
            (Effort::Changed, Some(known)) => match entry.metadata() {
                Ok(metadata) => FileState::of(&metadata) != known,
                // The worker will say why it cannot be read, or that it is gone.
                Err(_) => true,
            },
        };
        if read {
            self.candidates.push(Candidate { path: path.to_owned(), was_refused: refused.is_some() });
        }
    }

    /// Files that are named themselves always are; `._NAME` are what macOS leaves beside files, whatever they end in.
    fn is_wanted(&self, entry: &DirEntry) -> bool {
        if entry.depth() == 0 || self.options.selection == Selection::All {
            return true;
        }
        has_audio_suffix(entry.path()) && !entry.file_name().as_encoded_bytes().starts_with(b"._")
    }

    fn failed(&mut self, error: walkdir::Error, report: &mut Report<'_, '_>) {
        let path = error.path().unwrap_or(Path::new("")).to_owned();
        if let Some(ancestor) = error.loop_ancestor() {
            report.problem(ImportProblem::Loop { ancestor: ancestor.to_owned(), path });
            return;
        }
        let source = error.into_io_error().unwrap_or_else(|| io::ErrorKind::Other.into());
        // A song at that path is missing, which is told of as what it is.
        let known = self.library.catalogue().below(&path).next().is_some();
        if source.kind() == io::ErrorKind::NotFound && known {
            return;
        }
        report.problem(ImportProblem::Unreadable { path, source });
    }
}

/// Whether a path ends as those of audio files do.
pub(crate) fn has_audio_suffix(path: &Path) -> bool {
    let suffix = path.extension().map(|suffix| suffix.as_encoded_bytes());
    suffix.is_some_and(|suffix| SUFFIXES.iter().any(|known| known.as_bytes().eq_ignore_ascii_case(suffix)))
}

impl FileState {
    pub(crate) fn of(metadata: &Metadata) -> Self {
        let modified_ns = metadata.mtime().saturating_mul(1_000_000_000).saturating_add(metadata.mtime_nsec());
        Self { size_bytes: metadata.size(), modified_ns }
    }
}
