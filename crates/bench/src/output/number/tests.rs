//! Against what fio's own formatter writes (`vectors.txt`).

use super::*;

/// Bases that a prefix does not divide and results that overflow are in the vectors too.
const VECTORS: &str = include_str!("vectors.txt");

fn unit(number: usize) -> Unit {
    [Unit::None, Unit::PerSecond, Unit::Bytes, Unit::Bits, Unit::BytesPerSecond, Unit::BitsPerSecond][number]
}

#[test]
fn every_vector() {
    let mut checked = 0;
    for line in VECTORS.lines().filter(|line| !line.starts_with('#')) {
        let fields: Vec<_> = line.split(' ').collect();
        let [number, digits, base, binary, kind, text] = fields[..] else {
            panic!("not a vector: {line}");
        };
        let prefix = if binary == "1" { Prefix::Binary } else { Prefix::Decimal };
        let unit = unit(kind.parse().unwrap());
        let (digits, base) = (digits.parse().unwrap(), base.parse().unwrap());
        assert_eq!(format_number(number.parse().unwrap(), digits, base, prefix, unit), text, "{line}");
        checked += 1;
    }
    assert!(checked > 900, "{checked} vectors");
}

#[test]
fn a_kilobyte_decides_which_prefix_comes_first() {
    assert_eq!(Prefix::of_kilobyte(1024), Prefix::Binary);
    assert_eq!(Prefix::of_kilobyte(1000), Prefix::Decimal);
    assert_eq!(Prefix::Binary.other(), Prefix::Decimal);
    assert_eq!(Prefix::Decimal.other(), Prefix::Binary);
}
