//! Counts as percentages, with fio's floors: what happened at all is never shown as 0.

use crate::statistics::DEPTH_LEVELS;

/// What the levels of depth tables are called.
pub(super) const DEPTH_NAMES: [&str; DEPTH_LEVELS] = ["1", "2", "4", "8", "16", "32", ">=64"];
/// What the levels of batch tables are called: their largest sizes.
pub(super) const BATCH_NAMES: [&str; DEPTH_LEVELS] = ["0", "4", "8", "16", "32", "64", ">=64"];
/// What ranges of latency are called: where they end. Tables of less than a millisecond have the first ten.
pub(super) const LATENCY_NAMES: [&str; 12] =
    ["2", "4", "10", "20", "50", "100", "250", "500", "750", "1000", "2000", ">=2000"];

/// Shares of a depth or batch table, each that has a count at least 0.1 %.
pub(super) fn depth_shares<const N: usize>(counts: &[u64; N], total: u64) -> [f64; N] {
    shares(counts, total, 0.1)
}

/// Shares of a latency table, each that has a count at least 0.01 %.
pub(super) fn latency_shares<const N: usize>(counts: &[u64; N], total: u64) -> [f64; N] {
    shares(counts, total, 0.01)
}

fn shares<const N: usize>(counts: &[u64; N], total: u64, floor: f64) -> [f64; N] {
    counts.map(|count| {
        if total == 0 || count == 0 {
            return 0.0;
        }
        (count as f64 / total as f64 * 100.0).max(floor)
    })
}

/// A job's mean bandwidth (KiB/s) as a share of its group's (bytes/s), at most 100. Parity: fio compares whole KiB/s, and a
/// group of at most 1 KiB/s with nothing.
pub(super) fn bandwidth_share(mean: f64, aggregate: u64) -> f64 {
    if aggregate <= 1024 {
        return 100.0;
    }
    (mean.trunc() * 100.0 / (aggregate as f64 / 1024.0)).min(100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn little_is_not_nothing() {
        assert_eq!(depth_shares(&[1, 0, 50_000], 100_000), [0.1, 0.0, 50.0]);
        assert_eq!(latency_shares(&[1, 0, 50_000], 100_000), [0.01, 0.0, 50.0]);
        assert_eq!(depth_shares(&[1, 2], 0), [0.0, 0.0]);
    }

    #[test]
    fn a_share_of_the_group_is_of_whole_kibibytes() {
        assert_eq!(bandwidth_share(512.9, 1024 * 1024), 50.0);
        assert_eq!(bandwidth_share(5000.0, 1024 * 1024), 100.0);
        assert_eq!(bandwidth_share(1.0, 1024), 100.0);
    }
}
