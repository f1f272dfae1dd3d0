//! What is wrong with a mood: where, what stands there, what would be accepted.

use std::fmt;

/// A place in a text. Lines and columns count from 1, columns in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// The line.
    pub line: u32,
    /// The character in the line.
    pub column: u32,
}

impl Position {
    /// Where every text begins.
    pub const START: Self = Self { line: 1, column: 1 };
}

impl fmt::Display for Position {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "line {}, column {}", self.line, self.column)
    }
}

/// Why a text is no mood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{position}: {problem}")]
pub struct MoodError {
    /// Where.
    pub position: Position,
    /// What is wrong there.
    pub problem: Problem,
}

/// What is wrong with a place of a mood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// Something else should stand there.
    #[error("found {found}, expected {expected}{}", did_you_mean(nearest.as_deref()))]
    Unexpected {
        /// What stands there.
        found: Found,
        /// What is accepted there.
        expected: &'static str,
        /// The accepted word that is most like what stands there.
        nearest: Option<String>,
    },
    /// An attribute that the library does not have.
    #[error("no attribute is called {name:?}{}", did_you_mean(nearest.as_deref()))]
    UnknownAttribute {
        /// The name.
        name: String,
        /// The attribute whose name is most like it.
        nearest: Option<String>,
    },
    /// A pattern that means nothing.
    #[error("{kind} {pattern:?}: {reason}")]
    Pattern {
        /// "regular expression" or "wildcard pattern".
        kind: &'static str,
        /// The pattern.
        pattern: String,
        /// What is wrong with it.
        reason: String,
    },
    /// More of something than moods may have.
    #[error("more than {maximum} {what}")]
    TooMuch {
        /// Of what.
        what: &'static str,
        /// How much there may be.
        maximum: usize,
    },
}

/// What stands where something else was expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// The text is over.
    End,
    /// The line is over.
    EndOfLine,
    /// This.
    Text(String),
}

/// Longest piece of a mood that a message repeats, in characters.
const QUOTED_CHARACTERS_MAX: usize = 40;

impl fmt::Display for Found {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::End => formatter.write_str("the end"),
            Self::EndOfLine => formatter.write_str("the end of the line"),
            Self::Text(text) => {
                let short: String = text.chars().take(QUOTED_CHARACTERS_MAX).collect();
                let dots = if short.len() < text.len() { "…" } else { "" };
                write!(formatter, "{:?}", short + dots)
            }
        }
    }
}

impl MoodError {
    pub(super) fn unexpected(position: Position, found: Found, expected: &'static str) -> Self {
        Self { position, problem: Problem::Unexpected { found, expected, nearest: None } }
    }

    pub(super) fn too_much(position: Position, what: &'static str, maximum: usize) -> Self {
        Self { position, problem: Problem::TooMuch { what, maximum } }
    }

    /// The same, naming the candidate that is most like what was found.
    pub(super) fn suggesting<'a>(mut self, candidates: impl IntoIterator<Item = &'a str>) -> Self {
        if let Problem::Unexpected { found: Found::Text(text), nearest: suggestion, .. } = &mut self.problem {
            *suggestion = nearest(text, candidates).map(str::to_owned);
        }
        self
    }
}

/// The candidate that `text` is most likely a slip of: at most a third of its letters differ.
pub(super) fn nearest<'a>(text: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let text = text.to_lowercase();
    candidates
        .into_iter()
        .map(|candidate| (strsim::levenshtein(&text, candidate), candidate))
        .filter(|(distance, _)| *distance <= text.chars().count().div_ceil(3))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

fn did_you_mean(nearest: Option<&str>) -> String {
    nearest.map_or_else(String::new, |name| format!("; did you mean {name}?"))
}
