//! The station as commands see it: the library side's end of the link, and the newest status.
//!
//! Cost: a request is two messages over a socket pair, some 50 µs; the status is read from memory.

use std::sync::Arc;
use std::time::UNIX_EPOCH;

use radio_stream::link::{Answer, LibraryEnd, Request, RequestError, Status};
use tokio::sync::watch;

/// The station. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Station {
    link: LibraryEnd,
    status: watch::Receiver<Option<Arc<Status>>>,
}

impl Station {
    /// The station behind a link; `status` is filled by whoever hears the link's events.
    #[must_use]
    pub fn new(link: LibraryEnd, status: watch::Receiver<Option<Arc<Status>>>) -> Self {
        Self { link, status }
    }

    /// The link itself.
    #[must_use]
    pub fn link(&self) -> &LibraryEnd {
        &self.link
    }

    /// Asks for something and waits for the answer: for threads that may block.
    ///
    /// # Errors
    /// When the station refuses, or is gone.
    pub fn ask(&self, request: Request) -> Result<Answer, RequestError> {
        self.link.ask(request)
    }

    /// What it does at the moment; `None` until it has told for the first time.
    #[must_use]
    pub fn status(&self) -> Option<Arc<Status>> {
        self.status.borrow().clone()
    }

    /// A way to wait for the status to change.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<Option<Arc<Status>>> {
        self.status.clone()
    }
}

/// The wall clock, in milliseconds since 1970: what statistics and listeners count in.
#[must_use]
pub fn wall_ms() -> u64 {
    let since = reactor::clock::wall().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
