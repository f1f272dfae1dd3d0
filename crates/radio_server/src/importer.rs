//! Bringing the directories of music into the library: at the start, in the background, and whenever somebody asks.
//!
//! One import at a time: a second one waits for the first.

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use radio_library::import::{ImportOptions, ImportSummary, Observer, Progress};
use radio_library::watch::{WatchOptions, Watched, Watcher};
use radio_library::{Library, LibraryError};

use crate::station::wall_ms;

/// What imports. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Importer(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    library: Arc<Library>,
    running: Mutex<()>,
    state: Mutex<ImportState>,
    /// Once the directories are followed.
    watcher: OnceLock<Watcher>,
}

/// What is known about imports.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImportState {
    /// Whether one runs.
    pub running: bool,
    /// Imports that have ended, however.
    pub ended: u64,
    /// How the last one ended.
    pub last: Option<String>,
}

impl Importer {
    /// Imports into this library.
    #[must_use]
    pub fn new(library: Arc<Library>) -> Self {
        Self(Arc::new(Shared { library, running: Mutex::default(), state: Mutex::default(), watcher: OnceLock::new() }))
    }

    /// What is known at the moment.
    #[must_use]
    pub fn state(&self) -> ImportState {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Imports paths, and waits for the end.
    ///
    /// # Errors
    /// As [`Library::import`].
    pub fn run(
        &self,
        paths: &[PathBuf],
        options: &ImportOptions,
        observer: &mut Observer<'_>,
    ) -> Result<ImportSummary, LibraryError> {
        let _running = self.0.running.lock().unwrap_or_else(PoisonError::into_inner);
        self.set(|state| state.running = true);
        let result = self.0.library.import(paths, options, observer);
        let text = match &result {
            Ok(summary) => summary_line(summary),
            Err(error) => error.to_string(),
        };
        self.set(|state| {
            state.running = false;
            state.ended += 1;
            state.last = Some(text);
        });
        result
    }

    /// Imports directories in a thread of its own, and follows them from then on if that is wanted; what cannot be read is logged.
    /// What was imported from elsewhere is not followed any more; its songs stay.
    ///
    /// # Errors
    /// When the kernel has no thread left.
    pub fn start(&self, directories: Vec<PathBuf>, watch: bool) -> std::io::Result<()> {
        let importer = self.clone();
        std::thread::Builder::new().name("import".to_owned()).spawn(move || {
            importer.forget_others(&directories);
            let mut observer = |progress: Progress<'_>| {
                if let Progress::Problem(problem) = progress {
                    tracing::warn!("import: {problem}");
                }
                ControlFlow::Continue(())
            };
            match importer.run(&directories, &ImportOptions::new(wall_ms() / 1000), &mut observer) {
                Ok(summary) => tracing::info!("import: {}", summary_line(&summary)),
                Err(error) => {
                    tracing::error!("import: {error}; `add DIRECTORY`, or the next start, goes on from there");
                }
            }
            if watch {
                importer.watch();
            }
        })?;
        Ok(())
    }

    fn forget_others(&self, directories: &[PathBuf]) {
        let library = &self.0.library;
        for root in library.roots().unwrap_or_default() {
            if !directories.contains(&root)
                && let Err(error) = library.forget_root(&root)
            {
                tracing::warn!(path = %root.display(), %error, "cannot forget a directory that is not among the service's");
            }
        }
    }

    /// Follows the directories for as long as the process lives.
    fn watch(&self) {
        let tell = |watched: Watched| match watched {
            Watched::Listening(directories) => tracing::debug!(?directories, "changes are heard"),
            Watched::Rescanning { reason, every } => {
                tracing::warn!("changes are not heard ({reason}); looking every {} s instead", every.as_secs());
            }
            Watched::Imported(summary) if summary.changed() => tracing::info!("changed: {}", summary_line(&summary)),
            Watched::Imported(_) => {}
            Watched::Failed(error) => tracing::warn!("changes cannot be taken in: {error}"),
        };
        match Watcher::start(Arc::clone(&self.0.library), WatchOptions::default(), tell) {
            Ok(watcher) => drop(self.0.watcher.set(watcher)),
            Err(error) => tracing::error!(%error, "the directories are not followed"),
        }
    }

    fn set(&self, change: impl FnOnce(&mut ImportState)) {
        change(&mut self.0.state.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

/// What an import did, in a line.
#[must_use]
pub fn summary_line(summary: &ImportSummary) -> String {
    let ImportSummary { seen, added, renamed, updated, replaced, refused, removed, problem_count, .. } = summary;
    format!(
        "{seen} files: {added} added, {renamed} renamed, {updated} updated, {replaced} replaced, {removed} removed, \
         {refused} not playable, {problem_count} problems"
    )
}
