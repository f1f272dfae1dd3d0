//! A size: in bytes, in per cent of something, or in zones of a zoned device.

use super::{Field, Kind, ValueError};
use crate::options::JobOptions;
use crate::options::number::{Quantity, quantity};

/// How much of a file or device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Share {
    /// So many bytes.
    Bytes(u64),
    /// So much of the whole, 0 to 100.
    Percent(u32),
}

impl Default for Share {
    fn default() -> Self {
        Self::Bytes(0)
    }
}

pub(in crate::options) struct Shares {
    field: Field<Share>,
}

/// Bytes or per cent.
pub(in crate::options) const fn share(field: Field<Share>) -> Shares {
    Shares { field }
}

impl Kind for Shares {
    fn accepted(&self) -> String {
        "a size, with a unit k, m, g, t or p if need be, or 0% to 100%".to_owned()
    }

    fn set(&self, options: &mut JobOptions, text: Option<&str>) -> Result<(), ValueError> {
        let text = text.ok_or_else(|| ValueError::Missing { accepted: self.accepted() })?.trim();
        let malformed = || ValueError::malformed(text, self.accepted());
        let share = match quantity(text, options.description.kb_base).ok_or_else(malformed)? {
            Quantity::Number(bytes) => Share::Bytes(u64::try_from(bytes).map_err(|_| malformed())?),
            Quantity::Percent(percent) => {
                Share::Percent(u32::try_from(percent).ok().filter(|percent| *percent <= 100).ok_or_else(malformed)?)
            }
            Quantity::Zones(_) => {
                return Err(ValueError::Unsupported("sizes in zones (z) belong to zoned devices"));
            }
        };
        *(self.field)(options) = share;
        Ok(())
    }
}
