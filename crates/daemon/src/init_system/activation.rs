//! Listening sockets that were opened by whoever started this process.
//!
//! Parity: sd_listen_fds_with_names(3). `LISTEN_FDS` of them begin at descriptor 3, `LISTEN_PID` says for whom,
//! `LISTEN_FDNAMES` their kinds, as `FileDescriptorName=` of a socket unit sets them.

use std::net::TcpListener;
use std::os::fd::{OwnedFd, RawFd};

use rustix::net::{AddressFamily, SocketType, getsockname, sockopt};

use super::descriptor::{self, DescriptorError};
use super::environment::{self, EnvironmentError};
use crate::channel::DESCRIPTORS_LIMIT;

/// The kind of a socket for which `LISTEN_FDNAMES` is missing.
const UNKNOWN_KIND: &str = "unknown";

/// What was passed cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ActivationError {
    /// See there.
    #[error(transparent)]
    Environment(#[from] EnvironmentError),
    /// No number, or too large a one.
    #[error("LISTEN_FDS={0}: expected a number of sockets, at most {DESCRIPTORS_LIMIT}")]
    Count(String),
    /// No number.
    #[error("LISTEN_PID={0}: expected a process id")]
    Pid(String),
    /// As many names as sockets are needed.
    #[error("LISTEN_FDNAMES={names} names {named} sockets, but LISTEN_FDS={count}")]
    Names {
        /// The names as given.
        names: String,
        /// How many they are.
        named: usize,
        /// How many sockets there are.
        count: usize,
    },
    /// The descriptor is not there.
    #[error("socket \"{kind}\" of LISTEN_FDS: {source}")]
    Descriptor {
        /// The socket's name.
        kind: String,
        /// What is wrong.
        source: DescriptorError,
    },
    /// It is something else than a TCP socket that listens.
    #[error("socket \"{kind}\" of LISTEN_FDS (descriptor {number}) is {found}; expected a TCP socket that listens")]
    Unfit {
        /// The socket's name.
        kind: String,
        /// Its descriptor.
        number: RawFd,
        /// What it is.
        found: &'static str,
    },
}

/// Takes over the sockets that were passed to this process, in order, each with its kind, and the variables out of the
/// environment. None when there are none, or they are meant for another process. They are closed on exec.
///
/// # Errors
/// [`ActivationError`] names what was passed and what is expected. In a process with threads.
pub fn take_listeners() -> Result<Vec<(String, TcpListener)>, ActivationError> {
    // The last is newer: which process exactly is meant, beyond its number.
    let [count, pid, names, _] = environment::take(["LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES", "LISTEN_PIDFDID"])?;
    let Some(count) = count else { return Ok(Vec::new()) };
    let Some(pid) = pid else { return Ok(Vec::new()) };
    if pid.parse::<u32>().map_err(|_| ActivationError::Pid(pid))? != std::process::id() {
        return Ok(Vec::new());
    }
    let numbered = (descriptor::FIRST..).zip(kinds(count, names)?);
    numbered.map(|(number, kind)| Ok((kind.clone(), listener(number, kind)?))).collect()
}

/// The kind of each socket.
fn kinds(count: String, names: Option<String>) -> Result<Vec<String>, ActivationError> {
    let Some(count) = count.parse().ok().filter(|&count| count <= DESCRIPTORS_LIMIT) else {
        return Err(ActivationError::Count(count));
    };
    let Some(names) = names.filter(|_| count > 0) else { return Ok(vec![UNKNOWN_KIND.to_owned(); count]) };
    let kinds: Vec<String> = names.split(':').map(str::to_owned).collect();
    if kinds.len() != count {
        return Err(ActivationError::Names { names, named: kinds.len(), count });
    }
    Ok(kinds)
}

fn listener(number: RawFd, kind: String) -> Result<TcpListener, ActivationError> {
    let socket = match descriptor::take(number) {
        Ok(socket) => socket,
        Err(source) => return Err(ActivationError::Descriptor { kind, source }),
    };
    match unfit(&socket) {
        None => Ok(socket.into()),
        Some(found) => Err(ActivationError::Unfit { kind, number, found }),
    }
}

/// What it is instead of a listening TCP socket.
fn unfit(socket: &OwnedFd) -> Option<&'static str> {
    match sockopt::socket_type(socket) {
        Err(_) => return Some("no socket"),
        Ok(SocketType::DGRAM) => return Some("a datagram socket (ListenDatagram=)"),
        Ok(SocketType::STREAM) => {}
        Ok(_) => return Some("neither a stream nor a datagram socket"),
    }
    let family = getsockname(socket).map(|address| address.address_family());
    match family {
        Ok(AddressFamily::INET | AddressFamily::INET6) => {}
        Ok(AddressFamily::UNIX) => return Some("a Unix socket"),
        _ => return Some("a socket of another address family"),
    }
    match sockopt::socket_acceptconn(socket) {
        Ok(true) => None,
        _ => Some("a connection (Accept=yes)"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(count: &str, names: Option<&str>) -> Result<Vec<String>, ActivationError> {
        kinds(count.to_owned(), names.map(str::to_owned))
    }

    #[test]
    fn init_names_and_sockets_are_as_many() {
        assert_eq!(of("2", Some("io:discovery")).unwrap(), ["io", "discovery"]);
        assert_eq!(of("1", None).unwrap(), ["unknown"]);
        assert_eq!(of("1", Some("")).unwrap(), [""]);
        assert_eq!(of("0", Some("")).unwrap(), [""; 0]);
        let error = of("3", Some("io:discovery")).unwrap_err();
        assert_eq!(error.to_string(), "LISTEN_FDNAMES=io:discovery names 2 sockets, but LISTEN_FDS=3");
        for wrong in ["", "-1", "254", "99999999999999999999", "x"] {
            assert!(matches!(of(wrong, None), Err(ActivationError::Count(_))), "{wrong}");
        }
    }
}
