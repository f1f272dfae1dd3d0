//! The station under random requests, delays and failures, against what must hold whatever happens. The seed is printed; `SEED=`
//! repeats a run.

use std::collections::HashMap;
use std::path::PathBuf;

use super::tests::{World, song};
use super::*;
use crate::testing::{Random, mp3, tell};

const MILLISECOND: u64 = 1_000_000;
/// Longest chunk of the files here: four frames at 32 kHz.
const CHUNK_NS_MAX: u64 = 4 * 1152 * 1_000_000_000 / 32_000;

/// Something that the feeder has been asked for and that takes its time.
enum Pending {
    Open { file: u64, path: PathBuf },
    Load { ticket: u64, file: u64, chunks: Vec<(u64, u32)> },
}

struct Simulation {
    world: World,
    random: Random,
    pending: Vec<(Time, Pending)>,
    /// Loads under way for each file.
    loading: HashMap<u64, u64>,
    checker: Checker,
}

/// What came out so far, as far as later pieces depend on it.
#[derive(Default)]
struct Checker {
    stream: Option<Arc<StreamChecked>>,
    last_stream: u32,
    announced: u32,
    /// What has begun and not ended.
    begun: Option<EntryId>,
    chunks: u64,
    finished: u64,
    failed: u64,
}

struct StreamChecked {
    id: u32,
    /// The file's bytes, and how far they were sent.
    path: PathBuf,
    at: Option<usize>,
}

impl Simulation {
    fn new(random: Random) -> Self {
        let settings = StationSettings { songs_ahead: 3, ..StationSettings::default() };
        let mut world = World::new(settings);
        for (name, rate, frames) in [("a", 44_100, 60), ("b", 48_000, 300), ("c", 32_000, 1), ("d", 44_100, 777)] {
            world.add_file(name, mp3(rate, frames));
        }
        world.add_file("bad", vec![7; 2000]);
        world.add_file("cut", mp3(44_100, 500));
        // The table is of the whole file, what can be read of it is not.
        world.files.get_mut(&PathBuf::from("/cut")).unwrap().0.truncate(417 * 222 + 5);
        Self { world, random, pending: Vec::new(), loading: HashMap::new(), checker: Checker::default() }
    }

    fn request(&mut self) -> Request {
        const NAMES: [&str; 7] = ["a", "b", "c", "d", "bad", "cut", "gone"];
        let length = self.world.station.queue().len();
        let mut songs = Vec::new();
        for _ in 0..=self.random.below(3) {
            songs.push(song(NAMES[self.random.below(NAMES.len())]));
        }
        let place = self.random.below(length + 1);
        let id = self.world.station.queue().iter().nth(place).map_or(EntryId(0), |entry| entry.id);
        let position = u32::try_from(place).unwrap();
        match self.random.below(24) {
            0..=2 => Request::Play,
            3 => Request::PlayEntry { id },
            4 => Request::Pause,
            5 => Request::Stop,
            6 | 7 => Request::Next,
            8 => Request::Jump { percent: u8::try_from(self.random.below(102)).unwrap() },
            9 => Request::Seek { position_ms: self.random.next() % 10_000 },
            10 => Request::FastForward { delta_ms: i64::try_from(self.random.below(8000)).unwrap() - 4000 },
            11 => Request::NoMore,
            12 => Request::Add { songs, position: Some(position) },
            13 => Request::Remove { ids: vec![id] },
            14 => Request::Move { id, position },
            15 => Request::Reorder { ids: vec![id] },
            16 if self.random.chance(20) => {
                Request::Clear { keep_current: self.random.chance(50), keep_chosen: self.random.chance(50) }
            }
            17 => Request::Ahead { songs, replace: self.random.chance(30) },
            18 => Request::Random { seed: self.random.chance(60).then(|| self.random.next()) },
            19 => Request::Prioritize { ids: vec![id], priority: self.random.byte() % 4 },
            20 | 21 => Request::Cut { id, part: self.random.chance(80).then(|| part(&mut self.random)) },
            _ => Request::Add { songs, position: None },
        }
    }

    /// One thing happens: a request, something of the feeder, or time passes.
    fn step(&mut self) {
        let audio_before = self.checker.chunks;
        let sent_before = self.world.sent.len();
        if self.random.chance(10) {
            let request = self.request();
            let _ = self.world.station.handle_request(self.world.moment(), request);
        } else {
            self.pass_time();
        }
        self.take_effects();
        let burst: u64 = self.world.sent[sent_before..]
            .iter()
            .map(|(_, piece)| if let Piece::Chunk(chunk) = piece { chunk.duration_ns } else { 0 })
            .sum();
        // Lateness of the song before, then a jump or another song: each brings one chunk at once.
        assert!(burst <= CATCH_UP_NS_MAX + 3 * CHUNK_NS_MAX, "{burst} ns at once");
        let playing = self.world.station.status(self.world.moment(), Vec::new(), 0).playback == Playback::Playing;
        assert!(playing || self.checker.chunks == audio_before || sent_before < self.world.sent.len());
        self.world.station.queue().assert_consistent();
        assert!(self.world.open.len() <= 2 + self.pending.len(), "files are closed");
        self.world.sent.clear();
        self.world.events.clear();
    }

    /// To the next thing that is due, and sometimes later.
    fn pass_time(&mut self) {
        let feeder = self.pending.iter().map(|(at, _)| *at).min();
        let due = feeder.into_iter().chain(self.world.station.next_wakeup()).min();
        let now = self.world.now;
        let idle = now.after(self.random.next() % (500 * MILLISECOND));
        self.world.now = due.map_or(idle, |due| due.min(idle)).max(now);
        if self.random.chance(2) {
            self.world.now = self.world.now.after(self.random.next() % (3000 * MILLISECOND));
        }
        let (due, waiting) = std::mem::take(&mut self.pending).into_iter().partition(|(at, _)| *at <= self.world.now);
        self.pending = waiting;
        for (_, done) in due {
            self.complete(done);
        }
        self.world.station.advance(self.world.moment());
    }

    fn complete(&mut self, pending: Pending) {
        match pending {
            Pending::Open { file, path } => {
                let opened = self.world.opened(file, path);
                self.world.station.handle_opened(self.world.moment(), file, opened);
            }
            Pending::Load { ticket, file, chunks } => {
                self.loading.remove(&file);
                // Closed meanwhile: nothing comes back.
                if self.world.open.contains_key(&file) {
                    let loaded = self.world.loaded(file, &chunks);
                    self.world.station.handle_loaded(self.world.moment(), ticket, loaded);
                }
            }
        }
    }

    fn take_effects(&mut self) {
        while let Some(effect) = self.world.station.next_effect() {
            let slow = if self.random.chance(3) { 3000 } else { 20 };
            let at = self.world.now.after(self.random.next() % (slow * MILLISECOND));
            match effect {
                Effect::Open { file, path } => self.pending.push((at, Pending::Open { file, path })),
                Effect::Load { ticket, file, chunks } => {
                    assert!(self.world.open.contains_key(&file), "what is loaded is open");
                    self.loading.insert(file, ticket);
                    self.pending.push((at, Pending::Load { ticket, file, chunks }));
                }
                Effect::Close { file } => {
                    self.pending
                        .retain(|(_, pending)| !matches!(pending, Pending::Open { file: own, .. } if *own == file));
                    self.world.note(Effect::Close { file });
                }
                Effect::Piece(piece) => {
                    self.checker.piece(&piece, &self.world);
                    self.world.note(Effect::Piece(piece));
                }
                Effect::Event(event) => {
                    self.checker.event(&event);
                    self.world.note(Effect::Event(event));
                }
            }
        }
    }
}

/// The longest song has 20 s.
fn part(random: &mut Random) -> Part {
    let start_ms = random.next() % 8000;
    Part { start_ms, end_ms: random.chance(50).then(|| start_ms + random.next() % 4000) }
}

impl Checker {
    fn piece(&mut self, piece: &Piece, world: &World) {
        match piece {
            Piece::Announce(info) => self.announced = info.id,
            Piece::Begin(info) => {
                assert!(self.stream.is_none(), "one stream at a time");
                assert!(info.id > self.last_stream, "stream numbers grow");
                self.last_stream = info.id;
                let path = PathBuf::from(format!("/{}", info.title));
                self.stream = Some(Arc::new(StreamChecked { id: info.id, path, at: None }));
            }
            Piece::Chunk(chunk) => {
                let stream = self.stream.as_ref().expect("a chunk belongs to a stream");
                assert_eq!(stream.id, chunk.stream);
                let file = &world.files[&stream.path].0;
                let frame = chunk.bytes.len().min(417);
                let at = stream.at.unwrap_or_else(|| {
                    // Each frame has its number in it, so a chunk is found in one place only.
                    file.windows(frame).position(|bytes| *bytes == chunk.bytes[..frame]).expect("from the file")
                });
                assert!(
                    file[at..at + chunk.bytes.len()] == chunk.bytes,
                    "chunks of {:?} follow each other",
                    stream.path
                );
                let (id, path) = (stream.id, stream.path.clone());
                self.stream = Some(Arc::new(StreamChecked { id, path, at: Some(at + chunk.bytes.len()) }));
                self.chunks += 1;
            }
            Piece::End { stream, .. } => {
                assert_eq!(self.stream.take().map(|open| open.id), Some(*stream), "what ends has begun");
            }
            Piece::Silence => {}
        }
    }

    fn event(&mut self, event: &Event) {
        match event {
            Event::Began { id, .. } => {
                assert_eq!(self.begun.replace(*id), None, "one song at a time");
            }
            Event::Ended { id, reason, .. } => {
                assert_eq!(self.begun.take(), Some(*id), "what ends has begun");
                self.finished += u64::from(*reason == EndReason::Finished);
            }
            Event::Failed { song, .. } => {
                let name = song.title.as_str();
                assert!(matches!(name, "bad" | "cut" | "gone"), "{name} can be played");
                self.failed += 1;
            }
            _ => {}
        }
    }
}

#[test]
fn whatever_happens_streams_are_whole_and_songs_begin_and_end() {
    let mut seeds = Random::seeded();
    let (mut chunks, mut finished, mut failed) = (0, 0, 0);
    for _ in 0..40 {
        let seed = seeds.next();
        tell(format_args!("run {seed}"));
        let mut simulation = Simulation::new(Random::new(seed));
        for _ in 0..1500 {
            simulation.step();
        }
        settle(&mut simulation);
        chunks += simulation.checker.chunks;
        finished += simulation.checker.finished;
        failed += simulation.checker.failed;
    }
    assert!(chunks > 10_000 && finished > 100 && failed > 100, "{chunks} chunks, {finished} songs, {failed} failures");
}

/// When requests stop, what is in the queue is played to its end.
fn settle(simulation: &mut Simulation) {
    simulation.world.station.handle_request(simulation.world.moment(), Request::Play).unwrap();
    let songs = vec![song("a"); 3];
    simulation.world.station.handle_request(simulation.world.moment(), Request::Add { songs, position: None }).unwrap();
    for _ in 0..1_000_000 {
        simulation.take_effects();
        simulation.world.sent.clear();
        if simulation.world.station.queue().is_empty() {
            break;
        }
        simulation.pass_time();
    }
    simulation.take_effects();
    assert!(simulation.world.station.queue().is_empty(), "everything was played");
    assert!(simulation.world.open.is_empty(), "everything was closed");
    assert_eq!(simulation.checker.begun, None);
}
