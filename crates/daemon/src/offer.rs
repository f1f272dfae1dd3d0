//! Another configuration, which a supervisor offers to a service that runs.
//!
//! It goes down the channel; the service answers upwards with [`Notification::Taken`](crate::notification::Notification::Taken)
//! or [`Notification::Declined`](crate::notification::Notification::Declined), and is started again in the second case. On the wire
//! it is the fingerprint, with the text in a file without a name: a message has a limit, a configuration has a greater one.

use std::io;
use std::os::fd::{AsFd, OwnedFd};

use crate::channel::Channel;
use crate::hello::{memory_file, read_from_start};
use crate::notification::MESSAGE_LIMIT_BYTES;

/// What is offered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Offer {
    /// The whole text.
    pub(crate) configuration: String,
    /// What of it is about this service, to be told to the next supervisor.
    pub(crate) fingerprint: String,
}

/// What comes before the fingerprint, which may be empty; a message may not.
const WORD: &str = "OFFER ";

impl Offer {
    /// Sends it; never blocks.
    ///
    /// # Errors
    /// When the other end does not read, and for a fingerprint that no message has room for.
    pub(crate) fn send(&self, channel: &Channel) -> io::Result<()> {
        let message = format!("{WORD}{}", self.fingerprint);
        if message.len() > MESSAGE_LIMIT_BYTES {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        let text = memory_file(&self.configuration)?;
        Ok(channel.send_with_descriptors(message.as_bytes(), &[text.as_fd()])?)
    }

    /// The offer in a message of a supervisor; none: it says something that this program does not know.
    pub(crate) fn from_message(message: &[u8], descriptors: Vec<OwnedFd>) -> io::Result<Option<Self>> {
        let fingerprint = std::str::from_utf8(message).ok().and_then(|text| text.strip_prefix(WORD));
        let (Some(fingerprint), Some(text)) = (fingerprint, descriptors.into_iter().next()) else { return Ok(None) };
        Ok(Some(Self { configuration: read_from_start(text)?, fingerprint: fingerprint.to_owned() }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::channel::Received;

    #[test]
    fn what_is_offered_arrives() {
        let (left, right) = Channel::pair().unwrap();
        for fingerprint in ["", "name = \"a\"\n"] {
            let offer = Offer { configuration: "[radio]\n".repeat(100_000), fingerprint: fingerprint.to_owned() };
            offer.send(&left).unwrap();
            let Received::Message(bytes, descriptors) = right.receive().unwrap() else { panic!("no message") };
            assert_eq!(Offer::from_message(&bytes, descriptors).unwrap(), Some(offer));
        }
        let long = Offer { configuration: String::new(), fingerprint: "x".repeat(MESSAGE_LIMIT_BYTES) };
        assert!(long.send(&left).is_err(), "the reader would take it for the end");
        assert_eq!(Offer::from_message(b"OFFER x", Vec::new()).unwrap(), None, "without the text");
        let (_, end) = Channel::pair().unwrap();
        let text = end.as_fd().try_clone_to_owned().unwrap();
        assert_eq!(Offer::from_message(b"something else", vec![text]).unwrap(), None);
    }
}
