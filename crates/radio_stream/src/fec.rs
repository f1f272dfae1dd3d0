//! Reed–Solomon over GF(256): `k` slices of data become `n` slices, and any `k` of them bring the data back.
//!
//! The field is the polynomials over GF(2) modulo x⁸+x⁴+x³+x²+1 (0x11d). The code is systematic: slices 0 to k−1 are the data themselves, and slice
//! i ≥ k is the sum of data slice j times 1/(i ⊕ j). Those factors are a Cauchy matrix, every square part of which can be inverted;
//! hence any `k` slices do, for every 1 ≤ k ≤ n ≤ 256. No tables travel with the packets, and a specification of it is three lines.
//!
//! Cost: a repair slice is k multiply-and-adds over its length, one table look-up a byte, the table of a factor is 256 bytes. A
//! group of 16 slices of 1000 bytes with 4 repair slices takes some 30 µs. Without loss decoding is a copy.

use thiserror::Error;

/// The most slices of a group: the field has no more elements.
pub const SLICES_MAX: usize = 256;

/// x⁸+x⁴+x³+x²+1.
const POLYNOMIAL: u16 = 0x11d;

/// Powers of the element 2, twice over so that sums of two logarithms need no reduction; and logarithms.
struct Tables {
    power: [u8; 510],
    logarithm: [u8; 256],
}

const TABLES: Tables = tables();

const fn tables() -> Tables {
    let mut tables = Tables { power: [0; 510], logarithm: [0; 256] };
    let mut value: u16 = 1;
    let mut exponent: u8 = 0;
    while exponent < 255 {
        let byte = value.to_le_bytes()[0];
        tables.power[exponent as usize] = byte;
        tables.power[exponent as usize + 255] = byte;
        tables.logarithm[byte as usize] = exponent;
        value <<= 1;
        if value & 0x100 != 0 {
            value ^= POLYNOMIAL;
        }
        exponent += 1;
    }
    tables
}

/// Every product of two elements: a row of 256 bytes for each factor.
static PRODUCTS: [[u8; 256]; 256] = products();

const fn products() -> [[u8; 256]; 256] {
    let mut products = [[0; 256]; 256];
    let mut one = 1;
    while one < 256 {
        let mut other = 1;
        while other < 256 {
            let sum = TABLES.logarithm[one] as usize + TABLES.logarithm[other] as usize;
            products[one][other] = TABLES.power[sum];
            other += 1;
        }
        one += 1;
    }
    products
}

/// The product of two elements.
#[must_use]
pub fn multiply(one: u8, other: u8) -> u8 {
    PRODUCTS[usize::from(one)][usize::from(other)]
}

/// The element whose product with `element` is 1; 0 has none and gives 0.
fn inverse(element: u8) -> u8 {
    if element == 0 { 0 } else { TABLES.power[255 - usize::from(TABLES.logarithm[usize::from(element)])] }
}

/// Adds `factor` times `source` to `target`.
fn multiply_add(target: &mut [u8], factor: u8, source: &[u8]) {
    match factor {
        0 => {}
        1 => target.iter_mut().zip(source).for_each(|(target, source)| *target ^= source),
        _ => {
            let products = &PRODUCTS[usize::from(factor)];
            target.iter_mut().zip(source).for_each(|(target, source)| *target ^= products[usize::from(*source)]);
        }
    }
}

/// A code with so many data slices of so many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Code {
    data_slices: u16,
    slices: u16,
}

/// Numbers that are no code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error(
    "{data_slices} of {slices} is no code: 1 to 255 data slices of at most 256 slices, and not fewer, are accepted"
)]
pub struct NoCode {
    data_slices: usize,
    slices: usize,
}

/// Too few slices are there to bring the data back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("{present} of {needed} slices are there")]
pub struct TooFew {
    /// Slices that are there.
    pub present: usize,
    /// Slices that are needed.
    pub needed: usize,
}

impl Code {
    /// A code with `data_slices` (k) of `slices` (n).
    ///
    /// # Errors
    /// [`NoCode`] unless 1 ≤ k ≤ n ≤ 256 and k ≤ 255.
    pub fn new(data_slices: usize, slices: usize) -> Result<Self, NoCode> {
        let refuse = NoCode { data_slices, slices };
        if !(1..=255).contains(&data_slices) || !(data_slices..=SLICES_MAX).contains(&slices) {
            return Err(refuse);
        }
        let (Ok(data), Ok(all)) = (u16::try_from(data_slices), u16::try_from(slices)) else {
            return Err(refuse);
        };
        Ok(Self { data_slices: data, slices: all })
    }

    /// k.
    #[must_use]
    pub fn data_slices(self) -> usize {
        self.data_slices.into()
    }

    /// n.
    #[must_use]
    pub fn slices(self) -> usize {
        self.slices.into()
    }

    /// The factor of data slice `data` in slice `repair`.
    fn factor(repair: usize, data: usize) -> u8 {
        inverse(u8::try_from(repair ^ data).unwrap_or_default())
    }

    /// Appends slices k to n−1 to `group`, which holds slices 0 to k−1 of `slice_bytes` bytes each.
    ///
    /// # Panics
    /// When `group` does not hold k slices.
    pub fn add_repair(self, group: &mut Vec<u8>, slice_bytes: usize) {
        assert_eq!(group.len(), self.data_slices() * slice_bytes, "the data of a group are k slices");
        group.resize(self.slices() * slice_bytes, 0);
        let (data, repair) = group.split_at_mut(self.data_slices() * slice_bytes);
        if slice_bytes == 0 {
            return;
        }
        for (index, target) in (self.data_slices()..).zip(repair.chunks_exact_mut(slice_bytes)) {
            for (place, source) in data.chunks_exact(slice_bytes).enumerate() {
                multiply_add(target, Self::factor(index, place), source);
            }
        }
    }

    /// Puts the missing data slices into `group`: room for n slices of `slice_bytes` each, of which those are there that `present`
    /// says. Afterwards slices 0 to k−1 are right.
    ///
    /// # Errors
    /// [`TooFew`]; nothing is changed then.
    ///
    /// # Panics
    /// When `group` or `present` is not for n slices.
    pub fn repair(self, group: &mut [u8], slice_bytes: usize, present: &[bool]) -> Result<(), TooFew> {
        assert!(present.len() == self.slices() && group.len() == self.slices() * slice_bytes, "room for n slices");
        let (needed, count) = (self.data_slices(), present.iter().filter(|present| **present).count());
        if count < needed {
            return Err(TooFew { present: count, needed });
        }
        let missing: Vec<usize> = (0..needed).filter(|&slice| !present[slice]).collect();
        if missing.is_empty() || slice_bytes == 0 {
            return Ok(());
        }
        let used: Vec<usize> = (needed..self.slices()).filter(|&slice| present[slice]).take(missing.len()).collect();
        // What is left of each repair slice without the data that are there is a sum of the missing ones alone.
        let (data, repair) = group.split_at_mut(needed * slice_bytes);
        let mut remainders: Vec<Vec<u8>> = Vec::with_capacity(used.len());
        for &index in &used {
            let start = (index - needed) * slice_bytes;
            let mut remainder = repair[start..start + slice_bytes].to_vec();
            for (place, source) in data.chunks_exact(slice_bytes).enumerate().filter(|(place, _)| present[*place]) {
                multiply_add(&mut remainder, Self::factor(index, place), source);
            }
            remainders.push(remainder);
        }
        let inverted = invert(&used, &missing);
        for (row, &place) in missing.iter().enumerate() {
            let target = &mut data[place * slice_bytes..(place + 1) * slice_bytes];
            target.fill(0);
            for (column, remainder) in remainders.iter().enumerate() {
                multiply_add(target, inverted[row * used.len() + column], remainder);
            }
        }
        Ok(())
    }
}

/// The inverse of the square part of the matrix with these rows and columns, by Gauss and Jordan. A part of a Cauchy matrix
/// always has one.
fn invert(rows: &[usize], columns: &[usize]) -> Vec<u8> {
    let size = rows.len();
    let width = 2 * size;
    let mut matrix = vec![0; size * width];
    for (place, &row) in rows.iter().enumerate() {
        for (column_place, &column) in columns.iter().enumerate() {
            matrix[place * width + column_place] = Code::factor(row, column);
        }
        matrix[place * width + size + place] = 1;
    }
    for pivot in 0..size {
        // No part of a Cauchy matrix is singular, so the leading ones are not either, and no row is exchanged.
        let scale = inverse(matrix[pivot * width + pivot]);
        for element in &mut matrix[pivot * width..(pivot + 1) * width] {
            *element = multiply(*element, scale);
        }
        let pivot_row = matrix[pivot * width..(pivot + 1) * width].to_vec();
        for row in (0..size).filter(|row| *row != pivot) {
            let factor = matrix[row * width + pivot];
            multiply_add(&mut matrix[row * width..(row + 1) * width], factor, &pivot_row);
        }
    }
    matrix.chunks_exact(width).flat_map(|row| row[size..].to_vec()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Random;

    #[test]
    fn the_field_is_a_field() {
        assert_eq!((multiply(2, 0x80), multiply(0x53, 1), multiply(0, 7)), (0x1d, 0x53, 0));
        for element in 1..=255 {
            assert_eq!(multiply(element, inverse(element)), 1, "{element}");
            for other in 0..=255 {
                assert_eq!(multiply(element, other), slow_product(element, other));
            }
        }
    }

    /// Multiplication as the definition has it.
    fn slow_product(one: u8, other: u8) -> u8 {
        let mut product: u16 = 0;
        for bit in (0..8).rev() {
            product <<= 1;
            if product & 0x100 != 0 {
                product ^= POLYNOMIAL;
            }
            if one & (1 << bit) != 0 {
                product ^= u16::from(other);
            }
        }
        u8::try_from(product).unwrap()
    }

    #[test]
    fn codes_that_are_none_are_refused() {
        for (data, all) in [(0, 1), (3, 2), (256, 256), (1, 257), (usize::MAX, usize::MAX)] {
            assert!(Code::new(data, all).is_err(), "{data}:{all}");
        }
        for (data, all) in [(1, 1), (255, 256), (1, 256), (16, 20)] {
            assert_eq!(Code::new(data, all).map(|code| (code.data_slices(), code.slices())), Ok((data, all)));
        }
    }

    fn group(code: Code, slice_bytes: usize, random: &mut Random) -> Vec<u8> {
        let mut group: Vec<u8> = (0..code.data_slices() * slice_bytes).map(|_| random.byte()).collect();
        code.add_repair(&mut group, slice_bytes);
        group
    }

    /// Loses what is not present and checks what comes back.
    fn check(code: Code, whole: &[u8], slice_bytes: usize, present: &[bool]) {
        let mut received = vec![0xa5; whole.len()];
        for slice in (0..code.slices()).filter(|&slice| present[slice]) {
            let range = slice * slice_bytes..(slice + 1) * slice_bytes;
            received[range.clone()].copy_from_slice(&whole[range]);
        }
        let data = code.data_slices() * slice_bytes;
        let count = present.iter().filter(|present| **present).count();
        match code.repair(&mut received, slice_bytes, present) {
            Ok(()) => assert!(count >= code.data_slices() && received[..data] == whole[..data], "{code:?} {present:?}"),
            Err(few) => assert!(few.present == count && count < code.data_slices(), "{code:?} {present:?}"),
        }
    }

    #[test]
    fn any_k_slices_of_small_codes_bring_the_data_back() {
        let mut random = Random::new(1);
        for slices in 1..=9 {
            for data in 1..=slices {
                let code = Code::new(data, slices).unwrap();
                let whole = group(code, 5, &mut random);
                for subset in 0_u32..1 << slices {
                    let present: Vec<bool> = (0..slices).map(|slice| subset >> slice & 1 == 1).collect();
                    check(code, &whole, 5, &present);
                }
            }
        }
    }

    #[test]
    fn random_subsets_of_large_codes_bring_the_data_back() {
        let mut random = Random::seeded();
        for (data, slices) in [(16, 20), (64, 80), (1, 256), (200, 256), (255, 256), (128, 256)] {
            let code = Code::new(data, slices).unwrap();
            let whole = group(code, 3, &mut random);
            for lost in [slices - data, (slices - data) / 2, 1, slices - data + 1] {
                let mut present = vec![true; slices];
                for _ in 0..lost {
                    let candidates: Vec<usize> = (0..slices).filter(|&slice| present[slice]).collect();
                    present[candidates[random.below(candidates.len())]] = false;
                }
                check(code, &whole, 3, &present);
            }
        }
    }

    #[test]
    fn the_code_is_the_one_of_the_specification() {
        let code = Code::new(3, 5).unwrap();
        let mut group = vec![1, 0, 2, 0, 4, 0xff];
        code.add_repair(&mut group, 2);
        // The test vector of docs/reference/radio-udp.md.
        assert_eq!(group[6..], [0xf1, 0xff, 0xe1, 0xa4]);
        assert_eq!([inverse(2), inverse(3), inverse(4)], [0x8e, 0xf4, 0x47]);
    }
}
