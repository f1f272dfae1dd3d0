//! Numbers that look random and follow from a seed: the same seed and the same song give the same number on every machine.

/// A number for `seed` and `values` (the finaliser of SplitMix64, chained).
pub(crate) fn number<const N: usize>(seed: u64, values: [u64; N]) -> u64 {
    values.into_iter().fold(mix(seed), |state, value| mix(state ^ mix(value)))
}

/// From 0 to 100.
pub(crate) fn percentage<const N: usize>(seed: u64, values: [u64; N]) -> i32 {
    i32::try_from(number(seed, values) % 101).unwrap_or_default()
}

fn mix(value: u64) -> u64 {
    let mut mixed = value.wrapping_add(0x9E37_79B9_7F4A_7C15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentages_are_spread_evenly() {
        let mut counts = [0_u32; 101];
        for value in 0..101_000 {
            counts[usize::try_from(percentage(7, [value, 3])).unwrap()] += 1;
        }
        assert!(counts.iter().all(|count| (850..1150).contains(count)), "{counts:?}");
    }

    #[test]
    fn each_value_and_its_place_matter() {
        let numbers = [number(1, [2, 3]), number(1, [3, 2]), number(2, [2, 3]), number(1, [2]), number(1, [2, 3, 0])];
        let different: std::collections::HashSet<_> = numbers.into_iter().collect();
        assert_eq!(different.len(), numbers.len());
    }
}
