//! Random choices for tests: a seed that is printed with a failure and can be set by `SEED=`.

use std::hash::{BuildHasher, Hasher, RandomState};

/// A sequence of pseudo-random numbers (xorshift64*).
pub(crate) struct Random(u64);

impl Random {
    /// A sequence from `SEED`, or from a seed that no one knows before.
    #[expect(clippy::print_stderr, reason = "the test runner keeps it and shows it with a failure")]
    pub(crate) fn new() -> Self {
        let given = std::env::var("SEED").ok().and_then(|text| text.parse().ok());
        let seed = given.unwrap_or_else(|| RandomState::new().build_hasher().finish());
        eprintln!("SEED={seed}");
        Self(seed | 1)
    }

    /// A number of 31 bits.
    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33
    }

    /// A number below `bound`.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next()).unwrap() % bound
    }

    /// One of them.
    pub(crate) fn of<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        &choices[self.below(choices.len())]
    }
}
