//! Numbers: units, times, expressions, and what is none.

use super::*;
use crate::options::seeded::Random;

#[test]
fn units_are_the_wrong_way_round_unless_the_base_is_1000() {
    // fio 3.33 --parse-only --debug=parse prints the value of each as `out=`.
    for (text, binary, decimal) in [
        ("4", 4, 4),
        ("4k", 4096, 4000),
        ("4K", 4096, 4000),
        ("4kb", 4096, 4000),
        ("4KiB", 4000, 4096),
        ("1m", 1_048_576, 1_000_000),
        ("1MiB", 1_000_000, 1_048_576),
        ("2g", 2_147_483_648, 2_000_000_000),
        ("1t", 1 << 40, 1_000_000_000_000),
        ("1pb", 1 << 50, 1_000_000_000_000_000),
        ("0x10", 16, 16),
        ("0X1f", 31, 31),
        ("-5", -5, -5),
        ("+5", 5, 5),
    ] {
        assert_eq!(whole(text, KbBase::Binary), Some(binary), "{text}");
        assert_eq!(whole(text, KbBase::Decimal), Some(decimal), "{text}");
    }
}

#[test]
fn what_is_not_a_number_is_refused() {
    for text in ["", "k", "1.5g", "4x", "4kk", "4 k", "0x", "--1", "99999999999999999999", "4kibb", "10%", "3z"] {
        assert_eq!(whole(text, KbBase::Binary), None, "{text}");
    }
    assert_eq!(quantity("10%", KbBase::Binary), Some(Quantity::Percent(10)));
    assert_eq!(quantity("3z", KbBase::Binary), Some(Quantity::Zones(3)));
    assert_eq!(quantity("-3%", KbBase::Binary), None);
}

#[test]
fn times_have_a_default_unit() {
    let micros = |text: &str, default| duration(text, default).map(|time| time.as_micros());
    for (text, expected) in [
        ("30", Some(30_000_000)),
        ("30s", Some(30_000_000)),
        ("5m", Some(300_000_000)),
        ("2H", Some(7_200_000_000)),
        ("1d", Some(86_400_000_000)),
        ("250ms", Some(250_000)),
        ("250msec", Some(250_000)),
        ("7us", Some(7)),
        ("(3000)", Some(3_000_000_000)),
        ("(1.5)", Some(1_500_000)),
        ("(1.5m)", Some(90_000_000)),
        ("(2*30s)", Some(60_000_000)),
        ("60sec", None),
        ("1.5", None),
        ("-1", None),
    ] {
        assert_eq!(micros(text, DefaultUnit::Seconds), expected, "{text}");
    }
    assert_eq!(micros("30", DefaultUnit::Microseconds), Some(30));
    assert_eq!(micros("(30)", DefaultUnit::Microseconds), Some(30));
    assert_eq!(micros("(2ms)", DefaultUnit::Microseconds), Some(2000));
}

#[test]
fn expressions_bind_as_in_fio() {
    // What `exp/test-expression-parser` of the sources of fio 3.33 says (Debian's build has no expressions).
    for (text, expected) in [
        ("(4*2k)", Some(8192)),
        ("(2+4k)", Some(4098)),
        ("(2^3^2)", Some(512)),
        ("((1+2)*4k)", Some(12_288)),
        ("(1m-4k)", Some(1_044_480)),
        ("(2^2k)", Some(4096)),
        ("(10%4*3)", Some(6)),
        ("(2*3^2%5)", Some(18)),
        ("(7/2)", Some(3)),
        ("(7/2.0)", Some(3)),
        ("(-3+5)", Some(2)),
        ("(-2^2)", Some(4)),
        ("(0x10k)", Some(16_384)),
        ("(1e3)", Some(1000)),
        ("(4)k", Some(4096)),
        ("( 1 + 1 )", Some(2)),
        ("(1kib)", Some(1000)),
        ("(1/(0^(0/7)))", Some(1)),
        ("(1", None),
        ("(1))", None),
        ("()", None),
        ("(1+)", None),
    ] {
        assert_eq!(whole(text, KbBase::Binary), expected, "{text}");
    }
    // fio takes 1.5g for 1g, and the others for 1, 1, 1, 2000000 and 0.
    for (text, expected) in [
        ("(1.5g)", Some(1_610_612_736)),
        ("(1/0)", None),
        ("(1.5/0)", None),
        ("(5%2.5)", None),
        ("(2s)", None),
        ("(9223372036854775807+1)", None),
    ] {
        assert_eq!(whole(text, KbBase::Binary), expected, "{text}");
    }
    let deep = format!("{}1{}", "(".repeat(5000), ")".repeat(5000));
    assert_eq!(whole(&deep, KbBase::Binary), None, "nesting is bounded");
}

#[test]
fn fractions_are_plain_or_expressions() {
    assert_eq!(fraction("99.95"), Some(99.95));
    assert_eq!(fraction("(1/4.0)"), Some(0.25));
    assert_eq!(fraction("(1/4)"), Some(0.25), "the fraction of a division of integers is kept");
    assert_eq!(fraction("nan"), None);
    assert_eq!(fraction("x"), None);
}

#[test]
fn a_number_and_its_unit_are_read_as_their_product() {
    let mut random = Random::new();
    for _ in 0..20_000 {
        let base = *random.of(&[KbBase::Binary, KbBase::Decimal]);
        let (k, ki) = if base == KbBase::Binary { (1024_i128, 1000) } else { (1000, 1024) };
        let power = u32::try_from(random.below(6)).unwrap();
        let letter = ["", "k", "m", "g", "t", "p"][usize::try_from(power).unwrap()];
        let (suffix, unit) = *random.of(&[("", k), ("b", k), ("i", k), ("ib", ki)]);
        let suffix = if letter.is_empty() { "" } else { suffix };
        let factor = if letter.is_empty() { 1 } else { unit.pow(power) };
        let number = i128::from(random.next());
        let (text, number) = match random.below(3) {
            0 => (format!("0x{number:x}"), number),
            1 => (format!("-{number}"), -number),
            _ => (format!("{number}"), number),
        };
        let text = format!("{text}{letter}{suffix}");
        let text = if random.below(2) == 0 { text } else { text.to_uppercase().replace("0X", "0x") };
        assert_eq!(whole(&text, base), Some(number * factor), "{text}");
    }
}

/// An expression of integers with all of its parentheses, and its value if there is one.
fn expression(random: &mut Random, depth: usize) -> (String, Option<i64>) {
    if depth == 0 || random.below(4) == 0 {
        let number = i64::try_from(random.next()).unwrap() % 1000;
        return (number.to_string(), Some(number));
    }
    let (left_text, left) = expression(random, depth - 1);
    let (right_text, right) = expression(random, depth - 1);
    let operator = *random.of(&['+', '-', '*', '/', '%', '^']);
    let value = left.zip(right).and_then(|(left, right)| match operator {
        '+' => left.checked_add(right),
        '-' => left.checked_sub(right),
        '*' => left.checked_mul(right),
        '/' => left.checked_div(right),
        '%' => left.checked_rem(right),
        // What is smaller than one has no integer of its own.
        _ if right < 0 => None,
        _ => left.checked_pow(u32::try_from(right).ok()?),
    });
    let is_fraction = operator == '^' && right.is_some_and(|right| right < 0);
    let text = format!("({left_text} {operator} {right_text})");
    // An expression with a negative power is left out: its text is replaced by a number.
    if is_fraction { ("1".to_owned(), Some(1)) } else { (text, value) }
}

#[test]
fn an_expression_with_parentheses_is_computed() {
    let mut random = Random::new();
    for _ in 0..5_000 {
        let (text, value) = expression(&mut random, 5);
        let text = format!("({text})");
        assert_eq!(whole(&text, KbBase::Binary), value.map(i128::from), "{text}");
    }
}

#[test]
fn no_text_makes_the_numbers_panic() {
    const PIECES: [&str; 24] = [
        "0",
        "9",
        "0x",
        "1e",
        "e9",
        ".",
        "+",
        "-",
        "*",
        "/",
        "%",
        "^",
        "(",
        ")",
        "k",
        "kib",
        "ms",
        "d",
        "z",
        " ",
        "\u{e9}",
        "18446744073709551615",
        "f",
        ":",
    ];
    let mut random = Random::new();
    for _ in 0..50_000 {
        let count = random.below(10);
        let text: String = (0..count).map(|_| *random.of(&PIECES)).collect();
        let text = if random.below(2) == 0 { format!("({text})") } else { text };
        let _ = quantity(&text, KbBase::Binary);
        let _ = duration(&text, DefaultUnit::Seconds);
        let _ = fraction(&text);
        let _ = integer_expression(&text);
    }
}
