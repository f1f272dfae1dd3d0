//! Bringing files into the library, and bringing the library to what the disk has now.
//!
//! ```text
//! walk (this thread) ──► files that are new or changed ──► workers: open, find frames, hash, tags
//!   stat, compare                                             │
//!   with the catalogue                                        ▼
//!                         songs that are gone ◄── place (this thread): a transaction for 2,000 files or a second
//! ```
//! One operation for all of it: a first import, a rescan, what a watcher heard. Each transaction stands by itself, so an import
//! that is killed goes on where it was when it is started again: what is in the library already has its size and time, and is not
//! read again.
//!
//! Cost: a file that did not change is one `stat` and one look-up, some 4 µs. One that is read is opened once and read from front to
//! end, and costs three statements.

mod place;
mod read;
#[cfg(test)]
mod tests;
mod walk;

use std::collections::HashSet;
use std::fmt;
use std::io;
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::change::Change;
use crate::error::LibraryError;
use crate::library::Library;
use crate::limits::WORKERS_MAX;
use crate::song::SongId;
use crate::store;
pub use crate::store::files::RefusedFile;
pub(crate) use walk::has_audio_suffix;

/// Names that audio files end in, in small letters. Everything else is only looked at when all files are wanted.
pub const SUFFIXES: &[&str] =
    &["mp3", "mp2", "mp1", "mpga", "ogg", "oga", "opus", "flac", "aac", "adts", "m4a", "m4b", "mp4"];

/// Problems that a summary names; of more it only says how many.
const PROBLEMS_KEPT: usize = 1000;

/// How an import goes about it.
#[derive(Debug, Clone)]
pub struct ImportOptions {
    /// Which files of a directory are looked at.
    pub selection: Selection,
    /// Which of them are read.
    pub effort: Effort,
    /// Threads that read files.
    pub workers: NonZeroUsize,
    /// Whether the directories are looked through again later, and watched.
    pub remember: bool,
    /// The time, in seconds since 1970.
    pub now_s: u64,
}

impl ImportOptions {
    /// What changed is read, by one thread for each processor; directories are remembered.
    #[must_use]
    pub fn new(now_s: u64) -> Self {
        let processors = std::thread::available_parallelism().map_or(2, NonZeroUsize::get);
        let workers = NonZeroUsize::new(processors.clamp(2, WORKERS_MAX)).unwrap_or(NonZeroUsize::MIN);
        Self { selection: Selection::Known, effort: Effort::Changed, workers, remember: true, now_s }
    }
}

/// Which files of a directory are looked at. A file that is named itself always is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Selection {
    /// Those whose names end as audio files' do.
    Known,
    /// All of them. Parity: `--all` of paraslash's `add`.
    All,
}

/// Which files are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effort {
    /// Those whose paths are not known. Parity: `--lazy` of paraslash's `add`.
    Lazy,
    /// Those whose size or time is different, too, and those that are named themselves and could not be played.
    Changed,
    /// All of them. Parity: `--force` of paraslash's `add`.
    Force,
}

/// What became of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Placed {
    /// It is a song now.
    Added,
    /// It is a song that was somewhere else before.
    Renamed {
        /// Where it was.
        from: PathBuf,
    },
    /// It sounds as before; its tags or its time are different.
    Updated,
    /// It sounds different.
    Replaced,
    /// It cannot be played.
    Refused {
        /// Why.
        reason: String,
    },
    /// It is gone.
    Removed,
}

/// What an import says while it goes on.
#[derive(Debug)]
pub enum Progress<'a> {
    /// Directories are being looked through; so many files were seen.
    Looking {
        /// Files seen.
        files: u64,
    },
    /// All directories were looked through.
    Found {
        /// Files that will be read.
        files: u64,
    },
    /// Something became of a file. It is durable.
    File {
        /// Where it is or was.
        path: &'a Path,
        /// What.
        placed: &'a Placed,
    },
    /// Something could not be read. The import goes on.
    Problem(&'a ImportProblem),
}

/// Something that could not be read, or is not done.
#[derive(Debug, Error)]
pub enum ImportProblem {
    /// A file or a directory.
    #[error("{}: {}", .path.display(), .source)]
    Unreadable {
        /// Which one.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A symbolic link that leads back to a directory that it is in.
    #[error("{}: leads back to {}; not followed", .path.display(), .ancestor.display())]
    Loop {
        /// The link.
        path: PathBuf,
        /// Where it leads.
        ancestor: PathBuf,
    },
    /// A remembered directory that is empty or not there, as when its disk is not mounted.
    #[error(
        "{}: {}, but the library has {songs} songs from there; they are kept (is it mounted? to remove them: rm '{}/*')",
        .path.display(), if *.there { "is empty" } else { "is not there" }, .path.display()
    )]
    Unmounted {
        /// The directory.
        path: PathBuf,
        /// Whether it is there at all.
        there: bool,
        /// Songs below it.
        songs: usize,
    },
}

/// What an import did.
#[derive(Debug, Default)]
pub struct ImportSummary {
    /// Files that were looked at.
    pub seen: u64,
    /// Songs that are new.
    pub added: u64,
    /// Songs that have other paths.
    pub renamed: u64,
    /// Songs that sound as before and have other tags or times.
    pub updated: u64,
    /// Songs that sound different.
    pub replaced: u64,
    /// Files that cannot be played.
    pub refused: u64,
    /// Songs that are gone.
    pub removed: u64,
    /// What could not be read: the first thousand.
    pub problems: Vec<ImportProblem>,
    /// How many there were.
    pub problem_count: u64,
    /// Whether it was stopped before its end.
    pub stopped: bool,
}

impl ImportSummary {
    /// Whether anything is different now.
    #[must_use]
    pub fn changed(&self) -> bool {
        self.added + self.renamed + self.updated + self.replaced + self.refused + self.removed > 0
    }

    fn count(&mut self, placed: &Placed) {
        let counter = match placed {
            Placed::Added => &mut self.added,
            Placed::Renamed { .. } => &mut self.renamed,
            Placed::Updated => &mut self.updated,
            Placed::Replaced => &mut self.replaced,
            Placed::Refused { .. } => &mut self.refused,
            Placed::Removed => &mut self.removed,
        };
        *counter += 1;
    }
}

impl fmt::Display for Placed {
    /// What became of a file, before its path: `added`, `renamed OLD to`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Added => formatter.write_str("added"),
            Self::Renamed { from } => write!(formatter, "renamed {} to", from.display()),
            Self::Updated => formatter.write_str("updated"),
            Self::Replaced => formatter.write_str("replaced"),
            Self::Refused { .. } => formatter.write_str("refused"),
            Self::Removed => formatter.write_str("removed"),
        }
    }
}

impl fmt::Display for ImportSummary {
    /// What was done, in a line.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} files", self.seen)?;
        for (count, what) in [
            (self.added, "added"),
            (self.renamed, "renamed"),
            (self.updated, "updated"),
            (self.replaced, "replaced"),
            (self.removed, "removed"),
            (self.refused, "not playable"),
            (self.problem_count, "problems"),
        ] {
            if count > 0 {
                write!(formatter, ", {count} {what}")?;
            }
        }
        if self.changed() || self.problem_count > 0 { Ok(()) } else { formatter.write_str(", nothing changed") }
    }
}

/// Whoever follows an import; `Break` stops it after what it has under way.
pub type Observer<'a> = dyn FnMut(Progress<'_>) -> ControlFlow<()> + 'a;

impl Library {
    /// Brings files and directories into the library, and what it has of them to what the disk has now: files that are gone are no
    /// songs any more.
    ///
    /// # Errors
    /// [`LibraryError::File`] for a path that is neither there nor known, and whatever keeps the library from being written; what
    /// was told of until then is done.
    pub fn import(
        &self,
        paths: &[PathBuf],
        options: &ImportOptions,
        observer: &mut Observer<'_>,
    ) -> Result<ImportSummary, LibraryError> {
        let mut paths: Vec<PathBuf> = paths.iter().map(|path| clean(path)).collect::<Result<_, _>>()?;
        paths.sort();
        paths.dedup();
        for path in &paths {
            self.must_be_known(path)?;
        }
        if options.remember {
            self.remember(&paths)?;
        }
        let mut report = Report { summary: ImportSummary::default(), observer };
        let (unmounted, mut missing) = self.look_before(&paths)?;
        for problem in unmounted {
            if let ImportProblem::Unmounted { path: gone, .. } = &problem {
                paths.retain(|path| path != gone);
                missing.retain(|(_, path)| !path.starts_with(gone));
            }
            report.problem(problem);
        }
        let candidates = walk::walk(self, &paths, options, &mut missing, &mut report)?;
        if !report.summary.stopped {
            report.tell(Progress::Found { files: candidates.len() as u64 });
        }
        if !report.summary.stopped {
            self.read_and_place(&candidates, options, &mut report)?;
        }
        if !report.summary.stopped {
            self.remove_missing(missing, &mut report)?;
            self.forget_refused(&paths)?;
        }
        Ok(report.summary)
    }

    /// Files below the paths that could not be played and are gone.
    fn forget_refused(&self, paths: &[PathBuf]) -> Result<(), LibraryError> {
        let mut gone = self.refused_files()?;
        gone.retain(|refused| {
            let is_below = paths.iter().any(|path| refused.path.starts_with(path));
            is_below && refused.path.symlink_metadata().is_err_and(|error| error.kind() == io::ErrorKind::NotFound)
        });
        if gone.is_empty() {
            return Ok(());
        }
        self.write(|work| {
            for refused in &gone {
                store::files::delete_refused_file(&work.transaction, &refused.path)?;
            }
            Ok(())
        })
    }

    /// Looks through everything that was imported once more.
    ///
    /// # Errors
    /// As [`Library::import`].
    pub fn rescan(&self, options: &ImportOptions, observer: &mut Observer<'_>) -> Result<ImportSummary, LibraryError> {
        self.import(&self.roots()?, &ImportOptions { remember: false, ..options.clone() }, observer)
    }

    /// The directories and files that were imported and are looked through again, in order; none is within another.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn roots(&self) -> Result<Vec<PathBuf>, LibraryError> {
        self.read(store::files::roots)
    }

    /// A directory is not looked through again. Its songs stay.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn forget_root(&self, path: &Path) -> Result<(), LibraryError> {
        self.write(|work| {
            store::files::delete_root(&work.transaction, path)?;
            work.changes.push(Change::Roots);
            Ok(())
        })
    }

    /// The files that cannot be played, in the order of paths.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn refused_files(&self) -> Result<Vec<RefusedFile>, LibraryError> {
        self.read(store::files::refused_files)
    }

    fn must_be_known(&self, path: &Path) -> Result<(), LibraryError> {
        match path.symlink_metadata() {
            Ok(_) => Ok(()),
            Err(_) if self.catalogue().below(path).next().is_some() => Ok(()),
            Err(source) => Err(LibraryError::File { path: path.to_owned(), source }),
        }
    }

    /// Adds roots, and drops those that are within others.
    fn remember(&self, paths: &[PathBuf]) -> Result<(), LibraryError> {
        let known = self.roots()?;
        if paths.iter().all(|path| known.iter().any(|root| path.starts_with(root))) {
            return Ok(());
        }
        self.write(|work| {
            for path in paths {
                store::files::add_root(&work.transaction, path)?;
            }
            work.changes.push(Change::Roots);
            Ok(())
        })
    }

    /// The roots among these paths that are as if not mounted, and the songs that may be missing: all of these paths'.
    fn look_before(&self, paths: &[PathBuf]) -> Result<(Vec<ImportProblem>, Missing), LibraryError> {
        let roots = self.roots()?;
        let catalogue = self.catalogue();
        let mut problems = Vec::new();
        for path in paths.iter().filter(|path| roots.contains(path)) {
            let songs = catalogue.below(path).filter(|song| song.path != **path).count();
            let there = path.symlink_metadata().is_ok();
            let empty = std::fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_none());
            if songs > 0 && (!there || empty) {
                problems.push(ImportProblem::Unmounted { path: path.clone(), there, songs });
            }
        }
        let below = paths.iter().flat_map(|path| catalogue.below(path));
        Ok((problems, below.map(|song| (song.id, song.path.clone())).collect()))
    }

    fn remove_missing(&self, missing: Missing, report: &mut Report<'_, '_>) -> Result<(), LibraryError> {
        let mut gone = Vec::new();
        for (id, path) in missing {
            // It may have been renamed meanwhile.
            if self.catalogue().song(id).is_none_or(|song| song.path != path) {
                continue;
            }
            match path.symlink_metadata() {
                Ok(_) => {}
                Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                    gone.push((id, path));
                }
                Err(source) => report.problem(ImportProblem::Unreadable { path, source }),
            }
        }
        self.write(|work| {
            let ids: HashSet<SongId> =
                gone.iter().map(|(id, _)| *id).filter(|id| work.catalogue.song(*id).is_some()).collect();
            for id in ids {
                store::songs::delete_song(&work.transaction, id)?;
                work.changes.push(Change::Removed(id));
            }
            Ok(())
        })?;
        for (_, path) in gone {
            report.placed(&path, &Placed::Removed);
        }
        Ok(())
    }
}

/// Songs that were not seen on the disk yet.
type Missing = Vec<(SongId, PathBuf)>;

/// The summary as it grows, and who is told.
struct Report<'a, 'b> {
    summary: ImportSummary,
    observer: &'a mut Observer<'b>,
}

impl Report<'_, '_> {
    fn tell(&mut self, progress: Progress<'_>) {
        if (self.observer)(progress).is_break() {
            self.summary.stopped = true;
        }
    }

    fn problem(&mut self, problem: ImportProblem) {
        self.tell(Progress::Problem(&problem));
        self.summary.problem_count += 1;
        if self.summary.problems.len() < PROBLEMS_KEPT {
            self.summary.problems.push(problem);
        }
    }

    fn placed(&mut self, path: &Path, placed: &Placed) {
        self.summary.count(placed);
        self.tell(Progress::File { path, placed });
    }
}

/// An absolute path without `.`, `..` and slashes at its end. Symbolic links stay: they are how somebody calls the place.
fn clean(path: &Path) -> Result<PathBuf, LibraryError> {
    let failed = |source| LibraryError::File { path: path.to_owned(), source };
    let absolute = std::path::absolute(path).map_err(failed)?;
    if absolute.components().any(|component| component == std::path::Component::ParentDir) {
        return absolute.canonicalize().map_err(failed);
    }
    Ok(absolute.components().collect())
}
