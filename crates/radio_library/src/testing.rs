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

/// A random sequence that a seed gives again: `TEST_SEED=N` in the environment. The seed is printed, so that a failure shows it.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn seeded(test: &str) -> Self {
        let given = std::env::var("TEST_SEED").ok().and_then(|text| text.parse().ok());
        let seed = given.unwrap_or_else(|| {
            reactor::clock::wall().duration_since(std::time::UNIX_EPOCH).map_or(1, |since| since.as_nanos() as u64)
        });
        eprintln!("{test}: TEST_SEED={seed}");
        Self(seed | 1)
    }

    /// xorshift64*.
    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        (self.next() >> 11) % bound
    }

    /// A word of 1 to `length_max` of the letters a to e.
    pub(crate) fn word(&mut self, length_max: u64) -> String {
        let length = 1 + self.below(length_max);
        (0..length).map(|_| char::from(b'a' + self.below(5) as u8)).collect()
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
