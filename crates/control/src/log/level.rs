//! Severity of a message.

use std::fmt;

/// How severe a message is, and how much a destination takes: all messages up to and including its level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Not a message's level: a destination that takes nothing.
    Off,
    /// The process cannot go on: an error with the field `fatal = true`.
    Emergency,
    /// A high-level operation failed.
    Error,
    /// Something failed that others may get over.
    Warning,
    /// Worth knowing afterwards.
    Information,
    /// For those who know the inside.
    Debug,
    /// Every single command of the data path.
    Trace,
}

/// Every level, from nothing to everything.
const TABLE: [(Level, &str); 7] = [
    (Level::Off, "OFF"),
    (Level::Emergency, "EMER"),
    (Level::Error, "ERR"),
    (Level::Warning, "WARN"),
    (Level::Information, "INFO"),
    (Level::Debug, "DBG"),
    (Level::Trace, "TRACE"),
];

impl Level {
    /// The level of that name; case does not matter.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        TABLE.iter().find(|(_, known)| known.eq_ignore_ascii_case(name)).map(|(level, _)| *level)
    }

    /// `OFF`, `EMER`, `ERR`, `WARN`, `INFO`, `DBG` or `TRACE`.
    #[must_use]
    pub fn name(self) -> &'static str {
        TABLE[self as usize].1
    }

    /// The level of a `tracing` event.
    #[must_use]
    pub fn of(level: tracing::Level, fatal: bool) -> Self {
        match level {
            tracing::Level::ERROR if fatal => Self::Emergency,
            tracing::Level::ERROR => Self::Error,
            tracing::Level::WARN => Self::Warning,
            tracing::Level::INFO => Self::Information,
            tracing::Level::DEBUG => Self::Debug,
            tracing::Level::TRACE => Self::Trace,
        }
    }

    /// The severity that syslog gives it, 0 to 7 (RFC 5424, section 6.2.1).
    #[must_use]
    pub fn syslog_severity(self) -> u8 {
        match self {
            Self::Off | Self::Debug | Self::Trace => 7,
            Self::Emergency => 1,
            Self::Error => 3,
            Self::Warning => 4,
            Self::Information => 5,
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f01_names_are_case_insensitive_and_in_order() {
        for (index, (level, name)) in TABLE.into_iter().enumerate() {
            assert_eq!(level as usize, index, "the table is indexed by the level");
            assert_eq!(Level::from_name(&name.to_lowercase()), Some(level));
            assert_eq!(level.name(), name);
        }
        assert_eq!(Level::from_name("debug"), None);
        assert!(TABLE.is_sorted());
    }
}
