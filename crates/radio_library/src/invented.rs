//! Songs for the tests of moods and choice, and random choices whose seed is printed with a failure and set by `SEED=`.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::path::PathBuf;

use crate::song::{AttributeId, FileState, Song, SongId, Statistics, Tags, Technical};

/// A song with nothing but a number and a path.
pub(crate) fn plain_song(id: i64) -> Song {
    Song {
        id: SongId(id),
        content_hash: [0; 32],
        path: PathBuf::from(format!("/music/{id}.mp3")),
        file: FileState::default(),
        tags: Tags::default(),
        technical: Technical { format: "mp3".to_owned(), duration_ms: 180_000, ..Technical::default() },
        statistics: Statistics::default(),
        attributes: Vec::new(),
        image: None,
        lyrics: None,
        fault: None,
    }
}

const WORDS: &[&str] = &["Miles", "blue", "Monk", "live", "a b", "Ä", "x/y", ""];

/// A song with a bit of everything.
pub(crate) fn any_song(random: &mut Random, id: i64) -> Song {
    let mut song = plain_song(id);
    let mut word = || random.of(WORDS).to_string();
    song.path = PathBuf::from(format!("/music/{}/{}/{id}.mp3", word(), word()));
    song.tags.artist = word() + &word();
    song.tags.title = word();
    song.tags.album = word();
    song.tags.year = (random.below(3) > 0).then(|| 1950 + i32::try_from(random.below(20)).unwrap());
    song.technical.duration_ms = 1000 * (1 + random.next() % 500);
    song.technical.channels = 1 + u32::try_from(random.below(2)).unwrap();
    song.statistics.play_count = random.next() % 5;
    song.statistics.last_played_s = (random.below(2) == 0).then(|| 1_000_000 + random.next() % 1000);
    song.attributes = (0..4).filter(|_| random.below(3) == 0).map(AttributeId).collect();
    song.fault = (random.below(20) == 0).then(|| "no frames".to_owned());
    song
}

/// A sequence of pseudo-random numbers (xorshift64*).
pub(crate) struct Random(u64);

impl Random {
    /// A sequence from `SEED`, or from a seed that no one knows before.
    #[expect(clippy::print_stderr, reason = "the test runner keeps it and shows it with a failure")]
    pub(crate) fn new() -> Self {
        let given = std::env::var("SEED").ok().and_then(|text| text.parse().ok());
        let seed = given.unwrap_or_else(|| RandomState::new().build_hasher().finish());
        eprintln!("SEED={seed}");
        Self(seed | 1)
    }

    /// A number of 31 bits.
    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33
    }

    /// A number below `bound`.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next()).unwrap() % bound
    }

    /// One of them.
    pub(crate) fn of<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        &choices[self.below(choices.len())]
    }
}
