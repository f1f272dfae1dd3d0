//! Addresses of Unix sockets, also for paths that are longer than an address can be.

use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::Path;

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use rustix::net::SocketAddrUnix;

/// The address of a socket file.
#[derive(Debug)]
pub(crate) struct SocketAddress {
    address: SocketAddrUnix,
    /// The directory through which a long path is reached, open as long as the address is used.
    _directory: Option<OwnedFd>,
}

impl SocketAddress {
    /// The address of `path`. One of more than 107 bytes is reached through its directory's descriptor.
    pub(crate) fn new(path: &Path) -> io::Result<Self> {
        match SocketAddrUnix::new(path) {
            Ok(address) => return Ok(Self { address, _directory: None }),
            Err(Errno::NAMETOOLONG) => {}
            Err(error) => return Err(error.into()),
        }
        let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
            return Err(Errno::NAMETOOLONG.into());
        };
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let directory = rustix::fs::open(parent, flags, Mode::empty())?;
        let short = Path::new("/proc/self/fd").join(directory.as_raw_fd().to_string()).join(name);
        Ok(Self { address: SocketAddrUnix::new(&short)?, _directory: Some(directory) })
    }

    pub(crate) fn as_inner(&self) -> &SocketAddrUnix {
        &self.address
    }
}
