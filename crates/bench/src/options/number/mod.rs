//! Numbers as fio writes them: with units, in hexadecimal, as a share, or as an expression in parentheses.
//!
//! `k m g t p` multiply by 1024, `kb mb gb tb pb` as well, and `kib mib gib tib pib` by 1000: fio has them the wrong way round for
//! compatibility, and `kb_base=1000` puts them right (`k`, `kb` 1000; `kib` 1024). Case does not matter. Where fio takes a text
//! that it does not understand for a number (`1.5g` as 1, `60sec` as 60 microseconds, `4x` as 4), this refuses it.

mod expression;

use std::time::Duration;

/// What `k` multiplies by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum KbBase {
    /// `k` and `kb` are 1000, `kib` is 1024.
    Decimal,
    /// `k` and `kb` are 1024, `kib` is 1000.
    #[default]
    Binary,
}

/// A number with what it counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Quantity {
    /// Bytes, or whatever the option counts.
    Number(i128),
    /// Hundredths of something.
    Percent(u64),
    /// Zones of a device.
    Zones(u64),
}

/// What a time without a unit counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DefaultUnit {
    Seconds,
    Microseconds,
}

impl DefaultUnit {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Seconds => "seconds",
            Self::Microseconds => "microseconds",
        }
    }

    const fn microseconds(self) -> u64 {
        match self {
            Self::Seconds => 1_000_000,
            Self::Microseconds => 1,
        }
    }
}

/// A type of field that holds a whole number.
pub(crate) trait Integer: Copy + 'static {
    const MINIMUM: i128;
    const MAXIMUM: i128;

    /// The field's value for a number between the two.
    fn from_checked(value: i128) -> Self;
}

macro_rules! integer {
    ($($type:ty),*) => { $(
        impl Integer for $type {
            const MINIMUM: i128 = <$type>::MIN as i128;
            const MAXIMUM: i128 = <$type>::MAX as i128;

            fn from_checked(value: i128) -> Self {
                Self::try_from(value).unwrap_or(Self::MAX)
            }
        }
    )* };
}

integer!(u32, u64, i32, i64);

impl<T: Integer> Integer for Option<T> {
    const MINIMUM: i128 = T::MINIMUM;
    const MAXIMUM: i128 = T::MAXIMUM;

    fn from_checked(value: i128) -> Self {
        Some(T::from_checked(value))
    }
}

/// A number with an optional unit; nothing if it is a share, zones, or no number.
pub(crate) fn whole(text: &str, base: KbBase) -> Option<i128> {
    match quantity(text, base)? {
        Quantity::Number(value) => Some(value),
        Quantity::Percent(_) | Quantity::Zones(_) => None,
    }
}

/// As [`whole`], from 0 to what 64 bits hold.
pub(crate) fn whole_u64(text: &str, base: KbBase) -> Option<u64> {
    whole(text, base).and_then(|value| u64::try_from(value).ok())
}

/// A number with an optional unit, share or zones.
pub(crate) fn quantity(text: &str, base: KbBase) -> Option<Quantity> {
    if text.starts_with('(') {
        return expression::bytes(text).map(|value| Quantity::Number(i128::from(value)));
    }
    let (number, unit) = number_and_rest(text)?;
    Some(match unit.to_ascii_lowercase().as_str() {
        "%" => Quantity::Percent(u64::try_from(number).ok()?),
        "z" => Quantity::Zones(u64::try_from(number).ok()?),
        unit => Quantity::Number(number.checked_mul(multiplier(unit, base)?)?),
    })
}

/// A time.
pub(crate) fn duration(text: &str, default: DefaultUnit) -> Option<Duration> {
    if text.starts_with('(') {
        return expression::microseconds(text, default.microseconds()).map(Duration::from_micros);
    }
    let (number, unit) = number_and_rest(text)?;
    let microseconds = match unit.to_ascii_lowercase().as_str() {
        "" => default.microseconds(),
        "us" | "usec" => 1,
        "ms" | "msec" => 1_000,
        "s" => 1_000_000,
        "m" => 60_000_000,
        "h" => 3_600_000_000,
        "d" => 86_400_000_000,
        _ => return None,
    };
    u64::try_from(number).ok()?.checked_mul(microseconds).map(Duration::from_micros)
}

/// A number with a fraction, or an expression.
pub(crate) fn fraction(text: &str) -> Option<f64> {
    if text.starts_with('(') {
        return expression::fraction(text);
    }
    text.parse::<f64>().ok().filter(|value| value.is_finite())
}

/// The value of an expression of integers, as `bc` computes it.
pub(crate) fn integer_expression(text: &str) -> Option<i64> {
    expression::plain(text)
}

/// The number at the start, and what follows it.
fn number_and_rest(text: &str) -> Option<(i128, &str)> {
    let (negative, unsigned) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let hexadecimal = unsigned.strip_prefix("0x").or_else(|| unsigned.strip_prefix("0X"));
    let (digits, radix) = hexadecimal.map_or((unsigned, 10), |digits| (digits, 16));
    let end = digits.find(|letter: char| !letter.is_digit(radix)).unwrap_or(digits.len());
    let number = i128::from(u64::from_str_radix(&digits[..end], radix).ok()?);
    Some((if negative { -number } else { number }, &digits[end..]))
}

fn multiplier(unit: &str, base: KbBase) -> Option<i128> {
    let (like_k, like_kib) = match base {
        KbBase::Decimal => (1000_i128, 1024_i128),
        KbBase::Binary => (1024, 1000),
    };
    let Some(letter) = unit.bytes().next() else { return Some(1) };
    let power = match letter {
        b'k' => 1,
        b'm' => 2,
        b'g' => 3,
        b't' => 4,
        b'p' => 5,
        _ => return None,
    };
    match &unit[1..] {
        "" | "b" | "i" => Some(like_k.pow(power)),
        "ib" => Some(like_kib.pow(power)),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
