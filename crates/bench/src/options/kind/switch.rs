//! On or off.

use super::{Argument, Field, Kind, ValueError};
use crate::options::JobOptions;

pub(in crate::options) struct Flag {
    field: Field<bool>,
}

pub(in crate::options) struct Boolean {
    field: Field<bool>,
    negated: bool,
}

/// On when it is named; `=0` switches it off again.
pub(in crate::options) const fn flag(field: Field<bool>) -> Flag {
    Flag { field }
}

/// `0` or `1`. With `negated`, the field has the opposite.
pub(in crate::options) const fn boolean(field: Field<bool>, negated: bool) -> Boolean {
    Boolean { field, negated }
}

impl Kind for Flag {
    fn accepted(&self) -> String {
        "0, 1, or nothing, which is 1".to_owned()
    }

    fn set(&self, options: &mut JobOptions, text: Option<&str>) -> Result<(), ValueError> {
        *(self.field)(options) = match text {
            None => true,
            Some(text) => {
                let number = text.trim().parse::<u32>();
                number.map_err(|_| ValueError::malformed(text, self.accepted()))? != 0
            }
        };
        Ok(())
    }

    fn argument(&self) -> Argument {
        Argument::Optional
    }
}

impl Kind for Boolean {
    fn accepted(&self) -> String {
        "0 or 1".to_owned()
    }

    fn set(&self, options: &mut JobOptions, text: Option<&str>) -> Result<(), ValueError> {
        let text = text.ok_or_else(|| ValueError::Missing { accepted: self.accepted() })?;
        let value = read(text).ok_or_else(|| ValueError::malformed(text, self.accepted()))?;
        *(self.field)(options) = value != self.negated;
        Ok(())
    }
}

fn read(text: &str) -> Option<bool> {
    match text.trim() {
        "0" => Some(false),
        "1" => Some(true),
        _ => None,
    }
}
