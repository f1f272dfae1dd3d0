//! Random choices for tests: a seed that is shown with a failure and can be set by `SEED=`.

use std::hash::{BuildHasher, Hasher, RandomState};

/// A sequence of pseudo-random numbers (xorshift64*).
pub(crate) struct Random {
    state: u64,
}

impl Random {
    /// A sequence from `SEED`, or from the system's randomness.
    pub(crate) fn new() -> Self {
        let seed = std::env::var("SEED").ok().and_then(|text| text.parse().ok());
        let seed = seed.unwrap_or_else(|| RandomState::new().build_hasher().finish());
        show(seed);
        Self { state: seed | 1 }
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.state ^= self.state >> 12;
        self.state ^= self.state << 25;
        self.state ^= self.state >> 27;
        self.state.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    /// A number below `bound`.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        usize::try_from((self.next() >> 16) % bound as u64).unwrap()
    }

    /// A byte; every other one is zero, as on the wire.
    pub(crate) fn byte(&mut self) -> u8 {
        let [kind, byte, ..] = self.next().to_be_bytes();
        if kind % 2 == 0 { 0 } else { byte }
    }
}

#[expect(clippy::print_stderr, reason = "the test runner keeps it and shows it with a failure")]
fn show(seed: u64) {
    eprintln!("SEED={seed}");
}
