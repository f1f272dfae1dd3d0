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
    /// Takes note of a result. Says so when the kind fails for the first time, and when it works again. Costs a relaxed
    /// load while nothing is wrong. Returns whether it said something.
    pub(crate) fn note(&self, path: &Path, kind: FaultKind, name: &str, result: Result<(), BlockError>) -> bool {
        let bit = kind as u8;
        match result {
            Ok(()) if self.failing.load(Ordering::Relaxed) & bit == 0 => false,
            Ok(()) => {
                let was_failing = self.failing.fetch_and(!bit, Ordering::Relaxed) & bit != 0;
                if was_failing {
                    info!(path = %path.display(), "{name} works again");
                }
                was_failing
            }
            Err(error) => {
                let is_first = self.failing.fetch_or(bit, Ordering::Relaxed) & bit == 0;
                if is_first {
                    error!(path = %path.display(), %error, "{name} failed (not said again until one succeeds)");
                }
                is_first
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_is_said_once_until_it_works_again() {
        let log = FaultLog::default();
        let note = |kind, result| log.note(Path::new("/x"), kind, "it", result);
        let failure = Err(BlockError::Unsupported);
        assert!(!note(FaultKind::Read, Ok(())));
        assert!(note(FaultKind::Read, failure));
        assert!(!note(FaultKind::Read, failure));
        assert!(note(FaultKind::Flush, failure), "another kind");
        assert!(!note(FaultKind::Write, Ok(())));
        assert!(note(FaultKind::Read, Ok(())));
        assert!(!note(FaultKind::Read, Ok(())));
        assert!(note(FaultKind::Read, failure));
    }
}
