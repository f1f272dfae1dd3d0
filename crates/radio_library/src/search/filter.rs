//! What is asked for.

use std::path::PathBuf;

use regex::Regex;

use super::Tag;

/// A condition that a song fulfils or not. `Filter::All` of nothing is fulfilled by every song.
#[derive(Debug, Clone)]
pub enum Filter {
    /// All of these.
    All(Vec<Self>),
    /// At least one of these.
    Any(Vec<Self>),
    /// Not this.
    Not(Box<Self>),
    /// A text in a field. A field with several values is like `text` when one of them is; equal to the empty text when it has none.
    Text {
        /// Where.
        field: Field,
        /// How it has to be there.
        how: How,
        /// Whether case and accents count.
        case: Case,
        /// What.
        text: String,
    },
    /// A field that matches a regular expression in one of its values.
    Regex {
        /// Where.
        field: Field,
        /// What.
        regex: Regex,
    },
    /// In this directory, at any depth, or this file itself.
    Below(PathBuf),
    /// Whose audio has this sampling rate in Hz and so many channels, where they are given.
    Audio {
        /// The sampling rate.
        frequency_hz: Option<u32>,
        /// The channels.
        channels: Option<u32>,
    },
    /// Whose file was modified at this time or later, in seconds since 1970.
    ModifiedSince(u64),
    /// That came into the library at this time or later, in seconds since 1970.
    AddedSince(u64),
}

/// Where a text is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    /// In the path and in every tag but the numbers of track and disc.
    Anything,
    /// In every tag.
    AnyTag,
    /// In the path, behind so many of its bytes: those of the directory from which on paths are known.
    Path(usize),
    /// In one tag.
    Tag(Tag),
}

/// How a text has to be in a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// It is the whole of it.
    Equal,
    /// It is a part of it.
    Contains,
    /// It is the beginning of it.
    StartsWith,
}

/// What counts when texts are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Case {
    /// Every byte.
    Exact,
    /// Not case, nor accents, nor ligatures: `bjork` is `Björk`.
    Folded,
}

impl Filter {
    /// Every song.
    #[must_use]
    pub const fn everything() -> Self {
        Self::All(Vec::new())
    }

    /// Whether it says nothing, so that every song fulfils it.
    pub(crate) const fn is_everything(&self) -> bool {
        matches!(self, Self::All(parts) if parts.is_empty())
    }

    /// All of these words, each anywhere in the path or the tags; neither case nor accents count.
    #[must_use]
    pub fn words(text: &str) -> Self {
        let word = |word: &str| Self::Text {
            field: Field::Anything,
            how: How::Contains,
            case: Case::Folded,
            text: word.to_owned(),
        };
        Self::All(text.split_whitespace().map(word).collect())
    }
}
