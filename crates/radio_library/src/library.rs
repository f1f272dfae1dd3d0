//! The library: a file, what it holds in memory, and who is told when it changes.
//!
//! ```text
//! operation ──► transaction in the file ──► catalogue ──► subscribers
//!               (durable when it ends)      (queries)     (choice, stat, idle)
//! ```
//! One lock orders all changes; nothing is visible before it is durable, so what somebody saw is never lost. An operation that
//! fails (a full disk, a name that is taken) leaves file, catalogue and subscribers as they were.
//!
//! Operations are beside their subjects: [`crate::statistics`], [`crate::attributes`], [`crate::blobs`], [`crate::stickers`],
//! [`crate::import`], [`crate::exchange`], [`crate::check`]. They may wait for the disk: a program with an event loop calls them
//! from threads that may block.

#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::fmt;
use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{Read, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard};

use rusqlite::{Connection, Transaction, TransactionBehavior};

use crate::catalogue::Catalogue;
use crate::change::{AttributeTable, Change, What};
use crate::error::LibraryError;
use crate::pattern::Pattern;
use crate::song::{Song, SongId};
use crate::store;

/// The file in the library's directory.
const DATABASE: &str = "library.sqlite";
/// Held as long as the library is open, with the process's number in it.
const LOCK: &str = "library.lock";

/// The library of a station.
pub struct Library {
    directory: PathBuf,
    store: Mutex<Store>,
    catalogue: RwLock<Catalogue>,
    /// Its lock ends with it.
    _lock: File,
}

struct Store {
    connection: Connection,
    subscribers: Vec<Subscriber>,
}

type Subscriber = Box<dyn Fn(&[Change]) + Send + Sync>;

/// All that there was when a subscriber came.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// Every song, in the order of paths.
    pub songs: Vec<Arc<Song>>,
    /// The names of all attributes.
    pub attributes: Arc<AttributeTable>,
}

impl Library {
    /// Opens the library in this directory; makes both if they are not there. Takes some 200 ms for 50,000 songs.
    ///
    /// # Errors
    /// [`LibraryError::InUse`] while another process has it open, [`LibraryError::Newer`] and [`LibraryError::NotALibrary`] for
    /// what is not ours to touch, and whatever keeps the file from being read.
    pub fn open(directory: &Path) -> Result<Self, LibraryError> {
        let failed = |source| LibraryError::File { path: directory.to_owned(), source };
        DirBuilder::new().recursive(true).mode(0o700).create(directory).map_err(failed)?;
        let lock = lock(directory)?;
        let connection = store::open(&directory.join(DATABASE))?;
        let songs = store::songs::all_songs(&connection)?;
        let catalogue = Catalogue::new(songs, store::attributes::attribute_table(&connection)?);
        Ok(Self {
            directory: directory.to_owned(),
            store: Mutex::new(Store { connection, subscribers: Vec::new() }),
            catalogue: RwLock::new(catalogue),
            _lock: lock,
        })
    }

    /// Whether there is one in this directory.
    #[must_use]
    pub fn is_in(directory: &Path) -> bool {
        directory.join(DATABASE).is_file()
    }

    /// Where it is.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Its file.
    pub(crate) fn database(&self) -> PathBuf {
        self.directory.join(DATABASE)
    }

    /// What there is. Ask, and let go: changes wait for it, and an operation called meanwhile by the same thread would wait for
    /// ever.
    pub fn catalogue(&self) -> RwLockReadGuard<'_, Catalogue> {
        self.catalogue.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells `subscriber` of every change from now on, and gives what there is now: between the two nothing is missed. It is called
    /// by whichever thread changes the library, which waits for it; it must not call the library.
    pub fn subscribe(&self, subscriber: impl Fn(&[Change]) + Send + Sync + 'static) -> Snapshot {
        let mut store = self.store();
        store.subscribers.push(Box::new(subscriber));
        let catalogue = self.catalogue();
        Snapshot { songs: catalogue.songs().cloned().collect(), attributes: Arc::clone(catalogue.attributes()) }
    }

    /// What was noted under a name, for what has to outlast a restart.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn setting(&self, name: &str) -> Result<Option<String>, LibraryError> {
        self.read(|connection| store::files::setting(connection, name))
    }

    /// Notes something under a name.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn set_setting(&self, name: &str, value: &str) -> Result<(), LibraryError> {
        self.write(|work| Ok(store::files::put_setting(&work.transaction, name, value)?))
    }

    /// Asks the file.
    pub(crate) fn read<T, E>(&self, question: impl FnOnce(&Connection) -> Result<T, E>) -> Result<T, LibraryError>
    where
        LibraryError: From<E>,
    {
        Ok(question(&self.store().connection)?)
    }

    /// Runs `operation` in a transaction, and shows and tells its changes once that is durable.
    pub(crate) fn write<T>(
        &self,
        operation: impl FnOnce(&mut Work<'_>) -> Result<T, LibraryError>,
    ) -> Result<T, LibraryError> {
        let mut store = self.store();
        let Store { connection, subscribers } = &mut *store;
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut work = Work { transaction, catalogue: self.catalogue(), changes: Vec::new() };
        let result = operation(&mut work)?;
        let Work { transaction, catalogue, changes } = work;
        drop(catalogue);
        transaction.commit()?;
        if !changes.is_empty() {
            let mut catalogue = self.catalogue.write().unwrap_or_else(PoisonError::into_inner);
            for change in &changes {
                catalogue.apply(change);
            }
            drop(catalogue);
            for subscriber in subscribers {
                subscriber(&changes);
            }
        }
        Ok(result)
    }

    fn store(&self) -> MutexGuard<'_, Store> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Library {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Library({}, {} songs)", self.directory.display(), self.catalogue().len())
    }
}

/// A transaction under way. The catalogue is as it was before; what the transaction changes is put into `changes`.
pub(crate) struct Work<'a> {
    pub(crate) transaction: Transaction<'a>,
    pub(crate) catalogue: RwLockReadGuard<'a, Catalogue>,
    pub(crate) changes: Vec<Change>,
}

impl Work<'_> {
    /// The song of a number.
    pub(crate) fn song(&self, id: SongId) -> Result<Arc<Song>, LibraryError> {
        self.catalogue.song(id).cloned().ok_or_else(|| LibraryError::NoSuchSong(format!("song {}", id.0)))
    }

    /// Changes what the files of one recording have in common, in memory: all of them are told of. Returns one of them, if any is
    /// different now. A recording is changed once in a transaction.
    pub(crate) fn change_songs(
        &mut self,
        content_hash: &[u8; 32],
        what: What,
        change: impl Fn(&mut Song),
    ) -> Option<Arc<Song>> {
        let mut one = None;
        for old in self.catalogue.songs_of(content_hash) {
            let mut song = Song::clone(old);
            change(&mut song);
            if song != **old {
                let song = Arc::new(song);
                one = Some(Arc::clone(&song));
                self.changes.push(Change::Changed { song, what });
            }
        }
        one
    }

    /// Changes the statistics or the blobs of a recording, in memory and in the file. False: nothing is different.
    pub(crate) fn change_statistics(
        &mut self,
        content_hash: &[u8; 32],
        what: What,
        change: impl Fn(&mut Song),
    ) -> Result<bool, LibraryError> {
        let Some(song) = self.change_songs(content_hash, what, change) else {
            return Ok(false);
        };
        let Song { statistics, image, lyrics, .. } = &*song;
        store::recordings::set_statistics(&self.transaction, content_hash, statistics, *image, *lyrics)?;
        Ok(true)
    }

    /// The songs that are like any of these patterns, in the order of paths.
    ///
    /// # Errors
    /// [`LibraryError::NothingMatches`] names the first pattern that no song is like.
    pub(crate) fn songs_like(&self, patterns: &[Pattern]) -> Result<Vec<Arc<Song>>, LibraryError> {
        self.catalogue.like(patterns)
    }

    /// The recordings of the songs that are like any of these patterns, each once.
    pub(crate) fn recordings_like(&self, patterns: &[Pattern]) -> Result<Vec<[u8; 32]>, LibraryError> {
        let mut seen = HashSet::new();
        let hashes = self.songs_like(patterns)?.into_iter().map(|song| song.content_hash);
        Ok(hashes.filter(|hash| seen.insert(*hash)).collect())
    }
}

/// Takes the lock, or says who has it.
fn lock(directory: &Path) -> Result<File, LibraryError> {
    let path = directory.join(LOCK);
    let failed = |source| LibraryError::File { path: path.clone(), source };
    let mut options = OpenOptions::new();
    let mut file = options.read(true).write(true).create(true).truncate(false).open(&path).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut text = String::new();
            let read = file.read_to_string(&mut text);
            let process = read.ok().and_then(|_| text.trim().parse().ok());
            return Err(LibraryError::InUse { directory: directory.to_owned(), process });
        }
        Err(TryLockError::Error(source)) => return Err(failed(source)),
    }
    // Who it is, is said for people only; a full disk is no reason to keep the library closed.
    let _ = file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id()));
    Ok(file)
}
