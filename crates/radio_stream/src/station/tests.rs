//! A station on a clock of its own, with files in memory.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;

use radio_media::inspect;

use super::*;
use crate::link::{Part, Song};
use crate::testing::mp3;

const SECOND: u64 = 1_000_000_000;

pub(super) fn song(name: &str) -> Song {
    Song { id: 1, path: PathBuf::from(format!("/{name}")), title: name.to_owned(), duration_ms: 0 }
}

/// A piece, and when it came out.
pub(super) type Sent = (Time, Piece);

/// A station, its files, and everything that came out of it.
pub(super) struct World {
    pub(super) station: Station,
    pub(super) files: HashMap<PathBuf, (Vec<u8>, Option<Arc<Inspected>>)>,
    /// What is open, by its number.
    pub(super) open: BTreeMap<u64, PathBuf>,
    pub(super) now: Time,
    pub(super) sent: Vec<Sent>,
    pub(super) events: Vec<Event>,
    /// How many chunks were read.
    chunks_read: usize,
}

impl World {
    pub(super) fn new(settings: StationSettings) -> Self {
        Self {
            station: Station::new(settings, 0),
            files: HashMap::new(),
            open: BTreeMap::new(),
            now: Time(0),
            sent: Vec::new(),
            events: Vec::new(),
            chunks_read: 0,
        }
    }

    pub(super) fn add_file(&mut self, name: &str, bytes: Vec<u8>) {
        let inspected = inspect(&bytes).ok().map(Arc::new);
        self.files.insert(PathBuf::from(format!("/{name}")), (bytes, inspected));
    }

    pub(super) fn moment(&self) -> Moment {
        Moment { time: self.now, wall_ms: 1_000_000_000_000 + self.now.0 / 1_000_000 }
    }

    pub(super) fn ask(&mut self, request: Request) -> Result<Answer, Refusal> {
        let answer = self.station.handle_request(self.moment(), request);
        self.carry_out();
        answer
    }

    pub(super) fn add(&mut self, names: &[&str]) {
        self.ask(Request::Add { songs: names.iter().map(|name| song(name)).collect(), position: None }).unwrap();
    }

    /// Files are opened and read at once.
    pub(super) fn carry_out(&mut self) {
        while let Some(effect) = self.station.next_effect() {
            match effect {
                Effect::Open { file, path } => {
                    let opened = self.opened(file, path);
                    self.station.handle_opened(self.moment(), file, opened);
                }
                Effect::Load { ticket, file, chunks } => {
                    self.chunks_read += chunks.len();
                    let loaded = self.loaded(file, &chunks);
                    self.station.handle_loaded(self.moment(), ticket, loaded);
                }
                other => self.note(other),
            }
        }
    }

    pub(super) fn opened(&mut self, file: u64, path: PathBuf) -> Result<Arc<Inspected>, Failure> {
        let failure = |kind| Failure { kind, message: format!("{} is no good", path.display()) };
        let (_, inspected) = self.files.get(&path).ok_or_else(|| failure(FailureKind::Missing))?;
        let inspected = inspected.clone().ok_or_else(|| failure(FailureKind::Corrupt))?;
        self.open.insert(file, path);
        Ok(inspected)
    }

    pub(super) fn loaded(&self, file: u64, chunks: &[(u64, u32)]) -> Result<Vec<Vec<u8>>, Failure> {
        let (bytes, _) = &self.files[&self.open[&file]];
        let read = |&(offset, length): &(u64, u32)| {
            let start = usize::try_from(offset).unwrap();
            let chunk = bytes.get(start..start + usize::try_from(length).unwrap());
            chunk.map(<[u8]>::to_vec).ok_or(Failure { kind: FailureKind::Truncated, message: "cut".into() })
        };
        chunks.iter().map(read).collect()
    }

    /// Keeps what is nothing to do with files.
    pub(super) fn note(&mut self, effect: Effect) {
        match effect {
            Effect::Piece(piece) => self.sent.push((self.now, piece)),
            Effect::Event(event) => self.events.push(event),
            Effect::Close { file } => drop(self.open.remove(&file)),
            Effect::Open { .. } | Effect::Load { .. } => panic!("the world carries these out"),
        }
    }

    /// Lets the clock run.
    pub(super) fn run_until(&mut self, end: Time) {
        while let Some(at) = self.station.next_wakeup().filter(|at| *at <= end) {
            self.now = self.now.max(at);
            self.station.advance(self.moment());
            self.carry_out();
        }
        self.now = end;
    }

    pub(super) fn run(&mut self, nanoseconds: u64) {
        self.run_until(self.now.after(nanoseconds));
    }

    /// All bytes that were sent as audio.
    fn audio(&self) -> Vec<u8> {
        self.sent
            .iter()
            .flat_map(|(_, piece)| if let Piece::Chunk(chunk) = piece { chunk.bytes.clone() } else { Vec::new() })
            .collect()
    }

    fn status(&self) -> Status {
        self.station.status(self.moment(), Vec::new(), 0)
    }

    /// Events as words.
    fn story(&self) -> Vec<String> {
        let mut words = Vec::new();
        for event in &self.events {
            words.push(match event {
                Event::Began { song, .. } => format!("{} began", song.title),
                Event::Ended { song, reason, .. } => format!("{} {reason:?}", song.title),
                Event::Failed { song, kind, .. } => format!("{} failed: {kind:?}", song.title),
                Event::SongsWanted { count } => format!("{count} wanted"),
                other => format!("{other:?}"),
            });
        }
        words
    }
}

fn world() -> World {
    let mut world = World::new(StationSettings { songs_ahead: 0, ..StationSettings::default() });
    world.add_file("a", mp3(44_100, 100));
    world.add_file("b", mp3(48_000, 101));
    world.add_file("c", mp3(32_000, 50));
    world.add_file("bad", vec![1; 5000]);
    world
}

/// How long a song with so many frames plays.
fn length(frames: u64, rate: u64) -> u64 {
    frames * 1152 * SECOND / rate
}

#[test]
fn songs_follow_each_other_without_a_gap_and_frame_for_frame() {
    let mut world = world();
    world.add(&["a", "b", "c"]);
    world.ask(Request::Play).unwrap();
    world.run(20 * SECOND);
    let files: Vec<u8> =
        ["/a", "/b", "/c"].iter().flat_map(|path| world.files[&PathBuf::from(path)].0.clone()).collect();
    assert_eq!(world.audio(), files);
    let begins: Vec<u64> =
        world.sent.iter().filter(|(_, piece)| matches!(piece, Piece::Begin(_))).map(|(time, _)| time.0).collect();
    let (a, b) = (length(100, 44_100), length(101, 48_000));
    let start = world.station.settings.announce_ns;
    assert_eq!(begins, [start, start + a, start + a + b]);
    let told = ["a began", "a Finished", "b began", "b Finished", "c began", "c Finished"];
    assert_eq!(world.story(), told);
    assert!(world.open.is_empty() && world.status().playback == Playback::Playing);
    assert!(matches!(world.sent.last(), Some((_, Piece::Silence))));
}

#[test]
fn what_is_played_is_told_before_its_file_is_open() {
    let mut world = world();
    world.station.handle_request(world.moment(), Request::Add { songs: vec![song("a")], position: None }).unwrap();
    let first = world.status().next;
    world.station.handle_request(world.moment(), Request::Play).unwrap();
    let current = world.status().current.unwrap();
    assert_eq!((Some(current.entry.id), current.format.as_str(), current.chunks), (first, "", 0));
    world.carry_out();
    let opened = world.status().current.unwrap();
    assert_eq!((Some(opened.entry.id), opened.format.as_str()), (first, "mp3"));
}

#[test]
fn each_stream_is_announced_before_it_begins() {
    let mut world = world();
    world.add(&["a", "b"]);
    world.ask(Request::Play).unwrap();
    world.run(20 * SECOND);
    let times = |wanted: fn(&Piece) -> bool| -> Vec<u64> {
        world.sent.iter().filter(|(_, piece)| wanted(piece)).map(|(time, _)| time.0).collect()
    };
    let (announced, begun) =
        (times(|piece| matches!(piece, Piece::Announce(_))), times(|piece| matches!(piece, Piece::Begin(_))));
    assert_eq!((announced.len(), begun.len()), (2, 2));
    for (announced, begun) in announced.iter().zip(&begun) {
        let before = begun - announced;
        assert!((150_000_000..=300_000_000).contains(&before), "announced {before} ns before");
    }
}

#[test]
fn pause_goes_on_where_it_was_and_stop_goes_to_the_next() {
    let mut world = world();
    world.add(&["a", "b", "c"]);
    world.ask(Request::Play).unwrap();
    world.run(SECOND);
    world.ask(Request::Pause).unwrap();
    let sent = world.audio().len();
    world.run(100 * SECOND);
    assert_eq!(world.audio().len(), sent);
    assert_eq!((world.status().playback, world.status().flags.to_string()), (Playback::Paused, "____".to_owned()));
    world.ask(Request::Play).unwrap();
    world.run(3 * SECOND);
    assert!(world.audio().starts_with(&world.files[&PathBuf::from("/a")].0));
    world.ask(Request::Stop).unwrap();
    assert_eq!((world.status().playback, world.status().flags.to_string()), (Playback::Stopped, "_N__".to_owned()));
    world.ask(Request::Play).unwrap();
    world.run(SECOND);
    assert_eq!(world.story(), ["a began", "a Finished", "b began", "b Stopped", "c began"]);
    assert_eq!(world.status().late_files, 0, "a pause is not lateness");
}

#[test]
fn a_pause_after_the_last_chunk_still_ends_the_song() {
    let mut world = world();
    world.add(&["a", "b"]);
    world.ask(Request::Play).unwrap();
    world.run(world.station.settings.announce_ns + length(100, 44_100) - 1000);
    world.ask(Request::Pause).unwrap();
    world.run(SECOND);
    world.ask(Request::Play).unwrap();
    world.run(SECOND);
    assert_eq!(world.story(), ["a began", "a Finished", "b began"]);
}

#[test]
fn jumps_go_to_the_chunk_of_a_time_under_a_stream_of_its_own() {
    let mut world = world();
    world.add(&["a", "b"]);
    world.ask(Request::Play).unwrap();
    world.run(SECOND);
    world.sent.clear();
    world.ask(Request::Jump { percent: 50 }).unwrap();
    let frame = 417;
    // Half of 100 frames; chunks have four frames.
    assert!(world.audio().starts_with(&world.files[&PathBuf::from("/a")].0[48 * frame..52 * frame]));
    assert!(matches!(world.sent[0].1, Piece::End { stream: 1, .. }));
    let position_ms = world.status().current.unwrap().position_ms;
    assert_eq!(position_ms, 48 * 1152 * 1000 / 44_100);
    world.ask(Request::FastForward { delta_ms: -10_000 }).unwrap();
    assert_eq!(world.status().current.unwrap().position_ms, 0);
    world.ask(Request::Seek { position_ms: 2000 }).unwrap();
    world.ask(Request::FastForward { delta_ms: 10_000 }).unwrap();
    assert_eq!(world.story(), ["a began", "a Skipped", "b began"]);
    assert_eq!(world.ask(Request::Jump { percent: 101 }), Err(Refusal::BadPercent { percent: 101 }));
    world.ask(Request::Stop).unwrap();
    assert_eq!(world.ask(Request::Jump { percent: 1 }), Err(Refusal::NothingCurrent));
}

#[test]
fn a_place_is_gone_to_when_its_file_is_open() {
    let chunk_ms = |chunk: u64| chunk * 4 * 1152 * 1000 / 44_100;
    for (requests, expected_ms) in [
        (&[Request::Seek { position_ms: 1100 }][..], chunk_ms(10)),
        (&[Request::Jump { percent: 50 }], chunk_ms(12)),
        (&[Request::FastForward { delta_ms: 700 }, Request::FastForward { delta_ms: 400 }], chunk_ms(10)),
    ] {
        let mut world = world();
        world.add(&["b", "a"]);
        let id = world.station.queue().iter().last().unwrap().id;
        let now = world.moment();
        // Nothing is opened until the effects are carried out.
        world.station.handle_request(now, Request::PlayEntry { id }).unwrap();
        for request in requests {
            world.station.handle_request(now, request.clone()).unwrap();
        }
        world.carry_out();
        let current = world.status().current.unwrap();
        assert_eq!((current.entry.id, current.position_ms), (id, expected_ms), "{requests:?}");
    }
    let mut world = world();
    world.add(&["b", "a"]);
    let id = world.station.queue().iter().last().unwrap().id;
    let now = world.moment();
    world.station.handle_request(now, Request::PlayEntry { id }).unwrap();
    world.station.handle_request(now, Request::Seek { position_ms: 3_600_000 }).unwrap();
    world.carry_out();
    world.run(SECOND);
    assert_eq!(world.story(), ["b began"], "the end of the song was asked for");
}

#[test]
fn no_more_stops_after_the_song() {
    let mut world = world();
    world.add(&["a", "b"]);
    world.ask(Request::Play).unwrap();
    world.ask(Request::NoMore).unwrap();
    assert_eq!(world.status().flags.to_string(), "PN_O");
    world.run(20 * SECOND);
    assert_eq!(world.story(), ["a began", "a Finished"]);
    assert_eq!(world.status().flags.to_string(), "_N__");
}

#[test]
fn next_goes_on_at_once() {
    let mut world = world();
    world.add(&["a", "b"]);
    world.ask(Request::Play).unwrap();
    world.run(SECOND);
    world.ask(Request::Next).unwrap();
    assert_eq!(world.story(), ["a began", "a Skipped", "b began"]);
    let Some(Event::Ended { played_ms, .. }) = world.events.get(1) else { panic!() };
    assert_eq!(*played_ms, 7 * 4 * 1152 * 1000 / 44_100);
}

#[test]
fn an_entry_can_be_played_out_of_turn() {
    let mut world = world();
    world.add(&["a", "b", "c"]);
    let id = world.station.queue().iter().last().unwrap().id;
    world.ask(Request::PlayEntry { id }).unwrap();
    world.run(20 * SECOND);
    assert_eq!(world.story(), ["c began", "c Finished", "a began", "a Finished", "b began", "b Finished"]);
    assert_eq!(world.ask(Request::PlayEntry { id }), Err(Refusal::NoSuchEntry { id }));
}

/// The entries in their order, by the names of their songs.
fn ids(world: &World) -> HashMap<String, EntryId> {
    world.station.queue().iter().map(|entry| (entry.song.title.clone(), entry.id)).collect()
}

#[test]
fn at_random_the_highest_priority_comes_first_and_what_comes_moves_to_the_front() {
    let mut world = world();
    world.add(&["a", "b", "c"]);
    let ids = ids(&world);
    world.ask(Request::Random { seed: Some(3) }).unwrap();
    world.ask(Request::Prioritize { ids: vec![ids["b"]], priority: 10 }).unwrap();
    assert_eq!((world.status().next, world.status().next_position), (Some(ids["b"]), 1));
    world.ask(Request::Play).unwrap();
    world.run(SECOND);
    assert_eq!(world.status().current.unwrap().entry.id, ids["b"]);
    world.ask(Request::Prioritize { ids: vec![ids["c"]], priority: 1 }).unwrap();
    assert_eq!((world.status().next, world.status().next_position), (Some(ids["c"]), 2));
    // A queued song that is raised takes the place of the one that is prepared.
    world.ask(Request::Prioritize { ids: vec![ids["a"]], priority: 2 }).unwrap();
    assert_eq!((world.status().next, world.status().next_position), (Some(ids["a"]), 1));
    world.ask(Request::Prioritize { ids: vec![ids["a"]], priority: 0 }).unwrap();
    world.run(20 * SECOND);
    assert_eq!(world.story(), ["b began", "b Finished", "c began", "c Finished", "a began", "a Finished"]);
    assert!(world.open.is_empty());
}

#[test]
fn an_entry_that_is_played_out_of_turn_needs_no_priority() {
    let mut world = world();
    world.add(&["a", "b", "c"]);
    let ids = ids(&world);
    world.ask(Request::Random { seed: Some(3) }).unwrap();
    world.ask(Request::Prioritize { ids: vec![ids["a"], ids["b"]], priority: 10 }).unwrap();
    world.ask(Request::PlayEntry { id: ids["c"] }).unwrap();
    world.run(SECOND / 2);
    assert_eq!(world.story(), ["c began"]);
    // What is stopped goes on with what comes next, and without a song that is played that is what is passed over.
    world.ask(Request::Stop).unwrap();
    let next = world.status().next.unwrap();
    world.ask(Request::Next).unwrap();
    let left: Vec<EntryId> = world.station.queue().iter().map(|entry| entry.id).collect();
    assert!(left.len() == 1 && left[0] != next && world.status().next == Some(left[0]));
}

/// The second second of a song, which begins in its tenth chunk of four frames and ends with its twentieth.
const SECOND_SECOND: Part = Part { start_ms: 1000, end_ms: Some(2000) };
const CHUNK: u64 = 4 * 1152;

#[test]
fn of_a_song_that_is_cut_its_part_is_played_and_the_next_one_follows() {
    let mut world = world();
    world.add(&["a", "b"]);
    let ids = ids(&world);
    assert_eq!(world.ask(Request::Cut { id: EntryId(99), part: None }), Err(Refusal::NoSuchEntry { id: EntryId(99) }));
    // The whole of it is prepared already.
    world.chunks_read = 0;
    world.ask(Request::Cut { id: ids["a"], part: Some(SECOND_SECOND) }).unwrap();
    world.ask(Request::Play).unwrap();
    assert_eq!(world.ask(Request::Cut { id: ids["a"], part: None }), Err(Refusal::CurrentSong));
    let current = world.status().current.unwrap();
    assert_eq!((current.position_ms, current.duration_ms, current.chunks, current.next_chunk), (0, 1000, 11, 0));
    world.run(world.station.settings.announce_ns + SECOND / 2);
    let current = world.status().current.unwrap();
    assert_eq!((current.position_ms, current.next_chunk), (500, 5));
    world.run(20 * SECOND);
    let (a, b) = (&world.files[&PathBuf::from("/a")].0, &world.files[&PathBuf::from("/b")].0);
    assert_eq!(world.audio(), [&a[36 * 417..80 * 417], b].concat());
    let begins: Vec<u64> =
        world.sent.iter().filter(|(_, piece)| matches!(piece, Piece::Begin(_))).map(|(time, _)| time.0).collect();
    assert_eq!(begins, [300_000_000, 300_000_000 + length(44, 44_100)]);
    let announced = world.sent.iter().rfind(|(_, piece)| matches!(piece, Piece::Announce(_))).unwrap().0;
    assert!((150_000_000..=300_000_000).contains(&(begins[1] - announced.0)), "the next one is announced in time");
    assert_eq!(world.chunks_read, 11 + 21, "nothing is read that is not played");
    assert_eq!(world.story(), ["a began", "a Finished", "b began", "b Finished"]);
}

#[test]
fn places_in_a_part_count_from_its_beginning() {
    let mut world = world();
    world.add(&["a"]);
    let id = ids(&world)["a"];
    world.ask(Request::Cut { id, part: Some(SECOND_SECOND) }).unwrap();
    world.ask(Request::Play).unwrap();
    let position = |world: &World| world.status().current.map(|current| current.position_ms);
    let chunk_ms = |chunk: u64| Some(chunk * CHUNK * 1000 / 44_100);
    for (request, expected) in [
        (Request::Seek { position_ms: 500 }, chunk_ms(4)),
        // From the chunk that is sent next.
        (Request::FastForward { delta_ms: 300 }, chunk_ms(7)),
        (Request::Jump { percent: 50 }, chunk_ms(5)),
        (Request::FastForward { delta_ms: -2000 }, chunk_ms(0)),
        (Request::Seek { position_ms: 1100 }, chunk_ms(10)),
        (Request::Seek { position_ms: 1150 }, None),
    ] {
        world.ask(request.clone()).unwrap();
        assert_eq!(position(&world), expected, "{request:?}");
    }
}

#[test]
fn what_is_prepared_is_cut_as_well() {
    // Chunks of this rate have five frames.
    for (before_end_ns, part, frames) in [
        (SECOND, Some(SECOND_SECOND), 40..85),
        // It has been announced.
        (SECOND / 10, Some(SECOND_SECOND), 40..85),
        (SECOND, Some(Part { start_ms: 2000, end_ms: None }), 80..101),
        (SECOND, Some(Part { start_ms: 0, end_ms: Some(120) }), 0..5),
        (SECOND, Some(Part { start_ms: 5000, end_ms: None }), 0..0),
        (SECOND, None, 0..101),
    ] {
        let mut world = world();
        world.add(&["a", "b", "c"]);
        let id = ids(&world)["b"];
        world.ask(Request::Cut { id, part: Some(Part { start_ms: 7, end_ms: Some(8) }) }).unwrap();
        world.ask(Request::Play).unwrap();
        world.run(world.station.settings.announce_ns + length(100, 44_100) - before_end_ns);
        world.ask(Request::Cut { id, part }).unwrap();
        world.run(20 * SECOND);
        let file = |name: &str| world.files[&PathBuf::from(name)].0.clone();
        let b = &file("/b")[frames.start * 384..frames.end * 384];
        assert!(world.audio() == [&file("/a"), b, &file("/c")].concat(), "{part:?}");
        assert!(world.open.is_empty() && world.status().late_files == 0);
    }
}

#[test]
fn the_stream_of_a_part_says_that_it_ends() {
    let mut world = world();
    world.add_file("ogg", include_bytes!("../../../radio_media/tests/corpus/opusenc.opus").to_vec());
    world.add(&["ogg"]);
    let id = ids(&world)["ogg"];
    world.ask(Request::Cut { id, part: Some(Part { start_ms: 0, end_ms: Some(100) }) }).unwrap();
    world.ask(Request::Play).unwrap();
    world.run(20 * SECOND);
    let last = world.sent.iter().rev().find_map(|(_, piece)| match piece {
        Piece::End { bytes, .. } => Some(bytes.to_vec()),
        _ => None,
    });
    let last = last.unwrap();
    assert!(last.starts_with(b"OggS") && last[5] & 4 == 4, "the last page says that it is: {last:?}");
}

#[test]
fn what_cannot_be_played_is_passed_over_without_a_gap() {
    let mut world = world();
    world.add(&["bad", "a", "gone", "bad", "b"]);
    world.ask(Request::Play).unwrap();
    world.run(20 * SECOND);
    let told = [
        "bad failed: Corrupt",
        "gone failed: Missing",
        "bad failed: Corrupt",
        "a began",
        "a Finished",
        "b began",
        "b Finished",
    ];
    let mut story = world.story();
    story.sort_by_key(|line| !line.contains("failed"));
    assert_eq!(story, told);
    let begins: Vec<u64> =
        world.sent.iter().filter(|(_, piece)| matches!(piece, Piece::Begin(_))).map(|(time, _)| time.0).collect();
    assert_eq!(begins[1] - begins[0], length(100, 44_100));
}

#[test]
fn a_file_that_is_cut_short_while_it_plays_is_given_up_where_it_ends() {
    let mut world = world();
    world.add_file("long", mp3(44_100, 1000));
    world.add(&["long", "b"]);
    world.ask(Request::Play).unwrap();
    world.run(SECOND);
    let path = PathBuf::from("/long");
    world.files.get_mut(&path).unwrap().0.truncate(417 * 401);
    world.run(20 * SECOND);
    assert_eq!(world.story()[..4], ["long began", "long failed: Truncated", "long Failed", "b began"]);
}

#[test]
fn songs_are_wanted_until_there_are_enough() {
    let mut world = world();
    world.station.set_settings(StationSettings { songs_ahead: 2, ..StationSettings::default() });
    world.carry_out();
    assert_eq!(world.story(), ["2 wanted"]);
    world.ask(Request::Ahead { songs: vec![song("a")], replace: false }).unwrap();
    assert_eq!(world.story(), ["2 wanted"], "what was not given is not asked for again");
    world.ask(Request::Ahead { songs: ["b", "c", "a"].map(song).to_vec(), replace: false }).unwrap();
    assert_eq!(world.station.queue().len(), 2);
    world.ask(Request::Play).unwrap();
    assert_eq!(world.story(), ["2 wanted", "1 wanted"]);
    world.station.library_arrived();
    world.carry_out();
    assert_eq!(world.story(), ["2 wanted", "1 wanted", "1 wanted"]);
}

#[test]
fn it_plays_by_itself_after_a_delay_unless_it_was_told_otherwise() {
    for stopped in [false, true] {
        let settings = StationSettings { autoplay_ns: Some(5 * SECOND), songs_ahead: 0, ..StationSettings::default() };
        let mut world = World::new(settings);
        world.add_file("a", mp3(44_100, 100));
        world.add(&["a"]);
        world.run(SECOND);
        if stopped {
            world.ask(Request::Stop).unwrap();
        }
        world.run(4 * SECOND + settings.announce_ns);
        assert_eq!(world.story().first().map(String::as_str), (!stopped).then_some("a began"));
    }
}

#[test]
fn a_late_call_is_made_up_for_and_a_very_late_one_is_not() {
    for (late, burst) in [(SECOND / 2, SECOND / 2), (60 * SECOND, CATCH_UP_NS_MAX)] {
        let mut world = world();
        world.add_file("long", mp3(44_100, 10_000));
        world.add(&["long"]);
        world.ask(Request::Play).unwrap();
        world.run(5 * SECOND);
        world.sent.clear();
        world.now = world.now.after(late);
        world.station.advance(world.moment());
        world.carry_out();
        let sent: u64 = world
            .sent
            .iter()
            .map(|(_, piece)| if let Piece::Chunk(chunk) = piece { chunk.duration_ns } else { 0 })
            .sum();
        assert!(sent.abs_diff(burst) <= 2 * length(4, 44_100), "{sent} ns after {late}");
        assert_eq!(world.status().late_files, u64::from(late > CATCH_UP_NS_MAX));
    }
}

#[test]
fn after_a_day_of_songs_the_clock_is_right_to_the_microsecond() {
    // 705,600,000 units a second: each frame of each rate has a whole number of them.
    const UNITS: u64 = 705_600_000;
    let mut world = World::new(StationSettings { songs_ahead: 0, ..StationSettings::default() });
    let songs = [("a", 44_100, 7001), ("b", 48_000, 6997), ("c", 32_000, 4999)];
    for (name, rate, frames) in songs {
        world.add_file(name, mp3(rate, frames));
    }
    world.ask(Request::Play).unwrap();
    let start = world.station.settings.announce_ns;
    let day = 24 * 3600 * SECOND;
    // What stream is being sent, and when it began, in units.
    let (mut stream, mut units, mut chunks) = (None::<usize>, 0, 0);
    while world.now.0 < day {
        while world.station.queue().len() < 10 {
            world.add(&["a", "b", "c"]);
        }
        world.run(600 * SECOND);
        for (time, piece) in world.sent.drain(..) {
            match piece {
                Piece::Begin(_) => {
                    if let Some(stream) = stream {
                        let (_, rate, frames) = songs[stream % 3];
                        units += u64::from(frames) * 1152 * (UNITS / u64::from(rate));
                    }
                    stream = Some(stream.map_or(0, |stream| stream + 1));
                }
                Piece::Chunk(chunk) => {
                    let begun = u64::try_from(u128::from(units) * 1250 / 882).unwrap();
                    let expected = start + begun + chunk.start_ns;
                    assert!(time.0.abs_diff(expected) < 1000, "in stream {stream:?}: {} and not {expected}", time.0);
                    chunks += 1;
                }
                _ => {}
            }
        }
    }
    assert!(chunks > 700_000 && stream > Some(400), "{chunks} chunks of {stream:?} songs");
}
