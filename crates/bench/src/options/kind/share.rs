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
    /// A percentage was given, and bytes after it: fio keeps both, and what follows is each option's own.
    PercentThenBytes {
        /// Above 0.
        percent: u32,
        /// What came later.
        bytes: u64,
    },
}

impl Share {
    /// The bytes; 0 if none are given.
    #[must_use]
    pub const fn bytes(self) -> u64 {
        match self {
            Self::Bytes(bytes) | Self::PercentThenBytes { bytes, .. } => bytes,
            Self::Percent(_) => 0,
        }
    }

    /// The percentage, if one is given.
    #[must_use]
    pub const fn percent(self) -> Option<u32> {
        match self {
            Self::Bytes(_) => None,
            Self::Percent(percent) | Self::PercentThenBytes { percent, .. } => Some(percent),
        }
    }

    /// What is left when this was given and `later` after it.
    #[must_use]
    const fn then(self, later: Self) -> Self {
        match (self.percent(), later) {
            (Some(percent @ 1..), Self::Bytes(bytes)) => Self::PercentThenBytes { percent, bytes },
            _ => later,
        }
    }
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
        let read = |text: &str| quantity(text, options.description.kb_base);
        let quantity = read(text)
            .ok_or_else(|| ValueError::no_number(text, self.accepted(), |enclosed| read(enclosed).is_some()))?;
        let share = match quantity {
            Quantity::Number(bytes) => Share::Bytes(u64::try_from(bytes).map_err(|_| malformed())?),
            Quantity::Percent(percent) => {
                Share::Percent(u32::try_from(percent).ok().filter(|percent| *percent <= 100).ok_or_else(malformed)?)
            }
            Quantity::Zones(_) => {
                return Err(ValueError::Unsupported("sizes in zones (z) belong to zoned devices"));
            }
        };
        let field = (self.field)(options);
        *field = field.then(share);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentage_stays_when_bytes_follow() {
        let both = Share::PercentThenBytes { percent: 10, bytes: 16_384 };
        assert_eq!(Share::Percent(10).then(Share::Bytes(16_384)), both);
        assert_eq!(both.then(Share::Bytes(4096)), Share::PercentThenBytes { percent: 10, bytes: 4096 });
        assert_eq!(both.then(Share::Percent(5)), Share::Percent(5));
        assert_eq!(Share::Percent(0).then(Share::Bytes(1)), Share::Bytes(1));
        assert_eq!((both.bytes(), both.percent()), (16_384, Some(10)));
        assert_eq!((Share::Bytes(1).percent(), Share::Percent(1).bytes()), (None, 0));
    }
}
