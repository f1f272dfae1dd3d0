//! What a peer can do wrong. A fault is the end of its connection: the stream has no place to start again from.

use crate::limits::FRAGMENT_BYTES_MAX;
use crate::opcode::{Opcode, Role};
use crate::version::ProtocolVersion;

/// A breach of the protocol by the peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The header's checksum is wrong: these are no frames, or they were damaged.
    #[error(
        "the checksum of a frame's header is {found:04x}, not {computed:04x}: not fio's protocol, or damaged on the way"
    )]
    HeaderChecksum {
        /// As it stands in the header.
        found: u16,
        /// Of the header's bytes.
        computed: u16,
    },
    /// The peer speaks another version.
    #[error("the peer speaks protocol version {theirs}; {}", accepted(*ours))]
    Version {
        /// The peer's.
        theirs: u16,
        /// This connection's; `None` when it has none yet.
        ours: Option<ProtocolVersion>,
    },
    /// A number that is no command.
    #[error("opcode {number} is no command; 1 to 22 are")]
    UnknownOpcode {
        /// The number.
        number: u16,
    },
    /// A command that this end never sends.
    #[error("a {sender} does not send {opcode}")]
    Direction {
        /// The command.
        opcode: Opcode,
        /// Who sent it.
        sender: Role,
    },
    /// A frame with too much in it.
    #[error("a frame of {opcode} announces {length} bytes of payload; at most {FRAGMENT_BYTES_MAX} are accepted")]
    FragmentTooLong {
        /// The command.
        opcode: Opcode,
        /// Announced payload in bytes.
        length: u32,
    },
    /// The checksum of a frame's payload is wrong.
    #[error("the checksum of a payload of {opcode} is {found:04x}, not {computed:04x}: damaged on the way")]
    PayloadChecksum {
        /// The command.
        opcode: Opcode,
        /// As it stands in the header.
        found: u16,
        /// Of the payload's bytes.
        computed: u16,
    },
    /// Fragments of one command have different opcodes.
    #[error("a fragment of {then} came where {first} has to go on")]
    OpcodeChanged {
        /// The command that had begun.
        first: Opcode,
        /// The fragment's.
        then: Opcode,
    },
    /// A command that is longer than anything that makes sense.
    #[error("{opcode} has more than {limit} bytes, which is the limit")]
    TooLong {
        /// The command.
        opcode: Opcode,
        /// Most bytes of payload, of [`crate::limits`].
        limit: usize,
    },
    /// The payload is not what the command has to have.
    #[error("{opcode}: {problem}")]
    Malformed {
        /// The command.
        opcode: Opcode,
        /// What is wrong.
        problem: Problem,
    },
    /// A command at a time when it makes no sense.
    #[error("{opcode} is out of order: {rule}")]
    OutOfOrder {
        /// The command.
        opcode: Opcode,
        /// What was broken.
        rule: &'static str,
    },
}

impl Fault {
    /// The version to connect with again, when this end can speak the peer's.
    #[must_use]
    pub const fn version_to_retry_with(&self) -> Option<ProtocolVersion> {
        match self {
            Self::Version { theirs, .. } => ProtocolVersion::new(*theirs),
            _ => None,
        }
    }
}

/// The versions that would have been accepted.
fn accepted(ours: Option<ProtocolVersion>) -> String {
    match ours {
        Some(version) => format!("this connection is of version {version}"),
        None => format!("{} to {} are accepted", ProtocolVersion::OLDEST.number(), ProtocolVersion::NEWEST.number()),
    }
}

/// What is wrong with a payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// A payload of a fixed size has another.
    #[error("{found} bytes of payload where {expected} are expected")]
    Size {
        /// What the version's layout has.
        expected: usize,
        /// What came.
        found: usize,
    },
    /// The payload ends before what it announces.
    #[error("{found} bytes of payload where at least {needed} are needed")]
    Short {
        /// What is needed.
        needed: usize,
        /// What came.
        found: usize,
    },
    /// A number inside is impossible.
    #[error("{field} is {value}; at most {limit} is accepted")]
    Number {
        /// Which.
        field: &'static str,
        /// What came.
        value: u64,
        /// The largest that is accepted.
        limit: u64,
    },
    /// Appended data are not inside the payload.
    #[error("{field} lies outside of the payload")]
    Outside {
        /// Which.
        field: &'static str,
    },
    /// A string that has to end does not.
    #[error("{field} has no NUL at its end")]
    Unterminated {
        /// Which.
        field: &'static str,
    },
    /// A compressed stream is damaged.
    #[error("the zlib stream is damaged")]
    Compression,
    /// A compressed stream becomes too long.
    #[error("the zlib stream becomes longer than {limit} bytes, which is the limit")]
    Inflated {
        /// Bytes.
        limit: usize,
    },
}

impl Problem {
    /// The fault of a command with this problem.
    pub(crate) const fn of(self, opcode: Opcode) -> Fault {
        Fault::Malformed { opcode, problem: self }
    }
}
