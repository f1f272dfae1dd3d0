//! Numbers with few digits and a unit, as fio writes them: `4096`, `97.7k`, `1526MiB/s`.

/// Whether prefixes are powers of 1024 (`Ki`) or of 1000 (`k`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Prefix {
    /// Ki, Mi, Gi, Ti, Pi, Ei.
    Binary,
    /// k, M, G, T, P, E.
    Decimal,
}

impl Prefix {
    /// The one of a `kb_base`: binary for a power of two.
    #[must_use]
    pub fn of_kilobyte(kilobyte: u32) -> Self {
        if kilobyte.is_power_of_two() { Self::Binary } else { Self::Decimal }
    }

    /// The other one.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::Binary => Self::Decimal,
            Self::Decimal => Self::Binary,
        }
    }

    fn step(self) -> u64 {
        match self {
            Self::Binary => 1024,
            Self::Decimal => 1000,
        }
    }

    fn names(self) -> [&'static str; 7] {
        match self {
            Self::Binary => ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"],
            Self::Decimal => ["", "k", "M", "G", "T", "P", "E"],
        }
    }
}

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Nothing that has a name.
    None,
    /// `/s`
    PerSecond,
    /// `B`
    Bytes,
    /// `bit`; the number is in bytes and multiplied by 8.
    Bits,
    /// `B/s`
    BytesPerSecond,
    /// `bit/s`; the number is in bytes and multiplied by 8.
    BitsPerSecond,
}

impl Unit {
    fn name(self) -> &'static str {
        match self {
            Self::None => "",
            Self::PerSecond => "/s",
            Self::Bytes => "B",
            Self::Bits => "bit",
            Self::BytesPerSecond => "B/s",
            Self::BitsPerSecond => "bit/s",
        }
    }
}

/// Writes a number with at most `digits` characters before its prefix, the decimal point included.
///
/// `base` is what the number counts: 1, or 1024 for a number of KiB. Parity: fio's `num2str`, also in this: a number that no
/// prefix makes short enough is written without one.
#[must_use]
pub fn format_number(number: u64, digits: usize, base: u64, prefix: Prefix, unit: Unit) -> String {
    let step = prefix.step();
    let mut number = match unit {
        Unit::Bits | Unit::BitsPerSecond => number.wrapping_mul(8),
        _ => number,
    };
    let mut power = steps_in(base, step);
    let mut rest = None;
    while power < prefix.names().len() && number.to_string().len() > digits {
        rest = Some(number % step);
        number /= step;
        power += 1;
    }
    let name = prefix.names().get(power).copied().unwrap_or_default();
    let unit = unit.name();
    let Some(rest) = rest else {
        return format!("{number}{name}{unit}");
    };
    let room = digits.saturating_sub(number.to_string().len());
    if room <= 1 {
        let rounded = number + u64::from(rest >= step / 2);
        return format!("{rounded}{name}{unit}");
    }
    let fraction = format!("{:.*}", room - 1, rest as f64 / step as f64);
    // Rounding can make a whole of it: the point and the zeros stay.
    let whole = number + u64::from(fraction.starts_with('1'));
    format!("{whole}.{}{name}{unit}", &fraction[2..])
}

/// How many prefixes a base is worth.
fn steps_in(mut base: u64, step: u64) -> usize {
    let mut steps = 0;
    while base > 1 {
        base /= step;
        steps += 1;
    }
    steps
}

#[cfg(test)]
mod tests;
