//! From one value to another: `low-high`, or one value for both ends.

use std::time::Duration;

use super::numbers::{assign, places};
use super::{Field, Kind, ValueError};
use crate::options::number::{DefaultUnit, duration, whole_u64};
use crate::options::{JobOptions, PerDirection};

/// A value between two others, which belong to it. `low` is at most `high`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Between<T> {
    /// The smaller end.
    pub low: T,
    /// The larger end.
    pub high: T,
}

impl<T: PartialOrd> Between<T> {
    /// From the smaller to the larger of the two.
    pub fn new(one: T, other: T) -> Self {
        if one <= other { Self { low: one, high: other } } else { Self { low: other, high: one } }
    }
}

pub(in crate::options) struct Bytes {
    field: Field<Option<Between<u64>>>,
    minimum: u64,
}

pub(in crate::options) struct Times {
    field: Field<Between<Duration>>,
}

pub(in crate::options) struct BlockSizes {
    field: Field<PerDirection<Option<Between<u64>>>>,
}

/// A size, or two with `-` between, in bytes.
pub(in crate::options) const fn between_bytes(field: Field<Option<Between<u64>>>, minimum: u64) -> Bytes {
    Bytes { field, minimum }
}

/// A time, or two with `-` between; a bare number is seconds.
pub(in crate::options) const fn between_times(field: Field<Between<Duration>>) -> Times {
    Times { field }
}

/// Two sizes with `-` between, for each direction.
pub(in crate::options) const fn block_sizes_between(field: Field<PerDirection<Option<Between<u64>>>>) -> BlockSizes {
    BlockSizes { field }
}

impl Kind for Bytes {
    fn accepted(&self) -> String {
        format!("a size of at least {}, or LOW-HIGH, with units k, m, g, t or p if need be", self.minimum)
    }

    fn set(&self, options: &mut JobOptions, text: Option<&str>) -> Result<(), ValueError> {
        let text = text.ok_or_else(|| ValueError::Missing { accepted: self.accepted() })?;
        let base = options.description.kb_base;
        let (low, high) = ends(text);
        let read = |part: &str| {
            let value = whole_u64(part, base).filter(|value| *value >= self.minimum);
            value.ok_or_else(|| ValueError::malformed(part, self.accepted()))
        };
        *(self.field)(options) = Some(Between::new(read(low)?, read(high)?));
        Ok(())
    }
}

impl Kind for Times {
    fn accepted(&self) -> String {
        "a time, or LOW-HIGH, in seconds unless us, ms, s, m, h or d follows".to_owned()
    }

    fn set(&self, options: &mut JobOptions, text: Option<&str>) -> Result<(), ValueError> {
        let text = text.ok_or_else(|| ValueError::Missing { accepted: self.accepted() })?;
        let (low, high) = ends(text);
        let read = |part: &str| {
            let read = |text: &str| duration(text, DefaultUnit::Seconds);
            read(part).ok_or_else(|| ValueError::no_number(part, self.accepted(), |enclosed| read(enclosed).is_some()))
        };
        *(self.field)(options) = Between::new(read(low)?, read(high)?);
        Ok(())
    }
}

impl Kind for BlockSizes {
    fn accepted(&self) -> String {
        "READ[,WRITE[,TRIM]], each LOW-HIGH, sizes with units k, m, g, t or p if need be".to_owned()
    }

    fn set(&self, options: &mut JobOptions, text: Option<&str>) -> Result<(), ValueError> {
        let text = text.ok_or_else(|| ValueError::Missing { accepted: self.accepted() })?;
        let base = options.description.kb_base;
        for (direction, part) in assign(text, 3, &[','])? {
            let malformed = || ValueError::malformed(part, self.accepted());
            let place = ['-', ':'].iter().find_map(|&letter| places(part, letter).first().copied());
            let place = place.ok_or_else(malformed)?;
            let read = |end: &str| whole_u64(end.trim(), base).filter(|size| *size > 0).ok_or_else(malformed);
            let sizes = Between::new(read(&part[..place])?, read(&part[place + 1..])?);
            (self.field)(options).0[direction] = Some(sizes);
        }
        Ok(())
    }
}

/// The two ends of `LOW-HIGH`; the same text twice if there is only one. Comma and colon separate as well, as in fio.
fn ends(text: &str) -> (&str, &str) {
    let text = text.trim();
    let place = [',', ':', '-'].iter().find_map(|&separator| places(text, separator).first().copied());
    match place {
        Some(place) => (text[..place].trim(), text[place + 1..].trim()),
        None => (text, text),
    }
}
