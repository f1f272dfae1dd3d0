//! Signals that a run of the load generator takes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use signal_hook::consts::{SIGINT, SIGTERM, SIGUSR1};

/// The first Ctrl-C or SIGTERM ends the jobs, which are then reported; the second ends the process. SIGUSR1 asks for the
/// results so far.
pub(super) struct Interruption {
    pub(super) stop: Arc<AtomicBool>,
    signal: Arc<AtomicUsize>,
    /// SIGUSR1 came in: results so far are wanted.
    pub(super) wants_report: Arc<AtomicBool>,
}

impl Interruption {
    pub(super) fn catch() -> std::io::Result<Self> {
        let caught = Self { stop: Arc::default(), signal: Arc::default(), wants_report: Arc::default() };
        signal_hook::flag::register(SIGUSR1, Arc::clone(&caught.wants_report))?;
        for (signal, number) in [(SIGINT, 2), (SIGTERM, 15)] {
            signal_hook::flag::register_conditional_default(signal, Arc::clone(&caught.stop))?;
            signal_hook::flag::register_usize(signal, Arc::clone(&caught.signal), number)?;
            signal_hook::flag::register(signal, Arc::clone(&caught.stop))?;
        }
        Ok(caught)
    }

    /// The signal that came in, if one did.
    pub(super) fn number(&self) -> Option<usize> {
        self.stop.load(Ordering::Relaxed).then(|| self.signal.load(Ordering::Relaxed))
    }
}
