//! How long the next I/O is (`bs`, `bsrange`, `bssplit`, `bs_unaligned`).
//!
//! A fixed length draws nothing. A range takes one number and a multiplication; `bssplit` compares one number with
//! thresholds that were computed beforehand. Only a smallest length that is no power of two costs a division.

use super::settings::BlockSize;
use crate::random::Generator;

#[derive(Debug, Clone, Copy)]
struct Threshold {
    /// The entry is taken by numbers below this, of those that no entry before took.
    below: u128,
    /// Length as the option says: this is what must fit.
    bytes: u64,
    /// Length after alignment: this is what is used.
    aligned: u64,
}

/// The lengths of a direction.
#[derive(Debug, Clone)]
pub(super) struct Lengths {
    minimum: u64,
    maximum: u64,
    unaligned: bool,
    /// For division by the minimum, when it is a power of two.
    shift: Option<u32>,
    thresholds: Vec<Threshold>,
    generator: Generator,
}

impl Lengths {
    pub(super) fn new(size: &BlockSize, unaligned: bool, generator: Generator) -> Self {
        let shift = size.minimum.is_power_of_two().then(|| size.minimum.trailing_zeros());
        let (minimum, maximum) = (size.minimum, size.maximum);
        let mut lengths = Self { minimum, maximum, unaligned, shift, thresholds: Vec::new(), generator };
        let hundredth = u128::from(lengths.generator.maximum() / 100);
        let mut percent = 0;
        for entry in size.split.iter().filter(|entry| entry.percent > 0) {
            percent += u128::from(entry.percent);
            let aligned = lengths.align(entry.bytes);
            lengths.thresholds.push(Threshold { below: (hundredth + 1) * percent, bytes: entry.bytes, aligned });
        }
        lengths
    }

    /// Starts the draws from another generator.
    pub(super) fn seed(&mut self, generator: Generator) {
        self.generator = generator;
    }

    /// Smallest blocks that `bytes` touch.
    #[inline]
    pub(super) fn blocks(&self, bytes: u64) -> u64 {
        match self.shift {
            Some(shift) => (bytes + self.minimum - 1) >> shift,
            None => bytes.div_ceil(self.minimum),
        }
    }

    /// The smallest length.
    #[inline]
    pub(super) fn minimum(&self) -> u64 {
        self.minimum
    }

    /// The length, if it is always the same.
    pub(super) fn fixed(&self) -> Option<u64> {
        (self.minimum == self.maximum).then_some(self.minimum)
    }

    /// The next length, of which `room` bytes are left; `None`: not even the smallest fits.
    ///
    /// A fixed length is given whether it fits or not.
    #[inline]
    pub(super) fn next_length(&mut self, room: u64) -> Option<u64> {
        if self.minimum == self.maximum {
            return Some(self.minimum);
        }
        self.next_drawn(room)
    }

    fn next_drawn(&mut self, room: u64) -> Option<u64> {
        if room < self.minimum || !self.can_fit(room) {
            return None;
        }
        loop {
            let length = if self.thresholds.is_empty() { self.ranged() } else { self.split(room) };
            if length <= room {
                return Some(length);
            }
        }
    }

    /// Whether any draw can fit: fio draws for ever when the smallest entry of `bssplit` has no share.
    fn can_fit(&self, room: u64) -> bool {
        self.thresholds.is_empty() || self.thresholds.iter().any(|entry| entry.aligned.min(entry.bytes) <= room)
    }

    /// The smallest plus a part of the largest, cut to a multiple and to the largest. So the smallest and the largest are
    /// not as likely as those between: it is what users' seeds are used to.
    fn ranged(&mut self) -> u64 {
        let length = self.minimum + self.generator.below(self.maximum);
        self.align(length).min(self.maximum)
    }

    fn split(&mut self, room: u64) -> u64 {
        let number = u128::from(self.generator.next_number());
        let taken = self.thresholds.iter().find(|entry| number < entry.below && entry.bytes <= room);
        taken.or(self.thresholds.last()).map_or(self.minimum, |entry| entry.aligned)
    }

    /// The multiple of the smallest that is not above `length`.
    fn align(&self, length: u64) -> u64 {
        if self.unaligned {
            return length;
        }
        match self.shift {
            Some(_) => length & !(self.minimum - 1),
            None => length - length % self.minimum,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::offsets::settings::SplitSize;
    use crate::random::Width;

    /// fio divides: an entry is taken when the number over the percentages so far is at most a hundredth of the range.
    #[test]
    fn thresholds_are_those_of_a_division() {
        let entry = |bytes, percent| SplitSize { bytes, percent };
        let size = BlockSize::split(vec![entry(4096, 7), entry(8192, 33), entry(512, 60)]);
        for width in [Width::Bits32, Width::Bits64] {
            let lengths = Lengths::new(&size, false, Generator::new(1, width));
            let maximum = lengths.generator.maximum();
            for (threshold, percent) in lengths.thresholds.iter().zip([7, 40, 100]) {
                let around = threshold.below.saturating_sub(2)..threshold.below + 2;
                for number in around.filter_map(|number| u64::try_from(number).ok()) {
                    assert_eq!(u128::from(number) < threshold.below, number / percent <= maximum / 100, "{number}");
                }
            }
        }
    }
}
