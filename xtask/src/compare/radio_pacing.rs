//! How evenly the udp sender's packets come, with so many targets, each of which is a socket here.
//!
//! What counts is the time at which the kernel received a packet, which it says with each (`SO_TIMESTAMPNS`): that this program reads
//! some of them later is no fault of the sender.

use std::collections::HashMap;
use std::io::IoSliceMut;
use std::net::UdpSocket;
use std::os::fd::AsRawFd;
use std::path::Path;
use std::process::Command;

use mio::{Interest, Token};
use nix::sys::socket::{ControlMessageOwned, MsgFlags, SockaddrStorage, recvmsg, setsockopt, sockopt};
use nix::sys::time::TimeSpec;
use radio_stream::packet::PacketHeader;
use reactor::clock::{self, Duration};
use reactor::{EventLoop, IdlePolicy};

use super::radio_stations::tidegate;
use super::radio_stream::per_second;
use crate::task::TaskError;

/// How the udp sender keeps its times, in microseconds.
pub(super) struct Pacing {
    pub(super) targets: u64,
    pub(super) packets: u64,
    pub(super) half: u64,
    pub(super) p99: u64,
    pub(super) worst: u64,
    /// Microseconds of a processor a second.
    pub(super) processor: u64,
}

/// A station with so many targets, listened to for a while.
pub(super) fn measure(binary: &Path, folder: &Path, targets: u64, seconds: u64) -> Result<Pacing, TaskError> {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile);
    let all = rustix::process::Rlimit { current: limit.maximum, maximum: limit.maximum };
    rustix::process::setrlimit(rustix::process::Resource::Nofile, all)?;
    let station = tidegate(binary, folder, None)?;
    let sockets: Vec<UdpSocket> = (0..targets).map(|_| UdpSocket::bind("127.0.0.1:0")).collect::<Result<_, _>>()?;
    let mut add = Command::new(binary);
    add.args(["ctl", "-t", "radio", "sender", "udp", "add"]).env("TIDEGATE_RUNDIR", folder.join("run"));
    for socket in &sockets {
        setsockopt(socket, sockopt::ReceiveTimestampns, &true)?;
        add.arg(socket.local_addr()?.to_string());
    }
    crate::task::run(&mut add)?;
    let (before, began) = (station.processor_time()?, clock::now());
    let (distances, packets) = listen(sockets, Duration::from_secs(seconds))?;
    let processor = per_second(station.processor_time()?.saturating_sub(before), began.elapsed())?;
    let last = distances.len().checked_sub(1).ok_or_else(|| TaskError::new("no packets came"))?;
    let at = |share: usize| distances.get(last * share / 1000).copied().unwrap_or_default();
    Ok(Pacing { targets, packets, half: at(500), p99: at(990), worst: at(1000), processor })
}

/// A group at one target: when its first packet that came was received, in nanoseconds, and its number.
type Groups = HashMap<(usize, u32, u32), (u64, u8)>;

/// Receives for a while. The distances of packets from their places, in microseconds and ascending, and how many packets there were.
///
/// The place of a packet is counted from the first of its group at the same target: a packet that is early or late by itself
/// shows, a constant delay does not.
fn listen(sockets: Vec<UdpSocket>, time: Duration) -> Result<(Vec<u64>, u64), TaskError> {
    let mut event_loop = EventLoop::new(IdlePolicy { spin: Duration::ZERO })?;
    let mut own = Vec::new();
    for (index, socket) in sockets.into_iter().enumerate() {
        socket.set_nonblocking(true)?;
        let mut socket = mio::net::UdpSocket::from_std(socket);
        event_loop.registry().register(&mut socket, Token(index), Interest::READABLE)?;
        own.push(socket);
    }
    let (mut groups, mut distances, mut packets) = (Groups::new(), Vec::new(), 0);
    let mut buffer = [0; 2000];
    let end = clock::now() + time;
    while clock::now() < end {
        let ready: Vec<usize> = event_loop.turn(false, Some(end))?.iter().map(|event| event.token().0).collect();
        for index in ready {
            let Some(socket) = own.get(index) else { continue };
            while let Some((count, received_ns)) = receive(socket, &mut buffer)? {
                packets += 1;
                if let Ok((header, _)) = PacketHeader::decode(&buffer[..count]) {
                    distances.extend(distance(&mut groups, index, &header, received_ns));
                }
            }
        }
    }
    distances.sort_unstable();
    Ok((distances, packets))
}

/// A packet's length and when the kernel received it, in nanoseconds of the wall clock; none when there is none.
fn receive(socket: &mio::net::UdpSocket, buffer: &mut [u8]) -> Result<Option<(usize, u64)>, TaskError> {
    let mut control = nix::cmsg_space!(TimeSpec);
    let mut parts = [IoSliceMut::new(buffer)];
    let flags = MsgFlags::MSG_DONTWAIT;
    let message = match recvmsg::<SockaddrStorage>(socket.as_raw_fd(), &mut parts, Some(&mut control), flags) {
        Ok(message) => message,
        Err(nix::errno::Errno::EAGAIN) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let received = message.cmsgs()?.find_map(|control| match control {
        ControlMessageOwned::ScmTimestampns(time) => Some(time),
        _ => None,
    });
    let received = received.ok_or_else(|| TaskError::new("the kernel does not say when a packet came"))?;
    let nanoseconds = i128::from(received.tv_sec()) * 1_000_000_000 + i128::from(received.tv_nsec());
    Ok(Some((message.bytes, u64::try_from(nanoseconds)?)))
}

/// How far a packet of audio is from its place, in microseconds; none for the first of its group.
fn distance(groups: &mut Groups, target: usize, header: &PacketHeader, received_ns: u64) -> Option<u64> {
    if header.is_header || header.is_last {
        return None;
    }
    let &mut (first_ns, slice) = match groups.entry((target, header.stream, header.group)) {
        std::collections::hash_map::Entry::Vacant(entry) => {
            entry.insert((received_ns, header.slice));
            return None;
        }
        std::collections::hash_map::Entry::Occupied(entry) => entry.into_mut(),
    };
    let steps = u64::from(header.slice.checked_sub(slice)?);
    let place_ns = first_ns + u64::from(header.duration_ms) * 1_000_000 * steps / header.code.slices() as u64;
    Some(received_ns.abs_diff(place_ns) / 1000)
}

#[cfg(test)]
mod tests {
    use radio_stream::fec::Code;

    use super::*;

    #[test]
    fn what_counts_is_the_distance_from_the_even_place_behind_the_first_of_the_group() {
        let mut groups = Groups::new();
        let code = Code::new(4, 5).unwrap();
        let header = PacketHeader {
            stream: 1,
            group: 7,
            is_header: false,
            is_last: false,
            code,
            slice: 0,
            group_bytes: 100,
            start_ms: 0,
            duration_ms: 500,
        };
        let millisecond = 1_000_000;
        let mut at = |target, slice, time_ms: u64| {
            distance(&mut groups, target, &PacketHeader { slice, ..header }, 5_000_000_000 + time_ms * millisecond)
        };
        assert_eq!(at(0, 1, 100), None, "the first");
        assert_eq!(at(0, 2, 200), Some(0));
        assert_eq!(at(0, 3, 303), Some(3000));
        assert_eq!(at(0, 4, 399), Some(1000));
        assert_eq!(at(1, 4, 399), None, "the first of another target");
        assert_eq!(distance(&mut groups, 0, &PacketHeader { is_header: true, ..header }, 0), None);
    }

    #[test]
    fn the_kernel_says_when_a_packet_came() {
        let (sender, receiver) = (UdpSocket::bind("127.0.0.1:0").unwrap(), UdpSocket::bind("127.0.0.1:0").unwrap());
        setsockopt(&receiver, sockopt::ReceiveTimestampns, &true).unwrap();
        receiver.set_nonblocking(true).unwrap();
        let receiver = mio::net::UdpSocket::from_std(receiver);
        let mut buffer = [0; 10];
        assert_eq!(receive(&receiver, &mut buffer).unwrap(), None);
        let now = || u64::try_from(clock::wall().duration_since(std::time::UNIX_EPOCH).unwrap().as_nanos()).unwrap();
        let before = now();
        sender.send_to(b"hello", receiver.local_addr().unwrap()).unwrap();
        let (count, received) = receive(&receiver, &mut buffer).unwrap().unwrap();
        assert!(count == 5 && (before..=now()).contains(&received), "{received} after {before}");
    }
}
