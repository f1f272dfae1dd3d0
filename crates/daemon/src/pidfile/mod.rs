//! The pidfile: a lock that says "this service runs", and a number for people and scripts.
//!
//! The lock is the truth, the number only a hint: a POSIX write lock over the whole file, which the kernel drops when
//! its holder dies, however it dies. So a file that nobody has locked is stale whatever it says, and a recycled process
//! id never blocks a start. POSIX locks, not `flock`, because tools ask the kernel for the holder's process id.
//!
//! The file is locked before a byte of it is changed, and never replaced by another inode, so there is no moment at
//! which two starts could both win and no temporary file to be left behind.
//!
//! A process must not close any other descriptor of its own pidfile: that would drop the lock. [`Pidfile::acquire`]
//! knows the files that this process holds, by device and inode, and does not open them.
//!
//! Beside the pidfile stands `PIDFILE.owner`, which says what a process id cannot say across PID namespaces: see
//! [`PidfileOwner`].

mod owner;

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rustix::fs::{FileType, FlockOperation, Mode, OFlags, Stat, fcntl_lock, fstat, lstat, open, stat};
use rustix::io::Errno;
use rustix::process::{Flock, FlockOffsetType, FlockType, Pid, fcntl_getlk, geteuid, getpid};

pub use owner::PidfileOwner;

/// How often [`Pidfile::acquire`] begins anew when the file changes under its hands. Each turn means that another
/// process has come or gone in between.
const ATTEMPTS: usize = 1000;

/// How long a holder in another PID namespace may take to open its control socket before it is taken for dead.
const FOREIGN_HOLDER_GRACE: Duration = Duration::from_secs(2);

/// The pause between two looks at such a holder.
const FOREIGN_HOLDER_PAUSE: Duration = Duration::from_millis(20);

/// Device and inode of each pidfile that this process has locked.
static HELD: Mutex<Vec<FileIdentity>> = Mutex::new(Vec::new());

/// Why there is no pidfile.
#[derive(Debug, thiserror::Error)]
pub enum PidfileError {
    /// Another instance holds the lock.
    #[error("{}: already running as pid {pid}, aborting", path.display())]
    AlreadyRunning {
        /// The pidfile.
        path: PathBuf,
        /// The instance that runs.
        pid: i32,
    },
    /// Another instance, in a PID namespace that this process cannot see, holds the lock and answers.
    #[error("{}: already running in another PID namespace (control socket {}), aborting", path.display(), control_socket.display())]
    AlreadyRunningElsewhere {
        /// The pidfile.
        path: PathBuf,
        /// Where that instance answers.
        control_socket: PathBuf,
    },
    /// Something that is no regular file stands at the path.
    #[error("{}: pidfile check failed: it is {found}; a pidfile is a regular file or nothing", path.display())]
    NotAFile {
        /// The pidfile.
        path: PathBuf,
        /// What stands there.
        found: &'static str,
    },
    /// Anyone may plant files in the directory.
    #[error("{}: anyone may write to this directory; a pidfile needs one that only its owner writes to, or a sticky one", directory.display())]
    UnsafeDirectory {
        /// The directory of the pidfile.
        directory: PathBuf,
    },
    /// A system call failed.
    #[error("{}: {operation} failed", path.display())]
    System {
        /// The pidfile.
        path: PathBuf,
        /// What was tried.
        operation: &'static str,
        /// Why it failed.
        source: io::Error,
    },
}

/// What [`Pidfile::acquire`] does.
#[derive(Debug, Clone, Default)]
pub struct PidfileOptions {
    /// Take the path over even from a running instance (`--overwrite-pidfile`).
    pub overwrite: bool,
    /// Where this instance's control socket will be, for those who look from another PID namespace.
    pub control_socket: Option<PathBuf>,
}

/// A pidfile that this process holds. Dropping it removes the file, unless another file has taken its place.
#[derive(Debug)]
pub struct Pidfile {
    path: PathBuf,
    identity: FileIdentity,
    /// Holds the lock; never closed before the file is removed.
    file: File,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct FileIdentity {
    device: u64,
    inode: u64,
}

impl FileIdentity {
    fn of(stat: &Stat) -> Self {
        Self { device: stat.st_dev, inode: stat.st_ino }
    }
}

/// What a look at an opened pidfile found.
enum Attempt {
    /// It is ours, locked.
    Locked(FileIdentity),
    /// The path has changed since it was opened, or the file was unfit and has been removed.
    Again,
}

impl Pidfile {
    /// Refuses when an instance runs, and changes nothing. Only a hint: the next moment may be different, and only
    /// [`Pidfile::acquire`] is safe from that.
    ///
    /// # Errors
    /// As [`Pidfile::acquire`], but nothing is created or written.
    pub fn check(path: &Path) -> Result<(), PidfileError> {
        if let Some(pid) = own_pid_if_held(path) {
            return Err(PidfileError::AlreadyRunning { path: path.to_owned(), pid });
        }
        match open_existing(path) {
            Ok(file) => refuse_if_held(path, &file),
            Err(PidfileError::System { source, .. }) if source.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(PidfileError::System { source, .. }) if source.kind() == io::ErrorKind::PermissionDenied => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Locks the file at `path`, creating it when there is none, and writes this process's id into it. Blocks only for
    /// a holder in another PID namespace that does not answer, two seconds at most.
    ///
    /// The file gets mode 0666 less the umask. Call it in the process that goes on to serve: the lock does not survive
    /// a fork.
    ///
    /// # Errors
    /// [`PidfileError`]; then no file of ours is left behind.
    pub fn acquire(path: &Path, options: &PidfileOptions) -> Result<Self, PidfileError> {
        if let Some(pid) = own_pid_if_held(path) {
            return Err(PidfileError::AlreadyRunning { path: path.to_owned(), pid });
        }
        refuse_unsafe_directory(path)?;
        for _ in 0..ATTEMPTS {
            let file = open_or_create(path)?;
            if let Attempt::Locked(identity) = attempt(path, &file, options)? {
                let pidfile = Self { path: path.to_owned(), identity, file: File::from(file) };
                lock_registry().push(identity);
                // From here on dropping `pidfile` removes the file, so a full disk leaves nothing behind.
                pidfile.write(options)?;
                return Ok(pidfile);
            }
        }
        Err(system(path, "locking (others keep replacing it)", Errno::AGAIN.into()))
    }

    /// Goes on holding a pidfile that this process has locked as another program, before an exec.
    ///
    /// # Panics
    /// When the descriptor is of no file: a fault of the caller.
    #[must_use]
    pub(crate) fn taken_over(path: PathBuf, file: OwnedFd) -> Self {
        let found = fstat(&file).unwrap_or_else(|errno| panic!("a pidfile's descriptor is none: {errno}"));
        let identity = FileIdentity::of(&found);
        lock_registry().push(identity);
        Self { path, identity, file: file.into() }
    }

    /// The process that holds the lock on the file at `path`, as this process sees it; `None` when nobody does that it
    /// can see.
    #[must_use]
    pub(crate) fn holder(path: &Path) -> Option<i32> {
        if own_pid_if_held(path).is_some() {
            return None;
        }
        match holder(&open_existing(path).ok()?)? {
            Holder::Visible(pid) => Some(pid.as_raw_nonzero().get()),
            Holder::Elsewhere => None,
        }
    }

    /// Removes the file at `path`, if there is one that nobody has locked.
    ///
    /// # Errors
    /// When it cannot be looked at or removed.
    pub(crate) fn remove_if_stale(path: &Path) -> Result<(), PidfileError> {
        if own_pid_if_held(path).is_some() || lstat(path).is_err() {
            return Ok(());
        }
        let file = open_existing(path)?;
        // With the lock in hand nobody can take the file between the look and the removal.
        if fcntl_lock(&file, FlockOperation::NonBlockingLockExclusive).is_ok() {
            remove_and_retry(path, &file)?;
            let _ = std::fs::remove_file(PidfileOwner::path(path));
        }
        Ok(())
    }

    /// The path that was given to [`Pidfile::acquire`].
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes before it truncates: a stale file's block is used again, so that a restart succeeds on a full disk.
    fn write(&self, options: &PidfileOptions) -> Result<(), PidfileError> {
        let mut content = Vec::new();
        let written = writeln!(content, "{}", getpid().as_raw_nonzero())
            .and_then(|()| self.file.write_all_at(&content, 0))
            .and_then(|()| self.file.set_len(content.len() as u64));
        written.map_err(|source| system(&self.path, "write", source))?;
        PidfileOwner::of_this_process(options.control_socket.clone())
            .write(&PidfileOwner::path(&self.path))
            .map_err(|source| system(&PidfileOwner::path(&self.path), "write", source))
    }
}

impl AsFd for Pidfile {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}

impl Drop for Pidfile {
    fn drop(&mut self) {
        let ours = lstat(&self.path).is_ok_and(|found| FileIdentity::of(&found) == self.identity);
        if ours {
            let _ = std::fs::remove_file(PidfileOwner::path(&self.path));
            let _ = std::fs::remove_file(&self.path);
        }
        lock_registry().retain(|held| *held != self.identity);
    }
}

fn lock_registry() -> std::sync::MutexGuard<'static, Vec<FileIdentity>> {
    HELD.lock().unwrap_or_else(PoisonError::into_inner)
}

fn own_pid_if_held(path: &Path) -> Option<i32> {
    let identity = FileIdentity::of(&stat(path).ok()?);
    lock_registry().contains(&identity).then(|| getpid().as_raw_nonzero().get())
}

fn system(path: &Path, operation: &'static str, source: io::Error) -> PidfileError {
    PidfileError::System { path: path.to_owned(), operation, source }
}

/// A directory in which anyone may create and rename files makes every check of a name worthless.
fn refuse_unsafe_directory(path: &Path) -> Result<(), PidfileError> {
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let found = stat(directory).map_err(|errno| system(path, "create", errno.into()))?;
    let mode = Mode::from_raw_mode(found.st_mode);
    if mode.contains(Mode::WOTH) && !mode.contains(Mode::SVTX) {
        return Err(PidfileError::UnsafeDirectory { directory: directory.to_owned() });
    }
    Ok(())
}

fn open_or_create(path: &Path) -> Result<OwnedFd, PidfileError> {
    open_with(path, OFlags::RDWR | OFlags::CREATE, "create")
}

fn open_existing(path: &Path) -> Result<OwnedFd, PidfileError> {
    open_with(path, OFlags::RDWR, "open")
}

/// Never through a symbolic link, and never blocking on a fifo.
fn open_with(path: &Path, flags: OFlags, operation: &'static str) -> Result<OwnedFd, PidfileError> {
    let flags = flags | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
    let unfit = |found| PidfileError::NotAFile { path: path.to_owned(), found };
    let file = match open(path, flags, Mode::from_raw_mode(0o666)) {
        Ok(file) => file,
        Err(Errno::LOOP) => return Err(unfit("a symbolic link")),
        Err(Errno::ISDIR) => return Err(unfit("a directory")),
        Err(Errno::NXIO) => return Err(unfit("a socket or device")),
        Err(errno) => return Err(system(path, operation, errno.into())),
    };
    let found = fstat(&file).map_err(|errno| system(path, "stat", errno.into()))?;
    match FileType::from_raw_mode(found.st_mode) {
        FileType::RegularFile => Ok(file),
        FileType::Directory => Err(unfit("a directory")),
        _ => Err(unfit("a fifo or device")),
    }
}

fn attempt(path: &Path, file: &OwnedFd, options: &PidfileOptions) -> Result<Attempt, PidfileError> {
    match fcntl_lock(file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => {}
        Err(Errno::AGAIN | Errno::ACCESS) if options.overwrite => return remove_and_retry(path, file),
        Err(Errno::AGAIN | Errno::ACCESS) => {
            refuse_if_held(path, file)?;
            return if holder(file).is_some() { remove_and_retry(path, file) } else { Ok(Attempt::Again) };
        }
        Err(errno) => return Err(system(path, "lock", errno.into())),
    }
    let found = fstat(file).map_err(|errno| system(path, "stat", errno.into()))?;
    if !is_at(path, &found) {
        return Ok(Attempt::Again);
    }
    // A second name or another owner means that somebody else put the file there: its content is not ours to change.
    if found.st_nlink != 1 || found.st_uid != geteuid().as_raw() {
        return remove_and_retry(path, file);
    }
    Ok(Attempt::Locked(FileIdentity::of(&found)))
}

fn is_at(path: &Path, file: &Stat) -> bool {
    lstat(path).is_ok_and(|found| FileIdentity::of(&found) == FileIdentity::of(file))
}

/// Takes this file's name away, if it still has it; whoever holds the file keeps its lock on a file without a name.
fn remove_and_retry(path: &Path, file: &OwnedFd) -> Result<Attempt, PidfileError> {
    let found = fstat(file).map_err(|errno| system(path, "stat", errno.into()))?;
    if is_at(path, &found) {
        std::fs::remove_file(path).map_err(|source| system(path, "remove", source))?;
    }
    Ok(Attempt::Again)
}

/// Who holds the lock on an opened pidfile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Holder {
    /// A process that this one can see.
    Visible(Pid),
    /// A process in a PID namespace that this one cannot see into: the kernel says 0.
    Elsewhere,
}

fn holder(file: &OwnedFd) -> Option<Holder> {
    let whole_file =
        Flock { start: 0, length: 0, pid: None, typ: FlockType::WriteLock, offset_type: FlockOffsetType::Set };
    let found = fcntl_getlk(file, &whole_file).ok()??;
    Some(found.pid.map_or(Holder::Elsewhere, Holder::Visible))
}

/// Refuses when the lock's holder is alive as far as can be told. A lock alone does not tell about a holder that the
/// kernel cannot name: that one has to answer on its control socket.
fn refuse_if_held(path: &Path, file: &OwnedFd) -> Result<(), PidfileError> {
    let deadline = reactor::clock::now() + FOREIGN_HOLDER_GRACE;
    loop {
        match holder(file) {
            None => return Ok(()),
            Some(Holder::Visible(pid)) => {
                return Err(PidfileError::AlreadyRunning { path: path.to_owned(), pid: pid.as_raw_nonzero().get() });
            }
            Some(Holder::Elsewhere) => {}
        }
        if let Some(control_socket) = PidfileOwner::read(&PidfileOwner::path(path)).and_then(|owner| owner.answering())
        {
            return Err(PidfileError::AlreadyRunningElsewhere { path: path.to_owned(), control_socket });
        }
        if reactor::clock::now() >= deadline {
            return Ok(());
        }
        std::thread::sleep(FOREIGN_HOLDER_PAUSE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_lost_its_place_after_it_was_opened_is_not_taken() {
        let directory = std::env::temp_dir().join(format!("tidegate-pidfile-moved-{}", std::process::id()));
        std::fs::create_dir(&directory).unwrap();
        let path = directory.join("service.pid");
        let file = open_or_create(&path).unwrap();
        std::fs::rename(&path, directory.join("moved")).unwrap();
        let gone = attempt(&path, &file, &PidfileOptions::default()).unwrap();
        let newer = open_or_create(&path).unwrap();
        let replaced = attempt(&path, &file, &PidfileOptions::default()).unwrap();
        let taken = attempt(&path, &newer, &PidfileOptions::default()).unwrap();
        std::fs::remove_dir_all(&directory).unwrap();
        assert!(matches!((gone, replaced), (Attempt::Again, Attempt::Again)));
        assert!(matches!(taken, Attempt::Locked(_)));
    }
}
