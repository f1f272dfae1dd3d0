//! What `-v` and `vlog/set` take.

use thiserror::Error;

use super::pattern::Pattern;
use super::{Destination, Facility, Level};

/// A change of what is logged where and how.
#[derive(Debug, Clone, PartialEq)]
pub enum Setting {
    /// The levels of one module or of all, for one destination or for all.
    Level {
        /// A module, and the ones inside of it; `None` is all.
        module: Option<String>,
        /// `None` is all.
        destination: Option<Destination>,
        /// The new level.
        level: Level,
    },
    /// How lines look.
    Pattern {
        /// `None` is all.
        destination: Option<Destination>,
        /// The new pattern.
        pattern: Pattern,
    },
    /// The facility of all destinations.
    Facility(Facility),
}

/// What is wrong with a specification.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SpecificationError {
    /// A word that is nothing known.
    #[error("no destination, level, or module \"{0}\"")]
    UnknownWord(String),
    /// Two of a kind in one specification.
    #[error("cannot specify multiple {0}")]
    Multiple(&'static str),
    /// `PATTERN:` without a destination.
    #[error("missing destination")]
    MissingDestination,
    /// `PATTERN:` with a destination that does not exist.
    #[error("unknown destination \"{0}\"")]
    UnknownDestination(String),
    /// `FACILITY:` without a facility's name.
    #[error("invalid facility")]
    InvalidFacility,
}

impl Setting {
    /// Reads a specification. `is_module` says which words name a module; their case does not matter.
    ///
    /// # Errors
    /// See [`SpecificationError`].
    pub fn parse(text: &str, is_module: impl Fn(&str) -> bool) -> Result<Self, SpecificationError> {
        if let Some(rest) = strip_keyword(text, "PATTERN") {
            return Self::parse_pattern(rest);
        }
        if let Some(name) = strip_keyword(text, "FACILITY") {
            let facility = Facility::from_name(name).ok_or(SpecificationError::InvalidFacility)?;
            return Ok(Self::Facility(facility));
        }
        let (mut module, mut destination, mut level) = (None, None, None);
        for word in text.split([' ', ',', ':', '\t']).filter(|word| !word.is_empty()) {
            if word.eq_ignore_ascii_case("any") {
                continue;
            }
            if let Some(found) = Level::from_name(word) {
                once(&mut level, found, "levels")?;
            } else if let Some(found) = Destination::from_name(word) {
                once(&mut destination, found, "destinations")?;
            } else if is_module(word) {
                once(&mut module, word.to_lowercase(), "modules")?;
            } else {
                return Err(SpecificationError::UnknownWord(word.to_owned()));
            }
        }
        Ok(Self::Level { module, destination, level: level.unwrap_or(Level::Debug) })
    }

    fn parse_pattern(text: &str) -> Result<Self, SpecificationError> {
        let (name, pattern) = text.split_once(':').unwrap_or((text, ""));
        let destination = match name {
            "" => return Err(SpecificationError::MissingDestination),
            any if any.eq_ignore_ascii_case("any") => None,
            name => Some(
                Destination::from_name(name).ok_or_else(|| SpecificationError::UnknownDestination(name.to_owned()))?,
            ),
        };
        Ok(Self::Pattern { destination, pattern: Pattern::parse(pattern) })
    }
}

/// What follows `keyword` and its colon; the empty text when the keyword is all.
fn strip_keyword<'a>(text: &'a str, keyword: &str) -> Option<&'a str> {
    let head = text.get(..keyword.len()).filter(|head| head.eq_ignore_ascii_case(keyword))?;
    match text[head.len()..].strip_prefix(':') {
        Some(rest) => Some(rest),
        None if text.len() == head.len() => Some(""),
        None => None,
    }
}

fn once<T>(slot: &mut Option<T>, value: T, kind: &'static str) -> Result<(), SpecificationError> {
    if slot.replace(value).is_some() {
        return Err(SpecificationError::Multiple(kind));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Setting, SpecificationError> {
        Setting::parse(text, |word| ["nvme", "block"].iter().any(|name| name.eq_ignore_ascii_case(word)))
    }

    fn level(
        module: Option<&str>,
        destination: Option<Destination>,
        level: Level,
    ) -> Result<Setting, SpecificationError> {
        Ok(Setting::Level { module: module.map(str::to_owned), destination, level })
    }

    #[test]
    fn f02_words_in_any_order_and_between_any_separators() {
        let expected = level(Some("nvme"), Some(Destination::File), Level::Warning);
        for text in ["nvme:file:warn", "WARN nvme,FILE", " file\twarn::NVMe ", "any:nvme:file:warn:any"] {
            assert_eq!(parse(text), expected, "{text}");
        }
        assert_eq!(parse(""), level(None, None, Level::Debug));
        assert_eq!(parse("any"), level(None, None, Level::Debug));
        assert_eq!(parse("syslog"), level(None, Some(Destination::Syslog), Level::Debug));
        assert_eq!(parse("off"), level(None, None, Level::Off));
    }

    #[test]
    fn f02_errors_say_what_is_wrong() {
        for (text, error) in [
            ("nvme:colour", "no destination, level, or module \"colour\""),
            ("console:file:dbg", "cannot specify multiple destinations"),
            ("dbg,err", "cannot specify multiple levels"),
            ("nvme block", "cannot specify multiple modules"),
        ] {
            assert_eq!(parse(text).unwrap_err().to_string(), error);
        }
    }

    #[test]
    fn f03_patterns_and_facilities() {
        let pattern = |destination, text| Ok(Setting::Pattern { destination, pattern: Pattern::parse(text) });
        assert_eq!(parse("PATTERN:file:%p:%m"), pattern(Some(Destination::File), "%p:%m"));
        assert_eq!(parse("pattern:ANY:x"), pattern(None, "x"));
        assert_eq!(parse("FACILITY:local3"), Ok(Setting::Facility(Facility::from_name("local3").unwrap())));
        for (text, error) in [
            ("PATTERN", "missing destination"),
            ("PATTERN:", "missing destination"),
            ("PATTERN:xx:y", "unknown destination \"xx\""),
            ("FACILITY", "invalid facility"),
            ("FACILITY:xx", "invalid facility"),
        ] {
            assert_eq!(parse(text).unwrap_err().to_string(), error);
        }
    }
}
