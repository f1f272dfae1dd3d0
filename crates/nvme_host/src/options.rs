//! What a connection is made with.

use std::io;
use std::net::{SocketAddr, TcpStream};

use nvme::fabrics::{Nqn, NqnError};
use reactor::clock::Duration;
use socket2::SockRef;

/// Smallest queue: one command at a time. Spec: NVMe Base 2.0 §6.3 (SQSIZE is at least 1).
pub const QUEUE_ENTRIES_MINIMUM: u16 = 2;

/// Who connects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostIdentity {
    /// The host's NQN.
    pub nqn: Nqn,
    /// The host's identifier, 128 bits, the same on all its connections.
    pub id: [u8; 16],
}

impl HostIdentity {
    /// Where `nvme-cli` keeps the machine's host NQN.
    pub const NQN_FILE: &str = "/etc/nvme/hostnqn";
    /// Where `nvme-cli` keeps the machine's host identifier, a UUID.
    pub const ID_FILE: &str = "/etc/nvme/hostid";

    /// The machine's identity when it has one, otherwise a new one.
    ///
    /// # Errors
    /// [`IdentityError`] when the machine's identity files are there but hold something else, or when no random UUID
    /// is to be had.
    pub fn of_this_machine() -> Result<Self, IdentityError> {
        match (read_line(Self::NQN_FILE)?, read_line(Self::ID_FILE)?) {
            (Some(nqn), Some(id)) => Ok(Self {
                nqn: Nqn::parse(&nqn).map_err(IdentityError::Nqn)?,
                id: parse_uuid(&id).ok_or(IdentityError::Id)?,
            }),
            _ => Self::random(),
        }
    }

    /// An identity that no one else has.
    ///
    /// # Errors
    /// [`IdentityError::Read`] when the kernel gives no random UUID.
    pub fn random() -> Result<Self, IdentityError> {
        const RANDOM_UUID: &str = "/proc/sys/kernel/random/uuid";
        let text = read_line(RANDOM_UUID)?.unwrap_or_default();
        let id = parse_uuid(&text).ok_or(IdentityError::Id)?;
        Ok(Self { nqn: Nqn::from_uuid(id), id })
    }
}

/// Why the machine's identity cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// A file is there but cannot be read.
    #[error("cannot read {path}")]
    Read {
        /// The file.
        path: &'static str,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// Not a host NQN.
    #[error("{} does not hold a host NQN", HostIdentity::NQN_FILE)]
    Nqn(#[source] NqnError),
    /// Not a UUID.
    #[error("{} does not hold a UUID", HostIdentity::ID_FILE)]
    Id,
}

fn read_line(path: &'static str) -> Result<Option<String>, IdentityError> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text.trim().to_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(IdentityError::Read { path, source }),
    }
}

fn parse_uuid(text: &str) -> Option<[u8; 16]> {
    let digits: Vec<u8> = text.bytes().filter(|&byte| byte != b'-').collect();
    if digits.len() != 32 || text.len() != 36 {
        return None;
    }
    let mut id = [0; 16];
    for (byte, pair) in id.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(id)
}

/// How to reach a controller, and on what terms.
#[derive(Debug, Clone)]
pub struct ConnectOptions {
    /// Where the controller listens.
    pub address: SocketAddr,
    /// The subsystem's NQN; [`Nqn::discovery`] for a discovery service.
    pub subsystem_nqn: Nqn,
    /// Who connects.
    pub host: HostIdentity,
    /// Ask for a digest on PDU headers. The controller decides.
    pub header_digest: bool,
    /// Ask for a digest on PDU data. The controller decides.
    pub data_digest: bool,
    /// How long the controller may wait for a sign of life before it gives this host up; zero: for ever. A Keep Alive
    /// is sent every half of it.
    pub keep_alive_timeout: Duration,
    /// Longest time for the TCP connection, and again for the rest of setting up a queue.
    pub connect_timeout: Duration,
    /// Longest time for a command; a queue on which one takes longer is given up.
    pub command_timeout: Duration,
    /// Options of each connection's socket.
    pub socket: SocketOptions,
}

impl ConnectOptions {
    /// Usual terms: no digests, 30 s for a command (as the Linux host has it), a sign of life at least every 15 s.
    #[must_use]
    pub fn new(address: SocketAddr, subsystem_nqn: Nqn, host: HostIdentity) -> Self {
        // A discovery controller that is only asked once has no use for Keep Alive.
        let keep_alive_timeout = if subsystem_nqn.is_discovery() { Duration::ZERO } else { Duration::from_secs(15) };
        Self {
            address,
            subsystem_nqn,
            host,
            header_digest: false,
            data_digest: false,
            keep_alive_timeout,
            connect_timeout: Duration::from_secs(5),
            command_timeout: Duration::from_secs(30),
            socket: SocketOptions::default(),
        }
    }
}

/// Options of a connection's socket. `TCP_NODELAY` is always set.
#[derive(Debug, Clone, Default)]
pub struct SocketOptions {
    /// Send buffer in bytes; `None`: as the kernel sizes it.
    pub send_buffer_bytes: Option<usize>,
    /// Congestion control by name (`cubic`, `bbr`, …); `None`: the machine's.
    pub congestion_control: Option<String>,
}

impl SocketOptions {
    pub(crate) fn apply(&self, stream: &TcpStream) -> io::Result<()> {
        let socket = SockRef::from(stream);
        socket.set_tcp_nodelay(true)?;
        if let Some(bytes) = self.send_buffer_bytes {
            socket.set_send_buffer_size(bytes)?;
        }
        if let Some(name) = &self.congestion_control {
            socket.set_tcp_congestion(name.as_bytes())?;
        }
        socket.set_nonblocking(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uuid_is_36_characters_with_32_digits() {
        let id = parse_uuid("00112233-4455-6677-8899-aabbccddeeff").unwrap();
        assert_eq!(id[..3], [0x00, 0x11, 0x22]);
        assert_eq!(id[15], 0xff);
        for wrong in ["", "00112233445566778899aabbccddeeff", "00112233-4455-6677-8899-aabbccddeefg"] {
            assert_eq!(parse_uuid(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_random_identity_is_named_after_its_identifier() {
        let (one, other) = (HostIdentity::random().unwrap(), HostIdentity::random().unwrap());
        assert_ne!(one, other);
        assert_eq!(one.nqn, Nqn::from_uuid(one.id));
    }
}
