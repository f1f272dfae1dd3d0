//! How a device is written down: `KIND:ARGUMENT[,OPTION…]`.

use crate::Geometry;
use crate::open::{DeviceKind, OpenProblem};

/// Sets the size of a logical block.
pub(crate) const OPTION_BLOCK_SIZE: &str = "block_size=512|1024|2048|4096";
/// Refuses writes.
pub(crate) const OPTION_READ_ONLY: &str = "read_only";
/// Goes around the page cache.
pub(crate) const OPTION_DIRECT: &str = "direct";

/// The size of a logical block unless the device or the specification says otherwise.
pub(crate) const BLOCK_SIZE_DEFAULT_BYTES: u32 = 512;
/// The sizes that a logical block may have.
const BLOCK_SIZES_BYTES: [u32; 4] = [512, 1024, 2048, 4096];

/// A specification, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Specification {
    /// What follows the kind's name: a size or a path.
    pub(crate) argument: String,
    /// The size of a logical block, if it was given.
    pub(crate) block_size_bytes: Option<u32>,
    pub(crate) read_only: bool,
    pub(crate) direct: bool,
    ordinal: usize,
}

impl Specification {
    /// Takes apart what follows the kind's name. `,,` stands for a comma in the argument.
    pub(crate) fn parse(kind: &DeviceKind, text: &str, ordinal: usize) -> Result<Self, OpenProblem> {
        let mut parts = split_at_single_commas(text).into_iter();
        let argument = parts.next().unwrap_or_default();
        if argument.is_empty() {
            return Err(OpenProblem::NoArgument { kind: kind.name, argument: kind.argument });
        }
        let mut specification = Self { argument, block_size_bytes: None, read_only: false, direct: false, ordinal };
        for option in parts {
            specification.apply(kind, &option)?;
        }
        Ok(specification)
    }

    fn apply(&mut self, kind: &DeviceKind, option: &str) -> Result<(), OpenProblem> {
        let (name, value) = option.split_once('=').map_or((option, None), |(name, value)| (name, Some(value)));
        let form = kind.options.iter().find(|form| form.split('=').next() == Some(name));
        match (form.copied(), value) {
            (Some(OPTION_BLOCK_SIZE), Some(value)) => {
                let size = value.parse().ok().filter(|size| BLOCK_SIZES_BYTES.contains(size));
                self.block_size_bytes = Some(size.ok_or_else(|| OpenProblem::BlockSize { text: value.to_owned() })?);
            }
            (Some(OPTION_READ_ONLY), None) => self.read_only = true,
            (Some(OPTION_DIRECT), None) => self.direct = true,
            _ => return Err(OpenProblem::Option { text: option.to_owned(), kind: kind.name, accepted: kind.options }),
        }
        Ok(())
    }

    /// The device's place among those that are opened together.
    pub(crate) fn ordinal(&self) -> u64 {
        self.ordinal as u64
    }

    /// The geometry of a device whose argument is its size.
    pub(crate) fn geometry_of_argument(&self) -> Result<Geometry, OpenProblem> {
        let size_bytes = parse_size(&self.argument).ok_or_else(|| OpenProblem::Size { text: self.argument.clone() })?;
        self.geometry(size_bytes, BLOCK_SIZE_DEFAULT_BYTES)
    }

    /// The geometry of a device of this size.
    pub(crate) fn geometry(&self, size_bytes: u64, block_size_default_bytes: u32) -> Result<Geometry, OpenProblem> {
        let block_size_bytes = self.block_size_bytes.unwrap_or(block_size_default_bytes);
        let block_size = u64::from(block_size_bytes);
        if size_bytes == 0 {
            return Err(OpenProblem::Empty);
        }
        if !size_bytes.is_multiple_of(block_size) {
            let enough_bytes = size_bytes.div_ceil(block_size).saturating_mul(block_size);
            return Err(OpenProblem::NotWholeBlocks { size_bytes, block_size_bytes, enough_bytes });
        }
        if i64::try_from(size_bytes).is_err() {
            return Err(OpenProblem::TooLarge { size_bytes });
        }
        Ok(Geometry { block_size_bytes, block_count: size_bytes / block_size })
    }
}

fn split_at_single_commas(text: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        if character == ',' && characters.next_if_eq(&',').is_none() {
            parts.push(String::new());
        } else if let Some(part) = parts.last_mut() {
            part.push(character);
        }
    }
    parts
}

const UNITS: [(char, u32); 4] = [('K', 10), ('M', 20), ('G', 30), ('T', 40)];

/// A number of bytes with an optional binary unit: `512`, `4K`, `512M`, `1G`, `2T`; case does not count. `None` for anything
/// else.
#[must_use]
pub fn parse_size(text: &str) -> Option<u64> {
    let unit = text.chars().last()?.to_ascii_uppercase();
    let (digits, shift) = match UNITS.iter().find(|(letter, _)| *letter == unit) {
        Some((_, shift)) => (&text[..text.len() - 1], *shift),
        None => (text, 0),
    };
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    digits.parse::<u64>().ok()?.checked_mul(1 << shift)
}

/// A number of bytes for people, exact: `512 MiB`, `1536 KiB`, `1000 bytes`.
#[must_use]
pub fn describe_size(size_bytes: u64) -> String {
    for (letter, shift) in UNITS.iter().rev() {
        if size_bytes > 0 && size_bytes.trailing_zeros() >= *shift {
            return format!("{} {letter}iB", size_bytes >> shift);
        }
    }
    format!("{size_bytes} bytes")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_numbers_with_binary_units() {
        for (text, size) in [
            ("512", Some(512)),
            ("4K", Some(4096)),
            ("4k", Some(4096)),
            ("512M", Some(512 << 20)),
            ("3G", Some(3 << 30)),
            ("2T", Some(2 << 40)),
            ("0", Some(0)),
            ("", None),
            ("K", None),
            ("12Q", None),
            ("1.5G", None),
            ("+5", None),
            ("-1", None),
            ("1 G", None),
            ("1GiB", None),
            ("5µ", None),
            ("99999999999999999999", None),
            ("16777216T", None),
        ] {
            assert_eq!(parse_size(text), size, "{text:?}");
        }
    }

    #[test]
    fn sizes_are_described_exactly() {
        for (size_bytes, text) in
            [(512 << 20, "512 MiB"), (1 << 40, "1 TiB"), (1536 << 10, "1536 KiB"), (1000, "1000 bytes"), (0, "0 bytes")]
        {
            assert_eq!(describe_size(size_bytes), text);
        }
    }

    #[test]
    fn a_double_comma_is_a_comma() {
        assert_eq!(split_at_single_commas("a,,b,c"), ["a,b", "c"]);
        assert_eq!(split_at_single_commas("a,,,c"), ["a,", "c"]);
        assert_eq!(split_at_single_commas("a,"), ["a", ""]);
    }
}
