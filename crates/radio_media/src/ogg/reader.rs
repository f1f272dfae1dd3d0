//! The packets of one logical stream, page by page.

use std::ops::Range;

use super::page::{self, CAPTURE, FIXED_BYTES, PageHeader};
use super::{HEADER_BYTES_MAX, NO_GRANULE};
use crate::error::{MediaError, Note};
use crate::formats::Scan;
use crate::limits::{CHUNK_BYTES_MAX, OGG_COMMENT_BYTES_MAX, OGG_HEADER_BYTES_MAX, TAG_BLOCK_BYTES_MAX};

/// Bytes of a packet that say how long it plays: FLAC's headers are the longest.
const LEAD_BYTES: usize = 16;

/// A packet that ends on the page.
#[derive(Debug, Clone)]
pub(crate) struct Packet {
    parts: Range<usize>,
    /// Its first bytes, as far as it has them.
    lead: [u8; LEAD_BYTES],
    /// How many bytes it has.
    pub(crate) bytes: u64,
}

impl Packet {
    /// Its first bytes: as many as codecs need, or all of them.
    pub(crate) fn lead(&self) -> &[u8] {
        &self.lead[..usize::try_from(self.bytes).map_or(LEAD_BYTES, |bytes| bytes.min(LEAD_BYTES))]
    }
}

/// Reads the pages of one logical stream.
pub(crate) struct PageReader {
    serial: u32,
    /// Where the next page is looked for.
    place: u64,
    /// Where the packets that end on the page are in the file.
    parts: Vec<Range<u64>>,
    packets: Vec<Packet>,
    /// A packet that has begun and not ended.
    open: Option<Packet>,
    /// Position after the page; none if no packet ends on it.
    pub(crate) granule: Option<u64>,
    /// Whether it is the stream's last page.
    pub(crate) is_last: bool,
    /// Whether something before the page was lost.
    pub(crate) is_after_damage: bool,
    headers: HeaderQueue,
}

impl PageReader {
    /// A reader of the first stream whose first packet `is_wanted`, and that packet.
    pub(crate) fn open(scan: &mut Scan<'_>, is_wanted: fn(&[u8]) -> bool) -> Result<(Self, Vec<u8>), MediaError> {
        let mut place = scan.audio.start;
        loop {
            let Some((header, body)) = page_at(scan, place)? else {
                return Err(MediaError::Malformed { offset: place, expected: "an Ogg page with a right checksum" });
            };
            if !header.is_first() {
                return Err(MediaError::Malformed { offset: place, expected: "the first page of an Ogg stream" });
            }
            let bytes = scan.window.exactly(body.start, header.body_bytes(), "an Ogg page")?;
            if is_wanted(bytes) {
                let identification = bytes.to_vec();
                return Ok((Self::new(header.serial, body.end), identification));
            }
            place = body.end;
        }
    }

    fn new(serial: u32, place: u64) -> Self {
        Self {
            serial,
            place,
            parts: Vec::new(),
            packets: Vec::new(),
            open: None,
            granule: None,
            is_last: false,
            is_after_damage: false,
            headers: HeaderQueue::default(),
        }
    }

    /// The packets that end on the page.
    pub(crate) fn packets(&self) -> &[Packet] {
        &self.packets
    }

    /// Where a packet of this page is in the file.
    pub(crate) fn parts(&self, packet: &Packet) -> &[Range<u64>] {
        &self.parts[packet.parts.clone()]
    }

    /// Goes on to the next page of the stream; false at its end. Adds its payload to the hash if `is_audio`.
    pub(crate) fn next(&mut self, scan: &mut Scan<'_>, is_audio: bool) -> Result<bool, MediaError> {
        self.is_after_damage = false;
        loop {
            if self.is_last || self.place >= scan.audio.end {
                return self.end(scan);
            }
            let Some((header, body)) = page_at(scan, self.place)? else {
                self.resynchronise(scan)?;
                continue;
            };
            if header.is_first() && is_audio {
                let instead = "split it into its songs";
                return Err(MediaError::Unsupported { what: "a chained Ogg file", instead });
            }
            let offset = self.place;
            self.place = body.end;
            if header.serial != self.serial {
                scan.notes.add(Note::Ignored { offset, what: "another Ogg stream" });
                continue;
            }
            let bytes = scan.window.exactly(body.start, header.body_bytes(), "an Ogg page")?;
            if is_audio {
                scan.hash.add(bytes);
            }
            let lost = self.take(&header, body.start, bytes);
            scan.notes.skipped(offset, lost);
            return Ok(true);
        }
    }

    /// Takes the packets of a page whose body is `bytes`, at `place`; returns how many bytes belong to no whole packet.
    fn take(&mut self, header: &PageHeader, mut place: u64, bytes: &[u8]) -> u64 {
        self.keep_open_parts();
        self.granule = (header.granule != NO_GRANULE).then_some(header.granule);
        self.is_last = header.is_last();
        let mut lost = 0;
        if !header.is_continued() || self.is_after_damage {
            lost += self.drop_open();
        }
        // The rest of a packet whose beginning is not known.
        let mut is_orphan = header.is_continued() && self.open.is_none();
        let start = place;
        let mut length = 0;
        for (index, segment) in header.segments().iter().enumerate() {
            length += u64::from(*segment);
            let ends = *segment < 255;
            if !ends && index + 1 < header.segments().len() {
                continue;
            }
            if is_orphan {
                lost += length;
            } else {
                let at = usize::try_from(place - start).unwrap_or(usize::MAX);
                self.extend(place..place + length, bytes.get(at..).unwrap_or_default());
                if ends {
                    self.packets.extend(self.open.take());
                } else if self.open.as_ref().is_some_and(|open| open.bytes > u64::from(CHUNK_BYTES_MAX)) {
                    lost += self.drop_open();
                }
            }
            is_orphan &= !ends;
            place += length;
            length = 0;
        }
        lost
    }

    /// Forgets the packets of the page before, but for one that goes on.
    fn keep_open_parts(&mut self) {
        self.packets.clear();
        let Some(open) = &mut self.open else {
            self.parts.clear();
            return;
        };
        self.parts.drain(..open.parts.start);
        open.parts = 0..self.parts.len();
    }

    /// Drops a packet that has begun, and returns its bytes.
    fn drop_open(&mut self) -> u64 {
        let Some(open) = self.open.take() else { return 0 };
        self.parts.truncate(open.parts.start);
        open.bytes
    }

    /// Adds a part, which begins with `bytes`, to the packet that goes on or begins.
    fn extend(&mut self, part: Range<u64>, bytes: &[u8]) {
        let length = part.end - part.start;
        let next = self.parts.len();
        let open = self.open.get_or_insert(Packet { parts: next..next, lead: [0; LEAD_BYTES], bytes: 0 });
        for (place, byte) in
            bytes.iter().enumerate().take(usize::try_from(length).unwrap_or(LEAD_BYTES).min(LEAD_BYTES))
        {
            let place = usize::try_from(open.bytes).unwrap_or(usize::MAX).saturating_add(place);
            if let Some(lead) = open.lead.get_mut(place) {
                *lead = *byte;
            }
        }
        open.bytes += length;
        open.parts.end = next + 1;
        self.parts.push(part);
    }

    /// Looks for the next page behind damage.
    fn resynchronise(&mut self, scan: &mut Scan<'_>) -> Result<(), MediaError> {
        let damaged = self.place;
        self.is_after_damage = true;
        let starts_a_page = scan.audio_bytes(damaged, CAPTURE.len())? == CAPTURE;
        let mut place = damaged + 1;
        loop {
            let bytes = scan.audio_bytes(place, 64 << 10)?;
            if bytes.len() < CAPTURE.len() {
                self.place = scan.audio.end;
                if starts_a_page {
                    scan.notes.add(Note::Truncated { offset: damaged, expected: "an Ogg page" });
                } else {
                    scan.notes.skipped(damaged, self.place - damaged);
                }
                return Ok(());
            }
            let Some(found) = memchr::memmem::find(bytes, CAPTURE) else {
                place += (bytes.len() - CAPTURE.len() + 1) as u64;
                continue;
            };
            place += found as u64;
            if page_at(scan, place)?.is_some() {
                scan.notes.skipped(damaged, place - damaged);
                self.place = place;
                return Ok(());
            }
            place += 1;
        }
    }

    /// The end of the stream or of the file.
    fn end(&mut self, scan: &mut Scan<'_>) -> Result<bool, MediaError> {
        if !self.is_last || self.open.is_some() {
            let expected = "the last page of an Ogg stream";
            scan.notes.add(Note::Truncated { offset: self.place, expected });
        }
        self.packets.clear();
        self.open = None;
        let beyond = self.place;
        if beyond < scan.audio.end && page_at(scan, beyond)?.is_some_and(|(header, _)| header.is_first()) {
            let instead = "split it into its songs";
            return Err(MediaError::Unsupported { what: "a chained Ogg file", instead });
        }
        Ok(false)
    }

    /// Checks that the last header packet ended with its page, as it has to before audio begins.
    pub(crate) fn begin_audio(&self) -> Result<(), MediaError> {
        if self.headers.whole.is_empty() && self.headers.open.is_empty() {
            return Ok(());
        }
        Err(MediaError::Malformed { offset: self.place, expected: "the end of the header at the end of an Ogg page" })
    }

    /// The next header packet, whole. Used before any audio.
    pub(crate) fn header_packet(&mut self, scan: &mut Scan<'_>, expected: &'static str) -> Result<Vec<u8>, MediaError> {
        let (offset, parts) = self.header_parts(scan, expected)?;
        let bytes = total(&parts);
        if bytes > OGG_HEADER_BYTES_MAX as u64 {
            let limit = OGG_HEADER_BYTES_MAX as u64;
            return Err(MediaError::TooLarge { offset, what: expected, unit: "bytes", found: bytes, limit });
        }
        join(scan, &parts, expected)
    }

    /// The next header packet, which has tags and begins with `signature`. One that is too long is noted and empty.
    pub(crate) fn tag_packet(
        &mut self,
        scan: &mut Scan<'_>,
        signature: &[u8],
        expected: &'static str,
    ) -> Result<Vec<u8>, MediaError> {
        let (offset, parts) = self.header_parts(scan, expected)?;
        let bytes = total(&parts);
        let first = parts.first().map_or(offset, |part| part.start);
        if bytes < signature.len() as u64 || scan.window.exactly(first, signature.len(), expected)? != signature {
            return Err(MediaError::Malformed { offset: first, expected });
        }
        if bytes > TAG_BLOCK_BYTES_MAX as u64 {
            let problem = format!("they have {bytes} bytes; at most {TAG_BLOCK_BYTES_MAX} are read");
            scan.notes.add(Note::Tags { problem });
            return Ok(Vec::new());
        }
        join(scan, &parts, expected)
    }

    /// Where the next header packet is.
    fn header_parts(
        &mut self,
        scan: &mut Scan<'_>,
        expected: &'static str,
    ) -> Result<(u64, Vec<Range<u64>>), MediaError> {
        let offset = self.place;
        while self.headers.whole.is_empty() {
            let Some((header, body)) = page_at(scan, self.place)? else {
                return Err(MediaError::Malformed { offset: self.place, expected });
            };
            self.place = body.end;
            if header.serial == self.serial {
                self.headers.take(&header, body.start, offset, expected)?;
            }
        }
        Ok((offset, self.headers.whole.remove(0)))
    }
}

/// Header packets that were found on pages and not yet taken.
#[derive(Debug, Default)]
struct HeaderQueue {
    whole: Vec<Vec<Range<u64>>>,
    /// One that has begun and not ended.
    open: Vec<Range<u64>>,
}

impl HeaderQueue {
    fn take(&mut self, header: &PageHeader, mut place: u64, offset: u64, what: &'static str) -> Result<(), MediaError> {
        let mut length = 0;
        for segment in header.segments() {
            length += u64::from(*segment);
            if *segment < 255 {
                self.open.push(place..place + length);
                self.whole.push(std::mem::take(&mut self.open));
                place += length;
                length = 0;
            }
        }
        if length > 0 {
            self.open.push(place..place + length);
        }
        let found = total(&self.open);
        if found > OGG_COMMENT_BYTES_MAX {
            return Err(MediaError::TooLarge { offset, what, unit: "bytes", found, limit: OGG_COMMENT_BYTES_MAX });
        }
        Ok(())
    }
}

/// Bytes of all parts.
fn total(parts: &[Range<u64>]) -> u64 {
    parts.iter().map(|part| part.end - part.start).sum()
}

/// The bytes of all parts.
fn join(scan: &mut Scan<'_>, parts: &[Range<u64>], expected: &'static str) -> Result<Vec<u8>, MediaError> {
    let mut packet = Vec::with_capacity(usize::try_from(total(parts)).unwrap_or(0));
    for part in parts {
        let length = usize::try_from(part.end - part.start).unwrap_or(usize::MAX);
        packet.extend_from_slice(scan.window.exactly(part.start, length, expected)?);
    }
    Ok(packet)
}

/// The page at `place`, if a whole one with a right checksum is there, and where its body is.
fn page_at(scan: &mut Scan<'_>, place: u64) -> Result<Option<(PageHeader, Range<u64>)>, MediaError> {
    let Some(header) = PageHeader::parse(scan.audio_bytes(place, HEADER_BYTES_MAX)?) else { return Ok(None) };
    let length = header.header_bytes() + header.body_bytes();
    let page = scan.audio_bytes(place, length)?;
    if page.len() < length.max(FIXED_BYTES) || page::checksum(page) != header.checksum {
        return Ok(None);
    }
    Ok(Some((header, place + header.header_bytes() as u64..place + length as u64)))
}
