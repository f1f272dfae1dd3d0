//! Minimum, maximum, mean and standard deviation: the integer sums of the hot path, and what becomes of them.
//!
//! [`Moments`] is kept while I/O runs: the sum and the sum of squares in integers, so that a sample costs a multiplication
//! and three additions and nothing is rounded (`Sums` is the same without the number of samples, for several figures of the
//! same I/Os). [`SampleStatistics`] is made of it for reports, merged there, and is what
//! fio's results hold.
//!
//! Fio updates a mean and a sum of squared deviations in doubles with every sample (Welford's method). Both compute
//! `mean = Σx / n` and `S = Σ(x - mean)²`; fio's carries the rounding of each step, some 2^-53 of the mean a sample, ours is
//! rounded once at the end. Printed with two (normal) or six (json, terse) decimals they agree but for the last digit of
//! large values.

/// Running sums of samples whose number is counted elsewhere.
///
/// What a sample does not need is behind branches that are next to never taken: new extremes, and squares that no longer
/// fit. The sum has no check of its own: no integer is larger than its square, so it cannot be full before the squares are,
/// and both are moved away together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sums {
    minimum: u64,
    maximum: u64,
    sum: u64,
    squares: u64,
    moved_sum: u128,
    moved_squares: u128,
}

impl Default for Sums {
    fn default() -> Self {
        Self { minimum: u64::MAX, maximum: 0, sum: 0, squares: 0, moved_sum: 0, moved_squares: 0 }
    }
}

impl Sums {
    /// Adds a sample.
    #[inline(always)]
    pub(super) fn record(&mut self, value: u64) {
        if value < self.minimum || value > self.maximum {
            self.widen(value);
        }
        let (square, too_large) = value.overflowing_mul(value);
        let (squares, full) = self.squares.overflowing_add(square);
        if too_large || full {
            self.move_away(value);
        } else {
            self.squares = squares;
            self.sum += value;
        }
    }

    #[cold]
    fn widen(&mut self, value: u64) {
        self.minimum = self.minimum.min(value);
        self.maximum = self.maximum.max(value);
    }

    #[cold]
    fn move_away(&mut self, value: u64) {
        let square = u128::from(value) * u128::from(value);
        self.moved_sum = self.total().saturating_add(u128::from(value));
        self.moved_squares = self.total_of_squares().saturating_add(square);
        self.sum = 0;
        self.squares = 0;
    }

    /// Adds `count` samples that are all the same. Costs as much as some four samples.
    pub(super) fn record_many(&mut self, value: u64, count: u64) {
        if count > 0 {
            self.widen(value);
        }
        let (value, count) = (u128::from(value), u128::from(count));
        self.add(value * count, (value * value).saturating_mul(count));
    }

    /// Adds the samples of a batch, each larger by `distance`. Costs as much as some four samples.
    pub(super) fn record_batch(&mut self, batch: &Batch, distance: u64) {
        if batch.count > 0 {
            self.widen(batch.minimum.saturating_add(distance));
            self.widen(batch.maximum.saturating_add(distance));
        }
        let [count, distance, total] = [batch.count, distance, batch.sum].map(u128::from);
        // Σ(x + d) = Σx + nd, and Σ(x + d)² = Σx² + 2dΣx + nd².
        let mixed = distance * (2 * total);
        let squares = (distance * distance).saturating_mul(count).saturating_add(mixed);
        self.add(total + distance * count, squares.saturating_add(u128::from(batch.squares)));
    }

    #[inline]
    fn add(&mut self, sum: u128, squares: u128) {
        self.moved_sum = self.moved_sum.saturating_add(sum);
        self.moved_squares = self.moved_squares.saturating_add(squares);
    }

    /// What reports say, when there were so many samples.
    pub(super) fn statistics(&self, samples: u64) -> SampleStatistics {
        if samples == 0 {
            return SampleStatistics::default();
        }
        SampleStatistics {
            samples,
            minimum: self.minimum,
            maximum: self.maximum,
            mean: self.total() as f64 / samples as f64,
            squared_deviations: self.squared_deviations(u128::from(samples)),
        }
    }

    fn total(&self) -> u128 {
        self.moved_sum + u128::from(self.sum)
    }

    fn total_of_squares(&self) -> u128 {
        self.moved_squares.saturating_add(u128::from(self.squares))
    }

    /// Σ(x - mean)² = Σx² - (Σx)² / n, without the cancellation that doubles would have.
    fn squared_deviations(&self, samples: u128) -> f64 {
        match self.total().checked_mul(self.total()) {
            Some(square) => {
                let whole = self.total_of_squares().saturating_sub(square / samples);
                whole as f64 - (square % samples) as f64 / samples as f64
            }
            None => {
                let mean = self.total() as f64 / samples as f64;
                (self.total_of_squares() as f64 - mean * self.total() as f64).max(0.0)
            }
        }
    }
}

/// Sums of a few samples that are going to be added to others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Batch {
    count: u64,
    minimum: u64,
    maximum: u64,
    sum: u64,
    squares: u64,
}

impl Batch {
    /// Without a sample.
    pub(super) const EMPTY: Self = Self { count: 0, minimum: u64::MAX, maximum: 0, sum: 0, squares: 0 };

    /// Samples so far.
    #[inline]
    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// Adds a sample; `false`: the sums would no longer fit, and nothing was added.
    #[inline(always)]
    #[must_use]
    pub(super) fn record(&mut self, value: u64) -> bool {
        let (square, too_large) = value.overflowing_mul(value);
        let (squares, full) = self.squares.overflowing_add(square);
        if too_large || full {
            return false;
        }
        self.count += 1;
        self.minimum = self.minimum.min(value);
        self.maximum = self.maximum.max(value);
        // Not full before the squares are: no integer is larger than its square.
        self.sum += value;
        self.squares = squares;
        true
    }
}

/// Running sums of samples, and their number.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Moments {
    samples: u64,
    sums: Sums,
}

impl Moments {
    /// Adds a sample.
    #[inline]
    pub fn record(&mut self, value: u64) {
        self.samples += 1;
        self.sums.record(value);
    }

    /// How many samples there are.
    #[must_use]
    pub fn samples(&self) -> u64 {
        self.samples
    }

    /// The largest sample; 0 without any.
    #[must_use]
    pub fn maximum(&self) -> u64 {
        self.sums.maximum
    }

    /// The mean, rounded half up; 0 without any sample. As fio rounds the averages of its logs.
    #[must_use]
    pub fn rounded_mean(&self) -> u64 {
        match u128::from(self.samples) {
            0 => 0,
            samples => u64::try_from((2 * self.sums.total() + samples) / (2 * samples)).unwrap_or(u64::MAX),
        }
    }

    /// What reports say.
    #[must_use]
    pub fn statistics(&self) -> SampleStatistics {
        self.sums.statistics(self.samples)
    }
}

/// Minimum, maximum, mean and deviation of samples that are all known.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SampleStatistics {
    /// How many samples.
    pub samples: u64,
    /// The smallest; `u64::MAX` without any.
    pub minimum: u64,
    /// The largest; 0 without any.
    pub maximum: u64,
    /// Their mean; 0 without any.
    pub mean: f64,
    /// The sum of the squares of their distances from the mean.
    pub squared_deviations: f64,
}

impl Default for SampleStatistics {
    fn default() -> Self {
        Self { samples: 0, minimum: u64::MAX, maximum: 0, mean: 0.0, squared_deviations: 0.0 }
    }
}

impl SampleStatistics {
    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.samples == 0
    }

    /// The standard deviation (of a sample: divided by n - 1); 0 with fewer than two.
    #[must_use]
    pub fn standard_deviation(&self) -> f64 {
        if self.samples > 1 { (self.squared_deviations / (self.samples as f64 - 1.0)).sqrt() } else { 0.0 }
    }

    /// Adds samples that were taken beside these: latencies of several jobs.
    pub fn merge(&mut self, other: &Self) {
        if other.is_empty() {
            return;
        }
        if self.is_empty() {
            *self = *other;
            return;
        }
        let (mine, theirs) = (self.samples as f64, other.samples as f64);
        let together = mine + theirs;
        let distance = other.mean - self.mean;
        self.minimum = self.minimum.min(other.minimum);
        self.maximum = self.maximum.max(other.maximum);
        self.mean = (other.mean * theirs + self.mean * mine) / together;
        self.squared_deviations =
            other.squared_deviations + self.squared_deviations + distance.powi(2) * (mine * theirs) / together;
        self.samples = self.samples.saturating_add(other.samples);
    }

    /// Adds what jobs did at the same time: bandwidths and IOPS, whose values add up. Parity: fio sums every member, the
    /// number of samples included.
    pub fn add(&mut self, other: &Self) {
        if other.is_empty() {
            return;
        }
        if self.is_empty() {
            *self = *other;
            return;
        }
        self.minimum = self.minimum.saturating_add(other.minimum);
        self.maximum = self.maximum.saturating_add(other.maximum);
        self.samples = self.samples.saturating_add(other.samples);
        self.mean += other.mean;
        self.squared_deviations += other.squared_deviations;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moments(values: &[u64]) -> Moments {
        let mut moments = Moments::default();
        values.iter().for_each(|value| moments.record(*value));
        moments
    }

    #[test]
    fn known_samples() {
        let statistics = moments(&[2, 4, 4, 4, 5, 5, 7, 9]).statistics();
        assert_eq!((statistics.samples, statistics.minimum, statistics.maximum), (8, 2, 9));
        assert_eq!(statistics.mean, 5.0);
        assert_eq!(statistics.squared_deviations, 32.0);
        assert_eq!(format!("{:.6}", statistics.standard_deviation()), "2.138090");
        assert_eq!(moments(&[7]).statistics().standard_deviation(), 0.0);
        assert_eq!(moments(&[]).statistics(), SampleStatistics::default());
    }

    /// What fio does with each sample, in doubles.
    fn welford(values: impl Iterator<Item = u64>) -> (f64, f64, f64) {
        let (mut mean, mut squares, mut samples) = (0.0, 0.0, 0.0);
        for value in values {
            let delta = value as f64 - mean;
            mean += delta / (samples + 1.0);
            squares += delta * (value as f64 - mean);
            samples += 1.0;
        }
        (mean, squares, samples)
    }

    #[test]
    fn sums_agree_with_fios_running_formulas_to_the_printed_precision() {
        // A plausible run: latencies around 80 µs with a tail, a million of them.
        let values = || (0..1_000_000_u64).map(|at| 60_000 + at.wrapping_mul(2_654_435_761) % 40_000 + (at % 997) * 50);
        let mut moments = Moments::default();
        values().for_each(|value| moments.record(value));
        let ours = moments.statistics();
        let (mean, squares, samples) = welford(values());
        assert_eq!(format!("{:.6}", ours.mean), format!("{mean:.6}"));
        let deviation = (squares / (samples - 1.0)).sqrt();
        assert_eq!(format!("{:.5}", ours.standard_deviation()), format!("{deviation:.5}"));
    }

    #[test]
    fn merging_halves_gives_the_whole() {
        let values = [3, 900, 17, 17, 40_000, 5, 1_000_000];
        let whole = moments(&values).statistics();
        let mut merged = moments(&values[..3]).statistics();
        merged.merge(&SampleStatistics::default());
        merged.merge(&moments(&values[3..]).statistics());
        assert_eq!((merged.samples, merged.minimum, merged.maximum), (whole.samples, 3, 1_000_000));
        assert!((merged.mean - whole.mean).abs() < 1e-9 * whole.mean);
        assert!((merged.squared_deviations - whole.squared_deviations).abs() < 1e-9 * whole.squared_deviations);
    }

    #[test]
    fn adding_sums_every_member() {
        let mut sum = SampleStatistics::default();
        sum.add(&moments(&[10, 20]).statistics());
        sum.add(&moments(&[5, 6]).statistics());
        assert_eq!((sum.samples, sum.minimum, sum.maximum, sum.mean), (4, 15, 26, 20.5));
        assert_eq!(sum.squared_deviations, 50.5);
    }

    /// Values of all sizes, whose squares do not fit sometimes, against sums that always do.
    #[test]
    fn nothing_is_lost_when_sums_are_moved_away() {
        let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
        let values: Vec<u64> = (0..10_000)
            .map(|at| {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                seed >> (22 + at % 40)
            })
            .collect();
        let sums = moments(&values).sums;
        assert_eq!(sums.total(), values.iter().map(|value| u128::from(*value)).sum());
        assert_eq!(sums.total_of_squares(), values.iter().map(|value| u128::from(*value).pow(2)).sum());
        assert!(sums.moved_squares != 0 && sums.squares != 0, "both places are used");
    }

    #[test]
    fn sums_beyond_64_bits_are_kept() {
        let value = 1 << 62;
        let statistics = moments(&[value; 9]).statistics();
        assert_eq!(statistics.mean, value as f64);
        assert_eq!(moments(&[value; 9]).rounded_mean(), value);
        assert_eq!(moments(&[1, 2]).rounded_mean(), 2);
        assert_eq!(moments(&[1, 1, 2]).rounded_mean(), 1);
    }
}
