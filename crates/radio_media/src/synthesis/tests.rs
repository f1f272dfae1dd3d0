//! What is written is decoded again, by a decoder that is written from the specification.

use super::flac_writer;
use super::{ALBUM, ARTIST, PIECES, instrument, score};
use crate::inspect::inspect;

/// Bits, the highest of each byte first.
struct Bits<'a>(&'a [u8], usize);

impl Bits<'_> {
    fn take(&mut self, count: usize) -> u32 {
        (0..count).fold(0, |number, _| {
            let bit = self.0[self.1 / 8] >> (7 - self.1 % 8) & 1;
            self.1 += 1;
            number << 1 | u32::from(bit)
        })
    }

    fn signed(&mut self, count: usize) -> i32 {
        let number = i64::from(self.take(count));
        i32::try_from(if number >> (count - 1) == 1 { number - (1 << count) } else { number }).unwrap()
    }
}

/// Decodes a subframe with a fixed predictor, as RFC 9639 §9.2.5 and §9.2.7 describe it.
fn subframe(bits: &mut Bits<'_>, samples: usize, width: usize) -> Vec<i32> {
    assert_eq!(bits.take(1), 0);
    let order = bits.take(6) as usize - 8;
    assert_eq!(bits.take(1), 0, "no wasted bits");
    let mut decoded: Vec<i32> = (0..order).map(|_| bits.signed(width)).collect();
    assert_eq!(bits.take(2), 0, "Rice parameters of four bits");
    let partitions = 1 << bits.take(4);
    for partition in 0..partitions {
        let parameter = bits.take(4) as usize;
        for _ in 0..samples / partitions - if partition == 0 { order } else { 0 } {
            let quotient = std::iter::repeat_with(|| bits.take(1)).take_while(|bit| *bit == 0).count();
            let folded = u32::try_from(quotient).unwrap() << parameter | bits.take(parameter);
            let residual = (folded >> 1).cast_signed() ^ -(folded & 1).cast_signed();
            let past = |back: usize| decoded[decoded.len() - back];
            let predicted = match order {
                0 => 0,
                1 => past(1),
                2 => 2 * past(1) - past(2),
                3 => 3 * past(1) - 3 * past(2) + past(3),
                _ => 4 * past(1) - 6 * past(2) + 4 * past(3) - past(4),
            };
            decoded.push(predicted + residual);
        }
    }
    decoded
}

/// Decodes what the writer writes.
fn decode(file: &[u8]) -> Vec<[i16; 2]> {
    let song = inspect(&file).unwrap();
    let mut samples = Vec::new();
    for (index, chunk) in song.chunks.iter().enumerate() {
        let start = usize::try_from(chunk.offset).unwrap();
        for part in song.chunks.parts(index) {
            let frame = &file[start + part.range.start..start + part.range.end];
            let is_whole = frame[2] >> 4 == 12;
            let behind = 4 + (frame[4].leading_ones() as usize).max(1);
            let last = || usize::from(u16::from_be_bytes([frame[behind], frame[behind + 1]])) + 1;
            let count = if is_whole { 4096 } else { last() };
            let mut bits = Bits(frame, 8 * (behind + if is_whole { 1 } else { 3 }));
            let is_mixed = frame[3] >> 4 == 10;
            let first = subframe(&mut bits, count, 16);
            let second = subframe(&mut bits, count, if is_mixed { 17 } else { 16 });
            samples.extend(first.into_iter().zip(second).map(|(first, second)| {
                let pair = if is_mixed {
                    let sum = first << 1 | second & 1;
                    [(sum + second) >> 1, (sum - second) >> 1]
                } else {
                    [first, second]
                };
                pair.map(|sample| i16::try_from(sample).unwrap())
            }));
        }
    }
    samples
}

#[test]
fn what_is_written_decodes_to_the_same_samples() {
    let mut number = 1_u32;
    let mut random = || {
        number = number.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        i16::from_be_bytes([number.to_be_bytes()[0], number.to_be_bytes()[1]])
    };
    let ramp = (0..9000_i16).map(|index| [index * 3, 1 - index * 2]).collect::<Vec<_>>();
    let noise = (0..4500).map(|_| [random(), random()]).collect::<Vec<_>>();
    let quiet = vec![[0, 0]; 5000];
    let extremes = (0..4096 + 40).map(|index| [[i16::MIN, i16::MAX], [i16::MAX, i16::MIN]][index % 2]).collect();
    for samples in [ramp, noise, quiet, extremes] {
        let file = flac_writer::file(&samples, &[]);
        assert!(decode(&file) == samples);
    }
}

#[test]
fn a_piece_is_music_that_can_be_played_and_the_same_on_every_machine() {
    let piece = PIECES[0];
    let samples = instrument::play(&score::notes(&piece), score::samples(&piece));
    let peak = samples.iter().flatten().map(|sample| sample.unsigned_abs()).max().unwrap();
    assert!((14_400..=14_500).contains(&peak), "{peak}");
    assert_eq!(samples.last(), Some(&[0, 0]), "it ends in silence");
    let file = piece.flac();
    assert!(decode(&file) == samples);
    assert_eq!(&blake3::hash(&file).to_hex()[..16], "656d1b175d532427");
    let song = inspect(&file).unwrap();
    assert_eq!(song.notes, []);
    assert_eq!((song.tags.title.as_str(), song.tags.artist.as_str()), (piece.title, ARTIST));
    assert_eq!((song.tags.album.as_str(), song.tags.track), (ALBUM, Some(1)));
    assert!(file.len() < samples.len() * 3, "it is compressed: {} of {}", file.len(), samples.len() * 4);
}

#[test]
fn every_piece_has_its_own_notes_in_its_time() {
    let mut all = Vec::new();
    for piece in PIECES {
        let (notes, samples) = (score::notes(piece), score::samples(piece));
        assert!((8..20).contains(&(samples / 44_100)), "{} plays for a few seconds", piece.title);
        assert!(notes.iter().all(|note| note.start < samples && (50.0..2000.0).contains(&note.frequency)));
        assert!(!all.contains(&notes), "{}", piece.title);
        all.push(notes);
    }
}
