//! Arithmetic in parentheses: `(4 * 2k)`, `(1.5h)`, `(2^20 - 1)`.
//!
//! The operators bind as in fio, from loosest to tightest: `+ -`, units, `* /`, `^` (to the right), `%`, a leading minus. So
//! `2 * 4k` is `(2 * 4) k`, and `2 + 4k` is `2 + (4k)`. Both an integer and a fraction are computed; a whole-numbered option
//! takes the integer, where `/` rounds towards zero. In expressions `k` is always 1024 and `kib` 1000, whatever `kb_base` is.

use crate::options::limits::EXPRESSION_DEPTH_MAX;

#[derive(Debug, Clone, Copy, PartialEq)]
struct Value {
    integer: i64,
    float: f64,
    /// Whether a fraction took part, so that the integer follows from it.
    is_float: bool,
}

impl Value {
    const fn integer(integer: i64) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "the fraction beside it; the integer is exact")]
        Self { integer, float: integer as f64, is_float: false }
    }

    fn float(float: f64) -> Option<Self> {
        Some(Self { integer: truncate(float)?, float, is_float: true })
    }
}

/// What units there are in the expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Units {
    Bytes,
    Time,
    /// None; `%` binds as `*` does, since this is what `bc` takes.
    None,
}

struct Parser<'a> {
    rest: &'a str,
    units: Units,
    depth: usize,
    has_unit: bool,
}

/// The value as a whole number of bytes, or of whatever is counted.
pub(super) fn bytes(text: &str) -> Option<i64> {
    evaluate(text, Units::Bytes).map(|(value, _)| value.integer)
}

/// The value in microseconds; without any unit in it, it is multiplied by `default`.
pub(super) fn microseconds(text: &str, default: u64) -> Option<u64> {
    let (value, has_unit) = evaluate(text, Units::Time)?;
    if has_unit {
        return u64::try_from(value.integer).ok();
    }
    if value.is_float {
        #[expect(clippy::cast_precision_loss, reason = "the default unit is one or a million")]
        return u64::try_from(truncate(value.float * default as f64)?).ok();
    }
    u64::try_from(value.integer).ok()?.checked_mul(default)
}

/// The value of an expression without units, with or without parentheses.
pub(super) fn plain(text: &str) -> Option<i64> {
    evaluate(text, Units::None).filter(|(value, _)| !value.is_float).map(|(value, _)| value.integer)
}

/// The value with its fraction.
pub(super) fn fraction(text: &str) -> Option<f64> {
    evaluate(text, Units::Bytes).map(|(value, _)| value.float).filter(|value| value.is_finite())
}

fn evaluate(text: &str, units: Units) -> Option<(Value, bool)> {
    let mut parser = Parser { rest: text, units, depth: 0, has_unit: false };
    let value = parser.expression(0)?;
    parser.skip_blanks();
    parser.rest.is_empty().then_some((value, parser.has_unit))
}

/// How tightly a unit binds: see the head of this file.
const UNIT_BINDING: u32 = 4;

/// What a leading minus takes: nothing but a number or parentheses.
const MINUS_BINDING: u32 = 12;

impl Parser<'_> {
    /// Reads on while operators bind at least as tightly as `binding`.
    fn expression(&mut self, binding: u32) -> Option<Value> {
        self.depth += 1;
        if self.depth > EXPRESSION_DEPTH_MAX {
            return None;
        }
        let mut left = self.operand()?;
        loop {
            self.skip_blanks();
            let Some(next) = self.rest.chars().next() else { break };
            if next.is_ascii_alphabetic() {
                if UNIT_BINDING < binding {
                    break;
                }
                let unit = self.unit()?;
                left = apply('*', left, unit)?;
                self.has_unit = true;
                continue;
            }
            let Some((left_binding, right_binding)) = self.binding(next) else { break };
            if left_binding < binding {
                break;
            }
            self.rest = &self.rest[1..];
            let right = self.expression(right_binding)?;
            left = apply(next, left, right)?;
        }
        self.depth -= 1;
        Some(left)
    }

    /// How tightly an operator binds what is left and right of it.
    fn binding(&self, operator: char) -> Option<(u32, u32)> {
        match (operator, self.units) {
            ('+' | '-', _) => Some((2, 3)),
            ('*' | '/', _) | ('%', Units::None) => Some((6, 7)),
            ('^', _) => Some((9, 8)),
            ('%', _) => Some((10, 11)),
            _ => None,
        }
    }

    fn operand(&mut self) -> Option<Value> {
        self.skip_blanks();
        if let Some(rest) = self.rest.strip_prefix('(') {
            self.rest = rest;
            let value = self.expression(0)?;
            self.skip_blanks();
            self.rest = self.rest.strip_prefix(')')?;
            return Some(value);
        }
        if let Some(rest) = self.rest.strip_prefix('-') {
            self.rest = rest;
            let value = self.expression(MINUS_BINDING)?;
            return Some(Value { integer: value.integer.checked_neg()?, float: -value.float, ..value });
        }
        self.number()
    }

    fn number(&mut self) -> Option<Value> {
        if let Some(digits) = self.rest.strip_prefix("0x") {
            let end = digits.find(|letter: char| !letter.is_ascii_hexdigit()).unwrap_or(digits.len());
            self.rest = &digits[end..];
            return i64::from_str_radix(&digits[..end], 16).ok().map(Value::integer);
        }
        let text = self.rest;
        let digits = |from: usize| text[from..].bytes().take_while(u8::is_ascii_digit).count();
        let whole = digits(0);
        let mut end = whole;
        if text[end..].starts_with('.') {
            let fraction = digits(end + 1);
            if fraction > 0 {
                end += 1 + fraction;
            }
        }
        if text[end..].starts_with(['e', 'E']) {
            let sign = usize::from(text[end + 1..].starts_with(['+', '-']));
            let exponent = digits(end + 1 + sign);
            if exponent > 0 {
                end += 1 + sign + exponent;
            }
        }
        self.rest = &text[end..];
        if end == whole {
            return text[..end].parse().ok().map(Value::integer);
        }
        text[..end].parse().ok().and_then(Value::float)
    }

    fn unit(&mut self) -> Option<Value> {
        let end = self.rest.find(|letter: char| !letter.is_ascii_alphabetic()).unwrap_or(self.rest.len());
        let name = self.rest[..end].to_ascii_lowercase();
        self.rest = &self.rest[end..];
        let integer = match (self.units, name.as_str()) {
            (Units::Bytes, "k" | "kb") => 1 << 10,
            (Units::Bytes, "m" | "mb") => 1 << 20,
            (Units::Bytes, "g" | "gb") => 1 << 30,
            (Units::Bytes, "t" | "tb") => 1 << 40,
            (Units::Bytes, "p" | "pb") => 1 << 50,
            (Units::Bytes, "kib") => 1_000,
            (Units::Bytes, "mib") => 1_000_000,
            (Units::Bytes, "gib") => 1_000_000_000,
            (Units::Bytes, "tib") => 1_000_000_000_000,
            (Units::Bytes, "pib") => 1_000_000_000_000_000,
            (Units::Time, "us") => 1,
            (Units::Time, "ms") => 1_000,
            (Units::Time, "s") => 1_000_000,
            (Units::Time, "m") => 60_000_000,
            (Units::Time, "h") => 3_600_000_000,
            (Units::Time, "d") => 86_400_000_000,
            _ => return None,
        };
        Some(Value::integer(integer))
    }

    fn skip_blanks(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t']);
    }
}

fn apply(operator: char, left: Value, right: Value) -> Option<Value> {
    let float = match operator {
        '+' => left.float + right.float,
        '-' => left.float - right.float,
        '*' => left.float * right.float,
        // By zero it is no number, which nobody takes for a value.
        '/' => left.float / right.float,
        '^' => left.float.powf(right.float),
        // A remainder of fractions is refused below.
        _ => 0.0,
    };
    if left.is_float || right.is_float {
        return if operator == '%' { None } else { Value::float(float) };
    }
    let (one, other) = (left.integer, right.integer);
    let integer = match operator {
        '+' => one.checked_add(other)?,
        '-' => one.checked_sub(other)?,
        '*' => one.checked_mul(other)?,
        '/' => one.checked_div(other)?,
        '^' if other >= 0 => one.checked_pow(u32::try_from(other).ok()?)?,
        '^' => truncate(float)?,
        _ => one.checked_rem(other)?,
    };
    #[expect(clippy::cast_precision_loss, reason = "a remainder has no fraction of its own")]
    let float = if operator == '%' { integer as f64 } else { float };
    Some(Value { integer, float, is_float: false })
}

/// The whole part, if 64 bits hold it.
fn truncate(value: f64) -> Option<i64> {
    const LIMIT: f64 = 9.2e18;
    #[expect(clippy::cast_possible_truncation, reason = "the range was checked, and the fraction is to go")]
    (value.abs() < LIMIT).then_some(value as i64)
}
