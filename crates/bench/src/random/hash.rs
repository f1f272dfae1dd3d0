//! Two hashes: one spreads block numbers, the other makes a seed of a file's name.

/// Spreads neighbouring numbers over all 64 bits: a multiplication by 2⁶⁴ divided by the square of the golden ratio.
#[inline]
#[must_use]
pub const fn spread(number: u64) -> u64 {
    number.wrapping_mul(0x61C8_8646_80B5_83EB)
}

const START: u32 = 0x61C8_8647;
const CHUNK_BYTES: usize = 12;

/// Bob Jenkins' one-at-a-time-word hash ("lookup3") as fio has it: of each twelve bytes but the last ones only the
/// first, fifth and ninth count.
#[must_use]
pub fn of_name(name: &[u8]) -> u32 {
    // A name is far below 4 GiB; the reference takes the length modulo 2³² too.
    let start = START.wrapping_add(crate::random::low_half(name.len() as u64));
    let mut words = [start; 3];
    let mut rest = name;
    while rest.len() > CHUNK_BYTES {
        for (word, byte) in words.iter_mut().zip([rest[0], rest[4], rest[8]]) {
            *word = word.wrapping_add(u32::from(byte));
        }
        mix(&mut words);
        rest = &rest[CHUNK_BYTES..];
    }
    if !rest.is_empty() {
        for (at, byte) in rest.iter().enumerate() {
            let word = &mut words[at / 4];
            *word = word.wrapping_add(u32::from(*byte) << (8 * (at % 4)));
        }
        finish(&mut words);
    }
    words[2]
}

/// Mixes three words so that the step could be undone: nothing is lost.
fn mix(words: &mut [u32; 3]) {
    let [mut a, mut b, mut c] = *words;
    for (first, second, third) in [(4, 6, 8), (16, 19, 4)] {
        a = a.wrapping_sub(c) ^ c.rotate_left(first);
        c = c.wrapping_add(b);
        b = b.wrapping_sub(a) ^ a.rotate_left(second);
        a = a.wrapping_add(c);
        c = c.wrapping_sub(b) ^ b.rotate_left(third);
        b = b.wrapping_add(a);
    }
    *words = [a, b, c];
}

/// The last mixing, after which the third word depends on every bit.
fn finish(words: &mut [u32; 3]) {
    let [mut a, mut b, mut c] = *words;
    c = (c ^ b).wrapping_sub(b.rotate_left(14));
    a = (a ^ c).wrapping_sub(c.rotate_left(11));
    b = (b ^ a).wrapping_sub(a.rotate_left(25));
    c = (c ^ b).wrapping_sub(b.rotate_left(16));
    a = (a ^ c).wrapping_sub(c.rotate_left(4));
    b = (b ^ a).wrapping_sub(a.rotate_left(14));
    c = (c ^ b).wrapping_sub(b.rotate_left(24));
    *words = [a, b, c];
}
