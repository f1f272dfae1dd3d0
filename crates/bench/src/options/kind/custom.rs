//! A form that only one option has.

use super::{Kind, ValueError};
use crate::options::JobOptions;

type Read = fn(&mut JobOptions, &str) -> Result<(), ValueError>;

pub(in crate::options) struct Custom {
    accepted: &'static str,
    read: Read,
}

/// Read by `read`, never without a text.
pub(in crate::options) const fn custom(accepted: &'static str, read: Read) -> Custom {
    Custom { accepted, read }
}

impl Kind for Custom {
    fn accepted(&self) -> String {
        self.accepted.to_owned()
    }

    fn set(&self, options: &mut JobOptions, text: Option<&str>) -> Result<(), ValueError> {
        let text = text.map(str::trim).filter(|text| !text.is_empty());
        let text = text.ok_or_else(|| ValueError::Missing { accepted: self.accepted() })?;
        (self.read)(options, text)
    }
}
