//! The names of what songs are chosen from: `m/NAME` a mood, `p/NAME` a playlist, `dummy` everything.

use std::fmt;
use std::str::FromStr;

/// What songs are chosen from, by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Selection {
    /// All songs.
    #[default]
    Everything,
    /// The mood of this name.
    Mood(String),
    /// The playlist of this name.
    Playlist(String),
}

/// Why a text names nothing that songs can be chosen from.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is neither m/NAME (a mood), p/NAME (a playlist) nor dummy (all songs)")]
pub struct SelectionError(pub String);

const EVERYTHING: &str = "dummy";

impl FromStr for Selection {
    type Err = SelectionError;

    fn from_str(text: &str) -> Result<Self, SelectionError> {
        match text.split_once('/') {
            Some(("m", name)) if !name.is_empty() => Ok(Self::Mood(name.to_owned())),
            Some(("p", name)) if !name.is_empty() => Ok(Self::Playlist(name.to_owned())),
            None if text == EVERYTHING => Ok(Self::Everything),
            _ => Err(SelectionError(text.to_owned())),
        }
    }
}

impl fmt::Display for Selection {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Everything => formatter.write_str(EVERYTHING),
            Self::Mood(name) => write!(formatter, "m/{name}"),
            Self::Playlist(name) => write!(formatter, "p/{name}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_written_as_they_are_read() {
        for text in ["dummy", "m/jazz", "p/sunday/evening", "m/p/x"] {
            assert_eq!(text.parse::<Selection>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn anything_else_is_refused_with_what_would_be_accepted() {
        for text in ["", "m/", "p/", "jazz", "x/jazz", "dummy/"] {
            let error = text.parse::<Selection>().unwrap_err();
            assert!(error.to_string().contains("m/NAME"), "{error}");
        }
    }
}
