//! Lists of `value/share`, colons between: block sizes, and zones of a random distribution.

use super::kind::ValueError;
use super::limits::{SPLIT_ENTRIES_MAX, ZONE_ENTRIES_MAX};
use super::number::{KbBase, whole_u64};
use super::per_direction::PerDirection;

/// A block size and how often it comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SplitEntry {
    /// Bytes of a block.
    pub size: u64,
    /// Blocks of this size, in per cent of all.
    pub percent: u32,
}

/// A part of a range and how many of the accesses fall into it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ZoneEntry {
    /// Accesses, in per cent of all.
    pub access_percent: u32,
    /// How large the part is: per cent of the range, or bytes in an absolute distribution.
    pub size: u64,
}

/// Reads block sizes. Shares that are left out divide what is missing to 100. The entries are ordered by their share, smallest
/// first, as fio looks them up; a direction that the text leaves out is empty.
pub(super) fn block_sizes(text: &str, base: KbBase) -> Result<PerDirection<Vec<SplitEntry>>, ValueError> {
    per_direction(text, |text| block_sizes_of_one(text, base))
}

/// Reads zones: accesses and sizes. With `absolute`, sizes are bytes.
pub(super) fn zones(text: &str, absolute: bool, base: KbBase) -> Result<PerDirection<Vec<ZoneEntry>>, ValueError> {
    let zones = per_direction(text, |text| zones_of_one(text, absolute, base))?;
    if zones.0.iter().all(Vec::is_empty) {
        return Err(ValueError::malformed(text, "ACCESS/SIZE:ACCESS/SIZE:…"));
    }
    Ok(zones)
}

/// One list counts for all directions, two for reads and the rest, three for each.
fn per_direction<T: Clone>(
    text: &str,
    read: impl Fn(&str) -> Result<Vec<T>, ValueError>,
) -> Result<PerDirection<Vec<T>>, ValueError> {
    let lists = text.split(',').map(|text| read(text.trim())).collect::<Result<Vec<_>, _>>()?;
    match lists.as_slice() {
        [all] => Ok(PerDirection([all.clone(), all.clone(), all.clone()])),
        [reads, rest] => Ok(PerDirection([reads.clone(), rest.clone(), rest.clone()])),
        [reads, writes, trims] => Ok(PerDirection([reads.clone(), writes.clone(), trims.clone()])),
        _ => Err(ValueError::TooMany { limit: 3, what: "lists" }),
    }
}

fn block_sizes_of_one(text: &str, base: KbBase) -> Result<Vec<SplitEntry>, ValueError> {
    const ACCEPTED: &str = "SIZE or SIZE/PERCENT";
    let mut sizes = Vec::new();
    for (size, percent) in entries(text, SPLIT_ENTRIES_MAX)? {
        let size = whole_u64(size, base).filter(|size| *size > 0);
        let size = size.ok_or_else(|| ValueError::malformed(text, ACCEPTED))?;
        sizes.push((size, percent.map(|text| per_cent(text, ACCEPTED)).transpose()?.filter(|percent| *percent > 0)));
    }
    let shares = fill_up(sizes.iter().map(|(_, percent)| *percent))?;
    let mut entries: Vec<_> =
        sizes.iter().zip(shares).map(|((size, _), percent)| SplitEntry { size: *size, percent }).collect();
    entries.sort_by_key(|entry| entry.percent);
    Ok(entries)
}

fn zones_of_one(text: &str, absolute: bool, base: KbBase) -> Result<Vec<ZoneEntry>, ValueError> {
    const ACCEPTED: &str = "ACCESS/SIZE: per cent of accesses, and per cent or size of the range";
    let mut zones = Vec::new();
    for (access, size) in entries(text, ZONE_ENTRIES_MAX)? {
        let access_percent = per_cent(access, ACCEPTED)?;
        let size = match size {
            None => None,
            Some(text) if absolute => Some(whole_u64(text, base).ok_or_else(|| ValueError::malformed(text, ACCEPTED))?),
            Some(text) => Some(u64::from(per_cent(text, ACCEPTED)?)).filter(|size| *size > 0),
        };
        zones.push((access_percent, size));
    }
    if !zones.is_empty() && zones.iter().map(|(access, _)| access).sum::<u32>() != 100 {
        return Err(ValueError::Rule("the accesses of all zones add up to 100 per cent"));
    }
    let sizes: Vec<u64> = if absolute {
        zones.iter().map(|(_, size)| size.unwrap_or(0)).collect()
    } else {
        let shares = zones.iter().map(|(_, size)| size.and_then(|size| u32::try_from(size).ok()));
        fill_up(shares)?.into_iter().map(u64::from).collect()
    };
    Ok(zones
        .iter()
        .zip(sizes)
        .map(|((access_percent, _), size)| ZoneEntry { access_percent: *access_percent, size })
        .collect())
}

/// The entries up to the first empty one, each cut at its slash.
fn entries(text: &str, limit: usize) -> Result<Vec<(&str, Option<&str>)>, ValueError> {
    let entries: Vec<_> = text
        .split(':')
        .map(str::trim)
        .take_while(|entry| !entry.is_empty())
        .take(limit + 1)
        .map(|entry| match entry.split_once('/') {
            Some((value, share)) => (value.trim(), Some(share.trim()).filter(|share| !share.is_empty())),
            None => (entry, None),
        })
        .collect();
    if entries.len() > limit {
        return Err(ValueError::TooMany { limit, what: "entries" });
    }
    Ok(entries)
}

fn per_cent(text: &str, accepted: &'static str) -> Result<u32, ValueError> {
    let percent = text.strip_suffix('%').unwrap_or(text).parse().ok().filter(|percent| *percent <= 100);
    percent.ok_or_else(|| ValueError::malformed(text, accepted))
}

/// What is missing to 100, in equal parts for those that have none.
fn fill_up(shares: impl Iterator<Item = Option<u32>> + Clone) -> Result<Vec<u32>, ValueError> {
    let given: u32 = shares.clone().flatten().sum();
    let missing = u32::try_from(shares.clone().filter(Option::is_none).count()).unwrap_or(u32::MAX);
    let left = 100_u32.checked_sub(given).ok_or(ValueError::Rule("the shares add up to more than 100 per cent"))?;
    Ok(shares.map(|share| share.unwrap_or_else(|| left / missing.max(1))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(text: &str) -> Result<[Vec<(u64, u32)>; 3], ValueError> {
        let sizes = block_sizes(text, KbBase::Binary)?;
        Ok(sizes.0.map(|list| list.iter().map(|entry| (entry.size, entry.percent)).collect()))
    }

    #[test]
    fn block_sizes_are_ordered_by_their_share() {
        let list = vec![(1024, 10), (65_536, 40), (4096, 50)];
        assert_eq!(split("4k/50:1k/10:64k/40"), Ok([list.clone(), list.clone(), list.clone()]));
        assert_eq!(split("4k"), Ok([vec![(4096, 100)], vec![(4096, 100)], vec![(4096, 100)]]));
        let [reads, writes, trims] = split("4k/60:8k:16k/,2k/100").unwrap();
        assert_eq!(reads, [(8192, 20), (16_384, 20), (4096, 60)]);
        assert_eq!(writes, [(2048, 100)]);
        assert_eq!(trims, writes);
        assert_eq!(split("4k/50:1k/10:64k/40:"), Ok([list.clone(), list.clone(), list]));
        assert_eq!(split(",4k").unwrap()[0], []);
    }

    #[test]
    fn bad_splits_are_refused() {
        for text in ["4k/x", "x/4", "0/100", "4k/60:8k/60", "1,2,3,4", "4k/101"] {
            assert!(split(text).is_err(), "{text}");
        }
        assert_eq!(split(&"4k:".repeat(65)), Err(ValueError::TooMany { limit: 64, what: "entries" }));
    }

    #[test]
    fn zones_have_all_of_the_accesses() {
        let zoned = |text, absolute| {
            zones(text, absolute, KbBase::Binary)
                .map(|zones| zones.0[0].iter().map(|zone| (zone.access_percent, zone.size)).collect::<Vec<_>>())
        };
        assert_eq!(zoned("60/10:30/20:8/30:2/40", false).unwrap(), [(60, 10), (30, 20), (8, 30), (2, 40)]);
        assert_eq!(zoned("60/10:40", false).unwrap(), [(60, 10), (40, 90)]);
        assert_eq!(zoned("60/20G:30/100G:10/500g", true).unwrap(), [(60, 20 << 30), (30, 100 << 30), (10, 500 << 30)]);
        for text in ["60/10:30/20", "60/10:41/90", "x/10", "", "60/60:40/60"] {
            assert!(zoned(text, false).is_err(), "{text}");
        }
    }
}
