//! The tree that both languages of moods become, and how it is written again.
//!
//! ```text
//! mood        rules                        a mood of expressions is one rule: accept, if the expression holds
//! rule        accept | deny | score, a score, a condition
//! condition   and, or, not, comparisons of numbers and texts, patterns, attributes
//! ```
//!
//! Everything that costs time is done when the tree is built: patterns are compiled, keywords are the functions that read a song.

use std::fmt;

use super::error::Position;
use super::keywords::{Keyword, method_of};
use super::lexer::ESCAPES;
use super::number::Number;
use super::parts::Parts;
use super::pattern::{Kind, Pattern};
use super::set::{SONGS_AT_ONCE, Set};
use crate::song::{AttributeId, Song};

/// What a line does with the songs that it matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// They are admissible, unless another line denies them.
    Accept,
    /// They are not admissible.
    Deny,
    /// Their score changes.
    Score,
}

impl Verdict {
    pub(crate) const ALL: &[Self] = &[Self::Accept, Self::Deny, Self::Score];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::Deny => "deny",
            Self::Score => "score",
        }
    }
}

/// What a line adds to the score of the songs that it matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LineScore {
    /// This.
    Fixed(i32),
    /// 0 to 100, another for each song and each time that it was played.
    Random,
}

/// One line, or the one expression.
#[derive(Debug, Clone)]
pub(crate) struct Rule {
    pub(crate) verdict: Verdict,
    pub(crate) score: Option<LineScore>,
    /// None: holds for every song.
    pub(crate) condition: Option<Condition>,
    /// Where it stands.
    pub(crate) line: u32,
}

/// What holds for a song or does not.
#[derive(Debug, Clone)]
pub(crate) enum Condition {
    Constant(bool),
    HasAttribute(AttributeTest),
    Numbers { left: Number, comparison: Comparison, right: Number },
    Texts { left: Text, equal: bool, right: Text },
    Matches { text: Text, pattern: Pattern },
    Not(Box<Self>),
    All(Parts),
    Any(Parts),
}

/// Whether a song has an attribute.
#[derive(Debug, Clone)]
pub(crate) struct AttributeTest {
    pub(crate) name: String,
    pub(crate) position: Position,
    /// None until the name is resolved: no song has it.
    pub(crate) id: Option<AttributeId>,
}

/// A text: one that is written down, or one of the song's.
#[derive(Debug, Clone)]
pub(crate) enum Text {
    Literal(String),
    Of { keyword: &'static Keyword, read: fn(&Song) -> &[u8] },
}

/// How two numbers are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Comparison {
    pub(crate) const ALL: &[Self] =
        &[Self::Equal, Self::NotEqual, Self::Less, Self::LessOrEqual, Self::Greater, Self::GreaterOrEqual];

    /// As the language of expressions writes it.
    pub(crate) fn symbol(self) -> &'static str {
        match self {
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
        }
    }

    /// As the language of lines writes it.
    pub(crate) fn line_symbol(self) -> &'static str {
        if self == Self::Equal { "=" } else { self.symbol() }
    }

    fn holds(self, left: i64, right: i64) -> bool {
        match self {
            Self::Equal => left == right,
            Self::NotEqual => left != right,
            Self::Less => left < right,
            Self::LessOrEqual => left <= right,
            Self::Greater => left > right,
            Self::GreaterOrEqual => left >= right,
        }
    }
}

impl Rule {
    pub(crate) fn cost(&self) -> usize {
        self.condition.as_ref().map_or(0, Condition::cost)
    }

    /// Those of the songs that it matches.
    pub(crate) fn matching(&self, songs: &[&Song], asked: Set) -> Set {
        self.condition.as_ref().map_or(asked, |condition| condition.holding(songs, asked))
    }
}

impl Condition {
    pub(crate) fn holds(&self, song: &Song) -> bool {
        !self.holding(&[song], Set::FIRST).is_empty()
    }

    /// Those of the songs for which it holds.
    ///
    /// Each part is asked about all songs that it can decide on before the next part is: what a part works with stays in the
    /// processor's nearest cache, and what is read of one song is not waited for before the next one's is.
    pub(crate) fn holding(&self, songs: &[&Song], asked: Set) -> Set {
        match self {
            Self::Constant(true) => asked,
            Self::Constant(false) => Set::default(),
            Self::HasAttribute(test) => test.holding(songs, asked),
            Self::Numbers { left, comparison, right } => {
                asked.filter(|place| comparison.holds(left.of(songs[place]), right.of(songs[place])))
            }
            Self::Texts { left, equal, right } => {
                let texts = left.of_all(songs, asked);
                asked.filter(|place| (texts[place] == right.of(songs[place])) == *equal)
            }
            Self::Matches { text, pattern } => {
                let texts = text.of_all(songs, asked);
                // Of an album's songs, which mostly follow each other, many texts are the same.
                let mut last: Option<(&[u8], bool)> = None;
                asked.filter(|place| {
                    let known = last.filter(|(text, _)| *text == texts[place]);
                    let (_, matches) =
                        *last.insert(known.unwrap_or_else(|| (texts[place], pattern.matches(texts[place]))));
                    matches
                })
            }
            Self::Not(inner) => asked.without(inner.holding(songs, asked)),
            Self::All(parts) => parts.cheapest_first().fold(asked, |asked, part| part.holding_if_any(songs, asked)),
            Self::Any(parts) => parts
                .cheapest_first()
                .fold(Set::default(), |found, part| found.or(part.holding_if_any(songs, asked.without(found)))),
        }
    }

    fn holding_if_any(&self, songs: &[&Song], asked: Set) -> Set {
        if asked.is_empty() { asked } else { self.holding(songs, asked) }
    }

    /// Calls `visit` with each attribute in it, until one fails.
    pub(crate) fn each_attribute<E>(
        &mut self,
        visit: &mut dyn FnMut(&mut AttributeTest) -> Result<(), E>,
    ) -> Result<(), E> {
        match self {
            Self::HasAttribute(test) => visit(test),
            Self::Not(inner) => inner.each_attribute(visit),
            Self::All(parts) | Self::Any(parts) => {
                parts.written_mut().iter_mut().try_for_each(|part| part.each_attribute(visit))
            }
            Self::Constant(_) | Self::Numbers { .. } | Self::Texts { .. } | Self::Matches { .. } => Ok(()),
        }
    }

    /// About what it takes to ask it, in nanoseconds, if everything in it has to be asked.
    pub(crate) fn cost(&self) -> usize {
        match self {
            Self::Constant(_) => 0,
            Self::Numbers { .. } => 1,
            Self::HasAttribute(_) => 3,
            Self::Texts { .. } => 5,
            Self::Matches { text, pattern } => pattern.cost() + text.cost(),
            Self::Not(inner) => inner.cost(),
            Self::All(parts) | Self::Any(parts) => parts.written().iter().map(Self::cost).sum(),
        }
    }

    /// How tightly it holds together: a part that holds less tightly than what it is part of needs parentheses.
    fn tightness(&self) -> u8 {
        match self {
            Self::Any(_) => 0,
            Self::All(_) => 1,
            _ => 2,
        }
    }
}

impl Text {
    /// Paths are several times as long as anything else.
    fn cost(&self) -> usize {
        match self {
            Self::Of { keyword, .. } if keyword.name == "path" => 30,
            Self::Of { .. } | Self::Literal(_) => 0,
        }
    }

    fn of<'a>(&'a self, song: &'a Song) -> &'a [u8] {
        match self {
            Self::Literal(text) => text.as_bytes(),
            Self::Of { read, .. } => read(song),
        }
    }

    /// Of these songs, at their places. Their ends are read before the first is looked at: reads that do not depend on each other
    /// wait for memory together.
    fn of_all<'a>(&'a self, songs: &[&'a Song], asked: Set) -> [&'a [u8]; SONGS_AT_ONCE] {
        let mut texts: [&[u8]; SONGS_AT_ONCE] = [&[]; SONGS_AT_ONCE];
        asked.places().for_each(|place| texts[place] = self.of(songs[place]));
        let ends = |text: &[u8]| text.first().map_or(0, |byte| *byte) ^ text.last().map_or(0, |byte| *byte);
        std::hint::black_box(texts.iter().fold(0, |read, text| read ^ ends(text)));
        texts
    }
}

impl AttributeTest {
    fn holding(&self, songs: &[&Song], asked: Set) -> Set {
        let Some(id) = self.id else { return Set::default() };
        let first = |place: usize| songs[place].attributes.first().map_or(0, |attribute| attribute.0);
        std::hint::black_box(asked.places().fold(0, |read, place| read ^ first(place)));
        asked.filter(|place| songs[place].attributes.binary_search(&id).is_ok())
    }
}

/// A text between two of these, with backslashes where it needs them.
pub(crate) struct Quoted<'a>(pub(crate) char, pub(crate) &'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(delimiter, text) = *self;
        write!(formatter, "{delimiter}")?;
        for character in text.chars() {
            match ESCAPES.iter().find(|(_, escaped)| *escaped == character) {
                Some((letter, _)) => write!(formatter, "\\{letter}")?,
                None if character == delimiter => write!(formatter, "\\{delimiter}")?,
                None => write!(formatter, "{character}")?,
            }
        }
        write!(formatter, "{delimiter}")
    }
}

impl fmt::Display for Text {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Literal(text) => Quoted('"', text).fmt(formatter),
            Self::Of { keyword, .. } => formatter.write_str(keyword.name),
        }
    }
}

/// In the language of expressions.
impl fmt::Display for Condition {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let part = |formatter: &mut fmt::Formatter<'_>, part: &Self| {
            if part.tightness() < self.tightness() {
                write!(formatter, "({part})")
            } else {
                write!(formatter, "{part}")
            }
        };
        match self {
            Self::Constant(value) => write!(formatter, "{value}"),
            Self::HasAttribute(test) => write!(formatter, "is_set({})", Quoted('"', &test.name)),
            Self::Numbers { left, comparison, right } => write!(formatter, "{left} {} {right}", comparison.symbol()),
            Self::Texts { left, equal, right } => {
                write!(formatter, "{left} {} {right}", if *equal { "==" } else { "!=" })
            }
            Self::Matches { text, pattern } => {
                let operator = if pattern.kind() == Kind::Wildcard { "=|" } else { "=~" };
                write!(formatter, "{text} {operator} {pattern}")
            }
            Self::Not(inner) if inner.is_comparison() => write!(formatter, "!({inner})"),
            Self::Not(inner) => {
                formatter.write_str("!")?;
                part(formatter, inner)
            }
            Self::All(parts) | Self::Any(parts) => {
                let operator = if matches!(self, Self::All(_)) { " && " } else { " || " };
                for (index, inner) in parts.written().iter().enumerate() {
                    if index > 0 {
                        formatter.write_str(operator)?;
                    }
                    part(formatter, inner)?;
                }
                Ok(())
            }
        }
    }
}

impl Condition {
    fn is_comparison(&self) -> bool {
        matches!(self, Self::Numbers { .. } | Self::Texts { .. } | Self::Matches { .. })
    }
}

/// In the language of lines. Only rules that were read in it are written in it.
impl fmt::Display for Rule {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.verdict.name())?;
        if let Some(score) = self.score {
            let preposition = if self.verdict == Verdict::Score { "" } else { " with score" };
            match score {
                LineScore::Fixed(score) => write!(formatter, "{preposition} {score}")?,
                LineScore::Random => write!(formatter, "{preposition} random")?,
            }
        }
        match &self.condition {
            None => Ok(()),
            Some(Condition::Not(inner)) => write!(formatter, " if not {}", Method(inner)),
            Some(condition) => write!(formatter, " if {}", Method(condition)),
        }
    }
}

/// A condition as the method of the language of lines that it was read from.
struct Method<'a>(&'a Condition);

impl fmt::Display for Method<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Condition::HasAttribute(test) => write!(formatter, "is_set {}", Word(&test.name)),
            Condition::Matches { text: Text::Of { keyword, .. }, pattern } => {
                write!(formatter, "{} {}", method_of(keyword), Word(pattern.source()))
            }
            Condition::Numbers { left: Number::Of { keyword, .. }, comparison, right } => {
                let method = method_of(keyword);
                if keyword.argument_is_zero() {
                    return formatter.write_str(method);
                }
                write!(formatter, "{method} {} {right}", comparison.line_symbol())
            }
            // No line reads as anything else.
            other => write!(formatter, "{other}"),
        }
    }
}

/// A word of a line, with quotes where it needs them.
struct Word<'a>(&'a str);

impl fmt::Display for Word<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plain = |character: char| !character.is_whitespace() && !matches!(character, '"' | '\'' | '\\' | '#');
        if !self.0.is_empty() && self.0.chars().all(plain) {
            return formatter.write_str(self.0);
        }
        if !self.0.contains('\'') {
            return write!(formatter, "'{}'", self.0);
        }
        formatter.write_str("\"")?;
        for character in self.0.chars() {
            if matches!(character, '"' | '\\') {
                formatter.write_str("\\")?;
            }
            write!(formatter, "{character}")?;
        }
        formatter.write_str("\"")
    }
}
