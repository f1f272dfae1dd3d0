//! The framing without sockets: four bytes of length in network order, then so many bytes of JSON.

use std::io;

use serde::Serialize;
use serde::de::DeserializeOwned;
use thiserror::Error;

use crate::limits::MESSAGE_BYTES_MAX;

const LENGTH_BYTES: usize = 4;

/// Why the link ended.
#[derive(Debug, Error)]
pub enum LinkError {
    /// The other side is gone.
    #[error("the other side of the link is gone")]
    Gone,
    /// The other side does not read.
    #[error("the other side of the link has left {bytes} bytes unread")]
    Stuck {
        /// Bytes that wait for it.
        bytes: usize,
    },
    /// A message above the limit.
    #[error("a message of {bytes} bytes on the link; {MESSAGE_BYTES_MAX} is the most")]
    TooLong {
        /// Its length.
        bytes: usize,
    },
    /// A message that cannot be understood.
    #[error("a message on the link that cannot be understood")]
    Malformed(#[source] serde_json::Error),
    /// What the kernel said.
    #[error("the link cannot be read or written")]
    Io(#[from] io::Error),
}

/// A message as it is sent.
///
/// # Errors
/// [`LinkError::TooLong`].
pub fn encode(message: &impl Serialize) -> Result<Vec<u8>, LinkError> {
    let mut bytes = vec![0; LENGTH_BYTES];
    serde_json::to_writer(&mut bytes, message).map_err(LinkError::Malformed)?;
    let length = bytes.len() - LENGTH_BYTES;
    if length > MESSAGE_BYTES_MAX {
        return Err(LinkError::TooLong { bytes: length });
    }
    let Ok(prefix) = u32::try_from(length) else {
        return Err(LinkError::TooLong { bytes: length });
    };
    bytes[..LENGTH_BYTES].copy_from_slice(&prefix.to_be_bytes());
    Ok(bytes)
}

/// Puts messages together out of the pieces in which they arrive. Memory grows with what has arrived, never with what is
/// announced.
#[derive(Debug, Default)]
pub struct Frames {
    received: Vec<u8>,
    /// Bytes at the front that were handed out.
    taken: usize,
}

impl Frames {
    /// Takes what has arrived.
    pub fn receive(&mut self, bytes: &[u8]) {
        if self.taken > 0 {
            self.received.drain(..self.taken);
            self.taken = 0;
        }
        self.received.extend_from_slice(bytes);
    }

    /// The next message that is complete.
    ///
    /// # Errors
    /// [`LinkError::TooLong`] as soon as the length has arrived, [`LinkError::Malformed`]. The link is of no use then.
    pub fn next_message<T: DeserializeOwned>(&mut self) -> Result<Option<T>, LinkError> {
        let waiting = &self.received[self.taken..];
        let Some((prefix, rest)) = waiting.split_first_chunk::<LENGTH_BYTES>() else {
            return Ok(None);
        };
        let length = usize::try_from(u32::from_be_bytes(*prefix)).unwrap_or(usize::MAX);
        if length > MESSAGE_BYTES_MAX {
            return Err(LinkError::TooLong { bytes: length });
        }
        let Some(body) = rest.get(..length) else {
            return Ok(None);
        };
        let message = serde_json::from_slice(body).map_err(LinkError::Malformed)?;
        self.taken += LENGTH_BYTES + length;
        Ok(Some(message))
    }
}
