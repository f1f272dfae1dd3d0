//! Pareto's distribution as fio words it: with power `h`, a part `h` of the items gets a part `1 - h` of the draws.

use super::floor;
use super::taus88::Taus88;
use super::zipf::{Placement, start};

/// A sequence of draws. Cost of a draw: one `pow`, one division of integers.
#[derive(Debug, Clone)]
pub struct Pareto {
    generator: Taus88,
    placement: Placement,
    count: u64,
    start: u64,
    power: f64,
}

impl Pareto {
    /// Draws among `count` items (at least 1) with power `h`, above 0 and below 1.
    #[must_use]
    pub fn new(count: u64, h: f64, placement: Placement, seed: u32) -> Self {
        let mut generator = Taus88::new(seed);
        let count = count.max(1);
        let start = start(&mut generator, count, placement);
        Self { generator, placement, count, start, power: h.ln() / (1.0 - h).ln() }
    }

    /// The next item, below the count.
    pub fn next_item(&mut self) -> u64 {
        let uniform = f64::from(self.generator.next_number()) / f64::from(u32::MAX);
        let rank = floor((self.count - 1) as f64 * uniform.powf(self.power));
        self.placement.item(rank, self.start, self.count)
    }
}
