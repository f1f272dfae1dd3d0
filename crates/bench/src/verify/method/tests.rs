//! Sums of known data, and the table of methods.

use super::*;

fn digest(name: &str, data: &[u8]) -> String {
    let method = Method::named(name).expect("a method");
    let Proof::Digest(digest) = &method.proof else { panic!("{name} has a digest") };
    let mut place = vec![0xa5; digest.length];
    (digest.compute)(data, &mut place);
    place.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The check values of the CRC catalogue for `123456789`, where fio's form is the catalogue's; little endian.
#[test]
fn known_sums() {
    let digits = b"123456789";
    assert_eq!(digest("crc7", digits), "75");
    assert_eq!(digest("crc16", digits), "3dbb");
    assert_eq!(digest("crc32", digits), "7f89a189");
    assert_eq!(digest("crc32c", digits), "7c6df91c");
    assert_eq!(digest("crc64", digits), "cad9b8c414d9c6e9");
    assert_eq!(digest("md5", digits), "25f9e794323b453885f5181f1b624d0b");
    assert_eq!(digest("sha1", digits), reversed_words("f7c3bc1d808e04732adf679965ccc34ca7ae3441"));
    assert_eq!(digest("sha3-224", digits), "5795c3d628fd638c9835a4c79a55809f265068c88729a1a3fcdf8522");
}

/// Each word of eight digits with its bytes in reverse.
fn reversed_words(digits: &str) -> String {
    let bytes: Vec<&str> = (0..digits.len() / 2).map(|at| &digits[at * 2..at * 2 + 2]).collect();
    bytes.chunks(4).flat_map(|word| word.iter().rev().copied()).collect()
}

/// A remainder by its definition, bit by bit.
struct Definition {
    name: &'static str,
    width: u32,
    polynomial: u64,
    lowest_bit_first: bool,
    start: u64,
}

impl Definition {
    fn remainder(&self, data: &[u8]) -> u64 {
        let mask = u64::MAX >> (64 - self.width);
        let mut remainder = self.start;
        for byte in data {
            for place in 0..8 {
                let place = if self.lowest_bit_first { place } else { 7 - place };
                let top = remainder >> (self.width - 1) & 1;
                let divides = top ^ u64::from(byte >> place & 1) == 1;
                remainder = (remainder << 1) & mask ^ if divides { self.polynomial } else { 0 };
            }
        }
        if self.lowest_bit_first { remainder.reverse_bits() >> (64 - self.width) } else { remainder }
    }
}

const DEFINITIONS: [Definition; 5] = [
    Definition { name: "crc7", width: 7, polynomial: 0x09, lowest_bit_first: false, start: 0 },
    Definition { name: "crc16", width: 16, polynomial: 0x8005, lowest_bit_first: true, start: 0 },
    Definition { name: "crc32", width: 32, polynomial: 0x04c1_1db7, lowest_bit_first: false, start: 0 },
    Definition { name: "crc32c", width: 32, polynomial: 0x1edc_6f41, lowest_bit_first: true, start: 0xffff_ffff },
    Definition { name: "crc64", width: 64, polynomial: 0xad93_d235_94c9_35a9, lowest_bit_first: true, start: 0 },
];

#[test]
fn remainders_bit_by_bit() {
    let mut state = 0x5eed_u64;
    for length in 0..600 {
        let data: Vec<u8> = (0..length)
            .map(|_| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                state.to_be_bytes()[0]
            })
            .collect();
        for definition in &DEFINITIONS {
            let bytes = definition.remainder(&data).to_le_bytes();
            let expected: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            let found = digest(definition.name, &data);
            assert_eq!(found, expected[..found.len()], "{} of {length} bytes", definition.name);
        }
    }
}

/// fio's SHA-256 keeps the end of the padded data, and the lowest byte of each word of the state where there is no length in the
/// state's way: for data without a length field of its own the state is that of the standard.
#[test]
fn the_end_of_the_data_is_in_the_digest() {
    let data = [0x5a; 100];
    let found = digest("sha256", &data);
    assert_eq!(found[16..72], "5a".repeat(28));
    assert_eq!(found[72..112], format!("80{}", "00".repeat(19)));
    assert_eq!(found[112..], "2003000000000000".to_owned());
}

#[test]
fn names_and_codes_are_unique() {
    let names: Vec<&str> = METHODS.iter().flat_map(|method| method.names).copied().collect();
    let codes: Vec<u16> = METHODS.iter().flat_map(|method| method.codes).copied().collect();
    for (index, name) in names.iter().enumerate() {
        assert!(!names[..index].contains(name), "{name} twice");
        assert_eq!(Method::named(name).map(|method| method.names.contains(name)), Some(true));
    }
    for (index, code) in codes.iter().enumerate() {
        assert!(!codes[..index].contains(code), "{code} twice");
        assert_eq!(Method::with_code(*code).map(|method| method.codes.contains(code)), Some(true));
    }
    assert_eq!(codes.len(), 19, "fio 3.33 has codes 1 to 19");
    assert_eq!((Method::named("0"), Method::with_code(0), Method::with_code(20)), (None, None, None));
    assert!(METHODS.iter().all(|method| !method.help.is_empty()));
}

#[test]
fn no_digest_is_longer_than_the_longest() {
    for method in METHODS {
        if let Proof::Digest(digest) = &method.proof {
            assert!((1..=DIGEST_MAXIMUM).contains(&digest.length), "{}", method.name());
        }
    }
}
