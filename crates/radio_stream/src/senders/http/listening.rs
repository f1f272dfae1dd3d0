//! Where one listener is in the stream, and which bytes it gets next. No sockets.
//!
//! Cost: some 40 bytes a listener, and a box while something of its head is unsent. Making out what to send copies nothing: parts are
//! slices of the ring, of the titles of its segments, and of what comes before.

use std::io::IoSlice;

use radio_media::Container;

use super::icy::{INTERVAL_BYTES, NOTHING_NEW};
use super::ring::{Readable, Ring};

/// Parts of one write. With titles a write of 256 KiB has 34.
const PARTS_MAX: usize = 36;
/// Most bytes of one write: a burst of 4 s of CD quality comes in two or three.
const WRITE_BYTES_MAX: u64 = 256 << 10;

/// A listener's place in the stream.
#[derive(Debug)]
pub(super) struct Listening {
    container: Container,
    /// Ends where another container begins, instead of waiting for its own.
    ends_with_container: bool,
    place: Place,
    /// What comes before the stream goes on, and how much of it was sent.
    before: Option<Box<(Vec<u8>, usize)>>,
}

#[derive(Debug, Clone, Copy)]
struct Place {
    offset: u64,
    titles: Option<Titles>,
}

/// Titles within the stream.
#[derive(Debug, Clone, Copy)]
struct Titles {
    /// Bytes of audio before the next block.
    until: u32,
    /// The segment whose title was told last.
    told: u64,
}

/// What can be sent.
#[expect(clippy::large_enum_variant, reason = "it lives on the stack for one write")]
pub(super) enum Sendable<'r> {
    /// These parts, as many as are set.
    Parts([IoSlice<'r>; PARTS_MAX], usize),
    /// Nothing for now.
    Nothing,
    /// It is too far behind.
    TooSlow,
    /// Its stream is over.
    Over,
}

enum Part<'r> {
    /// Up to the next place.
    Audio,
    /// A block with a title, or with none.
    Title(&'r [u8]),
}

impl Listening {
    /// A listener who gets `before`, and then the ring from `offset` on.
    pub(super) fn new(
        container: Container,
        ends_with_container: bool,
        has_titles: bool,
        before: Vec<u8>,
        header: &[u8],
        offset: u64,
    ) -> Self {
        let mut before = before;
        before.extend_from_slice(header);
        // A header of the stream counts as audio, but only Ogg has headers and Ogg has no titles.
        let titles = has_titles.then_some(Titles { until: INTERVAL_BYTES, told: 0 });
        let before = Some(Box::new((before, 0)));
        Self { container, ends_with_container, place: Place { offset, titles }, before }
    }

    /// What it gets next.
    pub(super) fn sendable<'r>(&'r mut self, ring: &'r Ring) -> Sendable<'r> {
        let mut end = loop {
            match ring.readable(self.place.offset, self.container) {
                Readable::Range(_, end) => break end,
                Readable::TooSlow => return Sendable::TooSlow,
                Readable::OtherContainer { .. } if self.ends_with_container => {
                    if self.before.is_none() {
                        return Sendable::Over;
                    }
                    break self.place.offset;
                }
                Readable::OtherContainer { resume } if resume == self.place.offset => break resume,
                Readable::OtherContainer { resume } => self.place.offset = resume,
            }
        };
        end = end.min(self.place.offset + WRITE_BYTES_MAX);
        let mut parts = [IoSlice::new(&[]); PARTS_MAX];
        let mut count = 0;
        if let Some(before) = &self.before {
            parts[0] = IoSlice::new(&before.0[before.1..]);
            count = 1;
        }
        let mut place = self.place;
        // An audio part may come in two slices.
        while count + 2 <= PARTS_MAX
            && let Some((part, next)) = place.next_part(ring, end)
        {
            match part {
                Part::Title(block) => {
                    parts[count] = IoSlice::new(block);
                    count += 1;
                }
                Part::Audio => {
                    for slice in ring.slices(place.offset, next.offset).into_iter().filter(|slice| !slice.is_empty()) {
                        parts[count] = IoSlice::new(slice);
                        count += 1;
                    }
                }
            }
            place = next;
        }
        if count == 0 { Sendable::Nothing } else { Sendable::Parts(parts, count) }
    }

    /// So many bytes of that were sent.
    pub(super) fn sent(&mut self, ring: &Ring, mut count: usize) {
        if let Some(before) = &mut self.before {
            let taken = count.min(before.0.len() - before.1);
            before.1 += taken;
            count -= taken;
            if before.1 < before.0.len() {
                return;
            }
            self.before = None;
        }
        while count > 0
            && let Some((part, next)) = self.place.next_part(ring, ring.head())
        {
            match part {
                Part::Title(block) if count < block.len() => {
                    // The rest of the block comes before all else.
                    self.before = Some(Box::new((block[count..].to_vec(), 0)));
                    self.place = next;
                    return;
                }
                Part::Title(block) => {
                    count -= block.len();
                    self.place = next;
                }
                Part::Audio => {
                    let available = usize::try_from(next.offset - self.place.offset).unwrap_or(usize::MAX);
                    let taken = count.min(available);
                    self.place.offset += taken as u64;
                    if let Some(titles) = &mut self.place.titles {
                        titles.until -= u32::try_from(taken).unwrap_or(titles.until);
                    }
                    count -= taken;
                }
            }
        }
    }

    /// Whether all that there is was sent.
    pub(super) fn is_current(&self, ring: &Ring) -> bool {
        self.before.is_none() && self.place.offset == ring.head()
    }
}

impl Place {
    /// What comes next up to `end`, and the place after it.
    fn next_part<'r>(mut self, ring: &'r Ring, end: u64) -> Option<(Part<'r>, Self)> {
        if let Some(titles) = self.titles.as_mut().filter(|titles| titles.until == 0) {
            titles.until = INTERVAL_BYTES;
            let segment = ring.segment_at(self.offset).filter(|segment| segment.number != titles.told);
            let block = match segment {
                Some(segment) => {
                    titles.told = segment.number;
                    segment.icy_block.as_slice()
                }
                None => NOTHING_NEW,
            };
            return Some((Part::Title(block), self));
        }
        let mut count = end.saturating_sub(self.offset);
        if let Some(titles) = &mut self.titles {
            count = count.min(titles.until.into());
            titles.until -= u32::try_from(count).unwrap_or(titles.until);
        }
        if count == 0 {
            return None;
        }
        self.offset += count;
        Some((Part::Audio, self))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::ring::RingSettings;
    use super::*;
    use crate::piece::StreamInfo;
    use crate::testing::Random;

    const SECOND: u64 = 1_000_000_000;

    fn ring() -> Ring {
        Ring::new(RingSettings { burst_ns: 4 * SECOND, lag_ns: 2000 * SECOND })
    }

    fn begin(ring: &mut Ring, id: u32, container: Container) {
        let header = if container == Container::Ogg { vec![id.to_le_bytes()[0]; 50] } else { Vec::new() };
        ring.begin(&Arc::new(StreamInfo { id, format: "x", container, title: format!("song {id}"), header }));
    }

    /// Sends what can be sent, in writes that are cut anywhere.
    fn receive(listening: &mut Listening, ring: &Ring, random: &mut Random, received: &mut Vec<u8>) -> bool {
        loop {
            let count = match listening.sendable(ring) {
                Sendable::Parts(parts, count) => {
                    let bytes: Vec<u8> = parts[..count].iter().flat_map(|part| part.to_vec()).collect();
                    let count = 1 + random.below(bytes.len());
                    received.extend_from_slice(&bytes[..count]);
                    count
                }
                Sendable::Nothing => return true,
                Sendable::TooSlow | Sendable::Over => return false,
            };
            listening.sent(ring, count);
        }
    }

    /// Takes a stream with titles apart: the audio, and each title with the place in the audio where it was told.
    fn take_apart(stream: &[u8]) -> (Vec<u8>, Vec<(usize, String)>) {
        let interval = usize::try_from(INTERVAL_BYTES).unwrap();
        let (mut audio, mut titles, mut rest) = (Vec::new(), Vec::new(), stream);
        while rest.len() > interval {
            audio.extend_from_slice(&rest[..interval]);
            let length = usize::from(rest[interval]) * 16;
            let block = &rest[interval + 1..(interval + 1 + length).min(rest.len())];
            if length > 0 {
                let text = String::from_utf8_lossy(block);
                titles.push((audio.len(), text.split("';").next().unwrap().replace("StreamTitle='", "")));
            }
            rest = &rest[(interval + 1 + length).min(rest.len())..];
        }
        audio.extend_from_slice(rest);
        (audio, titles)
    }

    #[test]
    fn titles_come_at_their_places_and_the_audio_is_whole() {
        for _ in 0..20 {
            let mut random = Random::seeded();
            let mut ring = ring();
            let mut listening = Listening::new(Container::Mp3, true, true, b"head".to_vec(), b"", 0);
            let (mut audio, mut received) = (Vec::new(), Vec::new());
            for id in 1..=5 {
                begin(&mut ring, id, Container::Mp3);
                for _ in 0..random.below(60) {
                    let chunk = random.bytes(3000);
                    ring.chunk(&chunk, SECOND / 10);
                    audio.extend_from_slice(&chunk);
                    if random.chance(30) {
                        assert!(receive(&mut listening, &ring, &mut random, &mut received));
                    }
                }
            }
            assert!(receive(&mut listening, &ring, &mut random, &mut received));
            assert!(listening.is_current(&ring));
            let (heard, titles) = take_apart(received.strip_prefix(b"head").unwrap());
            assert!(heard == audio);
            let numbers: Vec<u32> = titles.iter().map(|(_, title)| title[5..].parse().unwrap()).collect();
            assert!(numbers.is_sorted_by(|one, other| one < other), "{titles:?}");
            assert_eq!(numbers.is_empty(), audio.len() < 16_000);
        }
    }

    #[test]
    fn a_listener_of_one_container_passes_over_the_others() {
        let mut random = Random::seeded();
        let mut ring = ring();
        let mut of_ogg = Listening::new(Container::Ogg, false, false, Vec::new(), b"", 0);
        let mut default = Listening::new(Container::Ogg, true, false, Vec::new(), b"", 0);
        let (mut heard, mut heard_default, mut expected) = (Vec::new(), Vec::new(), Vec::new());
        for (id, container) in [(1, Container::Ogg), (2, Container::Ogg), (3, Container::Mp3), (4, Container::Ogg)] {
            begin(&mut ring, id, container);
            ring.chunk(&[id.to_le_bytes()[0] + 10; 100], SECOND);
            if container == Container::Ogg {
                expected.extend([[id.to_le_bytes()[0]; 50].to_vec(), vec![id.to_le_bytes()[0] + 10; 100]].concat());
            }
            assert!(receive(&mut of_ogg, &ring, &mut random, &mut heard));
            assert_eq!(receive(&mut default, &ring, &mut random, &mut heard_default), id < 3);
        }
        assert_eq!(heard, expected);
        assert_eq!(heard_default, expected[..300]);
    }

    #[test]
    fn the_head_is_sent_before_the_stream_is_over() {
        let mut random = Random::seeded();
        let mut ring = ring();
        begin(&mut ring, 1, Container::Mp3);
        let mut listening = Listening::new(Container::Ogg, true, false, b"head".to_vec(), b"", 0);
        let mut received = Vec::new();
        assert!(!receive(&mut listening, &ring, &mut random, &mut received));
        assert_eq!(received, b"head");
    }
}
