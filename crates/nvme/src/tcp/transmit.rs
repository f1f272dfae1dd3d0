//! What a connection has to send: PDU headers as bytes, payload as ranges of a command's data, in order. For both roles.
//!
//! Cost: a header is one copy into a vector that keeps its capacity; consecutive headers make one segment. Payload is never touched.
//! What was sent only in part stays where it is.
//!
//! Invariants: `bytes[sent..]` are exactly the bytes of the `Bytes` pieces, in order; no two `Bytes` pieces are neighbours; no piece
//! is empty.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use zerocopy::{Immutable, IntoBytes};

use super::CommandTag;
use super::digest::crc32c;
use super::pdu::flags;

/// A part of the data of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PayloadRange {
    /// Whose data.
    pub tag: CommandTag,
    /// Where the range starts in the command's data, in bytes.
    pub offset: u32,
    /// Bytes in the range.
    pub length: u32,
}

/// The next part of the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutputSegment<'c> {
    /// These bytes.
    Bytes(&'c [u8]),
    /// A part of the data of a command, which the caller has.
    Payload(PayloadRange),
}

#[derive(Clone, Copy, Debug)]
enum Piece {
    Bytes {
        length: usize,
    },
    /// `last`: no more of this command's data will be sent.
    Payload {
        range: PayloadRange,
        last: bool,
    },
}

/// The sending half of a connection.
#[derive(Debug, Default)]
pub(crate) struct TransmitQueue {
    bytes: Vec<u8>,
    sent: usize,
    pieces: VecDeque<Piece>,
    pending_bytes: usize,
}

/// From how many sent bytes on the room in front of the rest is worth moving the rest.
const COMPACT_FROM_BYTES: usize = 16 * 1024;

impl TransmitQueue {
    /// Adds a PDU header as it is, with its digest if its flags say so, and the padding up to its data offset.
    #[inline]
    pub(crate) fn push_header<H: IntoBytes + Immutable>(&mut self, header: &H) {
        let header = header.as_bytes();
        let start = self.bytes.len();
        self.bytes.extend_from_slice(header);
        if header[1] & flags::HEADER_DIGEST != 0 {
            self.bytes.extend_from_slice(&crc32c(header).to_le_bytes());
        }
        let data_start = start + usize::from(header[3]);
        if data_start > self.bytes.len() {
            self.bytes.resize(data_start, 0);
        }
        self.added(self.bytes.len() - start);
    }

    /// Adds bytes as they are.
    pub(crate) fn push_bytes(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
        self.added(bytes.len());
    }

    #[inline]
    fn added(&mut self, count: usize) {
        self.pending_bytes += count;
        match self.pieces.back_mut() {
            Some(Piece::Bytes { length }) => *length += count,
            _ if count > 0 => self.pieces.push_back(Piece::Bytes { length: count }),
            _ => {}
        }
    }

    /// Adds a part of a command's data. `last`: no more of them will be sent.
    #[inline]
    pub(crate) fn push_payload(&mut self, range: PayloadRange, last: bool) {
        if range.length > 0 {
            self.pending_bytes += range.length as usize;
            self.pieces.push_back(Piece::Payload { range, last });
        }
    }

    /// Takes back the last `count` bytes that were added. Returns whether they were there: bytes, at the end, and none of them sent.
    pub(crate) fn retract(&mut self, count: usize) -> bool {
        match self.pieces.back_mut() {
            Some(Piece::Bytes { length }) if *length >= count => {
                *length -= count;
                if *length == 0 {
                    self.pieces.pop_back();
                }
                self.bytes.truncate(self.bytes.len() - count);
                self.pending_bytes -= count;
                true
            }
            _ => false,
        }
    }

    /// How much there is to send, in bytes.
    #[inline]
    pub(crate) const fn pending_bytes(&self) -> usize {
        self.pending_bytes
    }

    /// What there is to send, in order.
    #[inline]
    pub(crate) fn segments(&self) -> impl Iterator<Item = OutputSegment<'_>> {
        let mut rest = &self.bytes[self.sent..];
        self.pieces.iter().map(move |piece| match *piece {
            Piece::Bytes { length } => {
                let (bytes, after) = rest.split_at(length);
                rest = after;
                OutputSegment::Bytes(bytes)
            }
            Piece::Payload { range, .. } => OutputSegment::Payload(range),
        })
    }

    /// Counts `count` bytes from the front as sent. Calls `payload_sent` for each command whose data are all out.
    ///
    /// # Panics
    /// For more than [`pending_bytes`](Self::pending_bytes).
    pub(crate) fn transmitted(&mut self, count: usize, mut payload_sent: impl FnMut(CommandTag)) {
        assert!(count <= self.pending_bytes, "{count} bytes sent of {}", self.pending_bytes);
        self.pending_bytes -= count;
        let mut count = count;
        while count > 0 {
            let Some(piece) = self.pieces.front_mut() else { unreachable!("pending_bytes is the sum of the pieces") };
            match piece {
                Piece::Bytes { length } => {
                    let sent = count.min(*length);
                    *length -= sent;
                    self.sent += sent;
                    count -= sent;
                    if *length == 0 {
                        self.pieces.pop_front();
                    }
                }
                Piece::Payload { range, last } => {
                    let sent = u32::try_from(count).unwrap_or(u32::MAX).min(range.length);
                    range.offset += sent;
                    range.length -= sent;
                    count -= sent as usize;
                    if range.length == 0 {
                        let (tag, last) = (range.tag, *last);
                        self.pieces.pop_front();
                        if last {
                            payload_sent(tag);
                        }
                    }
                }
            }
        }
        self.compact();
    }

    /// Makes room in front: for nothing when all is sent, else seldom enough that each byte is moved at most once.
    fn compact(&mut self) {
        if self.sent == self.bytes.len() {
            self.bytes.clear();
            self.sent = 0;
        } else if self.sent >= COMPACT_FROM_BYTES && self.sent >= self.bytes.len() / 2 {
            self.bytes.drain(..self.sent);
            self.sent = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tcp::pdu::{Framing, PduType, ReadyToTransfer};
    use alloc::vec;
    use zerocopy::FromZeros;

    const TAG: CommandTag = CommandTag(3);

    fn payload(offset: u32, length: u32) -> PayloadRange {
        PayloadRange { tag: TAG, offset, length }
    }

    #[test]
    fn neighbouring_headers_make_one_segment() {
        let mut queue = TransmitQueue::default();
        queue.push_bytes(b"ab");
        queue.push_bytes(b"cd");
        queue.push_payload(payload(0, 5), true);
        queue.push_bytes(b"ef");
        let segments: Vec<_> = queue.segments().collect();
        assert_eq!(
            segments,
            [OutputSegment::Bytes(b"abcd"), OutputSegment::Payload(payload(0, 5)), OutputSegment::Bytes(b"ef"),]
        );
        assert_eq!(queue.pending_bytes(), 11);
    }

    #[test]
    fn every_partial_send_keeps_the_rest() {
        for step in 1..=11 {
            let mut queue = TransmitQueue::default();
            queue.push_bytes(b"abcd");
            queue.push_payload(payload(100, 5), true);
            queue.push_bytes(b"ef");
            let (mut sent, mut released) = (Vec::new(), 0);
            while queue.pending_bytes() > 0 {
                let count = step.min(queue.pending_bytes());
                let mut stream = Vec::new();
                for segment in queue.segments() {
                    match segment {
                        OutputSegment::Bytes(bytes) => stream.extend_from_slice(bytes),
                        OutputSegment::Payload(range) => {
                            stream.extend(
                                (range.offset..range.offset + range.length).map(|at| u8::try_from(at).unwrap()),
                            );
                        }
                    }
                }
                assert_eq!(stream.len(), queue.pending_bytes());
                sent.extend_from_slice(&stream[..count]);
                queue.transmitted(count, |tag| {
                    assert_eq!(tag, TAG);
                    released += 1;
                });
            }
            assert_eq!(sent, b"abcd\x64\x65\x66\x67\x68ef", "in steps of {step}");
            assert_eq!(released, 1);
            assert_eq!(queue.segments().count(), 0);
        }
    }

    #[test]
    fn only_the_last_payload_releases_its_command() {
        let mut queue = TransmitQueue::default();
        queue.push_payload(payload(0, 4), false);
        queue.push_payload(payload(4, 4), true);
        queue.transmitted(7, |_| panic!("one byte is still to be sent"));
        let mut released = false;
        queue.transmitted(1, |_| released = true);
        assert!(released);
    }

    #[test]
    fn what_was_sent_is_let_go_of_while_more_is_added() {
        let mut queue = TransmitQueue::default();
        queue.push_bytes(&[0; 100]);
        for round in 0..10_000_u32 {
            queue.push_bytes(&[round.to_le_bytes()[0]; 100]);
            queue.transmitted(100, |_| {});
            let expected = round.to_le_bytes()[0];
            assert_eq!(queue.segments().next(), Some(OutputSegment::Bytes(&[expected; 100])));
        }
        assert!(queue.bytes.capacity() < 8 * COMPACT_FROM_BYTES, "{} bytes kept", queue.bytes.capacity());
    }

    #[test]
    fn bytes_at_the_end_can_be_taken_back_until_they_are_sent() {
        let mut queue = TransmitQueue::default();
        queue.push_bytes(b"abcdef");
        assert!(queue.retract(2));
        assert_eq!(queue.segments().collect::<Vec<_>>(), [OutputSegment::Bytes(b"abcd")]);
        queue.transmitted(1, |_| {});
        assert!(!queue.retract(4));
        assert!(queue.retract(3));
        assert_eq!((queue.segments().count(), queue.pending_bytes()), (0, 0));
        queue.push_payload(payload(0, 4), true);
        assert!(!queue.retract(1));
    }

    #[test]
    fn headers_get_the_digest_and_padding_that_they_announce() {
        let framing = Framing { header_digest: true, data_digest: false, alignment: 64 };
        let mut header = ReadyToTransfer::new_zeroed();
        header.common = framing.header(PduType::READY_TO_TRANSFER, 0);
        let mut queue = TransmitQueue::default();
        queue.push_header(&header);
        let mut expected = vec![9, 1, 24, 0, 28, 0, 0, 0];
        expected.resize(24, 0);
        expected.extend_from_slice(&crc32c(&expected.clone()).to_le_bytes());
        assert_eq!(queue.segments().collect::<Vec<_>>(), [OutputSegment::Bytes(&expected)]);

        header.common = framing.header(PduType::HOST_DATA, 8);
        queue.push_header(&header);
        assert_eq!(queue.pending_bytes(), 28 + 64);
        assert!(queue.bytes[28 + 28..].iter().all(|&byte| byte == 0));
    }
}
