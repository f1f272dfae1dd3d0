//! Frames: what a command is cut into on the wire.
//!
//! A frame is a header of 24 bytes and 0 to 1024 bytes of payload. A command longer than that is several frames with the same
//! opcode, all but the last with the flag "more"; frames of different commands never mix. Two checksums, CRC-16/ARC, cover the
//! header (but for the checksums) and the payload.
//!
//! Cost: the checksums are one pass with the processor's carry-less multiplication where it has it.

mod header;
mod reader;
mod writer;

pub use header::{FLAG_MORE, FrameHeader, HEADER_BYTES};
pub use reader::{Message, MessageReader};
pub use writer::MessageWriter;

use crc_fast::CrcAlgorithm;

/// The checksum of headers and payloads: CRC-16/ARC.
///
/// ```
/// assert_eq!(bench_wire::frame::checksum(b"123456789"), 0xbb3d);
/// ```
#[must_use]
pub fn checksum(bytes: &[u8]) -> u16 {
    let wide = crc_fast::checksum(CrcAlgorithm::Crc16Arc, bytes).to_le_bytes();
    u16::from_le_bytes([wide[0], wide[1]])
}
