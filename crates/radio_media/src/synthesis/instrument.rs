//! How notes sound: a soft bell of three partials that fade, in a room of four echoes.

use super::FREQUENCY_HZ;
use super::score::Note;

/// Partials: multiple of the frequency, part of the loudness, and by what its half-life is divided.
const PARTIALS: [(f64, f64, usize); 3] = [(1.0, 0.72, 1), (2.0, 0.2, 2), (3.0, 0.08, 3)];

/// Samples in which a note begins, so that it does not click.
const ATTACK: usize = 220;

/// Echoes: delay in samples, and what of them comes back. Without common divisors, so that they do not ring.
const ECHOES: [(usize, f64); 4] = [(1_433, 0.62), (1_847, 0.6), (2_269, 0.58), (3_001, 0.55)];

/// A note that is quieter has ended: 80 dB below full scale.
const INAUDIBLE: f64 = 1e-4;

/// What of the echoes is mixed in.
const ROOM: f64 = 0.16;

/// Samples at the end over which everything fades.
const FADE: usize = FREQUENCY_HZ as usize / 2;

/// The loudest sample: the pieces have about -18 LUFS then, as ReplayGain wants music.
const FULL_SCALE: f64 = 14_500.0;

/// The sine of a part of a whole turn, 0 to 1: five terms of its series around zero, right to some 1/250,000.
fn sine(phase: f64) -> f64 {
    let quarter = if phase < 0.25 {
        phase
    } else if phase < 0.75 {
        0.5 - phase
    } else {
        phase - 1.0
    };
    let angle = quarter * core::f64::consts::TAU;
    let square = angle * angle;
    let series = 1.0 - square / 72.0;
    angle * (1.0 - square / 6.0 * (1.0 - square / 20.0 * (1.0 - square / 42.0 * series)))
}

/// What is multiplied with each sample, so that half is left after `half_life` of them.
fn decay(half_life: usize) -> f64 {
    // 2^(-1/n) = 1 - ln2/n + (ln2/n)²/2 …: n is some thousands.
    let part = core::f64::consts::LN_2 / f64::from(u32::try_from(half_life.max(1)).unwrap_or(u32::MAX));
    1.0 - part + part * part / 2.0
}

/// Plays notes for so many samples, left and right.
pub(super) fn play(notes: &[Note], samples: usize) -> Vec<[i16; 2]> {
    let mut left = vec![0.0; samples];
    let mut right = vec![0.0; samples];
    for note in notes {
        play_note(note, &mut left, &mut right);
    }
    let mut left = in_room(&left, [0, 2]);
    let mut right = in_room(&right, [1, 3]);
    fade(&mut left);
    fade(&mut right);
    let peak = left.iter().chain(&right).fold(1e-9_f64, |peak, sample| peak.max(sample.abs()));
    let scale = FULL_SCALE / peak;
    left.iter().zip(&right).map(|(left, right)| [quantised(left * scale), quantised(right * scale)]).collect()
}

/// The nearest whole number.
fn quantised(sample: f64) -> i16 {
    #[expect(clippy::cast_possible_truncation, reason = "samples are scaled below full scale; the cast saturates")]
    let rounded = (sample + if sample < 0.0 { -0.5 } else { 0.5 }) as i16;
    rounded
}

fn play_note(note: &Note, left: &mut [f64], right: &mut [f64]) {
    for (multiple, part, faster) in PARTIALS {
        let step = note.frequency * multiple / f64::from(FREQUENCY_HZ);
        let decay = decay(note.half_life / faster);
        let (mut phase, mut loudness) = (0.0, note.loudness * part);
        let places = left.iter_mut().zip(right.iter_mut()).skip(note.start);
        for (index, (left, right)) in places.enumerate() {
            let attack = if index < ATTACK { f64::from(u16::try_from(index).unwrap_or(0)) / 220.0 } else { 1.0 };
            let sample = sine(phase) * loudness * attack;
            *left += sample * (1.0 - note.place);
            *right += sample * note.place;
            loudness *= decay;
            phase += step;
            if phase >= 1.0 {
                phase -= 1.0;
            }
            if loudness < INAUDIBLE {
                break;
            }
        }
    }
}

/// Samples with their echoes.
fn in_room(samples: &[f64], echoes: [usize; 2]) -> Vec<f64> {
    let mut out = samples.to_vec();
    for echo in echoes {
        let (delay, back) = ECHOES[echo];
        let mut line = vec![0.0; delay];
        for (index, (sample, out)) in samples.iter().zip(&mut out).enumerate() {
            let slot = &mut line[index % delay];
            *out += *slot * ROOM;
            *slot = sample + *slot * back;
        }
    }
    out
}

/// Fades the end.
fn fade(samples: &mut [f64]) {
    let length = FADE.min(samples.len());
    let scale = 1.0 / f64::from(u32::try_from(length.max(1)).unwrap_or(u32::MAX));
    for (index, sample) in samples.iter_mut().rev().take(length).enumerate() {
        *sample *= f64::from(u32::try_from(index).unwrap_or(u32::MAX)) * scale;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_polynomial_is_a_sine() {
        for index in 0..1000 {
            let phase = f64::from(index) / 1000.0;
            let right = (core::f64::consts::TAU * phase).sin();
            assert!((sine(phase) - right).abs() < 5e-6, "{phase}: {} is not {right}", sine(phase));
        }
    }

    #[test]
    fn half_is_left_after_a_half_life() {
        for half_life in [100, 5_000, 44_100] {
            let left = decay(half_life).powi(i32::try_from(half_life).unwrap());
            assert!((left - 0.5).abs() < 1e-3, "{left}");
        }
    }
}
