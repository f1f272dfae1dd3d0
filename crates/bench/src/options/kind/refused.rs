//! Options that are known by name only.

use super::{Argument, Kind, Standing, ValueError};
use crate::options::JobOptions;

pub(in crate::options) struct Deprecated;

pub(in crate::options) struct Removed {
    instead: &'static str,
}

pub(in crate::options) struct Unsupported {
    reason: &'static str,
}

/// Read and without effect, as in fio.
pub(in crate::options) const fn deprecated() -> Deprecated {
    Deprecated
}

/// Refused, as in fio. `instead` says what to use.
pub(in crate::options) const fn removed(instead: &'static str) -> Removed {
    Removed { instead }
}

/// fio has it; here it is refused for that reason.
pub(in crate::options) const fn unsupported(reason: &'static str) -> Unsupported {
    Unsupported { reason }
}

impl Kind for Deprecated {
    fn accepted(&self) -> String {
        "anything; it has no effect".to_owned()
    }

    fn set(&self, _: &mut JobOptions, _: Option<&str>) -> Result<(), ValueError> {
        Ok(())
    }

    fn standing(&self) -> Standing {
        Standing::Deprecated
    }
}

impl Kind for Removed {
    fn accepted(&self) -> String {
        format!("refused; {}", self.instead)
    }

    fn set(&self, _: &mut JobOptions, _: Option<&str>) -> Result<(), ValueError> {
        Err(ValueError::Removed(self.instead))
    }

    fn standing(&self) -> Standing {
        Standing::Unsupported
    }
}

impl Kind for Unsupported {
    fn accepted(&self) -> String {
        format!("refused: {}", self.reason)
    }

    fn set(&self, _: &mut JobOptions, _: Option<&str>) -> Result<(), ValueError> {
        Err(ValueError::Unsupported(self.reason))
    }

    fn argument(&self) -> Argument {
        Argument::Optional
    }

    fn standing(&self) -> Standing {
        Standing::Unsupported
    }
}
