//! Versions of the protocol: which there are, and which release of fio speaks which.
//!
//! Each frame carries its sender's version and each side refuses every other, so one connection has one version. Source: the
//! history of `server.h` from fio 3.33 to 3.42 and the development snapshot f5344384 (August 2026).

use std::fmt;

/// A version of the protocol that this crate speaks: 97 to 121.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProtocolVersion(u16);

/// Releases with the version that each speaks, in order of appearance. Versions without a line were only ever in development
/// snapshots.
const RELEASES: &[(u16, &str)] = &[
    (97, "3.33"),
    (99, "3.34"),
    (100, "3.35"),
    (101, "3.36"),
    (103, "3.37"),
    (107, "3.38 and 3.39"),
    (111, "3.40"),
    (113, "3.41"),
    (120, "3.42"),
];

impl ProtocolVersion {
    /// fio 3.33.
    pub const OLDEST: Self = Self(97);
    /// Development after fio 3.42.
    pub const NEWEST: Self = Self(121);

    /// The version with this number; `None` when this crate does not speak it.
    #[must_use]
    pub const fn new(number: u16) -> Option<Self> {
        if number >= Self::OLDEST.0 && number <= Self::NEWEST.0 { Some(Self(number)) } else { None }
    }

    /// As it stands in each frame.
    #[must_use]
    pub const fn number(self) -> u16 {
        self.0
    }

    /// The releases of fio that speak it; `None` for a version that was never released.
    #[must_use]
    pub fn releases(self) -> Option<&'static str> {
        RELEASES.iter().find(|(number, _)| *number == self.0).map(|(_, releases)| *releases)
    }

    /// Every version, from the oldest.
    pub fn all() -> impl DoubleEndedIterator<Item = Self> {
        (Self::OLDEST.0..=Self::NEWEST.0).map(Self)
    }
}

/// The number, and the releases where there are any.
impl fmt::Display for ProtocolVersion {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.releases() {
            Some(releases) => write!(formatter, "{} (fio {releases})", self.0),
            None => write!(formatter, "{}", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_spoken_or_refused_and_knows_its_releases() {
        assert_eq!(ProtocolVersion::new(96), None);
        assert_eq!(ProtocolVersion::new(122), None);
        assert_eq!(ProtocolVersion::new(97), Some(ProtocolVersion::OLDEST));
        assert_eq!(ProtocolVersion::OLDEST.to_string(), "97 (fio 3.33)");
        assert_eq!(ProtocolVersion::NEWEST.to_string(), "121");
        assert_eq!(ProtocolVersion::all().count(), 25);
    }
}
