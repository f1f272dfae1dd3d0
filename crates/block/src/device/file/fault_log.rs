//! Logs errors of a device once a kind, not once a request: a full disk under load would fill the log.

use std::path::Path;
use std::sync::atomic::{AtomicU8, Ordering};

use tracing::{error, info};

use crate::BlockError;

/// A kind of operation, as far as the log tells them apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FaultKind {
    Read = 1,
    Write = 2,
    Clear = 4,
    Flush = 8,
}

/// Which kinds of operation failed when they were last tried.
#[derive(Debug, Default)]
pub(crate) struct FaultLog {
    failing: AtomicU8,
}

impl FaultLog {
    /// Takes note of a result. Says so when the kind fails for the first time, and when it works again.
    pub(crate) fn note(&self, path: &Path, kind: FaultKind, name: &str, result: Result<(), BlockError>) {
        if !self.is_news(kind, result.is_err()) {
            return;
        }
        match result {
            Ok(()) => info!(path = %path.display(), "{name} works again"),
            Err(error) => error!(path = %path.display(), %error, "{name} failed (not said again until one succeeds)"),
        }
    }

    /// Whether that is other than the last time. Costs a relaxed load while nothing is wrong.
    fn is_news(&self, kind: FaultKind, has_failed: bool) -> bool {
        let bit = kind as u8;
        if has_failed {
            self.failing.fetch_or(bit, Ordering::Relaxed) & bit == 0
        } else {
            self.failing.load(Ordering::Relaxed) & bit != 0
                && self.failing.fetch_and(!bit, Ordering::Relaxed) & bit != 0
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_is_said_once_until_it_works_again() {
        let log = FaultLog::default();
        assert!(!log.is_news(FaultKind::Read, false));
        assert!(log.is_news(FaultKind::Read, true));
        assert!(!log.is_news(FaultKind::Read, true));
        assert!(log.is_news(FaultKind::Flush, true), "another kind");
        assert!(!log.is_news(FaultKind::Write, false));
        assert!(log.is_news(FaultKind::Read, false));
        assert!(!log.is_news(FaultKind::Read, false));
        assert!(log.is_news(FaultKind::Read, true));
    }
}
