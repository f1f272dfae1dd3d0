//! The normal distribution as fio makes it: the mean of twelve uniform draws, moved by a deviation.

use super::taus88::Taus88;
use super::zipf::Placement;
use super::{floor, low_half};

const DRAWS: u64 = 12;

/// A sequence of draws. Cost of a draw: thirteen numbers, thirteen divisions of integers.
#[derive(Debug, Clone)]
pub struct Normal {
    generator: Taus88,
    placement: Placement,
    count: u64,
    start: u64,
    deviation: u32,
}

impl Normal {
    /// Draws among `count` items (at least 1); `deviation` is in percent of them, 0 to 100.
    ///
    /// [`Placement::center`] moves the middle from where it is without it; fio keeps the move in 32 bits.
    #[must_use]
    pub fn new(count: u64, deviation: f64, placement: Placement, seed: u32) -> Self {
        let count = count.max(1);
        let items = (count as f64 * deviation / 100.0).ceil();
        Self {
            generator: Taus88::new(seed),
            placement,
            count,
            start: placement.center.map_or(0, |center| u64::from(wrapped(count as f64 * (center - 0.5)))),
            deviation: low_half(floor(items).min(u64::from(u32::MAX)))
                .min(low_half((count / 2).min(u64::from(u32::MAX)))),
        }
    }

    /// The next item, below the count.
    pub fn next_item(&mut self) -> u64 {
        let mut sum = 0;
        for _ in 0..DRAWS {
            sum += u64::from(self.generator.next_number()) % (self.count + 1);
        }
        let mean = sum.div_ceil(DRAWS);
        let moved = if self.deviation == 0 { mean } else { self.moved(mean) };
        self.placement.item(moved, self.start, self.count)
    }

    /// `mean` moved by up to half of the deviation to either side; the move is halved until it stays in range.
    fn moved(&mut self, mean: u64) -> u64 {
        // Below 2⁶⁴: both factors are 32 bits wide. fio's float is exact here as long as the product has 53 bits.
        let drawn = floor(f64::from(self.deviation) * (f64::from(self.generator.next_number()) / 4_294_967_296.0));
        let mut by = drawn.cast_signed() - i64::from(self.deviation / 2);
        while mean.wrapping_add_signed(by) >= self.count && by != 0 {
            by /= 2;
        }
        mean.wrapping_add_signed(by)
    }
}

/// A number, cut and taken modulo 2³².
#[expect(clippy::cast_possible_truncation, reason = "cutting is the purpose")]
fn wrapped(value: f64) -> u32 {
    low_half((value as i64).cast_unsigned())
}
