//! Where packets go, and how the stream is cut up for it: `ADDRESS[:PORT][/PACKET_BYTES:K:N]`.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::ops::RangeInclusive;

use thiserror::Error;

use crate::fec::{Code, NoCode};
use crate::packet::{HEADER_BYTES, SLICE_BYTES_MAX};

/// Port of targets that name none: paraslash's.
pub const PORT_DEFAULT: u16 = 8000;
/// What a packet may have, in bytes: at least something of the stream, at most what a datagram holds.
pub(super) const PACKET_BYTES_RANGE: RangeInclusive<usize> = HEADER_BYTES + 16..=HEADER_BYTES + SLICE_BYTES_MAX;

/// How a stream is cut up: for all targets that have it in common the work is done once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Slicing {
    /// k of n.
    pub code: Code,
    /// Most bytes of a packet, without the headers of UDP and IP.
    pub packet_bytes: usize,
}

impl Default for Slicing {
    /// 16 of 20 with packets that no network takes apart: a chunk may have 21 KB, one in five packets may be lost.
    fn default() -> Self {
        let code = Code::new(16, 20).unwrap_or_else(|_| unreachable!("16 of 20 is a code"));
        Self { code, packet_bytes: 1400 }
    }
}

impl Slicing {
    /// Most bytes of a group.
    #[must_use]
    pub fn group_bytes_max(self) -> usize {
        self.code.data_slices() * (self.packet_bytes - HEADER_BYTES)
    }
}

/// A target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Target {
    /// Where packets go.
    pub address: SocketAddr,
    /// How the stream is cut up for it.
    pub slicing: Slicing,
}

impl fmt::Display for Target {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Slicing { code, packet_bytes } = self.slicing;
        write!(formatter, "{}/{packet_bytes}:{}:{}", self.address, code.data_slices(), code.slices())
    }
}

/// A text that is no target.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum NoTarget {
    /// The address.
    #[error(
        "\"{0}\" is no address; HOST[:PORT][/PACKET_BYTES:K:N] is accepted, such as 224.0.1.38:8000/1400:16:20 or [::1]:8000"
    )]
    Address(String),
    /// The numbers after the slash.
    #[error("\"{0}\" is not PACKET_BYTES:K:N, such as 1400:16:20")]
    Slicing(String),
    /// The size of a packet.
    #[error("packets of {0} bytes; {first} to {last} are accepted", first = PACKET_BYTES_RANGE.start(), last = PACKET_BYTES_RANGE.end())]
    PacketBytes(usize),
    /// k of n.
    #[error(transparent)]
    Code(#[from] NoCode),
}

/// A target as it was written: its host may be a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrittenTarget {
    /// An address or a name.
    pub host: String,
    /// The port.
    pub port: u16,
    /// How the stream is cut up.
    pub slicing: Slicing,
}

impl WrittenTarget {
    /// Reads a target.
    ///
    /// # Errors
    /// [`NoTarget`].
    pub fn parse(text: &str, port_default: u16) -> Result<Self, NoTarget> {
        let (place, slicing) = match text.split_once('/') {
            Some((place, slicing)) => (place, parse_slicing(slicing)?),
            None => (text, Slicing::default()),
        };
        let refuse = || NoTarget::Address(text.to_owned());
        let (host, port) = if let Some(rest) = place.strip_prefix('[') {
            let (host, port) = rest.split_once(']').ok_or_else(refuse)?;
            (host, if port.is_empty() { None } else { Some(port.strip_prefix(':').ok_or_else(refuse)?) })
        } else if place.parse::<IpAddr>().is_ok() {
            (place, None)
        } else {
            place.split_once(':').map_or((place, None), |(host, port)| (host, Some(port)))
        };
        let port = port.map_or(Ok(port_default), |port| port.parse().map_err(|_| refuse()))?;
        let is_name = !host.is_empty()
            && host.chars().all(|character| character.is_ascii_alphanumeric() || "-._:%".contains(character));
        if port == 0 || !is_name {
            return Err(refuse());
        }
        Ok(Self { host: host.to_owned(), port, slicing })
    }

    /// The target, if its host is an address and no name.
    #[must_use]
    pub fn numeric(&self) -> Option<Target> {
        let address = self.host.parse::<IpAddr>().ok()?;
        Some(Target { address: SocketAddr::new(address, self.port), slicing: self.slicing })
    }
}

fn parse_slicing(text: &str) -> Result<Slicing, NoTarget> {
    let numbers: Option<Vec<usize>> = text.split(':').map(|number| number.parse().ok()).collect();
    let Some(&[packet_bytes, data_slices, slices]) = numbers.as_deref() else {
        return Err(NoTarget::Slicing(text.to_owned()));
    };
    if !PACKET_BYTES_RANGE.contains(&packet_bytes) {
        return Err(NoTarget::PacketBytes(packet_bytes));
    }
    Ok(Slicing { code: Code::new(data_slices, slices)?, packet_bytes })
}

/// An address of any kind to bind to.
pub(super) fn unspecified(is_ipv4: bool) -> SocketAddr {
    let address = if is_ipv4 { IpAddr::V4(Ipv4Addr::UNSPECIFIED) } else { IpAddr::V6(std::net::Ipv6Addr::UNSPECIFIED) };
    SocketAddr::new(address, 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_read_as_they_are_written() {
        for (text, shown) in [
            ("127.0.0.1", "127.0.0.1:8000/1400:16:20"),
            ("224.0.1.38:9000/1000:3:4", "224.0.1.38:9000/1000:3:4"),
            ("[ff02::1]:9000", "[ff02::1]:9000/1400:16:20"),
            ("[::1]/200:1:256", "[::1]:8000/200:1:256"),
            ("::1", "[::1]:8000/1400:16:20"),
        ] {
            let target = WrittenTarget::parse(text, PORT_DEFAULT).unwrap();
            assert_eq!(target.numeric().unwrap().to_string(), shown);
        }
        let named = WrittenTarget::parse("living-room.lan:9000", PORT_DEFAULT).unwrap();
        assert_eq!((named.numeric(), named.host.as_str(), named.port), (None, "living-room.lan", 9000));
    }

    #[test]
    fn what_is_no_target_is_refused() {
        for text in [
            "",
            ":1",
            "a b",
            "1.2.3.4:0",
            "1.2.3.4:x",
            "[::1",
            "[::1]x",
            "1.2.3.4/",
            "1.2.3.4/1400",
            "1.2.3.4/1400:4:3",
            "1.2.3.4/47:1:1",
            "1.2.3.4/70000:1:1",
            "1.2.3.4/1400:16:257",
        ] {
            assert!(WrittenTarget::parse(text, PORT_DEFAULT).is_err(), "{text}");
        }
    }
}
