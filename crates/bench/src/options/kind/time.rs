//! A length of time.

use std::time::Duration;

use super::{Field, Kind, ValueError};
use crate::options::JobOptions;
use crate::options::number::{DefaultUnit, duration};

pub(in crate::options) struct Time {
    field: Field<Duration>,
    unit: DefaultUnit,
}

/// A time; a bare number is seconds.
pub(in crate::options) const fn seconds(field: Field<Duration>) -> Time {
    Time { field, unit: DefaultUnit::Seconds }
}

/// A time; a bare number is microseconds.
pub(in crate::options) const fn microseconds(field: Field<Duration>) -> Time {
    Time { field, unit: DefaultUnit::Microseconds }
}

impl Kind for Time {
    fn accepted(&self) -> String {
        format!("a time, in {} unless us, ms, s, m, h or d follows", self.unit.name())
    }

    fn set(&self, options: &mut JobOptions, text: Option<&str>) -> Result<(), ValueError> {
        let text = text.ok_or_else(|| ValueError::Missing { accepted: self.accepted() })?.trim();
        let read = |text: &str| duration(text, self.unit);
        let time = read(text)
            .ok_or_else(|| ValueError::no_number(text, self.accepted(), |enclosed| read(enclosed).is_some()))?;
        *(self.field)(options) = time;
        Ok(())
    }
}
