//! One line of a client: a command's name and its arguments.
//!
//! Arguments are separated by blanks. One that contains blanks stands in double quotes, in which a backslash takes the meaning from
//! the character behind it. Parity: MPD 0.23's tokenizer, with its messages.

use super::limits::WORDS_MAX;
use super::refusal::{Code, Refusal};

/// Splits a line, which has no newline, into its words.
///
/// # Errors
/// What is wrong with it, in MPD's words.
pub(super) fn words(line: &[u8]) -> Result<Vec<String>, Refusal> {
    let text = std::str::from_utf8(line).map_err(|_| Refusal::argument("Invalid UTF-8"))?;
    let text = text.trim_end_matches([' ', '\t', '\r']);
    if text.is_empty() {
        return Err(Refusal::new(Code::Unknown, "No command given"));
    }
    if text.starts_with([' ', '\t', '"']) {
        return Err(Refusal::new(Code::Unknown, "Letter expected"));
    }
    let mut words = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        if words.len() == WORDS_MAX {
            return Err(Refusal::argument("Too many arguments"));
        }
        let word;
        (word, rest) = if let Some(quoted) = rest.strip_prefix('"') { unquote(quoted)? } else { plain(rest)? };
        words.push(word);
        rest = rest.trim_start_matches([' ', '\t']);
    }
    Ok(words)
}

fn plain(text: &str) -> Result<(String, &str), Refusal> {
    let end = text.find([' ', '\t']).unwrap_or(text.len());
    let (word, rest) = text.split_at(end);
    if word.contains(['"', '\'']) {
        return Err(Refusal::new(Code::Unknown, "Invalid unquoted character"));
    }
    Ok((word.to_owned(), rest))
}

/// The text behind an opening quote, up to the one that closes it.
fn unquote(text: &str) -> Result<(String, &str), Refusal> {
    let mut word = String::new();
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => {
                let rest = &text[at + 1..];
                if !rest.is_empty() && !rest.starts_with([' ', '\t']) {
                    return Err(Refusal::new(Code::Unknown, "Space expected after closing '\"'"));
                }
                return Ok((word, rest));
            }
            '\\' => word.extend(characters.next().map(|(_, escaped)| escaped)),
            _ => word.push(character),
        }
    }
    Err(Refusal::new(Code::Unknown, "Missing closing '\"'"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(line: &str) -> Vec<String> {
        words(line.as_bytes()).unwrap()
    }

    #[test]
    fn words_are_split_and_unquoted() {
        assert_eq!(split("status"), ["status"]);
        assert_eq!(split("add \"a b\"\tc  \r"), ["add", "a b", "c"]);
        assert_eq!(split(r#"find "(Artist == \"it\\'s\")" """#), ["find", r#"(Artist == "it\'s")"#, ""]);
        assert_eq!(split("x ä"), ["x", "ä"]);
    }

    #[test]
    fn what_is_no_line_is_refused_as_mpd_does() {
        for (line, code, message) in [
            (&b""[..], Code::Unknown, "No command given"),
            (b" status", Code::Unknown, "Letter expected"),
            (b"add \"a", Code::Unknown, "Missing closing '\"'"),
            (b"add \"a\"b", Code::Unknown, "Space expected after closing '\"'"),
            (b"add a\"b", Code::Unknown, "Invalid unquoted character"),
            (b"add \xff", Code::Argument, "Invalid UTF-8"),
        ] {
            assert_eq!(words(line), Err(Refusal::new(code, message)));
        }
        let long = "a ".repeat(WORDS_MAX + 1);
        assert_eq!(words(long.as_bytes()), Err(Refusal::argument("Too many arguments")));
    }
}
