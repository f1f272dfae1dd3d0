//! Bracket expressions (`[a-z]`, `[^[:digit:]]`), which POSIX defines alike for regular expressions and wildcards, as classes of
//! the `regex` crate. They are not the same: a backslash, `&&` or `[` mean nothing particular in POSIX's.

use std::fmt::Write as _;

/// How the two languages of patterns differ about brackets.
#[derive(Clone, Copy)]
pub(super) struct Dialect {
    /// A backslash takes the meaning from the character behind it.
    pub(super) escapes: bool,
    /// `!` negates as `^` does.
    pub(super) exclamation_mark: bool,
    /// The class never matches this character.
    pub(super) never: Option<char>,
}

const CLASSES: &[&str] =
    &["alnum", "alpha", "blank", "cntrl", "digit", "graph", "lower", "print", "punct", "space", "upper", "xdigit"];

/// The class that begins at `characters[0]`, which is `[`, in the syntax of `regex`, and how many characters it has; none when
/// it does not end.
///
/// # Errors
/// The reason, when a class has an unknown name.
pub(super) fn translate(characters: &[char], dialect: Dialect) -> Result<Option<(String, usize)>, String> {
    let mut class = String::from("[");
    let mut at = 1;
    let negated = characters.get(at).is_some_and(|c| *c == '^' || (*c == '!' && dialect.exclamation_mark));
    if negated {
        class.push('^');
        at += 1;
    }
    let first = at;
    loop {
        let Some(&character) = characters.get(at) else { return Ok(None) };
        match (character, characters.get(at + 1)) {
            (']', _) if at > first => break,
            ('[', Some(':')) => {
                let Some((name, length)) = named(&characters[at..], ':') else { return Ok(None) };
                if !CLASSES.contains(&name.as_str()) {
                    return Err(format!("no class is called [:{name}:]; there are: {}", CLASSES.join(" ")));
                }
                let _ = write!(class, "[:{name}:]");
                at += length;
            }
            ('[', Some(&kind @ ('.' | '='))) => {
                let Some((name, length)) = named(&characters[at..], kind) else { return Ok(None) };
                let mut letters = name.chars();
                match (letters.next(), letters.next()) {
                    (Some(letter), None) => push_literal(&mut class, letter),
                    _ => return Err(format!("[{kind}{name}{kind}] is not one character")),
                }
                at += length;
            }
            // A hyphen is a range's, except first, last, or behind a range's end; `regex` wants it escaped there.
            ('-', Some(next)) if at > first && *next != ']' => {
                class.push('-');
                at += 1;
            }
            ('\\', Some(&escaped)) if dialect.escapes => {
                push_literal(&mut class, escaped);
                at += 2;
            }
            _ => {
                push_literal(&mut class, character);
                at += 1;
            }
        }
    }
    class.push(']');
    if let Some(never) = dialect.never {
        let mut excluded = String::new();
        push_literal(&mut excluded, never);
        class = format!("[{class}--[{excluded}]]");
    }
    Ok(Some((class, at + 1)))
}

/// The name within `[:name:]` at the start of `characters`, and the length of all of it.
fn named(characters: &[char], kind: char) -> Option<(String, usize)> {
    let end = characters.windows(2).skip(2).position(|pair| pair == [kind, ']'])? + 2;
    Some((characters[2..end].iter().collect(), end + 2))
}

fn push_literal(class: &mut String, character: char) {
    if character.is_alphanumeric() {
        class.push(character);
    } else {
        let _ = write!(class, "\\x{{{:x}}}", u32::from(character));
    }
}
