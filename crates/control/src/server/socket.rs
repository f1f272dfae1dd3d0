//! The socket file: made, told apart from what else may be at its path, and removed.
//!
//! Whoever binds, probes or removes in a run directory holds a lock on the directory itself (`flock`), so that of two
//! instances none takes the other's socket for a leftover between its `bind` and its `listen`.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use reactor::clock::{self, Duration};
use rustix::fs::{FlockOperation, Mode};
use rustix::io::{Errno, FdFlags};
use rustix::net::{AddressFamily, SocketFlags, SocketType, sockopt};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::address::SocketAddress;
use crate::limits::{BACKLOG, DIRECTORY_LOCK_TIMEOUT};

/// Who may connect: the owner. (Root may always.)
const MODE: Mode = Mode::RUSR.union(Mode::WUSR);

/// Between two tries for the lock of a directory.
const LOCK_PAUSE: Duration = Duration::from_millis(5);

/// Why a service has no control socket.
#[derive(Debug, Error)]
#[error("{}: could not initialize control socket ({reason})", .path.display())]
pub struct BindError {
    /// Where it was to be.
    pub path: PathBuf,
    /// What was in the way.
    pub reason: BindFailure,
}

/// What was in the way of a control socket.
#[derive(Debug, Error)]
pub enum BindFailure {
    /// A service listens there.
    #[error("in use by process {}", .process.map_or_else(|| "of another namespace".to_owned(), |id| id.to_string()))]
    InUse {
        /// Its process id, if it can be told.
        process: Option<i32>,
    },
    /// Something else has that name.
    #[error("there is a file that is not a socket")]
    NotASocket,
    /// The system refuses.
    #[error(transparent)]
    System(#[from] io::Error),
}

impl From<Errno> for BindFailure {
    fn from(errno: Errno) -> Self {
        Self::System(errno.into())
    }
}

/// Which file a control socket has made: what tells it from another of the same name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileIdentity {
    /// The file system's device number.
    pub device: u64,
    /// The inode on it.
    pub inode: u64,
}

impl FileIdentity {
    fn of(metadata: &fs::Metadata) -> Self {
        Self { device: metadata.dev(), inode: metadata.ino() }
    }
}

/// Why a descriptor cannot be taken for a control socket.
#[derive(Debug, Error)]
pub enum AdoptError {
    /// It is something else.
    #[error("{}: the inherited descriptor is not a listening unix socket", .path.display())]
    NotListening {
        /// Where the socket's file is.
        path: PathBuf,
    },
    /// The system refuses.
    #[error("{}: cannot use the inherited control socket", .path.display())]
    System {
        /// Where the socket's file is.
        path: PathBuf,
        /// What the kernel said.
        source: io::Error,
    },
}

/// A listening control socket. Dropped, it removes its file, if that is still its own.
///
/// A program that executes another one in its own place hands the socket over without a moment in which a client is
/// refused: it lets [`as_fd`](AsFd::as_fd) be inherited, tells path and [`identity`](Self::identity), and the other one
/// calls [`from_listener`](Self::from_listener). Nothing is dropped by `execve`, so the file stays; and if it fails,
/// nothing has changed.
#[derive(Debug)]
pub struct ControlSocket {
    listener: OwnedFd,
    file: SocketFile,
}

/// The file of a socket. Dropped, it is removed, if it is still the same one.
#[derive(Debug)]
struct SocketFile {
    path: PathBuf,
    identity: FileIdentity,
}

/// The path of a service's control socket: `RUN/NAME.PID.ctl`, or what `--unixctl` says, below `RUN` if it is relative.
/// `None` for `none`: no socket.
#[must_use]
pub fn socket_path(run_directory: &Path, name: &str, process: u32, unixctl: Option<&Path>) -> Option<PathBuf> {
    match unixctl {
        Some(path) if path == Path::new("none") => None,
        Some(path) => Some(run_directory.join(path)),
        None => Some(run_directory.join(format!("{name}.{process}.ctl"))),
    }
}

impl ControlSocket {
    /// Makes the socket, readable and writable for its owner only from its first moment, and listens. A socket that
    /// nobody listens to is removed first.
    ///
    /// # Errors
    /// When something that is no leftover is at the path, or the system refuses.
    pub fn bind(path: &Path) -> Result<Self, BindError> {
        Self::try_bind(path).map_err(|reason| BindError { path: path.to_owned(), reason })
    }

    fn try_bind(path: &Path) -> Result<Self, BindFailure> {
        let path = std::path::absolute(path)?;
        let _lock = path.parent().map(lock_directory).transpose()?;
        match examine(&path)? {
            Occupant::Nothing => {}
            Occupant::Leftover(identity) => remove(&path, identity)?,
            Occupant::Service(process) => return Err(BindFailure::InUse { process }),
            Occupant::OtherFile => return Err(BindFailure::NotASocket),
        }
        let listener = unix_socket()?;
        // The mode of a socket before it is bound is the mode that its file is made with.
        rustix::fs::fchmod(&listener, MODE)?;
        rustix::net::bind(&listener, SocketAddress::new(&path)?.as_inner())?;
        let metadata = fs::symlink_metadata(&path)?;
        let file = SocketFile { identity: FileIdentity::of(&metadata), path };
        rustix::net::listen(&listener, BACKLOG)?;
        Ok(Self { listener, file })
    }

    /// Takes over a socket that listens already, as the program that was executed in the place of the one that had made
    /// it. Nothing is bound or removed, and clients that wait for it still do. The descriptor is not inherited further.
    ///
    /// # Errors
    /// When the descriptor is no listening unix socket, or the system refuses.
    pub fn from_listener(listener: OwnedFd, path: &Path, identity: FileIdentity) -> Result<Self, AdoptError> {
        let system = |error: Errno| AdoptError::System { path: path.to_owned(), source: error.into() };
        let listens = match sockopt::socket_domain(&listener) {
            Ok(domain) => domain == AddressFamily::UNIX && sockopt::socket_acceptconn(&listener).map_err(system)?,
            Err(Errno::NOTSOCK) => false,
            Err(error) => return Err(system(error)),
        };
        if !listens {
            return Err(AdoptError::NotListening { path: path.to_owned() });
        }
        rustix::io::fcntl_setfd(&listener, FdFlags::CLOEXEC).map_err(system)?;
        rustix::io::ioctl_fionbio(&listener, true).map_err(system)?;
        Ok(Self { listener, file: SocketFile { path: path.to_owned(), identity } })
    }

    /// Where the socket is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.file.path
    }

    /// Which file it has made there.
    #[must_use]
    pub fn identity(&self) -> FileIdentity {
        self.file.identity
    }

    /// A second descriptor of the listening socket.
    pub(super) fn listener(&self) -> io::Result<OwnedFd> {
        self.listener.try_clone()
    }
}

impl AsFd for ControlSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.listener.as_fd()
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        let _lock = self.path.parent().map(lock_directory);
        // There is nobody to tell; a socket that stays is a leftover for the next start.
        let _ = remove(&self.path, self.identity);
    }
}

/// Removes what crashed instances of a service have left in its run directory: sockets `NAME.PID.ctl` that nobody
/// listens to. Returns their number.
///
/// # Errors
/// When the directory cannot be read.
pub fn remove_leftovers(run_directory: &Path, name: &str) -> io::Result<usize> {
    let _lock = lock_directory(run_directory)?;
    let mut removed = 0;
    for entry in fs::read_dir(run_directory)? {
        let entry = entry?;
        if process_of(&entry.file_name(), name).is_none() {
            continue;
        }
        if let Ok(Occupant::Leftover(identity)) = examine(&entry.path())
            && remove(&entry.path(), identity).is_ok()
        {
            removed += 1;
        }
    }
    Ok(removed)
}

/// The process id in a socket's file name, if the socket is one of service `name`.
fn process_of(file_name: &OsStr, name: &str) -> Option<u32> {
    let digits = file_name.to_str()?.strip_prefix(name)?.strip_prefix('.')?.strip_suffix(".ctl")?;
    digits.parse().ok()
}

/// What is at a path.
enum Occupant {
    Nothing,
    /// A socket that nobody listens to, with its device and inode.
    Leftover(FileIdentity),
    /// A socket that somebody listens to.
    Service(Option<i32>),
    OtherFile,
}

fn examine(path: &Path) -> io::Result<Occupant> {
    let metadata = match fs::symlink_metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Occupant::Nothing),
        Err(error) => return Err(error),
    };
    if !metadata.file_type().is_socket() {
        return Ok(Occupant::OtherFile);
    }
    let probe = unix_socket()?;
    match rustix::net::connect(&probe, SocketAddress::new(path)?.as_inner()) {
        Ok(()) => {
            let peer = sockopt::socket_peercred(&probe).ok();
            Ok(Occupant::Service(peer.map(|peer| peer.pid.as_raw_pid())))
        }
        // So many wait for it already that the kernel keeps no more.
        Err(Errno::AGAIN) => Ok(Occupant::Service(None)),
        Err(Errno::CONNREFUSED) => Ok(Occupant::Leftover(FileIdentity::of(&metadata))),
        Err(Errno::NOENT) => Ok(Occupant::Nothing),
        Err(error) => Err(error.into()),
    }
}

/// Removes the file at `path` if it is that one.
fn remove(path: &Path, identity: FileIdentity) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Ok(metadata) if FileIdentity::of(&metadata) == identity => fs::remove_file(path),
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

fn unix_socket() -> io::Result<OwnedFd> {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    Ok(rustix::net::socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)?)
}

/// Locks a directory against other instances until the result is dropped. One that stays locked for longer than any of
/// them needs is used without the lock: a stranger who may read it must not be able to keep a service from starting.
fn lock_directory(directory: &Path) -> io::Result<File> {
    let directory = File::open(directory)?;
    let give_up_at = clock::now() + DIRECTORY_LOCK_TIMEOUT;
    while rustix::fs::flock(&directory, FlockOperation::NonBlockingLockExclusive) == Err(Errno::WOULDBLOCK) {
        if clock::now() >= give_up_at {
            tracing::warn!("the run directory is locked by another process; going on without the lock");
            break;
        }
        std::thread::sleep(LOCK_PAUSE);
    }
    Ok(directory)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    use std::os::unix::net::{UnixListener, UnixStream};
    use std::sync::Barrier;

    use super::*;
    use crate::testing::Directory;

    fn bind(path: &Path) -> Result<ControlSocket, String> {
        ControlSocket::bind(path).map_err(|error| error.to_string())
    }

    #[test]
    fn e01_the_path_and_the_mode() {
        let run = Path::new("/run/x");
        assert_eq!(socket_path(run, "target", 7, None), Some("/run/x/target.7.ctl".into()));
        assert_eq!(socket_path(run, "target", 7, Some(Path::new("a.ctl"))), Some("/run/x/a.ctl".into()));
        assert_eq!(socket_path(run, "target", 7, Some(Path::new("/tmp/a"))), Some("/tmp/a".into()));
        assert_eq!(socket_path(run, "target", 7, Some(Path::new("none"))), None);

        let directory = Directory::new();
        let socket = bind(&directory.join("a.ctl")).unwrap();
        let metadata = fs::metadata(socket.path()).unwrap();
        assert_eq!(metadata.permissions().mode() & 0o777, 0o600);
        assert_eq!(metadata.uid(), rustix::process::geteuid().as_raw());
    }

    #[test]
    fn e01_paths_longer_than_an_address_work() {
        let directory = Directory::new();
        let deep = directory.join(&"d".repeat(100)).join("e".repeat(100));
        fs::create_dir_all(&deep).unwrap();
        let path = deep.join("target.1.ctl");
        let socket = bind(&path).unwrap();
        assert!(matches!(examine(&path).unwrap(), Occupant::Service(Some(_))));
        drop(socket);
        assert!(!path.exists());
    }

    #[test]
    fn e02_failure_names_path_and_reason() {
        let directory = Directory::new();
        let path = directory.join("missing/a.ctl");
        let error = bind(&path).unwrap_err();
        let start = format!("{}: could not initialize control socket (No such file or directory", path.display());
        assert!(error.starts_with(&start), "{error}");
    }

    #[test]
    fn defect_15_a_live_socket_and_a_file_are_left_alone() {
        let directory = Directory::new();
        let path = directory.join("a.ctl");
        let first = bind(&path).unwrap();
        let error = bind(&path).unwrap_err();
        assert!(error.ends_with(&format!("(in use by process {})", std::process::id())), "{error}");
        UnixStream::connect(&path).unwrap();
        drop(first);

        fs::write(&path, "precious").unwrap();
        let error = bind(&path).unwrap_err();
        assert!(error.ends_with("(there is a file that is not a socket)"), "{error}");
        assert_eq!(fs::read(&path).unwrap(), b"precious");

        fs::remove_file(&path).unwrap();
        std::os::unix::fs::symlink(directory.join("b"), &path).unwrap();
        assert!(bind(&path).is_err(), "a symbolic link is not followed");
        assert!(!directory.join("b").exists());
    }

    #[test]
    fn defect_15_an_instance_removes_its_own_socket_only() {
        let directory = Directory::new();
        let path = directory.join("a.ctl");
        let first = bind(&path).unwrap();
        fs::remove_file(&path).unwrap();
        let second = bind(&path).unwrap();
        drop(first);
        assert!(path.exists());
        drop(second);
        assert!(!path.exists());
    }

    /// The socket as the next program in this process would get it.
    fn handed_over(socket: &ControlSocket) -> ControlSocket {
        let inherited = rustix::io::dup(socket).unwrap();
        assert!(!rustix::io::fcntl_getfd(&inherited).unwrap().contains(FdFlags::CLOEXEC));
        ControlSocket::from_listener(inherited, socket.path(), socket.identity()).unwrap()
    }

    #[test]
    fn an_inherited_socket_is_the_same_one_for_its_clients() {
        let directory = Directory::new();
        let first = bind(&directory.join("a.ctl")).unwrap();
        let waiting = UnixStream::connect(first.path()).unwrap();
        let second = handed_over(&first);
        // What `execve` does: descriptors go, and nothing is dropped.
        let ControlSocket { listener, file } = first;
        drop(listener);
        std::mem::forget(file);

        assert!(rustix::io::fcntl_getfd(&second).unwrap().contains(FdFlags::CLOEXEC));
        let accepted = rustix::net::accept(&second).unwrap();
        assert_eq!(sockopt::socket_peercred(&accepted).unwrap().pid, rustix::process::getpid());
        drop(waiting);
        let path = second.path().to_owned();
        assert!(matches!(examine(&path).unwrap(), Occupant::Service(Some(_))));
        drop(second);
        assert!(!path.exists());
    }

    #[test]
    fn an_inherited_socket_whose_file_was_replaced_leaves_the_other_one_alone() {
        let directory = Directory::new();
        let first = bind(&directory.join("a.ctl")).unwrap();
        let second = handed_over(&first);
        drop(first);
        let other = bind(&directory.join("a.ctl")).unwrap();
        drop(second);
        assert!(other.path().exists());
    }

    #[test]
    fn what_does_not_listen_is_not_adopted() {
        let directory = Directory::new();
        let path = directory.join("a.ctl");
        let socket = bind(&path).unwrap();
        let connected = UnixStream::connect(&path).unwrap();
        let tcp = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        for descriptor in [connected.into(), tcp.into(), OwnedFd::from(File::open("/dev/null").unwrap())] {
            let error = ControlSocket::from_listener(descriptor, &path, socket.identity()).unwrap_err();
            assert!(error.to_string().ends_with("is not a listening unix socket"), "{error}");
        }
    }

    #[test]
    fn defect_08_leftovers_of_the_service_are_removed_and_nothing_else() {
        let directory = Directory::new();
        for name in ["target.1.ctl", "target.22.ctl", "target.x.ctl", "other.1.ctl"] {
            drop(UnixListener::bind(directory.join(name)).unwrap());
        }
        fs::write(directory.join("target.3.ctl"), "a file").unwrap();
        let live = bind(&directory.join("target.4.ctl")).unwrap();
        assert_eq!(remove_leftovers(directory.path(), "target").unwrap(), 2);
        assert_eq!(directory.names(), ["other.1.ctl", "target.3.ctl", "target.4.ctl", "target.x.ctl"]);
        drop(live);

        let replaced = bind(&directory.join("other.1.ctl")).unwrap();
        UnixStream::connect(replaced.path()).unwrap();
    }

    #[test]
    fn twenty_instances_race_for_one_path_and_one_wins() {
        const ROUNDS: u32 = 50;
        let directory = Directory::new();
        let path = directory.join("a.ctl");
        for round in 0..ROUNDS {
            drop(UnixListener::bind(&path).unwrap());
            let start = Barrier::new(20);
            let results: Vec<_> = std::thread::scope(|scope| {
                let race = || {
                    start.wait();
                    bind(&path)
                };
                let threads: Vec<_> = (0..20).map(|_| scope.spawn(race)).collect();
                threads.into_iter().map(|thread| thread.join().unwrap()).collect()
            });
            assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1, "round {round}");
            UnixStream::connect(&path).unwrap();
        }
    }
}
