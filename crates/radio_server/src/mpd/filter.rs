//! What `find`, `search` and their like ask for, as the library's filters.
//!
//! ```text
//! arguments  = { expression | type value }                                  all of them
//! expression = "(" "!" expression ")" | "(" expression { "AND" expression } ")"
//!            | "(" type operator value ")" | "(" "base" value ")" | "(" "modified-since" value ")" | "(" "added-since" value ")"
//! ```
//! Parity: MPD 0.23's, and 0.24's `contains`, `starts_with`, `added-since` and the endings `_cs` and `_ci` of operators. `find` and its
//! like compare exactly, `search` and its like without case and accents.

use radio_library::search::{Case, Field, Filter, How, Tag};
use regex::RegexBuilder;

use super::calendar;
use super::limits::FILTER_DEPTH_MAX;
use super::places::Places;
use super::refusal::Refusal;

/// Bytes that a compiled regular expression may need.
const REGEX_BYTES_MAX: usize = 1 << 20;

/// What counts when texts are compared, and what a pair of a type and a value means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Manner {
    pub(super) case: Case,
    pub(super) pair: How,
}

impl Manner {
    /// Of `find`, `list`, `count`, …
    pub(super) const FIND: Self = Self { case: Case::Exact, pair: How::Equal };
    /// Of `search`, …
    pub(super) const SEARCH: Self = Self { case: Case::Folded, pair: How::Contains };
}

/// The filter of these arguments.
///
/// # Errors
/// What is wrong with them.
pub(super) fn parse(arguments: &[String], manner: Manner, places: &Places) -> Result<Filter, Refusal> {
    let mut parts = Vec::new();
    let mut rest = arguments;
    loop {
        match rest {
            [] => break,
            [expression, others @ ..] if expression.starts_with('(') => {
                let mut parser = Parser { rest: expression, manner, places, depth: 0 };
                parts.push(parser.expression()?);
                if !parser.rest.trim().is_empty() {
                    return Err(Refusal::argument("Unparsed garbage after expression"));
                }
                rest = others;
            }
            [kind, value, others @ ..] => {
                parts.push(pair(kind, value, manner, places)?);
                rest = others;
            }
            [_] => return Err(Refusal::argument("Incorrect number of filter arguments")),
        }
    }
    Ok(if parts.len() == 1 { parts.remove(0) } else { Filter::All(parts) })
}

/// A type and a value, as clients of before 0.21 have it.
fn pair(kind: &str, value: &str, manner: Manner, places: &Places) -> Result<Filter, Refusal> {
    match special(kind, value, places)? {
        Some(filter) => Ok(filter),
        None => Ok(text(field(kind, places)?, manner.pair, manner.case, value, places)),
    }
}

/// `RATE:BITS:CHANNELS`, with `*` for what does not matter. How many bits a sample has, its decoder decides: any number fits.
fn audio(text: &str) -> Result<Filter, Refusal> {
    let malformed = || Refusal::argument(format_args!("Malformed audio format {text:?}; expected RATE:BITS:CHANNELS"));
    let number = |part: &str| match part {
        "*" => Ok(None),
        _ => part.parse::<u32>().map(Some).map_err(|_| malformed()),
    };
    let [rate, bits, channels] = text.split(':').collect::<Vec<_>>()[..] else { return Err(malformed()) };
    if !matches!(bits, "*" | "f" | "dsd" | "8" | "16" | "24" | "32") {
        return Err(malformed());
    }
    Ok(Filter::Audio { frequency_hz: number(rate)?, channels: number(channels)? })
}

/// The types that have no operator.
fn special(kind: &str, value: &str, places: &Places) -> Result<Option<Filter>, Refusal> {
    let time = || calendar::read(value).ok_or_else(|| Refusal::argument("Malformed time stamp: ISO 8601 or seconds"));
    Ok(Some(match kind.to_ascii_lowercase().as_str() {
        "base" => Filter::Below(places.path(value)?),
        "modified-since" => Filter::ModifiedSince(time()?),
        "added-since" => Filter::AddedSince(time()?),
        _ => return Ok(None),
    }))
}

fn field(kind: &str, places: &Places) -> Result<Field, Refusal> {
    match kind.to_ascii_lowercase().as_str() {
        "any" => Ok(Field::AnyTag),
        "file" | "filename" => Ok(Field::Path(places.bytes_before_names())),
        _ => Tag::named(kind)
            .map(Field::Tag)
            .ok_or_else(|| Refusal::argument(format_args!("Unknown filter type: {kind}"))),
    }
}

/// A condition about a text. A whole path may be named as in every other command.
fn text(field: Field, how: How, case: Case, value: &str, places: &Places) -> Filter {
    let text = match (field, how) {
        (Field::Path(_), How::Equal) => places.path(value).map_or_else(|_| value.to_owned(), |path| places.name(&path)),
        _ => value.to_owned(),
    };
    Filter::Text { field, how, case, text }
}

struct Parser<'a> {
    rest: &'a str,
    manner: Manner,
    places: &'a Places,
    depth: usize,
}

/// What an operator asks for.
enum Operator {
    Text(How),
    Regex,
}

impl Parser<'_> {
    fn expression(&mut self) -> Result<Filter, Refusal> {
        self.expect('(')?;
        self.depth += 1;
        if self.depth > FILTER_DEPTH_MAX {
            return Err(Refusal::argument(format_args!("more than {FILTER_DEPTH_MAX} levels of parentheses")));
        }
        let filter = match self.peek() {
            Some('!') => {
                self.expect('!')?;
                Filter::Not(Box::new(self.expression()?))
            }
            Some('(') => self.conjunction()?,
            _ => self.condition()?,
        };
        self.expect(')')?;
        self.depth -= 1;
        Ok(filter)
    }

    fn conjunction(&mut self) -> Result<Filter, Refusal> {
        let mut parts = vec![self.expression()?];
        while self.peek() != Some(')') {
            if self.word() != "AND" {
                return Err(Refusal::argument("'AND' expected"));
            }
            parts.push(self.expression()?);
        }
        Ok(Filter::All(parts))
    }

    fn condition(&mut self) -> Result<Filter, Refusal> {
        let kind = self.word();
        if kind.is_empty() {
            return Err(Refusal::argument("Word expected"));
        }
        if matches!(self.peek(), Some('\'' | '"')) {
            let value = self.quoted()?;
            return special(&kind, &value, self.places)?
                .ok_or_else(|| Refusal::argument(format_args!("Unknown filter type: {kind}")));
        }
        if kind.eq_ignore_ascii_case("audioformat") {
            return self.audio_format();
        }
        let field = field(&kind, self.places)?;
        let (negated, operator, case) = self.operator()?;
        let value = self.quoted()?;
        let filter = match operator {
            Operator::Text(how) => text(field, how, case, &value, self.places),
            Operator::Regex => {
                let regex = RegexBuilder::new(&value)
                    .case_insensitive(case == Case::Folded)
                    .size_limit(REGEX_BYTES_MAX)
                    .build()
                    .map_err(|error| Refusal::argument(error.to_string().lines().last().unwrap_or_default()))?;
                Filter::Regex { field, regex }
            }
        };
        Ok(if negated { Filter::Not(Box::new(filter)) } else { filter })
    }

    fn audio_format(&mut self) -> Result<Filter, Refusal> {
        let (negated, operator, _) = self.operator()?;
        if !matches!(operator, Operator::Text(How::Equal) | Operator::Regex) {
            return Err(Refusal::argument("'==' or '=~' expected"));
        }
        let filter = audio(&self.quoted()?)?;
        Ok(if negated { Filter::Not(Box::new(filter)) } else { filter })
    }

    fn operator(&mut self) -> Result<(bool, Operator, Case), Refusal> {
        self.rest = self.rest.trim_start();
        let end = self.rest.find([' ', '\t', '\'', '"']).unwrap_or(self.rest.len());
        let (written, rest) = self.rest.split_at(end);
        self.rest = rest;
        let (plain, case) = match written.rsplit_once('_') {
            Some((plain, "cs")) => (plain, Case::Exact),
            Some((plain, "ci")) => (plain, Case::Folded),
            _ => (written, self.manner.case),
        };
        let (negated, plain) = match plain {
            "!=" => (true, "=="),
            "!~" => (true, "=~"),
            other => other.strip_prefix('!').map_or((false, other), |plain| (true, plain)),
        };
        let operator = match plain {
            "==" | "eq" => Operator::Text(How::Equal),
            "contains" => Operator::Text(How::Contains),
            "starts_with" => Operator::Text(How::StartsWith),
            "=~" => Operator::Regex,
            _ => {
                let expected = "==, !=, contains, starts_with, =~ or !~";
                return Err(Refusal::argument(format_args!("unknown operator {written:?}; expected {expected}")));
            }
        };
        Ok((negated, operator, case))
    }

    fn quoted(&mut self) -> Result<String, Refusal> {
        let quote = self.peek().filter(|quote| matches!(quote, '\'' | '"'));
        let quote = quote.ok_or_else(|| Refusal::argument("Quoted string expected"))?;
        self.expect(quote)?;
        let mut value = String::new();
        let mut characters = self.rest.chars();
        loop {
            match characters.next() {
                Some(character) if character == quote => break,
                Some('\\') => value.extend(characters.next()),
                Some(character) => value.push(character),
                None => return Err(Refusal::argument("Closing quote not found")),
            }
        }
        self.rest = characters.as_str();
        Ok(value)
    }

    fn word(&mut self) -> String {
        self.rest = self.rest.trim_start();
        let fits = |character: char| character.is_ascii_alphanumeric() || matches!(character, '_' | '-');
        let end = self.rest.find(|character| !fits(character)).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        word.to_owned()
    }

    fn peek(&mut self) -> Option<char> {
        self.rest = self.rest.trim_start();
        self.rest.chars().next()
    }

    fn expect(&mut self, expected: char) -> Result<(), Refusal> {
        if self.peek() != Some(expected) {
            return Err(Refusal::argument(format_args!("'{expected}' expected")));
        }
        self.rest = &self.rest[expected.len_utf8()..];
        Ok(())
    }
}

/// Parses a filter as `find` does; for the fuzz target.
#[doc(hidden)]
pub fn fuzz(text: &str) {
    let words: Vec<String> = text.split('\n').map(str::to_owned).collect();
    let _ = parse(&words, Manner::SEARCH, &Places::new(&[]));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(arguments: &[&str], manner: Manner) -> String {
        let arguments: Vec<String> = arguments.iter().map(|text| (*text).to_owned()).collect();
        let places = Places::new(&["/music".into()]);
        match parse(&arguments, manner, &places) {
            Ok(filter) => format!("{filter:?}"),
            Err(refusal) => refusal.message,
        }
    }

    #[test]
    fn pairs_are_exact_in_find_and_parts_in_search() {
        let found = shown(&["artist", "Miles", "base", "a"], Manner::FIND);
        assert!(found.contains("how: Equal, case: Exact, text: \"Miles\""), "{found}");
        assert!(found.starts_with("All(") && found.contains("Below(\"/music/a\")"), "{found}");
        let searched = shown(&["any", "blue"], Manner::SEARCH);
        assert!(searched.contains("AnyTag, how: Contains, case: Folded"), "{searched}");
    }

    #[test]
    fn expressions_nest() {
        let filter =
            shown(&[r#"((Artist == "x \"y\"") AND (!(album contains 'z')) AND (title !~ "^a"))"#], Manner::FIND);
        for part in [r#"text: "x \"y\"""#, "Not(Text", "how: Contains", "Not(Regex"] {
            assert!(filter.contains(part), "{part} in {filter}");
        }
        let filter = shown(&["(file == 'a/b.mp3')"], Manner::FIND);
        assert!(filter.contains("Path(7)") && filter.contains("\"a/b.mp3\""), "{filter}");
        assert!(shown(&["(file == '/music/a/b.mp3')"], Manner::FIND).contains("\"a/b.mp3\""));
        assert!(shown(&["(file contains 'a/')"], Manner::FIND).contains("\"a/\""));
        for format in ["(AudioFormat == '44100:16:2')", "(audioformat =~ '44100:*:2')"] {
            let filter = shown(&[format], Manner::FIND);
            assert!(filter.contains("frequency_hz: Some(44100), channels: Some(2)"), "{filter}");
        }
        assert!(shown(&["(AudioFormat != '*:f:1')"], Manner::FIND).contains("Not(Audio { frequency_hz: None"));
        assert!(shown(&["(Title eq_ci 'x')"], Manner::FIND).contains("Folded"));
        assert!(shown(&["(modified-since '2025-11-25')"], Manner::FIND).contains("ModifiedSince(1764028800)"));
    }

    #[test]
    fn what_is_no_filter_says_why() {
        for (arguments, expected) in [
            (&["artist"][..], "Incorrect number of filter arguments"),
            (&["colour", "x"], "Unknown filter type: colour"),
            (&["(Artist == \"x\""], "')' expected"),
            (&["(Artist == x)"], "Quoted string expected"),
            (&["(Artist ~ 'x')"], "unknown operator"),
            (&["(Artist == 'x)"], "Closing quote not found"),
            (&["((Artist == 'x') OR (Album == 'y'))"], "'AND' expected"),
            (&["(Artist == 'x') y"], "Unparsed garbage"),
            (&["(Artist =~ '(')"], "unclosed group"),
            (&["(AudioFormat == '44100:2')"], "Malformed audio format"),
            (&["(AudioFormat == '44100:x:2')"], "Malformed audio format"),
            (&["(AudioFormat =~ 'a:16:2')"], "Malformed audio format"),
            (&["(AudioFormat contains '44100:16:2')"], "'==' or '=~' expected"),
            (&["(modified-since 'soon')"], "Malformed time stamp"),
            (&["(file 'x')"], "Unknown filter type: file"),
        ] {
            let refusal = shown(arguments, Manner::FIND);
            assert!(refusal.contains(expected), "{arguments:?}: {refusal}");
        }
        assert!(shown(&[&"(!".repeat(FILTER_DEPTH_MAX + 1)], Manner::FIND).contains("levels of parentheses"));
    }
}
