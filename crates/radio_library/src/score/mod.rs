//! How much it is a song's turn, from how often and how long ago it was played; and why.
//!
//! Of a set of `n` songs, `p` is how often a song was played and `a` its age: the seconds since it was played last (never: since
//! 1970). The deviations of both from their means, in standard deviations, are put on one scale: weighed so that a song that was
//! never played, yet played just now, has 0, as a song at both means has. With `P` and `A` the means and `σ` the deviations, the
//! weights are proportional to `A/σa` (for plays) and `P/σp` (for age), and both `σ` cancel:
//!
//! ```text
//! score = 200 (A (P - p) + P (a - A)) / (A σp + P σa)          hundredths; the two weights are 2 together
//! ```
//!
//! So the order of songs depends on the two means only, and songs that were played equally often are in order of age whatever the
//! means are. [`crate::choice`] is built on that.
//!
//! Everything is exact: sums of integers, and a common divisor of all songs that is rounded once (an integer root). A score that
//! was followed through a million changes is the one that is computed afresh.
//!
//! The behaviour is paraslash's since 2019 (`Rework score formula`), except that it rounds each song's score.

pub(crate) mod random;
#[cfg(test)]
mod tests;

use crate::mood::MOOD_SCORE_MAX;
use crate::song::Song;

/// Most plays of a song that count: above them a song is played too often anyway.
pub const PLAYS_COUNTED_MAX: u64 = 1 << 20;

/// Latest time that counts, in seconds since 1970: in the year 2514.
pub const TIME_COUNTED_MAX_S: u64 = 1 << 34;

/// Most songs that are ranked. With the two limits above, all sums and products fit into 128 bits.
pub const RANKED_SONGS_MAX: usize = 1 << 20;

/// What a score depends on of a song.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct History {
    /// How often it was played, at most [`PLAYS_COUNTED_MAX`].
    pub plays: u64,
    /// When it was played last, in seconds since 1970, at most [`TIME_COUNTED_MAX_S`]; 0: never.
    pub last_played_s: u64,
}

impl History {
    /// Of a song.
    pub fn of(song: &Song) -> Self {
        Self {
            plays: song.statistics.play_count.min(PLAYS_COUNTED_MAX),
            last_played_s: song.statistics.last_played_s.unwrap_or(0).min(TIME_COUNTED_MAX_S),
        }
    }
}

/// Sums over a set of songs. Adding and removing a song takes constant time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    songs: u128,
    plays: u128,
    plays_squared: u128,
    times: u128,
    times_squared: u128,
}

impl Totals {
    /// A song comes into the set.
    pub fn add(&mut self, history: History) {
        let (plays, time) = (u128::from(history.plays), u128::from(history.last_played_s));
        self.songs += 1;
        self.plays += plays;
        self.plays_squared += plays * plays;
        self.times += time;
        self.times_squared += time * time;
    }

    /// A song that was added leaves the set.
    pub fn remove(&mut self, history: History) {
        let (plays, time) = (u128::from(history.plays), u128::from(history.last_played_s));
        self.songs -= 1;
        self.plays -= plays;
        self.plays_squared -= plays * plays;
        self.times -= time;
        self.times_squared -= time * time;
    }

    /// What turns histories into scores at a time, which is not before the newest song of the set was played.
    pub fn scale(&self, now_s: u64) -> Scale {
        let now = u128::from(now_s.min(TIME_COUNTED_MAX_S));
        // All are n times the mean or n times the standard deviation, the deviations with further binary places.
        let root = |squared: u128| (squared << (2 * DEVIATION_PLACES)).isqrt();
        let age_sum = (now * self.songs).saturating_sub(self.times);
        let plays_deviation = root(self.songs * self.plays_squared - self.plays * self.plays);
        let age_deviation = root(self.songs * self.times_squared - self.times * self.times);
        // Where nothing was ever played, or all just now, the other half alone decides.
        let (plays_weight, age_weight) = (age_sum.max(1), self.plays.max(1));
        Scale {
            now: signed(now),
            songs: signed(self.songs),
            plays_sum: signed(self.plays),
            age_sum: signed(age_sum),
            plays_weight: signed(plays_weight),
            age_weight: signed(age_weight),
            divisor: signed((plays_weight * plays_deviation + age_weight * age_deviation).max(1)),
        }
    }
}

/// Turns histories into scores: the state of a set of songs at a time.
#[derive(Debug, Clone, Copy)]
pub struct Scale {
    now: i128,
    songs: i128,
    plays_sum: i128,
    age_sum: i128,
    plays_weight: i128,
    age_weight: i128,
    divisor: i128,
}

/// Binary places of the standard deviations behind the point.
const DEVIATION_PLACES: u32 = 8;

/// Two weights of 1 on the average, in hundredths, with the places of the divisor.
const WEIGHT: i128 = 200 << DEVIATION_PLACES;

impl Scale {
    /// A number that orders songs exactly as their scores do, for one scale. Two multiplications.
    pub(crate) fn rank(&self, mood: i32, history: History) -> i128 {
        i128::from(mood) * self.divisor + self.plays_part(history) + self.age_part(history)
    }

    /// What makes numbers that order songs nearly as [`Self::rank`] does, in floating point: `mood` times the mood's score, less `plays`
    /// times the plays, less `age` times when it was played last.
    #[expect(clippy::cast_precision_loss, reason = "what is lost is within `rounding`")]
    pub(crate) fn weights(&self) -> Weights {
        let mood = self.divisor as f64;
        let plays = (WEIGHT * self.plays_weight * self.songs) as f64;
        let age = (WEIGHT * self.age_weight * self.songs) as f64;
        let most =
            mood * f64::from(MOOD_SCORE_MAX) + plays * PLAYS_COUNTED_MAX as f64 + age * TIME_COUNTED_MAX_S as f64;
        Weights { mood, plays, age, rounding: most * ROUNDING }
    }

    /// The score and its parts, each rounded towards 0.
    pub fn score(&self, mood: i32, history: History) -> Score {
        let part = |exact: i128| i64::try_from(exact / self.divisor).unwrap_or(i64::MAX);
        Score {
            total: part(self.rank(mood, history)),
            mood: i64::from(mood),
            plays: part(self.plays_part(history)),
            age: part(self.age_part(history)),
        }
    }

    fn plays_part(&self, history: History) -> i128 {
        WEIGHT * self.plays_weight * (self.plays_sum - self.songs * i128::from(history.plays))
    }

    fn age_part(&self, history: History) -> i128 {
        WEIGHT * self.age_weight * (self.songs * (self.now - i128::from(history.last_played_s)) - self.age_sum)
    }
}

/// See [`Scale::weights`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct Weights {
    pub(crate) mood: f64,
    pub(crate) plays: f64,
    pub(crate) age: f64,
    /// Numbers that differ by more are in the order of the ranks.
    pub(crate) rounding: f64,
}

/// Each weight, each product and each sum is rounded by at most 2^-53 of the largest there can be; that makes less than 8 of it for
/// one number, and less than 16 for the difference of two.
const ROUNDING: f64 = 16.0 * f64::EPSILON / 2.0;

/// How much it is a song's turn, in hundredths of a standard deviation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Score {
    /// All together. The parts may miss it by rounding.
    pub total: i64,
    /// What the mood's lines add.
    pub mood: i64,
    /// What it gets for being played more rarely than the mean; negative: more often.
    pub plays: i64,
    /// What it gets for being played longer ago than the mean; negative: less long ago.
    pub age: i64,
}

/// The limits of this module keep every sum below 2^127.
fn signed(number: u128) -> i128 {
    i128::try_from(number).unwrap_or(i128::MAX)
}
