//! Floating point as fio sends it: a slot of 16 bytes, of which the first eight are what its `fio_double_to_uint64` makes.
//!
//! For normal numbers that is the bit pattern of IEEE 754 binary64. The others, as a build of fio's `lib/ieee754.c` shows:
//!
//! | number | fio writes | we write |
//! |---|---|---|
//! | 0.0, −0.0 | 0 | 0 |
//! | not a number | −1.0 (on x86-64) | −1.0 |
//! | infinite | never returns | the largest finite number of that sign |
//! | subnormal | a number of another order of magnitude | 0 |
//!
//! | pattern | fio reads, and we read |
//! |---|---|
//! | exponent field all ones | infinite, whatever the fraction: never "not a number" |
//! | exponent field zero, pattern not zero | (1 + fraction) · 2⁻¹⁰²³ |

/// Bits of the fraction of an IEEE 754 binary64.
const FRACTION_BITS: u32 = 52;

/// What fio writes for `number`, and for the numbers that it cannot write see the table above.
#[must_use]
pub fn to_wire(number: f64) -> u64 {
    if number.is_nan() {
        (-1.0_f64).to_bits()
    } else if number.is_infinite() {
        f64::MAX.copysign(number).to_bits()
    } else if number.is_normal() {
        number.to_bits()
    } else {
        0
    }
}

/// What fio reads from `bits`.
#[must_use]
pub fn from_wire(bits: u64) -> f64 {
    let number = f64::from_bits(bits);
    if bits == 0 || number.is_normal() {
        return number;
    }
    let sign = if bits >> 63 == 0 { 1.0_f64 } else { -1.0 };
    if number.is_nan() || number.is_infinite() {
        return f64::INFINITY.copysign(sign);
    }
    // With exponent field 1 the pattern has its implicit one; half of it is the value.
    f64::from_bits(bits | 1 << FRACTION_BITS) / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made by a program of two loops around `fio_double_to_uint64` and `fio_uint64_to_double` of snapshot f5344384, x86-64.
    #[test]
    fn numbers_are_written_as_fio_writes_them() {
        for (double, wire) in [
            (0x3ff0_0000_0000_0000, 0x3ff0_0000_0000_0000),
            (0xbff0_0000_0000_0000, 0xbff0_0000_0000_0000),
            (0x0000_0000_0000_0000, 0),
            (0x8000_0000_0000_0000, 0),
            (0x3fb9_9999_9999_999a, 0x3fb9_9999_9999_999a),
            (0x7e37_e43c_8800_759c, 0x7e37_e43c_8800_759c),
            (0x81a5_6e1f_c2f8_f359, 0x81a5_6e1f_c2f8_f359),
            (0x0010_0000_0000_0000, 0x0010_0000_0000_0000),
            (0x7fef_ffff_ffff_ffff, 0x7fef_ffff_ffff_ffff),
            (0x7ff8_0000_0000_0000, 0xbff0_0000_0000_0000),
        ] {
            assert_eq!(to_wire(f64::from_bits(double)), wire, "{double:x}");
        }
    }

    #[test]
    fn patterns_are_read_as_fio_reads_them() {
        for (wire, double) in [
            (0x0000_0000_0000_0000, 0x0000_0000_0000_0000_u64),
            (0x0000_0000_0000_0001, 0x0008_0000_0000_0000),
            (0x8000_0000_0000_0000, 0x8008_0000_0000_0000),
            (0x000f_ffff_ffff_ffff, 0x0010_0000_0000_0000),
            (0x0010_0000_0000_0000, 0x0010_0000_0000_0000),
            (0x7ff0_0000_0000_0000, 0x7ff0_0000_0000_0000),
            (0xfff0_0000_0000_0000, 0xfff0_0000_0000_0000),
            (0x7ff8_0000_0000_0000, 0x7ff0_0000_0000_0000),
            (0x7fef_ffff_ffff_ffff, 0x7fef_ffff_ffff_ffff),
            (0xbff8_0000_0000_0000, 0xbff8_0000_0000_0000),
        ] {
            assert_eq!(from_wire(wire).to_bits(), double, "{wire:x}");
        }
    }

    #[test]
    fn what_fio_cannot_write_is_bounded() {
        assert_eq!(to_wire(f64::INFINITY), f64::MAX.to_bits());
        assert_eq!(to_wire(f64::NEG_INFINITY), f64::MIN.to_bits());
        assert_eq!((to_wire(5e-324), to_wire(-1e-310)), (0, 0));
    }
}
