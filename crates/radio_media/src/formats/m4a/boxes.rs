//! Boxes: a length, a kind of four letters, content.

/// A kind of box.
pub(super) type Kind = [u8; 4];

/// The header of a box.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct BoxHeader {
    pub(super) kind: Kind,
    pub(super) header_bytes: u64,
    /// With its header.
    pub(super) bytes: u64,
}

impl BoxHeader {
    /// A header with a length of 64 bits.
    pub(super) const BYTES_MAX: usize = 16;

    /// The header that `head` begins with, of a box of which `rest` bytes are there. None if it claims fewer bytes than a header
    /// has. One that claims more than there are is cut: downloads that broke off are like that.
    pub(super) fn parse(head: &[u8], rest: u64) -> Option<Self> {
        let length = u32::from_be_bytes(*head.first_chunk()?);
        let kind = *head.get(4..)?.first_chunk()?;
        let (header_bytes, bytes) = match length {
            0 => (8, rest),
            1 => (16, u64::from_be_bytes(*head.get(8..)?.first_chunk()?)),
            length => (8, length.into()),
        };
        (bytes >= header_bytes)
            .then_some(Self { kind, header_bytes, bytes: bytes.min(rest) })
            .filter(|found| found.bytes >= found.header_bytes)
    }
}

/// A box in memory.
#[derive(Debug, Clone, Copy)]
pub(super) struct FoundBox<'a> {
    pub(super) kind: Kind,
    pub(super) content: &'a [u8],
    /// Where the content is in the file.
    pub(super) offset: u64,
}

impl<'a> FoundBox<'a> {
    /// The boxes in it.
    pub(super) const fn children(&self) -> Boxes<'a> {
        Boxes::new(self.content, self.offset)
    }

    /// The first child of this kind.
    pub(super) fn child(&self, kind: &Kind) -> Option<Self> {
        self.children().find(|child| child.kind == *kind)
    }

    /// The first box that is reached by these kinds, one within the other.
    pub(super) fn descendant(&self, kinds: &[&Kind]) -> Option<Self> {
        kinds.iter().try_fold(*self, |found, kind| found.child(kind))
    }
}

/// Goes through boxes one behind the other.
#[derive(Debug, Clone)]
pub(super) struct Boxes<'a> {
    rest: &'a [u8],
    offset: u64,
}

impl<'a> Boxes<'a> {
    pub(super) const fn new(bytes: &'a [u8], offset: u64) -> Self {
        Self { rest: bytes, offset }
    }
}

impl<'a> Iterator for Boxes<'a> {
    type Item = FoundBox<'a>;

    fn next(&mut self) -> Option<FoundBox<'a>> {
        let header = BoxHeader::parse(self.rest, self.rest.len() as u64)?;
        let (head, bytes) = (usize::try_from(header.header_bytes).ok()?, usize::try_from(header.bytes).ok()?);
        let (found, rest) = self.rest.split_at(bytes);
        let offset = self.offset + header.header_bytes;
        self.rest = rest;
        self.offset += header.bytes;
        Some(FoundBox { kind: header.kind, content: &found[head..], offset })
    }
}

/// The number of four bytes at `place`.
pub(super) fn number(bytes: &[u8], place: usize) -> Option<u32> {
    bytes.get(place..)?.first_chunk().map(|bytes| u32::from_be_bytes(*bytes))
}

/// The number of eight bytes at `place`.
pub(super) fn long_number(bytes: &[u8], place: usize) -> Option<u64> {
    bytes.get(place..)?.first_chunk().map(|bytes| u64::from_be_bytes(*bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boxes_are_found_one_behind_and_within_the_other() {
        let bytes = b"\0\0\0\x0cfreeabcd\0\0\0\x18moov\0\0\0\x10trak\0\0\0\x08mdia\0\0\0\0mdatrest";
        let found: Vec<_> =
            Boxes::new(bytes, 100).map(|found| (found.kind, found.offset, found.content.len())).collect();
        assert_eq!(found, [(*b"free", 108, 4), (*b"moov", 120, 16), (*b"mdat", 144, 4)]);
        let movie = Boxes::new(bytes, 0).nth(1).unwrap();
        assert_eq!(movie.descendant(&[b"trak", b"mdia"]).unwrap().content, b"");
        assert!(movie.descendant(&[b"trak", b"minf"]).is_none());
    }

    #[test]
    fn lengths_are_held_against_what_is_there() {
        let parse = |bytes: &[u8], rest| BoxHeader::parse(bytes, rest).map(|found| (found.header_bytes, found.bytes));
        assert_eq!(parse(b"\0\0\0\x01mdat\0\0\0\x01\0\0\0\0", 1 << 40), Some((16, 1 << 32)));
        assert_eq!(parse(b"\xff\xff\xff\xffmdat", 20), Some((8, 20)));
        assert_eq!(parse(b"\0\0\0\x07mdat", 20), None);
        assert_eq!(parse(b"\0\0\0\x01mdat\0\0\0\0\0\0\0\x0f", 20), None);
        assert_eq!(parse(b"\0\0\0\x08mda", 20), None);
        assert_eq!(parse(b"\0\0\0\x08mdat", 7), None);
    }
}
