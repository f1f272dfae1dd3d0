//! Percentiles of a histogram, as fio finds them.
//!
//! A percentile is the value of the first bucket up to which at least its share of the samples was counted. Fio compares
//! with a product of 80-bit floats (x86's long double): whether "60 % of 5" is at most 3 hangs on its rounding. Compiled
//! with `-ffast-math`, as fio is, the product is `(samples * 0.01) * percentile` (read from the code of Debian's 3.33).
//! [`Extended`] rounds the same way, so that the same bucket is chosen.

use super::histogram::{Histogram, value_of};

/// Most percentiles that can be asked for. Parity: fio.
pub const PERCENTILES_MAX: usize = 20;

/// What is shown when nothing else is asked for.
const DEFAULT: [f64; 17] =
    [1.0, 5.0, 10.0, 20.0, 30.0, 40.0, 50.0, 60.0, 70.0, 80.0, 90.0, 95.0, 99.0, 99.5, 99.9, 99.95, 99.99];

/// Percentiles to show, ascending, each above 0 and at most 100.
#[derive(Debug, Clone, PartialEq)]
pub struct PercentileList(Vec<f64>);

impl Default for PercentileList {
    fn default() -> Self {
        Self(DEFAULT.to_vec())
    }
}

impl PercentileList {
    /// Takes a list in any order. It ends at its first 0, after [`PERCENTILES_MAX`] entries or at one that is no
    /// percentage; the option's parser has refused those.
    #[must_use]
    pub fn new(percentiles: &[f64]) -> Self {
        let valid = |percentile: &f64| *percentile > 0.0 && *percentile <= 100.0;
        let mut list: Vec<_> = percentiles.iter().copied().take(PERCENTILES_MAX).take_while(valid).collect();
        list.sort_by(f64::total_cmp);
        Self(list)
    }

    /// The percentiles, ascending.
    #[must_use]
    pub fn as_slice(&self) -> &[f64] {
        &self.0
    }

    /// The value in nanoseconds of each percentile. Without a histogram or samples all are 0.
    #[must_use]
    pub fn values(&self, histogram: Option<&Histogram>, samples: u64) -> Vec<u64> {
        let Some(histogram) = histogram else {
            return vec![0; self.0.len()];
        };
        let mut values = Vec::with_capacity(self.0.len());
        let mut counted: u64 = 0;
        for (bucket, count) in histogram.counts().iter().enumerate() {
            counted = counted.saturating_add(*count);
            let reached = |percentile: &&f64| Extended::share(**percentile, samples).at_most(counted);
            let more = self.0[values.len()..].iter().take_while(reached).count();
            values.resize(values.len() + more, value_of(bucket));
            if values.len() == self.0.len() {
                break;
            }
        }
        // More samples than counts: made elsewhere, and wrong. The largest value there is stands for the rest.
        let last = histogram.bins().last().map_or(0, |(value, _)| value);
        values.resize(self.0.len(), last);
        values
    }
}

/// A number with 64 significant bits, as x86's long double has them: `significand * 2^exponent`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Extended {
    /// 0, or with its highest bit set.
    significand: u64,
    exponent: i32,
}

impl Extended {
    /// 0.01, rounded.
    const HUNDREDTH: Self = Self { significand: 0xa3d7_0a3d_70a3_d70a, exponent: -70 };

    /// `samples * 0.01 * percentile`, rounded after each of the two steps.
    fn share(percentile: f64, samples: u64) -> Self {
        Self::from_integer(samples).times(Self::HUNDREDTH).times(Self::from_double(percentile))
    }

    fn from_integer(value: u64) -> Self {
        Self::rounded(u128::from(value), 0)
    }

    /// Exact; for positive normal numbers.
    fn from_double(value: f64) -> Self {
        let bits = value.to_bits();
        let fraction = (bits & ((1 << 52) - 1)) | 1 << 52;
        let exponent = i32::try_from(bits >> 52 & 0x7ff).unwrap_or(0) - 1075;
        Self::rounded(u128::from(fraction), exponent)
    }

    fn times(self, factor: Self) -> Self {
        let product = u128::from(self.significand) * u128::from(factor.significand);
        Self::rounded(product, self.exponent + factor.exponent)
    }

    /// `value * 2^exponent` to the nearest 64-bit significand, ties to the even one.
    #[expect(clippy::cast_possible_truncation, reason = "shifted to at most 64 bits, counts of bits fit")]
    #[expect(clippy::cast_possible_wrap, reason = "counts of bits are small")]
    fn rounded(value: u128, exponent: i32) -> Self {
        if value == 0 {
            return Self { significand: 0, exponent: 0 };
        }
        let bits = 128 - value.leading_zeros();
        if bits <= 64 {
            let shift = 64 - bits;
            return Self { significand: (value as u64) << shift, exponent: exponent - shift as i32 };
        }
        let shift = bits - 64;
        let (kept, lost) = ((value >> shift) as u64, value & ((1 << shift) - 1));
        let half = 1_u128 << (shift - 1);
        let up = lost > half || (lost == half && kept & 1 == 1);
        let exponent = exponent + shift as i32;
        match kept.checked_add(u64::from(up)) {
            Some(significand) => Self { significand, exponent },
            None => Self { significand: 1 << 63, exponent: exponent + 1 },
        }
    }

    /// Whether this is not above an integer.
    fn at_most(self, integer: u64) -> bool {
        let integer = Self::from_integer(integer);
        if self.significand == 0 || integer.significand == 0 {
            return self.significand == 0;
        }
        (self.exponent, self.significand) <= (integer.exponent, integer.significand)
    }
}

#[cfg(test)]
mod tests;
