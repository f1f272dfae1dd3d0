//! What a listener and the process of a session say to each other: lines of JSON over a pair of sockets.
//!
//! The other end's death is the end of the stream, whatever the death: a listener that dies takes its sessions along, and a
//! session that crashes gives its place to the next.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::io::Errno;
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, recv, send, socketpair};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::limits::LINK_LINE_BYTES_MAX;
use super::permissions::Permissions;

/// What a listener says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FromListener {
    /// What the session is; comes first.
    Terms(Box<Terms>),
    /// The run waits for its turn: its place, from 1.
    Place(usize),
    /// Its turn has come.
    Go,
    /// End the run, for this reason.
    Stop(String),
}

/// What a session is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// What it may do.
    pub permissions: Permissions,
    /// The front end's address; empty for one on this machine.
    pub front_end: String,
    /// Layers of the sandbox that are off, as `--no-sandbox` takes them; empty: none is.
    pub sandbox_off: String,
}

/// What a session says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FromSession {
    /// It wants to run these jobs, for a front end of this version.
    Wants {
        /// Names of the jobs.
        jobs: Vec<String>,
        /// The protocol's version.
        version: u16,
    },
    /// How far the run is.
    Progress(Progress),
    /// The run is over.
    Ended {
        /// Whether every job succeeded.
        succeeded: bool,
        /// What was done.
        totals: Totals,
    },
    /// The front end was told no, in these words.
    Refused(String),
}

/// How far a run is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// Jobs that run.
    pub running: u32,
    /// Seconds since they began.
    pub elapsed_s: u64,
    /// KiB a second: reads, writes, trims.
    pub rate_kib: [u64; 3],
    /// I/Os a second: reads, writes, trims.
    pub iops: [u32; 3],
}

/// What all jobs of a run did: reads, writes, trims.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// I/Os.
    pub ios: [u64; 3],
    /// Bytes.
    pub bytes: [u64; 3],
}

/// One end.
#[derive(Debug)]
pub struct Link {
    socket: OwnedFd,
    received: Vec<u8>,
}

/// What a link has to give.
#[derive(Debug, PartialEq, Eq)]
pub enum Heard<T> {
    /// This was said.
    Said(T),
    /// Nothing at the moment.
    Nothing,
    /// The other end is gone, or says what makes no sense.
    Gone,
}

impl Link {
    /// Two ends, both closed on exec.
    ///
    /// # Errors
    /// When there are no descriptors left.
    pub fn pair() -> io::Result<(Self, OwnedFd)> {
        let (ours, theirs) = socketpair(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC, None)?;
        Ok((Self::from_descriptor(ours), theirs))
    }

    /// An end that was handed over.
    #[must_use]
    pub fn from_descriptor(socket: OwnedFd) -> Self {
        Self { socket, received: Vec::new() }
    }

    /// Says something; never blocks. An end that is gone, or does not read, is noticed when it is heard.
    pub fn say(&self, message: &impl Serialize) {
        let Ok(mut line) = serde_json::to_vec(message) else { return };
        line.push(b'\n');
        let mut rest = line.as_slice();
        while !rest.is_empty() {
            match send(&self.socket, rest, SendFlags::NOSIGNAL | SendFlags::DONTWAIT) {
                Ok(sent) => rest = &rest[sent..],
                Err(Errno::INTR) => {}
                Err(_) => return,
            }
        }
    }

    /// What was said next; never blocks.
    pub fn hear<T: DeserializeOwned>(&mut self) -> Heard<T> {
        loop {
            if let Some(end) = self.received.iter().position(|&byte| byte == b'\n') {
                let line: Vec<u8> = self.received.drain(..=end).collect();
                return serde_json::from_slice(&line).map_or(Heard::Gone, Heard::Said);
            }
            if self.received.len() > LINK_LINE_BYTES_MAX {
                return Heard::Gone;
            }
            let mut bytes = [0; 4096];
            match recv(&self.socket, &mut bytes, RecvFlags::DONTWAIT) {
                Ok((0, _)) => return Heard::Gone,
                Ok((count, _)) => self.received.extend_from_slice(&bytes[..count]),
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => return Heard::Nothing,
                Err(_) => return Heard::Gone,
            }
        }
    }
}

impl AsFd for Link {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_is_heard_in_order_and_the_end_is_seen() {
        let (ours, theirs) = Link::pair().unwrap();
        let mut theirs = Link::from_descriptor(theirs);
        assert_eq!(theirs.hear::<FromListener>(), Heard::Nothing);
        let terms = Terms { permissions: Permissions::least(), front_end: "::1".into(), sandbox_off: String::new() };
        let said = [FromListener::Terms(Box::new(terms)), FromListener::Place(2), FromListener::Go];
        said.iter().for_each(|message| ours.say(message));
        drop(ours);
        for message in said {
            assert_eq!(theirs.hear(), Heard::Said(message));
        }
        assert_eq!(theirs.hear::<FromListener>(), Heard::Gone);
        theirs.say(&FromSession::Ended { succeeded: true, totals: Totals::default() });
    }

    #[test]
    fn nonsense_is_the_end() {
        let (ours, theirs) = Link::pair().unwrap();
        ours.say(&"hello");
        assert_eq!(Link::from_descriptor(theirs).hear::<FromSession>(), Heard::Gone);
    }
}
