//! Songs with what their scores depend on, kept while songs are played and the clock runs.
//!
//! A song that is played moves the means of all songs, and so every score: a list of songs in the order of their scores cannot be kept
//! up to date. But a score is a sum of three products (see [`crate::score`]). So all of them are computed whenever the best is wanted:
//! first in columns of floating-point numbers (`block.rs`), then exactly for those that can be the best in spite of rounding.
//!
//! Cost, of `n` songs: a song that comes, changes or goes, O(1); the best, a nanosecond for each song, and some more where many songs
//! have equal scores; the best in order, O(n log n). 50,000 songs take 3.6 MB.

use std::cmp::Reverse;

use super::block::{Block, SONGS_PER_BLOCK, greatest};
use crate::score::{History, RANKED_SONGS_MAX, Scale, Totals};
use crate::song::SongId;

/// Where a song stands in a ranking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    /// What the mood gives it.
    pub(super) mood: i32,
    pub(super) history: History,
    /// Decides between equal scores; smaller is first.
    pub(super) tie: u64,
}

/// How good a song is: greater is better. Never the same for two songs.
pub(super) type Rank = (i128, Reverse<u64>, Reverse<SongId>);

impl Place {
    pub(super) fn rank(&self, song: SongId, scale: &Scale) -> Rank {
        (scale.rank(self.mood, self.history), Reverse(self.tie), Reverse(song))
    }

    fn has_score_of(&self, other: &Self) -> bool {
        self.mood == other.mood && self.history == other.history
    }
}

/// Where a ranking keeps a song, from when it is inserted until it is removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Slot(usize);

/// Ranked songs.
#[derive(Debug, Clone, Default)]
pub(super) struct Ranking {
    blocks: Vec<Block>,
    places: Vec<Option<(SongId, Place)>>,
    free: Vec<Slot>,
    totals: Totals,
    newest: Newest,
}

/// When the songs that were played last were played, and how many these are.
#[derive(Debug, Clone, Copy, Default)]
struct Newest {
    last_played_s: u64,
    songs: usize,
}

impl Ranking {
    /// Takes all songs out, and keeps the memory for others.
    pub(super) fn clear(&mut self) {
        self.blocks.clear();
        self.places.clear();
        self.free.clear();
        (self.totals, self.newest) = (Totals::default(), Newest::default());
    }

    /// Puts a song in; none when there are too many.
    pub(super) fn insert(&mut self, song: SongId, place: Place) -> Option<Slot> {
        let slot = match self.free.pop() {
            Some(slot) => slot,
            None if self.places.len() >= RANKED_SONGS_MAX => return None,
            None => self.grow(),
        };
        self.places[slot.0] = Some((song, place));
        self.blocks[slot.0 / SONGS_PER_BLOCK].set(slot.0 % SONGS_PER_BLOCK, place.mood, place.history);
        self.totals.add(place.history);
        self.newest.add(place.history.last_played_s);
        Some(slot)
    }

    /// Takes a song out.
    pub(super) fn remove(&mut self, slot: Slot) {
        let Some((_, place)) = self.places[slot.0].take() else { return };
        self.blocks[slot.0 / SONGS_PER_BLOCK].clear(slot.0 % SONGS_PER_BLOCK);
        self.free.push(slot);
        self.totals.remove(place.history);
        if place.history.last_played_s == self.newest.last_played_s {
            self.newest.songs -= 1;
        }
        if self.newest.songs == 0 {
            self.newest = Newest::default();
            self.places.iter().flatten().for_each(|(_, place)| self.newest.add(place.history.last_played_s));
        }
    }

    pub(super) fn len(&self) -> usize {
        self.places.len() - self.free.len()
    }

    /// What a song was inserted with.
    pub(super) fn place(&self, slot: Slot) -> Option<Place> {
        self.places[slot.0].map(|(_, place)| place)
    }

    pub(super) fn totals(&self) -> Totals {
        self.totals
    }

    /// When the song that was played last was played.
    pub(super) fn newest_s(&self) -> u64 {
        self.newest.last_played_s
    }

    /// What the scores are at a time. A clock that was set back does not make ages negative.
    pub(super) fn scale(&self, now_s: u64) -> Scale {
        self.totals.scale(now_s.max(self.newest_s()))
    }

    /// The best song that is not in one of these slots, which are few.
    pub(super) fn best(&self, scale: &Scale, passed_over: &[Slot]) -> Option<(Rank, SongId)> {
        let weights = scale.weights();
        let mut tops: Vec<f64> = self.blocks.iter().map(|block| greatest(&block.values(&weights))).collect();
        for slot in passed_over {
            let block = slot.0 / SONGS_PER_BLOCK;
            let mut values = self.blocks[block].values(&weights);
            for other in passed_over.iter().filter(|other| other.0 / SONGS_PER_BLOCK == block) {
                values[other.0 % SONGS_PER_BLOCK] = f64::NEG_INFINITY;
            }
            tops[block] = greatest(&values);
        }
        let top = tops.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let least = top - weights.rounding;
        let mut best: Option<(Rank, Slot)> = None;
        for (block, _) in tops.iter().enumerate().filter(|(_, top)| **top >= least && top.is_finite()) {
            for (at, _) in self.blocks[block].values(&weights).iter().enumerate().filter(|(_, value)| **value >= least)
            {
                let slot = Slot(block * SONGS_PER_BLOCK + at);
                best = self.better(best, slot, scale, passed_over);
            }
        }
        best.and_then(|(rank, slot)| Some((rank, self.places[slot.0]?.0)))
    }

    /// The better of the best so far and the song in a slot.
    fn better(
        &self,
        best: Option<(Rank, Slot)>,
        slot: Slot,
        scale: &Scale,
        passed_over: &[Slot],
    ) -> Option<(Rank, Slot)> {
        let Some((song, place)) = self.places[slot.0] else { return best };
        let of_best = best.and_then(|(rank, slot)| Some((rank, self.places[slot.0]?.1)));
        let rank = match of_best {
            // Most songs of a library that was never heard have the same score: it need not be computed for each.
            Some((rank, other)) if other.has_score_of(&place) => (rank.0, Reverse(place.tie), Reverse(song)),
            _ => place.rank(song, scale),
        };
        if best.is_none_or(|(other, _)| other < rank) && !passed_over.contains(&slot) {
            Some((rank, slot))
        } else {
            best
        }
    }

    /// The best songs, best first, at most so many.
    pub(super) fn ordered(&self, scale: &Scale, count: usize) -> Vec<SongId> {
        let songs = self.places.iter().flatten();
        let mut ranked: Vec<Reverse<Rank>> = songs.map(|(song, place)| Reverse(place.rank(*song, scale))).collect();
        if count < ranked.len() {
            ranked.select_nth_unstable(count);
            ranked.truncate(count);
        }
        ranked.sort_unstable();
        ranked.into_iter().map(|Reverse((_, _, Reverse(song)))| song).collect()
    }

    fn grow(&mut self) -> Slot {
        let slot = Slot(self.places.len());
        self.places.push(None);
        if slot.0.is_multiple_of(SONGS_PER_BLOCK) {
            self.blocks.push(Block::EMPTY);
        }
        slot
    }
}

impl Newest {
    fn add(&mut self, last_played_s: u64) {
        if last_played_s > self.last_played_s {
            *self = Self { last_played_s, songs: 0 };
        }
        self.songs += usize::from(last_played_s == self.last_played_s);
    }
}
