//! A list of numbers with fractions, separated by colons.

use super::{Field, Kind, ValueError};
use crate::options::JobOptions;
use crate::options::number::fraction;

/// Numbers with fractions, and how they were written.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Fractions {
    /// The numbers, in the order given.
    pub values: Vec<f64>,
    /// Most digits after a decimal point: results show the numbers with as many.
    pub digits: usize,
}

pub(in crate::options) struct Floats {
    field: Field<Fractions>,
    count_max: usize,
    minimum: f64,
    maximum: f64,
}

/// At most `count_max` numbers from `minimum` to `maximum`.
pub(in crate::options) const fn floats(
    field: Field<Fractions>,
    count_max: usize,
    minimum: f64,
    maximum: f64,
) -> Floats {
    Floats { field, count_max, minimum, maximum }
}

impl Kind for Floats {
    fn accepted(&self) -> String {
        match self.count_max {
            1 => "a number".to_owned(),
            count => format!("a list of at most {count} numbers with colons between"),
        }
    }

    fn range(&self) -> Option<(String, String)> {
        Some((self.minimum.to_string(), self.maximum.to_string()))
    }

    fn set(&self, options: &mut JobOptions, text: Option<&str>) -> Result<(), ValueError> {
        let text = text.ok_or_else(|| ValueError::Missing { accepted: self.accepted() })?;
        let mut list = Fractions::default();
        for part in text.split(':').map(str::trim) {
            if list.values.len() == self.count_max {
                return Err(ValueError::TooMany { limit: self.count_max, what: "numbers" });
            }
            let value = fraction(part).ok_or_else(|| ValueError::malformed(part, self.accepted()))?;
            if !(self.minimum..=self.maximum).contains(&value) {
                let (minimum, maximum) = (self.minimum.to_string(), self.maximum.to_string());
                return Err(ValueError::OutOfRange { text: part.to_owned(), minimum, maximum });
            }
            list.values.push(value);
            let digits = part.split_once('.').map_or(0, |(_, rest)| rest.len());
            list.digits = list.digits.max(digits);
        }
        *(self.field)(options) = list;
        Ok(())
    }
}
