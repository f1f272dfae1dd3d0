//! systemd's side of notifications: where to send them, and how often it wants to hear that all is well.
//!
//! Parity: sd_notify(3), sd_watchdog_enabled(3). Addresses are paths and abstract names (`@NAME`); the VSOCK addresses
//! that a virtual machine may get are refused by name.

use std::fmt;
use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};

use reactor::clock::Duration;
use rustix::time::ClockId;

use super::environment::{self, EnvironmentError};
use crate::notification::Notification;

/// How long a message may wait for room in the init system's queue. A lost `READY=1` would end the service, so it is
/// worth a wait; an init system that reads nothing for so long is worth none.
const SEND_LIMIT: Duration = Duration::from_secs(1);

/// What the environment says about notifications cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NotifyError {
    /// See there.
    #[error(transparent)]
    Environment(#[from] EnvironmentError),
    /// Not an absolute path and no abstract name.
    #[error("NOTIFY_SOCKET={0}: expected an absolute path, or @ and the name of an abstract socket")]
    Address(String),
    /// Nobody is there.
    #[error("NOTIFY_SOCKET={address}: {source}")]
    Connect {
        /// The address as given.
        address: String,
        /// Why not.
        source: io::Error,
    },
    /// No positive number of microseconds.
    #[error("WATCHDOG_USEC={0}: expected a number of microseconds above 0")]
    WatchdogInterval(String),
    /// No number.
    #[error("WATCHDOG_PID={0}: expected a process id")]
    WatchdogPid(String),
}

/// The socket of the init system that waits for this service.
#[derive(Debug)]
pub struct NotifySocket {
    socket: UnixDatagram,
    address: String,
}

impl NotifySocket {
    /// Takes `NOTIFY_SOCKET` out of the environment and connects, which holds through a later change of user or root
    /// directory. `None` when no init system waits.
    ///
    /// # Errors
    /// When the address is no address or nobody is there. In a process with threads.
    pub fn take_from_environment() -> Result<Option<Self>, NotifyError> {
        let [address] = environment::take(["NOTIFY_SOCKET"])?;
        address.filter(|address| !address.is_empty()).map(|address| Self::connect(&address)).transpose()
    }

    /// Connects to an address as it stands in `NOTIFY_SOCKET`.
    ///
    /// # Errors
    /// When the address is no address or nobody is there.
    pub fn connect(address: &str) -> Result<Self, NotifyError> {
        let name = if let Some(name) = address.strip_prefix('@') {
            SocketAddr::from_abstract_name(name)
        } else if address.starts_with('/') {
            SocketAddr::from_pathname(address)
        } else {
            return Err(NotifyError::Address(address.to_owned()));
        };
        let connect = || {
            let socket = UnixDatagram::unbound()?;
            socket.connect_addr(&name?)?;
            socket.set_write_timeout(Some(SEND_LIMIT))?;
            Ok(socket)
        };
        match connect() {
            Ok(socket) => Ok(Self { socket, address: address.to_owned() }),
            Err(source) => Err(NotifyError::Connect { address: address.to_owned(), source }),
        }
    }

    /// The address, for messages.
    pub(super) fn address(&self) -> impl fmt::Display {
        &self.address
    }

    pub(super) fn send(&self, message: &[u8]) -> io::Result<()> {
        self.socket.send(message).map(drop)
    }
}

/// Takes `WATCHDOG_USEC` and `WATCHDOG_PID` out of the environment: after how long a silence the init system kills this
/// process. Send [`Notification::Watchdog`] twice in that time. `None` when it does not watch, or another process.
///
/// # Errors
/// When a value is no number. In a process with threads.
pub fn take_watchdog_interval() -> Result<Option<Duration>, NotifyError> {
    let [interval, pid] = environment::take(["WATCHDOG_USEC", "WATCHDOG_PID"])?;
    watchdog_interval(interval, pid, std::process::id())
}

fn watchdog_interval(
    interval: Option<String>,
    pid: Option<String>,
    own_pid: u32,
) -> Result<Option<Duration>, NotifyError> {
    if let Some(pid) = pid
        && pid.parse::<u32>().map_err(|_| NotifyError::WatchdogPid(pid))? != own_pid
    {
        return Ok(None);
    }
    let Some(interval) = interval else { return Ok(None) };
    match interval.parse() {
        Ok(microseconds) if microseconds > 0 => Ok(Some(Duration::from_micros(microseconds))),
        _ => Err(NotifyError::WatchdogInterval(interval)),
    }
}

/// What to say when a reload begins, at this moment: systemd compares the time with its own to tell this reload's
/// `READY=1` from an earlier one.
#[must_use]
pub fn reloading_now() -> Notification {
    let now = rustix::time::clock_gettime(ClockId::Monotonic);
    let microseconds = now.tv_sec.cast_unsigned() * 1_000_000 + now.tv_nsec.cast_unsigned() / 1000;
    Notification::Reloading { monotonic_us: microseconds }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    #[test]
    fn init_a_watchdog_for_another_process_is_none() {
        let second = Some(Duration::from_secs(1));
        assert_eq!(watchdog_interval(some("1000000"), some("7"), 7).unwrap(), second);
        assert_eq!(watchdog_interval(some("1000000"), None, 7).unwrap(), second);
        assert_eq!(watchdog_interval(some("1000000"), some("8"), 7).unwrap(), None);
        assert_eq!(watchdog_interval(None, None, 7).unwrap(), None);
        for wrong in ["", "0", "-1", "1s"] {
            let error = watchdog_interval(some(wrong), None, 7).unwrap_err();
            assert!(matches!(error, NotifyError::WatchdogInterval(text) if text == wrong));
        }
        assert!(matches!(watchdog_interval(some("1"), some("x"), 7), Err(NotifyError::WatchdogPid(_))));
    }

    #[test]
    fn init_an_address_of_another_family_is_refused() {
        for address in ["", "relative", "vsock:2:1234"] {
            assert!(matches!(NotifySocket::connect(address), Err(NotifyError::Address(text)) if text == address));
        }
        let absent = NotifySocket::connect("/nonexistent/notify").unwrap_err();
        assert_eq!(absent.to_string(), "NOTIFY_SOCKET=/nonexistent/notify: No such file or directory (os error 2)");
    }
}
