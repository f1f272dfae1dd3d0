//! Sixty-four ranked songs as columns of numbers, so that their scores are compared by a few instructions each.

use crate::score::Weights;

/// Songs in a block.
pub(super) const SONGS_PER_BLOCK: usize = 64;

/// Numbers of which the greatest is kept at one time: as many as fit into the widest registers.
const LANES: usize = 8;

/// What scores depend on. All numbers are whole and below 2^53, so that they are exact.
#[derive(Debug, Clone)]
pub(super) struct Block {
    mood: [f64; SONGS_PER_BLOCK],
    plays: [f64; SONGS_PER_BLOCK],
    last_played_s: [f64; SONGS_PER_BLOCK],
}

impl Block {
    /// One without songs.
    pub(super) const EMPTY: Self = Self {
        mood: [f64::NEG_INFINITY; SONGS_PER_BLOCK],
        plays: [0.0; SONGS_PER_BLOCK],
        last_played_s: [0.0; SONGS_PER_BLOCK],
    };

    #[expect(clippy::cast_precision_loss, reason = "histories are limited to numbers below 2^53")]
    pub(super) fn set(&mut self, at: usize, mood: i32, history: crate::score::History) {
        self.mood[at] = f64::from(mood);
        self.plays[at] = history.plays as f64;
        self.last_played_s[at] = history.last_played_s as f64;
    }

    pub(super) fn clear(&mut self, at: usize) {
        self.mood[at] = f64::NEG_INFINITY;
    }

    /// How good each song is, nearly; where there is none, less than anything.
    pub(super) fn values(&self, weights: &Weights) -> [f64; SONGS_PER_BLOCK] {
        std::array::from_fn(|at| {
            self.mood[at] * weights.mood - self.plays[at] * weights.plays - self.last_played_s[at] * weights.age
        })
    }
}

/// The greatest of the values.
pub(super) fn greatest(values: &[f64; SONGS_PER_BLOCK]) -> f64 {
    let mut greatest = [f64::NEG_INFINITY; LANES];
    for lanes in values.as_chunks::<LANES>().0 {
        for (greatest, value) in greatest.iter_mut().zip(lanes) {
            // `f64::max` would also look for what is no number, which takes three times as long.
            *greatest = if *value > *greatest { *value } else { *greatest };
        }
    }
    greatest.into_iter().fold(f64::NEG_INFINITY, f64::max)
}
