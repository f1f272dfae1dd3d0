//! A whole number, with the units of sizes.

use super::{Field, Kind, ValueError};
use crate::options::JobOptions;
use crate::options::number::{Integer, whole};

pub(in crate::options) struct Number<T: 'static> {
    field: Field<T>,
    minimum: i128,
    maximum: i128,
}

/// A number that fits the field.
pub(in crate::options) const fn number<T: Integer>(field: Field<T>) -> Number<T> {
    Number { field, minimum: T::MINIMUM, maximum: T::MAXIMUM }
}

impl<T: Integer> Number<T> {
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

impl<T: Integer> Kind for Number<T> {
    fn accepted(&self) -> String {
        "a whole number, with a unit k, m, g, t or p if need be".to_owned()
    }

    fn range(&self) -> Option<(String, String)> {
        Some((self.minimum.to_string(), self.maximum.to_string()))
    }

    fn set(&self, options: &mut JobOptions, text: Option<&str>) -> Result<(), ValueError> {
        let text = text.ok_or_else(|| ValueError::Missing { accepted: self.accepted() })?.trim();
        let base = options.description.kb_base;
        let value = whole(text, base);
        let value = value
            .ok_or_else(|| ValueError::no_number(text, self.accepted(), |enclosed| whole(enclosed, base).is_some()))?;
        check(text, value, self.minimum, self.maximum)?;
        *(self.field)(options) = T::from_checked(value);
        Ok(())
    }
}

/// Refuses a value that is not from `minimum` to `maximum`.
pub(super) fn check(text: &str, value: i128, minimum: i128, maximum: i128) -> Result<(), ValueError> {
    if (minimum..=maximum).contains(&value) {
        return Ok(());
    }
    Err(ValueError::OutOfRange { text: text.to_owned(), minimum: minimum.to_string(), maximum: maximum.to_string() })
}
