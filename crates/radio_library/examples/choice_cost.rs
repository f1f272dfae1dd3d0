//! What moods and the choice cost in a library of invented songs: evaluating a mood for all of them, selecting it, choosing the next
//! song and noting that it is played.
//!
//! `cargo run --release -p radio_library --example choice_cost -- [SONGS]`; 50,000 songs unless told otherwise.

#![expect(clippy::print_stdout, reason = "a program for people")]

use std::path::PathBuf;
use std::sync::Arc;

use radio_library::change::{AttributeTable, Change, What};
use radio_library::choice::{Choice, Mode};
use radio_library::mood::Mood;
use radio_library::song::{AttributeId, FileState, Song, SongId, Statistics, Tags, Technical};
use reactor::clock::{Duration, now};

const MOODS: &[&str] = &[
    "true",
    "artist =~ /^Miles/",
    "is_set(\"a1\") && (artist =~ /monk/i || year < 1960) && !(path =| \"*/live/*\")",
    "accept with score 5 if artist_matches ^Miles\ndeny if is_set a1",
    "score random",
];

/// Songs that are chosen and played.
const PLAYED: u32 = 1000;

/// Times that each mood is evaluated; the best counts.
const ROUNDS: usize = 10;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let count = std::env::args().nth(1).map_or(Ok(50_000), |text| text.parse())?;
    let mut random = Random(5);
    let songs: Vec<Arc<Song>> = (1..=count).map(|id| Arc::new(song(&mut random, id))).collect();
    let attributes: Arc<AttributeTable> = Arc::new((0..8).map(|id| (AttributeId(id), format!("a{id}"))).collect());
    let mut choice = Choice::new(1, songs.iter().cloned(), Arc::clone(&attributes));
    for text in MOODS {
        let mut mood = Mood::parse(text)?;
        mood.resolve(&attributes)?;
        let mut evaluated = Duration::MAX;
        for _ in 0..ROUNDS {
            let start = now();
            let admitted = songs.iter().filter(|song| mood.score(song, 1).is_some()).count();
            std::hint::black_box(admitted);
            evaluated = evaluated.min(start.elapsed());
        }
        let start = now();
        choice.select(Mode::Mood { name: "m".to_owned(), mood })?;
        let selected = start.elapsed();
        let (mean, worst) = play(&mut choice);
        println!("{text:?}");
        println!(
            "  {} admissible; evaluated in {evaluated:?}, selected in {selected:?}; a choice and its play: {mean:?}, at most {worst:?}",
            choice.admissible_count()
        );
    }
    Ok(())
}

/// Chooses and plays songs; the mean and the worst time of one.
fn play(choice: &mut Choice) -> (Duration, Duration) {
    let (mut total, mut worst) = (Duration::ZERO, Duration::ZERO);
    for second in 0..PLAYED {
        let now_s = 1_800_000_000 + 200 * u64::from(second);
        let start = now();
        let Some(chosen) = choice.upcoming(&[], 1, now_s).pop() else { break };
        let asked = start.elapsed();
        let mut song = Song::clone(&chosen);
        song.statistics.play_count += 1;
        song.statistics.last_played_s = Some(now_s);
        let change = Change::Changed { song: Arc::new(song), what: What::Played };
        let start = now();
        choice.apply(&change);
        let one = asked + start.elapsed();
        total += one;
        worst = worst.max(one);
    }
    (total / PLAYED, worst)
}

fn song(random: &mut Random, id: i64) -> Song {
    const WORDS: &[&str] = &["amber", "neon", "blue", "river", "stone", "night", "Miles", "Monk"];
    let mut words = |count: usize| -> String {
        let words: Vec<&str> = (0..count).map(|_| WORDS[random.below(WORDS.len())]).collect();
        words.join(" ")
    };
    let (artist, title, album) = (words(2), words(4), words(3));
    Song {
        id: SongId(id),
        content_hash: [0; 32],
        path: PathBuf::from(format!("/music/library/{artist}/{album}/{id:05} - {title}.mp3")),
        file: FileState::default(),
        tags: Tags { artist, title, album, year: Some(1950 + random.small(70)), ..Tags::default() },
        technical: Technical { duration_ms: 200_000, ..Technical::default() },
        statistics: Statistics {
            play_count: u64::try_from(random.below(20)).unwrap_or(0),
            last_played_s: Some(1_700_000_000 + u64::try_from(random.below(30_000_000)).unwrap_or(0)),
            ..Statistics::default()
        },
        attributes: (0..8).filter(|_| random.below(3) == 0).map(AttributeId).collect(),
        image: None,
        lyrics: None,
        fault: None,
    }
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

    fn small(&mut self, bound: usize) -> i32 {
        i32::try_from(self.below(bound)).unwrap_or(0)
    }
}
