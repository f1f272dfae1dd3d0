//! POSIX extended regular expressions, with GNU's operators (`\w`, `\<`), in the syntax of the `regex` crate.
//!
//! Differences of meaning remain where the standard leaves it open, and one where `regex` cannot: an expression that refers back
//! to what a group matched (`\1`) is refused, as the standard's extended expressions have none.

use std::fmt::Write as _;

use super::bracket::{self, Dialect};

/// Flags of a regular expression: letter, and what it does.
pub(crate) const FLAGS: &[(char, &str)] = &[
    ('i', "upper and lower case are the same"),
    ('n', "`.` and `[^…]` do not match the end of a line; `^` and `$` match at every line's start and end"),
];

/// The expression in the syntax of `regex`.
///
/// # Errors
/// The reason why it is none.
pub(super) fn translate(source: &str, newlines: bool) -> Result<String, String> {
    let characters: Vec<char> = source.chars().collect();
    let dialect = Dialect { escapes: false, exclamation_mark: false, never: None };
    let mut translated = String::with_capacity(source.len() + 8);
    let mut at = 0;
    while let Some(&character) = characters.get(at) {
        match character {
            '\\' => {
                let Some(&escaped) = characters.get(at + 1) else { return Err("it ends in a backslash".to_owned()) };
                escape(&mut translated, escaped)?;
                at += 2;
            }
            '[' => {
                let negated = characters.get(at + 1) == Some(&'^');
                let never = (newlines && negated).then_some('\n');
                let Some((class, length)) = bracket::translate(&characters[at..], Dialect { never, ..dialect })? else {
                    return Err("a [ without its ]".to_owned());
                };
                translated.push_str(&class);
                at += length;
            }
            '{' => {
                let length = interval(&characters[at..], &mut translated);
                at += length;
            }
            '}' => {
                translated.push_str("\\}");
                at += 1;
            }
            _ => {
                translated.push(character);
                at += 1;
            }
        }
    }
    Ok(translated)
}

fn escape(translated: &mut String, escaped: char) -> Result<(), String> {
    match escaped {
        'w' | 'W' | 's' | 'S' | 'b' | 'B' | '<' | '>' => {
            translated.push('\\');
            translated.push(escaped);
        }
        '`' => translated.push_str("\\A"),
        '\'' => translated.push_str("\\z"),
        '1'..='9' => return Err(format!("\\{escaped} refers back to a group, which is not supported")),
        _ => {
            let _ = write!(translated, "\\x{{{:x}}}", u32::from(escaped));
        }
    }
    Ok(())
}

/// Writes the `{` at the start of `characters`: an interval as it is, anything else as a brace. How many characters that were.
fn interval(characters: &[char], translated: &mut String) -> usize {
    let end = characters.iter().position(|c| *c == '}');
    let inner: Option<String> = end.map(|end| characters[1..end].iter().collect());
    let number = |text: &str| text.bytes().all(|digit| digit.is_ascii_digit());
    let bounds = inner.as_deref().and_then(|inner| match inner.split_once(',') {
        Some(("", "")) => None,
        Some((low, high)) => (number(low) && number(high)).then_some((low, Some(high))),
        None => (!inner.is_empty() && number(inner)).then_some((inner, None)),
    });
    match (bounds, end) {
        (Some((low, high)), Some(end)) => {
            let low = if low.is_empty() { "0" } else { low };
            let _ = match high {
                Some(high) => write!(translated, "{{{low},{high}}}"),
                None => write!(translated, "{{{low}}}"),
            };
            end + 1
        }
        _ => {
            translated.push_str("\\{");
            1
        }
    }
}
