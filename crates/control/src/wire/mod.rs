//! The control protocol without sockets: JSON-RPC 1.0 in a stream, as `ovs-appctl` speaks it.
//!
//! Requests and replies are JSON objects one after another, any white space or none between. [`Connection`] is the
//! server's side: bytes come in, [`Request`]s come out one at a time, answers go in, bytes go out in the requests'
//! order. A peer that breaks the protocol is not answered: the connection is closed.
//!
//! Cost: each byte is scanned once and parsed once; an idle connection holds no buffer.

mod connection;
mod reply;
mod request;
mod scanner;
#[cfg(test)]
pub(crate) mod seeded;

pub use connection::Connection;
pub use reply::{Answer, Format, Reply, ReplyStream, UnknownFormat, request_bytes};
pub use request::Request;
use thiserror::Error;

/// How a peer broke the protocol. There is no reply to that: its connection is closed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ProtocolError {
    /// A byte that no JSON object can have there.
    #[error("byte {byte:#04x} at offset {offset} where {expected} was expected")]
    Unexpected {
        /// The byte.
        byte: u8,
        /// Its offset from the object's first byte.
        offset: usize,
        /// What may stand there.
        expected: &'static str,
    },
    /// More bytes than a message may have.
    #[error("a message longer than {bytes_max} bytes")]
    TooLong {
        /// The limit.
        bytes_max: usize,
    },
    /// More nested containers than a message may have.
    #[error("a message nested deeper than {nesting_max}")]
    TooDeep {
        /// The limit.
        nesting_max: u32,
    },
    /// An object, but not valid JSON in some detail: an escape, a number, the encoding.
    #[error("invalid JSON: {0}")]
    Invalid(String),
    /// The escape `\u0000`, which no argument can hold.
    #[error("a NUL character in a string")]
    Nul,
    /// A member that must be there is missing, or has the wrong type.
    #[error("member \"{member}\" must be {expected}")]
    Member {
        /// Its name.
        member: &'static str,
        /// What it has to be.
        expected: &'static str,
    },
    /// A member that the protocol does not have.
    #[error("unknown member {0:?}: a request has id, method and params only")]
    UnknownMember(String),
}

impl From<serde_json::Error> for ProtocolError {
    fn from(error: serde_json::Error) -> Self {
        Self::Invalid(error.to_string())
    }
}
