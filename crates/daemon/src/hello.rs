//! The first message on the channel from a supervisor to a service: what the service needs to know of its place.

use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::net::TcpListener;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::PathBuf;

use rustix::fs::MemfdFlags;
use serde::{Deserialize, Serialize};

use crate::channel::{Channel, Received};
use crate::listening::ListeningSocket;

/// The longest configuration that is read from a supervisor, in bytes.
const CONFIGURATION_LIMIT_BYTES: u64 = 16 << 20;

/// What a service does when its supervisor has died.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Orphans {
    /// It ends as if it had been told to.
    #[default]
    Stop,
    /// It goes on, until the next supervisor takes it over.
    Keep,
}

/// What the supervisor says. On the wire it is a JSON object; the sockets in the order of `kinds` and then the
/// configuration travel as descriptors.
#[derive(Debug, Serialize, Deserialize)]
struct Words {
    /// Standard streams are to be let go of at readiness.
    detached: bool,
    /// No process of this service has been ready before.
    first: bool,
    orphans: Orphans,
    watchdog_us: Option<u64>,
    /// Where the supervisor was started: relative paths in the service's arguments mean this directory.
    directory: Option<PathBuf>,
    kinds: Vec<String>,
    has_configuration: bool,
    /// What of the configuration this process runs, to be told to the next supervisor.
    fingerprint: String,
}

/// What a supervisor tells a service that it starts.
#[derive(Debug)]
pub(crate) struct Hello {
    pub(crate) detached: bool,
    pub(crate) first: bool,
    pub(crate) orphans: Orphans,
    pub(crate) watchdog: Option<std::time::Duration>,
    pub(crate) directory: Option<PathBuf>,
    pub(crate) sockets: Vec<ListeningSocket>,
    pub(crate) configuration: Option<String>,
    pub(crate) fingerprint: String,
}

impl Hello {
    /// Sends it. The sockets stay the sender's as well.
    pub(crate) fn send(&self, channel: &Channel) -> io::Result<()> {
        let configuration = self.configuration.as_deref().map(memory_file).transpose()?;
        let words = Words {
            detached: self.detached,
            first: self.first,
            orphans: self.orphans,
            watchdog_us: self.watchdog.map(|limit| u64::try_from(limit.as_micros()).unwrap_or(u64::MAX)),
            directory: self.directory.clone(),
            kinds: self.sockets.iter().map(|socket| socket.kind.clone()).collect(),
            has_configuration: configuration.is_some(),
            fingerprint: self.fingerprint.clone(),
        };
        let mut descriptors: Vec<BorrowedFd<'_>> = self.sockets.iter().map(|socket| socket.listener.as_fd()).collect();
        descriptors.extend(configuration.as_ref().map(AsFd::as_fd));
        Ok(channel.send_with_descriptors(&serde_json::to_vec(&words)?, &descriptors)?)
    }

    /// Takes the message that a supervisor has sent before it started this process.
    pub(crate) fn receive(channel: &Channel) -> io::Result<Self> {
        let Received::Message(bytes, descriptors) = channel.receive()? else {
            return Err(io::Error::other("the supervisor said nothing"));
        };
        let words: Words = serde_json::from_slice(&bytes)?;
        let mut descriptors = descriptors.into_iter();
        let mut sockets = Vec::new();
        for kind in words.kinds {
            let descriptor = descriptors.next().ok_or_else(|| io::Error::other("a socket is missing"))?;
            sockets.push(ListeningSocket { kind, listener: TcpListener::from(descriptor) });
        }
        let configuration = match descriptors.next() {
            Some(file) if words.has_configuration => Some(read_from_start(file)?),
            _ => None,
        };
        Ok(Self {
            detached: words.detached,
            first: words.first,
            orphans: words.orphans,
            watchdog: words.watchdog_us.map(std::time::Duration::from_micros),
            directory: words.directory,
            sockets,
            configuration,
            fingerprint: words.fingerprint,
        })
    }
}

/// A file without a name that holds `text`.
pub(crate) fn memory_file(text: &str) -> io::Result<OwnedFd> {
    let mut file = File::from(rustix::fs::memfd_create("tidegate", MemfdFlags::CLOEXEC)?);
    file.write_all(text.as_bytes())?;
    Ok(file.into())
}

/// The whole text of a file made by [`memory_file`].
pub(crate) fn read_from_start(descriptor: OwnedFd) -> io::Result<String> {
    let mut file = File::from(descriptor);
    file.rewind()?;
    let mut text = String::new();
    file.take(CONFIGURATION_LIMIT_BYTES).read_to_string(&mut text)?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_supervisor_says_arrives_with_sockets_and_configuration() {
        let (left, right) = Channel::pair().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let hello = Hello {
            detached: true,
            first: false,
            orphans: Orphans::Keep,
            watchdog: Some(std::time::Duration::from_millis(1500)),
            directory: Some("/a b".into()),
            sockets: vec![ListeningSocket { kind: "io".into(), listener }],
            configuration: Some("[target]\n".into()),
            fingerprint: "target".into(),
        };
        hello.send(&left).unwrap();
        let heard = Hello::receive(&right).unwrap();
        assert_eq!((heard.detached, heard.first), (true, false));
        assert_eq!((heard.orphans, heard.watchdog), (Orphans::Keep, hello.watchdog));
        assert_eq!((heard.directory, heard.configuration), (hello.directory, hello.configuration));
        assert_eq!(heard.fingerprint, hello.fingerprint);
        assert_eq!(heard.sockets[0].kind, "io");
        assert_eq!(heard.sockets[0].listener.local_addr().unwrap(), address);
        assert!(Hello::receive(&right).is_err(), "nothing more was said");
    }
}
