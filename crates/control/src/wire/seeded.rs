//! Random choices for tests: a seed that is printed with a failure and can be set by `SEED=`.

use std::fmt;

/// A sequence of pseudo-random numbers (xorshift64*).
pub(crate) struct Random {
    seed: u64,
    state: u64,
}

impl Random {
    /// A sequence from `SEED`, or from the time.
    pub(crate) fn new() -> Self {
        let seed = std::env::var("SEED").ok().and_then(|text| text.parse().ok()).unwrap_or_else(|| {
            let since_epoch = reactor::clock::wall().duration_since(std::time::UNIX_EPOCH).unwrap();
            u64::try_from(since_epoch.as_nanos() % u128::from(u64::MAX)).unwrap()
        });
        // Shown by the test runner when the test fails.
        eprintln_seed(seed);
        Self { seed, state: seed | 1 }
    }

    /// A number below `bound`.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.state ^= self.state >> 12;
        self.state ^= self.state << 25;
        self.state ^= self.state >> 27;
        let number = self.state.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33;
        usize::try_from(number).unwrap() % bound
    }
}

#[expect(clippy::print_stderr, reason = "the test runner keeps it and shows it with a failure")]
fn eprintln_seed(seed: u64) {
    eprintln!("SEED={seed}");
}

impl fmt::Display for Random {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "SEED={}", self.seed)
    }
}
