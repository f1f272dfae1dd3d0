//! Standard input, output and error of a process that has left its terminal, and descriptors that it was started with.
//!
//! A program never starts with one of the three closed: the standard library opens `/dev/null` in its place before `main`.

use std::io;
use std::os::fd::{OwnedFd, RawFd};

use rustix::fs::{Mode, OFlags, open};

/// `/dev/null`, open for reading and writing.
pub(crate) fn null() -> io::Result<OwnedFd> {
    Ok(open("/dev/null", OFlags::RDWR | OFlags::CLOEXEC, Mode::empty())?)
}

/// Makes `null` of all three, whatever they were: whoever waits for the other end of one sees its end.
pub(crate) fn replace(null: &OwnedFd) -> io::Result<()> {
    rustix::stdio::dup2_stdin(null)?;
    rustix::stdio::dup2_stdout(null)?;
    rustix::stdio::dup2_stderr(null)?;
    Ok(())
}

/// Every descriptor above the standard streams, each marked as closed on exec: what a caller has left open does not travel on
/// to services (Open vSwitch's defect 3).
pub(crate) fn inherited() -> io::Result<Vec<RawFd>> {
    let listed: Vec<RawFd> = std::fs::read_dir("/proc/self/fd")?
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter(|&number| number > 2)
        .collect();
    // The directory itself was open while it was read.
    Ok(listed.into_iter().filter(|&number| close_on_exec(number).is_ok()).collect())
}

/// Marks a descriptor that has no owner yet.
pub(crate) fn close_on_exec(number: RawFd) -> io::Result<()> {
    // SAFETY: the call only changes a flag of a descriptor; on a number that is none it fails without harm.
    #[expect(unsafe_code, reason = "rustix wants an owned or borrowed descriptor, and these are strangers' numbers")]
    let result = unsafe { libc::fcntl(number, libc::F_SETFD, libc::FD_CLOEXEC) };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// Closes descriptors that the caller has left open.
pub(crate) fn close(strangers: &[RawFd]) {
    for &number in strangers {
        tracing::debug!(descriptor = number, "closed a descriptor that the caller had left open");
        // SAFETY: the number was open before this program opened anything, and nothing here has taken it: it has no owner.
        #[expect(unsafe_code, reason = "inherited descriptors have no owner")]
        unsafe {
            libc::close(number);
        }
    }
}
