//! What moods and the choice cost: selecting a mood, choosing the next song and noting that it is played, asking why.
//!
//! ```text
//! cargo run --release -p radio_library --example choice_cost -- [STATE]
//! ```
//! The songs are those of the library in `STATE`, or 50,000 invented ones. Their histories are invented either way: up to 2,000
//! plays, over a year. Prints a JSON object of times in nanoseconds, and of songs that moods admit. `cargo xtask compare
//! radio-library` puts them beside their goals.
#![expect(clippy::print_stdout, reason = "prints what it measured")]

use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use radio_library::Library;
use radio_library::change::{AttributeTable, Change, What};
use radio_library::choice::{Choice, Mode};
use radio_library::mood::Mood;
use radio_library::song::{AttributeId, FileState, Song, SongId, Statistics, Tags, Technical};
use reactor::clock::{self, Duration};

type Failure = Box<dyn Error + Send + Sync>;

/// Moods that are selected: a name, and the mood.
const MOODS: &[(&str, &str)] = &[
    ("every song", "true"),
    ("one pattern", "artist =~ /^Neon/"),
    (
        "three patterns",
        "is_set(\"a1\") && (artist =~ /amber|neon/i || year < 1980) && !(path =| \"*Winter*\") || title =~ /lantern$/i",
    ),
    (
        "three regular expressions",
        "title =~ /[Aa]mb.r +g/ || album =~ /(neon|glass) s/i || path =~ /[0-9]+ s.*t.*\\.flac/",
    ),
    (
        "lines",
        "accept with score 5 if artist_matches ^Neon\naccept if title_matches Amber\ndeny if path_matches *Winter*\nscore 3 if year < 1980",
    ),
];
/// Moods by which songs are chosen.
const SCORES: &[(&str, &str)] = &[("by statistics", "true"), ("random scores", "score random")];
/// Songs that are chosen and played.
const PLAYED: u32 = 1000;
/// How often each is measured; the median counts.
const ROUNDS: usize = 21;

fn main() -> Result<(), Failure> {
    let mut random = Random(5);
    let (songs, attributes) = match std::env::args().nth(1) {
        Some(state) => of_library(Path::new(&state), &mut random)?,
        None => (invented(&mut random), (0..8).map(|id| (AttributeId(id), format!("a{id}"))).collect()),
    };
    let mut results = serde_json::Map::new();
    let mut choice = Choice::new(1, songs.iter().cloned(), Arc::new(attributes));
    for (name, text) in MOODS {
        let mood = Mood::parse(text)?;
        let mut took: Vec<u64> = Vec::new();
        for _ in 0..ROUNDS {
            let mode = Mode::Mood { name: "m".to_owned(), mood: mood.clone() };
            took.push(timed(|| choice.select(mode)).1);
        }
        took.sort_unstable();
        let found = choice.admissible_count();
        results.insert(format!("select: {name}"), serde_json::json!({ "ns": took[ROUNDS / 2], "found": found }));
    }
    for (name, text) in SCORES {
        choice.select(Mode::Mood { name: "m".to_owned(), mood: Mood::parse(text)? })?;
        let (median, worst) = play(&mut choice);
        results
            .insert(format!("a choice and its play, {name}"), serde_json::json!({ "ns": median, "worst_ns": worst }));
        let mut took: Vec<u64> = songs.iter().take(ROUNDS).map(|song| why(&choice, song.id)).collect();
        took.sort_unstable();
        let median = took.get(took.len() / 2).ok_or("there is no song")?;
        results.insert(format!("why, {name}"), serde_json::json!({ "ns": median }));
    }
    println!("{}", serde_json::Value::Object(results));
    Ok(())
}

/// When the first song is chosen, in seconds since 1970.
const NOW_S: u64 = 1_800_000_000;

/// Chooses and plays songs; the median and the worst time of one.
fn play(choice: &mut Choice) -> (u64, u64) {
    let mut took = Vec::new();
    for second in 0..PLAYED {
        let now_s = NOW_S + 200 * u64::from(second);
        let (chosen, asked) = timed(|| choice.upcoming(&[], 1, now_s).pop());
        let Some(chosen) = chosen else { break };
        let mut song = Song::clone(&chosen);
        song.statistics.play_count += 1;
        song.statistics.last_played_s = Some(now_s);
        let change = Change::Changed { song: Arc::new(song), what: What::Played };
        took.push(asked + timed(|| choice.apply(&change)).1);
    }
    took.sort_unstable();
    (took.get(took.len() / 2).copied().unwrap_or(0), took.last().copied().unwrap_or(0))
}

fn why(choice: &Choice, song: SongId) -> u64 {
    let (standing, took) = timed(|| choice.standing(song, NOW_S + 1_000_000));
    std::hint::black_box(standing);
    took
}

fn of_library(state: &Path, random: &mut Random) -> Result<(Vec<Arc<Song>>, AttributeTable), Failure> {
    let library = Library::open(state)?;
    let catalogue = library.catalogue();
    let with_history = |song: &Arc<Song>| {
        let attributes = random.attributes();
        Arc::new(Song { statistics: random.statistics(), attributes, ..Song::clone(song) })
    };
    let songs = catalogue.songs().map(with_history).collect();
    Ok((songs, (0..8).map(|id| (AttributeId(id), format!("a{id}"))).collect()))
}

fn invented(random: &mut Random) -> Vec<Arc<Song>> {
    (0..50_000).map(|index| Arc::new(song(random, index))).collect()
}

/// With the names that `library_cost` gives: ten songs of an album and ten albums of an artist follow each other.
fn song(random: &mut Random, index: usize) -> Song {
    const WORDS: &[&str] = &[
        "Amber", "River", "Neon", "Winter", "Glass", "Harbour", "Velvet", "Northern", "Paper", "Silver", "Engine",
        "Garden", "Static", "Lantern", "Copper", "Morning", "Distant", "Shadow", "Marble", "Signal",
    ];
    const FORMATS: &[&str] = &["mp3", "flac", "mp3", "flac", "ogg", "mp3", "opus", "flac", "m4a", "mp3"];
    let words = |one: usize, other: usize| format!("{} {}", WORDS[one % WORDS.len()], WORDS[other % WORDS.len()]);
    let (number, on_disc, track) = (index / 100, index / 10 % 10, index % 10 + 1);
    let artist = words(number / WORDS.len(), number);
    let album = words(on_disc * 3 + index / 1000, on_disc + 7);
    let title = words(index * 7, index * 13 / WORDS.len());
    let format = FORMATS[random.below(FORMATS.len())];
    Song {
        id: SongId(i64::try_from(index).unwrap_or(0) + 1),
        content_hash: [0; 32],
        path: PathBuf::from(format!("/music/{artist} {number}/{album}/{track:02} {title}.{format}")),
        file: FileState::default(),
        tags: Tags { artist, title, album, year: i32::try_from(1950 + random.below(70)).ok(), ..Tags::default() },
        technical: Technical { format: format.to_owned(), duration_ms: 200_000, ..Technical::default() },
        statistics: random.statistics(),
        attributes: random.attributes(),
        image: None,
        lyrics: None,
        fault: None,
    }
}

fn timed<T>(act: impl FnOnce() -> T) -> (T, u64) {
    let began = clock::now();
    let result = act();
    let took: Duration = clock::now() - began;
    (result, u64::try_from(took.as_nanos()).unwrap_or(u64::MAX))
}

/// xorshift64*, the same each time.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        usize::try_from(self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33).unwrap_or(0) % bound
    }

    fn statistics(&mut self) -> Statistics {
        let number = |number| u64::try_from(number).unwrap_or(0);
        Statistics {
            play_count: number(self.below(2000)),
            last_played_s: Some(NOW_S - 1 - number(self.below(31_536_000))),
            ..Statistics::default()
        }
    }

    fn attributes(&mut self) -> Vec<AttributeId> {
        (0..8).filter(|_| self.below(3) == 0).map(AttributeId).collect()
    }
}
