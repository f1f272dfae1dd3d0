//! The language of lines, paraslash's until 0.6.
//!
//! ```text
//! line  = "accept" [ "with" "score" score ] [ [ "if" ] [ "not" ] method ]
//!       | "deny"   [ "with" "score" score ] [ [ "if" ] [ "not" ] method ]
//!       | "score" score [ [ "if" ] [ "not" ] method ]
//! score = number | "random"
//! ```
//!
//! Words are separated by blanks and quoted as in a shell: `'…'`, `"…"`, a backslash. Empty lines and lines that begin with `#` mean
//! nothing. Upper and lower case of the fixed words are the same.

use std::iter::Peekable;
use std::str::Chars;

use super::error::{Found, MoodError, Position};
use super::expression::pattern_error;
use super::keywords::{self, Argument, Keyword, Read};
use super::limits::{LINES_MAX, SCORE_MAX};
use super::number::Number;
use super::pattern::{Kind, Pattern};
use super::syntax::{AttributeTest, Comparison, Condition, LineScore, Rule, Text, Verdict};

/// Whether a text is in this language: its first word is one that begins a line.
pub(super) fn recognises(text: &str) -> bool {
    let line = text.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with('#'));
    let word = line.and_then(|line| line.split_whitespace().next());
    word.is_some_and(|word| verdict(word).is_some())
}

/// Reads all lines.
///
/// # Errors
/// The first thing that is wrong.
pub(super) fn parse(text: &str) -> Result<Vec<Rule>, MoodError> {
    let mut rules = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        if line.trim_start().starts_with('#') || line.trim().is_empty() {
            continue;
        }
        if rules.len() == LINES_MAX {
            return Err(MoodError::too_much(Position { line: number, column: 1 }, "lines", LINES_MAX));
        }
        let end = Position { line: number, column: u32::try_from(line.chars().count()).unwrap_or(u32::MAX - 1) + 1 };
        rules.push(Line { words: words(line, number)?.into_iter().peekable(), end }.rule()?);
    }
    Ok(rules)
}

struct Word {
    text: String,
    position: Position,
}

impl Word {
    fn is(&self, name: &str) -> bool {
        self.text.eq_ignore_ascii_case(name)
    }

    fn unexpected(&self, expected: &'static str) -> MoodError {
        MoodError::unexpected(self.position, Found::Text(self.text.clone()), expected)
    }
}

struct Line {
    words: Peekable<std::vec::IntoIter<Word>>,
    /// Behind its last character.
    end: Position,
}

const SCORE: &str = "a whole number or random, as the score";
const METHOD: &str = "a method";

impl Line {
    fn rule(mut self) -> Result<Rule, MoodError> {
        let first = self.word("accept, deny or score")?;
        let verdict = verdict(&first.text).ok_or_else(|| {
            first.unexpected("accept, deny or score").suggesting(Verdict::ALL.iter().map(|verdict| verdict.name()))
        })?;
        let score = match verdict {
            Verdict::Score => Some(self.score()?),
            Verdict::Accept | Verdict::Deny => {
                if self.take("with") {
                    let word = self.word("score behind with")?;
                    if !word.is("score") {
                        return Err(word.unexpected("score behind with"));
                    }
                    Some(self.score()?)
                } else {
                    None
                }
            }
        };
        let condition = self.condition()?;
        match self.words.next() {
            None => Ok(Rule { verdict, score, condition, line: self.end.line }),
            Some(word) => Err(word.unexpected("the end of the line (quote an argument with blanks in it)")),
        }
    }

    fn score(&mut self) -> Result<LineScore, MoodError> {
        let word = self.word(SCORE)?;
        if word.is("random") {
            return Ok(LineScore::Random);
        }
        let score: i64 = word.text.parse().map_err(|_| word.unexpected(SCORE).suggesting(["random"]))?;
        match i32::try_from(score) {
            Ok(score) if score.abs() <= SCORE_MAX => Ok(LineScore::Fixed(score)),
            _ => Err(word.unexpected("a score from -1000 to 1000")),
        }
    }

    fn condition(&mut self) -> Result<Option<Condition>, MoodError> {
        let conditional = self.take("if");
        let negated = self.take("not");
        if !conditional && !negated && self.words.peek().is_none() {
            return Ok(None);
        }
        let method = self.method()?;
        Ok(Some(if negated { Condition::Not(Box::new(method)) } else { method }))
    }

    fn method(&mut self) -> Result<Condition, MoodError> {
        let word = self.word(METHOD)?;
        let name = word.text.to_ascii_lowercase();
        let (keyword, method) =
            keywords::find_method(&name).ok_or_else(|| word.unexpected(METHOD).suggesting(keywords::method_names()))?;
        match (method.argument, keyword.read) {
            (Argument::Zero, Read::Number(read)) => Ok(Condition::Numbers {
                left: Number::Of { keyword, read },
                comparison: Comparison::Equal,
                right: Number::Literal(0),
            }),
            (Argument::Comparison, Read::Number(read)) => self.comparison(Number::Of { keyword, read }),
            (Argument::Wildcard, Read::Text(read)) => self.pattern(keyword, read, Kind::Wildcard),
            (Argument::RegularExpression, Read::Text(read)) => self.pattern(keyword, read, Kind::RegularExpression),
            // The table pairs the rest with attributes only; a test goes through it.
            _ => {
                let word = self.word("the name of an attribute")?;
                let (name, position) = (word.text, word.position);
                Ok(Condition::HasAttribute(AttributeTest { name, position, id: None }))
            }
        }
    }

    fn pattern(
        &mut self,
        keyword: &'static Keyword,
        read: fn(&crate::song::Song) -> &[u8],
        kind: Kind,
    ) -> Result<Condition, MoodError> {
        let word = self.word(match kind {
            Kind::Wildcard => "a wildcard pattern",
            Kind::RegularExpression => "a regular expression",
        })?;
        let pattern = Pattern::new(kind, &word.text, "")
            .map_err(|reason| pattern_error(word.position, kind, &word.text, reason))?;
        Ok(Condition::Matches { text: Text::Of { keyword, read }, pattern })
    }

    fn comparison(&mut self, left: Number) -> Result<Condition, MoodError> {
        let word = self.word("one of <, =, <=, >, >=, !=")?;
        let comparison = Comparison::ALL
            .iter()
            .find(|comparison| word.text == comparison.line_symbol() || word.text == comparison.symbol())
            .ok_or_else(|| word.unexpected("one of <, =, <=, >, >=, !="))?;
        let word = self.word("a whole number")?;
        let right = word.text.parse().map(Number::Literal).map_err(|_| word.unexpected("a whole number"))?;
        Ok(Condition::Numbers { left, comparison: *comparison, right })
    }

    fn word(&mut self, expected: &'static str) -> Result<Word, MoodError> {
        self.words.next().ok_or_else(|| MoodError::unexpected(self.end, Found::EndOfLine, expected))
    }

    fn take(&mut self, name: &str) -> bool {
        self.words.next_if(|word| word.is(name)).is_some()
    }
}

fn verdict(word: &str) -> Option<Verdict> {
    Verdict::ALL.iter().copied().find(|verdict| word.eq_ignore_ascii_case(verdict.name()))
}

/// The words of a line.
fn words(line: &str, number: u32) -> Result<Vec<Word>, MoodError> {
    let mut splitter = Splitter { characters: line.chars(), position: Position { line: number, column: 0 } };
    let mut words = Vec::new();
    while let Some(word) = splitter.word()? {
        words.push(word);
    }
    Ok(words)
}

struct Splitter<'a> {
    characters: Chars<'a>,
    /// Of the character that was read last.
    position: Position,
}

impl Splitter<'_> {
    fn word(&mut self) -> Result<Option<Word>, MoodError> {
        let mut first = self.next();
        while first.is_some_and(char::is_whitespace) {
            first = self.next();
        }
        let Some(mut character) = first else { return Ok(None) };
        let position = self.position;
        let mut text = String::new();
        loop {
            match character {
                '\'' => self.quoted('\'', &mut text)?,
                '"' => self.quoted('"', &mut text)?,
                '\\' => text.push(self.next().ok_or_else(|| self.ended("a character behind the backslash"))?),
                _ => text.push(character),
            }
            match self.next() {
                Some(next) if !next.is_whitespace() => character = next,
                _ => return Ok(Some(Word { text, position })),
            }
        }
    }

    fn quoted(&mut self, quote: char, text: &mut String) -> Result<(), MoodError> {
        let expected = if quote == '"' { "a \" that ends the argument" } else { "a ' that ends the argument" };
        loop {
            match self.next().ok_or_else(|| self.ended(expected))? {
                character if character == quote => return Ok(()),
                '\\' if quote == '"' => text.push(self.next().ok_or_else(|| self.ended(expected))?),
                character => text.push(character),
            }
        }
    }

    fn next(&mut self) -> Option<char> {
        self.position.column = self.position.column.saturating_add(1);
        self.characters.next()
    }

    fn ended(&self, expected: &'static str) -> MoodError {
        MoodError::unexpected(self.position, Found::EndOfLine, expected)
    }
}
