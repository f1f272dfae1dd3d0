//! Pages of a stream of our own.

use super::NO_GRANULE;
use super::page::{self, CAPTURE, FLAG_CONTINUED, FLAG_FIRST, FLAG_LAST};

/// Bytes of a packet that one page can have at most.
const PAGE_PACKET_BYTES: usize = 255 * 255;

/// Where a page is in its stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    First,
    Within,
    Last,
}

/// Writes the pages of one logical stream.
#[derive(Debug)]
pub(super) struct PageWriter {
    serial: u32,
    sequence: u32,
}

impl PageWriter {
    pub(super) const fn new(serial: u32) -> Self {
        Self { serial, sequence: 0 }
    }

    /// Appends a page with whole packets, which have `lengths` and together are `body`.
    ///
    /// The caller sees to it that they have no more than 255 segments.
    pub(super) fn packets<'a>(
        &mut self,
        lengths: impl Iterator<Item = usize>,
        body: impl Iterator<Item = &'a [u8]>,
        granule: u64,
        place: Place,
        out: &mut Vec<u8>,
    ) {
        let mut segments = [0; 255];
        let mut count = 0;
        for length in lengths {
            let full = length / 255;
            segments[count..count + full].fill(255);
            segments[count + full] = (length % 255).to_le_bytes()[0];
            count += full + 1;
        }
        let flags = match place {
            Place::First => FLAG_FIRST,
            Place::Within => 0,
            Place::Last => FLAG_LAST,
        };
        self.page(flags, granule, &segments[..count], body, out);
    }

    /// Appends one packet, on as many pages as it needs.
    pub(super) fn packet(&mut self, packet: &[u8], granule: u64, place: Place, out: &mut Vec<u8>) {
        let mut rest = packet;
        let mut flags = if place == Place::First { FLAG_FIRST } else { 0 };
        while rest.len() >= PAGE_PACKET_BYTES {
            let (piece, more) = rest.split_at(PAGE_PACKET_BYTES);
            self.page(flags, NO_GRANULE, &[255; 255], [piece].into_iter(), out);
            flags = FLAG_CONTINUED;
            rest = more;
        }
        if place == Place::Last {
            flags |= FLAG_LAST;
        }
        let mut segments = [255; 255];
        let full = rest.len() / 255;
        segments[full] = (rest.len() % 255).to_le_bytes()[0];
        self.page(flags, granule, &segments[..=full], [rest].into_iter(), out);
    }

    /// Appends a page without packets that ends the stream.
    pub(super) fn end(&mut self, granule: u64, out: &mut Vec<u8>) {
        self.page(FLAG_LAST, granule, &[], std::iter::empty(), out);
    }

    fn page<'a>(
        &mut self,
        flags: u8,
        granule: u64,
        segments: &[u8],
        body: impl Iterator<Item = &'a [u8]>,
        out: &mut Vec<u8>,
    ) {
        let start = out.len();
        out.extend_from_slice(CAPTURE);
        out.extend_from_slice(&[0, flags]);
        out.extend_from_slice(&granule.to_le_bytes());
        out.extend_from_slice(&self.serial.to_le_bytes());
        out.extend_from_slice(&self.sequence.to_le_bytes());
        out.extend_from_slice(&[0; 4]);
        out.push(u8::try_from(segments.len()).unwrap_or(255));
        out.extend_from_slice(segments);
        body.for_each(|piece| out.extend_from_slice(piece));
        let checksum = page::checksum(&out[start..]);
        out[start + 22..start + 26].copy_from_slice(&checksum.to_le_bytes());
        self.sequence = self.sequence.wrapping_add(1);
    }
}
