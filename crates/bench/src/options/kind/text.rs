//! A text that is taken as it is.

use super::{Field, Kind, ValueError};
use crate::options::JobOptions;
use crate::options::limits::TEXT_BYTES_MAX;

pub(in crate::options) struct Text {
    field: Field<Option<String>>,
}

/// Any text but an empty one.
pub(in crate::options) const fn text(field: Field<Option<String>>) -> Text {
    Text { field }
}

impl Kind for Text {
    fn accepted(&self) -> String {
        "a text".to_owned()
    }

    fn set(&self, options: &mut JobOptions, text: Option<&str>) -> Result<(), ValueError> {
        let text = text.filter(|text| !text.is_empty());
        let text = text.ok_or_else(|| ValueError::Missing { accepted: self.accepted() })?;
        if text.len() > TEXT_BYTES_MAX {
            return Err(ValueError::TooLong { limit: TEXT_BYTES_MAX });
        }
        *(self.field)(options) = Some(text.to_owned());
        Ok(())
    }
}
