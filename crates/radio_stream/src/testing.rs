//! What the tests of this crate share: numbers that repeat from a seed.

/// Prints what is shown should the test fail.
#[expect(clippy::print_stderr, reason = "a seed that nobody sees repeats nothing")]
pub(crate) fn tell(text: std::fmt::Arguments<'_>) {
    eprintln!("{text}");
}

/// SplitMix64.
#[derive(Debug)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// From `SEED`, else from the clock; the seed is printed, and shown when the test fails.
    pub(crate) fn seeded() -> Self {
        let given = std::env::var("SEED").ok().and_then(|text| text.parse().ok());
        let seed = given.unwrap_or_else(|| {
            let passed = reactor::clock::wall().duration_since(std::time::UNIX_EPOCH).unwrap();
            u64::try_from(passed.as_nanos() & u128::from(u64::MAX)).unwrap()
        });
        tell(format_args!("SEED={seed}"));
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn byte(&mut self) -> u8 {
        self.next().to_le_bytes()[0]
    }

    /// Fewer than `bound` bytes.
    pub(crate) fn bytes(&mut self, bound: usize) -> Vec<u8> {
        (0..self.below(bound)).map(|_| self.byte()).collect()
    }

    /// A number below `bound`.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(bound).unwrap()).unwrap()
    }

    /// Whether something happens that does so `percent` times in a hundred.
    pub(crate) fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }
}

/// A file of MPEG-1 layer III frames with 128 kbit/s, each of which has its number in it.
pub(crate) fn mp3(rate: u32, frames: u32) -> Vec<u8> {
    let (rate_bits, length) = match rate {
        44_100 => (0, 417),
        48_000 => (4, 384),
        _ => (8, 576),
    };
    let mut file = Vec::new();
    for number in 0..frames {
        file.extend_from_slice(&[0xff, 0xfb, 0x90 | rate_bits, 0x44]);
        file.extend_from_slice(&[0; 32]);
        // Seven bits a byte: nothing in there looks like the beginning of a frame.
        file.extend((0..4).map(|place| (number >> (7 * place) & 0x7f).to_le_bytes()[0]));
        file.resize(file.len() + length - 40, 0x55);
    }
    file
}
