//! The channel between a supervisor and a service, and between a detached process and the parent that waits for it.
//!
//! A pair of connected sockets that keep messages apart. Each end learns of the other's death by the end of the stream,
//! whatever the death: this is what makes supervisor and service fail or survive together.

use std::io::{IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::io::Errno;
use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, SocketFlags, SocketType, recvmsg, sendmsg, socketpair,
};

use crate::notification::MESSAGE_LIMIT_BYTES;

/// The most descriptors in one message: the kernel's own limit (SCM_MAX_FD).
pub const DESCRIPTORS_LIMIT: usize = 253;

/// One end.
#[derive(Debug)]
pub struct Channel(OwnedFd);

/// What came through a channel.
#[derive(Debug)]
pub enum Received {
    /// A message, with the descriptors that were sent along.
    Message(Vec<u8>, Vec<OwnedFd>),
    /// Nothing is there at the moment.
    Nothing,
    /// The other end is gone and everything it sent has been read.
    Closed,
}

impl Channel {
    /// Two ends, both closed on exec.
    ///
    /// # Errors
    /// When there are no descriptors left.
    pub fn pair() -> rustix::io::Result<(Self, Self)> {
        let (left, right) = socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)?;
        Ok((Self(left), Self(right)))
    }

    /// An end that was handed over: a connected Unix socket of the kind that keeps messages apart.
    #[must_use]
    pub fn from_descriptor(descriptor: OwnedFd) -> Self {
        Self(descriptor)
    }

    /// Sends one message of 1 to [`MESSAGE_LIMIT_BYTES`] bytes; never blocks.
    ///
    /// # Errors
    /// `EPIPE` says that the other end is gone, `EAGAIN` that it does not read.
    pub fn send(&self, message: &[u8]) -> rustix::io::Result<()> {
        self.send_with_descriptors(message, &[])
    }

    /// Sends one message and descriptors, at most [`DESCRIPTORS_LIMIT`].
    ///
    /// # Errors
    /// As [`Channel::send`]; `EMSGSIZE` for more descriptors.
    pub fn send_with_descriptors(&self, message: &[u8], descriptors: &[BorrowedFd<'_>]) -> rustix::io::Result<()> {
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(DESCRIPTORS_LIMIT))];
        let mut ancillary = SendAncillaryBuffer::new(&mut space);
        if !descriptors.is_empty() && !ancillary.push(SendAncillaryMessage::ScmRights(descriptors)) {
            return Err(Errno::MSGSIZE);
        }
        let flags = SendFlags::NOSIGNAL | SendFlags::DONTWAIT;
        rustix::io::retry_on_intr(|| sendmsg(&self.0, &[IoSlice::new(message)], &mut ancillary, flags))?;
        Ok(())
    }

    /// Takes the next message; never blocks.
    ///
    /// # Errors
    /// `EMSGSIZE` for a message above the limit, which is lost.
    pub fn receive(&self) -> rustix::io::Result<Received> {
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(DESCRIPTORS_LIMIT))];
        let mut ancillary = RecvAncillaryBuffer::new(&mut space);
        let mut bytes = vec![0; MESSAGE_LIMIT_BYTES];
        let flags = RecvFlags::DONTWAIT | RecvFlags::CMSG_CLOEXEC;
        let received = loop {
            match recvmsg(&self.0, &mut [IoSliceMut::new(&mut bytes)], &mut ancillary, flags) {
                Ok(received) => break received,
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => return Ok(Received::Nothing),
                Err(Errno::CONNRESET) => return Ok(Received::Closed),
                Err(errno) => return Err(errno),
            }
        };
        let mut descriptors = Vec::new();
        for message in ancillary.drain() {
            if let RecvAncillaryMessage::ScmRights(sent) = message {
                descriptors.extend(sent);
            }
        }
        if received.bytes == 0 {
            return Ok(Received::Closed);
        }
        if received.flags.contains(ReturnFlags::TRUNC) {
            return Err(Errno::MSGSIZE);
        }
        bytes.truncate(received.bytes);
        Ok(Received::Message(bytes, descriptors))
    }
}

impl AsFd for Channel {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_stay_apart_and_the_end_is_seen() {
        let (left, right) = Channel::pair().unwrap();
        assert!(matches!(right.receive().unwrap(), Received::Nothing));
        left.send(b"one").unwrap();
        left.send(b"two").unwrap();
        drop(left);
        for expected in [b"one", b"two"] {
            let Received::Message(bytes, descriptors) = right.receive().unwrap() else { panic!("no message") };
            assert_eq!((bytes.as_slice(), descriptors.len()), (&expected[..], 0));
        }
        assert!(matches!(right.receive().unwrap(), Received::Closed));
        assert_eq!(right.send(b"x").unwrap_err(), Errno::PIPE);
    }

    #[test]
    fn descriptors_travel_and_close_on_exec() {
        let (left, right) = Channel::pair().unwrap();
        let many = vec![left.as_fd(); DESCRIPTORS_LIMIT];
        left.send_with_descriptors(b"x", &many).unwrap();
        let Received::Message(_, descriptors) = right.receive().unwrap() else { panic!("no message") };
        assert_eq!(descriptors.len(), DESCRIPTORS_LIMIT);
        let flags = rustix::io::fcntl_getfd(&descriptors[0]).unwrap();
        assert!(flags.contains(rustix::io::FdFlags::CLOEXEC));
    }

    #[test]
    fn an_oversized_message_is_refused_by_the_reader() {
        let (left, right) = Channel::pair().unwrap();
        left.send(&vec![1; MESSAGE_LIMIT_BYTES + 1]).unwrap();
        assert_eq!(right.receive().unwrap_err(), Errno::MSGSIZE);
    }
}
