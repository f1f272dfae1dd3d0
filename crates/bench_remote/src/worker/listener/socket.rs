//! Sockets that front ends come to.

use std::fmt;
use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use rustix::net::sockopt;

use crate::worker::limits::{KEEPALIVE_IDLE, KEEPALIVE_INTERVAL, KEEPALIVE_PROBES};

/// Why a Unix socket is not there.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// Another process has it.
    #[error("{}: another process listens there; end it, or choose another path", .0.display())]
    InUse(PathBuf),
    /// Something else is there.
    #[error("{}: there is a file of another kind; remove it, or choose another path", .0.display())]
    NoSocket(PathBuf),
    /// The system refuses it.
    #[error("{}: cannot listen there ({source})", .path.display())]
    System {
        /// The path.
        path: PathBuf,
        /// What it says.
        source: io::Error,
    },
}

/// A Unix socket that only this user can connect to. Dropped, it is removed.
#[derive(Debug)]
pub struct UnixSocket {
    listener: UnixListener,
    path: PathBuf,
}

impl UnixSocket {
    /// Listens, in place of what a process has left that is gone.
    ///
    /// # Errors
    /// [`ListenError`].
    pub fn bind(path: &Path) -> Result<Self, ListenError> {
        let failed = |source| ListenError::System { path: path.to_owned(), source };
        match path.symlink_metadata() {
            Err(_) => {}
            Ok(found) if !std::os::unix::fs::FileTypeExt::is_socket(&found.file_type()) => {
                return Err(ListenError::NoSocket(path.to_owned()));
            }
            Ok(_) if UnixStream::connect(path).is_ok() => return Err(ListenError::InUse(path.to_owned())),
            Ok(_) => std::fs::remove_file(path).map_err(failed)?,
        }
        let listener = UnixListener::bind(path).map_err(failed)?;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).map_err(failed)?;
        Ok(Self { listener, path: path.to_owned() })
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for UnixSocket {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

/// Who came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Peer {
    Tcp(SocketAddr),
    Unix,
}

impl fmt::Display for Peer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => write!(formatter, "{address}"),
            Self::Unix => formatter.write_str("unix"),
        }
    }
}

/// A socket that accepts.
pub(super) enum Accepting {
    Tcp(TcpListener),
    Unix(UnixSocket),
}

impl Accepting {
    pub(super) fn prepare(&self) -> io::Result<()> {
        match self {
            Self::Tcp(listener) => listener.set_nonblocking(true),
            Self::Unix(socket) => socket.listener.set_nonblocking(true),
        }
    }

    /// The next connection; `None` when there is none at the moment.
    pub(super) fn accept(&self) -> io::Result<Option<(OwnedFd, Peer)>> {
        let accepted = match self {
            Self::Tcp(listener) => listener.accept().map(|(stream, address)| {
                // Answers are small, and awaited. Without either, a front end is still served.
                let _ = stream.set_nodelay(true);
                let _ = notice_vanished(&stream);
                (stream.into(), Peer::Tcp(address))
            }),
            Self::Unix(socket) => socket.listener.accept().map(|(stream, _)| (stream.into(), Peer::Unix)),
        };
        match accepted {
            Ok(accepted) => Ok(Some(accepted)),
            Err(error) => match error.kind() {
                io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted | io::ErrorKind::ConnectionAborted => Ok(None),
                _ => Err(error),
            },
        }
    }
}

/// Has the kernel ask a front end that says nothing whether it is still there: one whose machine is gone closes nothing, and its
/// jobs are to end all the same.
fn notice_vanished(stream: &TcpStream) -> rustix::io::Result<()> {
    sockopt::set_socket_keepalive(stream, true)?;
    sockopt::set_tcp_keepidle(stream, KEEPALIVE_IDLE)?;
    sockopt::set_tcp_keepintvl(stream, KEEPALIVE_INTERVAL)?;
    sockopt::set_tcp_keepcnt(stream, KEEPALIVE_PROBES)
}

impl AsFd for Accepting {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Tcp(listener) => listener.as_fd(),
            Self::Unix(socket) => socket.listener.as_fd(),
        }
    }
}
