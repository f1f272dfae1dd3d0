//! Listening sockets: bound once by whoever is first in the chain, used by every instance of a service.

use std::fmt;
use std::io;
use std::net::{SocketAddr, TcpListener};

/// A listening socket and what it is for.
#[derive(Debug)]
pub struct ListeningSocket {
    /// What connections to it want, in the service's own words (`io`, `discovery`). Init systems know it as
    /// `FileDescriptorName=`.
    pub kind: String,
    /// The socket.
    pub listener: TcpListener,
}

impl ListeningSocket {
    /// Whether it is what binding that address would give.
    pub(crate) fn serves(&self, address: &ListenAddress) -> bool {
        let wanted = address.address;
        self.kind == address.kind
            && self
                .listener
                .local_addr()
                .is_ok_and(|bound| bound.ip() == wanted.ip() && (bound.port() == wanted.port() || wanted.port() == 0))
    }

    /// A second handle of the same socket.
    pub(crate) fn duplicate(&self) -> io::Result<Self> {
        Ok(Self { kind: self.kind.clone(), listener: self.listener.try_clone()? })
    }
}

/// An address that a service is to be reached at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListenAddress {
    /// As [`ListeningSocket::kind`].
    pub kind: String,
    /// The address; port 0 takes a free port.
    pub address: SocketAddr,
}

impl fmt::Display for ListenAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.kind, self.address)
    }
}
