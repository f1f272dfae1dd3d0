//! One to three values, separated by commas: for reads, writes and trims.
//!
//! The last one given counts for the directions after it, unless a comma follows it; an empty one leaves what there is. So
//! `4k` sets all three, `4k,8k` gives writes and trims 8k, `,8k` leaves reads alone, `4k,` sets reads only. That is fio's
//! rule, and fio takes colon and minus for the comma too.

use std::time::Duration;

use super::number::check;
use super::{Field, Kind, ValueError};
use crate::options::number::{DefaultUnit, Integer, duration, whole};
use crate::options::{JobOptions, PerDirection};

pub(in crate::options) struct Numbers<T: 'static> {
    field: Field<PerDirection<T>>,
    minimum: i128,
    maximum: i128,
    directions: usize,
}

pub(in crate::options) struct Times {
    field: Field<PerDirection<Duration>>,
}

/// A number for each direction.
pub(in crate::options) const fn numbers<T: Integer>(field: Field<PerDirection<T>>) -> Numbers<T> {
    Numbers { field, minimum: T::MINIMUM, maximum: T::MAXIMUM, directions: 3 }
}

/// A number for reads, one for writes.
pub(in crate::options) const fn numbers_read_write<T: Integer>(field: Field<PerDirection<T>>) -> Numbers<T> {
    Numbers { field, minimum: T::MINIMUM, maximum: T::MAXIMUM, directions: 2 }
}

/// A time in microseconds for each direction.
pub(in crate::options) const fn times_per_direction(field: Field<PerDirection<Duration>>) -> Times {
    Times { field }
}

impl<T: Integer> Numbers<T> {
    /// Only numbers from `minimum` to `maximum`.
    pub(in crate::options) const fn within(mut self, minimum: i128, maximum: i128) -> Self {
        self.minimum = minimum;
        self.maximum = maximum;
        self
    }

    /// Only numbers from `minimum`.
    pub(in crate::options) const fn at_least(mut self, minimum: i128) -> Self {
        self.minimum = minimum;
        self
    }
}

impl<T: Integer> Kind for Numbers<T> {
    fn accepted(&self) -> String {
        let what = if self.directions == 3 { "READ[,WRITE[,TRIM]]" } else { "READ[,WRITE]" };
        format!("{what}, whole numbers, each with a unit k, m, g, t or p if need be")
    }

    fn range(&self) -> Option<(String, String)> {
        Some((self.minimum.to_string(), self.maximum.to_string()))
    }

    fn set(&self, options: &mut JobOptions, text: Option<&str>) -> Result<(), ValueError> {
        let text = text.ok_or_else(|| ValueError::Missing { accepted: self.accepted() })?;
        let base = options.description.kb_base;
        for (direction, part) in assign(text, self.directions, &[',', ':', '-'])? {
            let value = whole(part, base);
            let value = value.ok_or_else(|| {
                ValueError::no_number(part, self.accepted(), |enclosed| whole(enclosed, base).is_some())
            })?;
            check(part, value, self.minimum, self.maximum)?;
            (self.field)(options).0[direction] = T::from_checked(value);
        }
        Ok(())
    }
}

impl Kind for Times {
    fn accepted(&self) -> String {
        "READ[,WRITE[,TRIM]], each a time, in microseconds unless us, ms, s, m, h or d follows".to_owned()
    }

    fn set(&self, options: &mut JobOptions, text: Option<&str>) -> Result<(), ValueError> {
        let text = text.ok_or_else(|| ValueError::Missing { accepted: self.accepted() })?;
        for (direction, part) in assign(text, 3, &[',', ':', '-'])? {
            let read = |text: &str| duration(text, DefaultUnit::Microseconds);
            let time = read(part)
                .ok_or_else(|| ValueError::no_number(part, self.accepted(), |enclosed| read(enclosed).is_some()))?;
            (self.field)(options).0[direction] = time;
        }
        Ok(())
    }
}

/// Which of `directions` gets which part of `text`.
pub(super) fn assign<'a>(
    text: &'a str,
    directions: usize,
    separators: &[char],
) -> Result<Vec<(usize, &'a str)>, ValueError> {
    let parts = split(text, separators);
    let given = parts.len();
    if given > directions + usize::from(parts.last().is_some_and(|last| last.is_empty())) {
        return Err(ValueError::TooMany { limit: directions, what: "values" });
    }
    let mut assigned = Vec::with_capacity(directions);
    for (index, part) in parts.into_iter().enumerate().filter(|(_, part)| !part.is_empty()) {
        let last = if index + 1 == given { directions } else { index + 1 };
        assigned.extend((index..last).map(|direction| (direction, part)));
    }
    if assigned.is_empty() {
        return Err(ValueError::malformed(text, "a value"));
    }
    Ok(assigned)
}

/// Splits at the first of `separators` that occurs, outside of parentheses and not at a sign.
fn split<'a>(text: &'a str, separators: &[char]) -> Vec<&'a str> {
    let text = text.trim();
    for &separator in separators {
        let places = places(text, separator);
        if !places.is_empty() {
            let mut start = 0;
            let mut parts = Vec::with_capacity(places.len() + 1);
            for place in places {
                parts.push(text[start..place].trim());
                start = place + 1;
            }
            parts.push(text[start..].trim());
            return parts;
        }
    }
    vec![text]
}

/// Where `separator` separates: not in parentheses, and a minus only after something.
pub(super) fn places(text: &str, separator: char) -> Vec<usize> {
    let mut depth = 0_usize;
    let mut places = Vec::new();
    for (place, letter) in text.char_indices() {
        match letter {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            letter if letter == separator && depth == 0 && (letter != '-' || place > 0) => places.push(place),
            _ => {}
        }
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_value_counts_for_the_rest_unless_a_comma_follows() {
        let of = |text: &'static str| assign(text, 3, &[',', ':', '-']);
        assert_eq!(of("4k"), Ok(vec![(0, "4k"), (1, "4k"), (2, "4k")]));
        assert_eq!(of("4k,8k"), Ok(vec![(0, "4k"), (1, "8k"), (2, "8k")]));
        assert_eq!(of(",8k"), Ok(vec![(1, "8k"), (2, "8k")]));
        assert_eq!(of("4k,"), Ok(vec![(0, "4k")]));
        assert_eq!(of("4k,,8k"), Ok(vec![(0, "4k"), (2, "8k")]));
        assert_eq!(of("4k,8k,"), Ok(vec![(0, "4k"), (1, "8k")]));
        assert_eq!(of("1-2:3"), Ok(vec![(0, "1-2"), (1, "3"), (2, "3")]));
        assert_eq!(of("(8-4)k"), Ok(vec![(0, "(8-4)k"), (1, "(8-4)k"), (2, "(8-4)k")]));
        assert_eq!(of("-1"), Ok(vec![(0, "-1"), (1, "-1"), (2, "-1")]));
        assert_eq!(of("1,2,3,4"), Err(ValueError::TooMany { limit: 3, what: "values" }));
        assert!(of(",").is_err());
        assert!(of("").is_err());
    }
}
