//! What a wrong block means: lost, stale, misdirected or changed, and whose write is there instead.

use std::fmt;

use super::failure::{FailureKind, Place};
use super::header::{Header, MAGIC, WriteIdentity, later_version};
use super::verifier::Expected;

/// What became of the write that should be there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Diagnosis {
    /// Only zeroes: the write never arrived, or something trimmed it.
    Lost,
    /// Another write of the same place: an older one if the expected one is known.
    Stale {
        /// The write that is there.
        found: WriteIdentity,
        /// The number of the one that should be, if it is known.
        wanted: Option<u16>,
    },
    /// A write of another place went here.
    Misdirected {
        /// The write that is there.
        found: WriteIdentity,
        /// The byte of the interval where it begins.
        at: usize,
    },
    /// A block without a header that was written for another place.
    OtherPlace {
        /// Its offset in bytes, out of its pattern.
        offset: u64,
    },
    /// A write of this place with other block sizes or another interval.
    OtherLength {
        /// The write that is there.
        found: WriteIdentity,
        /// The length of its interval in bytes.
        length: usize,
    },
    /// The right write is there, and bytes of it changed.
    Changed(Option<Damage>),
    /// A trimmed block still holds a write.
    NotTrimmed {
        /// The write that is there.
        found: WriteIdentity,
    },
    /// Written by fio 3.41 or later, whose headers are others.
    OtherVersion {
        /// That of the header, as it stands there.
        version: u8,
    },
    /// Nothing that a verify has written.
    Foreign,
}

/// The bytes of an interval that are not what was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Damage {
    /// The first one, from the front of the interval.
    pub first: usize,
    /// The last one.
    pub last: usize,
    /// How many there are.
    pub count: usize,
    /// Whether all bytes from the first to the last are zero.
    pub zeroes: bool,
    /// Whether they are whole sectors at one end of the interval: the write arrived in part.
    pub torn: bool,
}

/// Writes begin at sectors.
const SECTOR: usize = 512;

/// Says what is there instead. `regenerate` returns the interval as the found header, or none, says it was written.
pub(super) fn diagnose(
    kind: &FailureKind,
    header: Option<&Header>,
    unit: &[u8],
    expected: &Expected,
    place: &Place,
    regenerate: impl FnOnce() -> Vec<u8>,
) -> Diagnosis {
    if unit.iter().all(|&byte| byte == 0) {
        return Diagnosis::Lost;
    }
    let genuine = header.filter(|header| header.is_genuine());
    if let Some(header) = genuine
        && kind.is_header()
    {
        return of_header(header, expected, place);
    }
    if let Some(version) = later_version(unit) {
        return Diagnosis::OtherVersion { version };
    }
    if let Some((at, found)) = write_inside(unit) {
        return Diagnosis::Misdirected { found, at };
    }
    match kind {
        FailureKind::Digest { .. } => Diagnosis::Changed(damage(unit, &regenerate())),
        FailureKind::Pattern(_) => match damage(unit, &regenerate()) {
            // Without a header nothing but the pattern tells that a verify has written here.
            Some(damage) if header.is_none() && is_most(damage.count, unit.len()) => Diagnosis::Foreign,
            damage => Diagnosis::Changed(damage),
        },
        FailureKind::Magic { .. } if !header.is_some_and(was_genuine) => Diagnosis::Foreign,
        FailureKind::NotZero { .. } => match genuine {
            Some(header) => Diagnosis::NotTrimmed { found: header.write() },
            None => Diagnosis::Foreign,
        },
        // The fields cannot be trusted, so that it cannot be made again.
        _ => Diagnosis::Changed(None),
    }
}

fn of_header(header: &Header, expected: &Expected, place: &Place) -> Diagnosis {
    let found = header.write();
    let length = header.length.get() as usize;
    if found.offset != place.unit_offset() {
        Diagnosis::Misdirected { found, at: 0 }
    } else if length != place.unit_length {
        Diagnosis::OtherLength { found, length }
    } else {
        Diagnosis::Stale { found, wanted: expected.number }
    }
}

/// Whether only the magic of a header is wrong.
fn was_genuine(header: &Header) -> bool {
    Header { magic: MAGIC.into(), ..*header }.is_genuine()
}

/// The first write that begins behind the front of an interval.
fn write_inside(unit: &[u8]) -> Option<(usize, WriteIdentity)> {
    (SECTOR..unit.len()).step_by(SECTOR).find_map(|at| {
        let header = Header::read(&unit[at..]).filter(|header| header.is_genuine())?;
        Some((at, header.write()))
    })
}

fn damage(found: &[u8], wanted: &[u8]) -> Option<Damage> {
    let differs = |(found, wanted): (&u8, &u8)| found != wanted;
    let first = found.iter().zip(wanted).position(differs)?;
    let last = found.iter().zip(wanted).rposition(differs)?;
    let count = found.iter().zip(wanted).filter(|&(found, wanted)| found != wanted).count();
    let zeroes = found[first..=last].iter().all(|&byte| byte == 0);
    let torn = (zeroes || is_most(count, last + 1 - first)) && is_torn(first, last, found.len());
    Some(Damage { first, last, count, zeroes, torn })
}

/// Whether damage that begins and ends so is in whole sectors at one end of an interval. A few bytes at its ends are right by
/// chance.
fn is_torn(first: usize, last: usize, length: usize) -> bool {
    let from_boundary = first % SECTOR < CHANCE && last + CHANCE >= length && first >= SECTOR;
    let to_boundary = SECTOR - 1 - last % SECTOR < CHANCE && first < SECTOR && last < length.saturating_sub(SECTOR);
    from_boundary || to_boundary
}

/// So many bytes may be the same in two writes at a place.
const CHANCE: usize = 16;

/// Nine of ten: all but what is the same by chance.
const fn is_most(count: usize, of: usize) -> bool {
    count.saturating_mul(10) >= of.saturating_mul(9)
}

impl fmt::Display for Diagnosis {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lost => formatter.write_str("lost: only zeroes, the write never arrived or was trimmed"),
            Self::Stale { found, wanted: Some(wanted) } => {
                write!(formatter, "stale: holds {found}; write {wanted} of it should be here")
            }
            Self::Stale { found, wanted: None } => {
                write!(formatter, "stale: holds {found}, which is not the last one of it")
            }
            Self::Misdirected { found, at: 0 } => write!(formatter, "misdirected: holds {found}"),
            Self::Misdirected { found, at } => write!(formatter, "misdirected: holds from byte {at} on {found}"),
            Self::OtherPlace { offset } => write!(formatter, "misdirected: holds the block of offset {offset}"),
            Self::OtherLength { found, length } => {
                write!(formatter, "other layout: holds {found}, in intervals of {length} bytes")
            }
            Self::Changed(Some(damage @ Damage { torn: true, .. })) => write!(formatter, "torn: {damage}"),
            Self::Changed(Some(damage)) => write!(formatter, "changed: {damage}"),
            Self::Changed(None) => formatter.write_str("changed: the header was damaged after it was made"),
            Self::NotTrimmed { found } => write!(formatter, "not trimmed: still holds {found}"),
            Self::OtherVersion { version } => write!(
                formatter,
                "other version: written by fio 3.41 or later (header version {version:#x}), which only those verify"
            ),
            Self::Foreign => {
                formatter.write_str("foreign: holds no block of a verify; something else has written here")
            }
        }
    }
}

impl fmt::Display for WriteIdentity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { number, thread, offset, seconds, nanoseconds, .. } = self;
        write!(formatter, "write {number} of job {thread} to offset {offset}, begun at {seconds}.{nanoseconds:09} s")
    }
}

impl fmt::Display for Damage {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { first, last, count, zeroes, torn: _ } = self;
        let kind = if *zeroes { ", which are zero" } else { "" };
        if *count == 1 {
            return write!(formatter, "byte {first} is not what was written{kind}");
        }
        write!(formatter, "{count} bytes between {first} and {last} are not what was written{kind}")
    }
}
