//! The words of the language of expressions.

use super::error::{Found, MoodError, Position};

/// A word, and where it stands.
#[derive(Debug, Clone)]
pub(super) struct Token {
    pub(super) kind: TokenKind,
    pub(super) position: Position,
    /// As it is written, for messages.
    pub(super) written: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum TokenKind {
    Word,
    /// Without its sign, which is a symbol.
    Number(u64),
    /// Between quotes, and letters right behind them, which only a wildcard pattern may have.
    Text {
        text: String,
        flags: String,
    },
    /// Between slashes.
    RegularExpression {
        source: String,
        flags: String,
    },
    /// Between bars, as paraslash writes wildcard patterns.
    Wildcard {
        source: String,
        flags: String,
    },
    Symbol(&'static str),
    End,
}

/// Longest first where one begins with another.
const SYMBOLS: &[&str] = &["||", "&&", "==", "!=", "=~", "=|", "<=", ">=", "<", ">", "!", "(", ")", "+", "-", "*"];

/// What a character behind a backslash means, in texts and in patterns.
pub(super) const ESCAPES: &[(char, char)] =
    &[('a', '\u{7}'), ('f', '\u{c}'), ('n', '\n'), ('r', '\r'), ('t', '\t'), ('v', '\u{b}'), ('\\', '\\')];

/// What can begin a word.
pub(super) const NUMBER: &str = "a whole number of at most 64 bits";
const ANYTHING: &str = "a keyword, a number, a \"text\", a /pattern/, an operator or a parenthesis";

/// All words of a text; the last is [`TokenKind::End`].
///
/// # Errors
/// The first thing that begins no word.
pub(super) fn tokens(text: &str) -> Result<Vec<Token>, MoodError> {
    let mut lexer = Lexer { rest: text, position: Position::START };
    let mut tokens = Vec::new();
    loop {
        lexer.skip_space();
        let (start, position) = (lexer.rest, lexer.position);
        let kind = lexer.next(tokens.last().map(|token: &Token| &token.kind))?;
        let written = start[..start.len() - lexer.rest.len()].to_owned();
        let end = kind == TokenKind::End;
        tokens.push(Token { kind, position, written });
        if end {
            return Ok(tokens);
        }
    }
}

struct Lexer<'a> {
    rest: &'a str,
    position: Position,
}

impl Lexer<'_> {
    fn skip_space(&mut self) {
        loop {
            self.advance_while(char::is_whitespace);
            if !self.rest.starts_with('#') {
                return;
            }
            self.advance_while(|character| character != '\n');
        }
    }

    /// The word that begins here, behind another one. Where a number can end, a slash divides; else it begins a pattern. Where a
    /// pattern is expected, two bars are an empty one.
    fn next(&mut self, previous: Option<&TokenKind>) -> Result<TokenKind, MoodError> {
        let Some(first) = self.rest.chars().next() else { return Ok(TokenKind::End) };
        let pattern = first == '|' && previous == Some(&TokenKind::Symbol("=|"));
        if !pattern && let Some(symbol) = SYMBOLS.iter().find(|symbol| self.rest.starts_with(**symbol)) {
            for _ in symbol.chars() {
                self.advance();
            }
            return Ok(TokenKind::Symbol(symbol));
        }
        match first {
            '/' if matches!(previous, Some(TokenKind::Word | TokenKind::Number(_) | TokenKind::Symbol(")"))) => {
                self.advance();
                Ok(TokenKind::Symbol("/"))
            }
            'a'..='z' | 'A'..='Z' | '_' => {
                self.advance_while(|character| character.is_ascii_alphanumeric() || character == '_');
                Ok(TokenKind::Word)
            }
            '0'..='9' => self.number(),
            '"' => {
                let text = self.quoted(first, "a \" that ends the text", text_escape)?;
                Ok(TokenKind::Text { text, flags: self.letters() })
            }
            '/' => {
                let source = self.quoted(first, "a / that ends the pattern", pattern_escape)?;
                Ok(TokenKind::RegularExpression { source, flags: self.letters() })
            }
            '|' => {
                let source = self.quoted(first, "a | that ends the pattern", pattern_escape)?;
                Ok(TokenKind::Wildcard { source, flags: self.letters() })
            }
            '=' => Err(MoodError::unexpected(self.position, Found::Text("=".to_owned()), "==, =~ or =|")),
            '&' => Err(MoodError::unexpected(self.position, Found::Text("&".to_owned()), "&&")),
            other => Err(MoodError::unexpected(self.position, Found::Text(other.to_string()), ANYTHING)),
        }
    }

    fn number(&mut self) -> Result<TokenKind, MoodError> {
        let (start, position) = (self.rest, self.position);
        self.advance();
        self.advance_while(|character| character.is_ascii_alphanumeric() || character == '_' || character == '.');
        let written = &start[..start.len() - self.rest.len()];
        let number = written.parse().ok().filter(|number| *number <= i64::MIN.unsigned_abs());
        number
            .map(TokenKind::Number)
            .ok_or_else(|| MoodError::unexpected(position, Found::Text(written.to_owned()), NUMBER))
    }

    /// What stands between two `delimiter`s. `escape` says what a backslash and the character behind it mean.
    fn quoted(
        &mut self,
        delimiter: char,
        expected: &'static str,
        escape: fn(char, char, &mut String),
    ) -> Result<String, MoodError> {
        let mut text = String::new();
        self.advance();
        loop {
            let position = self.position;
            match self.advance() {
                Some(character) if character == delimiter => return Ok(text),
                Some('\n') => return Err(MoodError::unexpected(position, Found::EndOfLine, expected)),
                Some('\\') => match self.advance() {
                    Some(escaped) if escaped != '\n' => escape(escaped, delimiter, &mut text),
                    _ => return Err(MoodError::unexpected(position, Found::Text("\\".to_owned()), expected)),
                },
                Some(character) => text.push(character),
                None => return Err(MoodError::unexpected(position, Found::End, expected)),
            }
        }
    }

    fn letters(&mut self) -> String {
        let start = self.rest;
        self.advance_while(|character| character.is_ascii_alphabetic());
        start[..start.len() - self.rest.len()].to_owned()
    }

    fn advance_while(&mut self, more: impl Fn(char) -> bool) {
        while self.rest.starts_with(&more) {
            self.advance();
        }
    }

    fn advance(&mut self) -> Option<char> {
        let character = self.rest.chars().next()?;
        self.rest = &self.rest[character.len_utf8()..];
        if character == '\n' {
            self.position.line = self.position.line.saturating_add(1);
            self.position.column = 1;
        } else {
            self.position.column = self.position.column.saturating_add(1);
        }
        Some(character)
    }
}

/// In texts: as in patterns, and a backspace.
fn text_escape(escaped: char, delimiter: char, text: &mut String) {
    if escaped == 'b' {
        text.push('\u{8}');
    } else {
        pattern_escape(escaped, delimiter, text);
    }
}

/// In patterns: C's escapes but `\b`, which is the edge of a word there; any other pair is the pattern's.
fn pattern_escape(escaped: char, delimiter: char, text: &mut String) {
    if let Some((_, character)) = ESCAPES.iter().find(|(letter, _)| *letter == escaped) {
        text.push(*character);
    } else if escaped == delimiter {
        text.push(delimiter);
    } else {
        text.extend(['\\', escaped]);
    }
}
