//! Zipf's distribution: the most popular of `count` items is drawn most, the second 2⁻ᶿ as often, and so on.

use super::floor;
use super::hash::spread;
use super::taus88::Taus88;

/// Terms of the normalising sum that are computed; more would take seconds and change little.
pub const TERMS_MAX: u64 = 10_000_000;

/// Where the most popular item lies and whether its neighbours are the next popular ones.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Placement {
    /// Part of the range, 0 to 1, where the most popular item is; `None`: where the seed says.
    pub center: Option<f64>,
    /// Popular items are spread over the range instead of lying side by side.
    pub spread: bool,
}

impl Placement {
    /// The item that `rank` stands for, of `count` items with the most popular at `start`.
    #[inline]
    pub(super) fn item(self, rank: u64, start: u64, count: u64) -> u64 {
        let place = if self.spread { spread(rank) } else { rank };
        place.wrapping_add(start) % count
    }
}

/// A sequence of draws. Cost of a draw: one `pow`, one division of integers.
#[derive(Debug, Clone)]
pub struct Zipf {
    generator: Taus88,
    placement: Placement,
    count: u64,
    start: u64,
    /// The sum of the popularities.
    total: f64,
    /// The popularity of the first two items.
    first_two: f64,
    eta: f64,
    alpha: f64,
}

impl Zipf {
    /// Draws among `count` items (at least 1) with exponent `theta` (not 1).
    ///
    /// Cost: `count` powers, at most [`TERMS_MAX`] (about 0.2 s).
    #[must_use]
    pub fn new(count: u64, theta: f64, placement: Placement, seed: u32) -> Self {
        let mut generator = Taus88::new(seed);
        let count = count.max(1);
        let start = start(&mut generator, count, placement);
        let mut total = 0.0;
        for rank in 0..count.min(TERMS_MAX) {
            total += (1.0 / (rank + 1) as f64).powf(theta);
        }
        let second = 0.5_f64.powf(theta);
        let eta = (1.0 - (2.0 / count as f64).powf(1.0 - theta)) / (1.0 - (1.0 + second) / total);
        Self { generator, placement, count, start, total, first_two: 1.0 + second, eta, alpha: 1.0 / (1.0 - theta) }
    }

    /// The next item, below the count.
    pub fn next_item(&mut self) -> u64 {
        let uniform = f64::from(self.generator.next_number()) / f64::from(u32::MAX);
        let share = uniform * self.total;
        let rank = if share < 1.0 {
            0
        } else if share < self.first_two {
            1
        } else {
            floor(self.count as f64 * (self.eta * uniform - self.eta + 1.0).powf(self.alpha))
        };
        self.placement.item(rank, self.start, self.count)
    }
}

/// Where the most popular of `count` items is. A number is drawn in any case.
pub(super) fn start(generator: &mut Taus88, count: u64, placement: Placement) -> u64 {
    let drawn = u64::from(generator.next_number());
    placement.center.map_or(drawn, |center| floor(count as f64 * center))
}
