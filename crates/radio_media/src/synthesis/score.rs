//! Which notes a piece has: a bass, broken chords, and a melody of the chord's notes and their neighbours in a pentatonic scale.

use super::{FREQUENCY_HZ, Piece};

/// A note.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Note {
    /// When it begins, in samples.
    pub(super) start: usize,
    /// In Hz.
    pub(super) frequency: f64,
    /// 0 to 1.
    pub(super) loudness: f64,
    /// 0 (left) to 1 (right).
    pub(super) place: f64,
    /// Samples after which it has half of its loudness.
    pub(super) half_life: usize,
}

/// Half-steps of an equal temperament: powers of the twelfth root of two.
const HALF_STEPS: [f64; 12] = [
    1.0,
    1.059_463_094_359_295_3,
    1.122_462_048_309_373,
    1.189_207_115_002_721,
    1.259_921_049_894_873_2,
    1.334_839_854_170_034_4,
    core::f64::consts::SQRT_2,
    1.498_307_076_876_681_5,
    1.587_401_051_968_199_4,
    1.681_792_830_507_429,
    1.781_797_436_280_678_5,
    1.887_748_625_363_387,
];

/// The lowest note, in Hz.
const LOWEST: f64 = 55.0;

/// Beats of a bar.
const BAR_BEATS: usize = 4;

/// Steps of the melody's scale above its root, which is A: A minor pentatonic.
const SCALE: [u32; 5] = [0, 3, 5, 7, 10];

/// Beats that the last note may ring.
const ENDING_BEATS: usize = 4;

/// Frequency of a note so many half-steps above the lowest.
fn frequency(half_steps: u32) -> f64 {
    let octaves = half_steps / 12;
    LOWEST * f64::from(1_u32 << octaves.min(8)) * HALF_STEPS[(half_steps % 12) as usize]
}

/// Samples of a beat.
const fn beat_samples(piece: &Piece) -> usize {
    (60 * FREQUENCY_HZ / piece.tempo) as usize
}

/// Samples of the whole piece.
pub(super) const fn samples(piece: &Piece) -> usize {
    (piece.chords.len() * BAR_BEATS + ENDING_BEATS) * beat_samples(piece)
}

/// All notes, in no order.
pub(super) fn notes(piece: &Piece) -> Vec<Note> {
    let beat = beat_samples(piece);
    let mut notes = Vec::new();
    let mut melody = Melody { random: piece.seed | 1, step: 5 };
    for (bar, (root, is_minor)) in piece.chords.iter().enumerate() {
        let start = bar * BAR_BEATS * beat;
        let third = if *is_minor { 3 } else { 4 };
        notes.push(Note { start, frequency: frequency(*root), loudness: 0.5, place: 0.5, half_life: 2 * beat });
        for (index, half_steps) in [12, 19, 24, 24 + third, 31, 24 + third, 24, 19].into_iter().enumerate() {
            notes.push(Note {
                start: start + index * beat / 2,
                frequency: frequency(root + half_steps),
                loudness: 0.2,
                place: if index % 2 == 0 { 0.25 } else { 0.7 },
                half_life: beat,
            });
        }
        for half in 0..2 * BAR_BEATS {
            if let Some(half_steps) = melody.next(half) {
                notes.push(Note {
                    start: start + half * beat / 2,
                    frequency: frequency(half_steps),
                    loudness: 0.32,
                    place: 0.55,
                    half_life: 3 * beat / 4,
                });
            }
        }
    }
    let end = piece.chords.len() * BAR_BEATS * beat;
    for (half_steps, place) in [(0, 0.5), (12, 0.4), (24, 0.3), (31, 0.7), (36, 0.5)] {
        let frequency = frequency(half_steps);
        notes.push(Note { start: end, frequency, loudness: 0.3, place, half_life: beat });
    }
    notes
}

/// A melody that walks by small steps, and rests.
struct Melody {
    random: u32,
    /// Step of the scale.
    step: u32,
}

impl Melody {
    /// The note at a half beat, in half-steps; none for a rest.
    fn next(&mut self, half: usize) -> Option<u32> {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 17;
        self.random ^= self.random << 5;
        // Strong beats nearly always sound, weak ones now and then.
        let rests = if half.is_multiple_of(4) {
            1
        } else if half.is_multiple_of(2) {
            3
        } else {
            6
        };
        if self.random % 8 < rests {
            return None;
        }
        self.step = match self.random >> 8 & 7 {
            0..3 => self.step.saturating_sub(1).max(2),
            3..6 => (self.step + 1).min(9),
            6 => (self.step + 2).min(9),
            _ => self.step,
        };
        Some(36 + 12 * (self.step / 5) + SCALE[(self.step % 5) as usize])
    }
}
