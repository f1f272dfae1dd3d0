//! L'Ecuyer's combined Tausworthe generator of five components: 64 bits a number, period about 2²⁵⁸.
//!
//! Source: P. L'Ecuyer, "Tables of Maximally Equidistributed Combined LFSR Generators", Mathematics of Computation 68
//! (1999).

/// The state of a generator.
#[derive(Debug, Clone)]
pub struct Taus258 {
    components: [u64; 5],
}

/// Numbers thrown away after seeding.
const WARM_UP: u32 = 6;
/// Where the chain of seeds starts.
const SEED_START: u64 = 53;
const SEED_FACTOR: u64 = 6_906_969_069;

impl Taus258 {
    /// A generator that starts from `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let mut previous = SEED_START;
        // The minimum of each component is that of fio, lower than the masks below would ask for: a component that
        // starts too small stays zero for a while, and users' seeds give what they gave.
        let components = [1, 7, 15, 33, 49].map(|minimum| {
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
    pub fn state(&self) -> [u64; 5] {
        self.components
    }

    /// The next number, over all 64 bits.
    #[inline]
    pub fn next_number(&mut self) -> u64 {
        let [a, b, c, d, e] = self.components;
        // The low bits that do not take part are 1, 9, 12, 17 and 23.
        let a = ((a & (!0 << 1)) << 10) ^ (((a << 1) ^ a) >> 53);
        let b = ((b & (!0 << 9)) << 5) ^ (((b << 24) ^ b) >> 50);
        let c = ((c & (!0 << 12)) << 29) ^ (((c << 3) ^ c) >> 23);
        let d = ((d & (!0 << 17)) << 23) ^ (((d << 5) ^ d) >> 24);
        let e = ((e & (!0 << 23)) << 8) ^ (((e << 3) ^ e) >> 33);
        self.components = [a, b, c, d, e];
        a ^ b ^ c ^ d ^ e
    }
}
