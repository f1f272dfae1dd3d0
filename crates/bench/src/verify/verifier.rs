//! Fills blocks so that they can be proven, and proves them.

use std::hint::cold_path;

use zerocopy::IntoBytes;

use super::diagnosis::{Diagnosis, diagnose};
use super::failure::{Failure, FailureKind, Place};
use super::header::{Header, MAGIC, WriteIdentity};
use super::method::{DIGEST_MAXIMUM, Digest, Method, Proof};
use super::settings::{SettingsError, VerifySettings};
use crate::buffers::{Pattern, PatternDifference, fill_compressible};

/// What is known about the block that is checked. What is `None` is not compared: [`HeaderRules`](super::HeaderRules) says when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expected {
    /// Where in the file it was read from, in bytes.
    pub offset: u64,
    /// What its data was filled from.
    pub seed: Option<u64>,
    /// The number of the write.
    pub number: Option<u16>,
}

/// Fills and checks the blocks of a job; threads may share it.
#[derive(Debug, Clone)]
pub struct Verifier {
    settings: VerifySettings,
}

impl Verifier {
    /// Takes settings that blocks can be proven with.
    ///
    /// # Errors
    /// A header without room, an impossible place for it, or a pattern that is missing.
    pub fn new(settings: VerifySettings) -> Result<Self, SettingsError> {
        settings.problem()?;
        Ok(Self { settings })
    }

    /// What it was made with.
    #[must_use]
    pub const fn settings(&self) -> &VerifySettings {
        &self.settings
    }

    /// Whether each block is filled from a seed of its own. If not, fio draws none, and headers have 0.
    #[must_use]
    pub const fn takes_seeds(&self) -> bool {
        self.settings.pattern.is_none() && !matches!(self.settings.method.proof, Proof::Nothing)
    }

    /// Fills a whole block: data, digests and headers. With `verify=null` it leaves it as it is.
    pub fn fill(&self, block: &mut [u8], write: &WriteIdentity) {
        if matches!(self.settings.method.proof, Proof::Nothing) || block.is_empty() {
            return;
        }
        self.fill_data(block, write);
        let unit_length = self.settings.unit_length(block.len());
        let mut offset = write.offset;
        for unit in block.chunks_mut(unit_length) {
            self.stamp(unit, &WriteIdentity { offset, ..*write });
            offset += unit_length as u64;
        }
    }

    fn fill_data(&self, block: &mut [u8], write: &WriteIdentity) {
        let settings = &self.settings;
        let Some(pattern) = &settings.pattern else {
            let percentage = if settings.compress_percentage >= 100 { 0 } else { settings.compress_percentage };
            return fill_compressible(block, write.seed, percentage, settings.buffer_pattern.as_ref());
        };
        let mut offset = write.offset;
        let interval = self.pattern_interval(block.len());
        for piece in block.chunks_mut(interval) {
            pattern.fill(piece, offset);
            offset += interval as u64;
        }
    }

    const fn pattern_interval(&self, block_length: usize) -> usize {
        if self.settings.pattern_interval == 0 { block_length } else { self.settings.pattern_interval }
    }

    /// Puts digest and header into one interval of a block.
    fn stamp(&self, unit: &mut [u8], write: &WriteIdentity) {
        let method = self.settings.method;
        let header_length = method.header_length();
        // What is left of a block of an odd length may have no room for a header.
        if header_length == 0 || unit.len() <= header_length {
            return;
        }
        let length = u32::try_from(unit.len()).expect("blocks have less than 4 GiB");
        let (place, data) = unit.split_at_mut(header_length);
        let (header, digest_place) = place.split_at_mut(size_of::<Header>());
        header.copy_from_slice(Header::new(method.code(), length, write).as_bytes());
        if let Proof::Digest(digest) = &method.proof {
            (digest.compute)(data, digest_place);
        }
        self.swap_header(unit);
    }

    /// Moves the header from the front of an interval to its place, or back.
    fn swap_header(&self, unit: &mut [u8]) {
        let (header_length, offset) = (self.settings.method.header_length(), self.settings.header_offset);
        if offset != 0 && unit.len() >= offset + header_length {
            let (front, back) = unit.split_at_mut(offset);
            front[..header_length].swap_with_slice(&mut back[..header_length]);
        }
    }

    /// Proves a whole block; nothing in the list says that it is proven.
    ///
    /// The block is the same afterwards: it is changed in between where `verify_offset` asks for it. A wrong header ends the check of
    /// its block, wrong data does so if `first_only` says so (`verify_fatal`). A rest of a block of an odd length that has no room for
    /// a header has none, and is not looked at.
    ///
    /// Cost: no allocation unless something is wrong.
    ///
    /// Parity: fio, which forgets a wrong interval when a right one follows in the block; here it counts.
    pub fn check(&self, block: &mut [u8], expected: &Expected, first_only: bool) -> Vec<Failure> {
        let mut failures = Vec::new();
        if matches!(self.settings.method.proof, Proof::Nothing) || block.is_empty() {
            return failures;
        }
        let block_length = block.len();
        let unit_length = self.settings.unit_length(block_length);
        let mut start = 0;
        // Not in chunks, which a division would count beforehand.
        while let Some(unit) = block.get_mut(start..block_length.min(start + unit_length))
            && unit.len() > self.settings.method.header_length()
        {
            self.swap_header(unit);
            let place =
                Place { block_offset: expected.offset, block_length, unit_start: start, unit_length: unit.len() };
            let found = self.check_unit(unit, expected, &place);
            self.swap_header(unit);
            start += unit_length;
            if let Some(failure) = found {
                cold_path();
                let is_header = failure.kind.is_header();
                failures.push(failure);
                if is_header || first_only {
                    break;
                }
            }
        }
        failures
    }

    fn check_unit(&self, unit: &[u8], expected: &Expected, place: &Place) -> Option<Failure> {
        let method = self.settings.method;
        if matches!(method.proof, Proof::BarePattern) {
            let difference = self.pattern_difference(unit, place)?;
            let mut failure = self.failure(FailureKind::Pattern(difference), None, unit, expected, place);
            if let Some(offset) = self.written_for(unit, place) {
                failure.diagnosis = Diagnosis::OtherPlace { offset };
            }
            return Some(failure);
        }
        let header = Header::read(unit).expect("an interval that is checked is longer than its header");
        let kind = wrong_header(header, expected, place).or_else(|| self.wrong_data(unit, header, place))?;
        Some(self.failure(kind, Some(header), unit, expected, place))
    }

    fn failure(
        &self,
        kind: FailureKind,
        header: Option<&Header>,
        unit: &[u8],
        expected: &Expected,
        place: &Place,
    ) -> Failure {
        let diagnosis = diagnose(&kind, header, unit, expected, place, || {
            let write = header.map_or_else(|| place.unheaded_write(), Header::write);
            self.regenerate(place, &write)
        });
        let media_code = header.map(|header| header.method.get());
        Failure { kind, method: self.settings.method, media_code, place: *place, diagnosis }
    }

    fn wrong_data(&self, unit: &[u8], header: &Header, place: &Place) -> Option<FailureKind> {
        match &self.settings.method.proof {
            Proof::Nothing | Proof::BarePattern => None,
            Proof::Header if self.settings.pattern.is_none() => None,
            Proof::Header | Proof::HeaderAndPattern => self.pattern_difference(unit, place).map(FailureKind::Pattern),
            Proof::Digest(digest) => wrong_digest(digest, self.settings.method, unit, header),
        }
    }

    /// The first byte behind the header that is not the pattern's, counted from the front of the interval.
    fn pattern_difference(&self, unit: &[u8], place: &Place) -> Option<PatternDifference> {
        let pattern: &Pattern = self.settings.pattern.as_ref()?;
        let header_length = self.settings.method.header_length();
        let interval = self.pattern_interval(place.block_length);
        let mut at = header_length;
        while at < unit.len() {
            let (turn, position) = ((place.unit_start + at) / interval, (place.unit_start + at) % interval);
            let end = unit.len().min(at + interval - position);
            let offset = place.block_offset + (turn * interval) as u64;
            if let Some(difference) = pattern.first_difference(&unit[at..end], position, offset) {
                return Some(PatternDifference { at: at + difference.at, ..difference });
            }
            at = end;
        }
        None
    }

    /// Which block of the pattern is there instead of this one.
    fn written_for(&self, unit: &[u8], place: &Place) -> Option<u64> {
        let whole_blocks = place.unit_start == 0 && self.settings.pattern_interval == 0;
        self.settings.pattern.as_ref().filter(|_| whole_blocks)?.block_offset_of(unit)
    }

    /// What an interval should hold, its header at the front if `write` is of this place: the rest of the block is made and dropped.
    fn regenerate(&self, place: &Place, write: &WriteIdentity) -> Vec<u8> {
        let mut block = vec![0; place.block_length];
        self.fill(&mut block, &WriteIdentity { offset: place.block_offset, ..*write });
        let mut unit = block.split_off(place.unit_start);
        unit.truncate(place.unit_length);
        self.swap_header(&mut unit);
        unit
    }

    /// What stands where `failure` is if `write` had arrived whole: the content of the file that `verify_dump` calls expected.
    #[must_use]
    pub fn expected_unit(&self, failure: &Failure, write: &WriteIdentity) -> Vec<u8> {
        let mut unit = self.regenerate(&failure.place, write);
        self.swap_header(&mut unit);
        unit
    }
}

/// What is wrong with a header, in fio's order.
fn wrong_header(header: &Header, expected: &Expected, place: &Place) -> Option<FailureKind> {
    let magic = header.magic.get();
    if magic != MAGIC {
        return Some(FailureKind::Magic { found: magic });
    }
    let (found, wanted) = (header.length.get() as usize, place.unit_length);
    if found != wanted {
        return Some(FailureKind::Length { found, wanted });
    }
    let found = header.seed.get();
    if let Some(wanted) = expected.seed
        && found != wanted
    {
        return Some(FailureKind::Seed { found, wanted });
    }
    let (found, wanted) = (header.offset.get(), place.unit_offset());
    if found != wanted {
        return Some(FailureKind::Offset { found, wanted });
    }
    let found = header.number.get();
    if let Some(wanted) = expected.number
        && found != wanted
    {
        return Some(FailureKind::Number { found, wanted });
    }
    let (found, calculated) = (header.checksum.get(), header.calculated_checksum());
    (found != calculated).then_some(FailureKind::HeaderChecksum { found, calculated })
}

/// A block of another method has its data where that method's digest ends; fio sums it from there.
fn wrong_digest(digest: &Digest, method: &Method, unit: &[u8], header: &Header) -> Option<FailureKind> {
    let code = header.method.get();
    // Next to always the job's own, which needs no search.
    let media = if code == method.code() { method } else { Method::with_code(code).unwrap_or(method) };
    let start = media.header_length().min(unit.len());
    let stored = &unit[size_of::<Header>()..method.header_length()];
    let mut calculated = [0; DIGEST_MAXIMUM];
    let calculated = &mut calculated[..digest.length];
    (digest.compute)(&unit[start..], calculated);
    (stored != calculated).then(|| FailureKind::Digest { stored: stored.to_vec(), calculated: calculated.to_vec() })
}

#[cfg(test)]
mod tests;
