//! Listening sockets, and what is set on each accepted one.

use std::io;
use std::net::SocketAddr;

use mio::net::{TcpListener, TcpStream};
use socket2::{Domain, Protocol, SockRef, Socket, Type};

use crate::service::StartError;
use crate::subsystem::{Listener, ListenerKind};

/// Connections that may wait to be accepted. A host opens its queues in one burst; the kernel caps this at
/// `net.core.somaxconn`.
const ACCEPT_BACKLOG: i32 = 4096;

/// What is set on the socket of each connection.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SocketOptions {
    /// Send buffer in bytes (`SO_SNDBUF`; the kernel doubles it). `None`: the kernel sizes it as it sees fit.
    pub send_buffer_bytes: Option<usize>,
    /// Congestion control algorithm by the kernel's name (`cubic`, `bbr`, …). `None`: the machine's default.
    pub congestion_control: Option<String>,
}

impl SocketOptions {
    /// Prepares an accepted connection.
    ///
    /// # Errors
    /// When the kernel refuses an option, `NotFound` for an unknown congestion control algorithm.
    pub(crate) fn apply(&self, stream: &TcpStream) -> io::Result<()> {
        // Responses are small and awaited, and each pass writes all it has in one call: nothing to wait for.
        stream.set_nodelay(true)?;
        let socket = SockRef::from(stream);
        if let Some(bytes) = self.send_buffer_bytes {
            socket.set_send_buffer_size(bytes)?;
        }
        if let Some(name) = &self.congestion_control {
            socket.set_tcp_congestion(name.as_bytes())?;
        }
        Ok(())
    }

    /// Tries the options on a socket of their own, so that a wrong one is found at start and not at the first host.
    ///
    /// # Errors
    /// [`StartError::CongestionControl`].
    pub(crate) fn check(&self) -> Result<(), StartError> {
        let Some(name) = &self.congestion_control else { return Ok(()) };
        Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::TCP))
            .and_then(|socket| socket.set_tcp_congestion(name.as_bytes()))
            .map_err(|source| StartError::CongestionControl { name: name.clone(), source })
    }
}

/// A listening socket for hosts: made by [`bind`], or inherited.
#[derive(Debug)]
pub struct BoundListener {
    /// What it offers.
    pub kind: ListenerKind,
    /// The socket. It may be shared with other processes; whoever accepts first gets the connection.
    pub socket: std::net::TcpListener,
}

/// Binds and listens as a target does it: for a supervisor that keeps the socket while its target is started anew. Port 0
/// takes a free port.
///
/// # Errors
/// [`StartError::Listen`].
pub fn bind(address: SocketAddr, kind: ListenerKind) -> Result<BoundListener, StartError> {
    let socket = listen(address).map_err(|source| StartError::Listen { address, source })?;
    Ok(BoundListener { kind, socket })
}

impl BoundListener {
    /// Makes the socket ready to be polled, and says where it listens.
    ///
    /// # Errors
    /// When it is no listening TCP socket.
    pub(crate) fn prepare(self) -> Result<(TcpListener, Listener), StartError> {
        let unknown = SocketAddr::from(([0, 0, 0, 0], 0));
        let address = self.socket.local_addr().map_err(|source| StartError::Listen { address: unknown, source })?;
        let refuse = |source| StartError::Listen { address, source };
        // Inherited sockets are of any kind, and an error at each accept would be found much later.
        if !SockRef::from(&self.socket).is_listener().map_err(refuse)? {
            return Err(refuse(io::Error::new(io::ErrorKind::InvalidInput, "the inherited socket does not listen")));
        }
        self.socket.set_nonblocking(true).map_err(refuse)?;
        Ok((TcpListener::from_std(self.socket), Listener { address, kind: self.kind }))
    }
}

/// Binds and listens. An IPv6 wildcard takes IPv6 only, so that `0.0.0.0` and `[::]` can be given side by side.
///
/// # Errors
/// What `bind` and `listen` report: the address is in use, not of this machine, or not permitted.
fn listen(address: SocketAddr) -> io::Result<std::net::TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    // A restarted target must get its port back while the old connections are still in TIME_WAIT.
    socket.set_reuse_address(true)?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(ACCEPT_BACKLOG)?;
    Ok(socket.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn loopback() -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], 0))
    }

    #[test]
    fn a_port_in_use_is_refused() {
        let first = listen(loopback()).unwrap();
        let again = listen(first.local_addr().unwrap());
        assert_eq!(again.unwrap_err().kind(), io::ErrorKind::AddrInUse);
    }

    #[test]
    fn a_socket_that_does_not_listen_is_refused() {
        let listener = bind(loopback(), ListenerKind::Io).unwrap();
        let address = listener.socket.local_addr().unwrap();
        let connected = std::net::TcpStream::connect(address).unwrap();
        let wrong = BoundListener { kind: ListenerKind::Io, socket: std::os::fd::OwnedFd::from(connected).into() };
        assert!(matches!(wrong.prepare(), Err(StartError::Listen { .. })));
        assert_eq!(listener.prepare().unwrap().1, Listener { address, kind: ListenerKind::Io });
    }

    #[test]
    fn options_reach_the_socket() {
        let listener = listen(loopback()).unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let options = SocketOptions { send_buffer_bytes: Some(65_536), ..SocketOptions::default() };
        options.apply(&stream).unwrap();
        let socket = SockRef::from(&stream);
        assert!(stream.nodelay().unwrap());
        assert_eq!(socket.send_buffer_size().unwrap(), 2 * 65_536, "the kernel doubles what is asked for");
    }

    #[test]
    fn an_unknown_congestion_control_is_found_at_start() {
        let options = SocketOptions { congestion_control: Some("no-such".into()), ..SocketOptions::default() };
        let text = options.check().unwrap_err().to_string();
        assert!(
            text.starts_with("the kernel refuses congestion control \"no-such\"; those that it has are in"),
            "{text}"
        );
        SocketOptions::default().check().unwrap();
    }
}
