//! Addresses of workers, in fio's forms.
//!
//! | form | meaning |
//! |---|---|
//! | `host`, `ip:host` | a name, or an address of either family |
//! | `ip4:host`, `ip6:host` | of that family |
//! | `host,port` | another port than [`PORT_DEFAULT`] |
//! | `,port`, `:port` | that port, on the default host |
//! | `sock:/path` | a Unix socket |
//! | nothing | the default host |
//!
//! The default host is 127.0.0.1; port 0 makes a worker take a free one. Differs from fio: fio's worker listens everywhere unless it is told otherwise.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, ToSocketAddrs};
use std::path::PathBuf;
use std::str::FromStr;

/// The port of workers. Parity: fio.
pub const PORT_DEFAULT: u16 = 8765;

/// The word that stands for standard input and output in place of an address, on the worker's side.
pub const STANDARD_STREAMS: &str = "stdio";

/// Which addresses of a name are meant.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Family {
    /// Whatever it has.
    #[default]
    Any,
    /// IPv4.
    Ip4,
    /// IPv6.
    Ip6,
}

/// Where a worker is reached.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum WorkerAddress {
    /// By TCP.
    Tcp {
        /// A name or an address.
        host: String,
        /// Which of its addresses.
        family: Family,
        /// The port.
        port: u16,
    },
    /// By a Unix socket with this path.
    Unix(PathBuf),
}

/// What is no address of a worker.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// The port is none.
    #[error("{text}: {port:?} is no port; expected 0 to 65535, as in host,8765")]
    Port {
        /// All of it.
        text: String,
        /// What was taken for the port.
        port: String,
    },
    /// There is no path.
    #[error("{0}: a Unix socket needs a path, as in sock:/run/bench.sock")]
    NoPath(String),
    /// There is no host after the family.
    #[error("{0}: a host has to follow, as in ip4:192.0.2.1")]
    NoHost(String),
}

/// Why an address leads nowhere.
#[derive(Debug, thiserror::Error)]
pub enum ResolveError {
    /// The name is not known.
    #[error("cannot find the address of {host}")]
    Unknown {
        /// The name.
        host: String,
        /// What the system says.
        source: std::io::Error,
    },
    /// It has addresses of another family only.
    #[error("{host} has no address of the family that was asked for")]
    Family {
        /// The name.
        host: String,
    },
    /// It is the path of a Unix socket.
    #[error("{0} is a Unix socket and no TCP address")]
    Unix(String),
}

impl Default for WorkerAddress {
    fn default() -> Self {
        Self::Tcp { host: Ipv4Addr::LOCALHOST.to_string(), family: Family::Any, port: PORT_DEFAULT }
    }
}

impl FromStr for WorkerAddress {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        if let Some(path) = text.strip_prefix("sock:") {
            return if path.is_empty() { Err(AddressError::NoPath(text.into())) } else { Ok(Self::Unix(path.into())) };
        }
        let families = [("ip4:", Family::Ip4), ("ip6:", Family::Ip6), ("ip:", Family::Any)];
        let named = families.into_iter().find_map(|(word, family)| Some((text.strip_prefix(word)?, family)));
        let (rest, family) = named.unwrap_or((text, Family::Any));
        let (host, port) = split_port(rest);
        let port = match port {
            None => PORT_DEFAULT,
            Some(port) => port.parse().map_err(|_| AddressError::Port { text: text.into(), port: port.into() })?,
        };
        if host.is_empty() && named.is_some() {
            return Err(AddressError::NoHost(text.into()));
        }
        let host = if host.is_empty() { Ipv4Addr::LOCALHOST.to_string() } else { host.to_owned() };
        Ok(Self::Tcp { host, family, port })
    }
}

/// A colon separates a port only where nothing is before it: elsewhere it belongs to an IPv6 address.
fn split_port(text: &str) -> (&str, Option<&str>) {
    match (text.split_once(','), text.strip_prefix(':')) {
        (Some((host, port)), _) => (host, Some(port)),
        (None, Some(port)) if port.bytes().all(|byte| byte.is_ascii_digit()) && !port.is_empty() => ("", Some(port)),
        (None, _) => (text, None),
    }
}

/// As it is written, in the shortest form that means the same.
impl fmt::Display for WorkerAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => write!(formatter, "sock:{}", path.display()),
            Self::Tcp { host, family, port } => {
                let word = match family {
                    Family::Any => "",
                    Family::Ip4 => "ip4:",
                    Family::Ip6 => "ip6:",
                };
                write!(formatter, "{word}{host}")?;
                if *port == PORT_DEFAULT { Ok(()) } else { write!(formatter, ",{port}") }
            }
        }
    }
}

impl WorkerAddress {
    /// The TCP addresses that are meant, best first. Asks the system's resolver unless the host is an address; may block.
    ///
    /// # Errors
    /// [`ResolveError`].
    pub fn resolve(&self) -> Result<Vec<SocketAddr>, ResolveError> {
        let Self::Tcp { host, family, port } = self else {
            return Err(ResolveError::Unix(self.to_string()));
        };
        let found: Vec<SocketAddr> = match host.parse::<IpAddr>() {
            Ok(address) => vec![SocketAddr::new(address, *port)],
            Err(_) => {
                let unknown = |source| ResolveError::Unknown { host: host.clone(), source };
                (host.as_str(), *port).to_socket_addrs().map_err(unknown)?.collect()
            }
        };
        let is_meant = |address: &SocketAddr| match family {
            Family::Any => true,
            Family::Ip4 => address.is_ipv4(),
            Family::Ip6 => address.is_ipv6(),
        };
        let found: Vec<SocketAddr> = found.into_iter().filter(is_meant).collect();
        if found.is_empty() { Err(ResolveError::Family { host: host.clone() }) } else { Ok(found) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tcp(host: &str, family: Family, port: u16) -> WorkerAddress {
        WorkerAddress::Tcp { host: host.into(), family, port }
    }

    #[test]
    fn every_form_of_fio_is_read_and_written_back() {
        let known = [
            ("host", tcp("host", Family::Any, 8765), "host"),
            ("ip:host", tcp("host", Family::Any, 8765), "host"),
            ("ip4:192.0.2.1", tcp("192.0.2.1", Family::Ip4, 8765), "ip4:192.0.2.1"),
            ("ip6:::1,9000", tcp("::1", Family::Ip6, 9000), "ip6:::1,9000"),
            ("::1", tcp("::1", Family::Any, 8765), "::1"),
            ("host,9000", tcp("host", Family::Any, 9000), "host,9000"),
            (":9000", tcp("127.0.0.1", Family::Any, 9000), "127.0.0.1,9000"),
            (",9000", tcp("127.0.0.1", Family::Any, 9000), "127.0.0.1,9000"),
            ("", WorkerAddress::default(), "127.0.0.1"),
            ("sock:/run/b.sock", WorkerAddress::Unix("/run/b.sock".into()), "sock:/run/b.sock"),
        ];
        for (text, address, written) in known {
            assert_eq!(text.parse(), Ok(address.clone()), "{text}");
            assert_eq!(address.to_string(), written);
            assert_eq!(written.parse(), Ok(address), "{written}");
        }
    }

    #[test]
    fn what_is_no_address_says_what_would_be_one() {
        let error = |text: &str| text.parse::<WorkerAddress>().unwrap_err().to_string();
        assert_eq!(error("host,x"), "host,x: \"x\" is no port; expected 0 to 65535, as in host,8765");
        assert!(error(",").contains("is no port") && error(":70000").contains("is no port"));
        assert!(error("sock:").contains("needs a path") && error("ip4:").contains("a host has to follow"));
    }

    #[test]
    fn addresses_of_the_other_family_are_not_meant() {
        let resolve = |text: &str| text.parse::<WorkerAddress>().unwrap().resolve();
        assert_eq!(resolve("192.0.2.1,5").unwrap(), ["192.0.2.1:5".parse().unwrap()]);
        assert_eq!(resolve("").unwrap(), ["127.0.0.1:8765".parse().unwrap()]);
        assert_eq!(resolve("ip6:::1").unwrap(), ["[::1]:8765".parse().unwrap()]);
        assert!(matches!(resolve("ip6:192.0.2.1"), Err(ResolveError::Family { .. })));
        assert!(matches!(resolve("sock:/a"), Err(ResolveError::Unix(_))));
    }
}
