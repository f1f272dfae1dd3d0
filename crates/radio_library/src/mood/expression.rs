//! The language of expressions, paraslash's since 0.7: one condition that holds for the admissible songs.
//!
//! ```text
//! mood      = condition | number | text
//! condition = all { "||" all }
//! all       = one { "&&" one }
//! one       = "!" one | "(" condition ")" | "true" | "false" | "is_set" "(" text ")"
//!           | number ( "==" | "!=" | "<" | "<=" | ">" | ">=" ) number
//!           | text ( "==" | "!=" ) text | text "=~" "/…/flags" | text "=|" ( "\"…\"flags" | "|…|flags" )
//! number    = product { ( "+" | "-" ) product }
//! product   = factor { ( "*" | "/" ) factor }
//! factor    = "-" factor | "(" number ")" | digits | keyword
//! ```
//!
//! `#` begins a remark, to the end of the line. A text is a keyword or is written down. What is in parentheses is a number when nothing
//! in them compares or is a condition by itself. A mood that is a number holds where that is not 0, and one that is a text where that
//! is not empty.

use super::error::{Found, MoodError, Position, Problem};
use super::keywords::{self, Keyword, Read};
use super::lexer::{NUMBER, Token, TokenKind, tokens};
use super::limits::NESTING_MAX;
use super::number::{Number, Operation};
use super::parts::Parts;
use super::pattern::{Kind, Pattern};
use super::syntax::{AttributeTest, Comparison, Condition, Text};

const CONDITION: &str = "a condition: a keyword, \"!\", \"(\", a number or a \"text\"";

/// Reads a condition; none when there is nothing but remarks.
///
/// # Errors
/// The first thing that is wrong.
pub(super) fn parse(text: &str) -> Result<Option<Condition>, MoodError> {
    let tokens = tokens(text)?;
    let mut parser = Parser { tokens: &tokens, at: 0, depth: 0 };
    if parser.peek().kind == TokenKind::End {
        return Ok(None);
    }
    let condition = parser.condition()?;
    let rest = parser.peek();
    if rest.kind == TokenKind::End { Ok(Some(condition)) } else { Err(unexpected(rest, "&&, || or the end")) }
}

struct Parser<'a> {
    /// Never empty: the last is [`TokenKind::End`], which is not passed.
    tokens: &'a [Token],
    at: usize,
    depth: usize,
}

enum Operand {
    Number(Number),
    Text(Text),
}

impl<'a> Parser<'a> {
    fn condition(&mut self) -> Result<Condition, MoodError> {
        self.joined("||", Condition::Any, |parser| parser.joined("&&", Condition::All, Self::one))
    }

    /// `part`s with `operator` between them, as one condition.
    fn joined(
        &mut self,
        operator: &'static str,
        join: fn(Parts) -> Condition,
        part: fn(&mut Self) -> Result<Condition, MoodError>,
    ) -> Result<Condition, MoodError> {
        let first = part(self)?;
        if !self.take(operator) {
            return Ok(first);
        }
        let mut parts = vec![first, part(self)?];
        while self.take(operator) {
            parts.push(part(self)?);
        }
        Ok(join(Parts::new(parts)))
    }

    fn one(&mut self) -> Result<Condition, MoodError> {
        let token = self.peek();
        match token.kind {
            TokenKind::Symbol("!") => self.nested(|parser| Ok(Condition::Not(Box::new(parser.one()?)))),
            TokenKind::Symbol("(") if !self.parenthesis_is_number() => self.nested(|parser| {
                let inner = parser.condition()?;
                parser.expect(")", "\")\", && or ||")?;
                Ok(inner)
            }),
            TokenKind::Word => {
                let keyword = keyword(token)?;
                match keyword.read {
                    Read::Constant(value) => {
                        self.advance();
                        Ok(Condition::Constant(value))
                    }
                    Read::Attribute => self.attribute(),
                    Read::Text(_) | Read::Number(_) => self.comparison(),
                }
            }
            TokenKind::Symbol("(" | "-") | TokenKind::Number(_) | TokenKind::Text { .. } => self.comparison(),
            _ => Err(unexpected(token, CONDITION)),
        }
    }

    /// Passes one word and reads what it begins, one level deeper.
    fn nested<T>(&mut self, inner: fn(&mut Self) -> Result<T, MoodError>) -> Result<T, MoodError> {
        let position = self.advance().position;
        self.depth += 1;
        if self.depth > NESTING_MAX {
            return Err(MoodError::too_much(position, "levels of nesting", NESTING_MAX));
        }
        let condition = inner(self)?;
        self.depth -= 1;
        Ok(condition)
    }

    /// Whether nothing in the parenthesis that begins here is a condition. Of an empty one it is said that a condition is missing.
    fn parenthesis_is_number(&self) -> bool {
        let mut depth = 0_usize;
        for (index, token) in self.tokens[self.at..].iter().enumerate() {
            match token.kind {
                TokenKind::Symbol("(") => depth += 1,
                TokenKind::Symbol(")") if depth == 1 => return index > 1,
                TokenKind::Symbol(")") => depth -= 1,
                TokenKind::Symbol("+" | "-" | "*" | "/") | TokenKind::Number(_) => {}
                TokenKind::Word if keyword(token).is_ok_and(|keyword| matches!(keyword.read, Read::Number(_))) => {}
                _ => return false,
            }
        }
        false
    }

    fn attribute(&mut self) -> Result<Condition, MoodError> {
        self.advance();
        self.expect("(", "\"(\" and the name of an attribute as a \"text\"")?;
        let token = self.advance();
        let TokenKind::Text { text, flags } = &token.kind else {
            return Err(unexpected(token, "the name of an attribute as a \"text\""));
        };
        no_flags(token, flags)?;
        let test = AttributeTest { name: text.clone(), position: token.position, id: None };
        self.expect(")", "\")\"")?;
        Ok(Condition::HasAttribute(test))
    }

    fn comparison(&mut self) -> Result<Condition, MoodError> {
        let first = self.at == 0;
        let operand = self.operand()?;
        let alone = first && self.peek().kind == TokenKind::End;
        match operand {
            Operand::Number(left) if alone => {
                Ok(Condition::Numbers { left, comparison: Comparison::NotEqual, right: Number::Literal(0) })
            }
            Operand::Text(left) if alone => {
                Ok(Condition::Texts { left, equal: false, right: Text::Literal(String::new()) })
            }
            Operand::Number(left) => self.number_comparison(left),
            Operand::Text(left) => self.text_comparison(left),
        }
    }

    fn number_comparison(&mut self, left: Number) -> Result<Condition, MoodError> {
        let operator = self.advance();
        let comparison = Comparison::ALL
            .iter()
            .find(|comparison| operator.kind == TokenKind::Symbol(comparison.symbol()))
            .ok_or_else(|| unexpected(operator, "==, !=, <, <=, > or >= behind a number"))?;
        let token = self.peek();
        match self.operand()? {
            Operand::Number(right) => Ok(Condition::Numbers { left, comparison: *comparison, right }),
            Operand::Text(_) => Err(unexpected(token, "a number, as on the other side")),
        }
    }

    fn text_comparison(&mut self, left: Text) -> Result<Condition, MoodError> {
        let operator = self.advance();
        let token = self.peek();
        match operator.kind {
            TokenKind::Symbol(symbol @ ("==" | "!=")) => match self.operand()? {
                Operand::Text(right) => Ok(Condition::Texts { left, equal: symbol == "==", right }),
                Operand::Number(_) => Err(unexpected(token, "a \"text\" or a keyword that is a text")),
            },
            TokenKind::Symbol("=~") => match &self.advance().kind {
                TokenKind::RegularExpression { source, flags } => {
                    let pattern = compile(token, Kind::RegularExpression, source, flags)?;
                    Ok(Condition::Matches { text: left, pattern })
                }
                _ => Err(unexpected(token, "a regular expression between slashes, as /^Miles/i")),
            },
            TokenKind::Symbol("=|") => match &self.advance().kind {
                TokenKind::Text { text: source, flags } | TokenKind::Wildcard { source, flags } => {
                    let pattern = compile(token, Kind::Wildcard, source, flags)?;
                    Ok(Condition::Matches { text: left, pattern })
                }
                _ => Err(unexpected(token, "a wildcard pattern between quotes, as \"/music/*\"i")),
            },
            _ => Err(unexpected(operator, "==, !=, =~ or =| behind a text")),
        }
    }

    /// A text, or a number with all that is computed.
    fn operand(&mut self) -> Result<Operand, MoodError> {
        let first = self.product()?;
        let Operand::Number(number) = first else { return Ok(first) };
        Ok(Operand::Number(self.computed(number, Operation::SUMS, Self::product)?))
    }

    fn product(&mut self) -> Result<Operand, MoodError> {
        let first = self.factor()?;
        let Operand::Number(number) = first else { return Ok(first) };
        Ok(Operand::Number(self.computed(number, Operation::PRODUCTS, Self::factor)?))
    }

    /// A number and those that follow it with one of these operations between them.
    fn computed(
        &mut self,
        first: Number,
        operations: &[Operation],
        next: fn(&mut Self) -> Result<Operand, MoodError>,
    ) -> Result<Number, MoodError> {
        let mut left = first;
        while let Some(operation) = operations.iter().find(|operation| self.take(operation.symbol())) {
            let token = self.peek();
            let Operand::Number(right) = next(self)? else {
                return Err(unexpected(token, "a number to compute with"));
            };
            left = Number::Computed { left: Box::new(left), operation: *operation, right: Box::new(right) };
        }
        Ok(left)
    }

    fn negated(&mut self) -> Result<Operand, MoodError> {
        let token = self.peek();
        if let TokenKind::Number(magnitude) = token.kind {
            self.advance();
            return Ok(Operand::Number(Number::Literal(0_i64.saturating_sub_unsigned(magnitude))));
        }
        match self.factor()? {
            // A literal has one form, so that a mood that is written and read again stays as it is.
            Operand::Number(Number::Literal(number)) => Ok(Operand::Number(Number::Literal(number.saturating_neg()))),
            Operand::Number(number) => Ok(Operand::Number(Number::Negated(Box::new(number)))),
            Operand::Text(_) => Err(unexpected(token, "a number to compute with")),
        }
    }

    fn factor(&mut self) -> Result<Operand, MoodError> {
        match self.peek().kind {
            TokenKind::Symbol("-") => return self.nested(Self::negated),
            TokenKind::Symbol("(") => {
                return self.nested(|parser| {
                    let inner = parser.operand()?;
                    parser.expect(")", "\")\" or an operation")?;
                    Ok(inner)
                });
            }
            _ => {}
        }
        let token = self.advance();
        match &token.kind {
            TokenKind::Number(number) => {
                let number = i64::try_from(*number).map_err(|_| unexpected(token, NUMBER))?;
                Ok(Operand::Number(Number::Literal(number)))
            }
            TokenKind::Text { text, flags } => {
                no_flags(token, flags)?;
                Ok(Operand::Text(Text::Literal(text.clone())))
            }
            TokenKind::Word => {
                let keyword = keyword(token)?;
                match keyword.read {
                    Read::Text(read) => Ok(Operand::Text(Text::Of { keyword, read })),
                    Read::Number(read) => Ok(Operand::Number(Number::Of { keyword, read })),
                    Read::Attribute | Read::Constant(_) => {
                        Err(unexpected(token, "a number, a \"text\", or a keyword that is one"))
                    }
                }
            }
            _ => Err(unexpected(token, "a number, a \"text\", or a keyword that is one")),
        }
    }

    fn peek(&self) -> &'a Token {
        &self.tokens[self.at]
    }

    fn advance(&mut self) -> &'a Token {
        let token = self.peek();
        self.at = (self.at + 1).min(self.tokens.len() - 1);
        token
    }

    fn take(&mut self, symbol: &'static str) -> bool {
        let found = self.peek().kind == TokenKind::Symbol(symbol);
        if found {
            self.advance();
        }
        found
    }

    fn expect(&mut self, symbol: &'static str, expected: &'static str) -> Result<(), MoodError> {
        if self.take(symbol) { Ok(()) } else { Err(unexpected(self.peek(), expected)) }
    }
}

fn keyword(token: &Token) -> Result<&'static Keyword, MoodError> {
    keywords::find(&token.written)
        .ok_or_else(|| unexpected(token, "a keyword").suggesting(keywords::TABLE.iter().map(|keyword| keyword.name)))
}

fn compile(token: &Token, kind: Kind, source: &str, flags: &str) -> Result<Pattern, MoodError> {
    Pattern::new(kind, source, flags).map_err(|reason| pattern_error(token.position, kind, source, reason))
}

/// The error of a pattern that means nothing.
pub(super) fn pattern_error(position: Position, kind: Kind, source: &str, reason: String) -> MoodError {
    MoodError { position, problem: Problem::Pattern { kind: kind.name(), pattern: source.to_owned(), reason } }
}

fn no_flags(token: &Token, flags: &str) -> Result<(), MoodError> {
    if flags.is_empty() { Ok(()) } else { Err(unexpected(token, "no letters behind a \"text\" that is no pattern")) }
}

fn unexpected(token: &Token, expected: &'static str) -> MoodError {
    let found = if token.kind == TokenKind::End { Found::End } else { Found::Text(token.written.clone()) };
    MoodError::unexpected(token.position, found, expected)
}
