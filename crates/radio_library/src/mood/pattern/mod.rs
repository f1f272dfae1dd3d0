//! Patterns of moods, compiled once. Matching allocates nothing and takes time linear in the text.

mod bracket;
mod plain;
pub(crate) mod regular_expression;
#[cfg(test)]
mod tests;
pub(crate) mod wildcard;

use std::fmt;

use regex::bytes::{Regex, RegexBuilder};

use self::plain::Plain;
use super::limits::PATTERN_COMPILED_BYTES_MAX;
use super::syntax::Quoted;

/// A compiled pattern, with the text that it came from.
#[derive(Debug, Clone)]
pub(crate) struct Pattern {
    kind: Kind,
    source: String,
    flags: String,
    /// What matches most texts in a fraction of the time, if the pattern is simple enough.
    plain: Option<Plain>,
    compiled: Regex,
    leading_dots: Vec<bool>,
}

/// The languages of patterns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// An extended regular expression that matches somewhere in the text.
    RegularExpression,
    /// A wildcard pattern that matches all of the text.
    Wildcard,
}

impl Kind {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::RegularExpression => "regular expression",
            Self::Wildcard => "wildcard pattern",
        }
    }

    pub(crate) fn flags(self) -> &'static [(char, &'static str)] {
        match self {
            Self::RegularExpression => regular_expression::FLAGS,
            Self::Wildcard => wildcard::FLAGS,
        }
    }
}

impl Pattern {
    /// Compiles a pattern. `flags` are letters of [`Kind::flags`].
    ///
    /// # Errors
    /// The reason why it is no pattern.
    pub(crate) fn new(kind: Kind, source: &str, flags: &str) -> Result<Self, String> {
        if let Some(unknown) = flags.chars().find(|flag| !kind.flags().iter().any(|(known, _)| known == flag)) {
            let known: String = kind.flags().iter().map(|(flag, _)| *flag).collect();
            return Err(format!("unknown flag {unknown:?}; the flags are: {known}"));
        }
        let plain = match kind {
            Kind::RegularExpression => Plain::of_expression(source, flags),
            Kind::Wildcard => Plain::of_wildcard(source, flags),
        };
        let (expression, leading_dots, newlines) = match kind {
            Kind::RegularExpression => {
                let newlines = flags.contains('n');
                (regular_expression::translate(source, newlines)?, Vec::new(), newlines)
            }
            Kind::Wildcard => {
                let translated = wildcard::translate(source, flags)?;
                (translated.expression, translated.leading_dots, false)
            }
        };
        let compiled = RegexBuilder::new(&expression)
            .case_insensitive(flags.contains('i'))
            .multi_line(newlines)
            .dot_matches_new_line(!newlines)
            .size_limit(PATTERN_COMPILED_BYTES_MAX)
            .build()
            .map_err(|error| reason(&error))?;
        Ok(Self { kind, source: source.to_owned(), flags: flags.to_owned(), plain, compiled, leading_dots })
    }

    /// Which language it is written in.
    pub(crate) fn kind(&self) -> Kind {
        self.kind
    }

    /// The text that it came from, without delimiters and flags.
    pub(crate) fn source(&self) -> &str {
        &self.source
    }

    /// About how many nanoseconds a text takes.
    pub(crate) fn cost(&self) -> usize {
        if self.plain.is_some() { 20 } else { 100 }
    }

    pub(crate) fn matches(&self, text: &[u8]) -> bool {
        let matches = self.plain.as_ref().and_then(|plain| plain.matches(text));
        matches.unwrap_or_else(|| self.matches_compiled(text))
    }

    fn matches_compiled(&self, text: &[u8]) -> bool {
        wildcard::dots_agree(&self.leading_dots, text) && self.compiled.is_match(text)
    }
}

/// As the language of expressions writes it: `/expression/flags` or `|pattern|flags`.
impl fmt::Display for Pattern {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let delimiter = match self.kind {
            Kind::RegularExpression => '/',
            Kind::Wildcard => '|',
        };
        write!(formatter, "{}{}", Quoted(delimiter, &self.source), self.flags)
    }
}

/// One line out of the crate's message of several.
fn reason(error: &regex::Error) -> String {
    match error {
        regex::Error::CompiledTooBig(limit) => format!("needs more than {limit} bytes when compiled"),
        other => {
            let text = other.to_string();
            let line = text.lines().last().unwrap_or_default();
            line.strip_prefix("error: ").unwrap_or(line).to_owned()
        }
    }
}
