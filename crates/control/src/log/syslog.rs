//! Ways to the system's log: datagrams to a socket, or journald's own protocol.
//!
//! A message is one datagram, sent without waiting: a log daemon that hangs must not stop the service.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use thiserror::Error;

use super::record::Record;

/// Where the C library's `syslog` sends to.
const LOCAL_SOCKET: &str = "/dev/log";
/// Where journald takes messages with fields.
pub(super) const JOURNAL_SOCKET: &str = "/run/systemd/journal/socket";

/// Which way messages take to the system's log.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum SyslogMethod {
    /// `libc`: the local log daemon, in the form that the C library gives its messages.
    #[default]
    Local,
    /// `null`: none.
    Null,
    /// `unix:PATH`: a datagram socket.
    Unix(PathBuf),
    /// `udp:IP:PORT`.
    Udp(SocketAddr),
    /// `journald` or `journald:PATH`: journald's socket, each field of a message a field of the journal.
    Journal(PathBuf),
}

/// A word that is no method.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("unsupported syslog method '{0}' (expected libc, null, unix:PATH, udp:IP:PORT, journald or journald:PATH)")]
pub struct UnsupportedSyslogMethod(String);

impl FromStr for SyslogMethod {
    type Err = UnsupportedSyslogMethod;

    fn from_str(text: &str) -> Result<Self, UnsupportedSyslogMethod> {
        let unsupported = || UnsupportedSyslogMethod(text.to_owned());
        match text.split_once(':') {
            None => match text {
                "libc" => Ok(Self::Local),
                "null" => Ok(Self::Null),
                "journald" => Ok(Self::Journal(JOURNAL_SOCKET.into())),
                _ => Err(unsupported()),
            },
            Some(("unix", path)) if !path.is_empty() => Ok(Self::Unix(path.into())),
            Some(("journald", path)) if !path.is_empty() => Ok(Self::Journal(path.into())),
            Some(("udp", address)) => address.parse().map(Self::Udp).map_err(|_| unsupported()),
            Some(_) => Err(unsupported()),
        }
    }
}

/// An open way to the system's log.
#[derive(Debug)]
pub(super) struct Syslog {
    method: SyslogMethod,
    socket: Socket,
}

#[derive(Debug)]
enum Socket {
    None,
    Unix(UnixDatagram),
    Udp(UdpSocket),
}

impl Syslog {
    /// Opens a socket. That nobody listens at the other end is no error: it may come later.
    pub(super) fn open(method: SyslogMethod) -> io::Result<Self> {
        let socket = match &method {
            SyslogMethod::Null => Socket::None,
            SyslogMethod::Local | SyslogMethod::Unix(_) | SyslogMethod::Journal(_) => {
                let socket = UnixDatagram::unbound()?;
                socket.set_nonblocking(true)?;
                Socket::Unix(socket)
            }
            SyslogMethod::Udp(address) => {
                let any: IpAddr =
                    if address.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
                let socket = UdpSocket::bind((any, 0))?;
                socket.set_nonblocking(true)?;
                Socket::Udp(socket)
            }
        };
        Ok(Self { method, socket })
    }

    /// No way at all.
    pub(super) fn none() -> Self {
        Self { method: SyslogMethod::Null, socket: Socket::None }
    }

    /// What stands before each line, as a pattern.
    pub(super) fn prefix(&self) -> &'static str {
        match self.method {
            SyslogMethod::Local => "<%B>%d{%h %e %T} %A[%P]: ",
            SyslogMethod::Unix(_) | SyslogMethod::Udp(_) => "<%B>",
            SyslogMethod::Null | SyslogMethod::Journal(_) => "",
        }
    }

    /// Whether a message needs no line, but its fields.
    pub(super) fn takes_fields(&self) -> bool {
        matches!(self.method, SyslogMethod::Journal(_))
    }

    /// Sends the lines of a message, a datagram each.
    pub(super) fn send_lines(&self, lines: &str) -> io::Result<()> {
        lines.lines().try_for_each(|line| self.send(line.as_bytes()))
    }

    /// Sends a message with its fields.
    pub(super) fn send_fields(&self, record: &Record<'_>, application: &str, priority: u8) -> io::Result<()> {
        self.send(&journal_entry(record, application, priority))
    }

    fn send(&self, datagram: &[u8]) -> io::Result<()> {
        let path: &Path = match (&self.method, &self.socket) {
            (SyslogMethod::Udp(address), Socket::Udp(socket)) => return socket.send_to(datagram, address).map(drop),
            (SyslogMethod::Local, _) => Path::new(LOCAL_SOCKET),
            (SyslogMethod::Unix(path) | SyslogMethod::Journal(path), _) => path,
            (SyslogMethod::Null | SyslogMethod::Udp(_), _) => return Ok(()),
        };
        match &self.socket {
            Socket::Unix(socket) => socket.send_to(datagram, path).map(drop),
            Socket::None | Socket::Udp(_) => Ok(()),
        }
    }
}

/// An entry in journald's native protocol: `NAME=value` lines, or, for values with newlines, the name, a newline, the
/// length as 64 bits little-endian, and the value.
fn journal_entry(record: &Record<'_>, application: &str, priority: u8) -> Vec<u8> {
    let mut entry = Vec::new();
    let severity = record.level.syslog_severity();
    journal_field(&mut entry, "MESSAGE", record.message);
    journal_field(&mut entry, "PRIORITY", &severity.to_string());
    journal_field(&mut entry, "SYSLOG_FACILITY", &(priority >> 3).to_string());
    journal_field(&mut entry, "SYSLOG_IDENTIFIER", application);
    journal_field(&mut entry, "TIDEGATE_MODULE", record.module);
    if !record.subprogram.is_empty() {
        journal_field(&mut entry, "TIDEGATE_SUBPROGRAM", record.subprogram);
    }
    if let Some((file, line)) = record.source {
        journal_field(&mut entry, "CODE_FILE", file);
        journal_field(&mut entry, "CODE_LINE", &line.to_string());
    }
    for (name, value) in record.fields {
        let name: String = name
            .chars()
            .map(|letter| if letter.is_ascii_alphanumeric() { letter.to_ascii_uppercase() } else { '_' })
            .collect();
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        journal_field(&mut entry, &format!("TIDEGATE_{name}"), &text);
    }
    entry
}

fn journal_field(entry: &mut Vec<u8>, name: &str, value: &str) {
    entry.extend_from_slice(name.as_bytes());
    if value.contains('\n') {
        entry.push(b'\n');
        entry.extend_from_slice(&(value.len() as u64).to_le_bytes());
    } else {
        entry.push(b'=');
    }
    entry.extend_from_slice(value.as_bytes());
    entry.push(b'\n');
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::record::tests::record;
    use super::*;

    #[test]
    fn f09_methods_and_their_errors() {
        for (text, method) in [
            ("libc", SyslogMethod::Local),
            ("null", SyslogMethod::Null),
            ("unix:/a:b", SyslogMethod::Unix("/a:b".into())),
            ("udp:127.0.0.1:514", SyslogMethod::Udp("127.0.0.1:514".parse().unwrap())),
            ("udp:[::1]:514", SyslogMethod::Udp("[::1]:514".parse().unwrap())),
            ("journald", SyslogMethod::Journal(JOURNAL_SOCKET.into())),
        ] {
            assert_eq!(text.parse(), Ok(method));
        }
        for text in ["", "x", "unix", "unix:", "udp:1.2.3.4", "udp:host:514", "Libc"] {
            let error = text.parse::<SyslogMethod>().unwrap_err().to_string();
            assert!(error.starts_with(&format!("unsupported syslog method '{text}'")), "{error}");
        }
    }

    #[test]
    fn f09_a_message_is_one_datagram() {
        let receiver = UdpSocket::bind("127.0.0.1:0").unwrap();
        let syslog = Syslog::open(SyslogMethod::Udp(receiver.local_addr().unwrap())).unwrap();
        syslog.send_lines("<29>one\n<29>two").unwrap();
        let mut bytes = [0; 64];
        for expected in ["<29>one", "<29>two"] {
            let length = receiver.recv(&mut bytes).unwrap();
            assert_eq!(&bytes[..length], expected.as_bytes());
        }
    }

    #[test]
    fn journald_gets_fields_and_long_values_by_length() {
        let fields = [("peer-id".to_owned(), json!(7))];
        let entry = journal_entry(&record("one\ntwo", &fields), "target", 28);
        let mut expected = b"MESSAGE\n\x07\0\0\0\0\0\0\0one\ntwo\nPRIORITY=4\nSYSLOG_FACILITY=3\n".to_vec();
        expected
            .extend_from_slice(b"SYSLOG_IDENTIFIER=target\nTIDEGATE_MODULE=nvme.queue\nCODE_FILE=a.rs\nCODE_LINE=7\n");
        expected.extend_from_slice(b"TIDEGATE_PEER_ID=7\n");
        assert_eq!(entry, expected);
    }
}
