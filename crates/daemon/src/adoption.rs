//! How a service whose supervisor has died comes under the next one.
//!
//! The new supervisor finds the service by its pidfile, listens on a socket of its own and tells the service's control socket
//! where (`supervisor/adopt SOCKET`). The service connects there and sends who it is together with its listening sockets;
//! the connection is its channel from then on.

use std::ffi::OsString;
use std::io;
use std::net::TcpListener;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::time::Duration;

use reactor::clock;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::{
    AddressFamily, SocketAddrUnix, SocketFlags, SocketType, accept_with, bind, connect, listen, socket_with, sockopt,
};
use serde::{Deserialize, Serialize};

use crate::channel::{Channel, Received};
use crate::life::Identity;
use crate::listening::ListeningSocket;

/// How long a supervisor waits for a service that it has asked to come.
const ADOPTION_TIMEOUT: Duration = Duration::from_secs(2);

/// What a service says of itself when it comes.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Introduction {
    pub(crate) name: String,
    pub(crate) version: String,
    /// What it was started with.
    pub(crate) arguments: Vec<OsString>,
    /// As in the definition that it was started for.
    pub(crate) fingerprint: String,
    /// Of its sockets, which travel along.
    kinds: Vec<String>,
}

/// A service that has come.
#[derive(Debug)]
pub(crate) struct Adopted {
    pub(crate) process: rustix::process::Pid,
    pub(crate) channel: Channel,
    pub(crate) sockets: Vec<ListeningSocket>,
    pub(crate) introduction: Introduction,
}

/// The service's side: goes to the supervisor that listens at `path`.
pub(crate) fn join(
    path: &Path,
    identity: &Identity,
    fingerprint: &str,
    sockets: &[ListeningSocket],
) -> io::Result<Channel> {
    let socket = channel_socket()?;
    connect(&socket, &SocketAddrUnix::new(path)?)?;
    let user = sockopt::socket_peercred(&socket)?.uid;
    if !user.is_root() && user != rustix::process::geteuid() {
        return Err(io::Error::other("it belongs to another user"));
    }
    let channel = Channel::from_descriptor(socket);
    let introduction = Introduction {
        name: identity.name.clone(),
        version: identity.version.clone(),
        arguments: std::env::args_os().skip(1).collect(),
        fingerprint: fingerprint.to_owned(),
        kinds: sockets.iter().map(|socket| socket.kind.clone()).collect(),
    };
    let descriptors: Vec<BorrowedFd<'_>> = sockets.iter().map(|socket| socket.listener.as_fd()).collect();
    channel.send_with_descriptors(&serde_json::to_vec(&introduction)?, &descriptors)?;
    Ok(channel)
}

/// The supervisor's side: a socket for services to come to. Dropped, it removes its file.
#[derive(Debug)]
pub(crate) struct Reception {
    listener: OwnedFd,
    path: PathBuf,
}

impl Reception {
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let listener = channel_socket()?;
        // A leftover of a supervisor with our process id.
        let _ = std::fs::remove_file(path);
        rustix::fs::fchmod(&listener, rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR)?;
        bind(&listener, &SocketAddrUnix::new(path)?)?;
        listen(&listener, 8)?;
        Ok(Self { listener, path: path.to_owned() })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Waits for the service of that name to come; it has been asked to.
    pub(crate) fn receive(&self, name: &str) -> io::Result<Adopted> {
        let timeout = io::Error::from(io::ErrorKind::TimedOut);
        let deadline = clock::now() + ADOPTION_TIMEOUT;
        wait_readable(self.listener.as_fd(), deadline)?;
        let socket = accept_with(&self.listener, SocketFlags::CLOEXEC)?;
        let peer = sockopt::socket_peercred(&socket)?;
        wait_readable(socket.as_fd(), deadline)?;
        let channel = Channel::from_descriptor(socket);
        let Received::Message(bytes, descriptors) = channel.receive()? else {
            return Err(timeout);
        };
        let mut introduction: Introduction = serde_json::from_slice(&bytes)?;
        if introduction.name != name {
            return Err(io::Error::other(format!("{} came instead of {name}", introduction.name)));
        }
        let sockets = std::mem::take(&mut introduction.kinds).into_iter().zip(descriptors);
        let sockets =
            sockets.map(|(kind, socket)| ListeningSocket { kind, listener: TcpListener::from(socket) }).collect();
        Ok(Adopted { process: peer.pid, channel, sockets, introduction })
    }
}

impl Drop for Reception {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

fn channel_socket() -> io::Result<OwnedFd> {
    Ok(socket_with(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)?)
}

fn wait_readable(descriptor: BorrowedFd<'_>, deadline: clock::Instant) -> io::Result<()> {
    let left = deadline.saturating_duration_since(clock::now());
    let timeout = Timespec::try_from(left).map_err(io::Error::other)?;
    match poll(&mut [PollFd::from_borrowed_fd(descriptor, PollFlags::IN)], Some(&timeout))? {
        0 => Err(io::ErrorKind::TimedOut.into()),
        _ => Ok(()),
    }
}
