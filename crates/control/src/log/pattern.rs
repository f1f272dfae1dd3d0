//! How a log line looks: a template with escapes.

use std::fmt;
use std::iter::Peekable;
use std::str::Chars;

use super::calendar::{Zone, format_time};
use super::record::{Record, printable};

/// Widest field, in characters; a wider one is cut to this.
const WIDTH_MAX: usize = 256;

/// How `%d` and `%D` look without a template of their own.
const TIME_DEFAULT: &str = "%Y-%m-%d %H:%M:%S.###";

/// A template, taken apart once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    text: String,
    pieces: Vec<Piece>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Literal(String),
    Field(Field),
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Field {
    escape: Escape,
    left_justified: bool,
    zero_padded: bool,
    width: usize,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Escape {
    /// `%A`
    Application,
    /// `%B`
    Priority,
    /// `%c`
    Module,
    /// `%d`, `%D`
    Time(Zone, String),
    /// `%E`
    Host,
    /// `%j`: the whole record as JSON.
    Json,
    /// `%m`
    Message,
    /// `%N`
    Serial,
    /// `%n`
    NewLine,
    /// `%p`
    Level,
    /// `%P`
    Process,
    /// `%r`
    ElapsedMilliseconds,
    /// `%t`
    Subprogram,
    /// `%T`
    SubprogramInParentheses,
    /// `%%` and every letter that means nothing.
    Itself(char),
}

/// What a pattern may ask about the program and the destination.
#[derive(Debug, Clone, Copy)]
pub(super) struct Surroundings<'a> {
    pub(super) application: &'a str,
    pub(super) host: &'a str,
    /// The syslog priority of the record at this destination.
    pub(super) priority: u8,
}

impl Pattern {
    /// Reads a template. Every text is one: an unknown escape stands for its letter.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let mut pieces = Vec::new();
        let mut literal = String::new();
        let mut rest = text.chars().peekable();
        while let Some(character) = rest.next() {
            if character != '%' || rest.peek().is_none() {
                literal.push(character);
                continue;
            }
            if !literal.is_empty() {
                pieces.push(Piece::Literal(std::mem::take(&mut literal)));
            }
            pieces.push(Piece::Field(parse_field(&mut rest)));
        }
        if !literal.is_empty() {
            pieces.push(Piece::Literal(literal));
        }
        Self { text: text.to_owned(), pieces }
    }

    /// The line or lines of a record, without a newline at the end. A message of several lines has the pattern around
    /// each of them, so that no message can pass for two.
    pub(super) fn render(&self, record: &Record<'_>, surroundings: Surroundings<'_>) -> String {
        let text = record.text();
        let whole = self.pieces.iter().any(|piece| matches!(piece, Piece::Field(Field { escape: Escape::Json, .. })));
        if whole || !text.contains('\n') {
            return self.render_line(&printable(&text), record, surroundings);
        }
        text.lines().map(|line| self.render_line(&printable(line), record, surroundings)).collect::<Vec<_>>().join("\n")
    }

    fn render_line(&self, line: &str, record: &Record<'_>, surroundings: Surroundings<'_>) -> String {
        let mut output = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Literal(text) => output.push_str(text),
                Piece::Field(field) => field.pad(&field.escape.expand(line, record, surroundings), &mut output),
            }
        }
        output
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

/// Reads what stands behind a `%`: flags, width, letter and, for times, a template in braces.
fn parse_field(rest: &mut Peekable<Chars<'_>>) -> Field {
    let left_justified = rest.next_if_eq(&'-').is_some();
    let zero_padded = rest.next_if_eq(&'0').is_some();
    let mut width: usize = 0;
    while let Some(digit) = rest.peek().and_then(|character| character.to_digit(10)) {
        rest.next();
        width = width.saturating_mul(10).saturating_add(digit as usize).min(WIDTH_MAX);
    }
    let escape = match rest.next().unwrap_or('%') {
        'A' => Escape::Application,
        'B' => Escape::Priority,
        'c' => Escape::Module,
        'd' => Escape::Time(Zone::Local, template(rest)),
        'D' => Escape::Time(Zone::Utc, template(rest)),
        'E' => Escape::Host,
        'j' => Escape::Json,
        'm' => Escape::Message,
        'N' => Escape::Serial,
        'n' => Escape::NewLine,
        'p' => Escape::Level,
        'P' => Escape::Process,
        'r' => Escape::ElapsedMilliseconds,
        't' => Escape::Subprogram,
        'T' => Escape::SubprogramInParentheses,
        other => Escape::Itself(other),
    };
    Field { escape, left_justified, zero_padded, width }
}

fn template(rest: &mut Peekable<Chars<'_>>) -> String {
    if rest.next_if_eq(&'{').is_none() {
        return TIME_DEFAULT.to_owned();
    }
    rest.take_while(|&character| character != '}').collect()
}

impl Escape {
    fn expand(&self, line: &str, record: &Record<'_>, surroundings: Surroundings<'_>) -> String {
        match self {
            Self::Application => surroundings.application.to_owned(),
            Self::Priority => surroundings.priority.to_string(),
            Self::Module => record.module.to_owned(),
            Self::Time(zone, template) => format_time(record.time, template, *zone),
            Self::Host => surroundings.host.to_owned(),
            Self::Json => record.json(surroundings.application),
            Self::Message => line.to_owned(),
            Self::Serial => record.serial.to_string(),
            Self::NewLine => "\n".to_owned(),
            Self::Level => record.level.name().to_owned(),
            Self::Process => std::process::id().to_string(),
            Self::ElapsedMilliseconds => record.elapsed.as_millis().to_string(),
            Self::Subprogram if record.subprogram.is_empty() => "main".to_owned(),
            Self::Subprogram => record.subprogram.to_owned(),
            Self::SubprogramInParentheses if record.subprogram.is_empty() => String::new(),
            Self::SubprogramInParentheses => format!("({})", record.subprogram),
            Self::Itself(character) => character.to_string(),
        }
    }
}

impl Field {
    fn pad(&self, text: &str, output: &mut String) {
        let padding = self.width.saturating_sub(text.chars().count());
        let filler = if self.zero_padded && !self.left_justified { '0' } else { ' ' };
        if self.left_justified {
            output.push_str(text);
        }
        output.extend(std::iter::repeat_n(filler, padding));
        if !self.left_justified {
            output.push_str(text);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::record::tests::record;
    use super::*;

    const SURROUNDINGS: Surroundings<'_> = Surroundings { application: "target", host: "box", priority: 132 };

    fn render(pattern: &str, message: &str) -> String {
        Pattern::parse(pattern).render(&record(message, &[]), SURROUNDINGS)
    }

    #[test]
    fn f04_every_escape() {
        assert_eq!(render("%A %B %c %E %m %N %p %r %%|%q", "hi"), "target 132 nvme.queue box hi 42 WARN 1234 %|q");
        assert_eq!(render("a%nb", ""), "a\nb");
        assert_eq!(render("%P", ""), std::process::id().to_string());
        assert_eq!(render("%D", ""), "2026-11-24 00:14:44.039");
        assert_eq!(render("%D{%H:%M:%S.######}|%d{%s}|", ""), "00:14:44.039388|1795479284|");
        assert_eq!(render("[%t%T]", ""), "[main]");
        let record = Record { subprogram: "monitor", ..record("", &[]) };
        assert_eq!(Pattern::parse("%t%T").render(&record, SURROUNDINGS), "monitor(monitor)");
    }

    #[test]
    fn f04_flags_and_width() {
        assert_eq!(
            render("%05N|%-12c|%12c|%010p|%-06N|%2m", "long"),
            "00042|nvme.queue  |  nvme.queue|000000WARN|42    |long"
        );
        assert_eq!(render("%99999999999999999999m", "").len(), WIDTH_MAX);
    }

    #[test]
    fn odd_ends_are_taken_literally() {
        assert_eq!(render("100%", ""), "100%");
        assert_eq!(render("%D{%Y", ""), "2026");
        assert_eq!(render("%-", ""), "%");
        assert_eq!(render("", "x"), "");
    }

    #[test]
    fn a_message_cannot_pass_for_two() {
        assert_eq!(render("%N|%m", "one\ntwo\u{1b}"), "42|one\n42|two\\u{1b}");
        assert_eq!(render("%j", "one\ntwo").lines().count(), 1);
    }
}
