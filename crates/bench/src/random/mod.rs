//! Random numbers, bit for bit those of fio 3.33: the same seed gives the same run.
//!
//! - [`taus88`], [`taus258`]: the combined Tausworthe generators (`random_generator=tausworthe`, `tausworthe64`).
//! - [`lfsr`]: the shift register that visits each block once (`random_generator=lfsr`).
//! - [`seeds`]: which seed each purpose of a job gets.
//! - [`zipf`], [`pareto`], [`normal`]: the skewed distributions.
//! - [`hash`]: the two hashes that the above need.
//!
//! Not here: which offset is next ([`crate::offsets`]); the bytes of a buffer.
//!
//! Cost: a 32-bit number takes about 1 ns, a 64-bit one about 2 ns; scaling to a range is a multiplication. Nothing
//! allocates. `zipf` and `pareto` call `pow` once a number; this is the only place where another C library than the
//! reference's could differ in the last bit of a float, and it changes a result only when it straddles an integer.

pub mod hash;
pub mod lfsr;
pub mod normal;
pub mod pareto;
pub mod seeds;
pub mod taus258;
pub mod taus88;
pub mod zipf;

use std::hint::cold_path;

use taus88::Taus88;
use taus258::Taus258;

/// 2⁻³²: a 32-bit number times this is in 0..1, exactly.
const SCALE_32: f64 = 1.0 / 4_294_967_296.0;
/// 2⁻⁶⁴.
const SCALE_64: f64 = SCALE_32 * SCALE_32;

/// Up to this count, its product with a 32-bit number fits 64 bits.
const COUNT_MAX_32: u64 = u32::MAX as u64;
/// How far the rounding of such a product to a double moves it.
const ROUNDING_MAX: u32 = 1 << 10;

/// How many bits a [`Generator`] gives at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Width {
    /// [`Taus88`].
    Bits32,
    /// [`Taus258`].
    Bits64,
}

/// A generator of either width.
#[derive(Debug, Clone)]
pub enum Generator {
    /// Numbers below 2³².
    Bits32(Taus88),
    /// Numbers below 2⁶⁴.
    Bits64(Taus258),
}

impl Generator {
    /// A generator that starts from `seed`; of a 32-bit one only the low half of the seed counts.
    #[must_use]
    pub fn new(seed: u64, width: Width) -> Self {
        match width {
            Width::Bits32 => Self::Bits32(Taus88::new(low_half(seed))),
            Width::Bits64 => Self::Bits64(Taus258::new(seed)),
        }
    }

    /// The next number, over the whole width.
    #[inline(always)]
    pub fn next_number(&mut self) -> u64 {
        match self {
            Self::Bits32(generator) => u64::from(generator.next_number()),
            Self::Bits64(generator) => {
                cold_path();
                generator.next_number()
            }
        }
    }

    /// The largest number that [`Self::next_number`] can give.
    #[must_use]
    pub fn maximum(&self) -> u64 {
        match self {
            Self::Bits32(_) => u64::from(u32::MAX),
            Self::Bits64(_) => u64::MAX,
        }
    }

    /// `count` times a number in 0..1, cut to an integer: below `count`, but for 64-bit generators once in 2⁵⁴ draws
    /// `count` itself, when the number rounds up to 1 (fio does the same).
    #[inline]
    pub fn below(&mut self, count: u64) -> u64 {
        let number = self.next_number();
        self.scaled(number, count)
    }

    /// What [`Self::below`] makes of a number that [`Self::next_number`] gave.
    #[inline]
    #[must_use]
    pub fn scaled(&self, number: u64, count: u64) -> u64 {
        let fraction = match self {
            Self::Bits32(_) => {
                let product = count.wrapping_mul(number);
                // Of a product below 2^64 a double keeps the upper 53 bits at least: rounding moves it by 2^10 at most, and so
                // over an integer, in units of 2^32, only from just below one.
                if count <= COUNT_MAX_32 && low_half(product) < u32::MAX - ROUNDING_MAX {
                    return u64::from(high_half(product));
                }
                cold_path();
                f64::from(low_half(number)) * SCALE_32
            }
            Self::Bits64(_) => {
                cold_path();
                number as f64 * SCALE_64
            }
        };
        floor(count as f64 * fraction)
    }

    /// A number from `start` to `end`, both included.
    ///
    /// With a 32-bit generator the distance is taken modulo 2³², and a result that is 2³¹ or more above `start` becomes
    /// exactly 2³¹ above it: fio's arithmetic, seen with `startdelay=` ranges beyond 35 minutes.
    pub fn between(&mut self, start: u64, end: u64) -> u64 {
        let distance = end.wrapping_sub(start);
        match self {
            Self::Bits32(generator) => {
                let count = low_half(distance).wrapping_add(1);
                let above = floor(f64::from(count) * (f64::from(generator.next_number()) * SCALE_32));
                start.wrapping_add(above.min(1 << 31))
            }
            Self::Bits64(_) => start.wrapping_add(self.below(distance.wrapping_add(1))),
        }
    }

    /// A number above 0 and at most 1, for logarithms.
    pub fn unit(&mut self) -> f64 {
        match self {
            Self::Bits32(generator) => (f64::from(generator.next_number()) + 1.0) * SCALE_32,
            Self::Bits64(generator) => (generator.next_number() as f64 + 1.0) * SCALE_64,
        }
    }

    /// A seed for a buffer: the product of two numbers, modulo 2⁶⁴.
    pub fn next_seed(&mut self) -> u64 {
        let first = self.next_number();
        first.wrapping_mul(self.next_number())
    }
}

/// Percent, from 1 to 100, both included: what fio's decisions by percentage compare with.
#[inline]
pub fn percent(generator: &mut Taus88) -> u32 {
    // A hundred times a 32-bit number is exact in a double too, so the shift gives what fio's float gives.
    1 + high_half(100 * u64::from(generator.next_number()))
}

/// The integer part of a number that is not negative.
#[inline]
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "cutting is the purpose")]
pub(crate) fn floor(value: f64) -> u64 {
    value as u64
}

/// The low 32 bits.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "cutting is the purpose")]
pub(crate) const fn low_half(value: u64) -> u32 {
    value as u32
}

/// The high 32 bits.
#[inline]
pub(crate) const fn high_half(value: u64) -> u32 {
    low_half(value >> 32)
}

#[cfg(test)]
mod tests;
