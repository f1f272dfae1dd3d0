//! Invented moods: every keyword, operator, flag and escape of both languages.

use super::Mood;
use super::keywords::{Argument, Read, TABLE};
use super::syntax::Comparison;
use crate::testing::Random;

const ATTRIBUTES: &[&str] = &["instrumental", "sick", "two words", "x"];
const NUMBERS: &[&str] = &[
    "0",
    "1",
    "7",
    "007",
    "1950",
    "1960",
    "-3",
    "- 3",
    "9223372036854775807",
    "-9223372036854775807",
    "-9223372036854775808",
];
/// Between quotes.
const TEXT_PIECES: &[&str] = &[
    "a", "M", "Miles", "blue", " ", "\\\"", "\\\\", "\\n", "\\r", "\\t", "\\a", "\\b", "\\f", "\\v", "\\.", "\\*", "ä",
    "日", "K", "/", "|", "#", "&&", "'",
];
/// Between slashes.
const EXPRESSION_PIECES: &[&str] = &[
    "a",
    "M",
    "Mi",
    "lue",
    "x",
    " ",
    "^",
    "$",
    ".",
    ".*",
    "a+",
    "b?",
    "(a|b)",
    "(l)*",
    "|",
    "[a-m]",
    "[^a]",
    "[[:alpha:]]",
    "[.]",
    "[\\\\]",
    "x{1,2}",
    "{",
    "\\w",
    "\\W",
    "\\s",
    "\\b",
    "\\<",
    "\\>",
    "\\\\w",
    "\\\\.",
    "\\.",
    "\\/",
    "\\n",
    "\\t",
    "\\v",
    "ä",
    "日",
    "K",
    "#",
    "\"",
    "\\\\\\\\",
];
/// Between bars or quotes.
const WILDCARD_PIECES: &[&str] = &[
    "*", "?", "a", "M", "Miles", "mp3", "/", ".", " ", "[a-m]", "[!a]", "[", "\\*", "\\\\*", "\\\\\\\\", "\\?", "\\n",
    "ä", "日", "K", "#", "@(a)", "+(b)", "?(a)", "*(M)",
];
const SPACES: &[&str] = &["", " ", " ", "\n", "\t ", " # x && \"\n"];

fn space(random: &mut Random) -> &'static str {
    random.of::<&str>(SPACES)
}

fn pieces(random: &mut Random, pieces: &[&str], count: u32) -> String {
    (0..random.below(count)).map(|_| *random.of(pieces)).collect()
}

fn flags(random: &mut Random, flags: &str) -> String {
    flags.chars().filter(|_| random.below(5) == 0).collect()
}

/// A keyword whose value is of one kind.
fn keyword(random: &mut Random, is: fn(Read) -> bool) -> &'static str {
    let names: Vec<_> = TABLE.iter().filter(|keyword| is(keyword.read)).map(|keyword| keyword.name).collect();
    random.of::<&str>(&names)
}

/// What `make` makes, once it is one half of a condition.
fn taken(random: &mut Random, left: &str, make: fn(&mut Random) -> String) -> String {
    loop {
        let condition = format!("{left} {}", make(random));
        if Mood::parse(&condition).is_ok() {
            return condition;
        }
    }
}

fn any_expression(random: &mut Random) -> String {
    format!("=~{}/{}/{}", random.of(&["", " "]), pieces(random, EXPRESSION_PIECES, 6), flags(random, "in"))
}

fn any_wildcard(random: &mut Random) -> String {
    let delimiter = *random.of(&["|", "\""]);
    let pattern = pieces(random, WILDCARD_PIECES, 6);
    format!("=|{}{delimiter}{pattern}{delimiter}{}", random.of(&["", " "]), flags(random, "npPlie"))
}

fn any_text(random: &mut Random) -> String {
    match random.below(3) {
        0 => format!("\"{}\"", pieces(random, TEXT_PIECES, 4)),
        _ => keyword(random, |read| matches!(read, Read::Text(_))).to_owned(),
    }
}

fn any_number(random: &mut Random, depth: usize) -> String {
    let leaf = random.below(8);
    if depth == 0 || leaf > 4 {
        return match random.below(2) {
            0 => (*random.of(NUMBERS)).to_owned(),
            _ => keyword(random, |read| matches!(read, Read::Number(_))).to_owned(),
        };
    }
    let (left, right) = (any_number(random, depth - 1), any_number(random, depth - 1));
    match leaf {
        0 => format!("-{left}"),
        1 => format!("({left}{})", space(random)),
        2 => format!("({left} {} {right})", random.of(&["+", "-"])),
        _ => format!("{left}{}{}{right}", space(random), random.of(&["+", "-", "*", "/"])),
    }
}

fn any_leaf(random: &mut Random, depth: usize) -> String {
    let text = any_text(random);
    match random.below(8) {
        0 => format!("is_set{}(\"{}\")", space(random), random.of(ATTRIBUTES)),
        1 => (*random.of(&["true", "false"])).to_owned(),
        2 | 3 => taken(random, &text, any_expression),
        4 => taken(random, &text, any_wildcard),
        5 => format!("{text}{}{} {}", space(random), random.of(&["==", "!="]), any_text(random)),
        _ => {
            let comparison = random.of(Comparison::ALL).symbol();
            let (left, right) = (any_number(random, depth), any_number(random, depth));
            format!("{left}{}{comparison}{}{right}", space(random), space(random))
        }
    }
}

/// A condition, parts in parts.
fn any_condition(random: &mut Random, depth: usize) -> String {
    let kind = random.below(11);
    if depth == 0 || kind > 5 {
        return any_leaf(random, depth);
    }
    let (left, right) = (any_condition(random, depth - 1), any_condition(random, depth - 1));
    match kind {
        0 | 1 => format!("{left}{}&&{}{right}", space(random), space(random)),
        2 | 3 => format!("({left} ||{}{right})", space(random)),
        4 => format!("!{}({left})", random.of(&["", " ", "!"])),
        _ => format!("{left}{}||{right}", space(random)),
    }
}

/// A mood of the language of expressions.
pub(crate) fn any_expression_mood(random: &mut Random, depth: usize) -> String {
    match random.below(10) {
        0 => any_number(random, depth),
        1 => any_text(random),
        _ => any_condition(random, depth),
    }
}

/// A line of the language of lines.
pub(crate) fn any_line(random: &mut Random) -> String {
    let verdict = *random.of(&[
        "accept",
        "deny",
        "Accept with Score -3",
        "accept with score random",
        "score 9",
        "SCORE random",
        "score -1000",
        "deny with score 1",
    ]);
    let condition = random.of(&["if ", "if not ", "not ", "", "IF NOT "]);
    if random.below(5) == 0 {
        return verdict.to_owned();
    }
    loop {
        let line = format!("{verdict} {condition}{}", any_method(random));
        if Mood::parse(&line).is_ok() {
            return line;
        }
    }
}

fn any_method(random: &mut Random) -> String {
    let methods: Vec<_> = TABLE.iter().filter_map(|keyword| keyword.method.as_ref()).collect();
    let method = *random.of(&methods);
    let name = method.name;
    match method.argument {
        Argument::Zero => name.to_owned(),
        Argument::Attribute => format!("{name} {}", word(random, random_attribute)),
        Argument::Wildcard => format!("{name} {}", word(random, |random| pieces(random, WILDCARD_PIECES, 5))),
        Argument::RegularExpression => {
            format!("{name} {}", word(random, |random| pieces(random, EXPRESSION_PIECES, 5)))
        }
        Argument::Comparison => {
            let comparison = random.of(Comparison::ALL);
            let symbol = *random.of(&[comparison.symbol(), comparison.line_symbol()]);
            format!("{name} {symbol} {}", random.of(&["0", "1", "1960", "-3", "9223372036854775807"]))
        }
    }
}

fn random_attribute(random: &mut Random) -> String {
    (*random.of(ATTRIBUTES)).to_owned()
}

/// A word of a line in one of the ways to write it.
fn word(random: &mut Random, make: fn(&mut Random) -> String) -> String {
    let text = make(random);
    match random.below(3) {
        0 if !text.contains('\'') => format!("'{text}'"),
        1 => format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")),
        _ if text.is_empty() => "''".to_owned(),
        _ => text
            .chars()
            .flat_map(|c| c.is_ascii_alphanumeric().then_some(c).map_or(vec!['\\', c], |c| vec![c]))
            .collect(),
    }
}

/// Words of either language in no order that means anything, most of the time.
pub(crate) fn any_words(random: &mut Random) -> String {
    let words: Vec<&str> = TABLE
        .iter()
        .flat_map(|keyword| [Some(keyword.name), keyword.method.as_ref().map(|method| method.name)])
        .flatten()
        .chain(NUMBERS.iter().copied())
        .chain(TEXT_PIECES.iter().copied())
        .chain(EXPRESSION_PIECES.iter().copied())
        .chain([
            "||", "&&", "!", "(", ")", "==", "!=", "=~", "=|", "<", "<=", ">=", "+", "-", "*", "/", "=", "&", "\"a\"",
            "/b/i",
        ])
        .chain(["accept", "deny", "score", "with", "if", "not", "random", "\n", "\r", "\0", "\u{85}", "\u{feff}"])
        .collect();
    (0..random.below(12)).map(|_| format!("{}{}", random.of(&words), random.of(&["", " ", " "]))).collect()
}
