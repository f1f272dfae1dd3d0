//! Bytes out of one seed.

use super::Pattern;

/// The multiplier between one word of a lane and the next: 2^64 divided by the golden ratio's square, as fio hashes.
const STEP: u64 = 0x61c8_8646_80b5_83eb;

/// What the seed is multiplied by at the start of each lane.
const LANES: [u64; 4] = [1, 2, 3, 5];

/// Bytes of one word in each lane.
const STRIDE: usize = LANES.len() * size_of::<u64>();

/// The next seed out of a stream of random numbers, of 32 or 64 bits: the product of two of them.
///
/// Parity: fio's seed of a buffer; two draws each.
pub fn next_seed(random: &mut impl FnMut() -> u64) -> u64 {
    let first = random();
    first.wrapping_mul(random())
}

/// Fills `buffer` with the bytes that fio fills a buffer of that length with for `seed`.
///
/// A seed of 0 gives zeroes, as it does with fio.
pub fn fill_random(buffer: &mut [u8], seed: u64) {
    let mut lanes = LANES.map(|start| seed.wrapping_mul(start));
    let (strides, rest) = buffer.as_chunks_mut::<STRIDE>();
    for stride in strides {
        let (words, _) = stride.as_chunks_mut::<8>();
        for (word, lane) in words.iter_mut().zip(&mut lanes) {
            *word = lane.to_le_bytes();
            *lane = lane.wrapping_mul(STEP);
        }
    }
    // What is shorter than a stride goes on with the first lane alone.
    let [mut lane, ..] = lanes;
    for piece in rest.chunks_mut(size_of::<u64>()) {
        let length = piece.len();
        piece.copy_from_slice(&lane.to_le_bytes()[..length]);
        lane = lane.wrapping_mul(STEP);
    }
}

/// Fills `buffer` so that `percentage` of it compresses away: random bytes first, then `pattern`, or zeroes without one.
///
/// A `percentage` of 0 is [`fill_random`], of 100 is all pattern; more counts as 100.
///
/// Parity: `buffer_compress_percentage`, for each `buffer_compress_chunk` by itself.
pub fn fill_compressible(buffer: &mut [u8], seed: u64, percentage: u8, pattern: Option<&Pattern>) {
    let random_length = buffer.len() * usize::from(100 - percentage.min(100)) / 100;
    let (random, fixed) = buffer.split_at_mut(random_length);
    fill_random(random, seed);
    match pattern {
        Some(pattern) => pattern.fill(fixed, 0),
        None => fixed.fill(0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shorter_buffer_within_the_strides_has_the_same_bytes() {
        let mut long = [0; 4096];
        fill_random(&mut long, 0x1234_5678_9abc_def1);
        let mut short = [0; 96];
        fill_random(&mut short, 0x1234_5678_9abc_def1);
        assert_eq!(short, long[..96]);
    }

    #[test]
    fn the_tail_goes_on_with_the_first_lane() {
        let seed = 0x0bad_cafe_0123_4567_u64;
        let mut buffer = [0; 45];
        fill_random(&mut buffer, seed);
        assert_eq!(buffer[8..16], seed.wrapping_mul(2).to_le_bytes());
        assert_eq!(buffer[24..32], seed.wrapping_mul(5).to_le_bytes());
        assert_eq!(buffer[32..40], seed.wrapping_mul(STEP).to_le_bytes());
        assert_eq!(buffer[40..45], seed.wrapping_mul(STEP).wrapping_mul(STEP).to_le_bytes()[..5]);
    }

    #[test]
    fn a_part_is_fixed() {
        let mut buffer = [0xa5; 1000];
        fill_compressible(&mut buffer, 7, 70, None);
        let mut random = [0; 300];
        fill_random(&mut random, 7);
        assert_eq!((&buffer[..300], &buffer[300..]), (&random[..], &[0; 700][..]));
        let pattern = Pattern::from_bytes(b"xy").expect("a pattern");
        fill_compressible(&mut buffer, 7, 70, Some(&pattern));
        assert_eq!((&buffer[..300], &buffer[300..]), (&random[..], &b"xy".repeat(350)[..]));
    }

    #[test]
    fn all_compressible_is_all_zero_and_none_is_random() {
        let mut buffer = [0xa5; 512];
        fill_compressible(&mut buffer, 7, 100, None);
        assert_eq!(buffer, [0; 512]);
        let mut random = [0; 512];
        fill_random(&mut random, 7);
        fill_compressible(&mut buffer, 7, 0, None);
        assert_eq!(buffer, random);
    }

    #[test]
    fn a_seed_is_the_product_of_two_draws() {
        let mut draws = [3, 5, 7, 11].into_iter();
        let mut random = || draws.next().expect("four draws");
        assert_eq!((next_seed(&mut random), next_seed(&mut random)), (15, 77));
    }
}
