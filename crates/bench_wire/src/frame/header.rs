//! The header of a frame.

use zerocopy::little_endian::{U16, U32, U64};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use super::checksum;
use crate::opcode::Opcode;
use crate::version::ProtocolVersion;

/// Bytes of a header.
pub const HEADER_BYTES: usize = 24;

/// Bytes of it that its checksum covers.
const CHECKED_BYTES: usize = 20;

/// The flag of a fragment that is not a command's last. No other flag has a meaning.
pub const FLAG_MORE: u32 = 1;

/// The header of a frame, as it is on the wire.
#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned, Debug, Clone, Copy, PartialEq, Eq)]
#[repr(C)]
pub struct FrameHeader {
    /// The sender's version of the protocol.
    pub version: U16,
    /// The command.
    pub opcode: U16,
    /// [`FLAG_MORE`] or nothing.
    pub flags: U32,
    /// The sender's cookie, which an answer repeats.
    pub tag: U64,
    /// Bytes of payload in this frame.
    pub payload_bytes: U32,
    /// Of the 20 bytes before it.
    pub header_checksum: U16,
    /// Of this frame's payload; zero and unchecked when there is none.
    pub payload_checksum: U16,
}

assert_layout!(FrameHeader, 24,
    version @ 0, opcode @ 2, flags @ 4, tag @ 8, payload_bytes @ 16, header_checksum @ 20, payload_checksum @ 22);

impl FrameHeader {
    /// The header of a frame with this payload.
    ///
    /// # Panics
    /// When the payload is longer than a frame's may be, which is the caller's bug.
    #[must_use]
    pub fn new(version: ProtocolVersion, opcode: Opcode, tag: u64, payload: &[u8], more: bool) -> Self {
        assert!(payload.len() <= crate::limits::FRAGMENT_BYTES_MAX, "a payload is cut into fragments");
        let payload_bytes = u32::try_from(payload.len()).expect("a fragment's length has eleven bits");
        let mut header = Self {
            version: version.number().into(),
            opcode: opcode.number().into(),
            flags: u32::from(more).into(),
            tag: tag.into(),
            payload_bytes: payload_bytes.into(),
            header_checksum: U16::ZERO,
            payload_checksum: if payload.is_empty() { U16::ZERO } else { checksum(payload).into() },
        };
        header.header_checksum = header.computed_checksum().into();
        header
    }

    /// What [`Self::header_checksum`] has to be.
    #[must_use]
    pub fn computed_checksum(&self) -> u16 {
        checksum(&self.as_bytes()[..CHECKED_BYTES])
    }

    /// Whether another fragment follows.
    #[must_use]
    pub fn is_continued(&self) -> bool {
        self.flags.get() & FLAG_MORE != 0
    }
}
