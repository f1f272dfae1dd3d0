//! Listening sockets of the http sender, and what is set on each accepted one.

use std::io;
use std::net::SocketAddr;

use mio::net::TcpStream;
use reactor::clock::Duration;
use socket2::{Domain, Protocol, SockRef, Socket, TcpKeepalive, Type};

/// Connections that the kernel keeps waiting for us: all listeners come back at once after an interruption. The kernel caps it at
/// `net.core.somaxconn`.
const BACKLOG: i32 = 4096;
/// A listener whose machine is gone is noticed after this while nothing is sent.
const KEEPALIVE: Duration = Duration::from_mins(1);

/// Binds and listens. An IPv6 wildcard takes IPv6 only, so that `0.0.0.0` and `[::]` can be given side by side.
///
/// # Errors
/// What `bind` and `listen` report: the address is in use, not of this machine, or not permitted.
pub fn bind(address: SocketAddr) -> io::Result<std::net::TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    // A restarted station must get its port back while the old connections are still in TIME_WAIT.
    socket.set_reuse_address(true)?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

/// Prepares an accepted connection.
///
/// # Errors
/// What the kernel reports.
pub(super) fn prepare(stream: &TcpStream) -> io::Result<()> {
    // Each write is all that there is.
    stream.set_nodelay(true)?;
    SockRef::from(stream).set_tcp_keepalive(&TcpKeepalive::new().with_time(KEEPALIVE))
}

/// Prepares a listening socket for the reactor.
///
/// # Errors
/// When it is no listening TCP socket.
pub(super) fn adopt(listener: std::net::TcpListener) -> io::Result<mio::net::TcpListener> {
    if !SockRef::from(&listener).is_listener()? {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "the socket does not listen"));
    }
    listener.set_nonblocking(true)?;
    Ok(mio::net::TcpListener::from_std(listener))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_in_use_is_refused() {
        let first = bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
        let again = bind(first.local_addr().unwrap());
        assert_eq!(again.unwrap_err().kind(), io::ErrorKind::AddrInUse);
    }

    #[test]
    fn a_socket_that_does_not_listen_is_refused() {
        let listener = bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
        let stream = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let wrong = std::net::TcpListener::from(std::os::fd::OwnedFd::from(stream));
        assert!(adopt(wrong).is_err());
        adopt(listener).unwrap();
    }
}
