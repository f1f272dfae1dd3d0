//! Bytes in, commands out.

use zerocopy::FromBytes;

use super::checksum;
use super::header::{FrameHeader, HEADER_BYTES};
use crate::fault::Fault;
use crate::limits::{FRAGMENT_BYTES_MAX, RETAINED_BYTES_MAX, payload_bytes_max};
use crate::opcode::{Opcode, Role};
use crate::version::ProtocolVersion;

/// A command as it came, its fragments joined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Message<'a> {
    /// The command.
    pub opcode: Opcode,
    /// The first fragment's cookie.
    pub tag: u64,
    /// All of its payload.
    pub payload: &'a [u8],
}

/// Joins what a peer sends into commands, however the bytes are split.
///
/// Keeps a header and one command's payload, each within its limit. The version is that of the peer's first frame, or the one that
/// was asked for. A fault is for good: the same one is returned again.
#[derive(Debug)]
pub struct MessageReader {
    sender: Role,
    version: Option<ProtocolVersion>,
    header: [u8; HEADER_BYTES],
    /// Bytes of `header` that have come.
    header_bytes: usize,
    /// The frame whose payload is being received.
    frame: Option<FrameHeader>,
    /// Where this frame's payload begins in `payload`.
    fragment_start: usize,
    /// The command whose fragments are being joined, with its cookie.
    command: Option<(Opcode, u64)>,
    payload: Vec<u8>,
    /// The payload belongs to a command that was handed out.
    delivered: bool,
    fault: Option<Fault>,
}

impl MessageReader {
    /// A reader of what `sender` sends, in the version of its first frame.
    #[must_use]
    pub const fn new(sender: Role) -> Self {
        Self::with_version(sender, None)
    }

    /// A reader of what `sender` sends in `version`.
    #[must_use]
    pub const fn of_version(sender: Role, version: ProtocolVersion) -> Self {
        Self::with_version(sender, Some(version))
    }

    const fn with_version(sender: Role, version: Option<ProtocolVersion>) -> Self {
        Self {
            sender,
            version,
            header: [0; HEADER_BYTES],
            header_bytes: 0,
            frame: None,
            fragment_start: 0,
            command: None,
            payload: Vec::new(),
            delivered: false,
            fault: None,
        }
    }

    /// The version of the connection; `None` until a peer has said it.
    #[must_use]
    pub const fn version(&self) -> Option<ProtocolVersion> {
        self.version
    }

    /// Whether the stream may end here: no frame and no command has begun.
    #[must_use]
    pub const fn is_between_messages(&self) -> bool {
        self.header_bytes == 0 && self.frame.is_none() && self.command.is_none()
    }

    /// Takes bytes off `input` until a command is complete; `None` when more are needed, and then all are taken.
    ///
    /// # Errors
    /// What the peer did wrong. The connection has to end.
    pub fn next_message(&mut self, input: &mut &[u8]) -> Result<Option<Message<'_>>, Fault> {
        if let Some(fault) = self.fault {
            return Err(fault);
        }
        self.forget_delivered();
        match self.advance(input) {
            Ok(Some((opcode, tag))) => {
                self.delivered = true;
                Ok(Some(Message { opcode, tag, payload: &self.payload }))
            }
            Ok(None) => Ok(None),
            Err(fault) => {
                self.fault = Some(fault);
                self.payload = Vec::new();
                Err(fault)
            }
        }
    }

    /// Ends the stream for a fault that was found in a command: it is returned from here on.
    pub(crate) fn fail(&mut self, fault: Fault) {
        self.fault.get_or_insert(fault);
    }

    fn forget_delivered(&mut self) {
        if std::mem::take(&mut self.delivered) {
            self.payload.clear();
            self.payload.shrink_to(RETAINED_BYTES_MAX);
        }
    }

    fn advance(&mut self, input: &mut &[u8]) -> Result<Option<(Opcode, u64)>, Fault> {
        loop {
            let Some(frame) = self.frame else {
                let taken = take(input, HEADER_BYTES - self.header_bytes);
                self.header[self.header_bytes..][..taken.len()].copy_from_slice(taken);
                self.header_bytes += taken.len();
                if self.header_bytes < HEADER_BYTES {
                    return Ok(None);
                }
                self.begin_frame()?;
                continue;
            };
            let wanted = usize::try_from(frame.payload_bytes.get()).expect("checked against the limit");
            let received = self.payload.len() - self.fragment_start;
            self.payload.extend_from_slice(take(input, wanted - received));
            if self.payload.len() - self.fragment_start < wanted {
                return Ok(None);
            }
            if let Some(command) = self.end_frame(&frame)? {
                return Ok(Some(command));
            }
        }
    }

    /// Checks a header and makes its frame the one whose payload comes next.
    fn begin_frame(&mut self) -> Result<(), Fault> {
        let header = FrameHeader::read_from_bytes(&self.header).expect("the array has a header's size");
        let computed = header.computed_checksum();
        if header.header_checksum.get() != computed {
            return Err(Fault::HeaderChecksum { found: header.header_checksum.get(), computed });
        }
        let theirs = header.version.get();
        let version = ProtocolVersion::new(theirs).ok_or(Fault::Version { theirs, ours: self.version })?;
        if *self.version.get_or_insert(version) != version {
            return Err(Fault::Version { theirs, ours: self.version });
        }
        let number = header.opcode.get();
        let opcode = Opcode::from_number(number).ok_or(Fault::UnknownOpcode { number })?;
        if !opcode.is_sent_by(self.sender) {
            return Err(Fault::Direction { opcode, sender: self.sender });
        }
        let length = header.payload_bytes.get();
        let fragment = usize::try_from(length).unwrap_or(usize::MAX);
        if fragment > FRAGMENT_BYTES_MAX {
            return Err(Fault::FragmentTooLong { opcode, length });
        }
        let (first, _) = *self.command.get_or_insert((opcode, header.tag.get()));
        if first != opcode {
            return Err(Fault::OpcodeChanged { first, then: opcode });
        }
        let limit = payload_bytes_max(opcode);
        if self.payload.len() + fragment > limit {
            return Err(Fault::TooLong { opcode, limit });
        }
        self.header_bytes = 0;
        self.fragment_start = self.payload.len();
        self.frame = Some(header);
        Ok(())
    }

    /// Checks a whole payload; the command when it was its last.
    fn end_frame(&mut self, frame: &FrameHeader) -> Result<Option<(Opcode, u64)>, Fault> {
        let (opcode, _) = self.command.expect("a frame belongs to a command");
        let fragment = &self.payload[self.fragment_start..];
        if !fragment.is_empty() {
            let (found, computed) = (frame.payload_checksum.get(), checksum(fragment));
            if found != computed {
                return Err(Fault::PayloadChecksum { opcode, found, computed });
            }
        }
        self.frame = None;
        Ok(if frame.is_continued() { None } else { self.command.take() })
    }
}

/// Takes up to `count` bytes off the front.
fn take<'a>(input: &mut &'a [u8], count: usize) -> &'a [u8] {
    let (taken, rest) = input.split_at(count.min(input.len()));
    *input = rest;
    taken
}
