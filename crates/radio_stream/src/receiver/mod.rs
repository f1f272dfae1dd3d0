//! The receiving end of the udp sender, without sockets: datagrams in, a stream in order out.
//!
//! It puts groups together, repairs them as soon as k slices are there, and hands them out in their order behind the header of
//! their stream. A group that is still incomplete when [`WINDOW_GROUPS`] later ones are complete is given up and counted. Where one
//! stream follows another, the end of the first and the header of the second may be mixed on the way.
//!
//! Memory: [`WINDOW_BYTES_MAX`] at most, whatever arrives. A datagram that is no packet of the radio is an error for the caller to
//! count; nothing changes by it.

#[cfg(test)]
mod loss;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, VecDeque};

use crate::fec::Code;
use crate::packet::{PacketError, PacketHeader, StreamHeader, slice_bytes};

/// Complete groups behind an incomplete one for which it is waited: datagrams overtake each other by a few milliseconds, and a
/// group lasts for hundreds.
pub const WINDOW_GROUPS: usize = 3;

/// Complete groups that are kept while the header of their stream is missing. The oldest are given up.
pub const HEADERLESS_GROUPS_MAX: usize = 32;

/// Groups of a stream that are being put together, at most: twenty seconds of it. The oldest are given up; groups of a few bytes would
/// fill the memory otherwise, and few of them are ever under way.
const GROUPS_MAX: usize = 64;

/// Bytes of all groups that are being put together. The oldest groups are given up when a new one would exceed it.
pub const WINDOW_BYTES_MAX: usize = 32 << 20;

/// What is handed out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delivery {
    /// A stream begins (or is joined).
    Begin(StreamHeader),
    /// The next audio.
    Data(Vec<u8>),
    /// So many groups are missing between what was handed out and what comes next.
    Lost(u32),
    /// The stream was received to its end.
    End,
}

/// What was received so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Packets that were of use.
    pub packets: u64,
    /// Packets that came twice, or too late.
    pub useless: u64,
    /// Groups with audio that were handed out.
    pub groups: u64,
    /// Those of them that had to be repaired.
    pub repaired: u64,
    /// Groups with audio that were given up.
    pub lost: u64,
}

/// A group that is being put together.
#[derive(Debug)]
struct Group {
    code: Code,
    group_bytes: u32,
    slice_bytes: usize,
    slices: Vec<u8>,
    present: Vec<bool>,
    count: usize,
    is_last: bool,
    repaired: bool,
    complete: bool,
}

impl Group {
    fn new(header: &PacketHeader) -> Self {
        let (code, slice_bytes) = (header.code, slice_bytes(header.group_bytes, header.code));
        Self {
            code,
            group_bytes: header.group_bytes,
            slice_bytes,
            slices: vec![0; code.slices() * slice_bytes],
            present: vec![false; code.slices()],
            count: 0,
            is_last: header.is_last,
            repaired: false,
            complete: false,
        }
    }

    /// Bytes of the slices of a group with this header.
    fn memory(header: &PacketHeader) -> usize {
        header.code.slices() * slice_bytes(header.group_bytes, header.code)
    }

    /// Takes a slice; false when it is of no use.
    fn add(&mut self, header: &PacketHeader, slice: &[u8]) -> bool {
        let place = usize::from(header.slice);
        // A group of which two packets say different things is not ours; the first one is believed.
        if self.complete || (header.code, header.group_bytes) != (self.code, self.group_bytes) || self.present[place] {
            return false;
        }
        self.slices[place * self.slice_bytes..(place + 1) * self.slice_bytes].copy_from_slice(slice);
        self.present[place] = true;
        self.count += 1;
        if self.count >= self.code.data_slices() {
            self.repaired = !self.present[..self.code.data_slices()].iter().all(|present| *present);
            self.complete = self.code.repair(&mut self.slices, self.slice_bytes, &self.present).is_ok();
        }
        true
    }

    fn into_data(mut self) -> Vec<u8> {
        self.slices.truncate(usize::try_from(self.group_bytes).unwrap_or(usize::MAX));
        self.slices
    }
}

/// One stream.
#[derive(Debug)]
struct Stream {
    id: u32,
    header: Option<Group>,
    begun: bool,
    groups: BTreeMap<u32, Group>,
    /// The group that is handed out next; none before the stream has begun.
    next: Option<u32>,
    ended: bool,
}

impl Stream {
    fn new(id: u32) -> Self {
        Self { id, header: None, begun: false, groups: BTreeMap::new(), next: None, ended: false }
    }

    fn complete_groups(&self) -> usize {
        self.groups.values().filter(|group| group.complete).count()
    }

    /// Whether the group of this packet has begun.
    fn has(&self, header: &PacketHeader) -> bool {
        self.id == header.stream
            && if header.is_header { self.header.is_some() } else { self.groups.contains_key(&header.group) }
    }

    fn bytes(&self) -> usize {
        self.groups.values().chain(&self.header).map(|group| group.slices.len()).sum()
    }
}

/// A receiver of one sender's packets.
#[derive(Debug, Default)]
pub struct Receiver {
    current: Option<Stream>,
    /// The stream that follows, of which something has arrived already.
    following: Option<Stream>,
    /// The stream before the current one: what still comes of it is too late.
    former: u32,
    ready: VecDeque<Delivery>,
    counts: Counts,
}

impl Receiver {
    /// A receiver that has seen nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes a datagram.
    ///
    /// # Errors
    /// [`PacketError`] when it is no packet.
    pub fn receive(&mut self, datagram: &[u8]) -> Result<(), PacketError> {
        let (header, slice) = PacketHeader::decode(datagram)?;
        if self.take(&header, slice) {
            self.counts.packets += 1;
            self.hand_out(false);
        } else {
            self.counts.useless += 1;
        }
        Ok(())
    }

    /// What is ready, in order.
    pub fn next_delivery(&mut self) -> Option<Delivery> {
        self.ready.pop_front()
    }

    /// Hands out all that is complete: nothing more will come.
    pub fn finish(&mut self) {
        self.hand_out(true);
        while self.following.is_some() {
            self.switch();
            self.hand_out(true);
        }
    }

    /// What was received so far.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// Bytes of all groups that are being put together.
    #[must_use]
    pub fn held_bytes(&self) -> usize {
        self.streams().map(Stream::bytes).sum()
    }

    fn streams(&self) -> impl Iterator<Item = &Stream> {
        self.current.iter().chain(&self.following)
    }

    fn take(&mut self, header: &PacketHeader, slice: &[u8]) -> bool {
        if header.stream == self.former || Group::memory(header) > WINDOW_BYTES_MAX {
            return false;
        }
        if !self.streams().any(|stream| stream.has(header)) {
            self.make_room(Group::memory(header));
        }
        let current = self.current.get_or_insert_with(|| Stream::new(header.stream));
        let stream = if current.id == header.stream {
            current
        } else {
            match &self.following {
                // Announced, and then something else came between.
                Some(following) if following.id != header.stream && following.groups.is_empty() => {
                    self.following = None
                }
                // A third one: the current one is over for good.
                Some(following) if following.id != header.stream => self.switch(),
                _ => {}
            }
            self.following.get_or_insert_with(|| Stream::new(header.stream))
        };
        if stream.ended {
            return false;
        }
        if header.is_header {
            return stream.header.get_or_insert_with(|| Group::new(header)).add(header, slice);
        }
        if stream.next.is_some_and(|next| header.group < next) {
            return false;
        }
        if !stream.groups.contains_key(&header.group) && stream.groups.len() == GROUPS_MAX {
            stream.groups.pop_first();
        }
        stream.groups.entry(header.group).or_insert_with(|| Group::new(header)).add(header, slice)
    }

    /// Gives up the oldest groups until `bytes` more fit.
    fn make_room(&mut self, bytes: usize) {
        while self.held_bytes() + bytes > WINDOW_BYTES_MAX {
            let oldest = self.current.iter_mut().chain(&mut self.following).find(|stream| !stream.groups.is_empty());
            let Some(stream) = oldest else {
                // Headers alone: they are asked for again every few seconds.
                self.current = None;
                self.following = None;
                return;
            };
            stream.groups.pop_first();
        }
    }

    /// Hands out what is due; everything that is complete when nothing more `is_expected`.
    fn hand_out(&mut self, is_finished: bool) {
        loop {
            self.begin();
            let Some(stream) = &mut self.current else { return };
            if !stream.begun {
                if !is_finished {
                    // Without the header nothing of it is of use, but the header will come.
                    while stream.groups.len() > HEADERLESS_GROUPS_MAX {
                        stream.groups.pop_first();
                    }
                }
                if !self.is_over(is_finished) {
                    return;
                }
                self.switch();
                continue;
            }
            if !self.advance(is_finished) {
                if !self.is_over(is_finished) {
                    return;
                }
                self.switch();
            }
        }
    }

    /// Begins the current stream once its header is there.
    fn begin(&mut self) {
        let Some(stream) = &mut self.current else { return };
        if stream.begun || !stream.header.as_ref().is_some_and(|header| header.complete) {
            return;
        }
        let Some(data) = stream.header.take().map(Group::into_data) else { return };
        if let Ok(header) = StreamHeader::decode(&data) {
            stream.begun = true;
            self.ready.push_back(Delivery::Begin(header));
        }
    }

    /// Hands out one group of the current stream, or gives some up; false when neither is due.
    fn advance(&mut self, is_finished: bool) -> bool {
        let Some(stream) = &mut self.current else { return false };
        let patience = if is_finished || stream.ended { 0 } else { WINDOW_GROUPS };
        let Some(first_complete) = stream.groups.iter().find(|(_, group)| group.complete).map(|(number, _)| *number)
        else {
            return false;
        };
        let expected = match stream.next {
            Some(next) => next,
            // Joined in its middle: what came before is not lost, it was never ours. Its first group is, if it is incomplete.
            None => stream.groups.first_key_value().map_or(first_complete, |(number, _)| *number),
        };
        if first_complete > expected {
            if stream.complete_groups() < patience {
                return false;
            }
            let lost = first_complete - expected;
            if stream.next.is_some() {
                self.counts.lost += u64::from(lost);
                self.ready.push_back(Delivery::Lost(lost));
            }
            stream.groups.retain(|number, _| *number >= first_complete);
        }
        stream.next = Some(first_complete.saturating_add(1));
        let Some(group) = stream.groups.remove(&first_complete) else { return false };
        self.counts.groups += 1;
        self.counts.repaired += u64::from(group.repaired);
        stream.ended = group.is_last;
        let data = group.into_data();
        // A stream may end with a group that says so and no more.
        if !data.is_empty() {
            self.ready.push_back(Delivery::Data(data));
        }
        if stream.ended {
            stream.groups.clear();
            self.ready.push_back(Delivery::End);
        }
        true
    }

    /// Whether the current stream gives way to the following one.
    fn is_over(&self, is_finished: bool) -> bool {
        let (Some(current), Some(following)) = (&self.current, &self.following) else { return false };
        let is_short =
            current.groups.is_empty() && following.groups.values().any(|group| group.complete && group.is_last);
        current.ended || (!is_finished && (is_short || following.complete_groups() >= WINDOW_GROUPS))
    }

    fn switch(&mut self) {
        if let Some(stream) = &self.current {
            self.former = stream.id;
        }
        self.current = self.following.take();
    }
}
