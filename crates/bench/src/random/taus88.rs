//! L'Ecuyer's combined Tausworthe generator of three components: 32 bits a number, period about 2⁸⁸.
//!
//! Source: P. L'Ecuyer, "Maximally Equidistributed Combined Tausworthe Generators", Mathematics of Computation 65 (1996).

/// The state of a generator.
#[derive(Debug, Clone)]
pub struct Taus88 {
    components: [u32; 3],
}

/// Numbers thrown away after seeding.
const WARM_UP: u32 = 6;
/// Where the chain of seeds starts.
const SEED_START: u32 = 53;
const SEED_FACTOR: u32 = 69069;

impl Taus88 {
    /// A generator that starts from `seed`. Each component must exceed a minimum, given by the paper's erratum.
    #[must_use]
    pub fn new(seed: u32) -> Self {
        let mut previous = SEED_START;
        let components = [1, 7, 15].map(|minimum| {
            let chained = previous.wrapping_mul(SEED_FACTOR) ^ seed;
            previous = if chained < minimum { chained + minimum } else { chained };
            previous
        });
        let mut generator = Self { components };
        for _ in 0..WARM_UP {
            generator.next_number();
        }
        generator
    }

    /// Its components, for whoever keeps them.
    #[must_use]
    pub fn state(&self) -> [u32; 3] {
        self.components
    }

    /// The next number, over all 32 bits.
    #[inline]
    pub fn next_number(&mut self) -> u32 {
        let [a, b, c] = self.components;
        let a = ((a & !1) << 12) ^ (((a << 13) ^ a) >> 19);
        let b = ((b & !7) << 4) ^ (((b << 2) ^ b) >> 25);
        let c = ((c & !15) << 17) ^ (((c << 3) ^ c) >> 11);
        self.components = [a, b, c];
        a ^ b ^ c
    }
}
