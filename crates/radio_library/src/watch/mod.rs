//! Hearing of files that come and go, so that the library follows without being told.
//!
//! One thread. It begins with a look through everything, for what changed while nobody listened. What it hears then is gathered until it has been quiet for a moment, because a file that is being copied changes many times,
//! and then [`Library::import`] looks at those paths. When the kernel loses events, or has no room for so many watches
//! (`fs.inotify.max_user_watches`), all directories are looked through instead: every few minutes, which costs some 4 µs a file.
//!
//! It says what it does to whoever started it and writes nothing itself.

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;

use notify::event::{AccessKind, AccessMode, EventKind};
use notify::{ErrorKind, Event, RecommendedWatcher, RecursiveMode, Watcher as _};
use reactor::clock::{self, Duration, Instant};

use crate::change::Change;
use crate::error::LibraryError;
use crate::import::{ImportOptions, ImportSummary, has_audio_suffix};
use crate::library::Library;

/// How a library is watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WatchOptions {
    /// How long it has to be quiet before files are looked at.
    pub quiet: Duration,
    /// Time between two looks through everything where changes are not heard.
    pub rescan: Duration,
}

impl Default for WatchOptions {
    /// A second, and five minutes.
    fn default() -> Self {
        Self { quiet: Duration::from_secs(1), rescan: Duration::from_mins(5) }
    }
}

/// A library that goes on changing is looked at after so many times the quiet that was waited for.
const UNREST_MAX: u32 = 10;

/// What a watcher tells.
#[derive(Debug)]
pub enum Watched {
    /// Changes of these directories are heard.
    Listening(Vec<PathBuf>),
    /// Changes are not heard: everything is looked through every so often.
    Rescanning {
        /// Why.
        reason: String,
        /// How often.
        every: Duration,
    },
    /// Something was looked at.
    Imported(ImportSummary),
    /// It could not be; it is tried again.
    Failed(LibraryError),
}

/// A thread that watches. It ends when this is dropped, after the import that it may be in.
#[derive(Debug)]
pub struct Watcher {
    messages: Sender<Message>,
    thread: Option<JoinHandle<()>>,
}

enum Message {
    Heard(notify::Result<Event>),
    Roots,
    Stop,
}

impl Watcher {
    /// Starts to watch what the library remembers, and what it is told to remember later. `tell` is called by the thread.
    ///
    /// # Errors
    /// When there is no thread to be had.
    pub fn start(
        library: Arc<Library>,
        options: WatchOptions,
        tell: impl FnMut(Watched) + Send + 'static,
    ) -> io::Result<Self> {
        let (messages, receiver) = channel();
        let roots = messages.clone();
        library.subscribe(move |changes| {
            if changes.contains(&Change::Roots) {
                // Nobody hears it once the watcher has ended.
                let _ = roots.send(Message::Roots);
            }
        });
        let heard = messages.clone();
        let watch = move || Watch { library, options, heard, tell, ears: None, deaf: None }.run(&receiver);
        let thread = std::thread::Builder::new().name("library-watch".to_owned()).spawn(watch)?;
        Ok(Self { messages, thread: Some(thread) })
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        let _ = self.messages.send(Message::Stop);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

struct Watch<T> {
    library: Arc<Library>,
    options: WatchOptions,
    heard: Sender<Message>,
    tell: T,
    ears: Option<RecommendedWatcher>,
    /// Why changes are not heard.
    deaf: Option<String>,
}

/// What waits to be looked at.
#[derive(Default)]
struct Pending {
    paths: BTreeSet<PathBuf>,
    everything: bool,
    /// When the first of it was heard, and the last.
    since: Option<(Instant, Instant)>,
}

impl Pending {
    fn is_empty(&self) -> bool {
        self.paths.is_empty() && !self.everything
    }

    fn touch(&mut self, now: Instant) {
        let first = self.since.map_or(now, |(first, _)| first);
        self.since = Some((first, now));
    }

    /// When it has to be looked at.
    fn due(&self, quiet: Duration) -> Option<Instant> {
        self.since.map(|(first, last)| (last + quiet).min(first + quiet * UNREST_MAX))
    }
}

impl<T: FnMut(Watched)> Watch<T> {
    fn run(mut self, messages: &Receiver<Message>) {
        let mut pending = Pending::default();
        self.listen(&mut pending);
        let mut rescan_at = clock::now() + self.options.rescan;
        loop {
            let now = clock::now();
            let rescan = self.deaf.is_some().then_some(rescan_at);
            let due = [pending.due(self.options.quiet), rescan].into_iter().flatten().min();
            let message = match due {
                Some(due) if due <= now => Err(RecvTimeoutError::Timeout),
                Some(due) => messages.recv_timeout(due - now),
                None => messages.recv().map_err(|_| RecvTimeoutError::Disconnected),
            };
            match message {
                Ok(Message::Heard(event)) => self.hear(event, &mut pending),
                Ok(Message::Roots) => self.listen(&mut pending),
                Ok(Message::Stop) | Err(RecvTimeoutError::Disconnected) => return,
                Err(RecvTimeoutError::Timeout) => {
                    if self.deaf.is_some() && rescan_at <= clock::now() {
                        // What was in the way may be gone.
                        self.listen(&mut pending);
                    }
                    self.look(&mut pending);
                    rescan_at = clock::now() + self.options.rescan;
                }
            }
        }
    }

    /// Hears what is to be heard of the directories that are remembered now. What changed while nobody listened is found by a look
    /// through everything.
    fn listen(&mut self, pending: &mut Pending) {
        self.ears = None;
        pending.everything = true;
        pending.touch(clock::now());
        let roots = match self.library.roots() {
            Ok(roots) => roots,
            Err(error) => return (self.tell)(Watched::Failed(error)),
        };
        let heard = self.heard.clone();
        let ears = notify::recommended_watcher(move |event| {
            let _ = heard.send(Message::Heard(event));
        });
        let listened = ears.and_then(|mut ears| {
            for root in roots.iter().filter(|root| root.exists()) {
                ears.watch(root, RecursiveMode::Recursive)?;
            }
            Ok(ears)
        });
        match listened {
            Ok(ears) => {
                self.ears = Some(ears);
                // A disk that is not mounted yet cannot be listened to; a look now and then will find it.
                let absent: Vec<_> = roots.iter().filter(|root| !root.exists()).collect();
                match absent.first() {
                    Some(root) => self.be_deaf(format!("{} is not there", root.display())),
                    None => {
                        self.deaf = None;
                        (self.tell)(Watched::Listening(roots));
                    }
                }
            }
            Err(error) => self.be_deaf(reason(&error)),
        }
    }

    fn be_deaf(&mut self, reason: String) {
        if self.deaf.as_ref() != Some(&reason) {
            (self.tell)(Watched::Rescanning { reason: reason.clone(), every: self.options.rescan });
        }
        self.deaf = Some(reason);
    }

    fn hear(&mut self, event: notify::Result<Event>, pending: &mut Pending) {
        match event {
            Ok(event) if event.need_rescan() => pending.everything = true,
            Ok(event) if is_change(event.kind) => {
                let relevant: Vec<_> =
                    event.paths.into_iter().filter(|path| is_relevant(&self.library, path)).collect();
                if relevant.is_empty() {
                    return;
                }
                pending.paths.extend(relevant);
            }
            Ok(_) => return,
            Err(error) => {
                // A directory that came later found no watch any more, for one. What was heard so far is heard on.
                if self.deaf.is_none() {
                    self.be_deaf(reason(&error));
                }
                pending.everything = true;
            }
        }
        pending.touch(clock::now());
    }

    fn look(&mut self, pending: &mut Pending) {
        if pending.is_empty() {
            return;
        }
        let Pending { paths, everything, .. } = std::mem::take(pending);
        let since_epoch = clock::wall().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        let options = ImportOptions { remember: false, ..ImportOptions::new(since_epoch.as_secs()) };
        let mut observer = |_: crate::import::Progress<'_>| ControlFlow::Continue(());
        let result = if everything {
            self.library.rescan(&options, &mut observer)
        } else {
            // Meanwhile some may have come and gone again.
            let there = |path: &PathBuf| path.symlink_metadata().is_ok() || is_known(&self.library, path);
            let paths = outermost(paths.iter().filter(|path| there(path)));
            self.library.import(&paths, &options, &mut observer)
        };
        match result {
            Ok(summary) => (self.tell)(Watched::Imported(summary)),
            Err(error) => {
                (self.tell)(Watched::Failed(error));
                // It is looked at again after as long as everything would be without ears.
                pending.everything = true;
                let later = clock::now() + self.options.rescan;
                pending.since = Some((later, later));
            }
        }
    }
}

/// What of an event means that a file may be different.
fn is_change(kind: EventKind) -> bool {
    match kind {
        EventKind::Access(AccessKind::Close(AccessMode::Write)) => true,
        EventKind::Access(_) => false,
        EventKind::Any | EventKind::Create(_) | EventKind::Modify(_) | EventKind::Remove(_) | EventKind::Other => true,
    }
}

/// Directories, audio files, and whatever is a song or has songs below.
fn is_relevant(library: &Library, path: &Path) -> bool {
    has_audio_suffix(path) || path.is_dir() || is_known(library, path)
}

fn is_known(library: &Library, path: &Path) -> bool {
    library.catalogue().below(path).next().is_some()
}

/// Those that are in no other.
fn outermost<'a>(paths: impl Iterator<Item = &'a PathBuf>) -> Vec<PathBuf> {
    let mut outer: Vec<PathBuf> = Vec::new();
    for path in paths {
        // The order of paths has what is below a directory right behind it.
        if outer.last().is_none_or(|other| !path.starts_with(other)) {
            outer.push(path.clone());
        }
    }
    outer
}

fn reason(error: &notify::Error) -> String {
    match &error.kind {
        ErrorKind::MaxFilesWatch => {
            "the kernel has no room for so many watches; raise fs.inotify.max_user_watches".to_owned()
        }
        ErrorKind::Io(io) if io.raw_os_error() == Some(rustix::io::Errno::MFILE.raw_os_error()) => {
            "this user has too many inotify instances; raise fs.inotify.max_user_instances".to_owned()
        }
        _ => error.to_string(),
    }
}
