//! Wildcard patterns of `fnmatch(3)`, with its flags, in the syntax of the `regex` crate. They match a whole path, byte for byte
//! where a path is no UTF-8.
//!
//! Differences: `!(…)` is refused, because a regular expression cannot say "anything but". An unknown `[:class:]` is an error
//! rather than a pattern that matches nothing. The library's own patterns (`globset`) know neither these flags nor `+(…)`.

use std::fmt::Write as _;

use super::bracket::{self, Dialect};

/// Flags of a wildcard pattern: letter, and what it does.
pub(crate) const FLAGS: &[(char, &str)] = &[
    ('n', "a backslash is a backslash, and escapes nothing"),
    ('p', "`*`, `?` and `[…]` do not match a slash"),
    ('P', "a dot at the start (with `p`: of any directory) is matched by a dot only"),
    ('l', "what is behind a slash that follows the match is ignored"),
    ('i', "upper and lower case are the same"),
    (
        'e',
        "extended patterns: `?(a|b)` none or one of them, `*(…)` any number, `+(…)` at least one, `@(…)` exactly one",
    ),
];

/// A translated pattern.
pub(super) struct Translated {
    /// The regular expression.
    pub(super) expression: String,
    /// For the flag `P`: for each part of the pattern, whether it begins with a dot. Empty without the flag.
    pub(super) leading_dots: Vec<bool>,
}

/// The pattern in the syntax of `regex`.
///
/// # Errors
/// The reason why it is none.
pub(super) fn translate(source: &str, flags: &str) -> Result<Translated, String> {
    let has = |flag| flags.contains(flag);
    let characters: Vec<char> = source.chars().collect();
    let translator = Translator { characters: &characters, escapes: !has('n'), path: has('p'), extended: has('e') };
    let body = translator.translate()?;
    let tail = if has('l') { "(?:/(?s-u:.)*)?" } else { "" };
    let leading_dots = if has('P') { leading_dots(&characters, has('p'), !has('n')) } else { Vec::new() };
    Ok(Translated { expression: format!("\\A(?:{body}){tail}\\z"), leading_dots })
}

/// Whether dots at the starts of the parts of `path` stand opposite of dots of the pattern.
pub(super) fn dots_agree(leading_dots: &[bool], path: &[u8]) -> bool {
    match leading_dots {
        [] => true,
        [dot] => *dot || !path.starts_with(b"."),
        _ => path
            .split(|byte| *byte == b'/')
            .enumerate()
            .all(|(part, name)| !name.starts_with(b".") || leading_dots.get(part).is_none_or(|dot| *dot)),
    }
}

fn leading_dots(characters: &[char], path: bool, escapes: bool) -> Vec<bool> {
    let dot = |part: &[char]| matches!(part, ['.', ..]) || (escapes && matches!(part, ['\\', '.', ..]));
    if path { characters.split(|c| *c == '/').map(dot).collect() } else { vec![dot(characters)] }
}

struct Translator<'a> {
    characters: &'a [char],
    escapes: bool,
    path: bool,
    extended: bool,
}

impl Translator<'_> {
    fn translate(&self) -> Result<String, String> {
        let dialect = Dialect { escapes: self.escapes, exclamation_mark: true, never: self.path.then_some('/') };
        let mut translated = String::with_capacity(self.characters.len() * 2);
        // What closes each group that is open: the group's repetition.
        let mut groups: Vec<&str> = Vec::new();
        let mut at = 0;
        while let Some(&character) = self.characters.get(at) {
            let rest = &self.characters[at..];
            if let (true, Some(repetition)) = (self.extended, group_start(rest)?) {
                translated.push_str("(?:");
                groups.push(repetition);
                at += 2;
                continue;
            }
            match character {
                '*' => translated.push_str(if self.path { "(?-u:[^/])*" } else { "(?s-u:.)*" }),
                '?' => translated.push_str(if self.path { "[^/]" } else { "(?s:.)" }),
                '[' => match bracket::translate(rest, dialect)? {
                    Some((class, length)) => {
                        translated.push_str(&class);
                        at += length;
                        continue;
                    }
                    None => literal(&mut translated, '['),
                },
                '|' if !groups.is_empty() => translated.push('|'),
                ')' if !groups.is_empty() => {
                    translated.push(')');
                    translated.push_str(groups.pop().unwrap_or_default());
                }
                '\\' if self.escapes => {
                    at += 1;
                    // A backslash at the end matches itself.
                    literal(&mut translated, self.characters.get(at).copied().unwrap_or('\\'));
                }
                _ => literal(&mut translated, character),
            }
            at += 1;
        }
        if groups.is_empty() { Ok(translated) } else { Err("a group without its )".to_owned()) }
    }
}

/// The repetition of the extended group that begins at the start of `characters`.
fn group_start(characters: &[char]) -> Result<Option<&'static str>, String> {
    Ok(match characters {
        ['?', '(', ..] => Some("?"),
        ['*', '(', ..] => Some("*"),
        ['+', '(', ..] => Some("+"),
        ['@', '(', ..] => Some(""),
        ['!', '(', ..] => return Err("!(…) is not supported; negate the whole condition instead".to_owned()),
        _ => None,
    })
}

fn literal(translated: &mut String, character: char) {
    let _ = write!(translated, "\\x{{{:x}}}", u32::from(character));
}
