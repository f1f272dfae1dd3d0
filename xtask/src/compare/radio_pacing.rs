//! Receives udp packets for many targets and says how evenly they came.

use std::collections::HashMap;
use std::net::UdpSocket;

use mio::{Interest, Token};
use radio_stream::packet::PacketHeader;
use reactor::clock::{self, Duration, Instant};
use reactor::{EventLoop, IdlePolicy};

use crate::task::TaskError;

/// A group at one target: when its first packet that came was due by its number, seen from here.
type Groups = HashMap<(usize, u32, u32), (Instant, u8)>;

/// Receives for a while. The distances of packets from their places, in microseconds and ascending, and how many packets there were.
///
/// The place of a packet is counted from the first of its group at the same target: a packet that is early or late by itself
/// shows, a constant delay does not.
pub(super) fn listen(sockets: Vec<UdpSocket>, time: Duration) -> Result<(Vec<u64>, u64), TaskError> {
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
            while let Ok(count) = socket.recv(&mut buffer) {
                packets += 1;
                let now = clock::now();
                if let Ok((header, _)) = PacketHeader::decode(&buffer[..count]) {
                    distances.extend(distance(&mut groups, index, &header, now));
                }
            }
        }
    }
    distances.sort_unstable();
    Ok((distances, packets))
}

/// How far a packet of audio is from its place, in microseconds; none for the first of its group.
fn distance(groups: &mut Groups, target: usize, header: &PacketHeader, now: Instant) -> Option<u64> {
    if header.is_header || header.is_last {
        return None;
    }
    let &mut (first, slice) = match groups.entry((target, header.stream, header.group)) {
        std::collections::hash_map::Entry::Vacant(entry) => {
            entry.insert((now, header.slice));
            return None;
        }
        std::collections::hash_map::Entry::Occupied(entry) => entry.into_mut(),
    };
    let steps = u32::from(header.slice.checked_sub(slice)?);
    let slices = u32::try_from(header.code.slices()).unwrap_or(u32::MAX);
    let place = first + Duration::from_millis(header.duration_ms.into()) * steps / slices;
    let distance = now.saturating_duration_since(place).max(place.saturating_duration_since(now));
    u64::try_from(distance.as_micros()).ok()
}
