//! Which CPUs: `0-3,8`.

use super::kind::ValueError;
use super::limits::CPUS_MAX;

/// CPUs by number, ascending, each once.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CpuList(Vec<usize>);

impl CpuList {
    /// Reads numbers and ranges with commas between.
    ///
    /// # Errors
    /// [`ValueError::Malformed`]; [`ValueError::OutOfRange`] for a number of [`CPUS_MAX`] or more.
    pub fn parse(text: &str) -> Result<Self, ValueError> {
        const ACCEPTED: &str = "numbers and ranges of CPUs, as 0-3,8";
        let malformed = |part: &str| ValueError::malformed(part, ACCEPTED);
        let mut wanted = [false; CPUS_MAX];
        for part in text.split(',').map(str::trim).take_while(|part| !part.is_empty()) {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            let read = |text: &str| text.trim().parse::<usize>().map_err(|_| malformed(part));
            let (first, last) = (read(first)?, read(last)?);
            if last >= CPUS_MAX {
                return Err(ValueError::OutOfRange {
                    text: part.to_owned(),
                    minimum: "0".to_owned(),
                    maximum: (CPUS_MAX - 1).to_string(),
                });
            }
            if first > last {
                return Err(malformed(part));
            }
            wanted[first..=last].fill(true);
        }
        let cpus: Vec<_> = (0..CPUS_MAX).filter(|cpu| wanted[*cpu]).collect();
        if cpus.is_empty() { Err(malformed(text)) } else { Ok(Self(cpus)) }
    }

    /// The CPUs whose bit is set, the lowest bit being CPU 0.
    #[must_use]
    pub fn from_mask(mask: u32) -> Self {
        Self((0..32).filter(|cpu| mask & (1 << cpu) != 0).collect())
    }

    /// The CPUs, ascending.
    #[must_use]
    pub fn as_slice(&self) -> &[usize] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_ranges() {
        assert_eq!(CpuList::parse("0-3,8").unwrap().as_slice(), [0, 1, 2, 3, 8]);
        assert_eq!(CpuList::parse("3, 1,3,").unwrap().as_slice(), [1, 3]);
        assert_eq!(CpuList::from_mask(0b1011).as_slice(), [0, 1, 3]);
        for text in ["", "x", "3-1", "1-", "-1", "8192", "0-99999999"] {
            assert!(CpuList::parse(text).is_err(), "{text}");
        }
    }
}
