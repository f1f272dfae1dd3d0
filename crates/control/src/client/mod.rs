//! The other end of the control socket: finds a service and asks it.

mod target;

use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use reactor::clock::{self, Duration, Instant};
use rustix::io::Errno;
use rustix::net::sockopt::{self, Timeout};
use rustix::net::{AddressFamily, SocketFlags, SocketType};
use serde_json::Value;
pub use target::{FindError, RunDirectories, ServiceSocket, Target};
use thiserror::Error;

use crate::address::SocketAddress;
use crate::limits::READ_BYTES;
use crate::wire::{Format, ProtocolError, ReplyStream, request_bytes};

/// Why there is no answer.
#[derive(Debug, Error)]
pub enum ClientError {
    /// Nobody listens there, or we may not connect.
    #[error("cannot connect to \"{}\"", .path.display())]
    Connect {
        /// The socket.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The connection broke.
    #[error("the connection failed")]
    Connection(#[source] io::Error),
    /// The service closed the connection without an answer: it has ended, or does not take the request for one.
    #[error("the service closed the connection without an answer")]
    Closed,
    /// What answered is no control socket.
    #[error("the answer is not one of a control socket")]
    Protocol(#[from] ProtocolError),
    /// The time is up.
    #[error("no answer in time")]
    TimedOut,
}

/// A connection to a service.
#[derive(Debug)]
pub struct Client {
    stream: UnixStream,
    replies: ReplyStream,
    deadline: Option<Instant>,
    next_id: u64,
}

impl Client {
    /// Connects to the socket at `path`. `time_limit` is for everything that the client will ever do; `None`: waits for
    /// as long as it takes.
    ///
    /// # Errors
    /// [`ClientError::Connect`], or [`ClientError::TimedOut`] when the service is too busy even to accept.
    pub fn connect(path: &Path, time_limit: Option<Duration>) -> Result<Self, ClientError> {
        let deadline = time_limit.map(|limit| clock::now() + limit);
        let refused = |source| ClientError::Connect { path: path.to_owned(), source };
        let socket = rustix::net::socket_with(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC, None)
            .map_err(|errno| refused(errno.into()))?;
        let stream = UnixStream::from(socket);
        set_timeout(&stream, deadline)?;
        let address = SocketAddress::new(path).map_err(refused)?;
        match rustix::net::connect(&stream, address.as_inner()) {
            Ok(()) => Ok(Self { stream, replies: ReplyStream::new(), deadline, next_id: 0 }),
            Err(Errno::AGAIN) => Err(ClientError::TimedOut),
            Err(errno) => Err(refused(errno.into())),
        }
    }

    /// Asks for results in a format from now on. A service that does not know how to is refused in the inner result, with
    /// its own words.
    ///
    /// # Errors
    /// When there is no answer.
    pub fn set_format(&mut self, format: Format) -> Result<Result<Value, String>, ClientError> {
        self.call("set-options", &["--format".to_owned(), format.to_string()])
    }

    /// Calls a command and waits for its answer. The inner result is the service's: what the command says, or the text of
    /// its error.
    ///
    /// # Errors
    /// When there is no answer.
    pub fn call(&mut self, command: &str, arguments: &[String]) -> Result<Result<Value, String>, ClientError> {
        let id = self.next_id;
        self.next_id += 1;
        // A service that refuses a request half-way closes the connection; what it said before that is still read.
        let sent = self.send(&request_bytes(id, command, arguments));
        loop {
            match self.receive_reply() {
                Ok(reply) if reply.id == id => {
                    return Ok(reply
                        .outcome
                        .map_err(|error| error.as_str().map_or_else(|| error.to_string(), str::to_owned)));
                }
                Ok(_) => {}
                Err(error) => return Err(sent.err().unwrap_or(error)),
            }
        }
    }

    fn send(&mut self, bytes: &[u8]) -> Result<(), ClientError> {
        set_timeout(&self.stream, self.deadline)?;
        match self.stream.write_all(bytes) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Err(ClientError::Closed),
            result => result.map_err(connection_error),
        }
    }

    fn receive_reply(&mut self) -> Result<crate::wire::Reply, ClientError> {
        let mut buffer = [0; READ_BYTES];
        loop {
            if let Some(reply) = self.replies.next_reply()? {
                return Ok(reply);
            }
            set_timeout(&self.stream, self.deadline)?;
            match self.stream.read(&mut buffer) {
                Ok(0) => return Err(ClientError::Closed),
                Ok(length) => self.replies.receive(&buffer[..length]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::ConnectionReset => return Err(ClientError::Closed),
                Err(error) => return Err(connection_error(error)),
            }
        }
    }

    /// Says that no further request will come. Answers still do.
    ///
    /// # Errors
    /// When the connection is gone.
    pub fn finish(&self) -> Result<(), ClientError> {
        self.stream.shutdown(Shutdown::Write).map_err(ClientError::Connection)
    }
}

fn connection_error(error: io::Error) -> ClientError {
    if error.kind() == io::ErrorKind::WouldBlock { ClientError::TimedOut } else { ClientError::Connection(error) }
}

/// Lets each call on the socket wait until `deadline` and no longer.
fn set_timeout(stream: &UnixStream, deadline: Option<Instant>) -> Result<(), ClientError> {
    let Some(deadline) = deadline else {
        return Ok(());
    };
    let left = deadline.saturating_duration_since(clock::now());
    if left.is_zero() {
        return Err(ClientError::TimedOut);
    }
    for direction in [Timeout::Recv, Timeout::Send] {
        sockopt::set_socket_timeout(stream, direction, Some(left))
            .map_err(|errno| ClientError::Connection(errno.into()))?;
    }
    Ok(())
}
