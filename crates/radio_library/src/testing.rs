//! What the tests of this crate share.

use std::path::{Path, PathBuf};

use crate::song::{FileState, Song, SongId, Statistics, Tags, Technical};

/// A song without anything but a number and a path. Its hash follows from the number.
pub(crate) fn song(number: i64, path: &str) -> Song {
    let mut content_hash = [0; 32];
    content_hash[..8].copy_from_slice(&number.to_le_bytes());
    Song {
        id: SongId(number),
        content_hash,
        path: PathBuf::from(path),
        file: FileState::default(),
        tags: Tags::default(),
        technical: Technical::default(),
        statistics: Statistics::default(),
        attributes: Vec::new(),
        image: None,
        lyrics: None,
        fault: None,
    }
}

/// A random sequence (xorshift64*) that a seed gives again: `SEED=N` in the environment.
pub(crate) struct Random(u64);

impl Random {
    /// A sequence from `SEED`, or from the time.
    #[expect(clippy::print_stderr, reason = "the test runner keeps it and shows it with a failure")]
    pub(crate) fn new() -> Self {
        let seed = std::env::var("SEED").ok().and_then(|text| text.parse().ok()).unwrap_or_else(|| {
            let since_epoch = reactor::clock::wall().duration_since(std::time::UNIX_EPOCH).unwrap();
            u64::try_from(since_epoch.as_nanos() % u128::from(u64::MAX)).unwrap()
        });
        eprintln!("SEED={seed}");
        // Seeds that are near each other begin far apart.
        Self(crate::score::random::number(seed, []) | 1)
    }

    /// A number below `bound`.
    pub(crate) fn below(&mut self, bound: u32) -> u32 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let number = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 32;
        u32::try_from(number).unwrap() % bound
    }

    /// One of them.
    pub(crate) fn of<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        &choices[self.below(u32::try_from(choices.len()).unwrap()) as usize]
    }

    /// A word of 1 to `length_max` of the letters a to e.
    pub(crate) fn word(&mut self, length_max: u32) -> String {
        let length = 1 + self.below(length_max);
        (0..length).map(|_| char::from_digit(10 + self.below(5), 16).unwrap()).collect()
    }
}

/// A directory that goes away with the test.
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    pub(crate) fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("tidegate-library-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// An mp3 file of a quarter of a second that sounds like `sound`, with these tags (ID3v2.4 frames and texts).
pub(crate) fn mp3(sound: u64, tags: &[(&str, &str)]) -> Vec<u8> {
    const FRAME_BYTES: usize = 417;
    let mut file = id3(tags);
    for _ in 0..10 {
        let start = file.len();
        // MPEG-1 layer III, 128 kbit/s, 44.1 kHz, stereo; then silence, in which `sound` is what is different.
        file.extend_from_slice(&[0xff, 0xfb, 0x90, 0x00]);
        file.resize(start + 40, 0);
        file.extend_from_slice(&sound.to_be_bytes().map(|byte| byte & 0x7f));
        file.resize(start + FRAME_BYTES, 0);
    }
    file
}

fn id3(tags: &[(&str, &str)]) -> Vec<u8> {
    let mut frames = Vec::new();
    for (name, text) in tags {
        frames.extend_from_slice(name.as_bytes());
        frames.extend_from_slice(&syncsafe(text.len() + 1));
        // No flags; UTF-8.
        frames.extend_from_slice(&[0, 0, 3]);
        frames.extend_from_slice(text.as_bytes());
    }
    if frames.is_empty() {
        return frames;
    }
    [b"ID3\x04\0\0".as_slice(), &syncsafe(frames.len()), &frames].concat()
}

fn syncsafe(number: usize) -> [u8; 4] {
    [21, 14, 7, 0].map(|shift| u8::try_from((number >> shift) & 0x7f).unwrap())
}
