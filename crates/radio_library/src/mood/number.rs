//! Numbers in conditions: those that are written down, those of a song, and what is computed from them.
//!
//! They have 64 bits and a sign. What goes beyond stays at the greatest or least of them; what is divided by 0 is 0, as numbers that are
//! not known are.

use std::fmt;

use super::keywords::Keyword;
use crate::song::Song;

/// A number.
#[derive(Debug, Clone)]
pub(crate) enum Number {
    Literal(i64),
    Of { keyword: &'static Keyword, read: fn(&Song) -> i64 },
    Negated(Box<Self>),
    Computed { left: Box<Self>, operation: Operation, right: Box<Self> },
}

/// What is done with two numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    Add,
    Subtract,
    Multiply,
    Divide,
}

impl Operation {
    /// Those that hold least tightly.
    pub(crate) const SUMS: &[Self] = &[Self::Add, Self::Subtract];
    /// Those that hold more tightly.
    pub(crate) const PRODUCTS: &[Self] = &[Self::Multiply, Self::Divide];

    pub(crate) fn symbol(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
        }
    }

    fn of(self, left: i64, right: i64) -> i64 {
        match self {
            Self::Add => left.saturating_add(right),
            Self::Subtract => left.saturating_sub(right),
            Self::Multiply => left.saturating_mul(right),
            Self::Divide if right == 0 => 0,
            Self::Divide => left.saturating_div(right),
        }
    }
}

impl Number {
    pub(crate) fn of(&self, song: &Song) -> i64 {
        match self {
            Self::Literal(number) => *number,
            Self::Of { read, .. } => read(song),
            Self::Negated(inner) => inner.of(song).saturating_neg(),
            Self::Computed { left, operation, right } => operation.of(left.of(song), right.of(song)),
        }
    }

    fn tightness(&self) -> u8 {
        match self {
            Self::Computed { operation, .. } if Operation::SUMS.contains(operation) => 0,
            Self::Computed { .. } => 1,
            Self::Negated(_) => 2,
            Self::Literal(_) | Self::Of { .. } => 3,
        }
    }
}

impl fmt::Display for Number {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let part = |formatter: &mut fmt::Formatter<'_>, part: &Self, tightness: u8| {
            if part.tightness() < tightness { write!(formatter, "({part})") } else { write!(formatter, "{part}") }
        };
        match self {
            Self::Literal(number) => write!(formatter, "{number}"),
            Self::Of { keyword, .. } => formatter.write_str(keyword.name),
            Self::Negated(inner) => {
                formatter.write_str("-")?;
                part(formatter, inner, 3)
            }
            Self::Computed { left, operation, right } => {
                part(formatter, left, self.tightness())?;
                write!(formatter, " {} ", operation.symbol())?;
                // Of equals, the left ones belong together.
                part(formatter, right, self.tightness() + 1)
            }
        }
    }
}
