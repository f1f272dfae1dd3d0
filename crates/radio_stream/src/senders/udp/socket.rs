//! The sockets of the udp sender: one for each family, and many datagrams in one call.

use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};

use rustix::net::{MMsgHdr, SendAncillaryBuffer, SendFlags, SocketAddrAny, sendmmsg, sockopt};
use socket2::{Domain, Protocol, SockRef, Socket, Type};

use super::target::unspecified;

/// Most datagrams of one call.
pub(super) const BATCH: usize = 64;
/// What the kernel may hold for us: some thousand packets, when a thousand targets get the same one.
const SEND_BUFFER_BYTES: usize = 4 << 20;

/// The kernel's own: the local network.
const TTL_DEFAULT: u32 = 1;

/// How multicast packets leave.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Multicast {
    /// Routers that they may pass; 1 stays in the local network. None: the kernel's default, which is 1.
    pub ttl: Option<u8>,
    /// The interface by its name. None: the one of the default route.
    pub interface: Option<String>,
}

/// Both sockets. A family that the kernel does not have is missing.
#[derive(Debug)]
pub(super) struct Sockets {
    ipv4: Option<UdpSocket>,
    ipv6: Option<UdpSocket>,
}

impl Sockets {
    /// Opens both.
    ///
    /// # Errors
    /// When neither family is there, or the interface is not.
    pub(super) fn open(multicast: &Multicast) -> io::Result<Self> {
        let (ipv4, ipv6) = (open_family(true, multicast), open_family(false, multicast));
        match (ipv4, ipv6) {
            (Err(error), Err(_)) => Err(error),
            // An interface that is missing is missing for both; a machine without IPv6 is no error.
            (Err(error), _) if multicast.interface.is_some() => Err(error),
            (ipv4, ipv6) => Ok(Self { ipv4: ipv4.ok(), ipv6: ipv6.ok() }),
        }
    }

    /// Lets multicast packets leave otherwise.
    ///
    /// # Errors
    /// When the interface is not there.
    pub(super) fn set(&self, multicast: &Multicast) -> io::Result<()> {
        let sockets = [(&self.ipv4, true), (&self.ipv6, false)];
        let present = sockets.into_iter().filter_map(|(socket, is_ipv4)| Some((socket.as_ref()?, is_ipv4)));
        present.into_iter().try_for_each(|(socket, is_ipv4)| set_multicast(socket, is_ipv4, multicast))
    }

    /// Sends datagrams, all to addresses of one family. How many went out; those that did not are lost, as on any network.
    pub(super) fn send(&self, datagrams: &[(&[u8], SocketAddr, u64)]) -> usize {
        let mut sent = 0;
        for is_ipv4 in [true, false] {
            let socket = if is_ipv4 { &self.ipv4 } else { &self.ipv6 };
            let Some(socket) = socket else { continue };
            for batch in datagrams.chunks(BATCH) {
                sent += send_batch(socket, batch, is_ipv4);
            }
        }
        sent
    }
}

fn open_family(is_ipv4: bool, multicast: &Multicast) -> io::Result<UdpSocket> {
    let domain = if is_ipv4 { Domain::IPV4 } else { Domain::IPV6 };
    let socket = Socket::new(domain, Type::DGRAM, Some(Protocol::UDP))?;
    socket.set_nonblocking(true)?;
    // The kernel gives what it allows.
    let _ = socket.set_send_buffer_size(SEND_BUFFER_BYTES);
    if !is_ipv4 {
        socket.set_only_v6(true)?;
    }
    socket.bind(&unspecified(is_ipv4).into())?;
    let socket = UdpSocket::from(socket);
    set_multicast(&socket, is_ipv4, multicast)?;
    Ok(socket)
}

fn set_multicast(socket: &UdpSocket, is_ipv4: bool, multicast: &Multicast) -> io::Result<()> {
    let options = SockRef::from(socket);
    let ttl = multicast.ttl.map_or(TTL_DEFAULT, u32::from);
    if is_ipv4 {
        options.set_multicast_ttl_v4(ttl)?
    } else {
        options.set_multicast_hops_v6(ttl)?
    }
    let index = match &multicast.interface {
        // No interface: that of the route.
        None => 0,
        Some(interface) => rustix::net::netdevice::name_to_index(socket, interface).map_err(|error| {
            let problem = match error {
                rustix::io::Errno::NODEV => format!("there is no network interface \"{interface}\""),
                error => format!("network interface \"{interface}\": {error}"),
            };
            io::Error::new(io::Error::from(error).kind(), problem)
        })?,
    };
    if is_ipv4 {
        let any = Ipv4Addr::UNSPECIFIED;
        sockopt::set_ip_multicast_if_with_ifindex(socket, &any, &any, index)?;
    } else {
        options.set_multicast_if_v6(index)?;
    }
    Ok(())
}

/// Sends those of a batch that are of the family.
fn send_batch(socket: &UdpSocket, batch: &[(&[u8], SocketAddr, u64)], is_ipv4: bool) -> usize {
    let own = || batch.iter().filter(|(_, address, _)| address.is_ipv4() == is_ipv4);
    let addresses: Vec<SocketAddrAny> = own().map(|(_, address, _)| (*address).into()).collect();
    if addresses.is_empty() {
        return 0;
    }
    let parts: Vec<[IoSlice<'_>; 1]> = own().map(|(packet, _, _)| [IoSlice::new(packet)]).collect();
    let mut nothing: [[MaybeUninit<u8>; 0]; BATCH] = [[]; BATCH];
    let mut controls: Vec<SendAncillaryBuffer<'_, '_, '_>> =
        nothing.iter_mut().take(addresses.len()).map(|space| SendAncillaryBuffer::new(space)).collect();
    let mut messages: Vec<MMsgHdr<'_>> = addresses
        .iter()
        .zip(&parts)
        .zip(&mut controls)
        .map(|((address, part), control)| MMsgHdr::new_with_addr(address, part, control))
        .collect();
    let mut sent = 0;
    let mut first = 0;
    while first < messages.len() {
        match sendmmsg(socket, &mut messages[first..], SendFlags::empty()) {
            Ok(count) => {
                sent += count;
                first += count.max(1);
            }
            Err(rustix::io::Errno::INTR) => {}
            // The first of them could not be sent: no route, a full buffer. The others may.
            Err(_) => first += 1,
        }
    }
    sent
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn datagrams_reach_both_families_and_one_without_a_route_holds_up_none() {
        let sockets = Sockets::open(&Multicast { ttl: Some(3), ..Multicast::default() }).unwrap();
        let receivers: Vec<UdpSocket> =
            ["127.0.0.1:0", "[::1]:0"].iter().filter_map(|address| UdpSocket::bind(address).ok()).collect();
        assert!(!receivers.is_empty());
        let nowhere = SocketAddr::from(([255, 255, 255, 255], 9));
        let mut datagrams: Vec<(&[u8], SocketAddr, u64)> = vec![(b"x", nowhere, 0)];
        for _ in 0..BATCH {
            datagrams.extend(receivers.iter().map(|receiver| (&b"hello"[..], receiver.local_addr().unwrap(), 0)));
        }
        assert_eq!(sockets.send(&datagrams), BATCH * receivers.len());
        for receiver in receivers {
            for _ in 0..BATCH {
                let mut buffer = [0; 10];
                assert_eq!(receiver.recv(&mut buffer).unwrap(), 5);
            }
        }
    }

    #[test]
    fn an_interface_that_is_not_there_is_named() {
        let multicast = Multicast { ttl: None, interface: Some("no-such-if".into()) };
        assert!(Sockets::open(&multicast).unwrap_err().to_string().contains("no-such-if"));
        Sockets::open(&Multicast { ttl: None, interface: Some("lo".into()) }).unwrap();
    }
}
