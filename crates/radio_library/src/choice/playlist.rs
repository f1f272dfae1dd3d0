//! Playlists: paths in an order, which is played round and round.
//!
//! A path whose song is not in the library, or has a fault, is passed over and keeps its place. A song that is played goes behind all
//! others, whoever chose it; so the order is kept, and a song that somebody asked for in between is not heard twice.

use std::collections::{BTreeMap, HashMap};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::song::SongId;

/// The paths of a playlist, in order. The same path may come more than once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Playlist {
    paths: Vec<PathBuf>,
}

impl Playlist {
    /// Reads lines of paths. Empty lines and lines that begin with `#` (as m3u files have them) mean nothing.
    pub fn parse(text: &[u8]) -> Self {
        let lines = text.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
        let paths = lines.filter(|line| !line.is_empty() && !line.starts_with(b"#"));
        Self { paths: paths.map(|line| PathBuf::from(OsStr::from_bytes(line))).collect() }
    }

    /// The paths.
    pub fn paths(&self) -> &[PathBuf] {
        &self.paths
    }
}

/// The place of a path in the playlist.
type Position = usize;

/// A playlist that is being played.
#[derive(Debug, Clone)]
pub(super) struct Rotation {
    playlist: Playlist,
    by_path: HashMap<PathBuf, Vec<Position>>,
    /// For each place, when its turn is: smaller is earlier.
    turns: Vec<u64>,
    /// The places that can be played, by turn.
    queue: BTreeMap<u64, (Position, SongId)>,
    /// The paths under which songs are in the queue.
    songs: HashMap<SongId, PathBuf>,
    next_turn: u64,
}

impl Rotation {
    pub(super) fn new(playlist: Playlist) -> Self {
        let mut by_path: HashMap<PathBuf, Vec<Position>> = HashMap::new();
        for (position, path) in playlist.paths.iter().enumerate() {
            by_path.entry(path.clone()).or_default().push(position);
        }
        let turns: Vec<u64> = (0..).take(playlist.paths.len()).collect();
        let next_turn = (0..).nth(turns.len()).unwrap_or_default();
        Self { playlist, by_path, turns, queue: BTreeMap::new(), songs: HashMap::new(), next_turn }
    }

    pub(super) fn playlist(&self) -> &Playlist {
        &self.playlist
    }

    /// A song is in the library under this path, or is no more.
    pub(super) fn set(&mut self, song: SongId, path: Option<&Path>) {
        if self.songs.get(&song).map(PathBuf::as_path) == path {
            return;
        }
        if let Some(before) = self.songs.remove(&song) {
            for position in self.by_path.get(&before).into_iter().flatten() {
                let turn = self.turns[*position];
                // Another song may have come under the path since.
                if self.queue.get(&turn).is_some_and(|(_, queued)| *queued == song) {
                    self.queue.remove(&turn);
                }
            }
        }
        let Some((path, positions)) = path.and_then(|path| self.by_path.get_key_value(path)) else { return };
        self.songs.insert(song, path.clone());
        for position in positions {
            self.queue.insert(self.turns[*position], (*position, song));
        }
    }

    /// A song was played: the next of its places goes behind all others.
    pub(super) fn played(&mut self, song: SongId) {
        let positions = self.songs.get(&song).and_then(|path| self.by_path.get(path));
        let earliest = positions.into_iter().flatten().copied().min_by_key(|position| self.turns[*position]);
        let Some(position) = earliest else { return };
        if let Some(entry) = self.queue.remove(&self.turns[position]) {
            self.queue.insert(self.next_turn, entry);
        }
        self.turns[position] = self.next_turn;
        self.next_turn += 1;
    }

    pub(super) fn contains(&self, song: SongId) -> bool {
        self.songs.contains_key(&song)
    }

    /// The songs in the order of their turns; a song as often as it has places.
    pub(super) fn ordered(&self) -> impl Iterator<Item = SongId> + '_ {
        self.queue.values().map(|(_, song)| *song)
    }

    /// How many songs can be played.
    pub(super) fn len(&self) -> usize {
        self.songs.len()
    }
}
