//! fio's generators as far as the tests of buffers need them: what came out of them is in the files that the tests compare with.

/// A combined Tausworthe generator of L'Ecuyer, of 32 bits (taus88) or 64 bits (taus258), seeded as fio seeds it.
#[derive(Clone)]
pub(crate) struct Tausworthe {
    words: Vec<u64>,
    wide: bool,
}

/// Left shift of the difference, right shift of it, bits that are kept, left shift of those.
type Step = (u32, u32, u64, u32);

const NARROW: [Step; 3] = [(13, 19, !1, 12), (2, 25, !7, 4), (3, 11, !15, 17)];
const WIDE: [Step; 5] =
    [(1, 53, !1, 10), (24, 50, !511, 5), (3, 23, !4095, 29), (5, 24, !131_071, 23), (3, 33, !8_388_607, 8)];

impl Tausworthe {
    pub(crate) fn new(seed: u64, wide: bool) -> Self {
        let (multiplier, mask) = if wide { (6_906_969_069, u64::MAX) } else { (69069, 0xffff_ffff) };
        let least = [1, 7, 15, 33, 49];
        let mut word = 29 + 19 + 5_u64;
        let words = least[..if wide { 5 } else { 3 }].iter().map(|&least| {
            word = (word.wrapping_mul(multiplier) ^ seed) & mask;
            word += if word < least { least } else { 0 };
            word
        });
        let mut generator = Self { words: words.collect(), wide };
        for _ in 0..6 {
            generator.next();
        }
        generator
    }

    pub(crate) fn next(&mut self) -> u64 {
        let (steps, mask) = if self.wide { (&WIDE[..], u64::MAX) } else { (&NARROW[..], 0xffff_ffff) };
        self.words.iter_mut().zip(steps).fold(0, |all, (word, &(left, right, kept, shift))| {
            let difference = (((*word << left) ^ *word) & mask) >> right;
            *word = (((*word & kept) << shift) & mask) ^ difference;
            all ^ *word
        })
    }

    /// From 0 to `last`, inclusive, as fio scales.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "positive and at most `last`")]
    pub(crate) fn up_to(&mut self, last: u64) -> u64 {
        let whole = if self.wide { 2_f64.powi(64) } else { 2_f64.powi(32) };
        ((last + 1) as f64 * (self.next() as f64 / whole)) as u64
    }

    pub(crate) fn stream(mut self) -> impl FnMut() -> u64 + Clone + Send {
        move || self.next()
    }
}
