//! Descriptors that are only known by their number, because whoever started this process opened them.

use std::os::fd::{BorrowedFd, FromRawFd, OwnedFd, RawFd};

use rustix::io::FdFlags;

/// The first descriptor that is none of the standard streams.
pub(super) const FIRST: RawFd = 3;

/// A descriptor cannot be what it is said to be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DescriptorError {
    /// 0, 1 or 2, or negative.
    #[error("descriptor {0} cannot be used: 0 to 2 are standard input, output and error; name 3 or above")]
    Standard(RawFd),
    /// Nothing is open there.
    #[error("descriptor {0} is not open; whoever starts this program has to open it")]
    Closed(RawFd),
}

/// Takes an inherited descriptor over: it is closed with the value, and not passed on to children.
#[expect(unsafe_code, reason = "a descriptor from outside is only known by its number")]
pub(super) fn take(number: RawFd) -> Result<OwnedFd, DescriptorError> {
    if number < FIRST {
        return Err(DescriptorError::Standard(number));
    }
    // SAFETY: used for one system call, which fails for a number that is not open.
    let descriptor = unsafe { BorrowedFd::borrow_raw(number) };
    rustix::io::fcntl_setfd(descriptor, FdFlags::CLOEXEC).map_err(|_| DescriptorError::Closed(number))?;
    // SAFETY: it is open, and whoever started the process has named it as meant for this purpose, so nothing else in
    // the process owns it; each source of such numbers is used up by reading it.
    Ok(unsafe { OwnedFd::from_raw_fd(number) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn init_a_descriptor_that_cannot_be_meant_is_refused() {
        for number in [-1, 0, 1, 2] {
            assert_eq!(take(number).unwrap_err(), DescriptorError::Standard(number));
        }
        assert_eq!(take(RawFd::MAX).unwrap_err(), DescriptorError::Closed(RawFd::MAX));
    }
}
