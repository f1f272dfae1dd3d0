//! An eventfd: how the kernel and other threads make an event loop look at something.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;

use rustix::event::{EventfdFlags, PollFd, PollFlags, eventfd, poll};
use rustix::io::Errno;

/// Readable once it has been signalled, until it is cleared. Cheap to clone; all clones are the same descriptor.
#[derive(Debug, Clone)]
pub struct EventDescriptor(Arc<OwnedFd>);

impl EventDescriptor {
    /// A descriptor that is not signalled.
    ///
    /// # Errors
    /// When the process or the system has no descriptors left.
    pub fn new() -> io::Result<Self> {
        Ok(Self(Arc::new(eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?)))
    }

    /// Makes it readable.
    pub fn signal(&self) {
        // The only failure is a counter that is full, and then it is readable already.
        let _ = rustix::io::write(&*self.0, &1u64.to_ne_bytes());
    }

    /// Makes it unreadable, until the next signal.
    pub fn clear(&self) {
        // The only failure is that it was not signalled.
        let _ = rustix::io::read(&*self.0, &mut [0; 8]);
    }

    /// Blocks until it is signalled, and leaves it so.
    ///
    /// # Errors
    /// What `poll` reports (memory, limits), but for interruption by a signal, after which it waits on.
    pub fn wait(&self) -> io::Result<()> {
        loop {
            match poll(&mut [PollFd::new(&*self.0, PollFlags::IN)], None) {
                Ok(_) => return Ok(()),
                Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Whether the other is the same descriptor.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl AsFd for EventDescriptor {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use rustix::event::Timespec;

    use super::*;

    fn readable(event: &EventDescriptor) -> bool {
        let at_once = Timespec { tv_sec: 0, tv_nsec: 0 };
        poll(&mut [PollFd::new(event, PollFlags::IN)], Some(&at_once)).unwrap() == 1
    }

    #[test]
    fn is_readable_from_signal_to_clear_through_every_clone() {
        let event = EventDescriptor::new().unwrap();
        let clone = event.clone();
        assert!(!readable(&event));
        clone.signal();
        clone.signal();
        event.wait().unwrap();
        assert!(readable(&event) && readable(&clone));
        event.clear();
        assert!(!readable(&event) && !readable(&clone));
        event.clear();
        assert!(event.is_same(&clone) && !event.is_same(&EventDescriptor::new().unwrap()));
    }
}
