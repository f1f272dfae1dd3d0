//! The one copy of the stream that all listeners share.
//!
//! Bytes are counted from the beginning of the sender and never renumbered; a listener is an offset. The ring keeps the last seconds
//! ([`RingSettings::lag_ns`]); it starts small and grows with the bit rate, up to [`RING_BYTES_MAX`]. Whoever is behind the oldest byte
//! is too slow.
//!
//! The stream is divided into *segments*: one for each stream of the station, beginning with its header. A listener of a container
//! reads on from segment to segment of that container and passes over others. New listeners join at a *boundary*, where a chunk
//! begins, some seconds back; if that is in the middle of a segment they get the segment's header first.
//!
//! Cost: a copy of each byte once. What a listener may read is found in the last segment nearly always.

use std::collections::VecDeque;
use std::sync::Arc;

use radio_media::Container;

use super::icy;
use crate::limits::{RING_BYTES_MAX, RING_BYTES_START};
use crate::piece::StreamInfo;

/// How much is kept and how much is given at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct RingSettings {
    /// Audio that a new listener gets at once, in nanoseconds.
    pub(super) burst_ns: u64,
    /// Audio that a listener may be behind, in nanoseconds.
    pub(super) lag_ns: u64,
}

/// A stream within the stream.
#[derive(Debug)]
pub(super) struct Segment {
    /// Counts from 1.
    pub(super) number: u64,
    start: u64,
    pub(super) info: Arc<StreamInfo>,
    /// The ICY block with its title.
    pub(super) icy_block: Vec<u8>,
}

/// A place where a chunk begins.
#[derive(Debug, Clone, Copy)]
struct Boundary {
    offset: u64,
    /// Audio that was sent before it, in nanoseconds, all segments together.
    time_ns: u64,
}

/// Where a new listener begins.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Join {
    /// The first byte of the ring that it gets.
    pub(super) offset: u64,
    /// What comes before.
    pub(super) header: Vec<u8>,
}

/// What a listener may read next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Readable {
    /// Bytes of its container: from its offset, which may have been moved over other containers, up to another.
    Range(u64, u64),
    /// It is behind the oldest byte.
    TooSlow,
    /// Another container follows.
    OtherContainer {
        /// Where its own goes on, or will.
        resume: u64,
    },
}

/// The shared stream.
#[derive(Debug)]
pub(super) struct Ring {
    settings: RingSettings,
    bytes: Box<[u8]>,
    head: u64,
    /// Audio that was sent, in nanoseconds.
    head_ns: u64,
    segments: VecDeque<Segment>,
    boundaries: VecDeque<Boundary>,
    last_number: u64,
    silent: bool,
    /// Whether the last segment is over.
    ended: bool,
}

impl Ring {
    pub(super) fn new(settings: RingSettings) -> Self {
        Self {
            settings,
            bytes: vec![0; RING_BYTES_START].into_boxed_slice(),
            head: 0,
            head_ns: 0,
            segments: VecDeque::new(),
            boundaries: VecDeque::new(),
            last_number: 0,
            silent: true,
            ended: true,
        }
    }

    /// The offset of the byte that comes next.
    pub(super) fn head(&self) -> u64 {
        self.head
    }

    /// The bytes that the ring has room for.
    pub(super) fn capacity(&self) -> usize {
        self.bytes.len()
    }

    /// What is being sent, or was sent last.
    pub(super) fn latest(&self) -> Option<&Segment> {
        self.segments.back()
    }

    /// A stream begins.
    pub(super) fn begin(&mut self, info: &Arc<StreamInfo>) {
        self.silent = false;
        self.ended = false;
        self.last_number += 1;
        let (number, start) = (self.last_number, self.head);
        let icy_block = icy::block(&info.title);
        self.segments.push_back(Segment { number, start, info: Arc::clone(info), icy_block });
        self.boundaries.push_back(Boundary { offset: self.head, time_ns: self.head_ns });
        self.append(&info.header);
    }

    /// A chunk follows.
    pub(super) fn chunk(&mut self, bytes: &[u8], duration_ns: u64) {
        // The first chunk of a segment begins with the segment's header.
        let begins = self.segments.back().is_some_and(|segment| {
            self.boundaries.back().is_some_and(|boundary| boundary.offset == segment.start)
                && self.head == segment.start + segment.info.header.len() as u64
        });
        if !begins {
            self.boundaries.push_back(Boundary { offset: self.head, time_ns: self.head_ns });
        }
        self.append(bytes);
        self.head_ns += duration_ns;
        self.forget();
    }

    /// What ends a stream.
    pub(super) fn end(&mut self, bytes: &[u8]) {
        self.ended = true;
        self.append(bytes);
    }

    /// Nothing is played: new listeners wait instead of hearing the end of what was.
    pub(super) fn silence(&mut self) {
        self.silent = true;
    }

    fn append(&mut self, bytes: &[u8]) {
        // What could not be kept for any listener is not kept at all.
        let bytes = &bytes[bytes.len().saturating_sub(RING_BYTES_MAX)..];
        self.make_room(bytes.len());
        let start = self.place(self.head);
        let first = bytes.len().min(self.bytes.len() - start);
        self.bytes[start..start + first].copy_from_slice(&bytes[..first]);
        self.bytes[..bytes.len() - first].copy_from_slice(&bytes[first..]);
        self.head += bytes.len() as u64;
        self.forget();
    }

    /// Grows until `count` more bytes leave what may still be read.
    fn make_room(&mut self, count: usize) {
        let kept = usize::try_from(self.head - self.oldest_by_time()).unwrap_or(usize::MAX);
        let needed = kept.saturating_add(count).min(RING_BYTES_MAX);
        if needed <= self.bytes.len() {
            return;
        }
        let mut larger = vec![0; needed.next_power_of_two().min(RING_BYTES_MAX)].into_boxed_slice();
        let kept = self.bytes.len().min(usize::try_from(self.head).unwrap_or(usize::MAX)) as u64;
        let mask = larger.len() as u64 - 1;
        let mut offset = self.head - kept;
        while offset < self.head {
            let [slice, _] = self.slices(offset, self.head);
            let target = usize::try_from(offset & mask).unwrap_or_default();
            let count = slice.len().min(larger.len() - target);
            larger[target..target + count].copy_from_slice(&slice[..count]);
            offset += count as u64;
        }
        self.bytes = larger;
    }

    /// The first byte within the allowed lag.
    fn oldest_by_time(&self) -> u64 {
        let limit = self.head_ns.saturating_sub(self.settings.lag_ns);
        let first = self.boundaries.partition_point(|boundary| boundary.time_ns < limit);
        self.boundaries.get(first).map_or(self.head, |boundary| boundary.offset)
    }

    /// The oldest byte that may be read.
    fn oldest(&self) -> u64 {
        self.boundaries.front().map_or(self.head, |boundary| boundary.offset)
    }

    /// Drops what nobody may read any more.
    fn forget(&mut self) {
        let oldest = self.oldest_by_time().max(self.head.saturating_sub(self.bytes.len() as u64));
        let gone = self.boundaries.partition_point(|boundary| boundary.offset < oldest);
        self.boundaries.drain(..gone);
        let oldest = self.oldest();
        while self.segments.get(1).is_some_and(|second| second.start <= oldest) {
            self.segments.pop_front();
        }
    }

    fn place(&self, offset: u64) -> usize {
        usize::try_from(offset & (self.bytes.len() as u64 - 1)).unwrap_or_default()
    }

    /// The bytes of a range, in two parts where it goes over the end.
    pub(super) fn slices(&self, start: u64, end: u64) -> [&[u8]; 2] {
        let length = usize::try_from(end - start).unwrap_or_default();
        let place = self.place(start);
        let first = length.min(self.bytes.len() - place);
        [&self.bytes[place..place + first], &self.bytes[..length - first]]
    }

    /// The segment that a byte belongs to; the last one for the byte that comes next.
    pub(super) fn segment_at(&self, offset: u64) -> Option<&Segment> {
        self.segments.get(self.segment_index(offset))
    }

    fn segment_index(&self, offset: u64) -> usize {
        match self.segments.back() {
            Some(last) if offset >= last.start => self.segments.len() - 1,
            _ => self.segments.partition_point(|segment| segment.start <= offset).saturating_sub(1),
        }
    }

    /// Where a new listener of a container begins.
    pub(super) fn join(&self, container: Container) -> Join {
        let waits = Join { offset: self.head, header: Vec::new() };
        let Some(last) = self.segments.back().filter(|last| last.info.container == container) else { return waits };
        if self.silent {
            // What was paused goes on in its middle; what is over does not.
            let header = if self.ended { Vec::new() } else { last.info.header.clone() };
            return Join { header, ..waits };
        }
        let own = self.segments.iter().rev().take_while(|segment| segment.info.container == container);
        let earliest = own.last().map_or(self.head, |segment| segment.start);
        let limit_ns = self.head_ns.saturating_sub(self.settings.burst_ns);
        let first =
            self.boundaries.partition_point(|boundary| boundary.offset < earliest || boundary.time_ns < limit_ns);
        let offset = self.boundaries.get(first).map_or(self.head, |boundary| boundary.offset);
        let header = match self.segment_at(offset) {
            Some(segment) if segment.start != offset && !(self.ended && offset == self.head) => {
                segment.info.header.clone()
            }
            _ => Vec::new(),
        };
        Join { offset, header }
    }

    /// What a listener of a container at `offset` may read.
    pub(super) fn readable(&self, offset: u64, container: Container) -> Readable {
        if offset < self.oldest() {
            return Readable::TooSlow;
        }
        let index = self.segment_index(offset);
        let other = |segment: &&Segment| segment.info.container != container;
        match self.segments.get(index) {
            Some(last) if index + 1 == self.segments.len() && !other(&last) => Readable::Range(offset, self.head),
            Some(segment) if !other(&segment) => {
                let end = self.segments.range(index..).find(other).map_or(self.head, |segment| segment.start);
                Readable::Range(offset, end)
            }
            Some(_) => {
                let own = self.segments.range(index..).find(|segment| !other(segment));
                Readable::OtherContainer { resume: own.map_or(self.head, |segment| segment.start) }
            }
            None => Readable::Range(offset, self.head),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Random;

    const SECOND: u64 = 1_000_000_000;
    const SETTINGS: RingSettings = RingSettings { burst_ns: 4 * SECOND, lag_ns: 20 * SECOND };

    fn info(id: u32, container: Container, header: &[u8]) -> Arc<StreamInfo> {
        Arc::new(StreamInfo { id, format: "x", container, title: format!("song {id}"), header: header.to_vec() })
    }

    /// The bytes of a range.
    fn bytes(ring: &Ring, start: u64, end: u64) -> Vec<u8> {
        ring.slices(start, end).concat()
    }

    #[test]
    fn a_new_listener_begins_with_a_chunk_some_seconds_back() {
        let mut ring = Ring::new(SETTINGS);
        assert_eq!(ring.join(Container::Ogg), Join { offset: 0, header: Vec::new() });
        ring.begin(&info(1, Container::Ogg, b"head"));
        for number in 0..10 {
            ring.chunk(&[number; 10], SECOND);
            let join = ring.join(Container::Ogg);
            let back = u64::from(number + 1).min(4);
            let whole = number < 4;
            assert_eq!(join.header, if whole { &b""[..] } else { b"head" });
            assert_eq!(join.offset, if whole { 0 } else { ring.head() - back * 10 });
        }
        assert_eq!(ring.join(Container::Mp3), Join { offset: ring.head(), header: Vec::new() });
        ring.silence();
        assert_eq!(ring.join(Container::Ogg), Join { offset: ring.head(), header: b"head".to_vec() });
        ring.end(b"tail");
        assert_eq!(ring.join(Container::Ogg), Join { offset: ring.head(), header: Vec::new() });
    }

    #[test]
    fn a_burst_does_not_reach_into_another_container() {
        let mut ring = Ring::new(SETTINGS);
        ring.begin(&info(1, Container::Mp3, b""));
        ring.chunk(&[1; 10], SECOND);
        ring.begin(&info(2, Container::Ogg, b"ab"));
        ring.chunk(&[2; 10], SECOND);
        ring.begin(&info(3, Container::Ogg, b"cd"));
        ring.chunk(&[3; 10], SECOND);
        let join = ring.join(Container::Ogg);
        assert_eq!(join, Join { offset: 10, header: Vec::new() });
        assert_eq!(ring.readable(10, Container::Ogg), Readable::Range(10, 34));
        assert_eq!(ring.readable(0, Container::Mp3), Readable::Range(0, 10));
        assert_eq!(ring.readable(10, Container::Mp3), Readable::OtherContainer { resume: 34 });
        ring.begin(&info(4, Container::Mp3, b""));
        ring.chunk(&[4; 10], SECOND);
        assert_eq!(ring.readable(10, Container::Mp3), Readable::OtherContainer { resume: 34 });
        assert_eq!(ring.readable(34, Container::Mp3), Readable::Range(34, 44));
        assert_eq!(bytes(&ring, 34, 44), [4; 10]);
    }

    #[test]
    fn whoever_is_behind_by_more_than_the_lag_is_too_slow() {
        let mut ring = Ring::new(SETTINGS);
        ring.begin(&info(1, Container::Mp3, b""));
        for second in 1..=100_u64 {
            ring.chunk(&[0; 16_000], SECOND);
            let behind = |seconds: u64| ring.readable((second.saturating_sub(seconds)) * 16_000, Container::Mp3);
            assert!(matches!(behind(20), Readable::Range(..)), "after {second} s");
            assert_eq!(behind(21) == Readable::TooSlow, second > 20);
        }
        assert_eq!(ring.capacity(), RING_BYTES_START);
    }

    #[test]
    fn the_ring_grows_with_the_bit_rate_up_to_a_limit_and_loses_nothing() {
        let mut random = Random::seeded();
        let mut ring = Ring::new(SETTINGS);
        let mut stream = Vec::new();
        ring.begin(&info(1, Container::Ogg, b"header"));
        stream.extend_from_slice(b"header");
        for _ in 0..300 {
            let chunk = random.bytes(100_000);
            ring.chunk(&chunk, SECOND / 10);
            stream.extend_from_slice(&chunk);
            let oldest = usize::try_from(ring.oldest()).unwrap();
            assert!(bytes(&ring, ring.oldest(), ring.head()) == stream[oldest..], "what is kept is right");
        }
        assert!(ring.capacity() > RING_BYTES_START && ring.capacity() <= RING_BYTES_MAX);
        assert!(ring.head() - ring.oldest() > 5_000_000, "20 s of it are kept");
        ring.chunk(&vec![1; RING_BYTES_MAX + 5], SECOND);
        assert_eq!(ring.capacity(), RING_BYTES_MAX);
        assert!(ring.head() - ring.oldest() <= RING_BYTES_MAX as u64);
    }
}
