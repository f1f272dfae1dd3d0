//! Commands in, bytes out.

use zerocopy::IntoBytes;

use super::header::FrameHeader;
use crate::limits::{FRAGMENT_BYTES_MAX, RETAINED_BYTES_MAX};
use crate::opcode::Opcode;
use crate::version::ProtocolVersion;

/// Cuts commands into frames and keeps them until they are sent.
#[derive(Debug)]
pub struct MessageWriter {
    version: ProtocolVersion,
    output: Vec<u8>,
    /// Bytes of `output` that are sent.
    sent: usize,
}

impl MessageWriter {
    /// A writer of frames of this version.
    #[must_use]
    pub const fn new(version: ProtocolVersion) -> Self {
        Self { version, output: Vec::new(), sent: 0 }
    }

    /// The version in each frame.
    #[must_use]
    pub const fn version(&self) -> ProtocolVersion {
        self.version
    }

    /// Writes frames of another version from here on: a worker answers in the version of its front end.
    pub const fn set_version(&mut self, version: ProtocolVersion) {
        self.version = version;
    }

    /// Appends a command.
    pub fn write(&mut self, opcode: Opcode, tag: u64, payload: &[u8]) {
        self.write_pieces(opcode, tag, &[payload]);
    }

    /// Appends a command, with a new frame at the start of each piece. fio sends a log's header in a frame of its own.
    pub fn write_pieces(&mut self, opcode: Opcode, tag: u64, pieces: &[&[u8]]) {
        let mut fragments = pieces.iter().flat_map(|piece| piece.chunks(FRAGMENT_BYTES_MAX)).peekable();
        if fragments.peek().is_none() {
            return self.write_frame(opcode, tag, &[], false);
        }
        while let Some(fragment) = fragments.next() {
            self.write_frame(opcode, tag, fragment, fragments.peek().is_some());
        }
    }

    fn write_frame(&mut self, opcode: Opcode, tag: u64, payload: &[u8], more: bool) {
        let header = FrameHeader::new(self.version, opcode, tag, payload, more);
        self.output.extend_from_slice(header.as_bytes());
        self.output.extend_from_slice(payload);
    }

    /// What is to be sent.
    #[must_use]
    pub fn pending(&self) -> &[u8] {
        &self.output[self.sent..]
    }

    /// That many bytes of [`Self::pending`] are sent.
    ///
    /// # Panics
    /// When it is more than are pending, which is the caller's bug.
    pub fn transmitted(&mut self, count: usize) {
        assert!(count <= self.pending().len(), "more is sent than there was");
        self.sent += count;
        if self.sent == self.output.len() {
            self.output.clear();
            self.output.shrink_to(RETAINED_BYTES_MAX);
            self.sent = 0;
        }
    }
}
