//! The connection to a worker: by TCP, by a Unix socket, or through the standard streams of ssh. Nothing here waits.

use std::io::{self, Read};
use std::net::SocketAddr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStderr, Command, Stdio};

use rustix::io::Errno;
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketAddrUnix, SocketFlags, SocketType, connect, recv, send, socket_with,
    socketpair, sockopt,
};

use crate::address::WorkerAddress;

use super::failure::Failure;
use super::ssh::SshTarget;

/// How long one address of a worker has to answer.
pub const CONNECT_MAX_MS: u64 = 15_000;
/// When a connection without traffic is looked after, how often then, and how often in vain: a host that is gone is noticed within 40
/// seconds.
const KEEPALIVE: (std::time::Duration, std::time::Duration, u32) =
    (std::time::Duration::from_secs(10), std::time::Duration::from_secs(5), 6);
/// Longest line of what ssh says that is kept together, in bytes.
const LINE_BYTES_MAX: usize = 4096;

/// How a worker is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Route {
    /// By a connection.
    Address(WorkerAddress),
    /// By ssh, with a command in place of `ssh` if one was given.
    Ssh(SshTarget, Option<String>),
}

impl Route {
    /// Host and port as reports show them.
    #[must_use]
    pub fn shown(&self) -> (String, u16) {
        match self {
            Self::Address(WorkerAddress::Tcp { host, port, .. }) => (host.clone(), *port),
            Self::Address(WorkerAddress::Unix(path)) => (path.display().to_string(), 0),
            Self::Ssh(target, _) => (target.host.clone(), target.shown_port()),
        }
    }

    /// Finds out where it leads. May block for as long as names take to be found.
    ///
    /// # Errors
    /// [`Failure::Unknown`].
    pub fn resolve(&self) -> Result<Vec<SocketAddr>, Failure> {
        match self {
            Self::Address(address @ WorkerAddress::Tcp { .. }) => {
                address.resolve().map_err(|error| Failure::Unknown(io::Error::other(error)))
            }
            Self::Address(WorkerAddress::Unix(_)) | Self::Ssh(..) => Ok(Vec::new()),
        }
    }
}

/// A connection that is being made, or is there.
#[derive(Debug)]
pub struct Link {
    stream: OwnedFd,
    /// Since when it is being made, and the addresses that are left to try.
    connecting: Option<(u64, Vec<SocketAddr>)>,
    ssh: Option<Ssh>,
}

/// The program between us and the worker.
#[derive(Debug)]
struct Ssh {
    child: Child,
    /// `None` when it has said all.
    errors: Option<ChildStderr>,
    line: Vec<u8>,
}

impl Link {
    /// Begins to connect.
    ///
    /// # Errors
    /// [`Failure::Unreachable`].
    pub fn open(route: &Route, addresses: &[SocketAddr], now_ms: u64) -> Result<Self, Failure> {
        let link = match route {
            Route::Address(WorkerAddress::Tcp { .. }) => return Self::first_of(addresses.to_vec(), now_ms),
            Route::Address(WorkerAddress::Unix(path)) => Self::unix(path, now_ms),
            Route::Ssh(target, command) => Self::through(target.command(command.as_deref())),
        };
        link.map_err(Failure::Unreachable)
    }

    /// Tries one address after the other until one does not refuse at once.
    fn first_of(mut addresses: Vec<SocketAddr>, now_ms: u64) -> Result<Self, Failure> {
        let mut refusal = io::Error::from(io::ErrorKind::AddrNotAvailable);
        while !addresses.is_empty() {
            let address = addresses.remove(0);
            match begin(&address) {
                Ok(stream) => return Ok(Self { stream, connecting: Some((now_ms, addresses)), ssh: None }),
                Err(error) => refusal = error,
            }
        }
        Err(Failure::Unreachable(refusal))
    }

    fn unix(path: &std::path::Path, now_ms: u64) -> io::Result<Self> {
        let stream = socket_with(AddressFamily::UNIX, SocketType::STREAM, flags(), None)?;
        connect(&stream, &SocketAddrUnix::new(path)?)?;
        Ok(Self { stream, connecting: Some((now_ms, Vec::new())), ssh: None })
    }

    fn through(mut command: Command) -> io::Result<Self> {
        let (ours, theirs) = socketpair(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC, None)?;
        rustix::io::ioctl_fionbio(&ours, true)?;
        // Ctrl-C is for us: the jobs end first, and results come through ssh.
        command.stdin(theirs.try_clone()?).stdout(theirs).stderr(Stdio::piped()).process_group(0);
        let mut child = command
            .spawn()
            .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", command.get_program().display())))?;
        let errors = child.stderr.take();
        if let Some(errors) = &errors {
            rustix::io::ioctl_fionbio(errors, true)?;
        }
        Ok(Self { stream: ours, connecting: None, ssh: Some(Ssh { child, errors, line: Vec::new() }) })
    }

    /// The connection is not there yet.
    #[must_use]
    pub const fn is_connecting(&self) -> bool {
        self.connecting.is_some()
    }

    /// What to watch: readable always, writable while it [connects](Self::is_connecting) or has something to send.
    #[must_use]
    pub fn stream(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }

    /// What ssh says, to be watched for being readable.
    #[must_use]
    pub fn errors(&self) -> Option<BorrowedFd<'_>> {
        self.ssh.as_ref()?.errors.as_ref().map(AsFd::as_fd)
    }

    /// It may be connected now, or take too long; goes on with the next address when this one failed.
    ///
    /// # Errors
    /// [`Failure::Unreachable`] when there is no further address.
    pub fn continue_connecting(&mut self, is_ready: bool, now_ms: u64) -> Result<(), Failure> {
        let Some((since_ms, rest)) = &mut self.connecting else { return Ok(()) };
        let outcome = if is_ready {
            sockopt::socket_error(&self.stream).map_err(io::Error::from).and_then(|error| Ok(error?))
        } else if now_ms.saturating_sub(*since_ms) >= CONNECT_MAX_MS {
            Err(io::ErrorKind::TimedOut.into())
        } else {
            return Ok(());
        };
        match outcome {
            Ok(()) => {
                self.connecting = None;
                Ok(())
            }
            Err(error) if rest.is_empty() => Err(Failure::Unreachable(error)),
            Err(_) => {
                *self = Self::first_of(std::mem::take(rest), now_ms)?;
                Ok(())
            }
        }
    }

    /// Sends some of the bytes; 0 when it has to wait.
    ///
    /// # Errors
    /// [`Failure::Broken`].
    pub fn send(&self, bytes: &[u8]) -> Result<usize, Failure> {
        match send(&self.stream, bytes, SendFlags::NOSIGNAL) {
            Ok(count) => Ok(count),
            Err(Errno::AGAIN | Errno::INTR) => Ok(0),
            // What the worker has said before it closed is still to be read, and says more.
            Err(Errno::PIPE | Errno::CONNRESET) => Ok(bytes.len()),
            Err(error) => Err(Failure::Broken(error.into())),
        }
    }

    /// Receives; `None` when there is nothing now, 0 at the end.
    ///
    /// # Errors
    /// [`Failure::Broken`].
    pub fn receive(&self, buffer: &mut [u8]) -> Result<Option<usize>, Failure> {
        match recv(&self.stream, buffer, RecvFlags::empty()) {
            Ok((count, _)) => Ok(Some(count)),
            Err(Errno::AGAIN | Errno::INTR) => Ok(None),
            Err(Errno::CONNRESET) => Ok(Some(0)),
            Err(error) => Err(Failure::Broken(error.into())),
        }
    }

    /// Whole lines that ssh has said.
    pub fn error_lines(&mut self) -> Vec<String> {
        let Some(ssh) = &mut self.ssh else { return Vec::new() };
        let mut buffer = [0; LINE_BYTES_MAX];
        let mut lines = Vec::new();
        while let Some(errors) = &mut ssh.errors {
            match errors.read(&mut buffer) {
                Ok(0) => ssh.errors = None,
                Ok(count) => ssh.line.extend_from_slice(&buffer[..count]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(_) => ssh.errors = None,
            }
            let is_over = ssh.errors.is_none();
            while let Some(end) = ssh.line.iter().position(|&byte| byte == b'\n') {
                let line: Vec<u8> = ssh.line.drain(..=end).collect();
                lines.push(String::from_utf8_lossy(&line).trim_end().to_owned());
            }
            if (is_over || ssh.line.len() > LINE_BYTES_MAX) && !ssh.line.is_empty() {
                lines.push(String::from_utf8_lossy(&std::mem::take(&mut ssh.line)).into_owned());
            }
        }
        lines
    }
}

impl Drop for Link {
    /// ssh ends with the connection; one that does not is ended.
    fn drop(&mut self) {
        if let Some(ssh) = &mut self.ssh {
            let _ = ssh.child.kill();
            let _ = ssh.child.wait();
        }
    }
}

fn flags() -> SocketFlags {
    SocketFlags::CLOEXEC | SocketFlags::NONBLOCK
}

fn begin(address: &SocketAddr) -> io::Result<OwnedFd> {
    let family = if address.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
    let stream = socket_with(family, SocketType::STREAM, flags(), None)?;
    sockopt::set_tcp_nodelay(&stream, true)?;
    let (idle, interval, count) = KEEPALIVE;
    sockopt::set_socket_keepalive(&stream, true)?;
    sockopt::set_tcp_keepidle(&stream, idle)?;
    sockopt::set_tcp_keepintvl(&stream, interval)?;
    sockopt::set_tcp_keepcnt(&stream, count)?;
    match connect(&stream, address) {
        Ok(()) | Err(Errno::INPROGRESS) => Ok(stream),
        Err(error) => Err(error.into()),
    }
}
