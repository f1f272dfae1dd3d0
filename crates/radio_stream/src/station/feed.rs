//! One song on its way: its file, its framing, and the chunks that are loaded ahead. Of a song that is cut only the chunks of its part
//! count: it begins with the first of them, and ends behind the last.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

use radio_media::{Framing, Inspected};

use super::{Failure, nanoseconds};
use crate::link::{Entry, Part};
use crate::piece::StreamInfo;

/// Audio that is kept loaded, in nanoseconds: a disk that was asleep is awake by then.
const LOADED_NS: u64 = 4_000_000_000;
/// More is loaded when less than this is left.
const LOAD_AGAIN_NS: u64 = 2_500_000_000;
/// A load ends with the chunk that reaches this many bytes; large chunks are loaded one at a time.
const LOAD_BYTES: usize = 512 << 10;
/// Chunks of one load, for songs with many small ones.
const LOAD_CHUNKS_MAX: usize = 256;

/// One song on its way.
#[derive(Debug)]
pub(super) struct Feed {
    pub(super) entry: Entry,
    /// The number of its file.
    pub(super) file: u64,
    opened: Option<Opened>,
    /// The ticket of the load that is under way.
    pub(super) load: Option<u64>,
    /// What a load said; what was loaded before is sent first.
    pub(super) failure: Option<Failure>,
    /// Whether it was announced to senders.
    pub(super) announced: bool,
}

#[derive(Debug)]
struct Opened {
    song: Arc<Inspected>,
    /// What is played of it.
    chunks: Range<usize>,
    /// None until its stream has a number.
    stream: Option<(Framing, Arc<StreamInfo>)>,
    first: usize,
    next_send: usize,
    loaded: VecDeque<Vec<u8>>,
}

impl Feed {
    pub(super) fn new(entry: Entry, file: u64) -> Self {
        Self { entry, file, opened: None, load: None, failure: None, announced: false }
    }

    pub(super) fn song(&self) -> Option<&Arc<Inspected>> {
        self.opened.as_ref().map(|opened| &opened.song)
    }

    /// The file is there; it is to be sent from the beginning.
    pub(super) fn open(&mut self, song: Arc<Inspected>) {
        let chunks = chunks_of(&song, self.entry.part);
        let first = chunks.start;
        self.begin(song, chunks, first);
    }

    /// Goes to another chunk: the beginning of another stream.
    pub(super) fn reposition(&mut self, first: usize) {
        if let Some(opened) = self.opened.take() {
            self.begin(opened.song, opened.chunks, first);
        }
    }

    /// Plays another part, from its beginning.
    pub(super) fn cut(&mut self, part: Option<Part>) {
        self.entry.part = part;
        if let Some(opened) = self.opened.take() {
            self.open(opened.song);
        }
    }

    fn begin(&mut self, song: Arc<Inspected>, chunks: Range<usize>, first: usize) {
        self.load = None;
        self.failure = None;
        self.announced = false;
        self.opened = Some(Opened { song, chunks, stream: None, first, next_send: first, loaded: VecDeque::new() });
    }

    /// What is played: the numbers of its chunks.
    pub(super) fn chunks(&self) -> Range<usize> {
        self.opened.as_ref().map_or(0..0, |opened| opened.chunks.clone())
    }

    /// What is played, from its beginning to its end in samples of the song.
    pub(super) fn samples(&self) -> Range<u64> {
        let chunks = self.chunks();
        self.start_of(chunks.start)..self.start_of(chunks.end)
    }

    /// The chunk that is sent next.
    pub(super) fn next_send(&self) -> usize {
        self.opened.as_ref().map_or(0, |opened| opened.next_send)
    }

    /// Whether the next chunk is there.
    pub(super) fn is_ready(&self) -> bool {
        self.opened.as_ref().is_some_and(|opened| !opened.loaded.is_empty())
    }

    /// Whether every chunk was sent.
    pub(super) fn is_sent(&self) -> bool {
        self.opened.as_ref().is_some_and(|opened| opened.next_send >= opened.chunks.end)
    }

    /// Where a chunk begins, in samples; the end of the song for the one after the last.
    pub(super) fn start_of(&self, chunk: usize) -> u64 {
        self.opened.as_ref().map_or(0, |opened| {
            opened.song.chunks.get(chunk).map_or_else(|| opened.song.chunks.samples(), |chunk| chunk.start)
        })
    }

    pub(super) fn sample_rate(&self) -> u32 {
        self.opened.as_ref().map_or(1, |opened| opened.song.chunks.sample_rate())
    }

    /// Its stream, which gets the number from `number` when it has none.
    pub(super) fn stream(&mut self, number: impl FnOnce() -> u32) -> Option<Arc<StreamInfo>> {
        let opened = self.opened.as_mut()?;
        let (_, info) = opened.stream.get_or_insert_with(|| {
            let id = number();
            let framing = Framing::new(Arc::clone(&opened.song), id, opened.first);
            let info = StreamInfo {
                id,
                format: opened.song.format.name,
                container: opened.song.format.container,
                title: self.entry.song.title.clone(),
                header: framing.header().to_vec(),
            };
            (framing, Arc::new(info))
        });
        Some(Arc::clone(info))
    }

    /// Its stream, which has not begun, gets another number.
    pub(super) fn forget_stream(&mut self) {
        self.announced = false;
        if let Some(opened) = &mut self.opened {
            opened.stream = None;
        }
    }

    /// The number of its stream, if it has one.
    pub(super) fn stream_id(&self) -> Option<u32> {
        self.opened.as_ref()?.stream.as_ref().map(|(_, info)| info.id)
    }

    /// Takes the next chunk as it is sent: its bytes, and its start and duration in samples of the song.
    pub(super) fn take(&mut self) -> Option<(Vec<u8>, u64, u32)> {
        let opened = self.opened.as_mut()?;
        let (framing, _) = opened.stream.as_mut()?;
        let raw = opened.loaded.pop_front()?;
        let chunk = opened.song.chunks.get(opened.next_send)?;
        let mut bytes = Vec::with_capacity(raw.len() + 64);
        framing.frame(opened.next_send, &raw, &mut bytes);
        opened.next_send += 1;
        Some((bytes, chunk.start, chunk.samples))
    }

    /// The sample at which its stream began.
    pub(super) fn first_sample(&self) -> u64 {
        self.opened.as_ref().map_or(0, |opened| self.start_of(opened.first))
    }

    /// What its stream ends with when it ends here: nothing behind the last chunk of the song, which says so itself.
    pub(super) fn broken_off(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        if let Some(opened) = self.opened.as_mut().filter(|opened| opened.next_send < opened.song.chunks.len())
            && let Some((framing, _)) = &mut opened.stream
        {
            framing.finish(&mut bytes);
        }
        bytes
    }

    /// What should be loaded now: ranges of the file.
    pub(super) fn load_wanted(&self) -> Option<Vec<(u64, u32)>> {
        let opened = self.opened.as_ref().filter(|_| self.load.is_none() && self.failure.is_none())?;
        let chunks = &opened.song.chunks;
        let first = opened.next_send + opened.loaded.len();
        let left = self.start_of(first).saturating_sub(self.start_of(opened.next_send));
        if first >= opened.chunks.end
            || (nanoseconds(left, chunks.sample_rate()) >= LOAD_AGAIN_NS && !opened.loaded.is_empty())
        {
            return None;
        }
        let mut ranges = Vec::new();
        let mut bytes = 0;
        let mut samples = left;
        for index in first..opened.chunks.end.min(first + LOAD_CHUNKS_MAX) {
            let chunk = chunks.get(index)?;
            ranges.push((chunk.offset, chunk.length));
            bytes += chunk.length as usize;
            samples += u64::from(chunk.samples);
            if bytes >= LOAD_BYTES || nanoseconds(samples, chunks.sample_rate()) >= LOADED_NS {
                break;
            }
        }
        Some(ranges)
    }

    /// Takes what was loaded.
    pub(super) fn loaded(&mut self, loaded: Result<Vec<Vec<u8>>, Failure>) {
        self.load = None;
        match loaded {
            Ok(chunks) => {
                if let Some(opened) = &mut self.opened {
                    opened.loaded.extend(chunks);
                }
            }
            Err(failure) => self.failure = Some(failure),
        }
    }
}

/// The chunks that a part is heard in; none of a part that begins behind the end.
fn chunks_of(song: &Inspected, part: Option<Part>) -> Range<usize> {
    let chunks = &song.chunks;
    let Some(part) = part else { return 0..chunks.len() };
    let sample = |time_ms: u64| {
        let sample = u128::from(time_ms) * u128::from(chunks.sample_rate()) / 1000;
        u64::try_from(sample).unwrap_or(u64::MAX)
    };
    let start = sample(part.start_ms);
    if start >= chunks.samples() {
        return chunks.len()..chunks.len();
    }
    let first = chunks.at_sample(start);
    let end = part.end_ms.map_or(chunks.len(), |end_ms| chunks.at_sample(sample(end_ms).saturating_sub(1)) + 1);
    first..end.max(first)
}
